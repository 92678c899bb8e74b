"""Discrete cosines of small squares: the linear features of photographs that need no training."""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["cosines"]

# Orthonormal, close to the principal axes of natural colours: grey, red to blue, green to magenta.
_COLOURS = ((1, 1, 1), (1, 0, -1), (1, -2, 1))


def cosines(count: int, channels: int, side: int) -> tuple[Tensor, Tensor]:
    """The `count` lowest of the orthonormal cosines of a square, and a natural scale of each.

    a_u a_v cos(π u (2 i + 1) / 2 S) cos(π v (2 j + 1) / 2 S) times a colour, as rows
    (count, channels · S²) in the order of `PixelUnshuffle`: brightness first, in finer detail than
    colour. The scale (count,) is about the standard deviation of that coefficient in photographs
    with values in [−1, 1].

    Source: Ahmed, Natarajan and Rao, Discrete Cosine Transform, 1974.
    """
    line = torch.arange(side, dtype=torch.float64)
    waves = torch.cos(math.pi * line[:, None] * (2 * line + 1) / (2 * side)) * (2 / side) ** 0.5
    waves[0] /= 2**0.5
    colours = torch.tensor(_COLOURS, dtype=torch.float64) if channels == 3 else torch.eye(channels)
    colours = colours / colours.norm(dim=1, keepdim=True)
    known = []
    for colour in range(len(colours)):
        for u in range(side):
            for v in range(side):
                fineness = u * u + v * v
                order = 8 * fineness + 1.5 if colour and channels == 3 else fineness
                known.append((order, colour, u, v))
    rows, scales = [], []
    for order, colour, u, v in sorted(known)[:count]:
        square = torch.outer(waves[u], waves[v])
        rows.append((colours[colour][:, None, None] * square).flatten())
        scales.append(side * channels**0.5 / 4 / (1 + order) / (2 if colour else 1))
    return torch.stack(rows).float(), torch.tensor(scales)
