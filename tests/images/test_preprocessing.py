from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from xai_widgets import _torchvision
from xai_widgets.errors import ExplanationError
from xai_widgets.images import Preprocessor

torchvision = _torchvision.load()
from torchvision import transforms as v1  # noqa: E402  # likewise
from torchvision.transforms import v2  # noqa: E402  # only importable once load() has been called

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
WEIGHTS = torchvision.models.ResNet18_Weights.DEFAULT
rng = np.random.default_rng(1)
# a photograph-like picture: smooth, coloured, with some noise
_y, _x = np.mgrid[0:301, 0:452] / 450
PHOTO = Image.fromarray(
    np.clip(
        255 * np.stack([_x, _y, 1 - _x * _y], -1) + rng.normal(0, 12, (301, 452, 3)), 0, 255
    ).astype(np.uint8)
)


def geometry(image: Image.Image) -> np.ndarray:
    """What the network sees, before any normalisation."""
    return np.asarray(v1.CenterCrop(224)(v1.Resize(256)(image)))


def classic(*last: Any) -> Any:
    return v1.Compose([v1.Resize(256), v1.CenterCrop(224), v1.ToTensor(), *last])


def modern(*last: Any, scale: bool = True) -> Any:
    to_float = v2.ToDtype(torch.float32, scale=scale)
    return v2.Compose([v2.Resize(256), v2.CenterCrop(224), v2.ToImage(), to_float, *last])


class OwnModule(torch.nn.Module):
    def forward(self, image: Image.Image) -> Tensor:
        return (classic()(image) - 0.5) * 4


@pytest.mark.parametrize(
    ("preprocessing", "mean", "std"),
    [
        (WEIGHTS, MEAN, STD),
        (WEIGHTS.transforms(), MEAN, STD),
        (classic(v1.Normalize(MEAN, STD)), MEAN, STD),
        (classic(v1.Normalize(torch.tensor(MEAN), torch.tensor(STD))), MEAN, STD),
        (modern(v2.Normalize(MEAN, STD)), MEAN, STD),
        (classic(v1.Compose([v1.Normalize(MEAN, STD)])), MEAN, STD),
        (classic(v1.Normalize((0.5,), (0.25,))), (0.5,) * 3, (0.25,) * 3),
        (classic(), (0,) * 3, (1,) * 3),
        (torch.nn.Sequential(*modern(v2.Normalize(MEAN, STD)).transforms), MEAN, STD),
        (
            classic(v1.Normalize(MEAN, STD), v1.Normalize((0.5,) * 3, (2.0,) * 3)),
            tuple(m + 0.5 * s for m, s in zip(MEAN, STD, strict=True)),
            tuple(2 * s for s in STD),
        ),
        (
            modern(v2.Normalize([123.675, 116.28, 103.53], [58.395, 57.12, 57.375]), scale=False),
            MEAN,
            STD,
        ),
        (lambda image: classic()(image) * 2 - 1, (0.5,) * 3, (0.5,) * 3),
        (OwnModule(), (0.5,) * 3, (0.25,) * 3),
        (lambda image: classic(v1.Normalize(MEAN, STD))(image)[None], MEAN, STD),
        (classic(v1.Normalize(MEAN, STD), v1.Lambda(lambda x: x.flip(0))), MEAN[::-1], STD[::-1]),
        (lambda image: classic()(image)[[1, 2, 0]] * 255, (0,) * 3, (1 / 255,) * 3),
    ],
)
def test_the_pixels_are_what_the_model_saw(preprocessing: Any, mean: Any, std: Any) -> None:
    preprocessor = Preprocessor.of(preprocessing, channels=3)
    picture = preprocessor(PHOTO)
    assert picture.exact
    assert picture.input.shape == (1, 3, 224, 224)
    assert picture.input.dtype == torch.float32
    np.testing.assert_array_equal(picture.pixels, geometry(PHOTO))
    np.testing.assert_allclose(preprocessor.mean, mean, atol=2e-6)
    np.testing.assert_allclose(preprocessor.std, std, atol=2e-6)


@pytest.mark.parametrize("preprocessing", [classic(v1.Normalize(MEAN, STD)), WEIGHTS])
def test_stated_numbers_are_kept_digit_by_digit(preprocessing: Any) -> None:
    preprocessor = Preprocessor.of(preprocessing)
    assert (preprocessor.mean, preprocessor.std) == (MEAN, STD)


