"""A card: what a widget shows as one still picture, for wherever no browser half runs.

White with a hairline, so that it is the same on a light page and on a dark one. Drawn by Pillow
and not by matplotlib, since a notebook's cell waits for it: tens of milliseconds. Lengths are those
of a page (CSS pixels); `scale` says how many pixels of the picture are one of them.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from xai_widgets.errors import readable
from xai_widgets.render.raster import fitting, typeface

__all__ = ["BLUE", "PAPER", "Bar", "Bars", "Card", "Cell", "Cells", "Column", "Curve", "Dots",
           "Plot", "Ramp", "Words"]  # fmt: skip

Pixels = npt.NDArray[np.uint8]
Numbers: TypeAlias = "Sequence[float] | npt.NDArray[np.floating]"

_WHITE, _INK, _MUTED = "#ffffff", "#1f2328", "#656b73"
_LINE, _SOFT = "#dfe2e6", "#f2f3f5"
BLUE, _TINT = "#3b5bdb", "#d5dcf7"
PAPER = (_WHITE, _INK, _MUTED, _LINE, _SOFT, BLUE, _TINT)  # of the card itself
_PAD, _GAP, _ROUND = 16, 20, 10
_TEXT, _SMALL, _TITLE = 12, 11, 15
_BAR, _RAMP = 26, 12
_LONGEST = 1000  # characters of a text that are looked at
_FINER = 3  # lines of plots are drawn so many times finer


@dataclass(frozen=True)
class Bar:
    """A class: its `name`, `share` of the bar in [0, 1], `words` at its end, and whether it is the
    one that is explained.
    """

    name: str
    words: str
    share: float
    marked: bool = False


@dataclass(frozen=True)
class Bars:
    """Classes as bars."""

    bars: Sequence[Bar]

    def height(self, _width: float) -> float:
        return len(self.bars) * (_BAR + 4) - 4

    def draw(self, sheet: _Sheet, x: float, y: float, width: float) -> None:
        chance = 58 if any(bar.words for bar in self.bars) else 0
        for number, bar in enumerate(self.bars):
            top, long = y + number * (_BAR + 4), width - chance
            sheet.box(x, top, long, _BAR, _SOFT, 5)
            if bar.share > 0:
                sheet.box(x, top, max(long * min(bar.share, 1), 3), _BAR, _TINT, 5)
            colour = BLUE if bar.marked else _INK
            sheet.text(x + 8, top + _BAR / 2, bar.name, colour, long - 16, bold=bar.marked)
            sheet.text(x + width, top + _BAR / 2, bar.words, colour if bar.marked else _MUTED,
                       chance, right=True)  # fmt: skip


@dataclass(frozen=True)
class Ramp:
    """A colour bar: colours (N, 3) uint8 from left to right, and what its ends stand for."""

    colours: Pixels
    low: str
    high: str
    middle: str = ""

    def height(self, _width: float) -> float:
        return _RAMP + 6 + _SMALL + 3

    def draw(self, sheet: _Sheet, x: float, y: float, width: float) -> None:
        sheet.picture(x, y, width, _RAMP, self.colours[None])
        below = y + _RAMP + 6 + _SMALL / 2
        sheet.text(x, below, self.low, _MUTED, width / 3, small=True)
        sheet.text(x + width, below, self.high, _MUTED, width / 3, small=True, right=True)
        sheet.text(x + width / 2, below, self.middle, _MUTED, width / 3, small=True, middle=True)


@dataclass(frozen=True)
class Words:
    """A text, as many lines of it as there may be."""

    text: str
    muted: bool = True
    lines: int = 4

    def _wrapped(self, width: float) -> list[str]:
        letters = max(int(width / (_SMALL * 0.56)), 12)
        text = " ".join(readable(self.text[:_LONGEST]).split())
        return textwrap.wrap(text, letters, max_lines=self.lines, placeholder=" …")

    def height(self, width: float) -> float:
        return len(self._wrapped(width)) * (_SMALL + 5)

    def draw(self, sheet: _Sheet, x: float, y: float, width: float) -> None:
        for number, line in enumerate(self._wrapped(width)):
            at = y + (number + 0.5) * (_SMALL + 5)
            sheet.text(x, at, line, _MUTED if self.muted else _INK, width, small=True)


@dataclass(frozen=True)
class Cell:
    """A picture (H, W, 3), or words where there is none, with captions above and below it."""

    pixels: Pixels | str
    above: str = ""
    below: str = ""


@dataclass(frozen=True)
class Cells:
    """Rows of pictures, each row with lines of text at its left, if it has any."""

    rows: Sequence[Sequence[Cell]]
    heads: Sequence[Sequence[str]] = ()
    gap: float = 6
    most: float = 320
    """The largest a picture is drawn."""

    def _head(self, width: float) -> float:
        return min(150.0, 0.24 * width) if any(self.heads) else 0

    def side(self, width: float) -> float:
        """How wide a picture is."""
        columns = max(len(row) for row in self.rows)
        left = width - self._head(width) - (columns - 1) * self.gap
        return min(left / columns, self.most)

    def _shape(self, row: Sequence[Cell], side: float) -> float:
        """How high the pictures of a row are."""
        sizes = [cell.pixels.shape for cell in row if not isinstance(cell.pixels, str)]
        return max((side * min(h / w, 1.25) for h, w, _ in sizes), default=side)

    def _rows(self, width: float) -> list[tuple[float, float, float]]:
        """Of each row the height of its captions above, of its pictures, and of those below."""
        side, line = self.side(width), _SMALL + 5
        return [
            (
                line if any(cell.above for cell in row) else 0,
                self._shape(row, side),
                line if any(cell.below for cell in row) else 0,
            )
            for row in self.rows
        ]

    def height(self, width: float) -> float:
        return sum(map(sum, self._rows(width))) + (len(self.rows) - 1) * self.gap

    def draw(self, sheet: _Sheet, x: float, y: float, width: float) -> None:
        side, left = self.side(width), self._head(width)
        for number, (above, tall, below) in enumerate(self._rows(width)):
            name, *more = self.heads[number] if self.heads else [""]
            # A bold letter is a little wider than half as wide as it is high.
            letters = max(int((left - 12) / (_SMALL * 0.72)), 8)
            lines = textwrap.wrap(readable(name[:_LONGEST]), letters, max_lines=3, placeholder=" …")
            for line, text in enumerate([*lines, *more]):
                at = y + above + 8 + line * (_SMALL + 6)
                named = line < len(lines)
                sheet.text(
                    x, at, text, _INK if named else _MUTED, left - 12, bold=named, small=True
                )
            for place, cell in enumerate(self.rows[number]):
                at = x + left + place * (side + self.gap)
                sheet.text(at, y + above / 2 - 1, cell.above, _MUTED, side, small=True)
                if isinstance(cell.pixels, str):
                    sheet.box(at, y + above, side, tall, _SOFT, 3)
                    words = Words(cell.pixels, lines=max(int(tall / (_SMALL + 5)) - 1, 1))
                    words.draw(sheet, at + 6, y + above + 6, side - 12)
                else:
                    sheet.picture(at, y + above, side, tall, cell.pixels, fit=True)
                sheet.text(at, y + above + tall + below / 2 + 1, cell.below, _MUTED, side,
                           small=True)  # fmt: skip
            y += above + tall + below + self.gap


@dataclass(frozen=True)
class Curve:
    """A line (K,), its `name` and `words` at its end for the legend, and a band around it."""

    name: str
    words: str
    x: Numbers
    y: Numbers
    colour: str
    dashed: bool = False
    low: Numbers | None = None
    high: Numbers | None = None


@dataclass(frozen=True)
class Plot:
    """Curves over a share from `begin` to `end`, with a legend that has their words."""

    title: str
    curves: Sequence[Curve]
    limits: tuple[float, float]
    ends: tuple[str, str]
    begin: str = ""
    end: str = ""
    tall: float = 150

    def height(self, _width: float) -> float:
        return (_TEXT + 10) + self.tall + (_SMALL + 8) + len(self.curves) * (_SMALL + 6)

    def draw(self, sheet: _Sheet, x: float, y: float, width: float) -> None:
        sheet.text(x, y + _TEXT / 2, self.title, _INK, width, bold=True)
        y += _TEXT + 10
        left = 36
        for share, word in ((0.0, self.ends[1]), (1.0, self.ends[0])):
            at = y + share * self.tall
            sheet.box(x + left, at, width - left, 1, _LINE)
            sheet.text(x + left - 5, min(max(at, y + 5), y + self.tall - 4), word, _MUTED, left - 5,
                       small=True, right=True)  # fmt: skip
        sheet.curves(x + left, y, width - left, self.tall, self.curves, self.limits)
        y += self.tall + 4
        sheet.text(x + left, y + _SMALL / 2 + 1, self.begin, _MUTED, 40, small=True)
        sheet.text(x + width, y + _SMALL / 2 + 1, self.end, _MUTED, width - left - 40, small=True,
                   right=True)  # fmt: skip
        y += _SMALL + 8
        for curve in self.curves:
            middle = y + _SMALL / 2 + 1
            sheet.box(x + left, middle - 1, 14, 2.5, curve.colour, 1)
            sheet.text(x + left + 20, middle, curve.name, _INK, width - left - 74, small=True)
            sheet.text(x + width, middle, curve.words, _INK, 52, small=True, right=True)
            y += _SMALL + 6


@dataclass(frozen=True)
class Dots:
    """Points (n,) in [0, 1] x [0, 1] from the lower left, in colours by name; a line at `split`."""

    title: str
    groups: Sequence[tuple[str, str, npt.NDArray[np.float64], npt.NDArray[np.float64]]]
    split: float | None = None
    tall: float = 170

    def height(self, _width: float) -> float:
        return (_TEXT + 10) + self.tall + 8 + (_SMALL + 5)

    def draw(self, sheet: _Sheet, x: float, y: float, width: float) -> None:
        sheet.text(x, y + _TEXT / 2, self.title, _INK, width, bold=True)
        y += _TEXT + 10
        sheet.box(x, y, width, self.tall, _SOFT, 5)
        if self.split is not None:
            sheet.box(x + self.split * width, y, 1, self.tall, "#a9aeb6")
        for _, colour, across, up in self.groups:
            sheet.dots(x + 4, y + 4, width - 8, self.tall - 8, across, 1 - up, colour)
        at, room = x, width / len(self.groups) - 28
        for name, colour, *_ in self.groups:
            sheet.box(at, y + self.tall + 12, 8, 8, colour, 4)
            used = sheet.text(at + 13, y + self.tall + 16, name, _MUTED, room, small=True)
            at += used + 28


Block: TypeAlias = "Bars | Ramp | Words | Cells | Plot | Dots"


@dataclass(frozen=True)
class Column:
    """Blocks below each other. The last one stands at the bottom if it is to."""

    width: float
    blocks: Sequence[Block]
    last_at_bottom: bool = False

    def height(self) -> float:
        return sum(block.height(self.width) for block in self.blocks) + 14 * (len(self.blocks) - 1)

    def draw(self, sheet: _Sheet, x: float, y: float, tall: float) -> None:
        bottom = y + tall
        for number, block in enumerate(self.blocks):
            own = block.height(self.width)
            if self.last_at_bottom and number and number == len(self.blocks) - 1:
                y = bottom - own
            block.draw(sheet, x, y, self.width)
            y += own + 14


@dataclass(frozen=True)
class Card:
    """A `title` with what it is of (`about`), columns beside each other, and a line below."""

    title: str
    about: str
    columns: Sequence[Column]
    below: str = ""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height on a page."""
        tall = max((column.height() for column in self.columns), default=0)
        wide = sum(column.width for column in self.columns) + _GAP * (len(self.columns) - 1)
        line = 12 + _SMALL if self.below else 0
        return round(wide + 2 * _PAD), round(tall + 2 * _PAD + _TITLE + 14 + line)

    def draw(self, scale: float = 1) -> Image.Image:
        """The card as RGBA, its corners transparent."""
        width, height = self.size
        sheet = _Sheet(width, height, scale)
        room = (width - 2 * _PAD) * (0.68 if self.about else 1)
        used = sheet.text(_PAD, _PAD + _TITLE / 2, self.title, _INK, room, title=True)
        if self.about:
            sheet.text(_PAD + used + 6, _PAD + _TITLE / 2, f"· {self.about}", _INK,
                       width - 2 * _PAD - used - 6, size=_TITLE)  # fmt: skip
        x, y = float(_PAD), float(_PAD + _TITLE + 14)
        tall = max((column.height() for column in self.columns), default=0)
        for column in self.columns:
            column.draw(sheet, x, y, tall)
            x += column.width + _GAP
        if self.below:
            sheet.text(_PAD, height - _PAD - _SMALL / 2 + 1, self.below, _MUTED, width - 2 * _PAD,
                       small=True)  # fmt: skip
        return sheet.framed()

    def pictures(self, scale: float = 1) -> Image.Image | None:
        """Its first pictures alone, without a word; None where it has none."""
        found = [
            (block, column.width)
            for column in self.columns
            for block in column.blocks
            if isinstance(block, Cells)
        ]
        if not found:
            return None
        cells, width = found[0]
        side = cells.side(width)
        rows = [[Cell(cell.pixels) for cell in row] for row in cells.rows]
        bare = Cells(rows, gap=2, most=side)
        columns = max(map(len, rows))
        width = columns * side + (columns - 1) * bare.gap
        sheet = _Sheet(width, bare.height(width), scale)
        bare.draw(sheet, 0, 0, width)
        return sheet.image

    def to_png(self, scale: float = 2) -> bytes:
        """As PNG, exactly."""
        buffer = io.BytesIO()
        self.draw(scale).save(buffer, "PNG", dpi=(96 * scale, 96 * scale))
        return buffer.getvalue()


