"""Read-outs: how the student's weights become a map of the picture."""

from __future__ import annotations

from typing import Literal

import torch.nn.functional as F  # the field's name for it
from torch import Tensor

Readout = Literal[
    "auto", "weight", "magnitude", "positive", "times_picture", "times_difference", "times_detail"
]

_SHARP = 1.5  # power: found on photographs, see docs/relabel.md
_NOTHING = 1e-3  # of pixels in [0, 1]: a quarter of a level of a picture file


def read(d: Tensor, x: Tensor, mean: Tensor, detail: Tensor, readout: Readout) -> Tensor:
    """The map of weights d for a picture x among synthetic pictures of that mean, all of one shape;
    `detail` as `detail_of` gives it.

    weight: d, what speaks for keeping the label (above 0) and against it. magnitude: |d|.
    positive: max(d, 0). times_picture: d · x. times_difference: d · (x − mean), what each value
    brings this picture compared with its neighbours. times_detail: d · detail, a place's weight
    handed to those of its pixels that the VAE cannot draw, so that the map is sharper than it.
    "auto" is times_detail for a grid, times_difference for latents, else weight.
    """
    if readout == "times_detail":
        return d * detail
    if readout == "magnitude":
        return d.abs()
    if readout == "positive":
        return d.clamp_min(0)
    if readout == "times_picture":
        return d * x
    if readout == "times_difference":
        return d * (x - mean)
    return d


def detail_of(residual: Tensor) -> Tensor:
    """How much a VAE loses of each pixel compared with the pixels around it, (1, H, W), of what it
    loses, x − decode(mean(x)) (C, H, W).

    (|e| / the mean of |e| in 3 × 3 pixels)^1.5, where e is what of the residual its neighbours do
    not share; about 1 on average everywhere, so that places keep their shares of the map.
    """
    own = (residual - mean_around(residual, 1)).abs().sum(0, keepdim=True) + _NOTHING
    return (own / mean_around(own, 1)) ** _SHARP


def mean_around(values: Tensor, reach: int) -> Tensor:
    """The mean of values (C, H, W) in squares of 2 · reach + 1 pixels."""
    return F.avg_pool2d(values, 2 * reach + 1, 1, reach, count_include_pad=False)
