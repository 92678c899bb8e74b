"""The small network trained on Fashion-MNIST."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor, nn

from xai_widgets.demo.fashion_pictures import CLASS_NAMES
from xai_widgets.engine import Engine

PREPROCESSING = {"size": 28, "mean": (0.5,), "std": (0.5,)}
WEIGHTS = Path(__file__).parent / "fashion.safetensors"


class FashionNetwork(nn.Sequential):
    """Five convolutions with rectifiers, the mean over positions, a linear head.

    The last convolution's map is a quarter of the picture's width: 7 x 7.
    """

    def __init__(self, normalise: bool = False) -> None:
        layers: list[nn.Module] = []
        channels = 1
        for width, stride in ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1)):
            layers.append(nn.Conv2d(channels, width, 3, stride=stride, padding=1))
            if normalise:  # while it is trained; folded into the convolution afterwards
                layers.append(nn.BatchNorm2d(width))
            layers.append(nn.ReLU())
            channels = width
        super().__init__(
            *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, len(CLASS_NAMES))
        )


def fashion_engine() -> Engine:
    """Return an engine over a small network that tells the ten classes of Fashion-MNIST apart.

    `fashion_recipe` tells how it was made and how right it is.
    """
    network = FashionNetwork()
    stored: dict[str, Tensor] = load_file(WEIGHTS)
    network.load_state_dict({name: tensor.float() for name, tensor in stored.items()})
    network.eval().requires_grad_(True)
    return Engine(
        network, preprocessing=PREPROCESSING, class_names=CLASS_NAMES, name="Fashion network"
    )


def fashion_recipe() -> dict[str, Any]:
    """Return how the network was trained and what was measured of it then."""
    recipe: dict[str, Any] = json.loads(WEIGHTS.with_suffix(".json").read_text(encoding="utf-8"))
    return recipe
