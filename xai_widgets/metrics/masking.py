"""What stands in for pixels that are taken away."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor

from xai_widgets.errors import ExplanationError, nearest
from xai_widgets.images import Picture
from xai_widgets.metrics.relevance import positive
from xai_widgets.probe.guard import ordinary_modes

Baseline: TypeAlias = Literal["black", "zero", "mean", "blur"]
BASELINES: tuple[Baseline, ...] = get_args(Baseline)


def baseline_input(picture: Picture, kind: Baseline, blur: float | None = None) -> Tensor:
    """The picture with every pixel taken away, as model input (1, C, H, W).

    kind: ``"black"``, zero in the de-normalised picture; ``"zero"``, the network's own zero;
    ``"mean"``, the picture's mean colour; ``"blur"``, the picture under a Gaussian of standard
    deviation `blur` pixels (None: a twentieth of the shorter side).

    Raises ExplanationError for an unknown kind, or black where the normalisation is unknown.
    """
    if kind not in BASELINES:
        raise ExplanationError(
            f"baseline is {kind!r}; expected one of {', '.join(BASELINES)}."
            + nearest(kind, BASELINES)
        )
    x = picture.input
    if kind == "black":
        return black_of(picture).expand_as(x)
    if kind == "zero":
        return torch.zeros_like(x)
    if kind == "mean":
        return x.mean(dim=(2, 3), keepdim=True).expand_as(x)
    return blurred(x, min(x.shape[-2:]) / 20 if blur is None else positive("blur", blur))


def black_of(picture: Picture) -> Tensor:
    """A black pixel as the model is given it, (1, C, 1, 1).

    Raises ExplanationError where the normalisation is unknown.
    """
    if picture.black is None:
        raise ExplanationError(
            f"what black is in the input of {picture.name!r} is unknown, because its normalisation "
            "is; give the engine preprocessing=dict(mean=..., std=...), or, where a baseline can "
            'be chosen, baseline="zero", "mean" or "blur"'
        )
    return picture.input.new_tensor(picture.black)[None, :, None, None]


def masked_input(picture: Picture, mask: Tensor) -> Tensor:
    """The de-normalised picture times a mask (..., H, W) in [0, 1], as model input (M, C, H, W).

    With x = (p − mean)/std and black b = −mean/std that is m ⊙ x + (1 − m) ⊙ b.
    """
    x, b = picture.input, black_of(picture)
    m = mask.to(x).reshape(-1, 1, *x.shape[-2:])
    return b + m * (x - b)


def blurred(x: Tensor, sigma: float) -> Tensor:
    """Gaussian blur of standard deviation sigma pixels, cut off at 3 sigma, edges repeated."""
    radius = max(round(3 * sigma), 1)
    offsets = torch.arange(-radius, radius + 1, dtype=torch.float64)
    kernel = torch.exp(-(offsets**2) / (2 * sigma**2))
    kernel = (kernel / kernel.sum()).to(x)
    channels = x.shape[1]
    padded = F.pad(x, [radius] * 4, mode="replicate")
    down = kernel.view(1, 1, -1, 1).expand(channels, 1, -1, 1)
    across = kernel.view(1, 1, 1, -1).expand(channels, 1, 1, -1)
    with ordinary_modes():  # autocast would round the picture
        return F.conv2d(F.conv2d(padded, down, groups=channels), across, groups=channels)
