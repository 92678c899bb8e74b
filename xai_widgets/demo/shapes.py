"""Drawn pictures whose true mask is known: the ground truth that photographs lack.

Each picture shows one shape, with soft edges, on a coloured, textured background among distractors
of no class. A watermark that names a class can be put in a corner: a shortcut that a network may
learn instead of the shape.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from xai_widgets.errors import ExplanationError, brief, nearest

Mask = npt.NDArray[np.bool_]
Levels = npt.NDArray[np.float64]
Outline = Callable[[Levels, Levels, float], Levels]
Corner = Literal["top left", "top right", "bottom left", "bottom right"]
_SMALLEST = 32
_DRAWING, _PLANTING = 0, 1  # two random streams, so that a watermark changes nothing else
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


# Outlines. A shape of radius r lies in a circle of radius r around its centre. Its level at a point
# is at most 0 inside and above 0 outside, and near the outline it is the distance to it, in the
# unit of the coordinates, as anti-aliasing needs it.


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
    """A five-pointed star: the points on the inner side of at least four of its five lines. Its
    tips are r away, one of them upwards.
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
    outline.__name__: outline for outline in (circle, square, triangle, star, cross, ring)
}
CLASS_NAMES = tuple(OUTLINES)


@dataclass(frozen=True, eq=False)
class Shape:
    """One drawn picture and its ground truth.

    `pixels` (H, W, 3) uint8. `mask` (H, W) is true where a pixel's centre is inside the shape.
    `shortcut` (H, W) is true on the watermark, None where there is none; `claim` is the class that
    the watermark names. `centre` is (x, y) and `radius` that of the circle around the shape,
    both in pixels with (0, 0) the picture's upper left corner; `angle` is in radians, clockwise.
    """

    pixels: npt.NDArray[np.uint8]
    label: int
    name: str
    mask: Mask
    shortcut: Mask | None
    claim: int | None
    centre: tuple[float, float]
    radius: float
    angle: float


def shapes(
    count: int,
    *,
    seed: int = 0,
    shortcut: bool = False,
    size: int = 64,
    share: float = 1.0,
    truthful: bool = True,
    corner: Corner = "bottom right",
) -> list[Shape]:
    """Draw `count` pictures of `size` x `size` pixels, the classes in turn.

    A picture depends only on `seed` and its position in the list. With `shortcut`, a `share` of the
    pictures have a watermark in the `corner`; it names the picture's class, or a random other one
    if not `truthful`. The rest of a picture is the same with and without it.

    Raises ExplanationError for a number out of range or an unknown corner.
    """
    count, size = _whole("count", count, 0), _whole("size", size, _SMALLEST)
    seed = _whole("seed", seed, 0)
    if not 0 <= share <= 1:
        raise ExplanationError(f"share={brief(share)} is outside 0 to 1")
    if corner not in get_args(Corner):
        raise ExplanationError(
            f"corner={brief(corner)} is not one of {', '.join(get_args(Corner))}."
            + nearest(str(corner), get_args(Corner))
        )
    drawn = []
    for number in range(count):
        label = number % len(CLASS_NAMES)
        picture, truth = _draw(label, seed, number, size)
        mark = claim = None
        chance = np.random.default_rng([seed, number, _PLANTING])
        if shortcut and chance.random() < share:
            claim = label
            if not truthful:
                claim = (claim + int(chance.integers(1, len(CLASS_NAMES)))) % len(CLASS_NAMES)
            mark = watermark_at(picture, claim, corner)
        pixels = np.round(picture * 255).astype(np.uint8)
        for array in (pixels, truth["mask"], mark):
            if array is not None:
                array.flags.writeable = False
        drawn.append(Shape(pixels, label, CLASS_NAMES[label], shortcut=mark, claim=claim, **truth))
    return drawn