def test_the_input_is_what_the_transform_returns() -> None:
    for transform in (WEIGHTS.transforms(), modern(v2.Normalize(MEAN, STD))):
        assert torch.equal(Preprocessor.of(transform)(PHOTO).input[0], transform(PHOTO))


def test_every_kind_of_picture_gives_the_same_input(tmp_path: Path) -> None:
    PHOTO.save(tmp_path / "a.png")
    array = np.asarray(PHOTO)
    chw = torch.from_numpy(array.copy()).permute(2, 0, 1)
    preprocessor = Preprocessor.of(WEIGHTS)
    wanted = preprocessor(PHOTO).input
    for way in (
        tmp_path / "a.png",
        array,
        array.transpose(2, 0, 1),
        array / 255,
        array.astype(np.uint16) * 257,
        PHOTO.convert("RGBA"),
        chw,
        chw[None],
        chw / 255,
    ):
        assert torch.equal(preprocessor(way).input, wanted)
    assert preprocessor(tmp_path / "a.png").name == "a.png"


def test_a_normalisation_that_depends_on_the_picture_is_owned_up_to() -> None:
    preprocessor = Preprocessor.of(classic(lambda x: (x - x.mean()) / x.std()))
    picture = preprocessor(PHOTO)
    assert not picture.exact
    assert (preprocessor.mean, preprocessor.std) == (None, None)
    x = picture.input[0].permute(1, 2, 0).double().numpy()
    wanted = np.floor(255 * (x - x.min()) / (x.max() - x.min()) + 0.5)
    np.testing.assert_array_equal(picture.pixels, wanted)
    with pytest.raises(ExplanationError, match="Give mean and std"):
        preprocessor.normalise(torch.zeros(1, 3, 4, 4))


def test_stated_numbers_that_are_not_kept_are_not_believed() -> None:
    preprocessor = Preprocessor.of(classic(v1.Normalize(MEAN, STD), lambda x: x * x))
    assert (preprocessor.mean, preprocessor(PHOTO).exact) == (None, False)


@pytest.mark.parametrize(
    "transform",
    [
        v1.Compose([v1.Resize(32), v1.ToTensor(), v1.Normalize((0.1307,), (0.3081,))]),
        v1.Compose(
            [v1.Grayscale(), v1.Resize(32), v1.ToTensor(), v1.Normalize((0.1307,), (0.3081,))]
        ),
        {"size": 32, "mean": 0.1307, "std": 0.3081},
    ],
)
@pytest.mark.parametrize("channels", [1, None])
def test_a_network_of_one_channel(transform: Any, channels: int | None) -> None:
    preprocessor = Preprocessor.of(transform, channels)
    assert (preprocessor.mean, preprocessor.std) == ((0.1307,), (0.3081,))
    grey = np.asarray(v1.Resize(32)(PHOTO.convert("L")))
    for image in (PHOTO, PHOTO.convert("L"), np.asarray(PHOTO.convert("L"))):
        picture = preprocessor(image)
        assert picture.input.shape == (1, 1, 32, 48)
        np.testing.assert_array_equal(picture.pixels, np.dstack([grey] * 3))
    unit = torch.rand(2, 1, 3, 3)
    torch.testing.assert_close(preprocessor.normalise(unit), (unit - 0.1307) / 0.3081)


def test_without_preprocessing_a_tensor_is_model_input_unchanged() -> None:
    x = torch.randn(3, 8, 9)
    for given in (x, x[None], x.double(), x.clone().requires_grad_()):
        picture = Preprocessor.of(None)(given)
        assert torch.equal(picture.input, x[None])
        assert not picture.input.requires_grad
        assert picture.input.data_ptr() != given.data_ptr()
    assert not picture.exact  # outside [0, 1]: some normalisation that is not known
    assert (picture.pixels.min(), picture.pixels.max()) == (0, 255)


def test_without_preprocessing_a_tensor_in_the_unit_range_is_shown_as_it_is() -> None:
    x = torch.rand(1, 3, 8, 9)
    picture = Preprocessor.of(None)(x)
    assert picture.exact
    wanted = np.floor(255 * x[0].permute(1, 2, 0).double().numpy() + 0.5)
    np.testing.assert_array_equal(picture.pixels, wanted)


