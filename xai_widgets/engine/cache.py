"""A cache bounded in bytes that forgets what was used least recently."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

from xai_widgets.locks import OrderedLock, Rank

T = TypeVar("T")


class BoundedCache(Generic[T]):
    """Keeps values of up to `limit` bytes in all, always the latest, and forgets the least recently
    used. Thread-safe.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = OrderedLock(Rank.DATA)
        self._values: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._nbytes = 0

    def get(self, key: Hashable) -> T | None:
        """The value of a key, now the most recently used; None if there is none."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key][0]

    def put(self, key: Hashable, value: T, nbytes: int) -> None:
        """Keep a value that takes `nbytes` bytes."""
        with self._lock:
            if key in self._values:
                self._nbytes -= self._values.pop(key)[1]
            self._values[key] = (value, nbytes)
            self._nbytes += nbytes
            while self._nbytes > self.limit and len(self._values) > 1:
                self._nbytes -= self._values.popitem(last=False)[1][1]

    def latest(self) -> T | None:
        """The most recently used value; None if there is none."""
        with self._lock:
            return next(reversed(self._values.values()))[0] if self._values else None

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()
            self._nbytes = 0

    def __len__(self) -> int:
        return len(self._values)
