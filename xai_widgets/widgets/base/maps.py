"""Maps and pictures as the browser receives them: a map has one byte a pixel, with what is needed
to undo it; a picture is small where exactness is not needed.

A map is companded before it is quantised: with m = max |v|, the byte stores sign(v) sqrt(|v| / m),
so that the many small values of a heavy-tailed map keep more levels than the few large ones, and
zero stays exactly zero. The browser inverts it, and colours values, not pictures of values.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, features

from xai_widgets.attribution import Attribution
from xai_widgets.engine.cautions import EMPTY
from xai_widgets.methods import Method
from xai_widgets.render import encode_png
from xai_widgets.shares import percent
from xai_widgets.widgets.base import wire

GAMMA = 2
BINS = 64
_SIGNED_LEVELS = 127  # bytes 0 .. 254 with zero at 127: the same number of levels on both sides
_UNSIGNED_LEVELS = 255

_EXACT_PIXELS = 96 * 96  # up to this size a picture is sent exactly


Pixels = npt.NDArray[np.uint8]
FloatMap = npt.NDArray[np.float32]
ByteMap = npt.NDArray[np.uint8]
State = Literal["ok", "zero", "nonfinite"]


def quantise(values: npt.ArrayLike, *, signed: bool) -> wire.QuantisedMap:
    """An (h, w) map of real values as bytes, with its true range and the histogram of |v|.

    A map declared unsigned that nevertheless holds negative values is stored signed. Values that
    are not finite are stored as zero, counted, and said so in `message`.
    """
    exact = np.asarray(values, dtype=np.float64)
    if exact.ndim != 2:
        raise ValueError(f"an attribution map has two axes (h, w), not shape {exact.shape}")
    finite = np.isfinite(exact)
    lost = int(exact.size - np.count_nonzero(finite))
    shown = np.where(finite, exact, 0.0)
    magnitude = np.abs(shown)
    peak = float(magnitude.max(initial=0.0))
    low, high = float(shown.min(initial=0.0)), float(shown.max(initial=0.0))
    if not lost and exact.size:
        low, high = float(exact.min()), float(exact.max())
    signed = signed or low < 0
    histogram = np.histogram(magnitude, bins=BINS, range=(0.0, peak or 1.0))[0]
    state, message = _in_words(lost, exact.size, peak)
    return {
        "shape": list(exact.shape),
        "signed": signed,
        "range": [low, high],
        "peak": peak,
        "gamma": GAMMA,
        "histogram": [int(count) for count in histogram],
        "data": _companded(shown, peak, signed=signed).tobytes(),
        "state": state,
        "message": message,
    }


def frame_of(
    attribution: Attribution,
    method: Method,
    parameters: Mapping[str, Any],
    *,
    fraction: float = 1.0,
    seconds: float = 0.0,
) -> wire.MapFrame:
    """The `frame` that shows an attribution, all but its `seq`.

    `parameters` are the overrides that were asked for. The frame carries all of them, with the
    method's defaults, since that is what the browser knows a frame by.
    """
    quantised = quantise(map_of(attribution), signed=method.signed)
    if quantised["state"] == "zero":
        quantised["message"] = " ".join(_why_empty(attribution)) or quantised["message"]
    return {
        "method": attribution.method,
        "target": target_of(attribution),
        "layer": attribution.layer,
        "parameters": {p.name: parameters.get(p.name, p.default) for p in method.parameters},
        **quantised,
        "partial": fraction < 1,
        "fraction": fraction,
        "seconds": round(seconds, 4),
        "note": note_of(attribution),
    }


def target_of(attribution: Attribution) -> wire.FrameTarget:
    """What is explained."""
    target, probability = attribution.target, finite(attribution.probability)
    shown = frame_target(target.index, target.name, probability, attribution.unit)
    return {**shown, "score": finite(attribution.score)}


def class_score(index: int, name: str, probability: float, unit: wire.Unit) -> wire.ClassScore:
    """A class and its probability, or the network's own number in its place."""
    shown: wire.ClassScore = {"index": index, "name": name, "probability": probability}
    return shown if unit == "probability" else {**shown, "unit": unit}


def frame_target(
    index: int | None, name: str, probability: float | None, unit: wire.Unit
) -> wire.FrameTarget:
    """What is explained, without its score."""
    shown: wire.FrameTarget = {"index": index, "name": name, "probability": probability}
    return shown if unit == "probability" else {**shown, "unit": unit}


