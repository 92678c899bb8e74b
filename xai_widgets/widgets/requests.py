"""What one widget asks of its engine's worker: the latest wins, and answers come in turn."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from xai_widgets.widgets import turns

if TYPE_CHECKING:
    from xai_widgets.worker import Job, Worker


class Listener(Protocol):
    """Who is told. None of these may raise."""

    def _step_arrived(self, step: Any) -> None: ...
    def _work_done(self) -> None: ...
    def _failed(self, problem: BaseException) -> None: ...


class Requests:
    """The requests of one widget, numbered by `seq`. All callbacks hold the widget weakly."""

    def __init__(self, listener: Listener) -> None:
        self._listener = weakref.ref(listener)
        self._foreground, self._background = object(), object()  # what the worker knows us by
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
            on_step=self._in_turn(lambda listener, step: listener._step_arrived(step)),
            on_done=self._in_turn(lambda listener, _: listener._work_done()),
            on_error=self._in_turn(lambda listener, problem: listener._failed(problem)),
        )

    def submit_background(
        self, worker: Worker, work: Callable[[], Iterator[Any]], on_step: Callable[[Any, Any], None]
    ) -> Job:
        """Do what nobody waits for. `on_step(widget, step)` must not raise; errors are dropped."""

        def step_in_turn(step: Any) -> None:
            def tell() -> None:
                listener = self._listener()
                if listener is not None:
                    on_step(listener, step)

            turns.post(tell)

        return worker.submit(self._background, work, on_step=step_in_turn, background=True)

    def cancel(self, worker: Worker) -> None:
        """Cancel the request that is being worked on."""
        self.seq += 1
        worker.cancel(self._foreground)

    def cancel_all(self, worker: Worker) -> None:
        self.cancel(worker)
        worker.cancel(self._background)

    def _in_turn(self, tell: Callable[[Listener, Any], None]) -> Callable[[Any], None]:
        seq = self.seq

        def callback(value: Any) -> None:
            def change() -> None:
                listener = self._listener()
                if listener is not None and self.seq == seq:
                    tell(listener, value)

            turns.post(change)

        return callback
