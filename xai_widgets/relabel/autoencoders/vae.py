"""What a variational autoencoder must offer to be explained through: encode and decode."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch.nn.functional as F  # the field's name for it
from torch import Tensor

__all__ = ["VAE", "kl_divergence", "padded", "reconstruct"]


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
        """The pictures that latents stand for, in [0, 1].

        Where `encode` padded the pictures below and to the right, these are as large as the padded
        ones.
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


def padded(pixels: Tensor, stride: int) -> Tensor:
    """Pictures whose sides are multiples of `stride`: the last row and column are repeated."""
    below, right = (-pixels.shape[-2]) % stride, (-pixels.shape[-1]) % stride
    return F.pad(pixels, (0, right, 0, below), mode="replicate") if below or right else pixels