class _Sheet:
    """What a card is drawn on."""

    def __init__(self, width: float, height: float, scale: float) -> None:
        self.scale = scale
        self.image = Image.new("RGB", (round(width * scale), round(height * scale)), _WHITE)
        self.pen = ImageDraw.Draw(self.image)

    def _box(self, x: float, y: float, width: float, height: float) -> tuple[int, int, int, int]:
        s = self.scale
        left, top = round(x * s), round(y * s)
        return (
            left,
            top,
            max(round((x + width) * s), left + 1),
            max(round((y + height) * s), top + 1),
        )

    def box(
        self, x: float, y: float, width: float, height: float, colour: str, round_: float = 0
    ) -> None:
        left, top, right, bottom = self._box(x, y, width, height)
        radius = min(round_ * self.scale, (right - left) / 2, (bottom - top) / 2)
        self.pen.rounded_rectangle((left, top, right - 1, bottom - 1), radius, fill=colour)

    def text(
        self, x: float, y: float, text: str, colour: str, width: float, *, bold: bool = False,
        small: bool = False, title: bool = False, right: bool = False, middle: bool = False,
        size: float = 0,
    ) -> float:  # fmt: skip
        """Write on one line, `y` its middle, what fits, the rest as an ellipsis; how wide it is."""
        if not text or width < 8:
            return 0
        own = size or (_SMALL if small else _TITLE if title else _TEXT)
        face = "DejaVuSans-Bold" if bold or title else "DejaVuSans"
        font: ImageFont.FreeTypeFont = typeface(face, round(own * self.scale))
        shown = fitting(text, width * self.scale, font)
        anchor = "rm" if right else "mm" if middle else "lm"
        self.pen.text((x * self.scale, y * self.scale), shown, colour, font, anchor)
        return font.getlength(shown) / self.scale

    def picture(
        self, x: float, y: float, width: float, height: float, pixels: Pixels, *, fit: bool = False
    ) -> None:
        """Pixels (H, W, 3); `fit` keeps their shape and puts them in the middle."""
        left, top, right, bottom = self._box(x, y, width, height)
        wide, tall = right - left, bottom - top
        if fit:
            h, w = pixels.shape[:2]
            share = min(wide / w, tall / h)
            own = max(round(w * share), 1), max(round(h * share), 1)
            left, top = left + (wide - own[0]) // 2, top + (tall - own[1]) // 2
            wide, tall = own
        # Single pixels are what there is to see in a picture of a few.
        few = min(wide / pixels.shape[1], tall / pixels.shape[0]) >= 6
        how = Image.Resampling.NEAREST if few else Image.Resampling.LANCZOS
        image = Image.fromarray(np.ascontiguousarray(pixels))
        if image.size != (wide, tall):
            image = image.resize((wide, tall), how)
        self.image.paste(image, (left, top))

    def curves(
        self, x: float, y: float, width: float, height: float, curves: Sequence[Curve],
        limits: tuple[float, float],
    ) -> None:  # fmt: skip
        left, top, right, bottom = self._box(x, y, width, height)
        wide, tall = right - left, bottom - top
        fine = Image.new("RGBA", (wide * _FINER, tall * _FINER))
        pen = ImageDraw.Draw(fine, "RGBA")
        low, high = limits
        reach = (high - low) or 1.0

        def points(curve: Curve, values: Numbers) -> list[tuple[float, float]]:
            across = np.asarray(curve.x, float) * (fine.width - 1)
            up = (1 - (np.asarray(values, float) - low) / reach) * (fine.height - 1)
            there = np.isfinite(up)
            return list(zip(across[there], np.clip(up[there], 0, fine.height - 1), strict=True))

        thick = max(round(1.8 * self.scale * _FINER), 1)
        for curve in curves:
            if curve.low is not None and curve.high is not None:
                band = [*points(curve, curve.low), *reversed(points(curve, curve.high))]
                if len(band) > 2:
                    pen.polygon(band, fill=f"{curve.colour}30")
        for curve in curves:
            line = points(curve, curve.y)
            if len(line) > 1:
                pieces = _dashes(line, 5 * self.scale * _FINER) if curve.dashed else [line]
                for piece in pieces:
                    pen.line(piece, fill=curve.colour, width=thick, joint="curve")
            elif line:
                (px, py), r = line[0], 1.2 * thick
                pen.ellipse((px - r, py - r, px + r, py + r), fill=curve.colour)
        shown = fine.resize((wide, tall), Image.Resampling.BOX)
        self.image.paste(shown, (left, top), shown)

    def dots(
        self, x: float, y: float, width: float, height: float,
        across: npt.NDArray[np.float64], down: npt.NDArray[np.float64], colour: str,
    ) -> None:  # fmt: skip
        left, top, right, bottom = self._box(x, y, width, height)
        wide, tall = right - left, bottom - top
        fine = Image.new("RGBA", (wide * _FINER, tall * _FINER))
        pen = ImageDraw.Draw(fine)
        r = 1.9 * self.scale * _FINER
        inner = fine.width - 2 * r, fine.height - 2 * r
        for px, py in zip(r + across * inner[0], r + down * inner[1], strict=True):
            pen.ellipse((px - r, py - r, px + r, py + r), fill=f"{colour}a0")
        shown = fine.resize((wide, tall), Image.Resampling.BOX)
        self.image.paste(shown, (left, top), shown)

    def framed(self) -> Image.Image:
        """With a hairline, and nothing beyond its round corners."""
        size = (self.image.width * _FINER, self.image.height * _FINER)
        radius, line = _ROUND * self.scale * _FINER, max(round(self.scale), 1)
        corner = round(_ROUND * self.scale) + 2
        shape = _corners(size, self.image.size, radius, corner, 0)
        inner = _corners(size, self.image.size, radius, corner, line * _FINER)
        edge = Image.new("RGB", self.image.size, _LINE)
        edge.paste(self.image, (0, 0), inner)
        framed = edge.convert("RGBA")
        framed.putalpha(shape)
        return framed


