"""Whether something on disk is a file that can be read, said before it is opened: opening a named
pipe waits for whoever writes into it, and a device may never end.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

from xai_widgets.errors import ExplanationError, brief

__all__ = ["check_regular", "irregular", "path_of"]

_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


def path_of(given: object, what: str) -> Path:
    """A path given as text, bytes or a path. Raises ExplanationError, naming `what`, for anything
    else, and for a NUL in it, which no path can have.
    """
    if not isinstance(given, (str, bytes, os.PathLike)):
        raise ExplanationError(f"{what} is {brief(given)}; expected a path")
    text = os.fsdecode(given)
    if "\0" in text:
        raise ExplanationError(f"{what} is {brief(text)}, which has a NUL in it; expected a path")
    return Path(text).expanduser() if text.startswith("~") else Path(text)


def irregular(path: Path) -> str | None:
    """What there is in place of a regular file, in words such as "a folder", or "no file"; None
    where it is one. Links are followed.
    """
    try:
        mode = path.stat().st_mode
    except ValueError:
        return "no path, as it has a NUL in it"
    except OSError as error:
        if error.errno == errno.ELOOP:
            return "a link that leads back to itself"
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return "a link to nothing" if path.is_symlink() else "no file"
        return f"a path that cannot be read ({error.strerror})"
    if stat.S_ISREG(mode):
        return None
    return next((words for is_kind, words in _KINDS if is_kind(mode)), "no regular file")


def check_regular(path: Path, what: str, expected: str) -> None:
    """Raise ExplanationError unless `path` is a regular file that is not empty; `what` it should be
    and what was `expected` are for the words, such as "checkpoint" and "a file of weights".
    """
    found = irregular(path)
    if found == "no file":
        raise ExplanationError(f'there is no {what} "{path}"; expected {expected}')
    if found is not None:
        raise ExplanationError(f'the {what} "{path}" is {found}; expected {expected}')
    if path.stat().st_size == 0:
        raise ExplanationError(f'the {what} "{path}" is empty (0 bytes); expected {expected}')
