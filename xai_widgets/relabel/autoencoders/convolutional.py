"""A variational autoencoder with one latent vector for a whole small picture."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError
from xai_widgets.relabel.autoencoders.vae import (
    Residual,
    as_distribution,
    check_pixels,
    enlarged,
    low_variance,
    seeded,
)


class ConvolutionalVAE(nn.Module):
    """Small pictures (N, C, S, S), 28 to 64 pixels, to one latent vector (N, d) and back.

    Two convolutions of stride 2 and a linear layer give mean and log-variance; a linear layer and
    two sub-pixel convolutions (Shi et al., 2016) lead back. `size` is S, a multiple of 4; `latent`
    is d. Random weights come from `seed`.

    Raises ExplanationError for another size, and for pictures of another shape.
    """

    def __init__(
        self,
        *,
        channels: int = 1,
        size: int = 28,
        latent: int = 16,
        width: int = 24,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if size % 4 or not 8 <= size <= 128:
            raise ExplanationError(
                f"size={size!r}; expected a multiple of 4 from 8 to 128. For larger pictures use "
                "SpatialVAE"
            )
        self.channels, self.size, self.latent, self.width = channels, size, latent, width
        self.encoder, self.decoder = seeded(self._layers, seed)

    @property
    def settings(self) -> dict[str, Any]:
        """The arguments that make another one for these weights."""
        return {name: getattr(self, name) for name in ("channels", "size", "latent", "width")}

    def encode(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """The mean and the log-variance (N, d) of pictures (N, C, S, S) in [0, 1]."""
        check_pixels(pixels, self.channels)
        if pixels.shape[-2:] != (self.size, self.size):
            raise ExplanationError(
                f"pixels has shape {tuple(pixels.shape)}; this VAE takes pictures of "
                f"{self.size} x {self.size} pixels"
            )
        return as_distribution(self.encoder(2 * pixels - 1))

    def decode(self, latents: Tensor) -> Tensor:
        """Pictures (N, C, S, S) in [0, 1] of latent vectors (N, d)."""
        if latents.ndim != 2 or latents.shape[1] != self.latent:
            raise ExplanationError(
                f"latents has shape {tuple(latents.shape)}; expected (N, {self.latent})"
            )
        return torch.sigmoid(self.decoder(latents))

    def _layers(self) -> tuple[nn.Sequential, nn.Sequential]:
        wide, quarter = 2 * self.width, self.size // 4
        encoder = nn.Sequential(
            nn.Conv2d(self.channels, self.width, 3, stride=2, padding=1),
            Residual(self.width),
            nn.SiLU(),
            nn.Conv2d(self.width, wide, 3, stride=2, padding=1),
            Residual(wide),
            nn.SiLU(),
            nn.Flatten(),
            low_variance(nn.Linear(wide * quarter**2, 2 * self.latent), gain=15),
        )
        decoder = nn.Sequential(
            nn.Linear(self.latent, wide * quarter**2),
            nn.Unflatten(1, (wide, quarter, quarter)),
            nn.SiLU(),
            Residual(wide),
            enlarged(wide, self.width, 2),
            nn.SiLU(),
            Residual(self.width),
            enlarged(self.width, self.width // 2, 2),
            nn.SiLU(),
            nn.Conv2d(self.width // 2, self.channels, 3, padding=1),
        )
        return encoder, decoder