def _corners(
    fine: tuple[int, int], size: tuple[int, int], radius: float, corner: int, inset: int
) -> Image.Image:
    """A mask of a rounded rectangle; only its corners are drawn finely."""
    mask = Image.new("L", size, 0)
    thin = inset // _FINER
    ImageDraw.Draw(mask).rectangle((thin, thin, size[0] - 1 - thin, size[1] - 1 - thin), 255)
    side = corner * _FINER
    quarter = Image.new("L", (side, side), 0)
    box = (inset, inset, 4 * side, 4 * side)
    ImageDraw.Draw(quarter).rounded_rectangle(box, radius - inset, fill=255)
    small = quarter.resize((corner, corner), Image.Resampling.BOX)
    for turn, at in (
        (small, (0, 0)),
        (small.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (size[0] - corner, 0)),
        (small.transpose(Image.Transpose.FLIP_TOP_BOTTOM), (0, size[1] - corner)),
        (small.transpose(Image.Transpose.ROTATE_180), (size[0] - corner, size[1] - corner)),
    ):
        mask.paste(turn, at)
    return mask


def _dashes(line: Sequence[tuple[float, float]], length: float) -> list[list[tuple[float, float]]]:
    """A line cut into dashes."""
    points = np.asarray(line, float)
    steps = np.hypot(*np.diff(points, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    found = []
    for begin in np.arange(0, along[-1], 2 * length):
        end = min(begin + length, along[-1])
        at = np.concatenate([[begin], along[(along > begin) & (along < end)], [end]])
        across, down = np.interp(at, along, points[:, 0]), np.interp(at, along, points[:, 1])
        found.append(list(zip(across.tolist(), down.tolist(), strict=True)))
    return found
