"""A card: what it says is drawn, fits, and is the same on every page."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageColor

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
)  # fmt: skip

Pixels = npt.NDArray[np.uint8]
RED, GREEN = (200, 0, 0), (0, 150, 0)
_TINT, _SOFT = (213, 220, 247), (242, 243, 245)


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
