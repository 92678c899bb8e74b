"""A widget whose state may be written from any thread, and that never loses what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anywidget

from xai_widgets.widgets.base import turns


class Channel(anywidget.AnyWidget):
    """Writers take turns (see `turns`); what the browser cannot have set is put back."""

    def _changed_together(self) -> None:
        """Several traits have changed as one."""

    def _refused(self, problem: Exception) -> None:
        """The browser has asked for what cannot be."""

    def __setattr__(self, name: str, value: Any) -> None:
        with turns.taken():
            super().__setattr__(name, value)

    @contextmanager
    def hold_trait_notifications(self) -> Iterator[None]:
        """Changes made within this context are one change."""
        with turns.taken():
            try:
                with super().hold_trait_notifications():
                    yield
            finally:
                self._changed_together()

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take over what the browser changed."""
        with turns.taken():
            try:
                super().set_state(sync_data)
            except Exception as problem:  # whatever leaves a handler here is seen by nobody
                self._refused(problem)
                self.send_state([name for name in sync_data if name in self.keys])

    def open(self) -> None:
        with turns.taken():
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
