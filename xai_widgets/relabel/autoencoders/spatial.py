"""A fully convolutional variational autoencoder: a grid of latents for a picture of any size."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError
from xai_widgets.relabel.autoencoders.vae import (
    Beside,
    Residual,
    as_distribution,
    check_pixels,
    enlarged,
    low_variance,
    padded,
    seeded,
    zeroed,
)


class SpatialVAE(nn.Module):
    """Pictures (N, C, H, W) of any size to latents (N, c, ⌈H/8⌉, ⌈W/8⌉) and back.

    It is fully convolutional and takes no statistic over a picture, so a latent affects only the
    pixels around it. Most of the work is done at 1/8 and 1/4 of the size, and the last sub-pixel
    convolution (Shi et al., 2016) paints 4 x 4 pixels at once, so decoding costs less than a small
    classifier. Beside the convolutions a linear layer leads from each 8 x 8 pixels to their latents
    and back. It begins as the lowest discrete cosines, and the convolutions begin at zero, so that
    even untrained this is a coarse but working autoencoder. `latent` is c; `width` the channels
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
        """The arguments that make another one for these weights."""
        names = ("channels", "latent", "width", "fine", "depth")
        return {name: getattr(self, name) for name in names}

    def encode(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """The mean and the log-variance (N, c, ⌈H/8⌉, ⌈W/8⌉) of pictures in [0, 1].

        Pictures whose sides are not multiples of 8 are padded below and to the right.
        """
        check_pixels(pixels, self.channels)
        return as_distribution(self.encoder(2 * padded(pixels, self.stride) - 1))

    def decode(self, latents: Tensor) -> Tensor:
        """Pictures (N, C, 8 h, 8 w) in [0, 1] of latents (N, c, h, w).

        In training mode they may leave [0, 1], so that values beyond it still have a gradient.
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
            low_variance(zeroed(nn.Conv2d(self.width, 2 * self.latent, 3, padding=1))),
        )
        decoder = nn.Sequential(
            nn.Conv2d(self.latent, self.width, 3, padding=1),
            *(Residual(self.width) for _ in range(self.depth)),
            enlarged(self.width, self.fine, 2),
            nn.SiLU(),
            Residual(self.fine),
            nn.SiLU(),
            zeroed(nn.Conv2d(self.fine, 16 * self.channels, 3, padding=1)),
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
        to = zeroed(nn.Conv2d(values, 2 * self.latent, 1))
        back = zeroed(nn.Conv2d(self.latent, values, 1))
        with torch.no_grad():
            to.weight[: self.latent, :, 0, 0] = waves / scale[:, None]
            back.weight[:, :, 0, 0] = (waves * scale[:, None]).T
        return to, back


# Orthonormal, close to the principal axes of natural colours: grey, red to blue, green to magenta.
_COLOURS = ((1, 1, 1), (1, 0, -1), (1, -2, 1))


def cosines(count: int, channels: int, side: int) -> tuple[Tensor, Tensor]:
    """The `count` lowest of the orthonormal cosines of a square, and a natural scale of each:
    linear features of photographs that need no training.

    a_u a_v cos(π u (2 i + 1) / 2 S) cos(π v (2 j + 1) / 2 S) times a colour, as rows
    (count, channels · S²) in the order of `PixelUnshuffle`: brightness first, in finer detail than
    colour. The scale (count,) is about the standard deviation of that coefficient in photographs
    with values in [−1, 1].

    Source: Ahmed, Natarajan and Rao, Discrete Cosine Transform, 1974.
    """
    from scipy.fft import dct

    waves = torch.from_numpy(dct(np.eye(side), axis=0, norm="ortho"))
    colours = torch.tensor(_COLOURS, dtype=torch.float64) if channels == 3 else torch.eye(channels)
    colours = colours / colours.norm(dim=1, keepdim=True)
    frequencies = []
    for colour in range(len(colours)):
        for u in range(side):
            for v in range(side):
                fineness = u * u + v * v
                order = 8 * fineness + 1.5 if colour and channels == 3 else fineness
                frequencies.append((order, colour, u, v))
    rows, scales = [], []
    for order, colour, u, v in sorted(frequencies)[:count]:
        square = torch.outer(waves[u], waves[v])
        rows.append((colours[colour][:, None, None] * square).flatten())
        scales.append(side * channels**0.5 / 4 / (1 + order) / (2 if colour else 1))
    return torch.stack(rows).float(), torch.tensor(scales)
