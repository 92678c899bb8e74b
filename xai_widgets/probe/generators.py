"""Random generators are given back as they were found, where a network drew from them."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from xai_widgets.interrupts import deferred
from xai_widgets.probe.functions import FunctionMode


@contextmanager
def randomness_restored(mode: FunctionMode) -> Iterator[None]:
    """Put the random generators back if, and only if, the network drew from them in this thread.

    Their state is global: restored without need, it would rewind a generator that another thread
    is using.
    """
    cpu = torch.get_rng_state()
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    try:
        with global_generators_restored(mode), mode:
            yield
    finally:
        if mode.drew:
            with torch._C.DisableTorchFunction():
                torch.set_rng_state(cpu)
                if cuda is not None:
                    torch.cuda.set_rng_state_all(cuda)


class _Compared:
    """Whether a probe further out compares the global generators already; main thread only."""

    now = False


@contextmanager
def global_generators_restored(mode: FunctionMode | None = None) -> Iterator[None]:
    """Put NumPy's and Python's global generators back if they were drawn from inside.

    In the main thread only, since another thread may be drawing from them; and once for all probes
    inside, since comparing them takes as long as a small layer.
    """
    if _Compared.now or threading.current_thread() is not threading.main_thread():
        yield
        return
    with deferred():
        numpys, pythons = _numpy_state(), random.getstate()
        _Compared.now = True
        try:
            yield
        finally:
            _Compared.now = False
            moved = False
            if _numpy_moved(numpys):
                np.random.set_state(numpys)  # noqa: NPY002  # the user's global generator
                moved = True
            if random.getstate() != pythons:
                random.setstate(pythons)
                moved = True
            if mode is not None:
                mode.moved = moved


def _numpy_state() -> Any:
    return np.random.get_state()  # noqa: NPY002  # the user's global generator is what we give back


def _numpy_moved(before: Any) -> bool:
    now = _numpy_state()
    same_position = now[2] == before[2] and now[3] == before[3]
    return not (same_position and np.array_equal(now[1], before[1]))
