"""Every registered method in every situation: the same values bit for bit, the network as found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import zip_longest
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.condition import Condition
from tests.networks import (
    RELU_SPELLINGS,
    BatchStatistics,
    Fails,
    Normalised,
    Stochastic,
    cnn,
    seeded,
)
from tests.requests import CLASS, OTHER, X, cheap, explain
from tests.transformers import attending
from xai_widgets.engine import Engine
from xai_widgets.methods import METHODS

every_method = pytest.mark.parametrize("method", METHODS)
class_methods = pytest.mark.parametrize(
    "method", [m.name for m in METHODS.values() if m.class_specific]
)
anytime_methods = pytest.mark.parametrize("method", [m.name for m in METHODS.values() if m.anytime])


def engine_for(method: str, network: Any) -> Engine:
    """An engine over the network, which is given attention where the method needs it."""
    return Engine(attending(network) if METHODS[method].needs_attention else network)


def fresh(method: str) -> Engine:
    return engine_for(method, seeded(Normalised()))


CLEAN = {name: explain(fresh(name), name) for name in METHODS}
SPELLED = {name: explain(engine_for(name, cnn("module")), name) for name in METHODS}


@every_method
def test_the_values_compared_here_are_worth_comparing(method: str) -> None:
    for values in (CLEAN[method], SPELLED[method]):
        assert np.isfinite(values).all()
        assert np.unique(values).size > 4
    others = [name for name in METHODS if METHODS[name].space == METHODS[method].space]
    assert sum(np.array_equal(CLEAN[method], CLEAN[other]) for other in others) == 1


def _training(model: Normalised) -> None:
    model.train()
    model.norm1.eval()
    model.head[0].eval()


def _gradients(model: Normalised) -> None:
    for i, parameter in enumerate(model.parameters()):
        if i % 2:
            parameter.grad = torch.full_like(parameter, i)


def _frozen(model: Normalised) -> None:
    model.requires_grad_(False)


def _half_frozen(model: Normalised) -> None:
    model.conv1.requires_grad_(False)
    model.norm1.requires_grad_(False)


def _hooks(model: Normalised) -> None:
    model.conv2.register_forward_hook(lambda module, args, output: None)
    model.conv2.register_forward_pre_hook(lambda module, args: None)
    model.head.register_full_backward_hook(lambda module, grad_input, grad_output: None)
    model.conv1.weight.register_hook(lambda gradient: None)


def _as_it_is(model: Normalised) -> None:
    pass


PREPARED: dict[str, Callable[[Normalised], None]] = {
    "training_mode_in_part": _training,
    "gradients_there_already": _gradients,
    "frozen": _frozen,
    "half_frozen": _half_frozen,
    "hooked_by_the_user": _hooks,
    "as_it_is": _as_it_is,
}


@contextmanager
def _retained_autocast() -> Iterator[None]:
    with torch.autocast("cpu", dtype=torch.bfloat16, cache_enabled=True):
        yield


AROUND: dict[str, Callable[[], Any]] = {
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "autocast": _retained_autocast,
    "anomaly_detection": lambda: torch.autograd.set_detect_anomaly(True, check_nan=False),
    "saved_tensors_elsewhere": torch.autograd.graph.save_on_cpu,
}


@every_method
@pytest.mark.parametrize("situation", PREPARED)
def test_however_the_network_is(method: str, situation: str) -> None:
    engine = fresh(method)
    PREPARED[situation](engine.model)
    before = Condition.of(engine.model)
    values = explain(engine, method)
    assert before.differences(Condition.of(engine.model)) == []
    if situation == "hooked_by_the_user":
        # Its listeners hear the convolutions themselves: nothing is folded, which rounds otherwise.
        close = 1e-4 * float(np.abs(CLEAN[method]).max())
        np.testing.assert_allclose(values, CLEAN[method], rtol=0, atol=close)
    else:
        np.testing.assert_array_equal(values, CLEAN[method])


@every_method
@pytest.mark.parametrize("modes", [[name] for name in AROUND] + [["inference_mode", "autocast"]])
def test_whatever_mode_the_caller_is_in(method: str, modes: list[str]) -> None:
    engine = fresh(method)
    _training(engine.model)
    with ExitStack() as stack:
        for mode in modes:
            stack.enter_context(AROUND[mode]())
        before = Condition.of(engine.model)
        values = explain(engine, method)
        assert before.differences(Condition.of(engine.model)) == []
    np.testing.assert_array_equal(values, CLEAN[method])


@every_method
def test_a_picture_made_under_inference_mode(method: str) -> None:
    with torch.inference_mode():
        x = X.clone()
    np.testing.assert_array_equal(explain(fresh(method), method, x), CLEAN[method])


# CAM needs a layer with nothing but pooling behind it: only a rectifier that is a module is one.
@pytest.mark.parametrize("method", [name for name in METHODS if name != "cam"])
@pytest.mark.parametrize("spelling", [name for name in RELU_SPELLINGS if name != "module"])
def test_however_rectifiers_are_spelled(method: str, spelling: str) -> None:
    engine = engine_for(method, cnn(spelling))
    engine.model.train()
    before = Condition.of(engine.model)
    # The module's own name differs, so the layer is named: the convolution before the rectifier.
    layer = "conv2" if METHODS[method].takes_layer else None
    parameters = cheap(METHODS[method])
    values = engine.explain(X, method, target=CLASS, layer=layer, **parameters).values
    assert before.differences(Condition.of(engine.model)) == []
    plain = engine_for(method, cnn("module"))
    expected = plain.explain(X, method, target=CLASS, layer=layer, **parameters).values
    np.testing.assert_array_equal(values, expected)


@every_method
def test_statistics_of_the_batch(method: str) -> None:
    engine = engine_for(method, seeded(BatchStatistics()))
    expected = explain(engine_for(method, seeded(BatchStatistics())), method)
    engine.model.train()
    before = Condition.of(engine.model)
    np.testing.assert_array_equal(explain(engine, method), expected)
    assert before.differences(Condition.of(engine.model)) == []


@every_method
def test_a_network_that_draws_random_numbers(method: str) -> None:
    engine = engine_for(method, seeded(Stochastic("torch.rand")))
    torch.manual_seed(5)
    before = Condition.of(engine.model)
    values = explain(engine, method)
    assert before.differences(Condition.of(engine.model)) == []
    assert np.isfinite(values).all()


@every_method
def test_an_exception_in_the_network(method: str) -> None:
    engine = engine_for(method, seeded(Fails()))
    engine.model.train()
    before = Condition.of(engine.model)
    with pytest.raises(RuntimeError, match="the network failed half-way"):
        explain(engine, method)
    assert before.differences(Condition.of(engine.model)) == []
    engine.model.failing = False
    np.testing.assert_array_equal(explain(engine, method), SPELLED[method])


@class_methods
def test_an_exception_in_the_middle(method: str) -> None:
    calls: list[int] = []

    def target(output: Tensor) -> Tensor:
        calls.append(1)
        if len(calls) > 2:
            raise ZeroDivisionError("in the target")
        return output[:, CLASS]

    engine = fresh(method)
    _training(engine.model)
    before = Condition.of(engine.model)
    with pytest.raises(ZeroDivisionError, match="in the target"):
        explain(engine, method, target=target)
    assert before.differences(Condition.of(engine.model)) == []
    np.testing.assert_array_equal(explain(engine, method), CLEAN[method])


@pytest.mark.parametrize(
    "method", [m.name for m in METHODS.values() if m.class_specific and not m.anytime]
)
def test_a_target_that_raises_in_the_backward(method: str) -> None:
    class Raises(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, y: Tensor) -> Tensor:
            return y.clone()

        @staticmethod
        def backward(ctx: Any, *gradients: Tensor) -> Tensor:
            raise ZeroDivisionError("in the backward")

    engine = fresh(method)
    before = Condition.of(engine.model)
    with pytest.raises(ZeroDivisionError, match="in the backward"):
        explain(engine, method, target=lambda output: Raises.apply(output[:, CLASS]))
    assert before.differences(Condition.of(engine.model)) == []
    np.testing.assert_array_equal(explain(engine, method), CLEAN[method])


@anytime_methods
def test_closed_half_way(method: str) -> None:
    engine = fresh(method)
    _training(engine.model)
    before = Condition.of(engine.model)
    steps = engine.stream(X, method, target=CLASS, **cheap(METHODS[method]))
    assert next(steps).fraction < 1
    # Also while it waits: the caller may train the network between two steps.
    assert before.differences(Condition.of(engine.model)) == []
    steps.close()
    assert before.differences(Condition.of(engine.model)) == []
    np.testing.assert_array_equal(explain(engine, method), CLEAN[method])


@anytime_methods
def test_steps_taken_in_turns_do_not_disturb_each_other(method: str) -> None:
    engine = fresh(method)
    parameters = cheap(METHODS[method])
    one = engine.stream(X, method, target=CLASS, **parameters)
    two = engine.stream(OTHER, method, target=0, **parameters)
    last: list[Any] = [None, None]
    for steps in zip_longest(one, two):  # pictures may have different numbers of segments
        for i, step in enumerate(steps):
            last[i] = last[i] if step is None else step.attribution.values
        explain(engine, "saliency", OTHER, target=2)
    np.testing.assert_array_equal(last[0], CLEAN[method])
    np.testing.assert_array_equal(last[1], explain(fresh(method), method, OTHER, target=0))
