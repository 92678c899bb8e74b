"""The jobs of one widget on its engine's worker: the latest request wins, and answers arrive in
the order of the work."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from types import MethodType
from typing import Any, Protocol, TypeVar

from xai_widgets.engine.worker import Job, Worker
from xai_widgets.progress import Progress
from xai_widgets.widgets.base import state_lock

T = TypeVar("T")
Work = Callable[[], Iterator[Progress[T]]]


def in_one_step(make: Callable[[], T]) -> Work[T]:
    """The work of making one thing, which has no progress to tell of."""

    def work() -> Iterator[Progress[T]]:
        yield Progress(1.0, make())

    return work


class Listener(Protocol):
    """The widget. None of these may raise."""

    _closed: bool

    def _advanced(self, step: Any) -> None: ...
    def _done(self) -> None: ...
    def _failed(self, problem: BaseException) -> None: ...
    def _guarded(self, act: Callable[[], None]) -> None: ...


class Jobs:
    """The main job of a widget, numbered by `seq`, and those beside it.

    All callbacks hold the widget weakly and take the lock; answers for a closed widget are dropped.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = weakref.ref(listener)
        # What the worker knows us by.
        self._main, self._background, self._aside = object(), object(), object()
        self.seq = 0
        self._started = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Since the latest request."""
        return time.perf_counter() - self._started

    def begin(self) -> None:
        """A new request: whatever still arrives for an earlier one is dropped from now on."""
        self.seq += 1
        self._started = time.perf_counter()

    def submit(self, worker: Worker, work: Work[Any]) -> Job:
        """Do the work of the request that has begun."""
        return worker.submit(
            self._main,
            work,
            on_step=self.in_turn(lambda listener, step: listener._advanced(step)),
            on_done=self.in_turn(lambda listener, _: listener._done()),
            on_error=self.in_turn(lambda listener, problem: listener._failed(problem)),
        )

    def beside(
        self,
        worker: Worker,
        work: Work[T | None],
        show: Callable[[T], None],
        failed: Callable[[BaseException], None] | None,
        *,
        once: bool,
        background: bool,
    ) -> Job:
        """Do work beside the request: see `EngineWidget.aside`."""
        latest = self._background if background else self._aside
        return worker.submit(
            object() if once else latest,
            work,
            on_step=self._posted(show, lambda step: step.result),
            on_error=None if failed is None else self._posted(failed, lambda problem: problem),
            background=background,
            urgent=not background,
        )

    def submit_background(self, worker, work, on_step):  # SHIM
        return worker.submit(
            self._background, work, on_step=self._posted_old(on_step), background=True
        )

    def submit_aside(self, worker, work, on_step, on_error, *, once=False):  # SHIM
        return worker.submit(
            object() if once else self._aside,
            work,
            on_step=self._posted_old(on_step),
            on_error=self._posted_old(on_error),
            urgent=True,
        )

    def _posted_old(self, tell):  # SHIM
        def callback(value):
            def change():
                listener = self._listener()
                if listener is not None:
                    tell(listener, value)

            state_lock.post(change)

        return callback

    def cancel_aside(self, worker: Worker) -> None:
        worker.cancel(self._aside)

    def cancel(self, worker: Worker) -> None:
        """Cancel the request that is being worked on."""
        self.seq += 1
        worker.cancel(self._main)

    def cancel_all(self, worker: Worker) -> None:
        self.cancel(worker)
        worker.cancel(self._background)
        worker.cancel(self._aside)

    def _posted(
        self, act: Callable[[Any], None], value_of: Callable[[Any], Any]
    ) -> Callable[[Any], None]:
        find = _weakly(act)

        def callback(step: Any) -> None:
            value = value_of(step)
            if value is None:
                return

            def change() -> None:
                listener, found = self._listener(), find()
                if listener is not None and found is not None and not listener._closed:
                    listener._guarded(lambda: found(value))

            state_lock.post(change)

        return callback

    def in_turn(self, tell: Callable[[Listener, Any], None]) -> Callable[[Any], None]:
        """A callback for the request that has begun: dropped when there is a newer one."""
        seq = self.seq

        def callback(value: Any) -> None:
            def change() -> None:
                listener = self._listener()
                if listener is not None and self.seq == seq:
                    tell(listener, value)

            state_lock.post(change)

        return callback


def _weakly(act: Callable[..., Any]) -> Callable[[], Callable[..., Any] | None]:
    """How to get at a function later, if the object whose method it is still exists then."""
    if isinstance(act, partial):
        find, arguments, keywords = _weakly(act.func), act.args, act.keywords

        def found() -> Callable[..., Any] | None:
            function = find()
            return None if function is None else partial(function, *arguments, **keywords)

        return found
    return weakref.WeakMethod(act) if isinstance(act, MethodType) else lambda: act
