"""A data set: each picture's own target, one run a batch, bounded memory, and the same maps."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor, nn

from tests.networks import (
    BatchStatistics,
    Counting,
    CountsCalls,
    DropoutAlways,
    Normalised,
    OverwritesInput,
    cnn,
    picture,
    seeded,
)
from tests.requests import cheap
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.methods import METHODS
from xai_widgets.probe.network import Network
from xai_widgets.probe.trace import Trace

PICTURES = [picture(seed=seed) for seed in range(13)]
TARGETS = [i % 5 for i in range(13)]
METHODS_HERE = [name for name in METHODS if METHODS[name].family != "Attention" and name != "cam"]


def close(found: np.ndarray, expected: np.ndarray, rtol: float = 1e-3) -> None:
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=2e-5 * np.abs(expected).max())


@pytest.mark.parametrize("method", METHODS_HERE)
def test_each_picture_is_explained_for_its_own_target(method: str) -> None:
    engine = Engine(seeded(Normalised()))
    parameters = cheap(METHODS[method])
    count = 11 if METHODS[method].family in ("CAM", "Gradient") else 4
    found = list(
        engine.explain_many(PICTURES[:count], method, targets=TARGETS[:count], **parameters)
    )
    assert [a.target.index for a in found] == TARGETS[:count]
    for image, attribution in zip(PICTURES, found, strict=False):
        alone = engine.explain(image, method, target=attribution.target.index, **parameters)
        assert attribution.score == pytest.approx(alone.score, rel=1e-5)
        assert attribution.probability == pytest.approx(alone.probability, rel=1e-4)
        assert (attribution.layer, attribution.warnings) == (alone.layer, alone.warnings)
        assert attribution.picture_digest == alone.picture_digest
        close(attribution.values, alone.values)


@pytest.mark.parametrize("method", ["grad_cam", "saliency", "occlusion", "guided_backprop"])
def test_the_target_left_out_is_each_picture_s_own_top_class(method: str) -> None:
    network = cnn()
    with torch.no_grad():  # so that no class is always the first
        network.head.bias -= network(torch.cat(PICTURES)).mean(0)
    engine = Engine(network)
    found = list(engine.explain_many(PICTURES, method, **cheap(METHODS[method])))
    tops = [engine.predict(image).top(1)[0].index for image in PICTURES]
    assert [a.target.index for a in found] == tops
    assert len(set(tops)) > 1


def test_a_function_of_the_output_is_each_picture_s_own() -> None:
    def margin(output: Tensor) -> Tensor:
        return output[:, 0] - output[:, 1]

    engine = Engine(cnn())
    targets: list[Any] = [margin, 2, margin, 3]
    found = list(engine.explain_many(PICTURES[:4], "grad_cam", targets=targets))
    for image, target, attribution in zip(PICTURES, targets, found, strict=False):
        alone = engine.explain(image, "grad_cam", target=target)
        assert attribution.target.name == alone.target.name
        close(attribution.values, alone.values)


@pytest.mark.parametrize("method", ["grad_cam", "hires_cam", "layer_cam", "eigen_cam", "score_cam"])
@pytest.mark.parametrize(
    "make", [Normalised, cnn, lambda: cnn("functional_in_place"), OverwritesInput]
)
def test_a_map_is_the_same_to_the_last_bit_whatever_was_recorded_before(
    make: Any, method: str
) -> None:
    used = Engine(seeded(make()))
    used.explain(PICTURES[0], method, target=1)
    for image in PICTURES[1:4]:
        partly = used.explain(image, method, target=1)
        whole = Engine(seeded(make())).explain(image, method, target=1)
        np.testing.assert_array_equal(partly.values, whole.values)
        assert (partly.layer, partly.score, partly.warnings) == (
            whole.layer,
            whole.score,
            whole.warnings,
        )


@pytest.mark.parametrize("method", ["grad_cam", "saliency", "full_grad", "guided_backprop"])
def test_a_data_set_is_the_same_to_the_last_bit_whatever_was_asked_before(method: str) -> None:
    used = Engine(seeded(Normalised()))
    for before in (method, "saliency", "guided_grad_cam"):
        used.explain(PICTURES[5], before, target=2)
        list(used.explain_many(PICTURES[8:], before))
    fresh = Engine(seeded(Normalised()))
    found = [list(engine.explain_many(PICTURES, method)) for engine in (used, fresh, fresh)]
    for one, other, again in zip(*found, strict=True):
        np.testing.assert_array_equal(one.values, other.values)
        np.testing.assert_array_equal(one.values, again.values)
        assert (one.score, one.probability) == (other.score, other.probability)


@pytest.mark.parametrize("layer", ["conv1", "norm1", "relu#0", "drop", "conv2", "norm2"])
@pytest.mark.parametrize("method", ["grad_cam", "hires_cam"])
def test_layers_beside_folded_norms_give_their_own_maps(layer: str, method: str) -> None:
    network = seeded(Normalised()).eval()
    found = list(Engine(network).explain_many(PICTURES, method, layer=layer, targets=TARGETS))
    for image, target, attribution in zip(PICTURES, TARGETS, found, strict=True):
        kept: list[Tensor] = []

        def keep(module: nn.Module, args: Any, output: Tensor, kept: list[Tensor] = kept) -> Tensor:
            kept.append(output)
            return output.clone()

        handle = network.get_submodule(layer.partition("#")[0]).register_forward_hook(keep)
        score = network(image)[0, target]
        handle.remove()
        (gradient,) = torch.autograd.grad(score, kept[0])
        if method == "grad_cam":
            gradient = gradient.mean((2, 3), keepdim=True)
        expected = (kept[0] * gradient).sum(1)[0].detach()
        if method == "grad_cam":
            expected = expected.relu()
        close(attribution.values, expected.numpy())


def test_batch_norms_are_folded_where_a_part_is_recorded() -> None:
    engine = Engine(seeded(Normalised()))
    list(engine.explain_many(PICTURES[:2], "grad_cam"))
    pair = [engine.picture(image) for image in PICTURES[:2]]
    record = engine.internals.joint_trace
    assert record(pair, needs="input", folded=True).is_folded
    assert record(pair, needs="layer", folded=True).is_folded
    assert not record(pair, needs="layer").is_folded
    trace = record(pair, needs="layer", layer="norm2", folded=True)
    assert trace.is_whole
    trace.map("norm2"), trace.map("conv2")
    assert record(pair, needs="layer", layer="norm2", folded=True).is_folded
    between = record(pair, needs="layer", layer="conv2", folded=True)
    assert not between.is_whole
    assert not between.is_folded


def test_only_a_part_of_the_pass_is_recorded_and_the_rest_when_it_is_asked_for() -> None:
    engine = Engine(seeded(Normalised()))
    engine.explain(PICTURES[0], "grad_cam", target=1)
    picture = engine.picture(PICTURES[1])
    for _ in range(2):  # a pass is kept for a picture that is asked about again
        engine.explain(picture, "grad_cam", target=1)
    trace = engine.internals.trace(picture)
    assert not trace.is_whole
    guided = engine.explain(picture, "guided_backprop", target=1)
    assert engine.internals.trace(picture).is_whole
    fresh = Engine(seeded(Normalised()))
    alone = fresh.explain(PICTURES[1], "guided_backprop", target=1)
    np.testing.assert_array_equal(guided.values, alone.values)
    for method in ("grad_cam", "layer_cam", "saliency", "full_grad"):
        np.testing.assert_array_equal(
            engine.explain(picture, method, target=2).values,
            fresh.explain(PICTURES[1], method, target=2).values,
        )


def test_a_part_of_one_state_is_not_completed_with_another() -> None:
    scale = [1.0]

    class Scaled(Normalised):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) * holder["deep"].number

    class Cell:
        __slots__ = ("number",)

    holder: dict[str, Any] = {"deep": Cell()}
    holder["deep"].number = scale[0]
    network = seeded(Scaled())
    engine = Engine(network)
    for image in (*PICTURES[:2], PICTURES[1]):
        engine.explain(image, "grad_cam", target=1)
    assert not engine.internals.trace(engine.picture(PICTURES[1])).is_whole
    holder["deep"].number = 3.0
    found = engine.explain(PICTURES[1], "guided_backprop", target=1)
    fresh = Engine(network).explain(PICTURES[1], "guided_backprop", target=1)
    np.testing.assert_array_equal(found.values, fresh.values)
    assert found.score == fresh.score


class TurnsGradientsBack(nn.Module):
    """Its backbone runs in a block of its own, which puts back the mode that it found."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.aside, self.head = nn.Linear(8, 5), nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        with torch.enable_grad():
            features = self.conv(x).relu()
            aside = self.aside(features.mean((2, 3)))
        return aside + self.head(features.square().mean((2, 3)))


