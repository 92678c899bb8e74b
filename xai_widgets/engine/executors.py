"""Work that is given away: to threads, processes, or machines."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from xai_widgets.errors import ExplanationError, a_kind

__all__ = ["Executor", "check_executor", "mend_threads", "works_here"]

_IMPORTED_BY = os.getpid()


class Executor(Protocol):
    """Anything with `submit`: concurrent.futures, loky, dask, executorlib, submitit, mpi4py."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Any: ...


def check_executor(executor: Any) -> None:
    """Raise ExplanationError for anything without `submit`."""
    if not callable(getattr(executor, "submit", None)):
        raise ExplanationError(
            f"executor is {a_kind(executor)} without submit; expected one of concurrent.futures, "
            "loky.get_reusable_executor(), dask.distributed.Client(...).get_executor() or the like"
        )


def works_here(executor: Any) -> bool:
    """Whether its workers are threads of this process, which use the engine that is here."""
    return isinstance(executor, ThreadPoolExecutor)


def mend_threads() -> None:
    """To be called in a worker before it computes: in a forked process, the threads that PyTorch
    had before are gone, and it would wait for them.
    """
    if os.getpid() != _IMPORTED_BY:
        import torch

        torch.set_num_threads(1)
