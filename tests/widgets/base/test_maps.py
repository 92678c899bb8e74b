"""Frames: companding is undone, zero is exact, and maps that cannot be shown say so."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from xai_widgets.attribution import Attribution
from xai_widgets.targets import Target
from xai_widgets.widgets.base.maps import dequantise, finite, note_of, quantise, small_picture


def plainly(data: bytes, signed: bool, peak: float) -> list[float]:
    """The contract with the browser, byte by byte."""
    values = []
    for q in data:
        s = (q - 127) / 127 if signed else q / 255
        values.append((1 if s >= 0 else -1) * abs(s) ** 2 * peak)
    return values


def test_bytes_of_a_map_computed_by_hand() -> None:
    signed = quantise([[0.0, 4.0, -4.0], [1.0, -1.0, 0.25]], signed=True)
    # sqrt(|v| / 4) = 0, 1, 1, 1/2, 1/2, 1/4 of 127 levels, to the nearest, from 127
    assert list(signed["data"]) == [127, 254, 0, 190, 64, 159]
    assert signed["range"] == [-4.0, 4.0]
    assert signed["peak"] == 4.0
    assert signed["shape"] == [2, 3]

    unsigned = quantise([[0.0, 4.0], [1.0, 0.25]], signed=False)
    assert list(unsigned["data"]) == [0, 255, 128, 64]
    assert unsigned["range"] == [0.0, 4.0]


@pytest.mark.parametrize("signed", [True, False])
def test_decoding_gives_the_values_back_within_half_a_level(signed: bool) -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_cauchy((37, 53)) * 1e-3
    values = values if signed else np.abs(values)
    quantised = quantise(values, signed=signed)
    decoded = dequantise(quantised)
    np.testing.assert_allclose(
        decoded.ravel(), plainly(quantised["data"], signed, quantised["peak"]), rtol=1e-6
    )
    levels = 127 if signed else 255
    root = np.sqrt(np.abs(values) / quantised["peak"])
    root_back = np.sqrt(np.abs(decoded.astype(np.float64)) / quantised["peak"])
    assert np.abs(root - root_back).max() <= 0.5 / levels + 1e-6
    assert (np.sign(decoded) * np.sign(values) >= 0).all()


def test_zero_stays_exactly_zero_and_small_values_of_a_heavy_tail_do_too_not_vanish() -> None:
    values = np.zeros((8, 8))
    values[0, 0], values[1, 1] = 1.0, 1e-4
    for signed in (True, False):
        decoded = dequantise(quantise(values, signed=signed))
        assert decoded[5, 5] == 0
        assert decoded[1, 1] > 0  # a linear byte would have lost it


def test_an_unsigned_map_with_negative_values_is_stored_signed() -> None:
    quantised = quantise([[-2.0, 1.0]], signed=False)
    assert quantised["signed"]
    np.testing.assert_allclose(dequantise(quantised), [[-2.0, 1.0]], atol=0.01)


def test_the_histogram_counts_magnitudes_linearly_up_to_the_peak() -> None:
    values = np.array([[0.0, 1.0, -1.0, 63.5, 64.0, -64.0]])
    histogram = quantise(values, signed=True)["histogram"]
    assert len(histogram) == 64
    assert sum(histogram) == 6
    assert (histogram[0], histogram[1], histogram[63]) == (1, 2, 3)


def test_a_map_of_zeros_says_so() -> None:
    quantised = quantise(np.zeros((4, 4)), signed=True)
    assert quantised["state"] == "zero"
    assert "zero everywhere" in quantised["message"]
    assert set(quantised["data"]) == {127}
    assert quantised["range"] == [0.0, 0.0]
    assert sum(quantised["histogram"]) == 16
    assert set(quantise(np.zeros((4, 4)), signed=False)["data"]) == {0}


def test_values_that_are_not_finite_are_counted_and_shown_as_zero() -> None:
    values = np.array([[1.0, np.nan], [np.inf, -2.0]])
    quantised = quantise(values, signed=True)
    assert quantised["state"] == "nonfinite"
    assert quantised["message"].startswith("2 of 4 values")
    assert quantised["range"] == [-2.0, 1.0]
    assert dequantise(quantised)[0, 1] == 0
    json.dumps({**quantised, "data": None}, allow_nan=False)

    nothing = quantise(np.full((2, 2), np.nan), signed=False)
    assert nothing["state"] == "nonfinite"
    assert "nothing to show" in nothing["message"]


def test_the_smallest_and_the_largest_floats_survive() -> None:
    for peak in (1e-45, 3e38):
        values = np.array([[0, peak]], dtype=np.float32)
        decoded = dequantise(quantise(values, signed=True))
        np.testing.assert_allclose(decoded, values, rtol=1e-6)


def test_a_positive_map_keeps_its_true_lowest_value() -> None:
    assert quantise([[2.0, 3.0]], signed=False)["range"] == [2.0, 3.0]
    assert quantise([[-2.0, -3.0]], signed=True)["range"] == [-3.0, -2.0]


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="two axes"):
        quantise(np.zeros((3, 4, 4)), signed=True)


def test_numbers_json_lacks_become_none() -> None:
    assert [finite(x) for x in (1, 2.5, float("nan"), float("inf"), None)] == [
        1.0,
        2.5,
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("gap", "warnings", "note"),
    [
        (None, (), ""),
        (-1.0, (), "completeness gap 25.0\xa0%"),
        (None, ("Only one class was near.",), "Only one class was near."),
        (1.0, ("Beware.",), "Beware. completeness gap 50.0\xa0%"),
        (3.0, (), "completeness gap 3 beside a rise of 0"),
        (4.0, (), "completeness gap 4 beside a rise of -1"),
    ],
)
def test_what_has_to_be_known_beside_the_picture(
    gap: float | None, warnings: tuple[str, ...], note: str
) -> None:
    values = np.full((1, 2, 2), 0.75, dtype=np.float32)  # they add up to 3
    found = Attribution(values, "m", "M", Target(0, "cat"), completeness_gap=gap, warnings=warnings)
    assert note_of(found) == note


@pytest.mark.parametrize(
    ("total", "gap", "words"),
    [
        (12.0, 2.0, "completeness gap 20.0\xa0%"),
        (8.0, -2.0, "completeness gap 20.0\xa0%"),
        (-8.0, 2.0, "completeness gap 20.0\xa0%"),
        (-3.0, -5.0, "completeness gap -5 beside a rise of 2"),
        (3.0, 5.0, "completeness gap 5 beside a rise of -2"),
        (7.0, 5.0, "completeness gap 5 beside a rise of 2"),
        (10.0, 5.0, "completeness gap 5 beside a rise of 5"),
    ],
)
def test_a_completeness_gap_is_a_share_of_a_larger_rise(
    total: float, gap: float, words: str
) -> None:
    made = SimpleNamespace(
        warnings=("A word.",), completeness_gap=gap, values=np.full((1, 2, 2), total / 4)
    )
    assert note_of(made) == f"A word. {words}"  # type: ignore[arg-type]  # all that it looks at


def test_small_pictures_are_at_most_224_large() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (300, 448, 3)).astype(np.uint8)
    made = small_picture(pixels)
    assert made == small_picture(pixels, 224, 80)
    assert (made["width"], made["height"], made["mime"]) == (224, 150, "image/jpeg")
    assert small_picture(pixels, side=100)["width"] == 100
    assert len(small_picture(pixels, quality=30)["data"]) < len(made["data"])
