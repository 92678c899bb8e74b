"""Freed memory is kept while a network runs, instead of being given back and asked for again.

Every pass makes and frees the same maps. GNU's C library gives large ones back to the system at
once, and their pages come anew, cleared: measured on EfficientNet-Lite0, a third of a batch of 8.
"""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

__all__ = ["give_back", "keep_memory", "memory_kept"]

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of mallopt, in malloc.h
# Larger blocks always come from the system: the library refuses a higher threshold.
_MMAP = 2**25
# What the library's own threshold grows to, at most, by itself; and all there is.
_USUAL_TRIM, _KEPT_TRIM = 2**26, 2**31 - 1
_REST_SECONDS = 2.0  # after the last pass; people seldom wait longer between two questions


class _Keeper:
    """How many passes are running, and whether freed memory is being kept."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.running = 0
        self.left = 0.0  # when the last pass ended
        self.keeping = False
        self.forever = False
        self.watched = False


_keeper = _Keeper()


@cache
def _library() -> ctypes.CDLL | None:
    """GNU's C library; None where another is used, or the user has tuned its allocator."""
    tuned = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES")
    if any(name in os.environ for name in tuned):
        return None
    try:
        library = ctypes.CDLL(None)
    except (OSError, TypeError):
        return None
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None


def _keep_up_to(trim: int) -> bool:
    """Keep up to so many freed bytes; whether the C library accepted that."""
    library = _library()
    if library is None:
        return False
    return bool(library.mallopt(_MMAP_THRESHOLD, _MMAP) and library.mallopt(_TRIM_THRESHOLD, trim))


def keep_memory() -> bool:
    """Keep freed memory until this process ends; whether that is possible. For programs, not
    libraries.
    """
    with _keeper.lock:
        _keeper.forever = _keeper.keeping = _keep_up_to(_KEPT_TRIM)
        return _keeper.forever


@contextmanager
def memory_kept() -> Iterator[None]:
    """Keep freed memory in this process while inside; two seconds after the last such context has
    ended, all of it is given back.
    """
    with _keeper.lock:
        _keeper.running += 1
        if not _keeper.keeping:
            _keeper.keeping = _keep_up_to(_KEPT_TRIM)
    try:
        yield
    finally:
        with _keeper.lock:
            _keeper.running -= 1
            _keeper.left = time.monotonic()
            if _keeper.keeping and not (_keeper.running or _keeper.watched or _keeper.forever):
                threading.Thread(target=_watch, name="xai_widgets memory", daemon=True).start()
                _keeper.watched = True


def _watch() -> None:
    """Wait until no pass has run for a while, then give memory back."""
    while True:
        time.sleep(_REST_SECONDS / 2)
        with _keeper.lock:
            if _keeper.forever or not _keeper.keeping:
                _keeper.watched = False
                return
            if _keeper.running or time.monotonic() - _keeper.left < _REST_SECONDS:
                continue
            _keeper.watched = False
        give_back()
        return


def give_back() -> None:
    """Give freed memory back to the system now, and from now on, unless a pass is running."""
    with _keeper.lock:
        if _keeper.running or _keeper.forever or not _keeper.keeping:
            return
        _keeper.keeping = False
        _keep_up_to(_USUAL_TRIM)
    library = _library()
    if library is not None:
        library.malloc_trim(0)
