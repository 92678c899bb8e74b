from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from xai_widgets import _torchvision
from xai_widgets.errors import ExplanationError
from xai_widgets.images import Picture, Preprocessor

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


def test_the_order_of_channels_survives_the_way_there_and_back() -> None:
    preprocessor = Preprocessor.of(lambda image: classic()(image)[[1, 2, 0]] * 255)
    unit = torch.rand(1, 3, 4, 4)
    torch.testing.assert_close(preprocessor.normalise(unit), 255 * unit[:, [1, 2, 0]])
    wanted = np.floor(255 * unit[0].permute(1, 2, 0).numpy() + 0.5)
    assert np.abs(preprocessor.denormalise(preprocessor.normalise(unit))[0] - wanted).max() <= 1


def test_a_preprocessor_is_its_own_preprocessing() -> None:
    preprocessor = Preprocessor.of(None)
    assert Preprocessor.of(preprocessor) is preprocessor


@pytest.mark.parametrize(
    ("preprocessing", "words"),
    [
        ("IMAGENET1K_V2", r"'IMAGENET1K_V2' \(str\); expected None, torchvision weights"),
        (type(WEIGHTS), r"the class ResNet18_Weights; .*mean ResNet18_Weights.DEFAULT\?"),
        (OwnModule, r"the class OwnModule; .*mean OwnModule\(\.\.\.\)\?"),
        (3, r"preprocessing is 3 \(int\)"),
    ],
)
def test_what_is_no_preprocessing_is_refused(preprocessing: Any, words: str) -> None:
    with pytest.raises(ExplanationError, match=words):
        Preprocessor.of(preprocessing)


@pytest.mark.parametrize(
    ("preprocessing", "channels", "words"),
    [
        (v1.Resize(8), None, r"returned Image; expected a tensor.*End it with ToTensor"),
        (v1.PILToTensor(), None, r"returned uint8; expected floating point: add v2.ToDtype"),
        (v1.ToTensor(), 1, None),
        (lambda image: torch.zeros(3, 4), None, r"returned shape \(3, 4\); expected \(C, H, W\)"),
        (lambda image: torch.zeros(2, 3, 4, 4), None, r"returned shape \(2, 3, 4, 4\)"),
        (lambda image: torch.full((3, 4, 4), torch.nan), None, "48 values that are NaN"),
        (lambda image: torch.zeros(1, 4, 4), 3, r"has 1 channel\(s\), and the network takes 3"),
        (lambda image: 1 / 0, None, "failed on image .RGB, 452 x 301.: ZeroDivisionError"),
    ],
)
def test_what_a_preprocessing_does_wrong_is_said(
    preprocessing: Any, channels: int | None, words: str | None
) -> None:
    preprocessor = Preprocessor.of(preprocessing, channels)
    if words is None:
        assert isinstance(preprocessor(PHOTO), Picture)
        return
    with pytest.raises(ExplanationError, match=words):
        preprocessor(PHOTO)


@pytest.mark.parametrize(
    ("tensor", "channels", "words"),
    [
        (torch.zeros(3, 4, 4, dtype=torch.uint8), None, "the tensor is uint8, and without a"),
        (torch.zeros(4, 4), None, r"shape \(4, 4\); expected model input"),
        (torch.zeros(2, 3, 4, 4), None, "Explain pictures one at a time"),
        (torch.zeros(3, 0, 4), None, r"shape \(3, 0, 4\)"),
        (torch.full((3, 2, 2), torch.inf), None, "12 values that are NaN or infinite"),
        (torch.zeros(3, 4, 4), 1, r"has 3 channel\(s\), and the network takes 1"),
    ],
)
def test_tensors_that_are_no_model_input(tensor: Tensor, channels: int | None, words: str) -> None:
    with pytest.raises(ExplanationError, match=words):
        Preprocessor.of(None, channels)(tensor)


def test_a_normalised_tensor_is_not_prepared_twice() -> None:
    with pytest.raises(ExplanationError, match=r"expected 0 to 1.*preprocessing=None"):
        Preprocessor.of(WEIGHTS)(torch.linspace(-2, 2, 48).reshape(3, 4, 4))


def test_a_sliver_is_not_blown_up() -> None:
    with pytest.raises(ExplanationError, match="300 x 1 pixels: one side is more than 200 times"):
        Preprocessor.of(WEIGHTS)(Image.new("RGB", (300, 1)))
