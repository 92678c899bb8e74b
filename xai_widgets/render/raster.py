"""Pictures as bytes: PNGs small enough to live in a notebook. And text that fits into pictures."""

from __future__ import annotations

import io
from bisect import bisect_left
from functools import lru_cache
from pathlib import Path

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFont

from xai_widgets.errors import ExplanationError, readable

__all__ = ["encode_png", "fitting", "typeface"]

Pixels = npt.NDArray[np.uint8]

_LONGEST = 1000  # characters of a name that are looked at


def encode_png(pixels: npt.NDArray[np.uint8], *, colors: int | None = None) -> bytes:
    """Encode (H, W, 3) or (H, W) uint8 as PNG; exact, or with a palette of ``colors`` (2 to 256).

    A palette of 256 makes a photograph about a third of its exact size, with dithering that is
    hard to see: right for the still picture a notebook keeps, wrong for data.
    """
    if pixels.dtype != np.uint8 or not (
        pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
    ):
        raise ExplanationError(
            f"pixels are {pixels.dtype} {pixels.shape}; expected uint8 (height, width, 3)."
        )
    if colors is not None and not 2 <= colors <= 256:
        raise ExplanationError(f"colors is {colors}; expected None or a number from 2 to 256.")
    image = Image.fromarray(np.ascontiguousarray(pixels))
    if colors is not None:
        palette = image.quantize(colors, method=Image.Quantize.MEDIANCUT)
        image = image.quantize(palette=palette) if image.mode == "RGB" else palette
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


@lru_cache(maxsize=8)
def typeface(name: str, size: int) -> ImageFont.FreeTypeFont:
    """A font that comes with matplotlib: Pillow's own has no ×."""
    folder = Path(mpl.get_data_path(), "fonts", "ttf")
    return ImageFont.truetype(str(folder / f"{name}.ttf"), size)


def fitting(text: str, width: float, font: ImageFont.FreeTypeFont) -> str:
    """As much of a text as fits, on one line."""
    text = " ".join(readable(text[:_LONGEST]).split())
    if font.getlength(text) <= width:
        return text
    fits = bisect_left(
        range(len(text)), True, key=lambda n: font.getlength(f"{text[: n + 1]}…") > width
    )
    return f"{text[:fits]}…"