def test_without_preprocessing_anything_else_is_scaled_and_not_resized() -> None:
    array = np.asarray(PHOTO)
    for image in (PHOTO, array, array / 255):
        picture = Preprocessor.of(None)(image)
        unit = torch.from_numpy(array.copy()).permute(2, 0, 1)[None].float() / 255
        assert torch.equal(picture.input, unit)
        np.testing.assert_array_equal(picture.pixels, array)
    grey = Preprocessor.of(None, channels=1)(PHOTO)
    assert grey.input.shape == (1, 1, 301, 452)
    np.testing.assert_array_equal(grey.pixels[..., 1], np.asarray(PHOTO.convert("L")))


def test_networks_of_other_channel_counts_take_tensors() -> None:
    preprocessor = Preprocessor.of(None, channels=5)
    picture = preprocessor(torch.rand(5, 4, 4))
    assert picture.pixels.shape == (4, 4, 3)
    assert not picture.exact
    with pytest.raises(ExplanationError, match="takes 5 channels and a picture has 1 or 3"):
        preprocessor(PHOTO)


def test_denormalise_undoes_normalise_and_back() -> None:
    preprocessor = Preprocessor.of({"mean": MEAN, "std": STD})
    levels = torch.randint(0, 256, (4, 3, 5, 6), dtype=torch.uint8)
    x = preprocessor.normalise(levels / 255)
    column = torch.tensor(MEAN)[:, None, None], torch.tensor(STD)[:, None, None]
    torch.testing.assert_close(x, (levels / 255 - column[0]) / column[1])
    pixels = preprocessor.denormalise(x)
    np.testing.assert_array_equal(pixels, levels.permute(0, 2, 3, 1).numpy())
    grey = preprocessor.normalise(torch.full((1, 1, 2, 2), 0.25))
    assert grey.shape == (1, 3, 2, 2)
    np.testing.assert_array_equal(preprocessor.denormalise(grey), 64)
    assert preprocessor.denormalise(x * 100).max() == 255  # outside the range is cut off


class Processor:
    """Has the face of a Hugging Face image processor."""

    image_mean, image_std = MEAN, STD

    def __call__(self, images: Image.Image, return_tensors: str) -> dict[str, Tensor]:
        assert return_tensors == "pt"
        return {
            "pixel_values": classic(v1.Normalize(self.image_mean, self.image_std))(images)[None]
        }


def test_an_image_processor_of_hugging_face() -> None:
    preprocessor = Preprocessor.of(Processor(), channels=3)
    np.testing.assert_array_equal(preprocessor(PHOTO).pixels, geometry(PHOTO))
    np.testing.assert_allclose(preprocessor.mean, MEAN, atol=2e-6)


def test_looking_into_a_random_transform_moves_no_generator() -> None:
    torch.manual_seed(0)
    random.seed(0)
    before = torch.rand(3), random.random()
    torch.manual_seed(0)
    random.seed(0)
    seen = []
    crop = classic(v1.RandomHorizontalFlip(), lambda x: (seen.append(random.random()), x)[1])
    assert Preprocessor.of(crop).mean == (0,) * 3
    assert seen
    assert torch.equal(torch.rand(3), before[0])
    assert random.random() == before[1]


def test_the_order_of_channels_survives_the_way_there_and_back() -> None:
    preprocessor = Preprocessor.of(lambda image: classic()(image)[[1, 2, 0]] * 255)
    unit = torch.rand(1, 3, 4, 4)
    torch.testing.assert_close(preprocessor.normalise(unit), 255 * unit[:, [1, 2, 0]])
    wanted = np.floor(255 * unit[0].permute(1, 2, 0).numpy() + 0.5)
    assert np.abs(preprocessor.denormalise(preprocessor.normalise(unit))[0] - wanted).max() <= 1


def test_a_preprocessor_is_its_own_preprocessing() -> None:
    preprocessor = Preprocessor.of(None)
    assert Preprocessor.of(preprocessor) is preprocessor


def test_equal_inputs_have_equal_digests() -> None:
    x = torch.rand(3, 4, 5)
    preprocessor = Preprocessor.of(None)
    digest = preprocessor(x).digest
    assert preprocessor(x[None].double()).digest == digest
    assert preprocessor(x + 1e-3).digest != digest
