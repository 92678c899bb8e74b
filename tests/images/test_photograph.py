"""The photograph under the map: which part of it the network is given, to two thousandths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from xai_widgets import _torchvision
from xai_widgets.images import Preprocessor, photograph
from xai_widgets.images.photograph import Photograph

torchvision = _torchvision.load()
from torchvision import transforms  # noqa: E402  # needs load() before it
from torchvision.transforms import v2  # noqa: E402  # likewise
from torchvision.transforms._presets import ImageClassification  # noqa: E402  # likewise

NUMBERS = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
LAST = [transforms.ToTensor(), transforms.Normalize(**NUMBERS)]


def scene(width: int, height: int) -> Image.Image:
    """Blobs of many sizes, so that every part looks like no other."""
    noise = np.random.default_rng(5)
    small = [noise.integers(0, 256, (n, n, 3), dtype=np.uint8) for n in (3, 7, 16, 40)]
    layers = [
        np.asarray(Image.fromarray(each).resize((width, height), Image.Resampling.BICUBIC), float)
        for each in small
    ]
    return Image.fromarray(np.mean(layers, axis=0).astype(np.uint8))


def of(image: Any, preprocessing: Any, **more: Any) -> Photograph | None:
    preprocessor = Preprocessor.of(preprocessing, **more)
    return photograph(image, preprocessor(image), preprocessor)


SQUASHED = [transforms.Resize((96, 96)), *LAST]
CROPPED = [transforms.Resize(128), transforms.CenterCrop(112), *LAST]


@pytest.mark.parametrize(
    "preprocessing",
    [
        pytest.param({"size": 128, "crop": 112, **NUMBERS}, id="numbers"),
        pytest.param(ImageClassification(crop_size=112, resize_size=128), id="preset"),
        pytest.param(transforms.Compose(CROPPED), id="compose"),
        pytest.param(
            v2.Compose(
                [
                    v2.ToImage(),
                    v2.Resize(128, antialias=True),
                    v2.CenterCrop(112),
                    v2.ToDtype(torch.float32, scale=True),
                    v2.Normalize(**NUMBERS),
                ]
            ),
            id="v2",
        ),
        pytest.param(transforms.Compose([*CROPPED[:2], LAST[0]]), id="in [0, 1]"),
    ],
)
@pytest.mark.parametrize("size", [(450, 300), (300, 450), (320, 320), (1800, 1200)])
def test_a_centre_crop_after_a_resize(preprocessing: Any, size: tuple[int, int]) -> None:
    width, height = size
    found = of(scene(width, height), preprocessing)
    assert found is not None
    across, down = (112 / 128 * min(size) / side for side in size)
    expected = ((1 - across) / 2, (1 - down) / 2, across, down)
    assert found.window == pytest.approx(expected, abs=2e-3)
    shrunk = min(1.0, 1600 / max(size))
    assert found.pixels.shape == (round(height * shrunk), round(width * shrunk), 3)


@pytest.mark.parametrize(
    ("steps", "window"),
    [
        pytest.param(SQUASHED, (0, 0, 1, 1), id="squashed"),
        pytest.param([transforms.Resize(96), *LAST], (0, 0, 1, 1), id="resized"),
        pytest.param(
            [transforms.CenterCrop(200), *LAST], (125 / 450, 50 / 300, 200 / 450, 200 / 300)
        ),
        pytest.param(
            [transforms.Lambda(lambda image: image.crop((30, 12, 330, 280))), *SQUASHED],
            (30 / 450, 12 / 300, 300 / 450, 268 / 300),
            id="a corner",
        ),
    ],
)
def test_whatever_rectangle_it_is(steps: list[Any], window: tuple[float, ...]) -> None:
    found = of(scene(450, 300), transforms.Compose(steps))
    assert found is not None
    assert found.window == pytest.approx(window, abs=2e-3)
    assert found.pixels.shape == (300, 450, 3)


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([transforms.RandomResizedCrop(96), *LAST], id="random"),
        pytest.param([transforms.RandomHorizontalFlip(1.0), *CROPPED], id="mirrored"),
        pytest.param([transforms.Resize(90), transforms.CenterCrop(112), *LAST], id="bordered"),
        pytest.param(
            [transforms.Lambda(lambda im: im.transpose(Image.Transpose.ROTATE_90)), *SQUASHED],
            id="turned",
        ),
        pytest.param([transforms.Resize(300), *LAST], id="not smaller"),
    ],
)
def test_none_where_it_is_no_part_of_it_or_no_more_than_it(steps: list[Any]) -> None:
    assert of(scene(450, 300), transforms.Compose(steps)) is None


def test_the_generators_stay_as_they_are() -> None:
    random = transforms.Compose([transforms.RandomResizedCrop(96), *LAST])
    preprocessor = Preprocessor.of(random)
    picture = preprocessor(scene(450, 300))
    before = torch.get_rng_state()
    assert photograph(scene(450, 300), picture, preprocessor) is None
    assert torch.equal(torch.get_rng_state(), before)


def test_a_border_in_numbers_is_none() -> None:
    assert of(scene(450, 300), {"size": 100, "crop": 112, **NUMBERS}) is None


def test_a_file_is_upright(tmp_path: Path) -> None:
    upright, exif = scene(300, 450), Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise to be upright
    file = tmp_path / "turned.png"
    upright.transpose(Image.Transpose.ROTATE_90).save(file, exif=exif)
    found = of(str(file), {"size": 128, "crop": 112, **NUMBERS})
    assert found is not None
    assert np.array_equal(found.pixels, np.asarray(upright))
    assert found.window == pytest.approx((0.0625, 0.2083, 0.875, 0.5833), abs=1e-3)


def test_arrays_and_tensors_are_photographs_where_they_are_prepared() -> None:
    recipe = {"size": 128, "crop": 112, **NUMBERS}
    array = np.asarray(scene(450, 300))
    tensor = torch.from_numpy(array.copy()).permute(2, 0, 1)
    for image in (array, tensor, tensor / 255):
        found = of(image, recipe)
        assert found is not None
        assert np.array_equal(found.pixels, array)
    assert of(torch.rand(3, 64, 64), None) is None  # it is the input
    assert of(scene(450, 300), None) is None
    assert of(np.random.default_rng(0).random((6, 200, 200)).astype(np.float32), None) is None


def test_what_the_network_sees_in_grey_is_grey() -> None:
    found = of(scene(450, 300), {"size": 64, "mean": 0.5, "std": 0.5}, channels=1)
    assert found is not None
    assert np.ptp(found.pixels, axis=2).max() == 0


def test_none_where_the_file_is_another_one_by_now(tmp_path: Path) -> None:
    file = tmp_path / "photo.png"
    scene(450, 300).save(file)
    preprocessor = Preprocessor.of({"size": 128, "crop": 112, **NUMBERS})
    picture = preprocessor(file)
    scene(450, 300).transpose(Image.Transpose.ROTATE_180).save(file)
    assert photograph(file, picture, preprocessor) is None
    file.unlink()
    assert photograph(file, picture, preprocessor) is None
