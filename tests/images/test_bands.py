"""Bands that are not a picture: arrays and TIFF files of any number of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tifffile
import torch

from xai_widgets import _torchvision
from xai_widgets.errors import ExplanationError
from xai_widgets.images import Preprocessor, load
from xai_widgets.images.normalisation import Normalisation

_torchvision.load()
from torchvision import transforms as v1  # noqa: E402  # only importable once load() was called
from torchvision.transforms import v2  # noqa: E402  # likewise

HEIGHT, WIDTH = 26, 18
rng = np.random.default_rng(0)
DEEPEST = {"uint8": 255, "uint16": 65535, "float32": 1}


def bands(count: int, kind: str) -> npt.NDArray[Any]:
    if kind == "float32":
        return rng.random((HEIGHT, WIDTH, count)).astype(np.float32)
    return rng.integers(0, DEEPEST[kind] + 1, (HEIGHT, WIDTH, count)).astype(kind)


def numbers(count: int) -> tuple[list[float], list[float]]:
    return np.linspace(0.2, 0.6, count).tolist(), np.linspace(0.1, 0.4, count).tolist()


def normalised(array: npt.NDArray[Any], kind: str) -> npt.NDArray[np.float64]:
    mean, std = numbers(array.shape[2])
    unit = array.astype(np.float64) / DEEPEST[kind]
    return ((unit - mean) / std).transpose(2, 0, 1)


def by_dict(mean: list[float], std: list[float]) -> Any:
    return {"mean": mean, "std": std}


def by_v1(mean: list[float], std: list[float]) -> Any:
    return v1.Compose([v1.ToTensor(), v1.Normalize(mean, std)])


def by_v2(mean: list[float], std: list[float]) -> Any:
    to_float = v2.ToDtype(torch.float32, scale=True)
    return v2.Compose([v2.ToImage(), to_float, v2.Normalize(mean, std)])


def by_tensor(mean: list[float], std: list[float]) -> Any:
    return v1.Normalize(mean, std)


def by_function(mean: list[float], std: list[float]) -> Any:
    def prepared(image: Any) -> torch.Tensor:
        array = np.asarray(image)
        unit = array.astype(np.float32) / {"u": 1, "f": 1}[array.dtype.kind]
        unit /= np.iinfo(array.dtype).max if array.dtype.kind == "u" else 1
        return torch.from_numpy((unit - np.float32(mean)) / np.float32(std)).permute(2, 0, 1)

    return prepared


@pytest.mark.parametrize("make", [by_dict, by_v1, by_v2, by_tensor, by_function])
@pytest.mark.parametrize("kind", DEEPEST)
@pytest.mark.parametrize("count", [2, 4, 5, 12])
def test_each_band_is_normalised_by_itself(count: int, kind: str, make: Any) -> None:
    array = bands(count, kind)
    preprocessor = Preprocessor.of(make(*numbers(count)), channels=count)
    wanted = normalised(array, kind)
    channels_first = np.ascontiguousarray(array.transpose(2, 0, 1))
    for given in (array, channels_first, torch.from_numpy(channels_first)):
        picture = preprocessor(given)
        np.testing.assert_allclose(picture.input[0], wanted, atol=2e-6)
        assert picture.warnings == ()
        black = [-m / s for m, s in zip(*numbers(count), strict=True)]
        np.testing.assert_allclose(picture.black, black, rtol=1e-5)


def test_what_is_shown_of_bands_is_said() -> None:
    five, two = bands(5, "uint8"), bands(2, "uint8")
    picture = Preprocessor.of(by_dict(*numbers(5)))(five)
    assert (picture.exact, picture.shows) == (False, "the first 3 of 5 bands")
    np.testing.assert_array_equal(picture.pixels, five[..., :3])
    picture = Preprocessor.of(by_dict(*numbers(2)))(two)
    assert picture.shows == "the mean of 2 bands"
    mean = np.floor(two.astype(np.float64).mean(2, keepdims=True) + 0.5)
    assert np.abs(picture.pixels - mean).max() <= 1
    model_input = torch.linspace(-3, 3, 6 * 20).view(6, 4, 5)
    picture = Preprocessor.of(None)(model_input)
    assert picture.shows == "the first 3 of 6 bands, stretched from the lowest to the highest value"


@pytest.mark.parametrize("how", ["bilinear", "bicubic"])
def test_bands_are_resized_one_by_one_and_never_taken_for_opacity(how: str) -> None:
    array = bands(4, "uint8")
    array[..., 3] = 0  # as opacity this would be white all over
    mean, std = numbers(4)
    size = {"size": 20, "crop": 16, "interpolation": how}
    four = Preprocessor.of({**size, "mean": mean, "std": std})(array).input
    three = Preprocessor.of({**size, "mean": mean[:3], "std": std[:3]})(array[..., :3]).input
    assert torch.equal(four[:, :3], three)
    torch.testing.assert_close(four[:, 3], torch.full((1, 16, 16), -mean[3] / std[3]))


def test_four_channels_are_opacity_where_three_means_are_given() -> None:
    array = bands(4, "uint8")
    array[..., 3] = 0
    picture = Preprocessor.of(by_dict([0.5] * 3, [0.5] * 3))(array)
    assert torch.equal(picture.input, torch.ones(1, 3, HEIGHT, WIDTH))


def test_means_for_another_number_of_bands() -> None:
    with pytest.raises(ExplanationError, match=r"has 3 means and stds, and array has 6 bands"):
        Preprocessor.of(by_dict([0.5] * 3, [0.5] * 3))(bands(6, "uint8"))
    with pytest.raises(ExplanationError, match=r"has 4 means and stds, and array has 3 channels"):
        Preprocessor.of(by_dict([0.5] * 4, [0.5] * 4))(bands(3, "uint8"))
    with pytest.raises(ExplanationError, match=r"takes no picture of 5 bands.*float tensor"):
        Preprocessor.of(lambda image: v1.ToTensor()(image.convert("RGB")))(bands(5, "uint8"))


def test_rules_can_be_undone() -> None:
    rule = Normalisation(*map(tuple, numbers(5)))
    for make in (by_dict, by_v2):
        preprocessor = Preprocessor.of(make(*numbers(5)), channels=5)
        x = preprocessor(bands(5, "float32")).input
        torch.testing.assert_close(preprocessor.undo(x), rule.undo(x))
        torch.testing.assert_close(preprocessor.normalise(rule.undo(x)), x)


# How a file may hold bands, each with what is written and how.
WAYS: dict[str, tuple[bool, dict[str, Any]]] = {
    "interleaved": (True, {"planarconfig": "contig", "photometric": "minisblack"}),
    "planar": (False, {"planarconfig": "separate", "photometric": "minisblack"}),
    "pages": (False, {"photometric": "minisblack"}),
    "plain": (True, {}),
    "ImageJ": (False, {"imagej": True}),
    "pages that say nothing": (False, {"metadata": None, "photometric": "minisblack"}),
    "compressed": (
        True,
        {"planarconfig": "contig", "photometric": "minisblack", "compression": "zlib"},
    ),
    "OME": (False, {"ome": True, "metadata": {"axes": "CYX"}, "photometric": "minisblack"}),
}


@pytest.mark.filterwarnings("ignore:.*stored as RGB:DeprecationWarning")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", DEEPEST)
@pytest.mark.parametrize("count", [2, 4, 5, 12])
def test_tiff_files_of_bands(tmp_path: Path, count: int, kind: str, way: str) -> None:
    array = bands(count, kind)
    last, options = WAYS[way]
    file = tmp_path / "bands.tif"
    tifffile.imwrite(file, array if last else array.transpose(2, 0, 1).copy(), **options)
    preprocessor = Preprocessor.of(by_dict(*numbers(count)), channels=count)
    np.testing.assert_allclose(preprocessor(file).input[0], normalised(array, kind), atol=2e-6)
    assert preprocessor(file).name == "bands.tif"


@pytest.mark.parametrize("kind", ["uint16", "float32", "float64", "float16"])
def test_deep_tiff_files_of_one_and_three_channels(tmp_path: Path, kind: str) -> None:
    for count in (1, 3):
        array = bands(count, "uint16" if kind == "uint16" else "float32").astype(kind)
        wanted = array.astype(np.float64) / (65535 if kind == "uint16" else 1)
        file = tmp_path / f"{count}.tif"
        colours = "minisblack" if count == 1 else "rgb"
        tifffile.imwrite(
            file,
            array[..., 0] if count == 1 else array,
            compression="zlib",
            photometric=colours,
        )
        np.testing.assert_allclose(load(file).array, wanted, atol=2e-7)


def test_the_orientation_of_a_file_of_bands(tmp_path: Path) -> None:
    array, file = bands(5, "uint16"), tmp_path / "a.tif"
    turned = {
        1: array, 2: array[:, ::-1], 3: array[::-1, ::-1], 4: array[::-1],
        5: array.transpose(1, 0, 2), 6: np.rot90(array, -1),
        7: array[::-1, ::-1].transpose(1, 0, 2), 8: np.rot90(array, 1),
    }  # fmt: skip
    for orientation, wanted in turned.items():
        tifffile.imwrite(
            file, array, planarconfig="contig", photometric="minisblack",
            extratags=[(274, "H", 1, orientation, True)],
        )  # fmt: skip
        np.testing.assert_allclose(load(file).array, wanted / 65535, atol=1e-6)


def test_of_pages_the_first_is_a_picture(tmp_path: Path) -> None:
    array, file = bands(7, "uint8"), tmp_path / "film.tif"
    tifffile.imwrite(file, array.transpose(2, 0, 1).copy(), metadata=None, photometric="minisblack")
    loaded = load(file)
    np.testing.assert_array_equal(loaded.array, array[..., :1])
    np.testing.assert_array_equal(loaded.bands, array)


def test_white_that_is_zero(tmp_path: Path) -> None:
    array, file = bands(1, "float32"), tmp_path / "a.tif"
    deep = (65535 * array[..., 0]).astype(np.uint32)
    tifffile.imwrite(file, deep.astype(np.uint16), photometric="miniswhite")
    found = load(file).array[..., 0]
    assert np.abs(found - (1 - deep / 65535)).max() < 1e-6


def test_broken_files_of_bands(tmp_path: Path) -> None:
    array, file = bands(5, "uint16"), tmp_path / "a.tif"
    options: dict[str, Any] = {"planarconfig": "contig", "photometric": "minisblack"}
    tifffile.imwrite(file, array, compression="zlib", **options)
    whole = file.read_bytes()
    for length in (3, 40, len(whole) // 2, len(whole) - 9):
        file.write_bytes(whole[:length])
        with pytest.raises(ExplanationError, match=r"a\.tif"):
            load(file)
    tifffile.imwrite(file, array, **options)
    lzw = file.read_bytes().replace(
        np.array([259, 3], "<u2").tobytes() + np.array([1, 1], "<u4").tobytes(),
        np.array([259, 3], "<u2").tobytes() + np.array([1, 5], "<u4").tobytes(),
    )
    file.write_bytes(lzw)
    with pytest.raises(ExplanationError, match=r"a\.tif.*(imagecodecs|damaged)"):
        load(file)


@pytest.mark.parametrize(
    ("shape", "wanted", "found"),
    [
        ((5, 6, 7), None, (6, 7, 5)),
        ((7, 6, 5), None, (7, 6, 5)),
        ((5, 6, 7), 7, (5, 6, 7)),
        ((12, 12, 9), 12, (12, 9, 12)),
        ((9, 12, 12), 12, (9, 12, 12)),
        ((3, 9, 4), None, (3, 9, 4)),
        ((4, 9, 9), 9, (9, 9, 4)),
    ],
)
def test_which_axis_holds_the_bands(shape: Any, wanted: int | None, found: Any) -> None:
    loaded = load(np.zeros(shape, np.uint8), wanted)
    array = loaded.array if loaded.bands is None else loaded.bands
    assert array.shape == found
