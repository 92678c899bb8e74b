"""A study at work: blocks claimed one by one, here in the background, or by an executor."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

from xai_widgets.engine import Engine
from xai_widgets.engine.executors import Executor
from xai_widgets.errors import ExplanationError
from xai_widgets.interrupts import deferred, wait_for
from xai_widgets.progress import Progress
from xai_widgets.shares import percent
from xai_widgets.study.blocks import Computed
from xai_widgets.study.leases import Leases
from xai_widgets.study.store import Store

__all__ = ["Run", "block_order", "block_steps", "executor_steps"]

Compute = Callable[[range], Iterator[Computed]]
_PAUSE = 0.2  # seconds between looks at blocks that others compute


def block_order(blocks: int) -> list[int]:
    """The blocks in the order in which this runner tries them: beginning at its own share, by RANK
    and WORLD_SIZE, or SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT, or SLURM_PROCID and
    SLURM_NTASKS. Each runner tries all of them in the end, so that none is missing where a runner
    is.
    """
    rank, count = _share()
    start = blocks * rank // count
    return [*range(start, blocks), *range(start)]


def _share() -> tuple[int, int]:
    names = (
        ("RANK", "WORLD_SIZE", ""),
        ("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN"),
        ("SLURM_PROCID", "SLURM_NTASKS", ""),
    )
    for rank, count, first in names:
        try:
            own, of = int(os.environ[rank]), int(os.environ[count])
        except (KeyError, ValueError):
            continue
        own -= int(os.environ.get(first, "0") or 0) if first else 0
        if of > 1:
            return own % of, of
    return 0, 1


def block_steps(
    store: Store,
    compute: Compute,
    order: Sequence[int],
    *,
    wait: bool = True,
    timeout: float | None = None,
    unchanged: Callable[[], bool] = lambda: True,
    finished: Callable[[], object] = lambda: None,
) -> Iterator[Progress[int]]:
    """Compute the blocks that are missing, in that order, each under its lease; the result is how
    many rows are done. With ``wait``, stay until blocks that others compute are there too.
    ``finished`` is called whenever a block is.

    Raises ExplanationError where the network has changed meanwhile.
    """
    leases = Leases(store.folder / "leases", *([] if timeout is None else [timeout]))
    done = {number for number in order if store.has(number)}
    total = sum(len(store.range_of(number)) for number in order) or 1

    def progress(extra: int = 0, words: str = "") -> Progress[int]:
        rows = sum(len(store.range_of(number)) for number in done) + extra
        return Progress(min(rows / total, 1.0), rows, words or f"{rows:,} of {total:,} pictures")

    yield progress()
    waiting = deque(number for number in order if number not in done)
    while waiting:
        skipped = []
        for number in waiting:
            if store.has(number):
                done.add(number)
                finished()
                continue
            if not leases.claim(number):
                skipped.append(number)
                continue
            with leases.kept(number):
                if not store.has(number):
                    with closing(compute(store.range_of(number))) as steps:  # type: ignore[type-var]  # generators
                        for step in steps:
                            if step.tensors is None:
                                yield progress(step.done)
                            else:
                                _check_unchanged(unchanged)
                                store.write_block(number, step.tensors, step.notes or {})
            done.add(number)
            finished()
            yield progress()
        waiting = deque(skipped)
        if waiting and not wait:
            return
        if waiting:
            yield progress(0, f"waiting for {len(waiting)} blocks that other runners compute")
            time.sleep(_PAUSE)
    yield progress()


def _check_unchanged(unchanged: Callable[[], bool]) -> None:
    if not unchanged():
        raise ExplanationError(
            "the network has changed while the study was computed, so that its last block was not "
            "kept; stop what changes it (training, another cell), set it back, and run again, or "
            "give the changed network a study of its own, with another folder="
        )


def executor_steps(
    store: Store,
    executor: Executor,
    task: Callable[..., Any],
    arguments: Sequence[Any],
    order: Sequence[int],
    finished: Callable[[], object],
    stopped: threading.Event,
) -> Iterator[Progress[int]]:
    """Give each missing block to an executor; `task` is called with the arguments and the block's
    number, there.
    """
    total = sum(len(store.range_of(number)) for number in order) or 1
    missing = [number for number in order if not store.has(number)]
    rows = total - sum(len(store.range_of(number)) for number in missing)
    yield Progress(rows / total, rows, f"{rows:,} of {total:,} pictures")
    futures = [(number, executor.submit(task, *arguments, number)) for number in missing]
    try:
        for number, future in futures:
            if stopped.is_set():
                return
            _result(future, stopped)
            if stopped.is_set():
                return
            if (problem := store.problem(number)) is not None:
                raise ExplanationError(
                    f"the executor has finished block {number}, but "
                    f'"{store.path_of(number)}" {problem}; do all its machines see the folder '
                    f'"{store.folder.resolve()}"?'
                )
            rows += len(store.range_of(number))
            finished()
            yield Progress(rows / total, rows, f"{rows:,} of {total:,} pictures")
    finally:
        for _, future in futures:
            if hasattr(future, "cancel"):
                future.cancel()


def _result(future: Any, stopped: threading.Event) -> Any:
    """A future's result, or None once the run is stopped."""
    if callable(getattr(future, "done", None)):
        while not future.done():
            if stopped.wait(0.02):
                return None
    return future.result()


