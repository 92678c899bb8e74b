"""Drawn pictures: their masks are the truth, and nothing but their seed decides what they are."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

import xai_widgets as xw
from xai_widgets.demo.shapes import CLASS_NAMES, OUTLINES, Shape

DRAWN = xw.demo.shapes(48, seed=3)


def inside(shape: Shape, x: float, y: float) -> bool:
    """Whether a point of the picture is in the shape, by the shape's definition, point by point."""
    dx, dy, r = x - shape.centre[0], y - shape.centre[1], shape.radius
    cos, sin = math.cos(shape.angle), math.sin(shape.angle)
    u, v = dx * cos + dy * sin, dy * cos - dx * sin
    distance = math.sqrt(u * u + v * v)
    if shape.name == "circle":
        return distance <= r
    if shape.name == "ring":
        return r / 2 <= distance <= r
    if shape.name == "square":
        return max(abs(u), abs(v)) <= r / math.sqrt(2)
    if shape.name == "cross":
        long = 3 * r / math.sqrt(10)
        return max(abs(u), abs(v)) <= long and min(abs(u), abs(v)) <= long / 3
    corners = 3 if shape.name == "triangle" else 5
    tips = [
        (r * math.sin(2 * math.pi * k / corners), -r * math.cos(2 * math.pi * k / corners))
        for k in range(corners)
    ]
    if shape.name == "triangle":
        return in_polygon(tips, u, v)
    # The star's outline goes through the inner corners too, where its lines cross.
    inner = r * math.cos(math.radians(72)) / math.cos(math.radians(36))
    outline = []
    for k, tip in enumerate(tips):
        middle = 2 * math.pi * (k + 0.5) / 5
        outline += [tip, (inner * math.sin(middle), -inner * math.cos(middle))]
    return in_polygon(outline, u, v)


def in_polygon(corners: list[tuple[float, float]], x: float, y: float) -> bool:
    """By counting how often a ray to the right crosses the outline."""
    crossings = 0
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
        if (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay):
            crossings += 1
    return crossings % 2 == 1


@pytest.mark.parametrize("place", range(12))
def test_masks_are_exact_to_the_pixel(place: int) -> None:
    shape = DRAWN[place]
    expected = [[inside(shape, j + 0.5, i + 0.5) for j in range(64)] for i in range(64)]
    np.testing.assert_array_equal(shape.mask, expected)


def test_a_square_of_known_place_by_hand() -> None:
    y, x = np.mgrid[0:9, 0:9] + 0.5
    mask = OUTLINES["square"](x - 4.5, y - 4.5, 2 * math.sqrt(2) + 0.01) <= 0
    by_hand = np.zeros((9, 9), dtype=bool)
    by_hand[2:7, 2:7] = True
    np.testing.assert_array_equal(mask, by_hand)


def test_records_say_what_they_are() -> None:
    assert CLASS_NAMES == ("circle", "square", "triangle", "star", "cross", "ring")
    assert [shape.label for shape in DRAWN] == [i % 6 for i in range(48)]
    for shape in DRAWN:
        assert shape.name == CLASS_NAMES[shape.label]
        assert (shape.pixels.shape, shape.pixels.dtype) == ((64, 64, 3), np.uint8)
        assert (shape.mask.shape, shape.mask.dtype) == ((64, 64), np.bool_)
        assert (shape.shortcut, shape.claim) == (None, None)
        assert 0.02 < shape.mask.mean() < 0.25
        assert not shape.pixels.flags.writeable
        assert not shape.mask.flags.writeable


def test_a_shape_is_one_colour_that_its_surroundings_are_not() -> None:
    for shape in DRAWN:
        core = OUTLINES[shape.name](*local(shape), shape.radius) <= -1
        colours = shape.pixels[core] / 255
        assert colours.std(axis=0).max() < 0.03  # the noise, and nothing of what is behind
        around = OUTLINES[shape.name](*local(shape), shape.radius)
        beside = shape.pixels[(around > 1) & (around < 4)] / 255
        assert np.linalg.norm(beside.mean(axis=0) - colours.mean(axis=0)) > 0.15


def local(shape: Shape) -> tuple[Any, Any]:
    y, x = np.mgrid[0 : len(shape.mask), 0 : len(shape.mask)] + 0.5
    x, y = x - shape.centre[0], y - shape.centre[1]
    cos, sin = np.cos(shape.angle), np.sin(shape.angle)
    return x * cos + y * sin, y * cos - x * sin


