"""A file of finished values, one line each, that survives being cut off at any point."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from xai_widgets.errors import ExplanationError

_START = b'{"key"'


class Ledger:
    """Values by key in a file of JSON lines, each appended in one write as soon as it is known.

    A last line without its end, left by a kill, is cut off when the file is next opened; a line
    that cannot be read counts as absent. None for a path keeps everything in memory only. Raises
    ExplanationError for a path that is a folder or holds something else.
    """

    def __init__(self, path: str | Path | None) -> None:
        self._path = None if path is None else Path(path)
        self._entries: dict[str, dict[str, Any]] = {}
        if self._path is not None:
            self._open(self._path)

    def get(self, key: str) -> dict[str, Any] | None:
        """What was written under a key, or None."""
        return self._entries.get(key)

    def put(self, key: str, **entry: Any) -> dict[str, Any]:
        """Write an entry under a key; returns it as `get` will give it."""
        line = json.dumps({"key": key, **entry})
        if self._path is not None:
            with open(self._path, "ab", buffering=0) as file:
                file.write(line.encode() + b"\n")
                os.fsync(file.fileno())
        self._entries[key] = json.loads(line)
        return self._entries[key]

    def _open(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            content = path.read_bytes()
        except OSError as error:
            raise ExplanationError(
                f'resume is "{path}", which cannot be used: {error}; expected a file'
            ) from error
        if not content.startswith(_START[: len(content)]):
            raise ExplanationError(
                f'resume is "{path}", which holds something other than an evaluation; expected a '
                "new file or one that evaluate wrote"
            )
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(path, whole)
        read = (_entry(line) for line in content[:whole].splitlines())
        self._entries = {entry["key"]: entry for entry in read if entry is not None}


def _entry(line: bytes) -> dict[str, Any] | None:
    """The entry that a line holds, or None where it holds none."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    whole = isinstance(entry, dict) and {"key", "value", "target"} <= entry.keys()
    return entry if whole else None
