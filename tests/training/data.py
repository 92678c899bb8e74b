"""Small labelled pictures that a small network can learn."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from xai_widgets.datasets import Labelled
from xai_widgets.precision import default_device
from xai_widgets.training import Recipe

QUICK = Recipe(epochs=3, batch_size=16, rotation=0.0, crop=1, weight=0.05, warm_up=0.5,
               learning_rate=0.05)  # fmt: skip


def pictures(count: int = 48, classes: int = 3, size: int = 8, seed: int = 0) -> Labelled:
    """Noise (N, H, W, 3) with a brighter band at a place that names the class."""
    chance = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    pixels = chance.integers(0, 120, (count, size, size, 3))
    for picture, label in zip(pixels, labels, strict=True):
        picture[2 * label : 2 * label + 2] += 120
    return Labelled(pixels.astype(np.uint8), labels, tuple("abcdefgh"[:classes]))


def network(seed: int = 0) -> nn.Module:
    """With what is random or remembered in training: dropout and BatchNorm."""
    where = default_device()
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(inplace=True),
            nn.Dropout2d(0.1), nn.Conv2d(8, 8, 3, stride=2, padding=1), nn.ReLU6(),
            nn.Flatten(), nn.Linear(128, 3),
        ).to(where)  # fmt: skip
