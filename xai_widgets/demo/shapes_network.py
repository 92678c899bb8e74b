"""The small networks trained on drawn shapes: one that looks at them, one that fell for the
watermark.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from xai_widgets.demo.shapes import CLASS_NAMES
from xai_widgets.engine import Engine

SIZE = 64  # pixels; of the pictures it was trained on
PREPROCESSING = {"size": SIZE, "mean": (0.5, 0.5, 0.5), "std": (0.25, 0.25, 0.25)}
_FOLDER = Path(__file__).parent


class ShapesNetwork(nn.Sequential):
    """Five convolutions with rectifiers, the mean over positions, a linear head: 22,638 parameters.

    The last convolution's map is a quarter of the picture's width, so heatmaps are fine enough to
    be held against a shape's mask.
    """

    def __init__(self, normalise: bool = False) -> None:
        layers: list[nn.Module] = []
        channels = 3
        for width, stride in ((16, 2), (16, 1), (24, 2), (32, 1), (32, 1)):
            layers.append(nn.Conv2d(channels, width, 3, stride=stride, padding=1))
            if normalise:  # while it is trained; folded into the convolution afterwards
                layers.append(nn.BatchNorm2d(width))
            layers.append(nn.ReLU())
            channels = width
        super().__init__(
            *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, len(CLASS_NAMES))
        )


def shapes_engine(shortcut: bool = False) -> Engine:
    """Return an engine over a small network that tells the six drawn shapes apart.

    With `shortcut`, it is one trained on pictures that all carried a watermark naming their class,
    and has learned the watermark. `shapes_recipe` tells how both were made and how right they are.
    """
    network = ShapesNetwork()
    stored: dict[str, Tensor] = load_file(_FOLDER / f"{_name(shortcut)}.safetensors")
    network.load_state_dict({name: tensor.float() for name, tensor in stored.items()})
    network.eval().requires_grad_(True)
    title = "Shapes network, watermarked" if shortcut else "Shapes network"
    return Engine(network, preprocessing=PREPROCESSING, class_names=CLASS_NAMES, name=title)


def shapes_recipe(shortcut: bool = False) -> dict[str, Any]:
    """Return how the network was trained and what was measured of it then."""
    text = (_FOLDER / f"{_name(shortcut)}.json").read_text(encoding="utf-8")
    recipe: dict[str, Any] = json.loads(text)
    return recipe


def _name(shortcut: bool) -> str:
    return "shapes_shortcut" if shortcut else "shapes_plain"


def as_input(pixels: Any) -> Tensor:
    """Pictures (N, H, W, 3) uint8 as the networks take them, (N, 3, H, W) float32."""
    x = torch.tensor(pixels).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(PREPROCESSING[key]).view(3, 1, 1) for key in ("mean", "std"))
    return (x - mean) / std
