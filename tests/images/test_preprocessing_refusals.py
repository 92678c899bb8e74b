from __future__ import annotations

from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor

from xai_widgets import _torchvision
from xai_widgets.errors import ExplanationError
from xai_widgets.images import Picture, Preprocessor

torchvision = _torchvision.load()
from torchvision import transforms as v1  # noqa: E402  # only importable once load() was called

WEIGHTS = torchvision.models.ResNet18_Weights.DEFAULT
PHOTO = Image.new("RGB", (452, 301), "teal")


class OwnModule(torch.nn.Module):
    pass


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
        (
            torch.zeros(1, 3, 8, 4, 4),
            None,
            "Volumes and videos are not pictures; explain one slice",
        ),
        (torch.zeros(1, 3, 0, 4), None, r"expected model input \(C, H, W\) or \(1, C, H, W\)\.$"),
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
