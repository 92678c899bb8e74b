"""The protocol of variational autoencoders, encode and decode; their loss; and the layers that this
package's own are built from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar, runtime_checkable

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError

Features = Callable[[Tensor], "Tensor | Sequence[Tensor]"]
Error = Literal["absolute", "squared"]
Made = TypeVar("Made")
Last = TypeVar("Last", nn.Conv2d, nn.Linear)
_LOG_VARIANCE = (-14.0, 6.0)  # beyond it exp overflows, or means nothing in float32


@runtime_checkable
class VAE(Protocol):
    """Pictures to a normal distribution over latents, and latents back to pictures.

    Pixels are display space, float32 (N, C, H, W) in [0, 1]. Latents are (N, d), one vector for a
    whole picture, or (N, c, h, w), a grid of them. Any object with these two methods will do.
    """

    def encode(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """The mean and the log-variance of the latents, each (N, d) or (N, c, h, w)."""
        ...

    def decode(self, latents: Tensor) -> Tensor:
        """The pictures of latents, in [0, 1]; as large as the padded ones where `encode` pads
        pictures below and to the right.
        """
        ...


def reconstruct(vae: VAE, pixels: Tensor) -> Tensor:
    """Pictures (N, C, H, W) by way of their latents' means: decode(mean(x)), at the same size."""
    mean, _ = vae.encode(pixels)
    return vae.decode(mean)[..., : pixels.shape[-2], : pixels.shape[-1]]


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(m, s²) ‖ N(0, 1)) = ½ Σ (m² + s² − 1 − log s²), in nats, of each picture: (N,).

    Source: Kingma and Welling, Auto-Encoding Variational Bayes, 2014, appendix B.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).flatten(1).sum(1)


@dataclass(frozen=True)
class VAELoss:
    """The loss of a batch and its parts."""

    total: Tensor
    error: Tensor
    features: Tensor
    divergence: Tensor


def vae_loss(
    vae: VAE,
    pixels: Tensor,
    noise: Callable[[Tensor], Tensor],
    *,
    beta: float,
    error: Error = "absolute",
    features: Features | None = None,
    feature_weight: float = 1.0,
) -> VAELoss:
    """mean |x − x̂| (or its square) + w · D(x, x̂) + β · KL / values, averaged over the batch.

    x̂ = decode(m + s ε), with ε what `noise` draws in the shape of m; KL = KL(N(m, s²) ‖ N(0, 1))
    in nats; values = C H W. So β is the scale of a Laplacian likelihood of one pixel value, or
    twice the variance of a normal one. D is the mean, over the tensors φ that `features` gives for
    a batch, of mean |φ(x) − φ(x̂)| / mean |φ(x)|: it keeps the features that a network sees in the
    picture.

    Source: Kingma and Welling, 2014; Higgins et al. (β), 2017; Johnson et al. (features), 2016.
    """
    height, width = pixels.shape[-2:]
    mean, log_variance = vae.encode(pixels)
    latents = mean + (0.5 * log_variance).exp() * noise(mean)
    decoded = vae.decode(latents)[..., :height, :width]
    difference = decoded - pixels
    distance = difference.abs().mean() if error == "absolute" else difference.square().mean()
    divergence = kl_divergence(mean, log_variance).mean()
    total = distance + beta * divergence / pixels[0].numel()
    apart = torch.zeros((), device=pixels.device)
    if features is not None:
        with torch.no_grad():
            wanted = _as_list(features(pixels))
        pairs = zip(wanted, _as_list(features(decoded)), strict=True)
        apart = torch.stack(
            [(a - b).abs().mean() / a.abs().mean().clamp(min=1e-6) for a, b in pairs]
        ).mean()
        total = total + feature_weight * apart
    return VAELoss(total, distance.detach(), apart.detach(), divergence.detach())


def _as_list(features: Tensor | Sequence[Tensor]) -> Sequence[Tensor]:
    return [features] if isinstance(features, Tensor) else features


def padded(pixels: Tensor, stride: int) -> Tensor:
    """Pictures whose sides are multiples of `stride`: the last row and column are repeated."""
    below, right = (-pixels.shape[-2]) % stride, (-pixels.shape[-1]) % stride
    return F.pad(pixels, (0, right, 0, below), mode="replicate") if below or right else pixels


def zeroed(last: nn.Conv2d) -> nn.Conv2d:
    """A last layer whose output is zero until it has learned something."""
    assert last.bias is not None
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return last


class Residual(nn.Module):
    """x + conv(silu(conv(x))): the identity until it has learned something."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = zeroed(nn.Conv2d(channels, channels, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        residue: Tensor = self.second(nn.functional.silu(self.first(x)))
        return x + residue


class Beside(nn.Module):
    """deep(x) + straight(x): a linear layer does what it can, the deep one learns the rest."""

    def __init__(self, deep: nn.Module, straight: nn.Module) -> None:
        super().__init__()
        self.deep, self.straight = deep, straight

    def forward(self, x: Tensor) -> Tensor:
        both: Tensor = self.deep(x) + self.straight(x)
        return both


def enlarged(channels: int, wanted: int, times: int) -> nn.Sequential:
    """A sub-pixel convolution to `wanted` channels, `times` as wide and high.

    At first all pixels of one position are equal, or a checkerboard would have to be unlearned
    (Aitken et al., 2017).
    """
    convolution = nn.Conv2d(channels, wanted * times**2, 3, padding=1)
    with torch.no_grad():
        assert convolution.bias is not None
        for weights in (convolution.weight, convolution.bias):
            weights.copy_(weights[:: times**2].repeat_interleave(times**2, dim=0))
    return nn.Sequential(convolution, nn.PixelShuffle(times))


def seeded(make: Callable[[], Made], seed: int) -> Made:
    """The result of `make`, its random weights from a seed; the global generator stays as it is."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


def low_variance(last: Last, gain: float = 1.0) -> Last:
    """An encoder's last layer with a low variance at first, so that its latents are not lost in
    noise.

    `gain` brings the means from where usual random weights put them to about 1, because a latent
    that carries little at first is soon unlearned.
    """
    assert last.bias is not None
    nn.init.constant_(last.bias[len(last.bias) // 2 :], -4.0)
    with torch.no_grad():
        last.weight[: len(last.weight) // 2] *= gain
    return last


def as_distribution(values: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and log-variance: the two halves of the channels."""
    mean, log_variance = values.chunk(2, dim=1)
    return mean, log_variance.clamp(*_LOG_VARIANCE)


def check_pixels(pixels: Tensor, channels: int) -> None:
    """Refuse anything but a float batch of pictures with so many channels."""
    if pixels.ndim != 4 or pixels.shape[1] != channels or 0 in pixels.shape:
        raise ExplanationError(
            f"pixels has shape {tuple(pixels.shape)}; expected (N, {channels}, height, width)"
        )
    if not pixels.is_floating_point():
        raise ExplanationError(
            f"pixels is {str(pixels.dtype).removeprefix('torch.')}; expected floating point in "
            "[0, 1]: divide by 255"
        )
