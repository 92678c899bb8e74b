"""From values to colours, and colours over a picture. The browser does the very same sums.

Let v be a map (h, w) and the picture (H, W, 3) in sRGB bytes. round(x) is floor(x + 1/2).

1.  values that are not finite count as 0
2.  shown maximum  M = percentile(|select(v)|, clip), linear between order statistics, on the map's
    own grid; M = max |select(v)| where that is 0 (a sparse map)
    select(v) = v | max(v, 0) | min(v, 0)             sign = both | positive | negative
3.  f = bilinear(v) to (H, W), pixel centres at half integers (align_corners=False), edges clamped
4.  t = clamp(select(f) / M, -1, 1), u = |t|          t = 0 everywhere where M = 0
5.  kept where u >= threshold; t = u = 0 elsewhere    "keeps 12 %" is the mean of kept
6.  colour = LUT[128 + sign(t) round(127 u)]          diverging: entry 128 is exact zero
           = LUT[round(255 u)]                        sequential: magnitude
7.  alpha = opacity u^2 (3 - 2 u)                     weak evidence fades instead of staining
8.  out = round((1 - alpha) Cb + alpha B(Cb, Cs))     Cb picture, Cs colour, B the blend mode of
    W3C Compositing and Blending Level 1: normal, multiply, screen, luminosity, color
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

import matplotlib as mpl
import numpy as np
import numpy.typing as npt

from xai_widgets.errors import ExplanationError, brief, nearest

__all__ = [
    "CENTRE",
    "COLORMAPS",
    "Blend",
    "Colormap",
    "Shown",
    "Sign",
    "colorize",
    "fade",
    "lut",
    "overlay",
    "ramp",
    "resize",
    "resolve_colormap",
    "shown",
    "shown_maximum",
]

Sign = Literal["both", "positive", "negative"]
Blend = Literal["normal", "multiply", "screen", "luminosity", "color"]
Floats = npt.NDArray[np.floating]
Pixels = npt.NDArray[np.uint8]


CENTRE = 128  # the entry of a diverging table that holds exact zero; 1 and 255 are the two ends


@dataclass(frozen=True)
class Colormap:
    """A table of colours: its matplotlib ``name``, a ``title``, and whether zero sits inside."""

    name: str
    title: str
    diverging: bool


COLORMAPS: dict[str, Colormap] = {
    colormap.name: colormap
    for colormap in (
        Colormap("inferno", "Inferno", diverging=False),
        Colormap("viridis", "Viridis", diverging=False),
        Colormap("cividis", "Cividis", diverging=False),
        Colormap("gray", "Grey", diverging=False),
        Colormap("coolwarm", "Blue to red", diverging=True),
        Colormap("BrBG", "Brown to teal", diverging=True),
        Colormap("berlin", "Blue to red, dark centre", diverging=True),
    )
}


def resolve_colormap(name: str, *, signed: bool) -> Colormap:
    """Return the colormap called ``name``; ``"auto"`` is diverging for signed maps, else inferno.

    Raises ``ExplanationError`` for a name that is not in ``COLORMAPS``.
    """
    if name == "auto":
        name = "coolwarm" if signed else "inferno"
    if name not in COLORMAPS:
        raise ExplanationError(
            f"colormap is {name!r}, which is not known.{nearest(name, COLORMAPS)} "
            f'Known: "auto", {", ".join(COLORMAPS)}.'
        )
    return COLORMAPS[name]


@cache
def lut(name: str) -> npt.NDArray[np.uint8]:
    """Return the (256, 3) uint8 table of a colormap; read-only.

    A diverging table is sampled at 255 points, so that it has a middle: entry 128 is exact zero,
    entries 1 and 255 the two ends, and entry 0 repeats entry 1.
    """
    diverging = resolve_colormap(name, signed=False).diverging
    colours = mpl.colormaps[name].resampled(255 if diverging else 256)
    # bytes=True would cut the fraction off and darken every colour by half a level
    table = np.floor(255 * colours(np.arange(colours.N))[:, :3] + 0.5)
    if diverging:
        table = np.concatenate([table[:1], table])
    table = np.ascontiguousarray(table, dtype=np.uint8)
    table.setflags(write=False)
    return table


_LUMA = np.array([0.30, 0.59, 0.11])  # W3C Lum()


@dataclass(frozen=True)
class Shown:
    """What of a map is shown.

    ``t`` (H, W) float64 in [-1, 1], the share of ``maximum`` with its sign, 0 where hidden;
    ``maximum`` the value that t = 1 stands for; ``kept_share`` in [0, 1]; ``signed`` whether the
    map as a whole has two signs (whatever ``sign`` picks).
    """

    t: npt.NDArray[np.float64]
    maximum: float
    kept_share: float
    signed: bool


def resize(values: npt.ArrayLike, size: Sequence[int]) -> npt.NDArray[np.float32]:
    """Resize a map (h, w) to ``size`` (H, W): bilinear, ``align_corners=False``, edges clamped.

    Equal to ``torch.nn.functional.interpolate(mode="bilinear", align_corners=False)``.
    """
    field = _map(values)
    height, width = (int(n) for n in size)
    if height < 1 or width < 1:
        raise ExplanationError(f"size is {tuple(size)}; expected (height, width), both at least 1.")
    if field.shape == (height, width):
        return field.astype(np.float32)
    return _along(_along(field, 0, height), 1, width).astype(np.float32)


def shown_maximum(values: npt.ArrayLike, *, clip: float = 99.5, sign: Sign = "both") -> float:
    """Return M of step 2: the value that gets the last colour; 0.0 where there is nothing."""
    _check("clip", clip, 0, 100)
    magnitude = np.abs(_select(_finite(_map(values)), sign))
    maximum = float(np.percentile(magnitude, clip))
    return maximum if maximum > 0 else float(magnitude.max())


def shown(
    values: npt.ArrayLike,
    size: Sequence[int] | None = None,
    *,
    clip: float = 99.5,
    threshold: float = 0.0,
    sign: Sign = "both",
    maximum: float | None = None,
) -> Shown:
    """Return steps 1 to 5 for a map (h, w) at ``size`` (H, W); its own size by default.

    ``maximum`` replaces the percentile, so that several maps can share one colour bar.
    """
    _check("threshold", threshold, 0, 1)
    field = _finite(_map(values))
    top = shown_maximum(field, clip=clip, sign=sign) if maximum is None else float(maximum)
    if not np.isfinite(top) or top < 0:
        raise ExplanationError(f"maximum is {top}; expected a finite number, 0 or more.")
    signed = bool((field < 0).any())
    full = field if size is None else _resized(field, size)
    t = np.clip(_select(full, sign) / top, -1, 1) if top > 0 else np.zeros_like(full)
    kept = np.abs(t) >= threshold
    return Shown(np.where(kept, t, 0.0), top, float(kept.mean()), signed)


def colorize(
    values: npt.ArrayLike,
    size: Sequence[int] | None = None,
    *,
    colormap: str = "auto",
    clip: float = 99.5,
    threshold: float = 0.0,
    sign: Sign = "both",
    signed: bool | None = None,
    maximum: float | None = None,
) -> Pixels:
    """Return the opaque colours (H, W, 3) uint8 of a map: step 6.

    ``signed`` says what ``"auto"`` takes: a diverging colormap, or inferno. None: by the values.
    """
    what = shown(values, size, clip=clip, threshold=threshold, sign=sign, maximum=maximum)
    return _colours(what, colormap, signed)


def overlay(
    pixels: npt.ArrayLike,
    values: npt.ArrayLike,
    *,
    opacity: float = 0.7,
    colormap: str = "auto",
    clip: float = 99.5,
    threshold: float = 0.0,
    sign: Sign = "both",
    blend: Blend = "normal",
    signed: bool | None = None,
    maximum: float | None = None,
) -> Pixels:
    """Lay a map (h, w) over a picture (H, W, 3) uint8 and return (H, W, 3) uint8: steps 1 to 8."""
    picture = _picture(pixels)
    _check("opacity", opacity, 0, 1)
    _choice("blend", blend, get_args(Blend))
    what = shown(
        values, picture.shape[:2], clip=clip, threshold=threshold, sign=sign, maximum=maximum
    )
    backdrop = picture.astype(np.float64)
    source = _colours(what, colormap, signed).astype(np.float64)
    alpha = opacity * fade(np.abs(what.t))[..., None]
    mixed = (1 - alpha) * backdrop + alpha * _blend(backdrop, source, blend)
    return np.floor(mixed + 0.5).astype(np.uint8)


def _colours(what: Shown, colormap: str, signed: bool | None) -> Pixels:
    chosen = resolve_colormap(colormap, signed=what.signed if signed is None else signed)
    u = np.abs(what.t)
    if chosen.diverging:
        index = CENTRE + np.sign(what.t) * np.floor(127 * u + 0.5)
    else:
        index = np.floor(255 * u + 0.5)
    coloured: Pixels = lut(chosen.name)[index.astype(np.intp)]
    return coloured


def fade(u: Floats) -> Floats:
    """The opacity of colour at a share `u` of the shown maximum: none at 0, half at 1/2, full at 1.

    Flat at both ends, so that weak evidence leaves the picture alone and strong evidence is plain.
    """
    return u * u * (3 - 2 * u)


def ramp(colormap: str, signed: bool, sign: Sign, maximum: float) -> tuple[Pixels, float, float]:
    """The colours (N, 3) of a colour bar, and the values that its two ends stand for."""
    chosen = resolve_colormap(colormap, signed=signed)
    table = lut(chosen.name)
    if not chosen.diverging:
        return table, 0.0, maximum
    first, last, low, high = {
        "positive": (CENTRE, 256, 0.0, maximum),
        "negative": (1, CENTRE + 1, -maximum, 0.0),
    }.get(sign, (1, 256, -maximum, maximum))
    return table[first:last], low, high


def _blend(backdrop: Floats, source: Floats, mode: Blend) -> Floats:
    """B(Cb, Cs) of the W3C text, on values 0 .. 255."""
    if mode == "multiply":
        return backdrop * source / 255
    if mode == "screen":
        return backdrop + source - backdrop * source / 255
    if mode == "luminosity":
        return _with_luminosity(backdrop, source @ _LUMA)
    if mode == "color":
        return _with_luminosity(source, backdrop @ _LUMA)
    return source


def _with_luminosity(colour: Floats, luminosity: Floats) -> Floats:
    """SetLum(C, l) with ClipColor: the hue of ``colour``, the luminosity given, inside 0 .. 255."""
    light = luminosity[..., None]
    moved = colour + (light - (colour @ _LUMA)[..., None])
    low, high = moved.min(-1, keepdims=True), moved.max(-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        darkened = light + (moved - light) * light / (light - low)
        moved = np.where(low < 0, darkened, moved)
        brightened = light + (moved - light) * (255 - light) / (high - light)
        moved = np.where(high > 255, brightened, moved)
    return np.asarray(np.clip(moved, 0, 255))


def _select(values: Floats, sign: Sign) -> Floats:
    _choice("sign", sign, get_args(Sign))
    if sign == "positive":
        return np.maximum(values, 0)
    if sign == "negative":
        return np.minimum(values, 0)
    return values


def _resized(field: npt.NDArray[np.float64], size: Sequence[int]) -> npt.NDArray[np.float64]:
    return resize(field, size).astype(np.float64)


def _along(field: npt.NDArray[np.float64], axis: int, target: int) -> npt.NDArray[np.float64]:
    """Bilinear along one axis."""
    length = field.shape[axis]
    position = np.maximum((np.arange(target) + 0.5) * (length / target) - 0.5, 0)
    below = np.minimum(np.floor(position).astype(np.intp), length - 1)
    above = np.minimum(below + 1, length - 1)
    share = (position - below).reshape((-1, 1) if axis == 0 else (1, -1))
    lower, upper = np.take(field, below, axis), np.take(field, above, axis)
    return np.asarray((1 - share) * lower + share * upper, dtype=np.float64)


def _finite(field: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(np.isfinite(field), field, 0.0)


def _map(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    field = np.asarray(values, dtype=np.float64)
    if field.ndim != 2 or field.size == 0:
        raise ExplanationError(f"the map has shape {field.shape}; expected (height, width).")
    return field


def _picture(pixels: npt.ArrayLike) -> Pixels:
    picture = np.asarray(pixels)
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise ExplanationError(
            f"pixels are {picture.dtype} {picture.shape}; expected uint8 (height, width, 3)."
        )
    return picture


def _check(name: str, value: float, low: float, high: float) -> None:
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not number or not low <= value <= high:  # also refuses NaN
        raise ExplanationError(f"{name} is {brief(value)}; expected a number from {low} to {high}.")


def _choice(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise ExplanationError(
            f"{name} is {brief(value)}; "
            f"expected one of {', '.join(choices)}.{nearest(value, choices)}"
        )
