"""A widget whose state may be written from any thread, and the browser half that goes with it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anywidget

from xai_widgets.widgets.base import state_lock

_STATIC = Path(__file__).resolve().parents[2] / "static"


def bundle(name: str | Path) -> str | Path:
    """The built file `name` of `xai_widgets/static`, or one elsewhere by its absolute path.

    Its text, because anywidget watches a path for as long as the process lives, and with it every
    widget ever made. A path only with ANYWIDGET_HMR=1, which reloads the browser half of the
    widgets on the screen when the file is built anew.
    """
    path = _STATIC / name
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: the browser half of the widgets was not built into this "
            "installation. In a clone of the repository, `make js` builds it."
        )
    if os.environ.get("ANYWIDGET_HMR") == "1":
        return path
    # anywidget takes a text without a line break for a file name.
    return path.read_text(encoding="utf-8").rstrip("\n") + "\n"


class Channel(anywidget.AnyWidget):
    """Whoever writes holds the lock (see `state_lock`); values the browser may not set are put
    back.

    A subclass names the folder of its browser half in `xai_widgets/static` (or elsewhere, by an
    absolute path) as `_static`: `index.js` and `style.css` are taken from there.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        folder = cls.__dict__.get("_static")
        if folder is not None:
            cls._esm = bundle(Path(folder) / "index.js")
            cls._css = bundle(Path(folder) / "style.css")
        super().__init_subclass__(**options)

    def _changed_together(self) -> None:
        """Several traits have changed as one."""

    def _refused(self, problem: Exception) -> None:
        """The browser has set a trait to a value that it cannot have."""

    def __setattr__(self, name: str, value: Any) -> None:
        with state_lock.held():
            super().__setattr__(name, value)

    @contextmanager
    def hold_trait_notifications(self) -> Iterator[None]:
        """Changes made within this context are one change."""
        with state_lock.held():
            try:
                with super().hold_trait_notifications():
                    yield
            finally:
                self._changed_together()

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take over what the browser changed."""
        with state_lock.held():
            try:
                super().set_state(sync_data)
            except Exception as problem:  # nobody would see what leaves a handler here
                self._refused(problem)
                self.send_state([name for name in sync_data if name in self.keys])

    def open(self) -> None:
        with state_lock.held():
            super().open()
            self._answer_on_any_thread()

    def _send(self, msg: Any, buffers: Any = None) -> None:
        super()._send(msg, buffers)
        self._answer_on_any_thread()

    def _answer_on_any_thread(self) -> None:
        # ipykernel 7.4 delivers the browser's messages on the thread that sent last: after a cell
        # has written a trait, Stop would wait until the cell that is running now ends. Without this
        # note it delivers them on the thread that serves the browser while cells run.
        if self.comm is not None:
            self.comm.__dict__.pop("_reply_subshell_id", None)
