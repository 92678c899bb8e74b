"""Interrupted anywhere, an explanation ends, the network is as it was, the next one is right."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.interruption import Found, Subject, eventful, interrupted
from tests.networks import Cnn, seeded
from tests.requests import EVERYWHERE, METHODS, X, explain
from tests.transformers import tiny_vit
from xai_widgets.engine import Engine
from xai_widgets.methods import from_callable, registry

ATTENTION = {name: method for name, method in METHODS.items() if method.needs_attention}
SUBJECTS: dict[str, Callable[[], Subject]] = {
    "convolutions": lambda: Subject(eventful(), EVERYWHERE),
    "attention": lambda: Subject(tiny_vit().train(), ATTENTION),
}
ALL = [("convolutions", name) for name in EVERYWHERE] + [("attention", name) for name in ATTENTION]


@pytest.fixture(autouse=True)
def own_methods_forgotten() -> Iterator[None]:
    before = dict(registry._methods)
    yield
    registry._methods.clear()
    registry._methods.update(before)


@pytest.fixture(scope="module")
def subjects() -> dict[str, Subject]:
    return {name: make() for name, make in SUBJECTS.items()}


@pytest.mark.parametrize(("subject", "method"), ALL)
def test_by_any_call_of_a_function(subject: str, method: str, subjects: dict[str, Subject]) -> None:
    asked = subjects[subject]
    count = asked.calls(method)
    assert count > 50
    chance = random.Random(method)
    for number in [0, count - 1, *(chance.randrange(count) for _ in range(4))]:
        assert not asked.interrupt_call(method, number), number


@pytest.mark.parametrize(("subject", "method"), ALL)
def test_by_a_signal_at_any_moment(subject: str, method: str, subjects: dict[str, Subject]) -> None:
    asked = subjects[subject]
    started = time.perf_counter()
    asked.explain(method)
    seconds = time.perf_counter() - started
    chance = random.Random(method)
    for _ in range(6):
        after, again = chance.uniform(0, seconds), chance.choice([0, 1e-4, 1e-3])
        assert not asked.interrupt_after(method, after, again), (after, again)


@pytest.mark.parametrize("method", ["grad_cam", "ablation_cam", "occlusion"])
def test_by_a_signal_at_any_step_of_the_code(method: str, subjects: dict[str, Subject]) -> None:
    asked = subjects["convolutions"]
    count = asked.steps(method)
    chance = random.Random(method)
    for number in (chance.randrange(count) for _ in range(8)):
        assert not asked.interrupt_step(method, number), number


class Swallows(Cnn):
    """Leaves a context of PyTorch's own when it is interrupted, by a function that modes meet."""

    def __init__(self) -> None:
        super().__init__(nn.ReLU())
        self.at = ""

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            if self.at == "before":
                signal.raise_signal(signal.SIGINT)
            x = self.rectify(self.conv1(x))
        x = self.conv2(x)
        try:
            if self.at == "behind":
                signal.raise_signal(signal.SIGINT)
            return self.head(self.rectify(x).mean((2, 3)))
        finally:
            self.rectify(x)


@pytest.mark.parametrize("at", ["before", "behind"])
def test_a_replay_that_is_interrupted_does_not_run_again_in_full(at: str) -> None:
    model = seeded(Swallows())
    engine = Engine(model, layer="conv2")
    expected = explain(engine, "ablation_cam")
    found = Found(model)
    tail = engine.internals.trace(engine.picture(X)).tail("conv2")
    maps = engine.internals.trace(engine.picture(X)).activation("conv2")
    model.at = at
    assert interrupted(lambda: tail.outputs(maps))
    model.at = ""
    assert tail._recorded is not None
    assert torch.equal(tail.outputs(maps), model(X))
    assert found.differences() == []
    engine.forget()
    np.testing.assert_array_equal(explain(engine, "ablation_cam"), expected)


def test_an_interrupt_that_is_being_handled_changes_nothing() -> None:
    engine = Engine(seeded(Swallows()), layer="conv2")
    expected = explain(engine, "ablation_cam")
    engine.forget()
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        again = explain(engine, "ablation_cam")
    np.testing.assert_array_equal(again, expected)


def test_a_method_of_ones_own_is_ended_at_once_and_may_be_asked_again() -> None:
    presses = [True]

    def mine(network: nn.Module, x: Tensor, index: int) -> Tensor:
        if presses.pop():
            signal.raise_signal(signal.SIGINT)
            pytest.fail("it went on")
        return x * network(x)[:, index].detach().sum()

    from_callable("interrupted_once", mine)
    model = eventful()
    engine = Engine(model)
    engine.predict(X)
    found = Found(model)
    assert interrupted(lambda: engine.explain(X, "interrupted_once", target=1))
    assert found.differences() == []
    presses.append(False)
    values = engine.explain(X, "interrupted_once", target=1).values
    score = engine.explain(X, "saliency", target=1).score
    np.testing.assert_allclose(values, (X * score)[0].numpy(), rtol=1e-5)


def test_a_backward_hook_may_be_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(eventful())
    expected = explain(engine, "saliency")
    engine.forget()
    engine.predict(X)
    found = Found(engine.model)
    original = torch.autograd.grad

    def pressed(*args: Any, **keywords: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        return original(*args, **keywords)

    with monkeypatch.context() as patch:
        patch.setattr(torch.autograd, "grad", pressed)
        assert interrupted(lambda: explain(engine, "saliency"))
    assert found.differences() == []
    np.testing.assert_array_equal(explain(engine, "saliency"), expected)
