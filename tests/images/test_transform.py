from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from xai_widgets import _torchvision
from xai_widgets.errors import ExplanationError
from xai_widgets.images import Preprocessor

torchvision = _torchvision.load()
from torchvision.transforms import InterpolationMode  # noqa: E402  # needs load() before it
from torchvision.transforms._presets import ImageClassification  # noqa: E402  # likewise

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
NOISE = np.random.default_rng(3).integers(0, 256, (400, 400, 3), dtype=np.uint8)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "nearest"])
@pytest.mark.parametrize(
    ("height", "width", "size", "crop"),
    [
        (301, 400, 256, 224),
        (400, 233, 232, 224),
        (50, 61, 64, 33),
        (256, 256, 256, 225),
        (31, 40, 20, 64),  # the crop is larger than the picture: black around it
        (31, 41, 20, 23),
        (37, 20, 14, 12),  # 25.9 and 26.6 pixels are cut off, not rounded
        (20, 38, 14, 13),
        (3, 300, 7, 7),
    ],
)
def test_equal_to_torchvisions_preset_bit_for_bit(
    height: int, width: int, size: int, crop: int, interpolation: str
) -> None:
    image = Image.fromarray(NOISE[:height, :width])
    preset = ImageClassification(
        crop_size=crop,
        resize_size=size,
        mean=MEAN,
        std=STD,
        interpolation=InterpolationMode(interpolation),
    )
    for name in (interpolation, InterpolationMode(interpolation)):
        recipe = {"size": size, "crop": crop, "mean": MEAN, "std": STD, "interpolation": name}
        preprocessor = Preprocessor.of(recipe)
        assert torch.equal(preprocessor(image).input[0], preset(image))
        assert (preprocessor.mean, preprocessor.std) == (MEAN, STD)


def test_each_part_is_optional() -> None:
    image = Image.fromarray(NOISE[:30, :40])
    unit = torch.from_numpy(NOISE[:30, :40].copy()).permute(2, 0, 1)[None] / 255
    assert torch.equal(Preprocessor.of({})(image).input, unit)
    assert Preprocessor.of({"size": (8, 9)})(image).input.shape == (1, 3, 8, 9)
    assert torch.equal(Preprocessor.of({"crop": (10, 20)})(image).input, unit[..., 10:20, 10:30])
    plain = Preprocessor.of({"crop": 10})(image)
    np.testing.assert_array_equal(plain.pixels, NOISE[10:20, 15:25])


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ({"sise": 3}, r"has the key 'sise'; known are size, crop.*mean \"size\"\?"),
        ({"size": 0}, "size is 0; expected a number of pixels"),
        ({"size": 2.5}, "size is 2.5; expected"),
        ({"size": (1, 2, 3)}, r"size is \(1, 2, 3\)"),
        ({"crop": True}, "crop is True"),
        ({"crop": "224"}, "crop is '224'"),
        ({"mean": MEAN}, "has mean but no std"),
        ({"std": STD}, "has std but no mean"),
        ({"mean": MEAN, "std": (1.0,)}, "3 means and 1 stds"),
        ({"mean": MEAN, "std": (1, 0, 1)}, "expected numbers above 0"),
        ({"mean": "a", "std": STD}, "mean is 'a'; expected one finite number"),
        ({"mean": (np.nan,), "std": (1,)}, "expected one finite number"),
        ({"mean": (123.0, 117, 104), "std": (58, 57, 57)}, "divide mean and std by 255"),
        ({"interpolation": "bilnear"}, r"'bilnear'; expected one of nearest.*mean \"bilinear\"\?"),
    ],
)
def test_wrong_recipes_are_refused_in_words(recipe: dict[str, Any], words: str) -> None:
    with pytest.raises(ExplanationError, match=words):
        Preprocessor.of(recipe)
