"""A study that computes itself: here in the background, or by an executor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from xai_widgets.engine.executors import check_executor, works_here
from xai_widgets.errors import ExplanationError, strict_keywords
from xai_widgets.study.core import StudyCore
from xai_widgets.study.fingerprints import network_digest
from xai_widgets.study.leases import TIMEOUT
from xai_widgets.study.running import (
    Run,
    block_order,
    block_steps,
    executor_steps,
)
from xai_widgets.study.tasks import compute_task

__all__ = ["RunningStudy"]


class RunningStudy(StudyCore):
    """A study, and its run."""

    @strict_keywords
    def run(
        self,
        executor: Any = None,
        *,
        wait: bool = False,
        progress: bool = True,
        timeout: float = TIMEOUT,
    ) -> Run:
        """Compute what is missing, in the background; it goes on where it was cut off.

        executor: anything with `submit`, whose workers make the engine by the study's recipe; left
        out, this process computes, and live widgets go first. wait: until it is done. timeout:
        seconds after which the lease of a runner that shows no sign of life is taken over.

        Returns a `Run` with fraction, stop() and wait(). Raises ExplanationError where the network
        is not the study's any more, and for an executor whose workers cannot make the engine.
        """
        self._need_engine("run")
        if self._run is not None and self._run.state == "running":
            if wait:
                self._run.wait()
            return self._run
        assert self.engine is not None
        if network_digest(self.engine) != self.store.manifest["fingerprint"]["network"]:
            raise ExplanationError(
                "the network has other weights now than when the study was made; set them back, "
                "or give the changed network a study of its own, with another folder="
            )
        order = block_order(self.store.blocks)
        if executor is None:
            self._run = Run(
                lambda stopped: self._steps(order, timeout),
                engine=self.engine,
                progress=progress,
            )
        else:
            task, arguments = self._task(executor)
            self._run = Run(
                partial(executor_steps, self.store, executor, task, arguments, order, self.refresh),
                engine=None,
                progress=progress,
            )
        if wait:
            self._run.wait()
            self.refresh()
        return self._run

    @property
    def last_run(self) -> Run | None:
        """The run that was begun last in this process; None where there was none."""
        return self._run

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the run is over; return whether it is. Raises what it failed of."""
        over = True if self._run is None else self._run.wait(timeout)
        self.refresh()
        return over

    def _steps(self, order: Sequence[int], timeout: float) -> Iterator[Any]:
        assert self.engine is not None
        network = self.engine.internals.network
        digest = self.store.manifest["fingerprint"]["network"]
        state = [network.state()]

        def unchanged() -> bool:
            now = network.state()
            if now == state[0]:
                return True
            # What a network keeps of its own runs is no change of its weights.
            assert self.engine is not None
            state[0] = now
            return network_digest(self.engine) == str(digest)

        yield from block_steps(
            self.store,
            self.compute,
            order,
            timeout=timeout,
            unchanged=unchanged,
            finished=self.refresh,
        )

    def _task(self, executor: Any) -> tuple[Any, tuple[Any, ...]]:
        """The function that an executor's workers call, and its arguments but for the block."""
        check_executor(executor)
        if works_here(executor):
            return self._compute_here, ()
        recipe = self.recipe
        if recipe is None:
            raise ExplanationError(
                "the workers of an executor make the engine themselves, so the study needs a "
                "recipe: put a function that returns the engine into a file, my_module.py, and "
                'give Study(..., recipe="my_module:make_engine"). A network whose weights are in '
                "no file: recipe=dict(factory=..., weights=True) stores them in the study's folder"
            )
        if recipe.data is None:
            assert self.source is not None
            raise ExplanationError(
                f"the workers of an executor open the pictures themselves, and {self.source.kind} "
                'is only in this process; give recipe=dict(factory=..., data="my_module:make_data")'
                ", whose function returns the same pictures, or the path of a folder or file"
            )
        return compute_task, (str(self.store.folder.resolve()), recipe.to_json())

    def _compute_here(self, number: int) -> int:
        for _ in block_steps(self.store, self.compute, [number]):
            pass
        return number
