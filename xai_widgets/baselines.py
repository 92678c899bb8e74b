"""Baselines: what stands for the absence of a picture, or of a part of it."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor

from xai_widgets.errors import ExplanationError

Baseline = Literal["zero", "black", "mean", "blur"]
PathBaseline = Literal["zero", "black", "mean", "blur", "noise", "several"]


def baseline_like(x: Tensor, kind: Baseline, black: Tensor | None = None) -> Tensor:
    """What removed pixels are replaced with, (N, C, H, W).

    zero: the network's own zero (the mean colour where it normalises); black: a black pixel, which
    is `black` (C,) as the network is given it; mean: the picture's mean colour; blur: the picture
    itself, blurred until only its colours' layout is left (box of an eighth of the shorter side,
    thrice). Raises ExplanationError for black where nobody knows what that is.
    """
    if kind == "zero":
        return torch.zeros_like(x)
    if kind == "black":
        if black is None:
            raise ExplanationError(
                'baseline="black" needs to know what black is as the network is given it, and the '
                'preprocessing does not tell; expected "zero", "mean" or "blur", or an engine with '
                "preprocessing that normalises"
            )
        return black.to(x)[:, None, None].expand_as(x)
    if kind == "mean":
        return x.mean(dim=(2, 3), keepdim=True).expand_as(x)
    radius = max(min(x.shape[-2:]) // 16, 1)
    for _ in range(3):
        x = F.pad(x, [radius] * 4, mode="replicate")
        # Rows, then columns: a box is their product, and costs its side, not its area.
        x = F.avg_pool2d(F.avg_pool2d(x, (2 * radius + 1, 1), 1), (1, 2 * radius + 1), 1)
    return x


def noise_like(x: Tensor, generator: torch.Generator) -> Tensor:
    """Standard normal noise for one item (C, H, W) of x, the same for every item.

    Drawn in float32 on the CPU whatever x is, so that a seed means the same noise everywhere.
    """
    return torch.randn(x.shape[1:], generator=generator).to(x)


def noise_picture(x: Tensor, generator: torch.Generator) -> Tensor:
    """A picture of noise with each channel's mean and standard deviation, (N, C, H, W)."""
    mean = x.mean(dim=(2, 3), keepdim=True)
    deviation = x.std(dim=(2, 3), keepdim=True, correction=0)
    return mean + deviation * noise_like(x, generator)


def path_baselines(
    x: Tensor, kind: PathBaseline, generator: torch.Generator, black: Tensor | None = None
) -> list[Tensor]:
    """Where paths to the picture may start, each (N, C, H, W): one, or one of each kind."""
    if kind == "noise":
        return [noise_picture(x, generator)]
    if kind == "several":
        plain: tuple[Baseline, ...] = ("zero", "mean", "blur")
        return [*(baseline_like(x, one) for one in plain), noise_picture(x, generator)]
    return [baseline_like(x, kind, black)]
