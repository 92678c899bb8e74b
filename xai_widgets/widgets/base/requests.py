"""What one widget asks of its engine's worker: the latest wins, and answers come in turn."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from xai_widgets.widgets.base import turns

if TYPE_CHECKING:
    from xai_widgets.engine.worker import Job, Worker


class Listener(Protocol):
    """Who is told. None of these may raise."""

    def _step_arrived(self, step: Any) -> None: ...
    def _work_done(self) -> None: ...
    def _failed(self, problem: BaseException) -> None: ...


class Requests:
    """The requests of one widget, numbered by `seq`. All callbacks hold the widget weakly."""

    def __init__(self, listener: Listener) -> None:
        self._listener = weakref.ref(listener)
        # What the worker knows us by.
        self._foreground, self._background, self._aside = object(), object(), object()
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

    def submit(self, worker: Worker, work: Callable[[], Iterator[Any]]) -> Job:
        """Do the work of the request that has begun."""
        return worker.submit(
            self._foreground,
            work,
            on_step=self.in_turn(lambda listener, step: listener._step_arrived(step)),
            on_done=self.in_turn(lambda listener, _: listener._work_done()),
            on_error=self.in_turn(lambda listener, problem: listener._failed(problem)),
        )

    def submit_background(
        self, worker: Worker, work: Callable[[], Iterator[Any]], on_step: Callable[[Any, Any], None]
    ) -> Job:
        """Do what nobody waits for. `on_step(widget, step)` must not raise; errors are dropped."""
        return worker.submit(self._background, work, on_step=self._posted(on_step), background=True)

    def submit_aside(
        self,
        worker: Worker,
        work: Callable[[], Iterator[Any]],
        on_step: Callable[[Any, Any], None],
        on_error: Callable[[Any, BaseException], None],
        *,
        once: bool = False,
    ) -> Job:
        """Answer what is asked beside the request, and at once: a request that is being worked on
        steps aside. A newer one replaces it, unless it is to be answered `once` and for all.
        `on_step(widget, step)` and `on_error(widget, problem)` must not raise.
        """
        return worker.submit(
            object() if once else self._aside,
            work,
            on_step=self._posted(on_step),
            on_error=self._posted(on_error),
            urgent=True,
        )

    def cancel_aside(self, worker: Worker) -> None:
        worker.cancel(self._aside)

    def cancel(self, worker: Worker) -> None:
        """Cancel the request that is being worked on."""
        self.seq += 1
        worker.cancel(self._foreground)

    def cancel_all(self, worker: Worker) -> None:
        self.cancel(worker)
        worker.cancel(self._background)
        worker.cancel(self._aside)

    def _posted(self, tell: Callable[[Any, Any], None]) -> Callable[[Any], None]:
        def callback(value: Any) -> None:
            def change() -> None:
                listener = self._listener()
                if listener is not None:
                    tell(listener, value)

            turns.post(change)

        return callback

    def in_turn(self, tell: Callable[[Listener, Any], None]) -> Callable[[Any], None]:
        seq = self.seq

        def callback(value: Any) -> None:
            def change() -> None:
                listener = self._listener()
                if listener is not None and self.seq == seq:
                    tell(listener, value)

            turns.post(change)

        return callback
