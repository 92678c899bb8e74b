"""The architecture of the demo's small networks, and how their weights and recipes are stored."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


class SmallNetwork(nn.Sequential):
    """Convolutions of 3 x 3 with rectifiers, the mean over positions, a linear head.

    stages: width and stride of each convolution. normalise: with BatchNorm, while it is trained;
    `folded` takes it out afterwards.
    """

    def __init__(
        self,
        channels: int,
        stages: Sequence[tuple[int, int]],
        classes: int,
        normalise: bool = False,
    ) -> None:
        layers: list[nn.Module] = []
        self.channels, self.stages, self.classes = channels, stages, classes
        for width, stride in stages:
            layers.append(nn.Conv2d(channels, width, 3, stride=stride, padding=1))
            if normalise:
                layers.append(nn.BatchNorm2d(width))
            layers.append(nn.ReLU())
            channels = width
        super().__init__(
            *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes)
        )

    def folded(self) -> SmallNetwork:
        """The same network, in evaluation mode, with every BatchNorm folded into the convolution
        before it.
        """
        kept: list[Any] = []
        for layer in self.eval():
            if isinstance(layer, nn.BatchNorm2d):
                kept[-1] = fuse_conv_bn_eval(kept[-1], layer)
            else:
                kept.append(layer)
        plain = SmallNetwork(self.channels, self.stages, self.classes)
        plain.load_state_dict(nn.Sequential(*kept).state_dict())
        return plain.eval()

    def load(self, weights: Path) -> SmallNetwork:
        """Take stored weights, in evaluation mode, and return the network."""
        stored: dict[str, Tensor] = load_file(weights)
        self.load_state_dict({name: tensor.float() for name, tensor in stored.items()})
        self.eval().requires_grad_(True)
        return self


def recipe_of(weights: Path) -> dict[str, Any]:
    """How stored weights were made and what was measured of them then."""
    text = weights.with_suffix(".json").read_text(encoding="utf-8")
    recipe: dict[str, Any] = json.loads(text)
    return recipe
