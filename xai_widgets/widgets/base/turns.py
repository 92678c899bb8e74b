"""One writer at a time for the state of all widgets.

Three kinds of threads write traits: the main thread (a cell), the thread on which the kernel
delivers the browser's messages, and the worker of an engine. `traitlets` is not made for that:
while one thread holds notifications back, a change made by another can be lost. So writers take
turns. One lock serves all widgets, since observers of one widget write to others.

A worker never waits for its turn: what it has to say is queued, and said by itself at once or else
by whoever has the turn now. So an observer that waits for a result of the worker does not lock up.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_log = logging.getLogger(__name__)
_turn = threading.RLock()
_posted: deque[Callable[[], None]] = deque()
_depth = 0


@contextmanager
def taken() -> Iterator[None]:
    """Write to widgets within this context. Nesting is allowed."""
    global _depth
    with _turn:
        _depth += 1
        try:
            yield
        finally:
            _depth -= 1
    _deliver()


def post(change: Callable[[], None]) -> None:
    """Make `change` as soon as nobody else is writing. What it raises is logged.

    That is now, on this thread, or when the thread that is writing has finished, on that thread.
    """
    _posted.append(change)
    _deliver()


def deliver() -> None:
    """Make what was posted although this thread may have the turn: for one that waits for it."""
    with _turn:
        _make_all()


def _deliver() -> None:
    # When the attempt fails, the holder finds the change: it looks again after its release.
    while _posted and _turn.acquire(blocking=False):
        try:
            if _depth:  # inside an outer turn of this same thread, which delivers at its end
                return
            _make_all()
        finally:
            _turn.release()


def _make_all() -> None:
    global _depth
    _depth += 1
    try:
        while _posted:
            change = _posted.popleft()
            try:
                change()
            except Exception:  # it is none of this thread's business
                _log.exception("a change of a widget failed")
    finally:
        _depth -= 1
