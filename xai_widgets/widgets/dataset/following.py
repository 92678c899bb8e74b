"""Following a study: its run in this process, and blocks and verdicts that come from elsewhere."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from xai_widgets.progress import Progress
from xai_widgets.study import Study
from xai_widgets.study.store import VERDICTS
from xai_widgets.widgets.base import state_lock

_PAUSE = 0.1  # seconds between looks at a run
_SECONDS = 0.5  # between looks at the folder


def progress_of(study: Study, *, starting: bool) -> Iterator[Progress[int | None]]:
    """A study's run, as it goes on; with `starting`, a new one where none is running. The result is
    how many rows are done. Raises what the run failed of.
    """
    run = study.run(progress=False) if starting else study.last_run
    if run is None:
        yield Progress(1.0, None)
        return
    done = -1
    while run.state == "running":
        fresh = run.rows != done
        done = run.rows
        yield Progress(min(run.fraction, 0.999), done if fresh else None, run.words)
        time.sleep(_PAUSE)
    if run.error is not None:
        raise run.error
    yield Progress(1.0, run.rows)


class Follower:
    """A thread that looks at a study's folder as long as its widget is there."""

    def __init__(self, study: Study, news: Callable[[], None]) -> None:
        self._file = study.store.folder / VERDICTS
        self._size = self._measured()
        self._closed = threading.Event()
        method: Any = weakref.WeakMethod(news)
        thread = threading.Thread(
            target=_follow, args=(self._closed, method), daemon=True, name="xai_widgets dataset"
        )
        thread.start()

    def verdicts_changed(self) -> bool:
        """Whether verdicts were given or taken back since this was asked last."""
        before, self._size = self._size, self._measured()
        return before != self._size

    def _measured(self) -> int:
        try:
            return os.stat(self._file).st_size
        except OSError:
            return 0

    def close(self) -> None:
        """End the thread."""
        self._closed.set()


def _follow(closed: threading.Event, method: Callable[[], Callable[[], None] | None]) -> None:
    while not closed.wait(_SECONDS):
        news = method()
        if news is None:
            return
        guard: Any = news.__self__._guarded  # type: ignore[attr-defined]  # of the widget
        state_lock.post(_later(method, guard.__func__))
        del news, guard


def _later(method: Callable[[], Callable[[], None] | None], guarded: Any) -> Callable[[], None]:
    def act() -> None:
        news = method()
        if news is not None:
            guarded(news.__self__, news)  # type: ignore[attr-defined]

    return act
