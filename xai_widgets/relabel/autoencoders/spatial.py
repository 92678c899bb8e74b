"""A fully convolutional variational autoencoder: a grid of latents for a picture of any size."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError
from xai_widgets.relabel.autoencoders.layers import (
    Beside,
    Residual,
    as_distribution,
    certain,
    check_pixels,
    enlarged,
    seeded,
    silent,
)
from xai_widgets.relabel.autoencoders.vae import padded
from xai_widgets.relabel.cosines import cosines

__all__ = ["SpatialVAE"]


class SpatialVAE(nn.Module):
    """Pictures (N, C, H, W) of any size to latents (N, c, ⌈H/8⌉, ⌈W/8⌉) and back.

    No layer looks at where it is, and no statistic is taken over a picture: what a latent says
    stays within its surroundings. Most of the work is done at 1/8 and 1/4 of the size, and the last
    sub-pixel convolution (Shi et al., 2016) paints 4 x 4 pixels at once, so decoding costs less
    than a small classifier. Beside the convolutions a linear layer goes from each 8 x 8 pixels to
    their latents and back. It begins as the lowest discrete cosines, and the convolutions begin
    silent: untrained, this is a coarse but working autoencoder. `latent` is c; `width` the channels
    at 1/8, `fine` those at 1/4 of the size; `depth` counts residual blocks at 1/8. Random weights
    come from `seed`.

    Raises ExplanationError for pictures with other channels.
    """

    stride = 8

    def __init__(
        self,
        *,
        channels: int = 3,
        latent: int = 8,
        width: int = 96,
        fine: int = 32,
        depth: int = 2,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.channels, self.latent = channels, latent
        self.width, self.fine, self.depth = width, fine, depth
        self.encoder, self.decoder = seeded(self._layers, seed)

    @property
    def settings(self) -> dict[str, Any]:
        """What another one is made with that can take these weights."""
        names = ("channels", "latent", "width", "fine", "depth")
        return {name: getattr(self, name) for name in names}

    def encode(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """The mean and the log-variance (N, c, ⌈H/8⌉, ⌈W/8⌉) of pictures in [0, 1].

        Pictures whose sides are no multiples of 8 are continued below and to the right.
        """
        check_pixels(pixels, self.channels)
        return as_distribution(self.encoder(2 * padded(pixels, self.stride) - 1))

    def decode(self, latents: Tensor) -> Tensor:
        """Pictures (N, C, 8 h, 8 w) in [0, 1] of latents (N, c, h, w).

        In training mode they may leave [0, 1], so that what is too bright can learn it.
        """
        if latents.ndim != 4 or latents.shape[1] != self.latent or 0 in latents.shape:
            raise ExplanationError(
                f"latents has shape {tuple(latents.shape)}; expected "
                f"(N, {self.latent}, height / {self.stride}, width / {self.stride})"
            )
        pixels: Tensor = (self.decoder(latents) + 1) / 2
        return pixels if self.training else pixels.clamp(0, 1)

    def _layers(self) -> tuple[nn.Module, nn.Module]:
        encoder = nn.Sequential(
            nn.PixelUnshuffle(4),
            nn.Conv2d(16 * self.channels, self.fine, 3, padding=1),
            Residual(self.fine),
            nn.SiLU(),
            nn.Conv2d(self.fine, self.width, 3, stride=2, padding=1),
            Residual(self.width),
            nn.SiLU(),
            certain(silent(nn.Conv2d(self.width, 2 * self.latent, 3, padding=1))),
        )
        decoder = nn.Sequential(
            nn.Conv2d(self.latent, self.width, 3, padding=1),
            *(Residual(self.width) for _ in range(self.depth)),
            enlarged(self.width, self.fine, 2),
            nn.SiLU(),
            Residual(self.fine),
            nn.SiLU(),
            silent(nn.Conv2d(self.fine, 16 * self.channels, 3, padding=1)),
            nn.PixelShuffle(4),
        )
        to, back = self._squares()
        return (
            Beside(encoder, nn.Sequential(nn.PixelUnshuffle(self.stride), to)),
            Beside(decoder, nn.Sequential(back, nn.PixelShuffle(self.stride))),
        )

    def _squares(self) -> tuple[nn.Conv2d, nn.Conv2d]:
        """The linear layers from squares of pixels to mean and log-variance, and back."""
        values = self.stride**2 * self.channels
        waves, scale = cosines(self.latent, self.channels, self.stride)
        to = silent(nn.Conv2d(values, 2 * self.latent, 1))
        back = silent(nn.Conv2d(self.latent, values, 1))
        with torch.no_grad():
            to.weight[: self.latent, :, 0, 0] = waves / scale[:, None]
            back.weight[:, :, 0, 0] = (waves * scale[:, None]).T
        return to, back