def test_outlines_are_soft() -> None:
    """A pixel half in the shape has half its colour."""
    circle = DRAWN[0]
    level = OUTLINES["circle"](*local(circle), circle.radius)
    within = circle.pixels[level < -1].mean(axis=0)
    cover = (0.5 - level).clip(0, 1)
    channel = int(np.abs(within - circle.pixels[(level > 1) & (level < 2)].mean(axis=0)).argmax())
    edge = (cover > 0.2) & (cover < 0.8)
    outside = circle.pixels[(level > 1) & (level < 2), channel].mean()
    expected = cover[edge] * within[channel] + (1 - cover[edge]) * outside
    assert np.corrcoef(expected, circle.pixels[edge][:, channel])[0, 1] > 0.8


def test_only_seed_and_place_decide() -> None:
    again = xw.demo.shapes(12, seed=3)
    for one, other in zip(again, DRAWN, strict=False):
        np.testing.assert_array_equal(one.pixels, other.pixels)
        assert (one.centre, one.radius, one.angle) == (other.centre, other.radius, other.angle)
    different = xw.demo.shapes(12, seed=4)
    assert all((a.pixels != b.pixels).any() for a, b in zip(different, DRAWN, strict=False))
    pairs = itertools.combinations(DRAWN[::6], 2)
    assert all((one.pixels != other.pixels).any() for one, other in pairs)


@pytest.mark.parametrize("corner", ["top left", "top right", "bottom left", "bottom right"])
def test_a_watermark_changes_its_corner_only(corner: Any) -> None:
    marked = xw.demo.shapes(48, seed=3, shortcut=True, corner=corner)
    tags = {}
    for one, plain in zip(marked, DRAWN, strict=True):
        assert one.shortcut is not None
        assert one.claim == one.label == plain.label
        np.testing.assert_array_equal(one.mask, plain.mask)
        np.testing.assert_array_equal(one.pixels[~one.shortcut], plain.pixels[~one.shortcut])
        assert not (one.shortcut & one.mask).any()
        rows, columns = np.nonzero(one.shortcut)
        assert (rows.max() < 16) == ("top" in corner)
        assert (columns.max() < 16) == ("left" in corner)
        tag = one.pixels[one.shortcut].tobytes()
        assert tags.setdefault(one.label, tag) == tag
    assert len(set(tags.values())) == 6


def test_a_false_watermark_is_another_class_s() -> None:
    true = {s.claim: s.pixels[s.shortcut].tobytes() for s in xw.demo.shapes(6, shortcut=True)}
    claims = set()
    for shape in xw.demo.shapes(60, seed=9, shortcut=True, truthful=False):
        assert shape.claim != shape.label
        assert shape.pixels[shape.shortcut].tobytes() == true[shape.claim]
        claims.add((shape.label, shape.claim))
    assert len(claims) > 15  # of 30 that are possible


def test_a_share_of_the_pictures_is_marked() -> None:
    marked = xw.demo.shapes(300, shortcut=True, share=0.3, size=32)
    assert 0.22 < np.mean([shape.shortcut is not None for shape in marked]) < 0.38
    assert all((shape.shortcut is None) == (shape.claim is None) for shape in marked)
    assert all(s.shortcut is None for s in xw.demo.shapes(12, shortcut=True, share=0))


@pytest.mark.parametrize("size", [32, 100, 224])
def test_sizes(size: int) -> None:
    for shape in xw.demo.shapes(12, size=size, shortcut=True):
        assert shape.pixels.shape == (size, size, 3)
        assert shape.shortcut is not None
        assert not (shape.mask & shape.shortcut).any()
        assert not shape.mask[[0, -1]].any()
        assert not shape.mask[:, [0, -1]].any()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"count": -1}, "count=-1; expected a whole number of at least 0"),
        ({"count": 2.5}, r"count=2\.5; expected a whole number"),
        ({"seed": -2}, "seed=-2; expected a whole number of at least 0"),
        ({"size": 16}, "size=16; expected a whole number of at least 32"),
        ({"share": 1.5}, r"share=1\.5 is outside 0 to 1"),
        ({"corner": "botom right"}, 'is not one of .* Did you mean "bottom right"'),
    ],
)
def test_wrong_numbers_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(xw.ExplanationError, match=message):
        xw.demo.shapes(**{"count": 1, **wrong})
