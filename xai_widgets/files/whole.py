"""Files written whole or not at all."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from xai_widgets.errors import ExplanationError
from xai_widgets.files.regular import irregular, path_of

__all__ = ["write_file", "write_whole"]


def write_whole(file: Path, content: bytes) -> None:
    """Write aside, then rename: a reader sees the old file or the new one, never half of one.

    A link is followed, and a file that is replaced keeps its permissions. Raises OSError.
    """
    file = Path(os.path.realpath(file))
    aside = file.with_name(f".{uuid4().hex}.part")
    try:
        aside.write_bytes(content)
        with suppress(FileNotFoundError):
            aside.chmod(stat.S_IMODE(file.stat().st_mode))
        os.replace(aside, file)
    finally:
        aside.unlink(missing_ok=True)


def write_file(given: object, content: bytes, what: str) -> Path:
    """Write a file at a path that somebody gave, whole or not at all; returns the path.

    Raises ExplanationError, naming `what`, where no file can be written there: the folder is
    missing, there is something other than a file, or the disk is full.
    """
    path = path_of(given, what)
    found = irregular(path)
    if found not in (None, "no file", "a link to nothing"):
        raise ExplanationError(
            f'{what} is "{path}", which is {found}; expected the name of a file to write'
        )
    if found is not None and not path.parent.is_dir():
        raise ExplanationError(
            f'{what} is "{path}", and there is no folder "{path.parent}"; make it first'
        )
    try:
        write_whole(path, content)
    except OSError as error:
        raise ExplanationError(f'{what} is "{path}", which cannot be written: {error}') from error
    return path