class TakesTurns(nn.Module):
    """What it does with a picture depends on the picture."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.more, self.head = nn.Conv2d(8, 8, 3, padding=1), nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        turned = bool(x.mean() > 0)
        features = self.conv(x.flip(-1) if turned else x).relu()
        if turned:
            features = self.more(features)
        return self.head(features.amax((2, 3)))


@pytest.mark.parametrize(
    "make", [TurnsGradientsBack, TakesTurns, BatchStatistics, CountsCalls, DropoutAlways]
)
@pytest.mark.parametrize("method", ["grad_cam", "saliency"])
def test_odd_networks_are_explained_as_if_each_picture_were_alone(make: Any, method: str) -> None:
    network = seeded(make())
    layer = {"layer": "conv"} if method == "grad_cam" and hasattr(network, "conv") else {}
    found = list(Engine(network).explain_many(PICTURES, method, targets=TARGETS, **layer))
    for image, target, attribution in zip(PICTURES, TARGETS, found, strict=True):
        if make is DropoutAlways:
            assert any("random numbers" in warning for warning in attribution.warnings)
            continue
        alone = Engine(network).explain(image, method, target=target, **layer)
        close(attribution.values, alone.values)


def test_a_network_that_takes_one_picture_at_a_time() -> None:
    class One(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = cnn()

        def forward(self, x: Tensor) -> Tensor:
            assert len(x) == 1
            return self.network(x)

    found = list(Engine(One()).explain_many(PICTURES[:5], "grad_cam", targets=TARGETS[:5]))
    for image, target, attribution in zip(PICTURES, TARGETS, found, strict=False):
        alone = Engine(cnn()).explain(image, "grad_cam", target=target)
        close(attribution.values, alone.values)
        assert any("one by one" in warning for warning in attribution.warnings)


def test_pictures_of_several_sizes_keep_their_order() -> None:
    images = [picture(size=16 + 8 * (i % 3 == 0), seed=i) for i in range(9)]
    engine = Engine(cnn())
    for found in (
        list(engine.explain_many(images, "saliency", targets=1)),
        engine.explain_batch(images, "saliency", targets=1),
    ):
        for image, attribution in zip(images, found, strict=True):
            assert attribution.values.shape == tuple(image.shape[1:])
            close(attribution.values, engine.explain(image, "saliency", target=1).values)


def test_one_run_for_a_batch_and_none_besides() -> None:
    network = Counting(cnn())
    engine = Engine(network)
    list(engine.explain_many(PICTURES[:4], "grad_cam"))
    network.passes.clear()
    assert len(list(engine.explain_many(PICTURES, "grad_cam"))) == 13
    assert network.passes == [2, 8, 3]


def test_the_pass_that_copies_is_of_one_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first whole pass of a network copies what every layer gives out."""
    counts: list[int] = []
    record = Network.record

    def counted(self: Network, x: Tensor) -> Any:
        counts.append(len(x))
        return record(self, x)

    monkeypatch.setattr(Network, "record", counted)
    engine = Engine(cnn())
    for _ in range(2):
        list(engine.explain_many(PICTURES, "grad_cam"))
    assert counts == [1, 2]


