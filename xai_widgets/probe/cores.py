"""How many cores a pass may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_core_left() -> Iterator[None]:
    """Run in this thread on one core fewer than there are: for a single picture that somebody waits
    for, beside a browser that paints meanwhile.

    The threads of a pass wait for the slowest of them. Where one shares its core with something
    else, all do: measured on two cores of which one was busy, a single picture took three times as
    long on both as on one, and where both were free hardly less.
    """
    before = torch.get_num_threads()
    threads = min(before, max(1, _cores() - 1))
    if threads == before:
        yield
        return
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _cores() -> int:
    """Those that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
