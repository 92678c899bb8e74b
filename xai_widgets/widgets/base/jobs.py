"""The jobs of one widget on its engine's worker: the latest request wins, and answers arrive in
the order of the work."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from types import MethodType
from typing import Any, TypeVar

from xai_widgets.engine.worker import Job, Worker
from xai_widgets.progress import Progress
from xai_widgets.widgets.base import state_lock

T = TypeVar("T")
Work = Callable[[], Iterator[Progress[T]]]
Failed = Callable[[BaseException], None]


def in_one_step(make: Callable[[], T]) -> Work[T]:
    """The work of making one thing, which has no progress to tell of."""

    def work() -> Iterator[Progress[T]]:
        yield Progress(1.0, make())

    return work


class Jobs:
    """The main job of a widget, numbered by `seq`, and those beside it.

    All callbacks hold the widget weakly, take the lock, and are called by its method `guard`; after
    `close` there are none.
    """

    def __init__(self, worker: Worker, guard: Callable[[Callable[[], None]], None]) -> None:
        self._worker, self._guard = worker, weakref.WeakMethod(guard)
        # What the worker knows us by.
        self._main, self._background, self._aside = object(), object(), object()
        self._closed = False
        self.seq = 0
        self._started = time.perf_counter()

    @property
    def worker(self) -> Worker:
        """Who does them."""
        return self._worker

    @property
    def seconds(self) -> float:
        """Since the latest request."""
        return time.perf_counter() - self._started

    def begin(self) -> None:
        """A new request: whatever still arrives for an earlier one is dropped from now on."""
        self.seq += 1
        self._started = time.perf_counter()

    def submit(self, work: Work[Any], *acts: Callable[[Any], None]) -> None:
        """Do the work of the request that has begun: `acts` are for a step, the end, an error."""
        seq = self.seq
        step, done, failed = (self._posted(act, lambda: self.seq == seq) for act in acts)
        self._worker.submit(self._main, work, on_step=step, on_done=done, on_error=failed)

    def beside(
        self,
        work: Work[T | None],
        show: Callable[[T], None],
        failed: Failed | None,
        once: bool,
        background: bool,
    ) -> Job:
        """Do work beside the request: see `EngineWidget.aside`."""
        latest = self._background if background else self._aside
        answer = self._posted(show, lambda: not self._closed)

        def on_step(step: Progress[T | None]) -> None:
            if step.result is not None:
                answer(step.result)

        return self._worker.submit(
            object() if once else latest,
            work,
            on_step=on_step,
            on_error=None if failed is None else self._posted(failed, lambda: not self._closed),
            background=background,
            urgent=not background,
        )

    def cancel(self) -> None:
        """Cancel the request that is being worked on."""
        self.seq += 1
        self._worker.cancel(self._main)

    def cancel_aside(self) -> None:
        self._worker.cancel(self._aside)

    def close(self) -> None:
        """Cancel everything."""
        self._closed = True
        self.cancel()
        self.cancel_aside()
        self._worker.cancel(self._background)

    def _posted(
        self, act: Callable[[Any], None], holds: Callable[[], bool]
    ) -> Callable[[Any], None]:
        """A callback for the worker: `act`, as soon as nobody writes and if it still holds."""
        find = _weakly(act)

        def callback(value: Any) -> None:
            def change() -> None:
                guard, function = self._guard(), find()
                if guard is not None and function is not None and holds():
                    guard(lambda: function(value))

            state_lock.post(change)

        return callback


def _weakly(act: Callable[..., Any]) -> Callable[[], Callable[..., Any] | None]:
    """How to get at a function later, if the object whose method it is still exists then."""
    if isinstance(act, partial):
        find, arguments, keywords = _weakly(act.func), act.args, act.keywords

        def whole() -> Callable[..., Any] | None:
            function = find()
            return None if function is None else partial(function, *arguments, **keywords)

        return whole
    return weakref.WeakMethod(act) if isinstance(act, MethodType) else lambda: act
