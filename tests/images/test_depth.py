"""Pictures deeper than 8 bits reach the preprocessing as they are."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tifffile
import torch
from PIL import Image
from torch import Tensor

from xai_widgets import _torchvision
from xai_widgets.images import Preprocessor, load

torchvision = _torchvision.load()
from torchvision import transforms as v1  # noqa: E402  # only importable once load() was called
from torchvision.transforms import v2  # noqa: E402  # likewise

MEAN, STD = 0.5, 0.25
SIDE = 64
# 4,001 steps of 16 bits, 16 of 8 bits.
RAMP = np.linspace(20000, 24000, SIDE * SIDE).astype(np.uint16).reshape(SIDE, SIDE)
COLOURS = np.stack([RAMP, RAMP.T, RAMP[::-1]], axis=-1)
HALF_A_LEVEL = 0.5 / 65535 / STD


def array_of(image: Any) -> npt.NDArray[np.float32]:
    array = np.asarray(image).astype(np.float32)
    return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


def for_levels(image: Any) -> Tensor:
    return (torch.from_numpy(array_of(image)) / 255 - MEAN) / STD


def for_sixteen_bits(image: Any) -> Tensor:
    return (torch.from_numpy(array_of(image)) / 65535 - MEAN) / STD


def for_its_own_type(image: Any) -> Tensor:
    array = np.asarray(image)
    whole = np.iinfo(array.dtype).max if array.dtype.kind == "u" else 1
    return (torch.from_numpy(array_of(array) / np.float32(whole)) - MEAN) / STD


def for_sixteen_bit_images_only(image: Any) -> Tensor:
    if not isinstance(image, Image.Image) or image.mode != "I;16":
        raise ValueError("expected an image of 16 bits")
    return for_sixteen_bits(image)


def modern(*steps: Any, scale: bool = True) -> Any:
    return v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=scale), *steps])


GREY: dict[str, Any] = {
    "dict": {"mean": MEAN, "std": STD},
    "v1": v1.Compose([v1.ToTensor(), v1.Normalize(MEAN, STD)]),
    "nested v1": v1.Compose([v1.Compose([v1.ToTensor()]), v1.Normalize(MEAN, STD)]),
    "pil_to_tensor": v1.Compose(
        [v1.PILToTensor(), v1.ConvertImageDtype(torch.float32), v1.Normalize(MEAN, STD)]
    ),
    "v2": modern(v2.Normalize([MEAN], [STD])),
    "v2 in levels": modern(v2.Normalize([255 * MEAN], [255 * STD]), scale=False),
    "levels": for_levels,
    "sixteen bits": for_sixteen_bits,
    "its own type": for_its_own_type,
    "images of 16 bits": for_sixteen_bit_images_only,
}


def ways(deep: npt.NDArray[np.uint16], folder: Path) -> dict[str, Any]:
    """The same picture as files, arrays, images and tensors."""
    unit = (deep / 65535).astype(np.float32)
    grey = deep.ndim == 2
    tensor = torch.from_numpy(array_of(deep)).to(torch.uint16)
    tifffile.imwrite(folder / "a.tif", deep, photometric="minisblack" if grey else "rgb")
    tifffile.imwrite(folder / "f.tif", unit, photometric="minisblack" if grey else "rgb")
    write_png(folder / "a.png", deep)
    found = {
        "PNG file": folder / "a.png",
        "TIFF file": folder / "a.tif",
        "TIFF file of floats": folder / "f.tif",
        "array": deep,
        "array of floats": unit,
        "array of doubles": unit.astype(np.float64),
        "tensor": tensor,
        "tensor of floats": torch.from_numpy(array_of(unit).copy()),
    }
    if grey:
        found |= {"image": Image.fromarray(deep), "image of floats": Image.fromarray(unit)}
    return found


def write_png(file: Path, deep: npt.NDArray[np.uint16]) -> None:
    """A PNG file of 16 bits a channel, every other line told by its differences."""
    colour = {2: 0, 3: 2}[deep.ndim]
    step = 2 * (deep.shape[2] if deep.ndim == 3 else 1)
    lines = []
    for number, line in enumerate(deep.astype(">u2")):
        values = np.frombuffer(line.tobytes(), np.uint8)
        before = np.concatenate([np.zeros(step, np.uint8), values[:-step]])
        lines.append(b"\1" + (values - before).tobytes() if number % 2 else b"\0" + bytes(values))

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", deep.shape[1], deep.shape[0], 16, colour, 0, 0, 0)
    file.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"".join(lines)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("preprocessing", GREY)
def test_sixteen_bits_of_grey(tmp_path: Path, preprocessing: str) -> None:
    preprocessor = Preprocessor.of(GREY[preprocessing], channels=1)
    wanted = (RAMP / 65535 - MEAN) / STD
    for way, given in ways(RAMP, tmp_path).items():
        picture = preprocessor(given)
        assert np.abs(picture.input[0, 0].numpy() - wanted).max() < HALF_A_LEVEL, way
        assert picture.input.unique().numel() == 4001, way
        assert picture.warnings == (), way
        assert picture.exact, way
        shown = np.floor(255 * (RAMP / 65535) + 0.5)
        assert np.abs(picture.pixels[..., 0] - shown).max() <= 1, way


@pytest.mark.parametrize(
    "preprocessing",
    [
        {"mean": (MEAN,) * 3, "std": (STD,) * 3},
        v1.Compose([v1.ToTensor(), v1.Normalize((MEAN,) * 3, (STD,) * 3)]),
        modern(v2.Normalize([MEAN] * 3, [STD] * 3)),
        for_levels,
        for_sixteen_bits,
    ],
)
def test_sixteen_bits_of_colour(tmp_path: Path, preprocessing: Any) -> None:
    preprocessor = Preprocessor.of(preprocessing, channels=3)
    wanted = ((COLOURS / 65535 - MEAN) / STD).transpose(2, 0, 1)
    for way, given in ways(COLOURS, tmp_path).items():
        picture = preprocessor(given)
        assert np.abs(picture.input[0].numpy() - wanted).max() < HALF_A_LEVEL, way
        assert picture.warnings == (), way


SIZED: list[Callable[[], Any]] = [
    lambda: {"size": 48, "crop": 40, "mean": MEAN, "std": STD},
    lambda: v1.Compose([v1.Resize(48), v1.CenterCrop(40), v1.ToTensor(), v1.Normalize(MEAN, STD)]),
    lambda: v2.Compose([v2.Resize(48), v2.CenterCrop(40), modern(v2.Normalize([MEAN], [STD]))]),
]


@pytest.mark.parametrize("make", SIZED)
def test_resizing_keeps_the_depth(tmp_path: Path, make: Callable[[], Any]) -> None:
    preprocessor = Preprocessor.of(make(), channels=1)
    deep = Image.fromarray((RAMP / 65535).astype(np.float32))
    resized = np.asarray(deep.resize((48, 48), Image.Resampling.BILINEAR))[4:44, 4:44]
    for way, given in ways(RAMP, tmp_path).items():
        found = preprocessor(given).input[0, 0].numpy()
        assert np.abs(found - (resized - MEAN) / STD).max() < 4 * HALF_A_LEVEL, way


def test_a_preprocessing_that_takes_no_more_than_8_bits_is_said() -> None:
    preprocessor = Preprocessor.of(lambda image: for_levels(image.convert("L")), channels=1)
    picture = preprocessor(RAMP)
    (warning,) = picture.warnings
    assert "more than 8 bits a channel" in warning
    assert "rounded to 256 levels" in warning
    levels = np.floor(RAMP / 257 + 0.5)
    np.testing.assert_allclose(picture.input[0, 0], (levels / 255 - MEAN) / STD, atol=1e-6)
    assert preprocessor((RAMP >> 8).astype(np.uint8)).warnings == ()


def test_what_has_256_levels_is_prepared_as_8_bits_are() -> None:
    levels = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    for make in (torchvision.models.ResNet18_Weights.DEFAULT, {"size": 24, "crop": 20}):
        preprocessor = Preprocessor.of(make)
        wanted = preprocessor(levels).input
        for given in (levels / 255, levels.astype(np.uint16) * 257, levels.astype("f4") / 255):
            assert torch.equal(preprocessor(given).input, wanted)


def test_sixteen_bits_with_256_levels_where_files_of_16_bits_are_expected() -> None:
    preprocessor = Preprocessor.of(for_sixteen_bits, channels=1)
    deep = np.repeat(np.array([[0, 257 * 128, 65535]], np.uint16), 3, axis=0)
    found = preprocessor(deep).input[0, 0]
    np.testing.assert_allclose(found, (deep / 65535 - MEAN) / STD, atol=1e-6)


def test_a_random_preprocessing_is_tried_without_moving_a_generator() -> None:
    transform = v1.Compose([v1.RandomHorizontalFlip(), v1.ToTensor()])
    torch.manual_seed(0)
    before = torch.rand(3)
    torch.manual_seed(0)
    Preprocessor.of(transform, channels=1)  # draws nothing either
    assert torch.equal(torch.rand(3), before)
    found = Preprocessor.of(transform, channels=1)(RAMP).input[0, 0].numpy()
    wanted = RAMP / 65535
    assert min(np.abs(found - w).max() for w in (wanted, wanted[:, ::-1])) < 1e-6


def test_colour_of_16_bits_in_a_file_is_read_whole(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", COLOURS)
    np.testing.assert_allclose(load(tmp_path / "a.png").array, COLOURS / 65535, atol=1e-7)
