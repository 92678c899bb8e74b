"""Patches that recur: windows that pictures of one answer have in common and other pictures do not,
and where their evidence lies. What is found is a candidate and no more: maps alone raise false
alarms (Adebayo et al. 2022, arXiv 2212.04629), and what a class is recognised by recurs too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xai_widgets.render import resize
from xai_widgets.shares import percent
from xai_widgets.study.groups import mean_map

__all__ = ["Patch", "patches", "recurrence"]

Box = tuple[int, int, int, int]
Floats = npt.NDArray[np.float32]
_PARTS = (4, 6, 9)  # windows are these parts of a side
_LEAST = 4  # pixels of a window's side
_RECURS = 0.3  # correlation of a patch, beyond that of other pictures at that place
_DENSE = 3.0  # times its share of the picture, that a window has of the evidence


@dataclass(frozen=True)
class Patch:
    """A window (top, left, bottom, right), the mean correlation of what pictures have in it
    (`own`), that of other pictures (`others`), and the share of the evidence that lies in it.
    """

    box: Box
    own: float
    others: float
    evidence: float

    def mask(self, size: tuple[int, int]) -> npt.NDArray[np.bool_]:
        """The window as a mask (H, W)."""
        top, left, bottom, right = self.box
        mask = np.zeros(size, bool)
        mask[top:bottom, left:right] = True
        return mask

    def __str__(self) -> str:
        return (
            f"{percent(self.evidence)} of the evidence of these pictures lies there, and what they "
            f"have there is the same: a correlation of {self.own:.2f}, of {self.others:.2f} in "
            "pictures of other answers."
        )


def recurrence(windows: npt.NDArray[np.floating]) -> float:
    """The mean correlation between two windows (n, C, h, w), each channel less its mean; 0 of less
    than two. A plain window correlates with nothing, of whatever colour.
    """
    wide = windows.astype(np.float64)
    if len(wide) < 2:
        return 0.0
    flat = (wide - wide.mean(axis=(-2, -1), keepdims=True)).reshape(len(wide), -1)
    lengths = np.linalg.norm(flat, axis=1, keepdims=True)
    unit = np.divide(flat, lengths, out=np.zeros_like(flat), where=lengths > 1e-6)
    n = len(unit)
    return float((np.square(unit.sum(axis=0)).sum() - np.square(unit).sum()) / (n * (n - 1)))


def patches(own: Floats, others: Floats, maps: Sequence[Floats], *, most: int = 2) -> list[Patch]:
    """The windows of pictures (n, C, H, W) that recur in them and not in ``others`` (m, C, H, W),
    and on which their evidence lies, by their maps (h, w): the first has most of both. At most
    ``most``, apart from each other.
    """
    size = (own.shape[-2], own.shape[-1])
    mean = np.abs(mean_map(maps))
    large = np.abs(resize(mean, size)) if mean.size else np.full(size, 1 / (size[0] * size[1]))
    total = float(large.sum())
    sums = np.pad(np.cumsum(np.cumsum(large / total if total else large, 0), 1), ((1, 0), (1, 0)))
    found = []
    for box in _windows(size):
        top, left, bottom, right = box
        share = float(sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left])
        area = (bottom - top) * (right - left) / (size[0] * size[1])
        if share < _DENSE * area:
            continue
        here = (..., slice(top, bottom), slice(left, right))
        same, other = recurrence(own[here]), recurrence(others[here])
        if same - other >= _RECURS:
            found.append(((same - other) * share / area, Patch(box, same, other, share)))
    found.sort(key=lambda pair: (-pair[0], pair[1].box))
    apart: list[Patch] = []
    for _, patch in found:
        if len(apart) < most and all(not _overlap(patch.box, one.box) for one in apart):
            apart.append(patch)
    return apart


def _windows(size: tuple[int, int]) -> Iterator[Box]:
    """Windows of several sizes, a third of themselves apart, the last ones flush with the end."""
    for parts in _PARTS:
        height = min(max(size[0] // parts, _LEAST), size[0])
        width = min(max(size[1] // parts, _LEAST), size[1])
        for top in _starts(size[0] - height, max(height // 3, 1)):
            for left in _starts(size[1] - width, max(width // 3, 1)):
                yield top, left, top + height, left + width


def _starts(last: int, step: int) -> list[int]:
    return sorted({*range(0, last + 1, step), last})


def _overlap(a: Box, b: Box) -> bool:
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])
