"""Photographs and overlays as the bytes that travel with a widget, small where exactness is not
needed."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image, features

from xai_widgets.render import encode_png
from xai_widgets.widgets.base.wire import Picture

Pixels = npt.NDArray[np.uint8]

_EXACT_PIXELS = 96 * 96  # up to this size a picture is sent exactly
_STILL_BYTES = 60_000
_STILL_SIDES = (256, 192)


def picture_to_json(pixels: Pixels, name: str) -> Picture:
    """The pixels the model saw, (H, W, 3), as the `picture` trait: exact when small enough."""
    kind = "WEBP" if features.check("webp") else "JPEG"
    return {**_encoded(pixels, kind, quality=88), "name": name}


def small_picture(pixels: Pixels, side: int = 224, quality: int = 80) -> Picture:
    """(H, W, 3) as one of many pictures: exact where it is tiny, else at most `side` large."""
    return _encoded(within(pixels, side), "JPEG", quality)


def _encoded(pixels: Pixels, kind: str, quality: int) -> Picture:
    height, width = pixels.shape[:2]
    if height * width <= _EXACT_PIXELS:
        data, mime = encode_png(pixels), "image/png"
    else:
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, kind, quality=quality)
        data, mime = buffer.getvalue(), f"image/{kind.lower()}"
    return {"width": width, "height": height, "mime": mime, "data": data}


def still(pixels: Pixels) -> bytes:
    """(H, W, 3) as a PNG of at most about 60 KB, for the copy that a notebook keeps."""
    for side in _STILL_SIDES:
        png = encode_png(within(pixels, side), colors=256)
        if len(png) <= _STILL_BYTES:
            return png
    return encode_png(within(pixels, _STILL_SIDES[-1]), colors=64)


def within(pixels: Pixels, side: int) -> Pixels:
    """(H, W, 3), made smaller where it is larger than `side`."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))
