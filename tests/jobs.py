"""Work for a worker that is let through step by step, and what its callbacks were told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from xai_widgets.engine.worker import Job

PATIENCE = 10.0


class Gate:
    """Work whose steps are let through one by one."""

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

    def let(self, steps: int = 1) -> None:
        for _ in range(steps):
            self.open.release()


class Heard:
    """What the callbacks were told, in order."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []

    def callbacks(self, name: str = "") -> dict[str, Callable[[Any], None]]:
        return {
            event: lambda value, event=event: self.events.append((f"{name}{event}", value))
            for event in ("on_step", "on_done", "on_error")
        }


def quick(*values: Any) -> Callable[[], Iterator[Any]]:
    return lambda: iter(values)


def over(*jobs: Job) -> None:
    for job in jobs:
        assert job.wait(PATIENCE)
