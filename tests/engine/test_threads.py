"""Many threads with one network: the same values bit for bit, and nobody is disturbed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.condition import Condition
from tests.networks import (
    Cnn,
    Normalised,
    seeded,
)
from tests.requests import EVERYWHERE, METHODS, OTHER, Values, X, explain
from xai_widgets import locks
from xai_widgets.engine import Engine
from xai_widgets.engine.worker import Worker
from xai_widgets.errors import ExplanationError
from xai_widgets.methods import from_callable, registry


@pytest.fixture(autouse=True)
def own_methods_forgotten() -> Iterator[None]:
    before = dict(registry._methods)
    yield
    registry._methods.clear()
    registry._methods.update(before)


def fresh() -> Engine:
    return Engine(seeded(Normalised()))


@pytest.mark.parametrize("threads", [2, 8])
def test_many_threads_explaining_with_one_engine_give_what_one_thread_gives(threads: int) -> None:
    requests = [(m, t, x) for m in EVERYWHERE for t in range(2) for x in (0, 1)]
    alone = fresh()
    expected = [explain(alone, m, (X, OTHER)[x], t) for m, t, x in requests]
    engine = fresh()
    engine.model.train()
    before = Condition.of(engine.model)
    start = threading.Barrier(threads)

    def work(thread: int) -> list[tuple[int, Values]]:
        start.wait()
        # Everyone asks for everything, each beginning elsewhere.
        order = [(thread * 5 + i) % len(requests) for i in range(len(requests))]
        return [
            (i, explain(engine, requests[i][0], (X, OTHER)[requests[i][2]], requests[i][1]))
            for i in order
        ]

    with ThreadPoolExecutor(threads) as pool:
        for answers in pool.map(work, range(threads)):
            for i, values in answers:
                np.testing.assert_array_equal(values, expected[i], err_msg=str(requests[i]))
    assert before.differences(Condition.of(engine.model)) == []


def test_two_engines_over_one_network_share_its_lock() -> None:
    model = seeded(Normalised())
    engines = [Engine(model), Engine(model)]
    before = Condition.of(model)

    def work(engine: Engine) -> list[Values]:
        return [explain(engine, m, x) for m in EVERYWHERE for x in (X, OTHER)]

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(work, engines)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    assert before.differences(Condition.of(model)) == []


class Meets(Cnn):
    """Waits within its forward, in the thread that asks, until another thread has run it wholly."""

    def __init__(self) -> None:
        super().__init__(nn.ReLU(inplace=True))
        self.inside = threading.Event()
        self.go_on = threading.Event()
        self.waiting = threading.local()

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        if getattr(self.waiting, "asked", False):
            self.inside.set()
            assert self.go_on.wait(60)
        x = self.conv2(self.rectify(x))
        return self.head(self.rectify(x).mean((2, 3)))


def test_a_user_running_the_same_network_meanwhile_is_not_disturbed() -> None:
    model = seeded(Meets())
    expected = model(OTHER)
    (wanted,) = torch.autograd.grad(expected.sum(), [model.conv1.weight])
    plain = {name: explain(Engine(seeded(Cnn(nn.ReLU()))), name) for name in EVERYWHERE}
    found: list[Values] = []

    def explaining() -> None:
        model.waiting.asked = True
        found.append(explain(Engine(model), "guided_backprop"))

    thread = threading.Thread(target=explaining)
    thread.start()
    assert model.inside.wait(60)
    # Here the recorder's hooks are on the layers, and the other thread is inside the network.
    kept: list[Tensor] = []
    handle = model.conv1.register_forward_hook(lambda module, args, output: kept.append(output))
    mine = model(OTHER)
    handle.remove()
    (gradient,) = torch.autograd.grad(mine.sum(), [model.conv1.weight])
    with torch.no_grad():
        silent = model(OTHER)
    assert not silent.requires_grad
    model.go_on.set()
    thread.join()
    assert torch.equal(mine, expected)
    assert torch.equal(silent, expected)
    assert torch.equal(gradient, wanted)
    # The user's in-place rectifier worked in place on what the layer gave out: nothing was copied.
    assert kept[0]._version == 1
    np.testing.assert_array_equal(found[0], plain["guided_backprop"])


# With these every method makes a few runs at most.
FEW = {"window": 16, "stride": 16, "samples": 2, "steps": 2, "count": 2, "segments": 4}
SOME = range(3)


def quick(engine: Engine, method: str, target: int) -> Values:
    parameters = [p for p in METHODS[method].parameters if p.name in FEW]
    few = {p.name: max(FEW[p.name], p.minimum or 0) for p in parameters}
    return engine.explain(X, method, target=target, **few).values


class Pair(NamedTuple):
    engine: Engine
    pool: ThreadPoolExecutor
    alone: dict[str, list[Values]]


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    alone = fresh()
    expected = {name: [quick(alone, name, target) for target in SOME] for name in EVERYWHERE}
    with ThreadPoolExecutor(2) as pool:
        yield Pair(fresh(), pool, expected)


@pytest.mark.parametrize("method", EVERYWHERE)
def test_every_method_beside_every_other_of_one_picture(method: str, pair: Pair) -> None:
    names = list(EVERYWHERE)
    for other in names[names.index(method) :]:
        pair.engine.forget()
        start = threading.Barrier(2)

        def work(asked: str, start: threading.Barrier = start) -> list[Values]:
            start.wait()
            return [quick(pair.engine, asked, target) for target in SOME]

        for asked, values in zip(
            (method, other), pair.pool.map(work, (method, other)), strict=True
        ):
            np.testing.assert_array_equal(values, pair.alone[asked], err_msg=f"{asked} {other}")


def by_thread(ask: Callable[[], Values]) -> Values:
    found: list[Values | ExplanationError] = []

    def work() -> None:
        try:
            found.append(ask())
        except ExplanationError as error:
            found.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if isinstance(found[0], ExplanationError):
        raise found[0]
    return found[0]


def by_pool(ask: Callable[[], Values]) -> Values:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(ask).result()


def by_worker(ask: Callable[[], Values]) -> Values:
    worker, found = Worker(), list[Values]()
    job = worker.submit("me", lambda: iter([ask()]), on_step=found.append)
    assert job.wait(60)
    if job.error is not None:
        raise job.error
    return found[0]


@pytest.mark.parametrize("elsewhere", [by_thread, by_pool, by_worker])
def test_a_method_of_ones_own_that_waits_for_another_thread_is_told_in_words(
    elsewhere: Callable[[Callable[[], Values]], Values], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "_PATIENCE", (0.3, 0.6))
    engine = fresh()
    expected = explain(engine, "saliency")

    def mine(network: nn.Module, x: Tensor, index: int) -> Tensor:
        return torch.tensor(elsewhere(lambda: quick(engine, "grad_cam", index)))[None]

    from_callable("waits", mine)
    with pytest.raises(ExplanationError, match=r"the network is held by .*waits.*network\(x\)"):
        engine.explain(X, "waits", target=1)
    np.testing.assert_array_equal(explain(engine, "saliency"), expected)


def test_methods_of_ones_own_that_ask_each_others_engines_do_not_wait_for_ever() -> None:
    engines, both = [fresh(), fresh()], threading.Barrier(2)
    expected = explain(fresh(), "saliency", target=1)

    def mine(network: nn.Module, x: Tensor, index: int) -> Tensor:
        other = engines[engines[0].model is network]
        both.wait()
        return torch.tensor(explain(other, "saliency", target=index))[None]

    from_callable("crossed", mine)

    def work(engine: Engine) -> Values | str:
        try:
            return engine.explain(X, "crossed", target=1).values
        except ExplanationError as error:
            return str(error)

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(work, engines))
    refused = [answer for answer in answers if isinstance(answer, str)]
    assert refused
    assert all("each waits for what another one holds" in words for words in refused)
    for answer in answers:
        if not isinstance(answer, str):
            np.testing.assert_array_equal(answer, expected)
    for engine in engines:
        np.testing.assert_array_equal(explain(engine, "saliency", target=1), expected)


def test_a_hook_or_target_that_asks_an_engine_is_told_in_words() -> None:
    engine = fresh()
    expected = explain(engine, "saliency")
    hook = engine.model.conv1.register_forward_hook(lambda *_: engine.predict(X) and None)
    with pytest.raises(ExplanationError, match=r"it holds .*network\(x\)"):
        explain(engine, "saliency")
    hook.remove()

    def score(logits: Tensor) -> Tensor:
        engine.predict(OTHER)
        return logits[:, 0]

    with pytest.raises(ExplanationError, match=r"it holds .*network\(x\)"):
        explain(engine, "saliency", target=score)
    np.testing.assert_array_equal(explain(engine, "saliency"), expected)


@pytest.mark.parametrize("before", EVERYWHERE)
def test_what_was_asked_before_changes_no_bit_of_a_map(before: str, pair: Pair) -> None:
    for method in ("gradient_shap", "input_x_gradient", "occlusion"):
        pair.engine.forget()
        quick(pair.engine, before, 0)
        np.testing.assert_array_equal(quick(pair.engine, method, 0), pair.alone[method][0])
