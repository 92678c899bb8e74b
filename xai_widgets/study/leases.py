"""Who computes a block: a file that only one runner can make, and that is worth nothing once its
runner is gone.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from xai_widgets.errors import ExplanationError
from xai_widgets.interrupts import deferred

__all__ = ["TIMEOUT", "Leases"]

TIMEOUT = 600.0  # seconds without a sign of life
_UNSIGNED = 5.0  # the same for a lease that names nobody


class Leases:
    """The leases of one runner in a study's folder ``leases``.

    A lease that has not been renewed for ``timeout`` seconds, or whose process has ended on this
    machine, is taken over. Ages are read off the file system's own clock, since clocks of machines
    differ.
    """

    def __init__(self, folder: Path, timeout: float = TIMEOUT) -> None:
        self._folder = folder
        self._timeout = timeout
        self._owner = {
            "host": socket.gethostname(),
            "process": os.getpid(),
            "runner": uuid.uuid4().hex,
        }

    def claim(self, number: int) -> bool:
        """Take the lease of a block; False where another runner has it."""
        file = self._file(number)
        with suppress(OSError):
            self._folder.mkdir(exist_ok=True)
        if self._make(file):
            return True
        if not self._abandoned(file):
            return False
        # Renaming is atomic: of several runners that see it abandoned one removes it.
        aside = file.with_name(f".{file.name}.{uuid.uuid4().hex}.part")
        try:
            os.rename(file, aside)
        except OSError:
            return False
        with suppress(OSError):
            aside.unlink()
        return self._make(file)

    def held_by_another(self, number: int) -> bool:
        """Whether a living runner, other than this, computes a block."""
        file = self._file(number)
        return file.exists() and self._read(file) != self._owner and not self._abandoned(file)

    def renew(self, number: int) -> None:
        """Show a sign of life."""
        with suppress(OSError):
            os.utime(self._file(number))

    def release(self, number: int) -> None:
        """Give a lease back, if it is still this runner's."""
        file = self._file(number)
        if self._read(file) == self._owner:
            with suppress(OSError):
                file.unlink()

    @contextmanager
    def kept(self, number: int) -> Iterator[None]:
        """Renew a lease in the background while inside, and give it back at the end."""
        over = threading.Event()

        def renewing() -> None:
            while not over.wait(min(self._timeout / 4, 30.0)):
                self.renew(number)

        thread = threading.Thread(target=renewing, daemon=True, name="xai_widgets lease")
        try:
            with deferred():
                thread.start()
            yield
        finally:
            with deferred():
                over.set()
                self.release(number)

    def _file(self, number: int) -> Path:
        return self._folder / f"{number:05}"

    def _make(self, file: Path) -> bool:
        try:
            handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        except FileExistsError:
            return False
        except OSError as error:
            raise ExplanationError(f'"{file}" cannot be written: {error.strerror}') from error
        with suppress(OSError), os.fdopen(handle, "w") as out:
            json.dump(self._owner, out)
        return True

    def _read(self, file: Path) -> dict[str, object] | None:
        try:
            owner = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return owner if isinstance(owner, dict) else None

    def _abandoned(self, file: Path) -> bool:
        owner = self._read(file)
        if owner is not None and owner.get("host") == self._owner["host"]:
            process = owner.get("process")
            if isinstance(process, int) and process != os.getpid() and not _lives(process):
                return True
        # One without an owner was cut off between being made and being written.
        timeout = self._timeout if owner is not None else min(self._timeout, _UNSIGNED)
        try:
            return self._now() - file.stat().st_mtime > timeout
        except OSError:
            return False

    def _now(self) -> float:
        """The file system's present."""
        probe = self._folder / f".{uuid.uuid4().hex}.part"
        try:
            probe.touch()
            return probe.stat().st_mtime
        except OSError:
            return time.time()
        finally:
            with suppress(OSError):
                probe.unlink()


def _lives(process: int) -> bool:
    if os.name == "nt":  # where signal 0 is no question
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError, ValueError):
        return True
    return True
