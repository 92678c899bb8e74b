"""Pictures as pixels and bytes: PNGs small enough to live inside a notebook, and labelled grids."""

from __future__ import annotations

import io
import textwrap
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from xai_widgets.errors import ExplanationError, readable

__all__ = ["encode_png", "grid"]

Pixels = npt.NDArray[np.uint8]

_GAP = 2
_LONGEST = 1000  # characters of a name that are looked at
_INK, _FAINT, _EMPTY = "#1f2328", "#5f6672", "#f3f4f6"


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


def grid(
    cells: Sequence[Sequence[Pixels | str]],
    rows: Sequence[Sequence[str]],
    columns: Sequence[str],
    *,
    side: int,
    title: str = "",
) -> Pixels:
    """Draw `cells` (pixels (H, W, 3), or words where there are none) with the lines of text of each
    row at its left and the name of each column above it; (H, W, 3) uint8, cells `side` pixels
    large. Not by matplotlib: it has to be quick enough to be made with every view.
    """
    size = max(side // 14, 11)
    font, bold = _font("DejaVuSans", size), _font("DejaVuSans-Bold", size)
    line = size + 4
    left, top = 10 * size, line * (2 if title else 1) + 6
    width = left + len(columns) * (side + _GAP)
    page = Image.new("RGB", (width, top + len(cells) * (side + _GAP)), "white")
    pen = ImageDraw.Draw(page)
    if title:
        pen.text((2, 1), _fitting(title, width - 4, font), _FAINT, font)
    for number, name in enumerate(columns):
        x = left + number * (side + _GAP)
        pen.text((x + 1, top - line - 2), _fitting(name, side, bold), _INK, bold)
    for row, (own, words) in enumerate(zip(cells, rows, strict=True)):
        y = top + row * (side + _GAP)
        for at, text in enumerate(words):
            colour, face = (_FAINT, font) if at else (_INK, bold)
            pen.text((2, y + at * line), _fitting(text, left - 8, face), colour, face)
        for column, cell in enumerate(own):
            x = left + column * (side + _GAP)
            if isinstance(cell, str):
                pen.rectangle((x, y, x + side - 1, y + side - 1), _EMPTY)
                wrapped = "\n".join(
                    textwrap.wrap(readable(cell[:_LONGEST]), max(side * 2 // size - 2, 8))[
                        : side // line
                    ]
                )
                pen.multiline_text((x + 4, y + 4), wrapped, _FAINT, font)
                continue
            shown = Image.fromarray(cell)
            shown.thumbnail((side, side), Image.Resampling.LANCZOS)
            if max(shown.size) < side:
                scale = side / max(shown.size)
                enlarged = [max(round(length * scale), 1) for length in shown.size]
                shown = shown.resize((enlarged[0], enlarged[1]), Image.Resampling.NEAREST)
            page.paste(shown, (x, y))
    return np.asarray(page)


@lru_cache(maxsize=8)
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """A font that comes with matplotlib: Pillow's own has no ×."""
    folder = Path(mpl.get_data_path(), "fonts", "ttf")
    return ImageFont.truetype(str(folder / f"{name}.ttf"), size)


def _fitting(text: str, width: float, font: ImageFont.FreeTypeFont) -> str:
    """As much of a text as fits, on one line."""
    text = " ".join(readable(text[:_LONGEST]).split())
    if font.getlength(text) <= width:
        return text
    fits = bisect_left(
        range(len(text)), True, key=lambda n: font.getlength(f"{text[: n + 1]}…") > width
    )
    return f"{text[:fits]}…"
