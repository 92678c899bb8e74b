"""Work for a worker whose steps are released one by one, and a record of its callbacks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from xai_widgets.engine.worker import Job

PATIENCE = 100.0


class Gate:
    """Work whose steps are released one by one."""

    def __init__(self, steps: int = 3) -> None:
        self.steps = steps
        self.reached = threading.Semaphore(0)
        self.open = threading.Semaphore(0)
        self.closed = threading.Event()
        self.done: list[int] = []

    def __call__(self) -> Iterator[int]:
        try:
            for i in range(self.steps):
                self.reached.release()
                assert self.open.acquire(timeout=PATIENCE)
                self.done.append(i)
                yield i
        finally:
            self.closed.set()

    def wait(self) -> None:
        """Until the work stands before its next step."""
        assert self.reached.acquire(timeout=PATIENCE)

    def open_for(self, steps: int = 1) -> None:
        for _ in range(steps):
            self.open.release()


class Events:
    """The calls of a job's callbacks, in order."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []

    def callbacks(self, name: str = "") -> dict[str, Callable[[Any], None]]:
        return {
            event: lambda value, event=event: self.calls.append((f"{name}{event}", value))
            for event in ("on_step", "on_done", "on_error")
        }


def work_of(*values: Any) -> Callable[[], Iterator[Any]]:
    return lambda: iter(values)


def wait_for(*jobs: Job) -> None:
    for job in jobs:
        assert job.wait(PATIENCE)
