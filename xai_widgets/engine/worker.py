"""One worker thread per engine: the latest job of each owner wins, progress is reported, errors are
values.

Notebook hosts deliver a widget's messages on one thread shared by all widgets, so a handler must
only enqueue. Work is an iterator of steps; between steps it can be cancelled, and background work
makes way for what a person waits for, and begins once nobody has asked for anything for a while.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal

from xai_widgets.errors import ExplanationError
from xai_widgets.interrupts import deferred, ended, wait_for
from xai_widgets.precision import default_device

State = Literal["queued", "running", "done", "cancelled", "failed"]
Callback = Callable[[Any], None]

# An idle worker ends its thread, so that engines can be collected; the next job starts another.
_IDLE_SECONDS = 5.0
# Background work begins, and goes on, when nobody has asked for anything for so long: a view that
# is being built in a browser, on the same processors, comes first.
_REST_SECONDS = 0.3
_LEAVING_SECONDS = 20.0  # that a step may go on when Python ends
_log = logging.getLogger(__name__)


class Cancelled(BaseException):
    """Ends a step of a job that was cancelled during it."""


class Job:
    """A piece of submitted work. `state` says how far it is; `error` is the error that ended it, if
    there was one.
    """

    def __init__(
        self,
        owner: Hashable,
        work: Callable[[], Iterator[Any]],
        callbacks: dict[str, Callback | None],
        background: bool,
        urgent: bool,
        worker: Worker,
    ) -> None:
        self.owner: Hashable | None = owner
        self.background = background
        self.urgent = urgent
        self.state: State = "queued"
        self.error: BaseException | None = None
        self._work: Callable[[], Iterator[Any]] | None = work
        self._callbacks = callbacks
        self._steps: Iterator[Any] | None = None
        self._last: Any = None
        self._default_device = default_device()  # which belongs to a thread
        self._cancel = threading.Event()
        self._over = threading.Event()
        self._worker = weakref.ref(worker)

    def cancel(self) -> None:
        """Ask the job to stop; it does so before its next step. Nothing is reported after that."""
        with deferred():
            self._cancel.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the job is over, for at most `timeout` seconds; return whether it is. Raises
        ExplanationError on the worker's own thread, where it could not come to its end.
        """
        if not self.over and (worker := self._worker()) is not None:
            worker.check_elsewhere()
        return wait_for(self._over, timeout)

    @property
    def over(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self._over.is_set()

    @property
    def cancelled(self) -> bool:
        """Whether it has been asked to stop."""
        return self._cancel.is_set()

    def step(self) -> bool:
        """Do one step; return whether there may be more. Runs on the worker thread."""
        if self._cancel.is_set():
            return self._end("cancelled")
        self.state = "running"
        try:
            with self._as_submitted():
                if self._steps is None:
                    assert self._work is not None
                    self._steps = iter(self._work())
                self._last = next(self._steps)
        except StopIteration:
            if self._cancel.is_set():
                return self._end("cancelled")
            self._report("on_done", self._last)
            return self._end("done")
        except BaseException as error:  # errors are values here: they go to the job's owner
            if self._cancel.is_set():
                return self._end("cancelled")
            self.error = error
            self._report("on_error", error)
            return self._end("failed")
        if not self._cancel.is_set():
            self._report("on_step", self._last)
        return True

    def _as_submitted(self) -> AbstractContextManager[Any]:
        """The default device of the thread that submitted the job, for networks that rely on it."""
        plain = self._default_device == default_device()
        return nullcontext() if plain else self._default_device

    def _report(self, event: str, value: Any) -> None:
        callback = self._callbacks.get(event)
        if callback is None:
            return
        try:
            callback(value)
        except BaseException:  # the worker goes on with its other jobs
            _log.exception("a worker's %s callback failed", event)

    def _end(self, state: State) -> Literal[False]:
        close = getattr(self._steps, "close", None)
        try:
            if close is not None:
                close()
        except BaseException:  # as above
            _log.exception("a worker's job failed while it was closed")
        self.drop(state)
        return False

    def drop(self, state: State) -> None:
        """Mark the job as over and let go of everything it holds, especially its owner."""
        self.state = state
        self._work = self._steps = self._last = self.owner = None
        self._callbacks = {}
        self._over.set()


class Worker:
    """A queue of jobs and the thread that does them, one step at a time. Safe to use from any
    thread.
    """

    def __init__(self, name: str = "engine") -> None:
        self._name = name
        self._changed = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._background: deque[Job] = deque()
        self._running: Job | None = None
        self._interrupted: Job | None = None  # in the middle of a step
        self._leaving = False
        self._rested_at = 0.0  # when background work may go on
        self._thread: threading.Thread | None = None
        _workers.add(self)

    @property
    def is_here(self) -> bool:
        """Whether this is its thread."""
        return threading.current_thread() is self._thread

    def check_elsewhere(self) -> None:
        """Raise ExplanationError on its own thread, for whoever would wait there for what it does
        next.
        """
        if self.is_here:
            raise ExplanationError(
                f"thread {threading.current_thread().name} would wait for ever, for work that it "
                "is to do itself after this; what runs on an engine's thread (an observer of a "
                "widget, a method, a target function, a hook) must not wait for a widget, a study "
                "or a job of the same engine: wait in a cell, or in a thread of your own"
            )

    def leave(self) -> threading.Thread | None:
        """Cancel everything, and let the thread end, which is returned if there is one."""
        with deferred(), self._changed:
            for job in [*self._waiting, *self._background]:
                job.cancel()
            for running in (self._running, self._interrupted):
                if running is not None:
                    running.cancel()
            self._leaving = True
            self._changed.notify()
            return self._thread

    def submit(
        self,
        owner: Hashable,
        work: Callable[[], Iterator[Any]],
        *,
        on_step: Callback | None = None,
        on_done: Callback | None = None,
        on_error: Callback | None = None,
        background: bool = False,
        urgent: bool = False,
    ) -> Job:
        """Queue `work`: the items of its iterator go to `on_step`, the last one to `on_done` too.

        A new job cancels its owner's earlier ones; a background job cancels only background jobs,
        and begins when nothing has been submitted for a while. Everything else makes way for an
        urgent job. Callbacks run on the worker thread; none is
        called after a cancellation.
        """
        job = Job(
            owner,
            work,
            {"on_step": on_step, "on_done": on_done, "on_error": on_error},
            background,
            urgent,
            self,
        )
        with deferred():
            with self._changed:
                withdrawn = self._cancel(owner, only_background=background)
                self._rested_at = time.monotonic() + _REST_SECONDS
                if urgent:
                    self._waiting.insert(sum(other.urgent for other in self._waiting), job)
                else:
                    (self._background if background else self._waiting).append(job)
                if self._thread is None:
                    self._thread = threading.Thread(
                        target=self._run, name=f"xai_widgets {self._name}", daemon=True
                    )
                    self._thread.start()
                self._changed.notify()
            _end(withdrawn)
        return job

    def cancel(self, owner: Hashable) -> None:
        """Cancel all jobs of an owner."""
        with deferred():
            with self._changed:
                withdrawn = self._cancel(owner, only_background=False)
            _end(withdrawn)

    def give_way(self) -> bool:
        """To be called within a long step: do what is urgent first, and end the step if its job has
        been cancelled. Returns True; on any other thread, and within an urgent job, it does nothing
        and returns False.
        """
        job = self._running
        if job is None or job.urgent or threading.current_thread() is not self._thread:
            return False
        while (first := self._urgent()) is not None:
            while first.step():
                pass
            with self._changed:
                self._running, self._interrupted = job, None
        if job.cancelled:
            raise Cancelled
        return True

    def _urgent(self) -> Job | None:
        with self._changed:
            if not (self._waiting and self._waiting[0].urgent):
                return None
            self._interrupted, self._running = self._running, self._waiting.popleft()
            return self._running

    def _cancel(self, owner: Hashable, *, only_background: bool) -> list[Job]:
        """Cancel the owner's jobs; returned are those that only have to be ended."""
        queues = [self._background] if only_background else [self._background, self._waiting]
        withdrawn = []
        for queue in queues:
            for job in [job for job in queue if job.owner == owner]:
                queue.remove(job)
                job.cancel()
                withdrawn.append(job)
        for begun in (self._running, self._interrupted):
            if begun is None or begun.owner != owner:
                continue
            if begun.background or not only_background:
                begun.cancel()
        return withdrawn

    def _next(self) -> Job | None:
        with self._changed:
            if self._running is not None and not self._running.background:
                self._rested_at = time.monotonic() + _REST_SECONDS
            self._running = None
            until = time.monotonic() + _IDLE_SECONDS
            while not (self._waiting or self._leaving):
                end = self._rested_at if self._background else until
                left = end - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            if self._waiting:
                self._running = self._waiting.popleft()
            elif self._background:
                self._running = self._background.popleft()
            else:
                self._thread = None
            return self._running

    def _run(self) -> None:
        while (job := self._next()) is not None:
            while job.step():
                if self._makes_way(job):
                    break
            del job

    def _makes_way(self, job: Job) -> bool:
        """Whether the job was put back: background work makes way for what a person waits for, and
        that for what is urgent.
        """
        with self._changed:
            first = self._waiting[0] if self._waiting else None
            if first is None or job.urgent or not (job.background or first.urgent):
                return False
            if job.background:
                self._background.appendleft(job)
            else:
                self._waiting.insert(sum(other.urgent for other in self._waiting), job)
            self._running = None
            return True


def _end(withdrawn: list[Job]) -> None:
    """Close what cancelled jobs have begun: code of anybody's, so no lock is held meanwhile."""
    for job in withdrawn:
        job.step()


_workers: weakref.WeakSet[Worker] = weakref.WeakSet()


@atexit.register
def _leave() -> None:
    """A thread that is still inside PyTorch when Python ends crashes the whole process."""
    for thread in [worker.leave() for worker in list(_workers)]:
        if thread is not None and thread is not threading.current_thread():
            ended(thread, _LEAVING_SECONDS)
