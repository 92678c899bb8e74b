"""A card: what it says is drawn, fits, and is the same on every page."""

from __future__ import annotations

import io
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from matplotlib import get_data_path
from PIL import Image, ImageColor, ImageDraw, ImageFont

from xai_widgets.render import amount, ramp, signed_number
from xai_widgets.render.card import (
    BLUE,
    Bar,
    Bars,
    Card,
    Cell,
    Cells,
    Column,
    Curve,
    Dots,
    Plot,
    Ramp,
    Words,
    _dashes,
)  # fmt: skip

Pixels = npt.NDArray[np.uint8]
RED, GREEN = (200, 0, 0), (0, 150, 0)
_TINT, _SOFT = (213, 220, 247), (242, 243, 245)
INK, MUTED = "#1f2328", "#656b73"


def flat(colour: tuple[int, int, int], size: tuple[int, int] = (8, 8)) -> Pixels:
    return np.full((*size, 3), colour, np.uint8)


def where(drawn: Image.Image, colour: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """The left, top, right and bottom edge of a colour."""
    rows, columns = np.nonzero((np.asarray(drawn.convert("RGB")) == colour).all(-1))
    assert rows.size, f"nothing is {colour}"
    return (
        int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1
    )  # fmt: skip


def alone(*blocks: object, width: float = 200) -> Card:
    return Card("Title", "", [Column(width, blocks)])  # type: ignore[arg-type]


class Written(NamedTuple):
    """A text, where its anchor is, which that is, and how it is written."""

    text: str
    x: float
    y: float
    anchor: str
    colour: str
    size: float
    bold: bool


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[Written]:
    found: list[Written] = []
    draw = ImageDraw.ImageDraw.text

    def text(
        self: Any, at: tuple[float, float], words: str, colour: str, font: Any, anchor: str
    ) -> None:
        bold = font.getname()[1] == "Bold"
        found.append(Written(words, *at, anchor, colour, font.size, bold))
        draw(self, at, words, colour, font, anchor)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", text)
    return found


def long_is(text: str, size: float, *, bold: bool = False) -> float:
    face = f"DejaVuSans{'-Bold' if bold else ''}.ttf"
    return ImageFont.truetype(get_data_path() + f"/fonts/ttf/{face}", size).getlength(text)


# Below the margin of 16 and a title of 15 there are 14 more: 45.
WORDS: list[tuple[object, list[Written]]] = [
    (
        Bars([Bar("cat", "43 %", 0.5, True), Bar("dog", "9 %", 0.1)]),
        [
            Written("cat", 24, 58, "lm", BLUE, 12, True),
            Written("43 %", 316, 58, "rm", BLUE, 12, False),
            Written("dog", 24, 88, "lm", INK, 12, False),
            Written("9 %", 316, 88, "rm", MUTED, 12, False),
        ],
    ),
    (
        Ramp(flat(RED)[0], "−1", "+2", "0"),
        [
            Written("−1", 16, 68.5, "lm", MUTED, 11, False),
            Written("+2", 316, 68.5, "rm", MUTED, 11, False),
            Written("0", 166, 68.5, "mm", MUTED, 11, False),
        ],
    ),
    (Words("a  word"), [Written("a word", 16, 53, "lm", MUTED, 11, False)]),
    (Words("a", muted=False), [Written("a", 16, 53, "lm", INK, 11, False)]),
    (
        # A picture is (300 - 72 - 6) / 2 = 111 wide, beside heads of 72.
        Cells([[Cell(flat(RED), "above", "below"), Cell("none")]], [["head", "more"]]),
        [
            Written("head", 16, 69, "lm", INK, 11, True),
            Written("more", 16, 86, "lm", MUTED, 11, False),
            Written("above", 88, 52, "lm", MUTED, 11, False),
            Written("below", 88, 181, "lm", MUTED, 11, False),
            Written("none", 211, 75, "lm", MUTED, 11, False),
        ],
    ),
    (
        Plot("plot", [Curve("a", "0.5", [0, 1], [0, 1], BLUE)], (0, 1), ("0", "1"), "none", "all"),
        [
            Written("plot", 16, 51, "lm", INK, 12, True),
            Written("1", 47, 72, "rm", MUTED, 11, False),
            Written("0", 47, 213, "rm", MUTED, 11, False),
            Written("none", 52, 227.5, "lm", MUTED, 11, False),
            Written("all", 316, 227.5, "rm", MUTED, 11, False),
            Written("a", 72, 246.5, "lm", INK, 11, False),
            Written("0.5", 316, 246.5, "rm", INK, 11, False),
        ],
    ),
    (
        Dots("dots", [("a", BLUE, np.ones(1), np.ones(1)), ("b", INK, np.ones(1), np.ones(1))]),
        [
            Written("dots", 16, 51, "lm", INK, 12, True),
            Written("a", 29, 253, "lm", MUTED, 11, False),
            Written("b", 29 + long_is("a", 11) + 28, 253, "lm", MUTED, 11, False),
        ],
    ),
]


@pytest.mark.parametrize(("block", "words"), WORDS, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("scale", [1, 2])
def test_words_stand_where_they_belong(
    block: object, words: list[Written], scale: int, written: list[Written]
) -> None:
    alone(block, width=300).draw(scale)
    larger = [
        one._replace(x=scale * one.x, y=scale * one.y, size=scale * one.size) for one in words
    ]
    assert written[0].text == "Title"
    assert len(written) == 1 + len(words)
    for found, wanted in zip(written[1:], larger, strict=True):
        assert found._replace(x=0, y=0) == wanted._replace(x=0, y=0)
        assert found[1:3] == pytest.approx(wanted[1:3], abs=1)


def test_the_title_what_it_is_of_and_the_line_below(written: list[Written]) -> None:
    card = Card("Grad-CAM", "cat", [Column(300, [Words("a")])], below="Small")
    width, height = card.size
    assert (width, height) == (332, 16 + 15 + 14 + 16 + 12 + 11 + 16)
    card.draw(1)
    title, about, _, below = written
    assert title == ("Grad-CAM", 16, 23.5, "lm", INK, 15, True)
    used = long_is("Grad-CAM", 15, bold=True)
    assert about._replace(x=0) == ("· cat", 0, 23.5, "lm", INK, 15, False)
    assert about.x == pytest.approx(16 + used + 6)
    assert below == ("Small", 16, height - 20.5, "lm", MUTED, 11, False)


def test_a_long_title_leaves_room_for_what_it_is_of(written: list[Written]) -> None:
    for about in ("", "cat"):
        Card("A long title " * 9, about, [Column(300, [])]).draw(1)
    alone_, beside, about_ = written
    room = [long_is(one.text, 15, bold=True) / 300 for one in (alone_, beside)]
    assert 0.9 < room[0] <= 1
    assert 0.6 < room[1] <= 0.68
    assert about_.text == "· cat"


def test_where_there_is_no_room_nothing_is_written(written: list[Written]) -> None:
    alone(Words("some"), Bars([Bar("", "", 0.5)]), width=7).draw(1)
    assert [one.text for one in written if one.text != "Title"] == []


@pytest.mark.parametrize("scale", [1, 1.5, 2])
def test_it_is_as_large_as_it_says_with_a_hairline_and_clear_corners(scale: float) -> None:
    card = alone(Words("a"))
    drawn = card.draw(scale)
    assert drawn.size == tuple(round(length * scale) for length in card.size)
    pixels = np.asarray(drawn)
    height, width = pixels.shape[:2]
    for corner in (pixels[0, 0], pixels[0, -1], pixels[-1, 0], pixels[-1, -1]):
        assert corner[3] == 0
    middle = height // 2
    assert tuple(pixels[middle, 0]) == (*ImageColor.getrgb("#dfe2e6"), 255)
    assert tuple(pixels[middle, -1]) == (*ImageColor.getrgb("#dfe2e6"), 255)
    assert tuple(pixels[middle, width - 5]) == (255, 255, 255, 255)
    assert (pixels[20 : height - 20, :, 3] == 255).all()
    np.testing.assert_array_equal(pixels[..., 3], pixels[::-1, ::-1, 3])


def test_a_picture_keeps_its_shape_and_has_its_colours() -> None:
    drawn = alone(Cells([[Cell(flat(RED, (30, 60))), Cell(flat(GREEN, (60, 60)))]], gap=10)).draw(1)
    left, top, right, bottom = where(drawn, RED)
    assert (right - left, bottom - top) == (95, 48)  # half as high as wide, in the middle
    x, y, to_x, to_y = where(drawn, GREEN)
    assert (x - right, to_x - x, to_y - y) == (10, 95, 95)
    assert top - y == (95 - 48) // 2


def test_of_few_pixels_each_is_seen() -> None:
    pixels = np.concatenate([flat(RED, (4, 2)), flat(GREEN, (4, 2))], axis=1)
    drawn = alone(Cells([[Cell(pixels)]], most=80)).draw(1)
    assert where(drawn, RED)[2] == where(drawn, GREEN)[0]


def test_a_bar_is_as_long_as_its_share() -> None:
    drawn = alone(Bars([Bar("", "", 0.25), Bar("", "", 0.0)])).draw(1)
    left, top, right, _ = where(drawn, _TINT)
    assert right - left == 50
    assert where(drawn, _SOFT)[:3:2] == (left, left + 200)
    empty = np.asarray(alone(Bars([Bar("", "", 0.0)])).draw(1).convert("RGB"))
    assert not (empty == _TINT).all(-1).any()
    assert (right, top) != (left, 0)


def test_what_is_explained_is_marked() -> None:
    blue = ImageColor.getrgb(BLUE)

    def has_blue(*, marked: bool) -> bool:
        drawn = alone(Bars([Bar("cat", "9 %", 0.5, marked)])).draw(3)
        return bool((np.asarray(drawn.convert("RGB")) == blue).all(-1).any())

    assert has_blue(marked=True)
    assert not has_blue(marked=False)


def test_nothing_leaves_the_card_however_long_a_name_is() -> None:
    long = "Greater Swiss Mountain dog, adversarially trained " * 9
    blocks = [
        Bars([Bar(long, "100.0 %", 1, True)]),
        Words(long),
        Cells([[Cell(flat(RED), long, long), Cell(long)]], [[long, long]]),
        Plot(long, [Curve(long, long, [0, 1], [0, 1], BLUE)], (0, 1), (long, long), long, long),
        Ramp(flat(RED)[0], long, long, long),
        Dots(long, [(long, BLUE, np.ones(1), np.ones(1))] * 2),
    ]
    card = Card(long, long, [Column(240, blocks)], below=long)  # type: ignore[arg-type]
    pixels = np.asarray(card.draw(1).convert("RGB"))
    margin = pixels[12:-12, -15:-1]
    assert (margin == 255).all()
    assert (pixels[12:-12, 1:15] == 255).all()


def test_a_curve_is_drawn_where_its_values_are_and_a_dashed_one_has_gaps() -> None:
    colour = "#c80000"

    def columns_of(*, dashed: bool) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        curve = Curve("", "", [0, 1], [0.5, 0.5], colour, dashed)
        drawn = alone(Plot("", [curve], (0, 1), ("", ""))).draw(2).convert("RGB")
        close = np.abs(np.asarray(drawn, int) - RED).sum(-1) < 60
        legend = 2 * (16 + 29 + 22 + 150 + 4)
        return close[:legend].any(0), close[:legend].any(1)

    across, down = columns_of(dashed=False)
    assert across[120:420].all()
    rows = np.flatnonzero(down)
    assert abs(rows.mean() - 2 * (16 + 29 + 22 + 75)) < 2
    dashes, _ = columns_of(dashed=True)
    assert 0.3 < dashes[120:420].mean() < 0.7


def test_the_height_of_a_curve_is_a_share_of_the_limits() -> None:
    rows = []
    for value in (0.0, 1.0, 4.0):
        curve = Curve("", "", [0, 1], [value, value], "#c80000")
        drawn = alone(Plot("", [curve], (0, 4), ("", ""))).draw(2).convert("RGB")
        close = np.abs(np.asarray(drawn, int) - RED).sum(-1) < 60
        rows.append(float(np.flatnonzero(close[: 2 * (16 + 29 + 22 + 152)].any(1)).mean()) / 2)
    assert rows == pytest.approx([16 + 29 + 22 + up for up in (150, 112.5, 0)], abs=1.5)


def test_a_band_lies_between_its_ends() -> None:
    curve = Curve("", "", [0, 1], [9, 9], "#c80000", low=[0.2, 0.2], high=[0.6, 0.6])
    drawn = np.asarray(alone(Plot("", [curve], (0, 1), ("", ""))).draw(1).convert("RGB"), int)
    column = drawn[16 + 29 + 22 + 6 : 16 + 29 + 22 + 146, 130]
    inside = np.flatnonzero((column != 255).any(-1)) + 6
    assert [inside[0], inside[-1]] == pytest.approx([150 * 0.4, 150 * 0.8], abs=1.5)


def test_dashes_are_as_long_as_each_other_on_a_steep_line() -> None:
    line = [(0.0, 0.0), (30.0, 40.0), (30.0, 240.0)]  # 50 and 200 long
    pieces = _dashes(line, 10)
    assert len(pieces) == 13
    lengths = [np.hypot(*np.diff(np.array(piece), axis=0).T).sum() for piece in pieces]
    np.testing.assert_allclose(lengths, [10] * 13, atol=1e-9)
    np.testing.assert_allclose(pieces[0], [(0, 0), (6, 8)])
    np.testing.assert_allclose(pieces[1], [(12, 16), (18, 24)])
    np.testing.assert_allclose(pieces[-1], [(30, 230), (30, 240)])


def test_a_curve_with_holes_and_one_of_a_single_point_are_drawn() -> None:
    curves = [
        Curve("a", "", [0, 0.5, 1], [0, float("nan"), 1], BLUE),
        Curve("b", "", [0.5], [0.5], "#c80000"),
        Curve("c", "", [], [], "#00805e"),
    ]
    assert alone(Plot("", curves, (0, 0), ("", ""))).draw(1).size[0] == 232


def test_points_lie_where_they_are() -> None:
    groups = [("", "#c80000", np.array([0.5]), np.array([0.0]))]
    drawn = alone(Dots("", groups, tall=100)).draw(1)
    field = np.asarray(drawn.convert("RGB"), int)[: 16 + 29 + 22 + 100]
    pixels = np.abs(field - RED).sum(-1)
    pixels[: 16 + 29 + 22] = 999  # the titles
    rows, columns = np.nonzero(pixels < 260)
    assert abs(columns.mean() - (16 + 100)) < 2
    assert abs(rows.mean() - (16 + 29 + 22 + 100 - 4)) < 4


def test_the_last_block_of_a_column_can_stand_at_the_bottom() -> None:
    high = Column(100, [Cells([[Cell(flat(RED, (80, 80)))]])])
    bar = Ramp(flat(GREEN)[0], "", "")

    def top(*, at_bottom: bool) -> int:
        low = Column(100, [Words("a"), bar], last_at_bottom=at_bottom)
        return where(Card("", "", [high, low]).draw(1), GREEN)[1]

    assert top(at_bottom=True) - top(at_bottom=False) == 100 - 16 - 14 - round(bar.height(100))


def test_its_pictures_alone_have_no_words() -> None:
    row = [Cell(flat(RED), "above", "below"), Cell(flat(GREEN))]
    made = alone(Cells([row], [["head"]], most=40), width=300).pictures(2)
    assert made is not None
    assert made.size == (2 * (40 + 2 + 40), 80)
    assert where(made, RED) == (0, 0, 80, 80)
    assert where(made, GREEN) == (84, 0, 164, 80)
    assert alone(Words("a")).pictures() is None


def test_the_png_is_exact_and_knows_its_size_on_a_page() -> None:
    with Image.open(io.BytesIO(alone(Cells([[Cell(flat(RED))]])).to_png())) as image:
        assert image.mode == "RGBA"
        assert image.info["dpi"] == pytest.approx((192, 192), abs=0.1)


@pytest.mark.parametrize(
    ("signed", "sign", "ends", "count"),
    [
        (False, "both", (0, 3), 256),
        (True, "both", (-3, 3), 255),
        (True, "positive", (0, 3), 128),
        (True, "negative", (-3, 0), 128),
    ],
)
def test_the_colours_and_ends_of_a_colour_bar(
    signed: bool, sign: str, ends: tuple[float, float], count: int
) -> None:
    colours, low, high = ramp("auto", signed, sign, 3.0)  # type: ignore[arg-type]
    assert (low, high) == ends
    assert colours.shape == (count, 3)


@pytest.mark.parametrize(
    ("value", "words"),
    [(1.42, "+1.42"), (-0.034, "−0.034"), (1.2e-5, "+1.2e−5"), (0, "0"), (123456, "+1.2e5"),
     (9999.6, "+10000"), (float("nan"), "–"), (-1, "−1")],
)  # fmt: skip
def test_numbers_with_their_signs(value: float, words: str) -> None:
    assert signed_number(value) == words


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [(0.3951, "probability", "39.5 %"), (0.0004, "probability", "<0.1 %"),
     (0, "probability", "0.0 %"), (1, "probability", "100.0 %"), (37.14, "number", "37.1"),
     (-2, "number", "−2"),
     (None, "probability", "")],
)  # fmt: skip
def test_amounts(value: float | None, unit: str, words: str) -> None:
    assert amount(value, unit).replace("\N{NO-BREAK SPACE}", " ") == words  # type: ignore[arg-type]
