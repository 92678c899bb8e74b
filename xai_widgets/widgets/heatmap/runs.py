"""A mask as it travels: the lengths of its runs, a few hundred numbers for what a brush leaves."""

from __future__ import annotations

from typing import Any

import numpy as np

from xai_widgets.errors import ExplanationError
from xai_widgets.widgets.heatmap.painting import Mask

_LONGEST = 0xFFFF


def runs_of(mask: Mask) -> bytes:
    """The lengths, as little-endian 16-bit numbers, of what is unpainted, painted, unpainted ...
    in reading order. A run too long for 16 bits is cut in two by one of length zero.
    """
    flat = mask.ravel()
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    ends = np.concatenate([[0] if flat.size and flat[0] else [], edges, [flat.size]])
    lengths: list[int] = []
    for length in np.diff(ends, prepend=0).astype(int).tolist():
        while length > _LONGEST:
            lengths += [_LONGEST, 0]
            length -= _LONGEST
        lengths.append(length)
    return np.asarray(lengths, dtype="<u2").tobytes()


def mask_of(data: Any, size: tuple[int, int]) -> Mask:
    """The mask (H, W) of these runs. Raises ExplanationError when they do not fill that size."""
    lengths = np.frombuffer(bytes(data), dtype="<u2")
    height, width = size
    if int(lengths.sum(dtype=np.int64)) != height * width:
        raise ExplanationError(
            f"what was painted has {int(lengths.sum(dtype=np.int64)):,} pixels; expected "
            f"{height} x {width}, as the picture has now"
        )
    painted = np.arange(len(lengths)) % 2 == 1
    return np.repeat(painted, lengths).reshape(size)
