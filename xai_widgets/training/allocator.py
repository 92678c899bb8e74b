"""Memory that a training program keeps instead of giving it back and asking for it again."""

from __future__ import annotations

import ctypes

__all__ = ["keep_memory"]

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of mallopt, in malloc.h
_LARGE = 2**31 - 1


def keep_memory() -> bool:
    """Let the C library keep freed memory in this process, for the rest of its life; whether it
    can be told so.

    Each step makes and frees the same maps. Given back, their pages come anew from the kernel,
    which clears them first: measured, a quarter of a regularised step on a CPU. For programs, not
    libraries: it concerns all of the process.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return False  # another C library than GNU's
    mallopt(_MMAP_THRESHOLD, 2**30)
    return bool(mallopt(_TRIM_THRESHOLD, _LARGE))
