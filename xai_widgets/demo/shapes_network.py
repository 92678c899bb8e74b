"""The small networks trained on drawn shapes: one that looks at them, one that fell for the
watermark.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from xai_widgets.demo.shapes import CLASS_NAMES
from xai_widgets.demo.small_network import SmallNetwork, recipe_of
from xai_widgets.engine import Engine

SIZE = 64  # pixels; of the pictures it was trained on
PREPROCESSING = {"size": SIZE, "mean": (0.5, 0.5, 0.5), "std": (0.25, 0.25, 0.25)}


# The last convolution's map is a quarter of the picture's width, so heatmaps are fine enough to be
# held against a shape's mask.
STAGES = ((16, 2), (16, 1), (24, 2), (32, 1), (32, 1))


def shapes_network(normalise: bool = False) -> SmallNetwork:
    """Return the network with random weights: 22,638 parameters."""
    return SmallNetwork(3, STAGES, len(CLASS_NAMES), normalise)


def shapes_engine(shortcut: bool = False) -> Engine:
    """Return an engine over a small network that tells the six drawn shapes apart.

    With `shortcut`, it is one trained on pictures that all carried a watermark naming their class,
    and has learned the watermark. `shapes_recipe` tells how both were made and how right they are.
    """
    network = shapes_network().load(_weights(shortcut))
    title = "Shapes network, watermarked" if shortcut else "Shapes network"
    return Engine(network, preprocessing=PREPROCESSING, class_names=CLASS_NAMES, name=title)


def shapes_recipe(shortcut: bool = False) -> dict[str, Any]:
    """Return how the network was trained and what was measured of it then."""
    return recipe_of(_weights(shortcut))


def _weights(shortcut: bool) -> Path:
    name = "shapes_shortcut" if shortcut else "shapes_plain"
    return Path(__file__).parent / f"{name}.safetensors"


def as_input(pixels: Any) -> Tensor:
    """Pictures (N, H, W, 3) uint8 as the networks take them, (N, 3, H, W) float32."""
    x = torch.tensor(pixels).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(PREPROCESSING[key]).view(3, 1, 1) for key in ("mean", "std"))
    return (x - mean) / std
