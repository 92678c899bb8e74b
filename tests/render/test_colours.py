from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from xai_widgets.errors import ExplanationError
from xai_widgets.render import colorize, lut, overlay, resize, shown, shown_maximum
from xai_widgets.render.colours import enlarged

rng = np.random.default_rng(5)
PICTURE = rng.integers(0, 256, (12, 10, 3), dtype=np.uint8)
SIGNED = rng.normal(size=(4, 5))
POSITIVE = np.abs(SIGNED)


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((7, 7), (224, 224)),
        ((14, 9), (33, 50)),
        ((1, 1), (5, 4)),
        ((3, 1), (7, 6)),
        ((20, 30), (7, 11)),
    ],
)
def test_resize_is_torchs_bilinear(shape: tuple[int, int], size: tuple[int, int]) -> None:
    values = rng.normal(size=shape)
    wanted = torch.nn.functional.interpolate(
        torch.from_numpy(values)[None, None], size=size, mode="bilinear", align_corners=False
    )
    found = resize(values, size)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted[0, 0].numpy(), atol=1e-6)
    single = torch.nn.functional.interpolate(
        torch.from_numpy(values).float()[None, None], size=size, mode="bilinear"
    )
    np.testing.assert_allclose(found, single[0, 0].numpy(), atol=1e-5)  # its own rounding


def test_resize_by_hand() -> None:
    np.testing.assert_allclose(resize([[0, 4]], (1, 4)), [[0, 1, 3, 4]])
    values = rng.normal(size=(3, 4)).astype(np.float32)
    np.testing.assert_array_equal(resize(values, (3, 4)), values)


def slow_percentile(values: list[float], clip: float) -> float:
    ordered = sorted(values)
    rank = (len(ordered) - 1) * clip / 100
    low = math.floor(rank)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (rank - low) * (ordered[high] - ordered[low])


@pytest.mark.parametrize("clip", [90, 97.3, 99.5, 100])
@pytest.mark.parametrize("sign", ["both", "positive", "negative"])
def test_the_shown_maximum_is_a_percentile_of_what_is_shown(clip: float, sign: Any) -> None:
    pick = {"both": lambda v: v, "positive": lambda v: max(v, 0), "negative": lambda v: min(v, 0)}
    values = [abs(pick[sign](v)) for v in SIGNED.ravel()]
    assert shown_maximum(SIGNED, clip=clip, sign=sign) == pytest.approx(
        slow_percentile(values, clip), rel=1e-12
    )


def test_a_sparse_map_is_not_clipped_away() -> None:
    sparse = np.zeros((20, 20))
    sparse[3, 4] = 7
    assert shown_maximum(sparse, clip=95) == 7
    assert shown_maximum(np.zeros((3, 3))) == 0


def test_shown_by_hand() -> None:
    what = shown([[-4, -1], [0, 2]], clip=100)
    np.testing.assert_array_equal(what.t, [[-1, -0.25], [0, 0.5]])
    assert (what.maximum, what.kept_share, what.signed) == (4, 1, True)

    kept = shown([[-4, -1], [0, 2]], clip=100, threshold=0.5)
    np.testing.assert_array_equal(kept.t, [[-1, 0], [0, 0.5]])
    assert kept.kept_share == 0.5

    positive = shown([[-4, -1], [0, 2]], clip=100, sign="positive", threshold=0.5)
    np.testing.assert_array_equal(positive.t, [[0, 0], [0, 1]])
    assert (positive.maximum, positive.kept_share, positive.signed) == (2, 0.25, True)

    negative = shown([[-4, -1], [0, 2]], clip=100, sign="negative")
    np.testing.assert_array_equal(negative.t, [[-1, -0.25], [0, 0]])

    shared = shown([[-4, -1], [0, 2]], maximum=8.0)
    np.testing.assert_array_equal(shared.t, [[-0.5, -0.125], [0, 0.25]])


def test_values_beyond_the_maximum_are_held_there() -> None:
    values = np.arange(1, 11, dtype=float)[None]
    what = shown(values, clip=90)
    assert what.maximum == pytest.approx(9.1)
    assert what.t[0, -1] == 1


def test_sign_is_chosen_after_resizing_so_a_zero_crossing_stays() -> None:
    what = shown([[-1, 1]], (1, 4), clip=100, sign="positive")
    # Catmull and Rom at 1/4 and 3/4 of the way from -1 to 1: -+0.59375
    np.testing.assert_allclose(what.t, [[0, 0, 0.59375, 1]])


def test_a_map_is_enlarged_without_creases_and_within_its_values() -> None:
    np.testing.assert_allclose(
        enlarged([[0, 4]], (1, 4)), [[0, 2 - 1.1875, 2 + 1.1875, 4]], rtol=1e-6
    )
    values = rng.normal(size=(3, 4))
    np.testing.assert_allclose(enlarged(values, (9, 12))[1::3, 1::3], values, rtol=1e-6)
    large = enlarged(values, (40, 60))
    assert values.min() - 1e-6 <= large.min() <= large.max() <= values.max() + 1e-6
    np.testing.assert_array_equal(enlarged(values, (2, 3)), resize(values, (2, 3)))


