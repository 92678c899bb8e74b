"""A thousand files as they come: sound, cut short, damaged, mislabelled, lying about their size."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from xai_widgets.errors import ExplanationError
from xai_widgets.images import Picture, Preprocessor, load

FORMATS = ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "TGA", "ICO", "PCX", "SGI", "DDS"]
MODES = ["RGB", "L", "RGBA", "LA", "P", "1", "CMYK", "I;16", "I", "F", "YCbCr", "LAB", "PA", "HSV"]
HEIGHT, WIDTH = 24, 32
COUNT = 1000


def marked(mode: str) -> Image.Image:
    """A picture with a light top left corner and a dark rest, so that it has a right way up."""
    pixels = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
    pixels[: HEIGHT // 2, : WIDTH // 2] = 230
    image = Image.fromarray(pixels)
    if mode == "I;16":
        return Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)
    if mode == "F":
        return Image.fromarray(pixels[..., 0].astype(np.float32) / 255)
    if mode == "LAB":
        return image
    if mode == "PA":
        return image.convert("P").convert("PA")
    return image.convert(mode)


def encode(kind: str, mode: str, orientation: int | None = None) -> bytes | None:
    """Return the file, or None where the format cannot hold the mode."""
    if mode in ("I;16", "I", "F") and kind not in ("PNG", "TIFF"):
        return None  # Pillow cuts the values off instead of scaling them
    if (kind, mode) == ("PNG", "I"):
        return None  # Pillow before 13.0 writes them unscaled, as values of 16 bits
    buffer = io.BytesIO()
    image = marked(mode)
    options = {}
    if orientation is not None:
        exif = Image.Exif()
        exif[0x0112] = orientation
        options = {"exif": exif}
    try:
        image.save(buffer, format=kind, **options)
    except (OSError, ValueError, KeyError):
        return None
    if (kind, mode) == ("TIFF", "YCbCr"):  # Pillow wrote what it could not read before 13.0
        try:
            Image.open(buffer).load()
        except OSError:
            return None
    return buffer.getvalue()


def png_of(width: int, height: int, depth: int, colour: int, data: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def files() -> Iterator[tuple[str, bytes]]:
    rng = np.random.default_rng(0)
    sound = {
        f"{kind}-{mode}": content
        for kind in FORMATS
        for mode in MODES
        if (content := encode(kind, mode)) is not None
    }
    yield from ((f"sound {name}", content) for name, content in sound.items())
    for kind in ("JPEG", "PNG", "TIFF", "WEBP"):
        for orientation in range(1, 9):
            content = encode(kind, "RGB", orientation)
            assert content is not None
            yield f"turned {orientation} {kind}", content
    yield "empty", b""
    yield "text", b"this is not a picture"
    yield "html", b"<!doctype html><html></html>"
    yield "svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    yield "pdf", b"%PDF-1.7\n"
    yield "eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"
    for width, height in ((0, 5), (5, 0), (2**31 - 1, 2**31 - 1), (60000, 60000), (1, 80_000_000)):
        for depth, colour in ((8, 2), (16, 0), (1, 3), (3, 9)):
            yield f"lying {width}x{height}", png_of(width, height, depth, colour, b"\0" * 64)
    names = sorted(sound)
    for number in range(COUNT):
        name = names[number % len(names)]
        content = bytearray(sound[name])
        way = ("cut", "flipped", "filled", "spliced", "renamed")[number % 5]
        if way == "cut":
            del content[int(rng.integers(1, len(content))) :]
        elif way == "flipped":
            for position in rng.integers(0, len(content), int(rng.integers(1, 12))):
                content[position] ^= 1 << int(rng.integers(0, 8))
        elif way == "filled":
            start = int(rng.integers(0, len(content)))
            stop = start + int(rng.integers(1, 40))
            content[start:stop] = rng.bytes(len(content[start:stop]))
        elif way == "spliced":
            other = sound[names[int(rng.integers(len(names)))]]
            content = content[: int(rng.integers(4, len(content)))] + bytearray(other)
        else:
            content = bytearray(rng.bytes(4)) + content
        yield f"{way} {name}", bytes(content)


FILES = list(files())[:COUNT]


# Where EXIF orientations bring the corner that is stored at the top left: (bottom, right).
CORNER = {1: (0, 0), 2: (0, 1), 3: (1, 1), 4: (1, 0), 5: (0, 0), 6: (0, 1), 7: (1, 1), 8: (1, 0)}


def light_corner(pixels: npt.NDArray[np.uint8]) -> tuple[int, int]:
    """Return (bottom, right) of the one quarter that is light."""
    height, width = pixels.shape[:2]
    quarters = pixels.mean(-1)[: height // 2 * 2, : width // 2 * 2]
    quarters = quarters.reshape(2, height // 2, 2, width // 2).mean((1, 3))
    (found,) = np.argwhere(quarters > 150)
    return int(found[0]), int(found[1])


def outcome(preprocessor: Preprocessor, file: Path) -> Picture | ExplanationError:
    """Return what a file gives; any other exception is a failure of the test."""
    try:
        return preprocessor(file)
    except ExplanationError as error:
        return error


def test_there_are_a_thousand() -> None:
    assert len(FILES) == COUNT
    kinds = {name.split()[0] for name, _ in FILES}
    assert kinds >= {"sound", "turned", "empty", "lying", "cut", "flipped", "filled", "spliced"}


@pytest.mark.filterwarnings("ignore")  # Pillow warns of what is wrong with many of these files
@pytest.mark.parametrize("part", range(10))
def test_every_file_is_read_or_refused_in_words(tmp_path: Path, part: int) -> None:
    preprocessor = Preprocessor.of({"size": 16, "crop": 16})
    file = tmp_path / "picture.bin"
    for name, content in FILES[part::10]:
        file.write_bytes(content)
        result = outcome(preprocessor, file)
        if isinstance(result, ExplanationError):
            assert "picture.bin" in str(result), name
            assert not name.startswith(("sound", "turned")), f"{name}: {result}"
        else:
            assert result.input.shape == (1, 3, 16, 16), name
            assert result.pixels.shape == (16, 16, 3), name


@pytest.mark.filterwarnings("ignore")
def test_what_is_sound_is_read_the_right_way_up(tmp_path: Path) -> None:
    file = tmp_path / "picture.bin"
    for name, content in FILES:
        if name.startswith(("sound", "turned")):
            orientation = int(name.split()[1]) if name.startswith("turned") else 1
            file.write_bytes(content)
            pixels = np.asarray(load(file).image(3))
            assert light_corner(pixels) == CORNER[orientation], name
            wide = pixels.shape[1] > pixels.shape[0]
            assert wide == (orientation < 5), name


def test_warnings_made_errors_break_nothing(tmp_path: Path) -> None:
    file = tmp_path / "picture.bin"
    preprocessor = Preprocessor.of(None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, content in FILES[::7]:
            file.write_bytes(content)
            result = outcome(preprocessor, file)
            assert not (name.startswith("sound") and isinstance(result, ExplanationError)), name