class Run:
    """A study at work in the background.

        run = study.run(); run.fraction; run.stop(); run.wait()

    `state` is "running", "done", "stopped" or "failed"; `error` is what it failed of.
    """

    def __init__(
        self,
        steps: Callable[[threading.Event], Iterator[Progress[int]]],
        *,
        engine: Engine | None,
        progress: bool,
    ) -> None:
        self.fraction = 0.0
        self.words = "waiting"
        self.rows = 0
        self.error: BaseException | None = None
        self._stopped = threading.Event()
        self._over = threading.Event()
        self._bar: Any = _bar() if progress else None
        self._job: Any = None
        if engine is None:
            thread = threading.Thread(
                target=self._drive, args=(steps,), daemon=True, name="xai_widgets study"
            )
            with deferred():
                thread.start()
        else:
            self._job = engine.internals.worker.submit(
                self,
                lambda: self._counted(steps(self._stopped)),
                on_error=self._failed,
                background=True,
            )

    @property
    def state(self) -> str:
        """How far it is, in a word."""
        if self.error is not None:
            return "failed"
        if not self._is_over():
            return "running"
        return "done" if self.fraction >= 1 else "stopped"

    def stop(self, timeout: float = 60.0) -> None:
        """Ask it to stop, and wait until it has; what is finished is kept."""
        with deferred():
            self._stopped.set()
            if self._job is not None:
                self._job.cancel()
        self._join(timeout)
        self._close_bar()  # of a run that had not begun nobody else does

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is over, for at most ``timeout`` seconds; return whether it is. Raises
        what it failed of.
        """
        over = self._join(timeout)
        if over and self.error is not None:
            raise self.error
        return over

    def _join(self, timeout: float | None) -> bool:
        over = self._job.wait(timeout) if self._job is not None else wait_for(self._over, timeout)
        if over:
            self._close_bar()
        return bool(over)

    def _is_over(self) -> bool:
        return bool(self._job.over if self._job is not None else self._over.is_set())

    def _counted(self, steps: Iterator[Progress[int]]) -> Iterator[Progress[int]]:
        try:
            for step in steps:
                self.fraction, self.words, self.rows = step.fraction, step.words, step.result
                if (bar := self._bar) is not None:
                    bar.set_postfix_str(step.words, refresh=False)
                    bar.update(step.fraction - bar.n)
                yield step
                if self._stopped.is_set():
                    return
        finally:
            self._close_bar()
            close = getattr(steps, "close", None)
            if close is not None:
                close()

    def _drive(self, steps: Callable[[threading.Event], Iterator[Progress[int]]]) -> None:
        try:
            for _ in self._counted(steps(self._stopped)):
                pass
        except BaseException as error:  # errors are values here: `wait` raises them
            self._failed(error)
        finally:
            self._over.set()

    def _failed(self, error: BaseException) -> None:
        self.error = error
        self.words = str(error)

    def _close_bar(self) -> None:
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.close()

    def __repr__(self) -> str:
        return f"Run({self.state}, {percent(self.fraction)}: {self.words})"


def _bar() -> Any:
    from tqdm.auto import tqdm

    form = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"
    return tqdm(total=1.0, desc="Study", bar_format=form)
