"""Many threads with one network: the same values bit for bit, and nobody is disturbed."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

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
from tests.requests import EVERYWHERE, OTHER, Values, X, explain
from xai_widgets.engine import Engine


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
            assert self.go_on.wait(10)
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
    assert model.inside.wait(10)
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


@pytest.mark.parametrize("other", [name for name in EVERYWHERE if name != "full_grad"])
def test_full_grad_and_another_method_of_one_picture_do_not_wait_for_each_other(other: str) -> None:
    targets = range(8)
    engine = Engine(seeded(Normalised(classes=8)))
    start = threading.Barrier(2)

    def work(method: str) -> list[Values]:
        start.wait()
        return [explain(engine, method, X, target) for target in targets]

    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(work, ["full_grad", other]))
    for method, values in zip(["full_grad", other], both, strict=True):
        alone = Engine(seeded(Normalised(classes=8)))
        for target in targets:
            np.testing.assert_array_equal(values[target], explain(alone, method, X, target))
