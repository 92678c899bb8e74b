"""What is put aside is put back, whenever an interrupt arrives.

Python runs the handler of a signal in the main thread, between any two steps of its code: in the
middle of a `with`, or of the `finally` that puts something back. So a handler that raises, as that
of Ctrl-C and of a kernel's "interrupt" does, has to wait while something of the user's is put
aside. It waits within `deferred`, except where `interruptible` calls code that may be ended at any
moment. Nothing is lost: what has waited is raised as soon as everything is back in its place.

This rests on signals alone. An exception that a program forces on a thread in another way
(`PyThreadState_SetAsyncExc`, a debugger) does not wait.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from types import FrameType
from typing import Any, TypeVar

from typing_extensions import ParamSpec

__all__ = ["arrived", "deferred", "ended", "interruptible", "let_in", "result_of", "wait_for"]

_P = ParamSpec("_P")
_T = TypeVar("_T")
_NAMES = ("INT", "BREAK", "TERM", "HUP", "QUIT", "ALRM", "VTALRM", "PROF", "USR1", "USR2")
_SIGNALS = tuple(getattr(signal, f"SIG{name}") for name in _NAMES if hasattr(signal, f"SIG{name}"))
# One that has waited for so long is let through when it comes again: something hangs.
_PATIENCE = 5.0
_SLICE = 0.05  # seconds between two looks at what has arrived, while the main thread waits


class _State:
    """Of the main thread, the only one in which handlers run."""

    def __init__(self) -> None:
        self.depth = 0  # of contexts within each other
        self.closed = False  # whether signals wait
        self.waiting: dict[int, float] = {}  # those that do, with the time when they came
        self.handlers: dict[int, Any] = {}  # as they were found


_state = _State()


class deferred:  # a context manager
    """While inside, in the main thread, signals whose handler may raise wait; leaving the outermost
    of these contexts calls the handlers of those that have come. Other threads have no signals.
    """

    __slots__ = ("_closed", "_entered")

    def __enter__(self) -> None:
        self._entered = _in_main_thread() and (_state.depth > 0 or _take_over())
        if not self._entered:
            return
        self._closed = _state.closed
        _state.closed = True  # before this nothing is changed; from here on nothing is lost
        _state.depth += 1

    def __exit__(self, *exc: object) -> None:
        if not self._entered:
            return
        _state.depth -= 1
        if _state.depth:
            _state.closed = self._closed
            if not self._closed:
                _deliver()
            return
        try:
            _state.closed = False
            _hand_back()
        finally:
            try:
                _deliver()
            except BaseException:  # perhaps one that came just before it
                _deliver()
                raise


def interruptible(function: Callable[_P, _T], *args: _P.args, **keywords: _P.kwargs) -> _T:
    """Call a function that an interrupt may end at any moment, also within `deferred`."""
    if not (_state.depth and _in_main_thread()):
        return function(*args, **keywords)
    before = _state.closed
    try:
        _state.closed = False
        _deliver()
        return function(*args, **keywords)
    finally:
        _state.closed = before


def let_in() -> None:
    """Raise here what has arrived meanwhile, also within `deferred`."""
    if _state.waiting and _in_main_thread():
        interruptible(_deliver)


def arrived() -> None:
    """Raise here what has arrived meanwhile, where it is not deferred."""
    if _state.waiting and not _state.closed and _in_main_thread():
        _deliver()


def wait_for(event: threading.Event, seconds: float | None = None) -> bool:
    """`event.wait(seconds)`, whose own lock would be lost if an interrupt met it in the middle."""
    if not _in_main_thread():
        return event.wait(seconds)
    return _in_slices(event.wait, seconds)


def ended(thread: threading.Thread, seconds: float | None = None) -> bool:
    """`thread.join(seconds)`, and whether it has ended; a join that an interrupt ends takes the
    thread for ended in Python before 3.13.
    """

    def joined(seconds: float) -> bool:
        thread.join(seconds)
        return not thread.is_alive()

    if not _in_main_thread():
        thread.join(seconds)
        return not thread.is_alive()
    return _in_slices(joined, seconds)


def _in_slices(wait: Callable[[float], bool], seconds: float | None) -> bool:
    """Wait in the main thread, as one that can be interrupted between two slices."""
    end = None if seconds is None else time.monotonic() + seconds
    with deferred():
        while True:
            left = _SLICE if end is None else end - time.monotonic()
            if wait(min(_SLICE, max(left, 0.0))):
                return True
            let_in()
            if left <= 0:
                return False


def result_of(future: Future[_T]) -> _T:
    """`future.result()`, likewise."""
    done = threading.Event()
    with deferred():
        future.add_done_callback(lambda _: done.set())
    wait_for(done)
    with deferred():
        return future.result()


def _in_main_thread() -> bool:
    return threading.get_ident() == threading.main_thread().ident


def _take_over() -> bool:
    """Put `_handle` before the handlers of the process; whether that is possible."""
    _state.closed = False
    _state.waiting = {}
    try:
        for number in _SIGNALS:
            found = signal.getsignal(number)
            if callable(found) and found is not _handle:
                _state.handlers[number] = found
                signal.signal(number, _handle)
    except ValueError:  # this is not the thread that Python runs handlers in
        return False
    except BaseException:
        try:
            _hand_back()
        except BaseException:
            _hand_back()
            raise
        raise
    return True


def _hand_back() -> None:
    """Give the process its handlers back, whatever they raise meanwhile. One that is left out, as
    interrupts came one on the other, passes everything on, and is given back next time.
    """
    # Python looks for signals at calls, not on the way into an `except`.
    try:
        _restore()
    except BaseException:
        try:
            _restore()
        except BaseException:
            _restore()
            raise
        raise


def _restore() -> None:
    for number, found in _state.handlers.items():
        if signal.getsignal(number) is _handle:
            signal.signal(number, found)


def _handle(number: int, frame: FrameType | None) -> None:
    """Every signal's handler within `deferred`."""
    if _state.closed or (_state.depth and _within_mode(frame)):
        now = time.monotonic()
        if now - _state.waiting.setdefault(number, now) < _PATIENCE:
            return
        _state.waiting.pop(number, None)
    if not _state.depth:  # an interrupt came while the handlers were being exchanged
        _hand_back()
    _call(number, frame)


def _call(number: int, frame: FrameType | None) -> None:
    before = _state.closed
    # What it raises is on its way out: a second one waits until everything is in its place.
    _state.closed = _state.depth > 0
    _state.handlers[number](number, frame)
    _state.closed = before  # it did not raise


def _deliver() -> None:
    if not _state.waiting:
        return
    number, _ = _state.waiting.popitem()
    try:
        _call(number, sys._getframe())
    finally:
        _deliver()


def _within_mode(frame: FrameType | None) -> bool:
    """Whether PyTorch is entering or leaving one of its contexts, which would be left halfway."""
    while frame is not None and frame.f_code is not interruptible.__code__:
        if frame.f_code.co_name in ("__enter__", "__exit__"):
            # A context that is written as a generator is entered by Python's library.
            generator = getattr(frame.f_locals.get("self"), "gen", None)
            inside = getattr(generator, "gi_frame", None) or frame
            if str(inside.f_globals.get("__name__")).partition(".")[0] == "torch":
                return True
        frame = frame.f_back
    return False
