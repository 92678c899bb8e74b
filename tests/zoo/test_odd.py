"""Odd networks: the right value, worked out without the engine, or a refusal in words."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.condition import Condition
from tests.networks import seeded
from tests.zoo import odd, slow
from tests.zoo.slow import Place
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError

NAMES = ["ant", "bee", "cat", "dog", "elk"]


def _same(output: Any) -> Tensor:
    return output


def _softmax(scores: Tensor) -> Tensor:
    return scores.softmax(-1)


def _across(maps: Tensor) -> Tensor:
    return maps.flip(-1)


@dataclass(frozen=True)
class Odd:
    """A network, what it must be asked with, and what is right.

    `scores` are the numbers (N, C) that targets mean, `numbers` what is predicted of them. `layer`
    is the last one with a map over the picture, and `places` says where each of its calls lies on
    the `grid`. `refuses` are requests that cannot be answered, with a word the reason must have.
    """

    make: Callable[[], nn.Module]
    shape: tuple[int, int, int] = (3, 32, 32)
    options: dict[str, Any] = field(default_factory=dict)
    scores: slow.Scores = _same
    numbers: Callable[[Tensor], Tensor] = _softmax
    layer: str = "body"
    grid: tuple[int, int] = (16, 16)
    places: Sequence[Sequence[Place]] = ((Place(),),)
    rectifiers: tuple[type[nn.Module], ...] = (nn.ReLU,)
    train: bool = False
    refuses: dict[str, str] = field(default_factory=dict)

    def network(self) -> nn.Module:
        torch.manual_seed(0)
        return seeded(self.make()).train(self.train)

    def picture(self, seed: int = 3) -> Tensor:
        return torch.rand(self.shape, generator=torch.Generator().manual_seed(seed))


CROPS = [(Place(r, c),) for r, c in ((0, 0), (0, 4), (4, 0), (4, 4), (2, 2))]
FLIPS = [(Place(turn=partial(torch.flip, dims=dims)),) for dims in ((), (-1,), (-2,), (-2, -1))]
TRANSFORMER: dict[str, Any] = {"layer": "blocks.1", "grid": (4, 4), "rectifiers": ()}

ZOO: dict[str, Odd] = {
    "plain": Odd(odd.Plain),
    "flip_averaged": Odd(odd.FlipAveraged, places=((Place(),), (Place(turn=_across),))),
    "four_flips": Odd(odd.FourFlips, places=FLIPS),
    "five_crops": Odd(odd.FiveCrops, places=CROPS),
    "in_one_batch": Odd(odd.InOneBatch, places=((Place(item=0), Place(item=1, turn=_across)),)),
    "siamese": Odd(
        odd.Siamese, shape=(6, 32, 32), places=((Place(),), (Place(),)), refuses={"layer": "#0"}
    ),
    # Calls that follow each other are at different depths: the last is meant.
    "shared_block": Odd(odd.SharedBlock, layer="block", places=((Place(),),), rectifiers=()),
    "class_token": Odd(odd.Transformer, **{**TRANSFORMER, "layer": "blocks.0"}),
    "wide_head": Odd(odd.WideHead, **TRANSFORMER),
    "cosine": Odd(odd.Cosine, **TRANSFORMER),
    "prototypes": Odd(odd.Prototypes),
    "dictionary": Odd(odd.Dictionary, scores=lambda out: out["logits"]),
    "features_first": Odd(
        odd.FeaturesFirst, options={"class_names": NAMES}, scores=lambda out: out[1]
    ),
    "second_named": Odd(odd.FeaturesFirst, options={"output": 1}, scores=lambda out: out[1]),
    "squeezed": Odd(odd.Squeezed, scores=lambda out: out.reshape(-1, 5)),
    "squeezed_number": Odd(
        partial(odd.Squeezed, outputs=1),
        options={"activation": "identity"},
        scores=lambda out: out.reshape(-1, 1),
        numbers=_same,
    ),
    "one_picture": Odd(odd.OnePicture),
    "standardised": Odd(odd.Standardised),
    "frozen_body": Odd(
        odd.FrozenBody,
        layer="last",
        refuses={"saliency": "perturbation", "guided_backprop": "perturbation"},
    ),
    "in_numpy": Odd(
        odd.InNumPy,
        rectifiers=(),
        refuses={"saliency": "perturbation", "layer": "perturbation"},
    ),
    "checkpointed": Odd(odd.Checkpointed, train=True),
    "strided": Odd(odd.Strided, layer="head", grid=(4, 4), rectifiers=()),
    "by_hand": Odd(partial(odd.Plain, rectifier=odd.ByHand()), rectifiers=(nn.ReLU, odd.ByHand)),
    "max_pooled": Odd(odd.MaxPooled),
    "four_bands": Odd(partial(odd.Plain, channels=4), shape=(4, 32, 32)),
    "twelve_bands": Odd(partial(odd.Plain, channels=12), shape=(12, 32, 32)),
    "grey_inside": Odd(odd.GreyInside, shape=(1, 32, 32)),
    "keeps_attributes": Odd(odd.KeepsAttributes),
    "log_softmax": Odd(odd.LogSoftmax, numbers=torch.exp),
    "sigmoids": Odd(odd.Sigmoids, numbers=_same),
    "multi_label": Odd(odd.Plain, options={"activation": "sigmoid"}, numbers=torch.sigmoid),
    "regression": Odd(
        partial(odd.Plain, outputs=1), options={"activation": "identity"}, numbers=_same
    ),
}
TARGET = {name: 0 if name in ("regression", "squeezed_number") else 2 for name in ZOO}

every = pytest.mark.parametrize("name", ZOO)


def _near(found: Any, expected: Any, tolerance: float = 1e-4) -> None:
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * np.abs(expected).max())


def _asked(name: str, request: str, ask: Callable[[], Any]) -> Any:
    """The answer; None where the request must be refused, and was, in the right words."""
    expected = ZOO[name].refuses.get(request)
    if expected is None:
        return ask()
    with pytest.raises(ExplanationError, match=expected):
        ask()
    return None


def _said(ask: Callable[[], Any]) -> str:
    """What is said of a map that cannot be had as it was asked for: in its place, or with it."""
    try:
        return " ".join(ask().warnings)
    except ExplanationError as error:
        return str(error)


@every
def test_the_prediction_is_the_networks(name: str) -> None:
    one = ZOO[name]
    x = one.picture()
    with torch.no_grad():
        expected = one.numbers(one.scores(one.network().eval()(x[None])))[0]
    found = Engine(one.network(), **one.options).predict(x).probabilities
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)


@every
def test_saliency_is_the_gradient(name: str) -> None:
    one, target = ZOO[name], TARGET[name]
    x = one.picture()
    engine = Engine(one.network(), **one.options)
    found = _asked(name, "saliency", lambda: engine.explain(x, "saliency", target=target))
    if found is not None:
        _near(found.values, slow.gradient(one.network().eval(), x, target, one.scores))


@every
def test_grad_cam_places_every_call_over_the_picture(name: str) -> None:
    one = ZOO[name]
    x = one.picture()
    engine = Engine(one.network(), **one.options)
    if "layer" in one.refuses:
        assert one.refuses["layer"] in _said(lambda: engine.explain(x, "grad_cam", target=0))
        return
    expected = [
        slow.grad_cam(one.network().eval(), one.layer, x, k, one.scores, one.grid, one.places)
        for k in range(5 if TARGET[name] else 1)
    ]
    target = int(np.argmax([(maps > 0).float().mean() for maps in expected]))
    assert expected[target].max() > 0
    _near(engine.explain(x, "grad_cam", target=target).values, expected[target])


@pytest.mark.parametrize("call", [0, 1])
def test_each_of_two_pictures_in_one_has_a_map(call: int) -> None:
    one = ZOO["siamese"]
    x = one.picture()
    other = one.network().eval()
    calls: list[Tensor] = []
    other.get_submodule("body").register_forward_hook(lambda m, args, out: calls.append(out))
    score = other(x[None].requires_grad_(True))[0, 1]
    gradient = torch.autograd.grad(score, calls)[call].mean((2, 3), keepdim=True)
    expected = (gradient * calls[call].detach()).sum(1)[0].relu()
    found = Engine(one.network()).explain(x, "grad_cam", target=1, layer=f"body#{call}")
    _near(found.values, expected)


@every
def test_guided_backpropagation_guides_every_rectifier(name: str) -> None:
    """Or says that it did not."""
    one, target = ZOO[name], TARGET[name]
    if not one.rectifiers:
        pytest.skip("its rectifiers are no modules that a reference could replace")
    x = one.picture()
    engine = Engine(one.network(), **one.options)

    def ask() -> Any:
        return engine.explain(x, "guided_backprop", target=target)

    found = _asked(name, "guided_backprop", ask)
    if found is None or found.warnings:
        return
    _near(found.values, slow.guided(one.network().eval(), x, target, one.scores, one.rectifiers))


@every
def test_occlusion_is_the_scores_fall(name: str) -> None:
    """The number that `heatmap()` has at a place, whatever the number of channels."""
    one, target = ZOO[name], TARGET[name]
    x = one.picture()
    found = Engine(one.network(), **one.options).explain(
        x, "occlusion", target=target, window=16, stride=16
    )
    network = one.network().eval()
    with torch.no_grad():
        whole = one.scores(network(x[None]))[0, target]
        for row, column in ((0, 0), (0, 16), (16, 0), (16, 16)):
            covered = x.clone()
            covered[:, row : row + 16, column : column + 16] = 0
            fall = float(whole - one.scores(network(covered[None]))[0, target])
            at = found.heatmap()[row + 8, column + 8]
            assert at == pytest.approx(fall, abs=1e-4 * max(1, abs(float(whole))))


@every
def test_integrated_gradients_see_each_picture_alone(name: str) -> None:
    one, target = ZOO[name], TARGET[name]
    x = one.picture()
    engine = Engine(one.network(), **one.options)

    def ask() -> Any:
        return engine.explain(x, "integrated_gradients", target=target, steps=10, rule="riemann")

    found = _asked(name, "saliency", ask)
    if found is not None:
        network = one.network().eval()
        _near(found.values, slow.integrated_gradients(network, x, target, one.scores, 10))


@every
def test_a_batch_is_its_pictures(name: str) -> None:
    one, target = ZOO[name], TARGET[name]
    pictures = [one.picture(seed) for seed in (3, 4, 5)]
    method = "occlusion" if "saliency" in one.refuses else "saliency"
    options = {"window": 16, "stride": 16} if method == "occlusion" else {}
    engine = Engine(one.network(), **one.options)
    together = engine.explain_batch(pictures, method, targets=target, **options)
    for picture, found in zip(pictures, together, strict=True):
        alone = Engine(one.network(), **one.options).explain(
            picture, method, target=target, **options
        )
        _near(found.values, alone.values)


@every
def test_the_network_is_as_it_was_found(name: str) -> None:
    one, target = ZOO[name], TARGET[name]
    x = one.picture()
    network = one.network()
    before = Condition.of(network)
    engine = Engine(network, **one.options)
    for method in ("saliency", "grad_cam", "guided_backprop", "occlusion", "attention_rollout"):
        with suppress(ExplanationError):
            engine.explain(x, method, target=target)
    assert before.differences(Condition.of(network)) == []
    copied = copy.deepcopy(network)
    assert sorted(vars(copied)) == sorted(vars(one.network()))


def test_a_network_that_needs_more_than_a_picture_is_refused_in_words() -> None:
    engine = Engine(seeded(odd.AsksForMeta()))
    with pytest.raises(ExplanationError, match="meta"):
        engine.predict(torch.rand(3, 32, 32))


@pytest.mark.parametrize("bands", [2, 4, 5, 12])
def test_an_array_of_bands_is_no_opacity(bands: int) -> None:
    network = seeded(odd.Plain(channels=bands))
    array = np.random.default_rng(0).random((32, 32, bands), np.float32)
    with torch.no_grad():
        expected = network(torch.from_numpy(array).permute(2, 0, 1)[None]).softmax(1)[0]
    found = Engine(network).predict(array).probabilities
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)
