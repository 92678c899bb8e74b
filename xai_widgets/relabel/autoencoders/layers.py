"""The pieces both of this package's autoencoders are built of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError

Made = TypeVar("Made")
Last = TypeVar("Last", nn.Conv2d, nn.Linear)
LOG_VARIANCE = (-14.0, 6.0)  # beyond it exp overflows, or means nothing in float32


def silent(last: nn.Conv2d) -> nn.Conv2d:
    """A last layer that says nothing until it has learned something."""
    assert last.bias is not None
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return last


class Residual(nn.Module):
    """x + conv(silu(conv(x))): the identity until it has learned something."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = silent(nn.Conv2d(channels, channels, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        residue: Tensor = self.second(nn.functional.silu(self.first(x)))
        return x + residue


class Beside(nn.Module):
    """deep(x) + straight(x): what a linear layer can say is said at once, the rest is learned."""

    def __init__(self, deep: nn.Module, straight: nn.Module) -> None:
        super().__init__()
        self.deep, self.straight = deep, straight

    def forward(self, x: Tensor) -> Tensor:
        both: Tensor = self.deep(x) + self.straight(x)
        return both


def enlarged(channels: int, wanted: int, times: int) -> nn.Sequential:
    """A convolution to `times`² x `wanted` channels, laid out as pixels, `times` as wide and high.

    At first all pixels laid out for one position are alike, or a checkerboard would have to be
    unlearned (Aitken et al., 2017).
    """
    convolution = nn.Conv2d(channels, wanted * times**2, 3, padding=1)
    with torch.no_grad():
        assert convolution.bias is not None
        for weights in (convolution.weight, convolution.bias):
            weights.copy_(weights[:: times**2].repeat_interleave(times**2, dim=0))
    return nn.Sequential(convolution, nn.PixelShuffle(times))


def seeded(make: Callable[[], Made], seed: int) -> Made:
    """What `make` makes with random weights from a seed; the process's own generator stays."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


def certain(last: Last, gain: float = 1.0) -> Last:
    """An encoder's last layer, sure of its latents at first: what it says is not lost in noise.

    `gain` brings the means from where usual random weights put them to about 1: a latent that
    says little at first is soon unlearned.
    """
    assert last.bias is not None
    nn.init.constant_(last.bias[len(last.bias) // 2 :], -4.0)
    with torch.no_grad():
        last.weight[: len(last.weight) // 2] *= gain
    return last


def as_distribution(values: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and log-variance: the two halves of the channels."""
    mean, log_variance = values.chunk(2, dim=1)
    return mean, log_variance.clamp(*LOG_VARIANCE)


def check_pixels(pixels: Tensor, channels: int) -> None:
    """Refuse what is no float batch of pictures with so many channels."""
    if pixels.ndim != 4 or pixels.shape[1] != channels or 0 in pixels.shape:
        raise ExplanationError(
            f"pixels has shape {tuple(pixels.shape)}; expected (N, {channels}, height, width)"
        )
    if not pixels.is_floating_point():
        raise ExplanationError(
            f"pixels is {str(pixels.dtype).removeprefix('torch.')}; expected floating point in "
            "[0, 1]: divide by 255"
        )
