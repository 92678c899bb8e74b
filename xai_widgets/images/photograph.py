"""The whole of what a picture was made of, and which part of it the network is given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from xai_widgets.errors import ExplanationError
from xai_widgets.images.loaded import Loaded
from xai_widgets.images.loading import is_tensor, load
from xai_widgets.images.normalisation import generators_as_found
from xai_widgets.images.picture import Picture
from xai_widgets.images.preprocessing import Preprocessor

__all__ = ["Photograph", "photograph"]

Window = tuple[float, float, float, float]
Levels = npt.NDArray[np.uint8]
Shares = npt.NDArray[np.float64]

_LONGEST = 1600  # pixels of the side that is shown
_FINER = 1.2  # times as many pixels a side as the input, to be worth showing
_CROPPED = 0.02  # of a side that is cut off, to be worth showing
_RAMP = 3  # times as large as the input a ramp is at most
_STRAIGHT = 2 / 255  # that a ramp may be away from a straight line
_SEGMENTS = 24  # ramps one after the other
_SEGMENT = 14  # pixels of the input that each takes at least
_CORNER = 0.2  # of a segment, at both its ends
_ALIKE = 0.9  # correlation of the window with the pixels that the network sees
_FLAT = 3.0  # levels of standard deviation: nothing to compare


@dataclass(frozen=True, eq=False)
class Photograph:
    """``pixels`` (H, W, 3) uint8, upright, at most some 1600 pixels large; ``window`` is the part
    that the network is given, in shares of it: left, top, width, height.
    """

    pixels: Levels
    window: Window


def photograph(
    image: object, picture: Picture, preprocessor: Preprocessor, longest: int = _LONGEST
) -> Photograph | None:
    """The photograph that `picture` was made of by `preprocessor`.

    None where it shows no more than the picture does, and where it is not known which part of it
    the network is given: that is measured with a ramp in its place, and compared.
    """
    channels = picture.input.shape[1]
    if not picture.exact or channels not in (1, 3) or isinstance(image, Picture):
        return None
    if preprocessor.description == "no preprocessing" and is_tensor(image):
        return None  # it is the input
    try:
        loaded = load(image)
        whole = loaded.image(channels)
    except (ExplanationError, OSError):
        return None  # the file is another one by now
    size = whole.size
    shrunk = longest / max(whole.size)
    if shrunk < 1:
        width, height = (max(1, round(side * shrunk)) for side in whole.size)
        whole = whole.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
    for window in _windows(loaded, picture, preprocessor):
        if _alike(whole, window, picture.pixels):
            more = _shows_more(window, size, picture)
            return Photograph(np.asarray(whole.convert("RGB")), window) if more else None
    return None


def _windows(loaded: Loaded, picture: Picture, preprocessor: Preprocessor) -> Iterator[Window]:
    """The part of a picture that the network is likely given, the likeliest first.

    Known where the preprocessing is given in numbers, and otherwise measured.
    """
    known = preprocessor.window(*loaded.size)
    if known != "unknown":
        if known is not None:
            yield known
        return
    height, width = loaded.size
    scale = min(1.0, _RAMP * min(picture.input.shape[-2:]) / min(height, width))
    for each in sorted({scale, 1.0}):  # a crop in pixels depends on the size
        size = max(1, round(height * each)), max(1, round(width * each))
        window = _measured(size, picture.input.shape[1], preprocessor)
        if window is not None:
            yield window


def _measured(size: tuple[int, int], channels: int, preprocessor: Preprocessor) -> Window | None:
    """The part of a picture of this size that a preprocessing leaves, in shares: it is given
    pictures that tell the place of every pixel. None where the part is not a rectangle (turned,
    mirrored, with a border) or another one each time.
    """

    def seen(axis: int, segments: int = 1) -> Shares:
        """What is given of a ramp along an axis, the axis last."""
        ramp = np.rint(255 * _folded(segments, size[axis])).astype(np.uint8)
        levels = np.broadcast_to(ramp if axis else ramp[:, None], size)
        image = Image.fromarray(np.ascontiguousarray(levels))
        made = preprocessor(image.convert("L" if channels == 1 else "RGB"), made_up=True)
        if not made.exact:
            raise _NotStraight
        shares = made.pixels.mean(2, dtype=np.float64) / 255
        return np.asarray(shares if axis else shares.T)

    with generators_as_found():
        try:
            across, down = seen(1), seen(0)
            if not np.array_equal(across, seen(1)):
                return None  # a random part
            spans = []
            for axis, coarse in ((1, across), (0, down)):
                span = _straight(_line(coarse), 1, (0.0, 1.0))
                # More and steeper ramps tell it more exactly.
                segments = min(_SEGMENTS, int(coarse.shape[1] / (_SEGMENT * span[1])))
                if segments > 1:
                    span = _straight(_line(seen(axis, segments)), segments, span)
                spans.append((max(0.0, span[0]), min(1.0, span[0] + span[1])))
        except (ExplanationError, _NotStraight):
            return None
    (left, right), (top, bottom) = spans
    return left, top, right - left, bottom - top


class _NotStraight(Exception):
    """A ramp does not come out as one."""


def _folded(segments: int, length: int) -> Shares:
    """A line that goes from 0 to 1 and back in so many segments, (length,)."""
    place = segments * (np.arange(length) + 0.5) / length
    return np.asarray(np.abs((place + 1) % 2 - 1))


def _line(shares: Shares) -> Shares:
    """The one line that all rows are."""
    line = shares.mean(0)
    if np.abs(shares - line).max() > _STRAIGHT:
        raise _NotStraight
    return np.asarray(line)


def _straight(line: Shares, segments: int, about: tuple[float, float]) -> tuple[float, float]:
    """Where the part begins that a folded line was seen through, and how much of it that is, in
    shares; `about` is where it is known to be to a tenth of a segment.
    """
    places = (np.arange(line.size) + 0.5) / line.size
    guessed = segments * (about[0] + about[1] * places) if segments > 1 else places
    whole = np.clip(np.floor(guessed), 0, segments - 1)
    # A filter rounds the corners off.
    inner = np.abs(guessed - whole - 0.5) < (0.5 - _CORNER if segments > 1 else 0.48)
    if inner.sum() < 2:
        raise _NotStraight
    straight = (whole + np.where(whole % 2 == 0, line, 1 - line)) / segments
    length, begin = np.polyfit(places[inner], straight[inner], 1)
    away = np.abs(begin + length * places - straight)[inner]
    if length <= 0 or segments * away.max() > 2 * _STRAIGHT:
        raise _NotStraight
    return float(begin), float(length)


def _shows_more(window: Window, size: tuple[int, int], picture: Picture) -> bool:
    """Whether there is more to be seen: finer, or beside the window."""
    _, _, across, down = window
    height, width = picture.input.shape[-2:]
    finer = min(across * size[0] / width, down * size[1] / height)
    return finer >= _FINER or (finer >= 1 / _FINER and min(across, down) < 1 - _CROPPED)


def _alike(whole: Image.Image, window: Window, pixels: Levels) -> bool:
    """Whether the window shows what the network sees."""
    width, height = whole.size
    left, top, across, down = window
    box = (left * width, top * height, (left + across) * width, (top + down) * height)
    size = (pixels.shape[1], pixels.shape[0])
    cut = whole.convert("L").resize(size, Image.Resampling.BILINEAR, box=box)
    ours = np.asarray(cut, dtype=np.float64)
    theirs = np.asarray(Image.fromarray(pixels).convert("L"), dtype=np.float64)
    if min(ours.std(), theirs.std()) < _FLAT:
        return bool(np.abs(ours - theirs).mean() < _FLAT)
    return bool(np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] >= _ALIKE)