@pytest.mark.parametrize("processors", [1, 2, 16])
def test_pictures_are_taken_as_they_are_needed(
    processors: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: processors)  # one of them is the network's
    taken: list[int] = []

    def images() -> Iterator[Tensor]:
        for i in range(1000):
            taken.append(i)
            yield PICTURES[i % 13]

    found = Engine(cnn()).explain_many(images(), "grad_cam", targets=1)
    for _ in range(3):
        next(found)
    assert len(taken) < 100
    before = threading.active_count()
    found.close()  # type: ignore[attr-defined]  # a generator
    for thread in threading.enumerate():
        if thread.name.startswith("xai_widgets_reader"):
            thread.join(10)
    assert threading.active_count() <= before
    assert len(taken) < 100


def test_what_cannot_be_read_is_said_in_its_place(tmp_path: Any) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    images = [*PICTURES[:3], tmp_path / "broken.png", PICTURES[3]]
    found = Engine(cnn()).explain_many(images, "saliency")
    got = []
    with pytest.raises(ExplanationError, match=r"broken\.png"):
        got.extend(found)
    assert len(got) <= 3


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        ([1, 2], "there are 2 of them, and more images"),
        (range(9), "more of them than the 3 images"),
    ],
)
def test_numbers_that_do_not_fit(targets: Any, words: str) -> None:
    with pytest.raises(ExplanationError, match=words):
        list(Engine(cnn()).explain_many(PICTURES[:3], "saliency", targets=[t % 5 for t in targets]))


