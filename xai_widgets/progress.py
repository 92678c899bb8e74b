"""Ground floor: one line of a terminal, written over and over."""

from __future__ import annotations

import time
from typing import TextIO

__all__ = ["Line"]

_REFRESH = 0.25  # seconds


class Line:
    """Shows the latest text in one line of a stream, no oftener than anybody can read it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._last = stream, 0.0

    def show(self, text: str, *, done: bool = False) -> None:
        """Write the text over the last one; what is done is always written, and stays."""
        if done or time.monotonic() - self._last >= _REFRESH:
            self._last = time.monotonic()
            self._stream.write(f"\r\x1b[2K{text}" + "\n" * done)
            self._stream.flush()
