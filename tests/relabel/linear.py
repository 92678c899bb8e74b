"""A linear network on small grey pictures, and linear VAEs: all there is to find is known."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import xai_widgets as xw
from tests.networks import Passes
from xai_widgets.precision import default_device

SIDE = 8


class LinearTeacher(nn.Module):
    """Two logits ±g (w · x + b) / 2 of pictures (N, 1, 8, 8), |w| = 1, Σ w = 0."""

    def __init__(self, steepness: float = 20.0, seed: int = 3) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        w = torch.randn(SIDE * SIDE, generator=generator, device="cpu")
        w -= w.mean()  # grey is undecided, so that clipping to [0, 1] takes no side
        self.bias = nn.Parameter(torch.zeros(()))  # on the default device
        self.weight = nn.Parameter((w / w.norm()).to(self.bias.device))
        self.steepness = steepness
        self.passes = Passes()

    def forward(self, x: Tensor) -> Tensor:
        self.passes.append(len(x))
        score = self.steepness * (x.flatten(1) @ self.weight + self.bias)
        return torch.stack([score, -score], 1) / 2


class OrthogonalVAE(nn.Module):
    """z = Qᵀ (x − 1/2) · 10 with Q orthogonal: every picture is reconstructed exactly."""

    def __init__(self, seed: int = 5) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        drawn = torch.randn(SIDE * SIDE, SIDE * SIDE, generator=generator, device="cpu")
        self.basis = nn.Parameter(torch.linalg.qr(drawn)[0].to(default_device()))
        self.decoded = 0

    def encode(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        mean = 10 * (pixels.flatten(1) - 0.5) @ self.basis
        return mean, torch.full_like(mean, -2.0)

    def decode(self, latents: Tensor) -> Tensor:
        self.decoded += len(latents)
        return (latents @ self.basis.T / 10 + 0.5).view(-1, 1, SIDE, SIDE)


class GridVAE(nn.Module):
    """Latents (N, 1, 4, 4): the mean of every two by two pixels, ten times."""

    def encode(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        mean = 10 * (F.avg_pool2d(pixels, 2) - 0.5)
        return mean, torch.full_like(mean, -2.0)

    def decode(self, latents: Tensor) -> Tensor:
        return F.interpolate(latents / 10 + 0.5, scale_factor=2, mode="nearest")


def picture(distance: float = 0.05, teacher: LinearTeacher | None = None) -> Tensor:
    """A model input (1, 1, 8, 8) in [0, 1] that far on the first class's side."""
    teacher = teacher or LinearTeacher()
    generator = torch.Generator().manual_seed(1)
    x = 0.5 + 0.05 * torch.randn(SIDE * SIDE, generator=generator, device="cpu")
    w, b = teacher.weight.detach().cpu(), teacher.bias.detach().cpu()
    x = x + (distance - x @ w - b) * w
    return x.clamp(0, 1).view(1, 1, SIDE, SIDE)


def linear_engine(**options: float) -> xw.Engine:
    return xw.Engine(LinearTeacher(**options))  # type: ignore[arg-type]
