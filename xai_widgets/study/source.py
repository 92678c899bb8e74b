"""Pictures in a fixed order: what a study is of."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xxhash

__all__ = ["Source", "digest_of", "file_size"]

Column = npt.NDArray[Any]
# What is read of a row: the picture, and its label where it is known only then.
Read = Callable[[int], "tuple[object, object]"]


@dataclass(frozen=True, eq=False)
class Source:
    """Pictures in a fixed order, with what is known of each.

    count: how many. read: the picture of a row, and its label where it is known only then (else
    None). labels: one for each row, as the data have them (numbers or names), or None.
    label_names: what the numbers mean, where the data say so. keys: a name for each row, by which a
    person finds the picture. columns: metadata, one NumPy column each. kind: in words. digest: a
    checksum of names, labels and what else can be had without decoding. path: of the folder or file
    that they are read from, where there is one. threads: whether several may read at once, nothing
    of the user's own being run. labels_come_later: whether labels are known only when a picture is
    read.
    """

    count: int
    read: Read
    keys: Sequence[str]
    kind: str
    labels: Sequence[Any] | None = None
    label_names: Sequence[str] | None = None
    columns: Mapping[str, Column] = field(default_factory=dict)
    digest: str = ""
    path: Path | None = None
    warnings: tuple[str, ...] = ()
    threads: bool = True
    labels_come_later: bool = False

    @property
    def labels_are_known(self) -> bool:
        """Whether all labels that there are are known before a picture is read."""
        return self.labels is not None or not self.labels_come_later

    def __len__(self) -> int:
        return self.count


def file_size(path: str) -> int:
    """The bytes of a file; -1 where there is none, which is said in words when it is read."""
    try:
        return os.stat(os.path.expanduser(path)).st_size
    except (OSError, ValueError):
        return -1


def digest_of(*parts: Any) -> str:
    """A checksum of arrays and of what Python writes of other things."""
    digest = xxhash.xxh3_128()
    for part in parts:
        if isinstance(part, np.ndarray) and not part.dtype.hasobject:
            digest.update(f"{part.dtype}{part.shape}".encode())
            digest.update(np.ascontiguousarray(part).data.cast("B") if part.size else b"")
        else:
            digest.update(repr(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()
