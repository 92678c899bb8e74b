"""The planted shortcut: a small tag in a corner whose pattern names a class."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

Corner = Literal["top left", "top right", "bottom left", "bottom right"]

# A white cell where 1, a black one where 0; no two are each other's turned or mirrored picture.
_PATTERNS = np.array(
    [
        [[1, 1, 1], [1, 0, 1], [1, 1, 1]],
        [[0, 0, 0], [1, 1, 1], [0, 0, 0]],
        [[1, 0, 0], [1, 0, 0], [1, 1, 1]],
        [[0, 1, 0], [1, 1, 1], [0, 1, 0]],
        [[1, 0, 1], [0, 1, 0], [1, 0, 1]],
        [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
    ],
    dtype=np.float64,
)


def watermark_side(size: int) -> int:
    """How many pixels from a picture's corner the watermark reaches, its margin included."""
    return 4 * _cell(size) + 1


def watermark_at(
    picture: npt.NDArray[np.float64], claim: int, corner: Corner
) -> npt.NDArray[np.bool_]:
    """Draw the tag that names the class `claim` into a picture (H, W, 3) in [0, 1]; where it is."""
    size, cell = len(picture), _cell(len(picture))
    side = 4 * cell
    tag = np.zeros((side, side))
    start = cell // 2
    inner = slice(start, start + 3 * cell)
    tag[inner, inner] = _PATTERNS[claim].repeat(cell, axis=0).repeat(cell, axis=1)
    rows = slice(1, 1 + side) if "top" in corner else slice(size - 1 - side, size - 1)
    columns = slice(1, 1 + side) if "left" in corner else slice(size - 1 - side, size - 1)
    picture[rows, columns] = tag[..., None]
    where = np.zeros((size, size), dtype=bool)
    where[rows, columns] = True
    return where


def _cell(size: int) -> int:
    return max(size // 24, 1)