def test_cells_are_the_values_themselves() -> None:
    values = np.arange(6, dtype=float).reshape(2, 3)
    cells = enlarged(values, (4, 6), "cells")
    np.testing.assert_array_equal(cells, np.kron(values, np.ones((2, 2))))
    with pytest.raises(ExplanationError, match="smooth, cells"):
        enlarged(values, (4, 6), "cubic")  # type: ignore[arg-type]


def test_a_map_that_is_nowhere_zero_does_not_stain_the_picture() -> None:
    picture = np.full((8, 8, 3), 90, np.uint8)
    field = np.linspace(0.5, 1.0, 64).reshape(8, 8)
    seen = overlay(picture, field, opacity=1, clip=100)
    changed = np.abs(seen.astype(int) - 90).max(-1)
    assert changed[0, 0] == 0
    assert changed[-1, -1] > 100
    assert shown(field, clip=100).foot == pytest.approx(np.percentile(field, 0.5))
    even = shown(np.full((4, 4), 2.0))  # nothing is weaker than the rest: all of it is seen
    assert (even.foot, even.alpha.min()) == (0, 1)
    sparse = np.where(np.arange(64).reshape(8, 8) % 2, 1.0, 0.0)
    assert shown(sparse, clip=100).foot == 0


def test_what_is_not_finite_counts_as_zero() -> None:
    what = shown([[np.nan, np.inf], [-np.inf, 2]], clip=100)
    np.testing.assert_array_equal(what.t, [[0, 0], [0, 1]])
    nothing = shown([[np.nan, 0]])
    assert (nothing.maximum, nothing.t.tolist()) == (0, [[0, 0]])


def slow_cubic(line: Any, i: int, length: int) -> float:
    """Catmull and Rom's spline through the points of a line, at the i-th of `length` places."""
    n = len(line)
    if length == n:
        return float(line[i])
    place = min(max((i + 0.5) * n / length - 0.5, 0), n - 1)
    k = math.floor(place)
    p = [float(line[min(max(k + step, 0), n - 1)]) for step in (-1, 0, 1, 2)]
    t = place - k
    rest = t * (2 * p[0] - 5 * p[1] + 4 * p[2] - p[3] + t * (3 * (p[1] - p[2]) + p[3] - p[0]))
    return p[1] + 0.5 * t * (p[2] - p[0] + rest)


def slow_overlay(picture: Any, values: Any, **how: Any) -> np.ndarray:
    """The docstring of render/colours.py again, one pixel and one channel at a time."""
    height, width = picture.shape[:2]
    w = values.shape[1]
    signed = how["colormap"] == "coolwarm"
    table = lut(how["colormap"])
    pick = {"both": lambda v: v, "positive": lambda v: max(v, 0), "negative": lambda v: min(v, 0)}
    select = pick[how["sign"]]
    top = slow_percentile([abs(select(v)) for v in values.ravel()], how["clip"])
    foot = slow_percentile([abs(select(v)) for v in values.ravel()], 0.5) / top
    out = np.zeros_like(picture)
    for i in range(height):
        for j in range(width):
            # Down first, and within the values that there are after each step.
            columns = [slow_cubic(values[:, k], i, height) for k in range(w)]
            low, high = values.min(), values.max()
            row = [min(max(v, low), high) for v in columns]
            value = min(max(slow_cubic(row, j, width), low), high)
            t = max(-1, min(1, select(value) / top))
            t = t if abs(t) >= how["threshold"] else 0
            if signed:
                index = 128 + int(math.copysign(math.floor(127 * abs(t) + 0.5), t))
            else:
                index = math.floor(255 * abs(t) + 0.5)
            u = min(max((abs(t) - foot) / (1 - foot), 0), 1)
            alpha = how["opacity"] * (3 * u**2 - 2 * u**3)
            backdrop = [float(c) for c in picture[i, j]]
            source = [float(c) for c in table[index]]
            mixed = slow_blend(backdrop, source, how["blend"])
            for c in range(3):
                out[i, j, c] = math.floor((1 - alpha) * backdrop[c] + alpha * mixed[c] + 0.5)
    return out


def luminosity(c: list[float]) -> float:
    return 0.3 * c[0] + 0.59 * c[1] + 0.11 * c[2]


def slow_blend(backdrop: list[float], source: list[float], mode: str) -> list[float]:
    if mode == "multiply":
        return [b * s / 255 for b, s in zip(backdrop, source, strict=True)]
    if mode == "screen":
        return [255 - (255 - b) * (255 - s) / 255 for b, s in zip(backdrop, source, strict=True)]
    if mode == "luminosity":
        return set_luminosity(backdrop, luminosity(source))
    if mode == "color":
        return set_luminosity(source, luminosity(backdrop))
    return source


