"""How many cores a pass may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from xai_widgets.interrupts import deferred


@contextmanager
def one_core_left() -> Iterator[None]:
    """Run in this thread on one core fewer than there are: for a single picture that somebody waits
    for while a browser on the same machine paints.

    The threads of a pass wait for the slowest of them. Where one of them shares its core with
    another program, all are slowed down: measured on two cores of which one was busy, a single
    picture took three times as long on both as on one; with both free, both were hardly faster.
    """
    before = torch.get_num_threads()
    threads = min(before, max(1, _cores() - 1))
    if threads == before:
        yield
        return
    with deferred():
        torch.set_num_threads(threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def _cores() -> int:
    """How many cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
