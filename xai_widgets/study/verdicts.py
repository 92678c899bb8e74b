"""What people decided about rows: a file that is only ever appended to."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.errors import ExplanationError, brief
from xai_widgets.study.store import VERDICTS, Store

__all__ = ["Verdict", "Verdicts"]

_LONGEST = 200


@dataclass(frozen=True)
class Verdict:
    """A word about rows, when it was given, and by whom."""

    rows: tuple[int, ...]
    word: str
    time: str
    by: str = ""

    def __str__(self) -> str:
        several = f"{len(self.rows):,} rows" if len(self.rows) != 1 else f"row {self.rows[0]}"
        return (
            f"{self.word or 'no verdict'}: {several} ({self.time}{', ' * bool(self.by)}{self.by})"
        )


class Verdicts:
    """The verdicts of a study; each is on disk when `give` returns. Of several about a row the last
    counts.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def give(self, rows: Sequence[int] | npt.NDArray[Any], word: str) -> Verdict:
        """Decide about rows; an empty word takes back what was decided. Raises ExplanationError for
        rows that there are not.
        """
        if not isinstance(word, str) or len(word) > _LONGEST:
            raise ExplanationError(
                f'the verdict is {brief(word)}; expected a word or a few, such as "wrong label"'
            )
        wanted = [int(row) for row in np.atleast_1d(np.asarray(rows)).ravel()]
        bad = [row for row in wanted if not 0 <= row < self._store.count]
        if bad:
            raise ExplanationError(
                f"row {bad[0]} is none of the study's; expected 0 to {self._store.count - 1}"
            )
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        verdict = Verdict(tuple(wanted), " ".join(word.split()), now, _user())
        self._append({"rows": wanted, "verdict": verdict.word, "time": now, "by": verdict.by})
        return verdict

    def undo(self) -> Verdict | None:
        """Take the last verdict back, and return it; None where there is none."""
        given = self.all()
        if not given:
            return None
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        self._append({"undo": True, "time": now})
        return given[-1]

    def _append(self, entry: dict[str, Any]) -> None:
        file = self._store._inside(VERDICTS)
        line = (json.dumps(entry, ensure_ascii=False) + "\n").encode()
        try:
            # One write of one line, at the end: several writers do not mix theirs.
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                if self._cut_off():
                    line = b"\n" + line
                os.write(handle, line)
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise ExplanationError(f'"{file}" cannot be written: {error}') from error

    def _cut_off(self) -> bool:
        """Whether the last line has no end."""
        file = self._store.folder / VERDICTS
        if file.stat().st_size == 0:
            return False
        with open(file, "rb") as content:
            content.seek(-1, os.SEEK_END)
            return content.read(1) != b"\n"

    def all(self) -> list[Verdict]:
        """The verdicts in the order they were given, without those that were taken back. Lines
        that are none, as one that was cut off, are passed over.
        """
        file = self._store._inside(VERDICTS)
        if not file.is_file():
            return []
        found: list[Verdict] = []
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if not isinstance(entry, dict):
                continue
            if entry.get("undo") is True:
                if found:
                    found.pop()
                continue
            rows, word = entry.get("rows"), entry.get("verdict")
            sound = isinstance(rows, list) and all(
                isinstance(r, int) and 0 <= r < self._store.count for r in rows
            )
            if sound and isinstance(rows, list) and isinstance(word, str):
                by, time = str(entry.get("by", "")), str(entry.get("time", ""))
                found.append(Verdict(tuple(rows), word[:_LONGEST], time, by))
        return found

    def column(self) -> npt.NDArray[Any]:
        """The last verdict about each row, "" where there is none."""
        words = [""] * self._store.count
        for verdict in self.all():
            for row in verdict.rows:
                words[row] = verdict.word
        return np.array(words)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