def map_of(attribution: Attribution) -> FloatMap:
    """What is shown of an attribution, (h, w): a layer's map at its own size, channels summed."""
    return attribution.values if attribution.space == "layer" else attribution.heatmap()


def note_of(attribution: Attribution) -> str:
    """What a reader of the map has to know, in a few words; "" where there is nothing.

    The completeness gap is a share of what the values should add up to; beside a rise that is
    smaller than the gap, a share would say nothing.
    """
    empty = _why_empty(attribution)
    words = [warning for warning in attribution.warnings if warning not in empty]
    gap = attribution.completeness_gap
    if gap is not None:
        rise = float(attribution.values.sum(dtype=np.float64)) - gap
        words.append(
            f"completeness gap {percent(abs(gap / rise), 1)}"
            if abs(gap) < abs(rise)
            else f"completeness gap {gap:.2g} beside a rise of {rise:.2g}"
        )
    return " ".join(words)


def _why_empty(attribution: Attribution) -> list[str]:
    return [warning for warning in attribution.warnings if warning.startswith(EMPTY)]


def dequantise(frame: Mapping[str, Any]) -> FloatMap:
    """The (h, w) values a frame stands for: what the browser computes, in numpy."""
    codes = np.frombuffer(bytes(frame["data"]), dtype=np.uint8).astype(np.float64)
    s = (codes - _SIGNED_LEVELS) / _SIGNED_LEVELS if frame["signed"] else codes / _UNSIGNED_LEVELS
    values = np.sign(s) * np.abs(s) ** frame["gamma"] * frame["peak"]
    return np.asarray(values.reshape(frame["shape"]), dtype=np.float32)


def _companded(values: npt.NDArray[np.float64], peak: float, *, signed: bool) -> ByteMap:
    share = np.abs(values) / peak if peak > 0 else np.zeros_like(values)
    root = np.sign(values) * np.power(share, 1 / GAMMA)
    codes = _SIGNED_LEVELS + _SIGNED_LEVELS * root if signed else _UNSIGNED_LEVELS * root
    return np.ascontiguousarray(np.rint(codes), dtype=np.uint8)


def _in_words(lost: int, size: int, peak: float) -> tuple[State, str]:
    if size and lost == size:
        return "nonfinite", "No value of this map is a finite number, so there is nothing to show."
    if lost:
        words = f"{lost:,} of {size:,} values are not finite numbers and are shown as zero."
        return "nonfinite", words
    if peak == 0:
        return "zero", "The map is zero everywhere: this method found no evidence for this class."
    return "ok", ""


def finite(number: float | None) -> float | None:
    """A number as JSON can carry it: NaN and infinities, which JSON lacks, become None."""
    return None if number is None or not math.isfinite(number) else float(number)


def picture_to_json(pixels: Pixels, name: str) -> wire.Picture:
    """The pixels the model saw, (H, W, 3), as the `picture` trait: exact when small enough."""
    kind = "WEBP" if features.check("webp") else "JPEG"
    return {**_encoded(pixels, kind, quality=88), "name": name}


def large_picture(pixels: Pixels) -> wire.Picture:
    """(H, W, 3) as a photograph that is only looked at."""
    return _encoded(pixels, "JPEG", quality=85)


def small_picture(pixels: Pixels, side: int = 224, quality: int = 80) -> wire.Picture:
    """(H, W, 3) as one of many pictures: exact where it is tiny, else at most `side` large."""
    return _encoded(within(pixels, side), "JPEG", quality)


def _encoded(pixels: Pixels, kind: str, quality: int) -> wire.Picture:
    height, width = pixels.shape[:2]
    if height * width <= _EXACT_PIXELS:
        data, mime = encode_png(pixels), "image/png"
    else:
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, kind, quality=quality)
        data, mime = buffer.getvalue(), f"image/{kind.lower()}"
    return {"width": width, "height": height, "mime": mime, "data": data}


def within(pixels: Pixels, side: int) -> Pixels:
    """(H, W, 3), made smaller where it is larger than `side`."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def sized(pixels: Pixels, side: float) -> Pixels:
    """(H, W, 3) with its longer side `side` large; a picture of a few pixels keeps them visible."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    if size == (width, height):
        return pixels
    how = Image.Resampling.NEAREST if scale >= 6 else Image.Resampling.LANCZOS
    return np.asarray(Image.fromarray(pixels).resize(size, how))