def set_luminosity(colour: list[float], light: float) -> list[float]:
    """SetLum and ClipColor of W3C Compositing and Blending Level 1, section 10.2."""
    d = light - luminosity(colour)
    moved = [c + d for c in colour]
    light = luminosity(moved)
    n, x = min(moved), max(moved)
    if n < 0:
        moved = [light + (c - light) * light / (light - n) for c in moved]
    if x > 255:
        moved = [light + (c - light) * (255 - light) / (x - light) for c in moved]
    return moved


@pytest.mark.parametrize("blend", ["normal", "multiply", "screen", "luminosity", "color"])
@pytest.mark.parametrize(
    ("values", "colormap", "sign"),
    [
        (SIGNED, "coolwarm", "both"),
        (SIGNED, "coolwarm", "negative"),
        (SIGNED, "viridis", "positive"),
        (POSITIVE, "inferno", "both"),
    ],
)
@pytest.mark.parametrize(
    ("opacity", "clip", "threshold"), [(0.7, 99.5, 0.0), (1.0, 92.0, 0.3), (0.0, 100.0, 0.9)]
)
def test_overlay_equals_the_slow_one(
    values: Any, colormap: str, sign: Any, blend: Any, opacity: float, clip: float, threshold: float
) -> None:
    how: dict[str, Any] = {
        "colormap": colormap,
        "sign": sign,
        "blend": blend,
        "opacity": opacity,
        "clip": clip,
        "threshold": threshold,
    }
    wanted = slow_overlay(PICTURE, resize(values, values.shape).astype(float), **how)
    found = overlay(PICTURE, values, **how)
    # a value within 1e-7 of a rounding edge may fall on either side
    assert (np.abs(found.astype(int) - wanted) <= 1).all()
    assert (found == wanted).mean() > 0.98


def test_nothing_to_show_leaves_the_picture() -> None:
    np.testing.assert_array_equal(overlay(PICTURE, np.zeros((3, 3))), PICTURE)
    np.testing.assert_array_equal(overlay(PICTURE, np.full((3, 3), np.nan)), PICTURE)
    np.testing.assert_array_equal(overlay(PICTURE, POSITIVE, opacity=0), PICTURE)
    np.testing.assert_array_equal(overlay(PICTURE, -POSITIVE, sign="positive"), PICTURE)


def test_the_strongest_evidence_has_the_last_colour() -> None:
    picture = np.full((1, 3, 3), 100, np.uint8)
    full = overlay(picture, [[-2.0, 0.0, 2.0]], opacity=1, clip=100)
    np.testing.assert_array_equal(full[0], [lut("coolwarm")[1], [100] * 3, lut("coolwarm")[255]])


def test_colorize_is_opaque_and_keeps_zero_at_the_centre() -> None:
    colours = colorize([[-2.0, 0.0, 1.0]], clip=100)
    np.testing.assert_array_equal(colours[0], lut("coolwarm")[[1, 128, 192]])
    np.testing.assert_array_equal(colorize([[0.0, 1.0]], clip=100)[0], lut("inferno")[[0, 255]])
    still_signed = colorize([[0.0, 1.0]], clip=100, signed=True)
    np.testing.assert_array_equal(still_signed[0], lut("coolwarm")[[128, 255]])
    magnitude = colorize([[-1.0, 1.0]], clip=100, colormap="viridis")
    np.testing.assert_array_equal(magnitude[0], lut("viridis")[[255, 255]])
    assert colorize(SIGNED, (9, 8)).shape == (9, 8, 3)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"opacity": 1.5}, "opacity is 1.5; expected a number from 0 to 1"),
        ({"opacity": float("nan")}, "opacity is nan"),
        ({"clip": 101}, "clip is 101; expected a number from 0 to 100"),
        ({"threshold": -0.1}, "threshold is -0.1"),
        ({"sign": "postive"}, r"'postive'; expected one of both.*mean \"positive\"\?"),
        ({"blend": "screan"}, r"blend is 'screan'.*mean \"screen\"\?"),
        ({"colormap": "jet"}, "colormap is 'jet', which is not known"),
        ({"maximum": -1.0}, "maximum is -1.0"),
        ({"maximum": float("inf")}, "maximum is inf"),
    ],
)
def test_wrong_settings_are_refused_in_words(how: dict[str, Any], words: str) -> None:
    with pytest.raises(ExplanationError, match=words):
        overlay(PICTURE, SIGNED, **how)


@pytest.mark.parametrize(
    ("picture", "values", "words"),
    [
        (PICTURE / 255, SIGNED, r"float64 \(12, 10, 3\); expected uint8"),
        (PICTURE[..., 0], SIGNED, r"uint8 \(12, 10\)"),
        (
            PICTURE,
            np.zeros((2, 3, 3)),
            r"the map has shape \(2, 3, 3\); expected \(height, width\)",
        ),
        (PICTURE, np.zeros((0, 3)), r"shape \(0, 3\)"),
    ],
)
def test_wrong_arrays_are_refused_in_words(picture: Any, values: Any, words: str) -> None:
    with pytest.raises(ExplanationError, match=words):
        overlay(picture, values)


def test_a_size_of_nothing() -> None:
    with pytest.raises(ExplanationError, match=r"size is \(0, 4\)"):
        resize(SIGNED, (0, 4))
