"""One lock for the state of all widgets.

Three kinds of threads write traits: the main thread (a cell), the thread on which the kernel
delivers the browser's messages, and the worker of an engine. `traitlets` is not made for that:
while one thread holds notifications back, a change made by another can be lost. So a writer holds
this lock. One lock serves all widgets, since observers of one widget write to others.

A worker never waits for the lock: it posts its changes, and they are made at once, or else by
whoever holds the lock now. So an observer that waits for a result of the worker does not lock up.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from xai_widgets.interrupts import deferred
from xai_widgets.locks import OrderedLock, Rank

_log = logging.getLogger(__name__)
_lock = OrderedLock(Rank.WIDGETS)
_posted: deque[Callable[[], None]] = deque()
_depth = 0


@contextmanager
def held() -> Iterator[None]:
    """Write to widgets within this context. Nesting is allowed."""
    global _depth
    with deferred():
        try:
            with _lock:
                _depth += 1
                try:
                    yield
                finally:
                    _depth -= 1
        finally:
            _deliver()


def post(change: Callable[[], None]) -> None:
    """Make `change` as soon as nobody else is writing. What it raises is logged.

    That is now, on this thread, or when the thread that is writing has finished, on that thread.
    """
    _posted.append(change)
    _deliver()


def deliver() -> None:
    """Make the posted changes although this thread may hold the lock: for a writer that waits."""
    with _lock:
        _make_all()


def _deliver() -> None:
    # When the attempt fails, the holder finds the change: it looks again after its release.
    while _posted:
        with _lock.if_free() as taken:
            # Nested in a context of this same thread, that one delivers at its end.
            if not taken or _depth:
                return
            _make_all()


def _make_all() -> None:
    global _depth
    _depth += 1
    try:
        while _posted:
            change = _posted.popleft()
            try:
                change()
            except Exception:  # it must not end the thread that happens to make the change
                _log.exception("a change of a widget failed")
    finally:
        _depth -= 1
