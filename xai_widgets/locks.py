"""Locks that are taken in one order, so that no two threads wait for each other.

What is done while one of them is held is done whole: interrupts wait (see `interrupts`), except in
code that is called as `interruptible`. Waiting for a lock can be interrupted.

The order is checked whenever a lock is taken. It cannot cover code of the user's own that runs
while a network is locked, such as a hook or a method: what that waits for is looked at by whoever
waits for the lock, and where neither could ever go on, that one is refused in words.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from types import FrameType

from xai_widgets.errors import ExplanationError
from xai_widgets.interrupts import deferred, let_in, wait_for

__all__ = ["OrderedLock", "Rank"]

_SLICE = 0.05  # seconds between two looks at what the holder does
_LOOK = 1.0  # the most that one look counts for
# A holder that waits for something else, in one wait or at one line, for so many seconds may be
# waiting for the asker; and so may one whose compiled code does nothing for so long.
_PATIENCE = (10.0, 60.0)
_COMPILED_PATIENCE = 60.0
_WAITING = (
    *("threading", "queue", "concurrent.futures", "asyncio", "selectors", "multiprocessing"),
    "xai_widgets.interrupts",
)
_WAY_OUT = (
    "code of your own that runs while a network is locked for it (a method, a hook, the network's "
    "forward, a target function) must not ask an engine, nor wait for a thread that does; call the "
    "network itself there: network(x)"
)


class Rank(IntEnum):
    """What a lock guards; the order in which they are taken, for one network."""

    WIDGETS = 0
    RECORDING = 1
    TRACE = 2
    NETWORK = 3
    DATA = 4  # held briefly; nothing is called meanwhile


_GUARDED = {
    Rank.WIDGETS: "the widgets' state",
    Rank.RECORDING: "recorded passes",
    Rank.TRACE: "a recorded pass",
    Rank.NETWORK: "the network",
    Rank.DATA: "data",
}


class _Held(threading.local):
    def __init__(self) -> None:
        self.locks: list[OrderedLock] = []


_held = _Held()
_waiting: dict[int, OrderedLock] = {}  # what each thread waits for, by its number


class OrderedLock:
    """A lock of a rank, about a subject: a network, or nothing in particular. The thread that holds
    it may take it again, unless `once`.

    Taking it raises ExplanationError out of order, and where it could never be had.
    """

    def __init__(self, rank: Rank, subject: object = None, *, once: bool = False) -> None:
        self.rank, self.once = rank, once
        self._subject = id(subject)
        self._lock = threading.Lock()
        self._owner: int | None = None
        self._contexts: list[deferred] = []  # one for each time that it was taken

    def __enter__(self) -> None:
        self._enter(wait=True)

    def __exit__(self, *exc: object) -> None:
        context = self._contexts.pop()
        if not self._contexts:
            _held.locks.remove(self)
            self._owner = None
            self._lock.release()
        context.__exit__(*exc)

    @contextmanager
    def if_free(self) -> Iterator[bool]:
        """Hold the lock unless another thread does; whether it is held."""
        with deferred():
            taken = self._enter(wait=False)
            try:
                yield taken
            finally:
                if taken:
                    self.__exit__()

    def _enter(self, *, wait: bool) -> bool:
        context = deferred()
        context.__enter__()
        taken = False
        try:
            if self._owner == threading.get_ident():
                if self.once:
                    raise _refusal(f"it holds {_GUARDED[self.rank]} already")
            elif not self._take(wait=wait):
                return False
            self._contexts.append(context)
            taken = True
        finally:
            if not taken:
                context.__exit__()
        return True

    def _take(self, *, wait: bool) -> bool:
        for other in _held.locks:
            alike = other._subject == self._subject
            if other.rank is Rank.DATA or (alike and other.rank >= self.rank):
                raise _refusal(
                    f"it holds {_GUARDED[other.rank]} and asks for {_GUARDED[self.rank]}"
                )
        if not self._lock.acquire(blocking=False):
            if not wait:
                return False
            self._wait()
        self._owner = threading.get_ident()
        _held.locks.append(self)
        return True

    def _wait(self) -> None:
        me = threading.get_ident()
        _waiting[me] = self
        holder = _Holder(self)
        try:
            while not self._lock.acquire(timeout=_SLICE):
                let_in()
                if problem := holder.problem():
                    raise _refusal(problem)
        finally:
            del _waiting[me]


class _Holder:
    """Whoever holds a lock that this thread waits for, looked at from time to time."""

    def __init__(self, lock: OrderedLock) -> None:
        self._lock = lock
        self._circles = 0
        self._last = time.monotonic()
        # What it stands at, and for how long; frames, so that a later one is never taken for an
        # earlier one: the wait that it is in and the line that waits, or the call of compiled code.
        self._seen: list[tuple[object, float]] = []

    def problem(self) -> str:
        """Why waiting is of no use; empty where it may be."""
        thread = self._last_in_line()
        if thread == threading.get_ident():
            self._circles += 1  # twice, since they are not looked at in one moment
            return "each waits for what another one holds" if self._circles > 1 else ""
        self._circles = 0
        if self._lock.rank is Rank.WIDGETS:  # an observer may wait for a result
            return ""
        frame = None if thread is None else sys._current_frames().get(thread)
        if thread is None or frame is None:
            self._seen = []
            return ""
        if (frames := _wait_of(frame)) is not None:
            places: list[object] = [*frames]
            patience, line = [*_PATIENCE], frames[1]
        else:
            places = [_idle_at(frame, thread)]
            patience, line = [_COMPILED_PATIENCE], frame
        waited = self._stood_at(places)
        if all(time < limit for time, limit in zip(waited, patience, strict=True)):
            return ""
        return (
            f"{_GUARDED[self._lock.rank]} is held by {_name_of(thread)}, which itself waits (in "
            f"{line.f_code.co_name}, line {line.f_lineno} of {line.f_code.co_filename}), perhaps "
            "for this one"
        )

    def _stood_at(self, places: list[object]) -> list[float]:
        """For how long it has been seen at each of these places; None is no place."""
        now = time.monotonic()
        passed = min(now - self._last, _LOOK)  # this process may have been stopped meanwhile
        self._last = now
        before = self._seen if len(self._seen) == len(places) else [(None, 0.0)] * len(places)
        self._seen = [
            (place, since + passed if place is not None and place == earlier else 0.0)
            for place, (earlier, since) in zip(places, before, strict=True)
        ]
        return [time for _, time in self._seen]

    def _last_in_line(self) -> int | None:
        """The thread that holds the lock, or what that thread waits for, and so on."""
        thread, seen = self._lock._owner, set[int]()
        while thread is not None and thread not in seen:
            seen.add(thread)
            lock = None if thread == threading.get_ident() else _waiting.get(thread)
            if lock is None:
                return thread
            thread = lock._owner
        return None


def _refusal(problem: str) -> ExplanationError:
    me = threading.current_thread().name
    return ExplanationError(f"thread {me} could wait for ever: {problem}; {_WAY_OUT}")


def _name_of(number: int) -> str:
    names = (thread.name for thread in threading.enumerate() if thread.ident == number)
    return f"thread {next(names, number)}"


def _idle_at(frame: FrameType, number: int) -> tuple[FrameType, int, int] | None:
    """The instruction at which a thread's compiled code sleeps, and the processor time that it has
    used, by which a wait is told from work. None where it works, or waits within PyTorch, which has
    work of its own done elsewhere, and where that cannot be known: elsewhere than on Linux.
    """
    if str(frame.f_globals.get("__name__")).partition(".")[0] == "torch":
        return None
    native = next((t.native_id for t in threading.enumerate() if t.ident == number), None)
    try:
        with open(f"/proc/self/task/{native}/stat", "rb") as file:
            state, *fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    if state != b"S":
        return None
    return frame, frame.f_lasti, int(fields[10]) + int(fields[11])  # as user, and in the kernel


def _wait_of(frame: FrameType | None) -> tuple[FrameType, FrameType] | None:
    """The wait that a thread is in, and the code outside of Python's library that waits."""
    inner = None
    while frame is not None and _is_waiting(frame):
        if inner is None or frame.f_code is wait_for.__code__:
            inner = frame
        frame = frame.f_back
    return None if inner is None or frame is None else (inner, frame)


def _is_waiting(frame: FrameType) -> bool:
    module = str(frame.f_globals.get("__name__"))
    return any(module == name or module.startswith(f"{name}.") for name in _WAITING)
