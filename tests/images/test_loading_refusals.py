from __future__ import annotations

import io
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from xai_widgets.errors import ExplanationError
from xai_widgets.images import load, loading
from xai_widgets.images.loading import MAX_PIXELS, MAX_SIDE

RGB = np.random.default_rng(0).integers(0, 256, (5, 3, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((0, 4, 3), np.uint8), r"the array is empty: its shape is \(0, 4, 3\)"),
        (np.zeros(7, np.uint8), r"shape \(7,\)"),
        (np.zeros((1, 1, 4, 4, 3), np.uint8), r"shape \(1, 1, 4, 4, 3\), which is a volume"),
        (np.zeros((2, 4, 4, 3), np.uint8), r"holds 2 pictures.*one at a time"),
        (np.full((4, 4), np.nan), "16 values that are not finite"),
        (np.full((4, 4), np.inf, np.float16), "16 values that are not finite"),
        (np.full((4, 4), 255.0), r"from 255 to 255; expected 0 to 1. Divide it by 255"),
        (np.linspace(-2, 2, 16).reshape(4, 4), r"from -2 to 2; expected 0 to 1. If it is already"),
        (np.full((4, 4), 300), r"int64 with values from 300 to 300; expected 0 to 255"),
        (np.full((4, 4), -1), r"values from -1 to -1"),
        (np.zeros((4, 4), complex), "complex128; expected uint8"),
        (np.array([["a"]]), "expected uint8, uint16 or float"),
        (np.array([[None]]), "object; expected uint8"),
        (torch.full((3, 4, 4), float("nan")), "the tensor holds 48 values"),
        (torch.zeros(2, 3, 4, 4), "the tensor holds 2 pictures"),
        (Image.fromarray(np.full((2, 2), 70000, np.int32)), "32-bit values from 70000 to 70000"),
        (None, "the image is a NoneType; expected a path, PIL image"),
        ([[1, 2], [3, 4]], "the image is a list; expected a path"),
        (io.BytesIO(), "the image is a BytesIO; expected a path"),
        ("https://example.org/cat.jpg", "is the address .*save the picture"),
        ("bad\0name.jpg", "bad"),
        ("x" * 5000 + ".jpg", "cannot be read|there is no file"),
    ],
    ids=lambda value: None,
)
def test_what_is_no_picture_is_refused_in_words(image: object, words: str) -> None:
    with pytest.raises(ExplanationError, match=words):
        load(image)


def test_a_missing_file_names_its_neighbour(tmp_path: Path) -> None:
    for name in ("tabby.jpg", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(
        ExplanationError, match=r'there is no file ".*taby.jpg".*mean "tabby.jpg"\?'
    ):
        load(tmp_path / "taby.jpg")
    with pytest.raises(ExplanationError, match=r'the folder ".*nowhere" does not exist'):
        load(tmp_path / "nowhere" / "tabby.jpg")
    with pytest.raises(ExplanationError, match="is a folder"):
        load(tmp_path)


def test_files_that_are_no_pictures(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(b"")
    with pytest.raises(ExplanationError, match=r"a\.jpg\" is empty \(0 bytes\)"):
        load(file)
    file.write_text("<html>not found</html>")
    with pytest.raises(ExplanationError, match=r"a\.jpg\" is not a picture in a format"):
        load(file)
    file.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")  # would run Ghostscript
    with pytest.raises(ExplanationError, match="is not a picture in a format"):
        load(file)
    Image.fromarray(np.tile(RGB, (40, 40, 1))).save(file, format="JPEG")
    file.write_bytes(file.read_bytes()[:2000])
    with pytest.raises(ExplanationError, match=r"damaged or cut short.*truncated"):
        load(file)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_header_that_promises_too_much_is_refused_undecoded(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.fromarray(RGB).save(buffer, format="BMP")
    for width, height in ((12000, 12000), (60000, 60000)):
        assert width * height > MAX_PIXELS
        content = bytearray(buffer.getvalue())
        content[18:26] = width.to_bytes(4, "little") + height.to_bytes(4, "little")
        (tmp_path / "a.bmp").write_bytes(content)
        with pytest.raises(ExplanationError, match=r"no more than 134 million|too large"):
            load(tmp_path / "a.bmp")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_sliver_of_a_million_pixels_is_refused_undecoded() -> None:
    with pytest.raises(ExplanationError, match=f"1 x {MAX_SIDE + 1} pixels.* {MAX_SIDE} a side"):
        load(Image.new("L", (1, MAX_SIDE + 1)))
    with pytest.raises(ExplanationError, match="is empty: 0 x 4 pixels"):
        load(Image.new("L", (0, 4)))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.symlink_to(path.name), "is a link that leads back to itself"),
        (lambda path: path.symlink_to("nowhere.png"), "is a link to nothing"),
        (lambda path: path.symlink_to("/dev/zero"), "is a device"),
        (os.mkfifo, "is a named pipe"),
        (lambda path: path.mkdir(), "is a folder"),
    ],
)
def test_what_stands_in_place_of_a_picture_is_named(tmp_path: Path, make: Any, words: str) -> None:
    make(tmp_path / "cat.png")
    with pytest.raises(ExplanationError, match=f'cat.png" {words}; expected a picture') as error:
        load(tmp_path / "cat.png")
    assert "Did you mean" not in str(error.value)


def test_a_large_picture_says_what_it_costs_and_pillows_warning_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 24, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    monkeypatch.setattr(loading, "_USUAL_PIXELS", 20 * 24)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 300)  # Pillow warns from there to twice as many
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load(tmp_path / "a.png").warnings == ()
        monkeypatch.setattr(loading, "_USUAL_PIXELS", 20 * 24 - 1)
        found = load(tmp_path / "a.png")
    np.testing.assert_array_equal(found.array, pixels)
    assert found.warnings == (
        "a.png has 24 x 20 pixels: reading it takes about 0.0 GB of memory each time. Make it "
        "smaller first.",
    )
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(ExplanationError, match="is too large"):
        load(tmp_path / "a.png")


def test_damaged_exif_is_said(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    image.save(tmp_path / "a.png", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = load(tmp_path / "a.png")
    np.testing.assert_array_equal(found.array, pixels)
    assert found.warnings == ("a.png has damaged EXIF data: which way up it is may not be known.",)
