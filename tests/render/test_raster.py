from __future__ import annotations

import io
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from xai_widgets.errors import ExplanationError
from xai_widgets.render import encode_png
from xai_widgets.render.raster import typeface

_y, _x = np.mgrid[0:224, 0:224] / 223
PHOTO = np.clip(
    255 * np.stack([_x, _y, 1 - _x * _y], -1)
    + np.random.default_rng(0).normal(0, 6, (224, 224, 3)),
    0,
    255,
).astype(np.uint8)


def decoded(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB" if image.mode == "P" else image.mode))


def test_exact_by_default() -> None:
    np.testing.assert_array_equal(decoded(encode_png(PHOTO)), PHOTO)
    np.testing.assert_array_equal(decoded(encode_png(PHOTO[..., 0])), PHOTO[..., 0])
    np.testing.assert_array_equal(decoded(encode_png(PHOTO[:, ::-2])), PHOTO[:, ::-2])


def test_a_palette_is_much_smaller_and_close() -> None:
    small = encode_png(PHOTO, colors=256)
    assert len(small) < len(encode_png(PHOTO)) / 2
    assert len(small) <= 224 * 224
    assert np.abs(decoded(small).astype(int) - PHOTO).mean() < 8
    assert len(np.unique(decoded(encode_png(PHOTO, colors=8)).reshape(-1, 3), axis=0)) <= 8


def test_a_palette_of_grey() -> None:
    grey = encode_png(PHOTO[..., 0], colors=16)
    assert len(np.unique(decoded(grey))) <= 16


@pytest.mark.parametrize("colors", [0, 1, 257])
def test_palettes_have_2_to_256_colours(colors: int) -> None:
    with pytest.raises(ExplanationError, match=f"colors is {colors}; expected None or a number"):
        encode_png(PHOTO, colors=colors)


def test_only_bytes_are_encoded() -> None:
    with pytest.raises(ExplanationError, match=r"float64 \(224, 224, 3\); expected uint8"):
        encode_png(PHOTO / 255.0)


@pytest.mark.parametrize("shape", [(4, 4, 4), (4, 4, 1), (4,), (2, 4, 4, 3)])
def test_only_pictures_are_encoded(shape: tuple[int, ...]) -> None:
    with pytest.raises(ExplanationError, match=r"expected uint8 \(height, width, 3\)"):
        encode_png(np.zeros(shape, np.uint8))


def test_a_palette_of_few_colours_is_dithered() -> None:
    y, x = np.mgrid[0:96, 0:96] / 95
    pixels = np.stack([255 * x, np.full_like(x, 120), 255 * y], -1).astype(np.uint8)

    def blocks(of: np.ndarray) -> np.ndarray:
        return of.reshape(12, 8, 12, 8, 3).mean((1, 3))

    shown = decoded(encode_png(pixels, colors=8))
    assert np.abs(blocks(shown) - blocks(pixels)).mean() < 10


def test_the_font_is_the_one_that_comes_with_matplotlib() -> None:
    path = str(typeface("DejaVuSans", 12).path)
    assert path == str(Path(mpl.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"))
    assert typeface("DejaVuSans-Bold", 12).getname() == ("DejaVu Sans", "Bold")
