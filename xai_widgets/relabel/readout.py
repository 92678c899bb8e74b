"""Read-outs: how the student's weights become a map of the picture."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

Readout = Literal["weight", "magnitude", "positive", "times_picture", "times_difference"]


def read(d: Tensor, x: Tensor, mean: Tensor, readout: Readout) -> Tensor:
    """The map of weights d for a picture x among synthetic pictures of that mean, all of one shape.

    weight: d, what speaks for keeping the label (above 0) and against it. magnitude: |d|.
    positive: max(d, 0). times_picture: d · x. times_difference: d · (x − mean), what each value
    brings this picture compared with its neighbours.
    """
    if readout == "magnitude":
        return d.abs()
    if readout == "positive":
        return d.clamp_min(0)
    if readout == "times_picture":
        return d * x
    if readout == "times_difference":
        return d * (x - mean)
    return d
