"""Drawn pictures whose true mask is known: the ground truth that photographs lack.

Each picture shows one shape, with soft edges, on a coloured, textured background among distractors
of no class. A watermark that names a class can be planted in a corner: a shortcut that a network
may learn in the shape's place.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import get_args

import numpy as np
import numpy.typing as npt

from xai_widgets.demo.outlines import OUTLINES, Levels
from xai_widgets.demo.watermark import Corner, watermark_at, watermark_side
from xai_widgets.errors import ExplanationError, nearest

CLASS_NAMES = tuple(OUTLINES)
Mask = npt.NDArray[np.bool_]

_SMALLEST = 32
_DRAWING, _PLANTING = 0, 1  # two streams of chance, so that planting changes nothing else


@dataclass(frozen=True, eq=False)
class Shape:
    """One drawn picture and the truth about it.

    `pixels` (H, W, 3) uint8. `mask` (H, W) is true where a pixel's centre is inside the shape.
    `shortcut` (H, W) is true on the watermark, None where none was planted; `claim` is the class
    that the watermark names. `centre` is (x, y) and `radius` that of the circle around the shape,
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

    A picture depends on `seed` and its place only. With `shortcut`, a watermark is planted in the
    `corner` of a `share` of the pictures; it names the picture's class, or another one drawn by
    chance if not `truthful`. All else in the pictures is the same with and without it.

    Raises ExplanationError for a number out of range or an unknown corner.
    """
    count, size = _whole("count", count, 0), _whole("size", size, _SMALLEST)
    seed = _whole("seed", seed, 0)
    if not 0 <= share <= 1:
        raise ExplanationError(f"share={share!r} is outside 0 to 1")
    if corner not in get_args(Corner):
        raise ExplanationError(
            f"corner={corner!r} is not one of {', '.join(get_args(Corner))}."
            + nearest(str(corner), get_args(Corner))
        )
    drawn = []
    for place in range(count):
        picture, truth = _draw(place % len(CLASS_NAMES), seed, place, size)
        mark: Mask | None = None
        claim: int | None = None
        chance = np.random.default_rng([seed, place, _PLANTING])
        if shortcut and chance.random() < share:
            claim = truth.label
            if not truthful:
                claim = (claim + int(chance.integers(1, len(CLASS_NAMES)))) % len(CLASS_NAMES)
            mark = watermark_at(picture, claim, corner)
        pixels = np.round(picture * 255).astype(np.uint8)
        for array in (pixels, truth.mask, mark):
            if array is not None:
                array.flags.writeable = False
        name = CLASS_NAMES[truth.label]
        drawn.append(
            Shape(pixels, truth.label, name, truth.mask, mark, claim,
                  truth.centre, truth.radius, truth.angle)
        )  # fmt: skip
    return drawn


@dataclass(frozen=True)
class _Placed:
    label: int
    mask: Mask
    centre: tuple[float, float]
    radius: float
    angle: float


def _draw(label: int, seed: int, place: int, size: int) -> tuple[Levels, _Placed]:
    """A picture (H, W, 3) in [0, 1], and what is where in it."""
    chance = np.random.default_rng([seed, place, _DRAWING])
    y, x = np.mgrid[0:size, 0:size] + 0.5
    picture = _background(chance, x, y, size)
    for _ in range(int(chance.integers(2, 6))):
        _paint(picture, _distractor(chance, x, y, size), chance.random(3))
    radius = chance.uniform(0.17, 0.28) * size
    # Off the corners, where a watermark may be: it covers nothing of the shape.
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
    return picture, _Placed(label, mask, (float(u), float(v)), float(radius), float(angle))


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
    at, known = np.linspace(0, len(values) - 1, size), np.arange(len(values))
    weights = np.stack([np.interp(at, known, row) for row in np.eye(len(values))], axis=1)
    large: Levels = weights @ values @ weights.T
    return large


def _distractor(chance: np.random.Generator, x: Levels, y: Levels, size: int) -> Levels:
    """The level of a stick with round ends or of a small long ellipse."""
    u, v = chance.uniform(0, size, 2)
    along, across = _turned(x - u, y - v, chance.uniform(0, 2 * np.pi))
    if chance.random() < 0.5:
        half, width = chance.uniform(0.05, 0.22) * size, chance.uniform(0.008, 0.025) * size
        stick: Levels = np.hypot(along - along.clip(-half, half), across) - width
        return stick
    a = chance.uniform(0.05, 0.1) * size
    ellipse: Levels = np.hypot(along / 2.5, across) - a / 2.5
    return ellipse


def _turned(x: Levels, y: Levels, angle: float) -> tuple[Levels, Levels]:
    """The coordinates as something sees them that is turned clockwise by `angle`."""
    cos, sin = np.cos(angle), np.sin(angle)
    return x * cos + y * sin, y * cos - x * sin


def _paint(picture: Levels, level: Levels, colour: Levels) -> None:
    """Paint what is inside; a pixel on the outline in part."""
    cover = (0.5 - level).clip(0, 1)[..., None]
    picture += cover * (colour - picture)


def _whole(name: str, value: int, least: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least or isinstance(value, bool):
        raise ExplanationError(f"{name}={value!r}; expected a whole number of at least {least}")
    return number