def test_arguments_are_checked_before_the_first_picture_is_asked_for() -> None:
    engine = Engine(cnn())
    with pytest.raises(ExplanationError, match="grad_cam"):
        engine.explain_many(PICTURES, "grad_camm")
    with pytest.raises(ExplanationError, match="takes no layer"):
        engine.explain_many(PICTURES, "saliency", layer="conv1")
    with pytest.raises(TypeError, match='Did you mean "targets"'):
        engine.explain_many(PICTURES, "saliency", target=3)
    with pytest.raises(ExplanationError, match="one picture"):
        engine.explain_many(PICTURES[0][0], "saliency")


def test_a_change_counts_from_the_next_batch_on() -> None:
    network = cnn()
    found = Engine(network).explain_many(PICTURES, "grad_cam", targets=1)
    first = next(found)
    assert first.score == pytest.approx(float(network(PICTURES[0])[0, 1]), rel=1e-5)
    with torch.no_grad():
        network.head.bias += 10
    *_, last = found
    assert last.score == pytest.approx(float(network(PICTURES[-1])[0, 1]), rel=1e-5)


def test_a_batch_is_of_one_state() -> None:
    scores: list[Tensor] = []

    class Moving(type(cnn())):  # type: ignore[misc]  # of the same layers
        def forward(self, x: Tensor) -> Tensor:
            if len(x) == 3 and not scores:  # while the second batch runs, for the first time
                with torch.no_grad():
                    self.head.bias += 10
                scores.append(x)
            return super().forward(x)

    network = cnn()
    network.__class__ = Moving
    found = Engine(network).explain_batch(PICTURES[:5], "grad_cam", targets=1)
    assert scores
    for image, attribution in zip(PICTURES, found, strict=False):
        assert attribution.score == pytest.approx(float(network(image)[0, 1]), rel=1e-4)


def test_progress_is_a_bar_that_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(list(Engine(cnn()).explain_many(PICTURES, "saliency", progress=True))) == 13
    assert "13/13" in capsys.readouterr().err


def test_grad_cam_of_a_layer_that_is_overwritten() -> None:
    class Overwrites(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.head = nn.Conv2d(3, 8, 3), nn.Linear(8, 5)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(F.relu(self.conv(x), inplace=True).mean((2, 3)))

    network = seeded(Overwrites())
    found = list(Engine(network).explain_many(PICTURES, "hires_cam", layer="conv", targets=TARGETS))
    for image, target, attribution in zip(PICTURES, TARGETS, found, strict=True):
        a = network.conv(image)
        a.retain_grad()
        network.head(a.relu().mean((2, 3)))[0, target].backward()
        close(attribution.values, (a * a.grad).sum(1)[0].detach().numpy())


def test_what_was_given_before_the_network_changed_is_given_once() -> None:
    class Cell:
        __slots__ = ("number",)

    inner: dict[str, Any] = {"deep": {"deeper": Cell()}}
    inner["deep"]["deeper"].number = 1.0

    class Unseen(type(cnn())):  # type: ignore[misc]  # of the same layers
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) * inner["deep"]["deeper"].number

    network = cnn()
    network.__class__ = Unseen
    engine = Engine(network)
    found = []
    steps = engine.explain_many(PICTURES[:5], "occlusion", targets=TARGETS[:5], window=8, stride=4)
    for attribution in steps:
        found.append(attribution)
        inner["deep"]["deeper"].number += 1
    assert [a.picture_digest for a in found] == [
        engine.picture(image).digest.hex() for image in PICTURES[:5]
    ]


@pytest.mark.parametrize("method", ["saliency", "grad_cam", "guided_backprop"])
def test_a_pass_is_let_go_of_before_the_next_one_runs(
    monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    alive: list[int] = []
    passes: list[weakref.ref[Trace]] = []
    begin = Trace.__init__

    def counted(self: Trace, *arguments: Any, **named: Any) -> None:
        alive.append(sum(one() is not None for one in passes))
        begin(self, *arguments, **named)
        passes.append(weakref.ref(self))

    monkeypatch.setattr(Trace, "__init__", counted)
    for _ in Engine(cnn()).explain_many(PICTURES, method):
        pass
    assert len(alive) >= 3
    assert set(alive) == {0}
