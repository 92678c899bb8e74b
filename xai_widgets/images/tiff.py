"""TIFF files that Pillow does not read whole: many bands, 16 bits in colour, floats, pages."""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.errors import ExplanationError
from xai_widgets.images.arrays import from_array
from xai_widgets.images.loaded import Loaded

__all__ = ["is_tiff", "load_tiff"]

_BEGINNINGS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_MAX_VALUES = 2**29
_PAGES = 256  # of which bands may be made
_MIN_IS_WHITE = 0
_COLOURS = (2, 5, 6, 8)  # RGB, CMYK, YCbCr, CIELAB
_PALETTE = 3
_UNSPECIFIED = 0  # an extra sample that is not opacity
_ORIENTATION = 274
# How each EXIF orientation is undone: transposed, then flipped down, then across.
_UPRIGHT = {
    2: (False, False, True),
    3: (False, True, True),
    4: (False, True, False),
    5: (True, False, False),
    6: (True, False, True),
    7: (True, True, True),
    8: (True, True, False),
}


def is_tiff(file: Path) -> bool:
    """Whether a file begins as TIFF files do."""
    with file.open("rb") as opened:
        return opened.read(4) in _BEGINNINGS


def load_tiff(file: Path, what: str, wanted: int | None) -> Loaded | None:
    """Read a TIFF file with tifffile; None where Pillow reads all of it.

    wanted: the number of bands that is looked for. Raises ``ExplanationError`` for a broken file,
    and for a compression that needs another package.
    """
    import tifffile

    log = logging.getLogger("tifffile")
    log.addFilter(_silent)
    try:
        with tifffile.TiffFile(file) as opened:
            try:
                part, page = _part(opened), opened.pages.first
                if part is None:
                    return None
                size = math.prod(part.shape)
            except Exception:  # Pillow says what is wrong with it
                return None
            if size > _MAX_VALUES:
                raise ExplanationError(
                    f"{what} has {' x '.join(map(str, part.shape))} values; expected no more than "
                    f"{_MAX_VALUES // 10**6} million. Make it smaller first."
                )
            array, pages, last = _upright(part, page, bool(opened.is_shaped))
    except ExplanationError:
        raise
    except Exception as error:  # decoders raise nearly every type on a broken file
        raise _unreadable(what, error) from error
    finally:
        log.removeFilter(_silent)
    return from_array(array, file.name, what, last=last, wanted=wanted, pages=pages)


def _part(opened: Any) -> Any:
    """What of an open file has to be read: its pages, its first page, or None for Pillow's part."""
    page = opened.pages.first
    if len(opened.pages) > 1 and page.samplesperpixel == 1:
        series = opened.series[0]
        # A writer of one array says so; pages of other files may be a film.
        few = len(series.pages) <= _PAGES and math.prod(series.shape) <= _MAX_VALUES
        if len(series.pages) > 1 and (few or opened.is_shaped):
            return series
    return None if _pillow_reads(page) else page


def _upright(part: Any, page: Any, shaped: bool) -> tuple[npt.NDArray[Any], bool, bool | None]:
    """The values the right way up, whether channels are pages, and whether they are on the last
    axis (None where the file does not say).
    """
    array = part.asarray()
    kept = [axis for axis, length in zip(part.axes, array.shape, strict=True) if length != 1]
    array = np.squeeze(array)
    if page.photometric == _MIN_IS_WHITE and array.dtype.kind == "u":
        array = np.iinfo(array.dtype).max - array
    while array.ndim > 3:
        array, kept = array[0], kept[1:]
    (other,) = [axis for axis in kept if axis not in "YX"] or [""]
    if array.ndim < 3 or not other:
        return _turned(array, page), False, None
    if shaped and other not in "SC":
        return array, False, None
    return _turned(np.moveaxis(array, kept.index(other), 2), page), other not in "SC", True


def _turned(array: npt.NDArray[Any], page: Any) -> npt.NDArray[Any]:
    tag = page.tags.get(_ORIENTATION)
    transposed, down, across = _UPRIGHT.get(0 if tag is None else int(tag.value), (False,) * 3)
    array = np.swapaxes(array, 0, 1) if transposed else array
    return array[:: -1 if down else 1, :: -1 if across else 1]


def _pillow_reads(page: Any) -> bool:
    samples, kind = int(page.samplesperpixel), np.dtype(page.dtype)
    bits = int(np.max(page.bitspersample))
    if samples == 1:
        # Pillow does not turn white round where it has 16 bits.
        whole = bits <= 8 or (kind == np.uint16 and page.photometric != _MIN_IS_WHITE)
        read = (whole and kind.kind != "i") or kind == np.float32
        return bool(read or page.photometric == _PALETTE)
    if bits > 8 or kind.kind != "u" or page.photometric not in _COLOURS:
        return False
    extra = tuple(int(sample) for sample in page.extrasamples)
    return samples <= 4 and _UNSPECIFIED not in extra


def _unreadable(what: str, error: Exception) -> ExplanationError:
    reason = (str(error).strip().splitlines() or [""])[0][:160]
    if "imagecodecs" in reason:
        return ExplanationError(
            f"{what} is compressed in a way that needs the package imagecodecs ({reason}); "
            "install it with: pip install imagecodecs. Or save the file without compression."
        )
    return ExplanationError(
        f"{what} cannot be decoded; it is damaged or cut short "
        f"({type(error).__name__}{': ' + reason if reason else ''})."
    )


def _silent(_record: logging.LogRecord) -> bool:
    """A filter of messages about what is unusual in a file."""
    return False
