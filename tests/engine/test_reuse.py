"""One forward serves everything, and nothing stale is ever shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.networks import (
    Cnn,
    Counting,
    CountsCalls,
    Passes,
    cnn,
    picture,
    seeded,
)
from tests.requests import EVERYWHERE
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.methods import METHODS
from xai_widgets.probe.fingerprint import Fingerprint

QUICK = [m.name for m in EVERYWHERE.values() if not m.anytime]
X = picture()
FIRST = [1, 1]  # a network's first pass is checked by another, laid out otherwise in memory


def counting() -> tuple[Engine, Passes]:
    model = Counting(cnn()).eval()
    return Engine(model), model.passes


def settled(engine: Engine, passes: Passes) -> None:
    """What is learned of a network in its first passes is known."""
    engine.explain(picture(seed=9), "occlusion", window=8, stride=8)
    passes.clear()


def test_one_forward_serves_every_method_target_and_layer() -> None:
    engine, passes = counting()
    engine.predict(X)
    for target in (None, 0, 3, lambda y: y[:, 1] - y[:, 0]):
        for method in QUICK:
            layers = engine.layers if METHODS[method].takes_layer else [None]
            if method == "cam":  # which is defined for the layer before the pooling only
                layers = layers[:1]
            for layer in layers:
                engine.explain(X, method, target=target, layer=layer)
    engine.internals.describe_layers(X)
    engine.internals.resolve_target(X)
    engine.internals.unavailable(X)
    assert passes == FIRST


def test_the_same_picture_in_another_tensor_is_the_same_picture() -> None:
    engine, passes = counting()
    engine.explain(X)
    engine.explain(X.clone())
    engine.explain(X[0])
    assert passes == FIRST
    engine.explain(X + 1)
    assert passes == [*FIRST, 1]


def test_the_layers_of_an_engine_are_known_without_another_forward_after_the_first() -> None:
    engine, passes = counting()
    engine.explain(X, "saliency")
    assert engine.layers == [
        "network.rectify after network.conv2",
        "network.conv2",
        "network.conv1",
    ]
    assert passes == FIRST


def test_layers_asked_for_first_are_found_on_a_made_up_picture() -> None:
    assert Engine(cnn()).layers == ["rectify after conv2", "conv2", "conv1"]
    with pytest.raises(ExplanationError, match="refused a made-up one of 256 x 256 pixels"):
        _ = Engine(seeded(nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 2)))).layers


def test_a_result_already_seen_is_the_very_same_object() -> None:
    engine, passes = counting()
    for method in EVERYWHERE:
        first = engine.explain(X, method, target=1)
        before = list(passes)
        assert engine.explain(X, method, target=1) is first
        assert passes == before
    assert engine.explain(X, "saliency") is engine.explain(X, "saliency", target=None)


def test_backwards_are_not_run_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[int] = []
    run = torch.autograd.grad

    def counted(*args: Any, **kwargs: Any) -> Any:
        runs.append(1)
        return run(*args, **kwargs)

    engine = Engine(cnn())
    engine.internals.describe_layers(X)
    monkeypatch.setattr(torch.autograd, "grad", counted)
    for method in ("saliency", *QUICK):
        engine.explain(X, method, target=1)
    # Standard, guided, deconvnet: CAM methods are read from the first, which passed their layer.
    # FullGrad's goes to the biases of all layers and is its own.
    assert "full_grad" in QUICK
    assert len(runs) == 3 + 1


def test_what_a_network_can_do_is_told_by_one_look_at_its_state(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = Engine(cnn())
    engine.predict(X)
    looks: list[int] = []
    look = Fingerprint.__call__

    def counted(own: Fingerprint) -> int:
        looks.append(1)
        return look(own)

    monkeypatch.setattr(Fingerprint, "__call__", counted)
    assert "attention_rollout" in engine.internals.unavailable(X)
    assert len(looks) == 1


def test_recorded_passes_are_bounded_in_bytes() -> None:
    model = Counting(cnn()).eval()
    one = Engine(model)
    one.predict(picture(seed=9))  # the first pass keeps more
    trace = one.internals.trace(one.picture(X))
    engine = Engine(model, memory=3 * trace.nbytes)
    pictures = [picture(seed=seed) for seed in range(5)]
    engine.predict(picture(seed=9))
    model.passes.clear()
    for x in pictures:
        engine.explain(x, "saliency")
    assert len(model.passes) == 5
    # The last are kept, the first are not.
    engine.explain(pictures[4], "grad_cam")
    engine.explain(pictures[3], "grad_cam")
    assert len(model.passes) == 5
    engine.explain(pictures[0], "grad_cam")
    assert len(model.passes) == 6


def test_the_latest_pass_is_kept_however_little_memory() -> None:
    model = Counting(cnn()).eval()
    engine = Engine(model, memory=0)
    for method in QUICK:
        engine.explain(X, method)
    assert model.passes == FIRST


def test_forget() -> None:
    engine, passes = counting()
    first = engine.explain(X)
    engine.forget()
    second = engine.explain(X)
    assert passes == [*FIRST, 1]
    assert first is not second
    np.testing.assert_array_equal(first.values, second.values)


def _optimizer_step(model: Cnn) -> None:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    model(X).square().sum().backward()
    optimizer.step()


def _adam_step(model: Cnn) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    model(X).square().sum().backward()
    optimizer.step()


def _fused_step(model: Cnn) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, fused=True)
    model(X).square().sum().backward()
    optimizer.step()


def _load_state_dict(model: Cnn) -> None:
    model.load_state_dict(cnn(seed=1).state_dict())


def _assign_state_dict(model: Cnn) -> None:
    model.load_state_dict(cnn(seed=1).state_dict(), assign=True)


def _replaced_layer(model: Cnn) -> None:
    model.conv2 = cnn(seed=1).conv2


def _replaced_rectifier(model: Cnn) -> None:
    model.rectify = nn.LeakyReLU(0.3)


def _replaced_parameter(model: Cnn) -> None:
    model.head.weight = nn.Parameter(model.head.weight.detach() * 2)


def _data_written(model: Cnn) -> None:
    model.conv1.weight.data.mul_(1.5)


def _data_replaced(model: Cnn) -> None:
    model.conv1.weight.data = model.conv1.weight.data * 1.5


def _under_no_grad(model: Cnn) -> None:
    with torch.no_grad():
        model.head.bias.zero_()
        model.conv1.bias.add_(0.5)


@pytest.mark.parametrize(
    "change",
    [
        _optimizer_step,
        _adam_step,
        _fused_step,
        _load_state_dict,
        _assign_state_dict,
        _replaced_layer,
        _replaced_rectifier,
        _replaced_parameter,
        _data_written,
        _data_replaced,
        _under_no_grad,
    ],
)
def test_a_changed_network_is_explained_as_it_is_now(change: Callable[[Cnn], None]) -> None:
    engine = Engine(cnn())
    before = engine.explain(X, "hires_cam", target=3)
    change(engine.model)
    after = engine.explain(X, "hires_cam", target=3)
    engine.model.zero_grad()
    expected = Engine(engine.model).explain(X, "hires_cam", target=3)
    assert not np.array_equal(before.values, expected.values)
    np.testing.assert_array_equal(after.values, expected.values)
    assert after.score == expected.score


def test_what_no_fingerprint_can_see_is_helped_by_forget() -> None:
    engine = Engine(cnn())
    before = engine.explain(X, "saliency", target=3)
    engine.model.conv1.weight.data[3, 1, 1, 2] += 5
    engine.forget()
    after = engine.explain(X, "saliency", target=3)
    assert not np.array_equal(before.values, after.values)


def test_a_network_that_counts_its_calls_in_a_buffer_is_still_run_once() -> None:
    model = Counting(CountsCalls())
    engine = Engine(seeded(model))
    for method in QUICK:
        engine.explain(X, method)
    assert model.passes == FIRST
    assert float(model.network.written) == 0


def test_a_stream_begun_before_the_network_changed_says_what_it_saw() -> None:
    engine = Engine(cnn())
    expected = engine.explain(X, "occlusion", target=3, window=8, stride=8)
    engine.forget()
    steps = engine.stream(X, "occlusion", target=3, window=8, stride=8)
    assert next(steps).fraction <= 1
    assert engine.explain(X, "occlusion", target=3, window=8, stride=8).score == expected.score


def test_fractions_rise_to_one_and_the_last_map_is_the_result() -> None:
    engine, passes = counting()
    settled(engine, passes)
    steps = list(engine.stream(X, "occlusion", target=3, window=4, stride=2))
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(set(fractions))
    assert 0 < fractions[0] < 0.5
    assert fractions[-1] == 1
    assert [f for f in fractions if f == 1] == [1]
    assert sum(passes) == 1 + 49
    assert engine.explain(X, "occlusion", target=3, window=4, stride=2) is steps[-1].attribution
    for step in steps:
        # From the first step on there is a value everywhere.
        assert np.isfinite(step.attribution.values).all()
        assert np.unique(step.attribution.values).size > 4


def test_a_quick_method_is_one_step() -> None:
    for method in QUICK:
        (step,) = Engine(cnn()).stream(X, method)
        assert step.fraction == 1


def test_closing_a_stream_stops_the_forwards() -> None:
    engine, passes = counting()
    settled(engine, passes)
    steps = engine.stream(X, "occlusion", window=4, stride=1)
    next(steps)
    next(steps)
    done = list(passes)
    steps.close()
    assert passes == done
    assert len(done) == 3
    assert list(steps) == []
    # What was left half-way is not taken for a result.
    again = list(engine.stream(X, "occlusion", window=4, stride=1))
    assert again[0].fraction < 1
    assert again[-1].fraction == 1


def test_a_network_that_draws_attention_to_itself_only_when_streamed() -> None:
    engine, passes = counting()
    engine.stream(X, "occlusion")
    assert passes == []
