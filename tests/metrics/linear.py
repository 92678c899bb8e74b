"""A linear network on small pictures: every measure of it has a closed form."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

import xai_widgets as xw

SIZE = (6, 5)
CLASSES = 3


class Linear(nn.Module):
    """Logits W x + b over all values of a picture (N, 2, 6, 5), in float64."""

    def __init__(self, channels: int = 2) -> None:
        super().__init__()
        self.head = nn.Linear(channels * SIZE[0] * SIZE[1], CLASSES)
        generator = torch.Generator().manual_seed(3)
        with torch.no_grad():
            for parameter in self.head.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator) / 4)
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.head(x.flatten(1))


def linear_engine(channels: int = 2) -> xw.Engine:
    return xw.Engine(Linear(channels))


def input_of(channels: int = 2, seed: int = 0) -> Tensor:
    """A model input (1, C, H, W) with values in [0, 1], so that black is known to be 0."""
    return torch.rand(1, channels, *SIZE, generator=torch.Generator().manual_seed(seed))


def softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def weights(engine: xw.Engine, target: int) -> np.ndarray:
    """∂y/∂x (C, H, W)."""
    return engine.model.head.weight[target].detach().numpy().reshape(-1, *SIZE)