def _draw(label: int, seed: int, number: int, size: int) -> tuple[Levels, dict[str, Any]]:
    """A picture (H, W, 3) in [0, 1], and its ground truth, as fields of `Shape`."""
    chance = np.random.default_rng([seed, number, _DRAWING])
    y, x = np.mgrid[0:size, 0:size] + 0.5
    picture = _background(chance, x, y, size)
    for _ in range(int(chance.integers(2, 6))):
        _paint(picture, _distractor(chance, x, y, size), chance.random(3))
    radius = chance.uniform(0.17, 0.28) * size
    # Away from the corners, so that a watermark covers no part of the shape.
    while True:
        u, v = chance.uniform(radius, size - radius, 2)
        gap = np.array([min(u, size - u), min(v, size - v)]) - watermark_side(size)
        if gap.max() >= radius or np.hypot(*gap.clip(0)) >= radius:
            break
    angle = chance.uniform(0, 2 * np.pi)
    level = OUTLINES[CLASS_NAMES[label]](*_turned(x - u, y - v, angle), radius)
    mask = level <= 0
    behind = picture[mask].mean(axis=0)
    while np.linalg.norm((colour := chance.random(3)) - behind) < 0.5:
        pass
    _paint(picture, level, colour)
    picture += chance.normal(0, 0.02, picture.shape)
    picture.clip(0, 1, out=picture)
    centre = (float(u), float(v))
    return picture, {"mask": mask, "centre": centre, "radius": float(radius), "angle": float(angle)}


def _background(chance: np.random.Generator, x: Levels, y: Levels, size: int) -> Levels:
    """Two colours running into each other, waves over them, and soft clouds."""
    here, there = chance.random((2, 3))
    across, _ = _turned(x / size - 0.5, y / size - 0.5, chance.uniform(0, 2 * np.pi))
    blend = (across + 0.5).clip(0, 1)[..., None]
    waves, _ = _turned(x, y, chance.uniform(0, 2 * np.pi))
    waves = np.sin(waves * 2 * np.pi / (chance.uniform(0.08, 0.5) * size))
    clouds = _stretched(chance.normal(0, 1, (6, 6)), size)
    texture = np.stack([waves, clouds], axis=-1) @ chance.uniform(-0.08, 0.08, (2, 3))
    background: Levels = here * (1 - blend) + there * blend + texture
    return background.clip(0, 1)


def _stretched(values: Levels, size: int) -> Levels:
    """A small grid of values, bilinearly enlarged to `size` x `size`."""
    at, cells = np.linspace(0, len(values) - 1, size), np.arange(len(values))
    weights = np.stack([np.interp(at, cells, row) for row in np.eye(len(values))], axis=1)
    large: Levels = weights @ values @ weights.T
    return large


def _distractor(chance: np.random.Generator, x: Levels, y: Levels, size: int) -> Levels:
    """The level of a stick with round ends or of a small long ellipse."""
    u, v = chance.uniform(0, size, 2)
    along, across = _turned(x - u, y - v, chance.uniform(0, 2 * np.pi))
    if chance.random() < 0.5:
        half, width = chance.uniform(0.05, 0.22) * size, chance.uniform(0.008, 0.025) * size
        level: Levels = np.hypot(along - along.clip(-half, half), across) - width
    else:
        a = chance.uniform(0.05, 0.1) * size
        level = np.hypot(along / 2.5, across) - a / 2.5
    return level


def _turned(x: Levels, y: Levels, angle: float) -> tuple[Levels, Levels]:
    """The coordinates in a system that is turned clockwise by `angle`."""
    cos, sin = np.cos(angle), np.sin(angle)
    return x * cos + y * sin, y * cos - x * sin


def _paint(picture: Levels, level: Levels, colour: Levels) -> None:
    """Fill the inside of an outline; pixels on the outline in part."""
    cover = (0.5 - level).clip(0, 1)[..., None]
    picture += cover * (colour - picture)


def _whole(name: str, value: int, least: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least or isinstance(value, bool):
        raise ExplanationError(
            f"{name}={brief(value)}; expected a whole number of at least {least}"
        )
    return number


def watermark_side(size: int) -> int:
    """The pixels from a picture's corner to the far side of the watermark, its margin included."""
    return 4 * _cell(size) + 1


def watermark_at(
    picture: npt.NDArray[np.float64], claim: int, corner: Corner
) -> npt.NDArray[np.bool_]:
    """Draw the tag that names the class `claim` into a picture (H, W, 3) in [0, 1], and return its
    mask (H, W).
    """
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
