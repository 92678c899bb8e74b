"""Places that decide by themselves: found by exchanging windows between pictures of different
answers, coarse to fine, and confirmed on other pictures.

A shortcut is not in the pictures that are answered wrong (they are wrong because it is missing) but
in those that are right, and maps need not show it: it is looked for by intervention.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from xai_widgets.progress import Progress
from xai_widgets.study.experiments import Answer, replaced

__all__ = ["Candidate", "candidates"]

Box = tuple[int, int, int, int]
_FIRST = 4  # windows are a quarter of a side at first
_SMALLEST = 12  # and at last a twelfth, at least 4 pixels
_KEPT = 0.75  # of what a window turns, that a part of it must turn to be taken in its place
_NOTICED = 0.1  # of answers turned beyond the median place, for a window to be looked at closely


@dataclass(frozen=True)
class Candidate:
    """A window (top, left, bottom, right), the share of answers that follow it, and that share at
    the median place of windows of the first size.
    """

    box: Box
    share: float
    median: float

    def mask(self, size: tuple[int, int]) -> npt.NDArray[np.bool_]:
        """The window as a mask (H, W)."""
        top, left, bottom, right = self.box
        mask = np.zeros(size, bool)
        mask[top:bottom, left:right] = True
        return mask


def candidates(
    x: Tensor, others: Tensor, answer: Answer, *, most: int = 3
) -> Iterator[Progress[list[Candidate]]]:
    """The windows of pictures x (n, C, H, W) for whose exchange with ``others`` most answers turn
    to the other picture's, at most ``most``, in steps; the last has all.

    Windows of a quarter of each side first, a half apart; the best, and those apart from it that
    turn nearly as many, are then made smaller as long as the smaller window turns three quarters of
    what the larger did.
    """
    size = (x.shape[-2], x.shape[-1])
    theirs = answer(others).argmax(axis=1)
    known: dict[Box, float] = {}

    def share(box: Box) -> float:
        if box not in known:
            top, left, bottom, right = box
            mask = np.zeros(size, bool)
            mask[top:bottom, left:right] = True
            with torch.no_grad():
                after = answer(replaced(x, others, mask)).argmax(axis=1)
            known[box] = float((after == theirs).mean())
        return known[box]

    window = (max(size[0] // _FIRST, 1), max(size[1] // _FIRST, 1))
    boxes = list(_windows((0, 0, *size), window, 2, size))
    for number, box in enumerate(boxes):
        share(box)
        yield Progress(0.7 * (number + 1) / len(boxes), [], "exchanging windows")
    median = float(np.median([known[box] for box in boxes]))
    starts: list[Box] = []
    for box in sorted(boxes, key=lambda b: (-known[b], b)):
        noticed = len(starts) < most and known[box] - median >= _NOTICED
        if noticed and all(_overlap(box, other) == 0 for other in starts):
            starts.append(box)
    found = []
    for number, box in enumerate(starts):
        found.append(_refined(box, share, size, median))
        yield Progress(
            0.7 + 0.3 * (number + 1) / len(starts), list(found), "making windows smaller"
        )
    found.sort(key=lambda c: -c.share)
    apart: list[Candidate] = []
    for candidate in found:
        if all(_overlap(candidate.box, other.box) == 0 for other in apart):
            apart.append(candidate)
    yield Progress(1.0, apart, "")


def _refined(box: Box, share: object, size: tuple[int, int], median: float) -> Candidate:
    """The smallest window near a box that still turns most of what it turned."""
    assert callable(share)
    least = max(min(size) // _SMALLEST, min(4, min(size)))
    best, value = box, float(share(box))
    # First where it is, at the same size: the grid may have cut it in two.
    height, width = box[2] - box[0], box[3] - box[1]
    around = (box[0] - height // 2, box[1] - width // 2, box[2] + height // 2, box[3] + width // 2)
    for other in _windows(around, (height, width), 4, size):
        if share(other) > value:
            best, value = other, float(share(other))
    while min(best[2] - best[0], best[3] - best[1]) > least:
        height = max((best[2] - best[0]) * 2 // 3, least)
        width = max((best[3] - best[1]) * 2 // 3, least)
        smaller = list(_windows(best, (height, width), 4, size))
        shares = [float(share(other)) for other in smaller]
        top = max(shares)
        if top < _KEPT * value or top - median < _NOTICED / 2:
            break
        best = smaller[int(np.argmax(shares))]
        value = max(value, top)
    return Candidate(best, float(share(best)), median)


def _windows(
    within: Box, window: tuple[int, int], parts: int, size: tuple[int, int]
) -> Iterator[Box]:
    """Windows in a box, a ``parts``-th of themselves apart, the last ones flush with its end."""
    top, left = max(within[0], 0), max(within[1], 0)
    bottom, right = min(within[2], size[0]), min(within[3], size[1])
    height, width = min(window[0], bottom - top), min(window[1], right - left)
    for y in _starts(top, bottom - height, max(height // parts, 1)):
        for x in _starts(left, right - width, max(width // parts, 1)):
            yield y, x, y + height, x + width


def _starts(first: int, last: int, step: int) -> list[int]:
    return sorted({*range(first, last + 1, step), last})


def _overlap(a: Box, b: Box) -> int:
    height = min(a[2], b[2]) - max(a[0], b[0])
    width = min(a[3], b[3]) - max(a[1], b[1])
    return max(height, 0) * max(width, 0)
