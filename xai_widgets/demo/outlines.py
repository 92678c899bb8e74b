"""Outlines of the drawn shapes: how far a point is outside each of them.

A shape of radius r lies in a circle of radius r around its centre. Its level at a point is at most
0 inside and above 0 outside, and near the outline it is the distance to it, in the unit of the
coordinates: that is what anti-aliasing needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

Levels = npt.NDArray[np.float64]
Outline = Callable[[Levels, Levels, float], Levels]


def circle(x: Levels, y: Levels, r: float) -> Levels:
    """A disc of radius r."""
    level: Levels = np.hypot(x, y) - r
    return level


def square(x: Levels, y: Levels, r: float) -> Levels:
    """A square whose corners are r away."""
    level: Levels = np.maximum(np.abs(x), np.abs(y)) - r / np.sqrt(2)
    return level


def triangle(x: Levels, y: Levels, r: float) -> Levels:
    """An equilateral triangle whose tips are r away, one of them upwards."""
    level: Levels = _above_lines(x, y, 3).max(axis=0) - r * np.cos(np.pi / 3)
    return level


def star(x: Levels, y: Levels, r: float) -> Levels:
    """A five-pointed star, drawn in one stroke: what at least four of its five lines keep inside.
    Its tips are r away, one of them upwards.
    """
    level: Levels = np.sort(_above_lines(x, -y, 5), axis=0)[-2] - r * np.cos(2 * np.pi / 5)
    return level


def cross(x: Levels, y: Levels, r: float) -> Levels:
    """Two bars at right angles, a third as wide as long; their corners are r away."""
    half = r / np.hypot(1, 1 / 3)
    across = np.maximum(np.abs(x) - half, np.abs(y) - half / 3)
    level: Levels = np.minimum(across, np.maximum(np.abs(x) - half / 3, np.abs(y) - half))
    return level


def ring(x: Levels, y: Levels, r: float) -> Levels:
    """A disc of radius r with a hole of r / 2."""
    level: Levels = np.abs(np.hypot(x, y) - 0.75 * r) - 0.25 * r
    return level


def _above_lines(x: Levels, y: Levels, count: int) -> Levels:
    """How far a point is along each of `count` directions spread around the circle, the first of
    them downwards (y grows downwards).
    """
    angles = np.pi / 2 + 2 * np.pi * np.arange(count) / count
    return np.stack([x * np.cos(angle) + y * np.sin(angle) for angle in angles])


# In the order of the network's classes.
OUTLINES: Mapping[str, Outline] = {
    "circle": circle,
    "square": square,
    "triangle": triangle,
    "star": star,
    "cross": cross,
    "ring": ring,
}
