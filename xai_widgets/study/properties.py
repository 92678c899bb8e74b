"""What can be measured of a picture itself, and its thumbnail."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

__all__ = ["PROPERTIES", "properties_of", "size_of", "thumbnail_of"]

PROPERTIES = ("brightness", "contrast", "saturation", "sharpness", "width", "height", "aspect")
THUMBNAIL = 96  # pixels of the longer side
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R 601
_TURNED = (5, 6, 7, 8)  # EXIF orientations that exchange width and height


def properties_of(pixels: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """The seven `PROPERTIES` of a picture (H, W, 3) as the network sees it, whose file has ``size``
    (width, height).

    brightness: mean luma; contrast: its standard deviation; saturation: mean of (max − min) / max
    of each pixel; sharpness: the standard deviation of its Laplacian; all of pixels in [0, 1].
    aspect: width / height.
    """
    # Each channel by itself: over the last axis of three numpy is several times slower.
    red, green, blue = np.ascontiguousarray(np.moveaxis(np.asarray(pixels), 2, 0))
    luma = red * (_LUMA[0] / 255)
    luma += green * (_LUMA[1] / 255)
    luma += blue * (_LUMA[2] / 255)
    high = np.maximum(np.maximum(red, green), blue)
    low = np.minimum(np.minimum(red, green), blue)
    saturation = (high - low) / np.maximum(high, 1).astype(np.float32)
    edges = np.pad(luma, 1, mode="edge")
    laplacian = edges[:-2, 1:-1] + edges[2:, 1:-1]
    laplacian += edges[1:-1, :-2]
    laplacian += edges[1:-1, 2:]
    laplacian -= 4 * luma
    width, height = size
    values = (luma.mean(), luma.std(), saturation.mean(), laplacian.std(), width, height)
    return np.array([*values, width / height], dtype=np.float32)


def size_of(image: Any) -> tuple[int, int] | None:
    """Width and height of a picture before preprocessing, without decoding it; None where they
    cannot be told.
    """
    try:
        if isinstance(image, (str, os.PathLike)):
            with Image.open(os.path.expanduser(os.fspath(image))) as opened:
                return _upright(opened)
        if isinstance(image, Image.Image):
            return _upright(image)
        shape = tuple(image.shape)
    except Exception:  # the picture itself is read, and refused in words, elsewhere
        return None
    if len(shape) == 4 and shape[0] == 1:
        shape = shape[1:]
    if len(shape) == 2:
        return shape[1], shape[0]
    if len(shape) != 3:
        return None
    first = shape[0] <= 4 and (shape[2] > 4 or hasattr(image, "detach"))
    height, width = shape[1:] if first else shape[:2]
    return int(width), int(height)


def _upright(image: Image.Image) -> tuple[int, int]:
    width, height = image.size
    turned = image.getexif().get(0x0112) in _TURNED
    return (height, width) if turned else (width, height)


def thumbnail_of(pixels: npt.NDArray[np.uint8]) -> bytes:
    """A picture (H, W, 3) as JPEG, at most 96 pixels a side."""
    image = Image.fromarray(pixels)
    scale = THUMBNAIL / max(image.size)
    if scale < 1:
        size = (max(round(image.width * scale), 1), max(round(image.height * scale), 1))
        image = image.resize(
            size, Image.Resampling.BOX if scale < 0.5 else Image.Resampling.HAMMING
        )
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=88, subsampling=0)  # edges of colour stay sharp
    return buffer.getvalue()
