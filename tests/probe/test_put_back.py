"""Whatever a context puts aside is put back, at whichever step of the code an interrupt comes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.interruption import EveryStep, Found, interrupted
from xai_widgets.images.normalisation import generators_as_found
from xai_widgets.interrupts import interruptible
from xai_widgets.methods import own
from xai_widgets.probe import cores
from xai_widgets.probe.fingerprint import modules_of
from xai_widgets.probe.generators import global_generators_restored
from xai_widgets.probe.guard import as_found, autograd_ready, buffers_aside, lock_of, ordinary_modes
from xai_widgets.probe.memory import _keeper, memory_kept
from xai_widgets.probe.network import Network
from xai_widgets.widgets.base import state_lock

MODEL = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)).train()
NETWORK = Network(MODEL)
CONTEXTS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "as_found": lambda: as_found(MODEL),
    "autograd_ready": lambda: autograd_ready(MODEL),
    "buffers_aside": lambda: buffers_aside(modules_of(MODEL)),
    "generators_as_found": generators_as_found,
    "global_generators_restored": global_generators_restored,
    "held": lambda: NETWORK.held(7),
    "lock_of": lambda: lock_of(MODEL),
    "one_core_left": cores.one_core_left,
    "ordinary_modes": ordinary_modes,
    "own method": lambda: own._noted(MODEL, "mine"),
    "state_lock": state_lock.held,
}


def condition() -> dict[str, Any]:
    return {
        "held": NETWORK._held.number,
        "own methods": list(getattr(own._running, "methods", ())),
        "passes": _keeper.running,
        "widgets": (state_lock._depth, state_lock._lock._owner),
        "numpy": np.random.get_state()[2],  # noqa: NPY002  # the global one is looked at
    }


@pytest.mark.parametrize("name", CONTEXTS)
def test_at_every_step(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "_cores", lambda: 2)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads[-1])
    monkeypatch.setattr(torch, "set_num_threads", lambda count: threads.append(count))
    threads, context = [4], CONTEXTS[name]

    def work() -> None:
        with context():
            interruptible(len, ())

    work()
    found, before = Found(MODEL), condition()
    with EveryStep() as counted:
        work()
    for number in range(0, counted.steps, 1 + counted.steps // 600):
        step = EveryStep(number)

        def stepped(step: EveryStep = step) -> None:
            with step:
                work()

        assert interrupted(stepped) or step.steps <= number, number
        assert condition() == before, number
        assert found.differences() == [], number
        assert threads[-1] == 4, number


def test_memory_is_counted_whole() -> None:
    with autograd_ready(MODEL), memory_kept():
        assert _keeper.running == 2
    assert _keeper.running == 0
