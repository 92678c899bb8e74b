"""The file that an evaluation writes its values to, and resumes from."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from xai_widgets.errors import ExplanationError
from xai_widgets.files import irregular, parsed, path_of

_START = b'{"key"'
_EXPECTED = "a new file or one that evaluate wrote"
_LONGEST = 2**20  # bytes of a line: a key, a number, and sentences


class Ledger:
    """Values by key in a file of JSON lines, each appended in one write as soon as it is known.

    A last line without its end, left by a kill, is cut off when the file is next opened; a line
    that cannot be read, or holds something other than a measurement (a number, the name of a
    target, and warnings), counts as absent. None for a path keeps everything in memory only. Raises
    ExplanationError for a path that is no file, one that holds something else, and where the file
    cannot be written.
    """

    def __init__(self, path: str | Path | None) -> None:
        self._path = None if path is None else path_of(path, "resume")
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
            try:
                with open(self._path, "ab", buffering=0) as file:
                    file.write(line.encode() + b"\n")
                    os.fsync(file.fileno())
            except OSError as error:
                raise _unusable(self._path, str(error)) from error
        self._entries[key] = json.loads(line)
        return self._entries[key]

    def _open(self, path: Path) -> None:
        found = irregular(path)
        if found not in (None, "no file"):
            raise _unusable(path, f"it is {found}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            whole = self._read(path)
            if whole < path.stat().st_size:
                os.truncate(path, whole)
        except OSError as error:
            raise _unusable(path, str(error)) from error

    def _read(self, path: Path) -> int:
        """Take over all whole lines; returns the number of bytes to the end of the last one."""
        whole = 0
        with path.open("rb") as file:
            first = file.read(len(_START))
            if first != _START[: len(first)]:
                raise ExplanationError(
                    f'resume is "{path}", which holds something other than an evaluation; expected '
                    f"{_EXPECTED}"
                )
            file.seek(0)
            while line := file.readline(_LONGEST):
                measured = line.endswith(b"\n")
                while line and not line.endswith(b"\n"):  # too long for a measurement
                    line = file.readline(_LONGEST)
                if line:
                    whole = file.tell()
                if measured and (entry := _measurement(line)) is not None:
                    self._entries[entry["key"]] = entry
        return whole


def _measurement(line: bytes) -> dict[str, Any] | None:
    """The entry in a line; None where it holds none."""
    try:
        entry = parsed(line)
    except ValueError:
        return None
    if not isinstance(entry, dict):
        return None
    value, warnings = entry.get("value"), entry.get("warnings", [])
    sound = (
        isinstance(entry.get("key"), str)
        and isinstance(entry.get("target"), str)
        and (isinstance(value, float) or (type(value) is int and abs(value) < 2**53))
        and isinstance(warnings, list)
        and all(isinstance(warning, str) for warning in warnings)
    )
    return entry if sound else None


def _unusable(path: Path, reason: str) -> ExplanationError:
    return ExplanationError(
        f'resume is "{path}", which cannot be used: {reason}; expected {_EXPECTED}'
    )
