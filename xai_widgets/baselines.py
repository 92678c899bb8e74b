"""Baselines: what stands for the absence of a picture, or of a part of it.

Attribution methods, measures and the brush take away pixels in the same ways: these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor

from xai_widgets.errors import ExplanationError, brief, nearest

Baseline = Literal["zero", "black", "mean", "blur"]
BASELINES: tuple[Baseline, ...] = get_args(Baseline)
PathBaseline = Literal["zero", "black", "mean", "blur", "noise", "several"]

_BLUR = 1 / 20  # the blur's standard deviation, in parts of the shorter side


def baseline_like(
    x: Tensor,
    kind: Baseline,
    black: Sequence[float] | Tensor | None = None,
    sigma: float | None = None,
) -> Tensor:
    """What removed pixels of x (N, C, H, W) are replaced with, (N, C, H, W).

    zero: the network's own zero (the mean colour where it normalises). black: a black pixel, which
    is `black` (C,) as the network is given it. mean: the picture's mean colour. blur: the picture
    under a Gaussian of standard deviation `sigma` pixels, a twentieth of the shorter side if left
    out. Sources: Petsiuk, Das, Saenko 2018 (RISE), section 4.2, for a blurred picture as what
    insertion begins with; Fong, Vedaldi 2017, section 4.1, for its width (10 pixels).

    Raises ExplanationError for an unknown kind, or for black where it is not known.
    """
    if kind not in BASELINES:
        raise ExplanationError(
            f"baseline is {brief(kind)}; expected one of {', '.join(BASELINES)}."
            + nearest(str(kind), BASELINES)
        )
    if kind == "zero":
        return torch.zeros_like(x)
    if kind == "black":
        return black_like(x, black)
    if kind == "mean":
        return x.mean(dim=(2, 3), keepdim=True).expand_as(x)
    return gaussian_blur(x, min(x.shape[-2:]) * _BLUR if sigma is None else sigma)


def black_like(x: Tensor, black: Sequence[float] | Tensor | None) -> Tensor:
    """Black pixels in the place of x (N, C, H, W); `black` (C,) is one as the network is given it.

    Raises ExplanationError where that is not known.
    """
    if black is None:
        raise ExplanationError(
            "what black is in the network's input is unknown, because its normalisation is; give "
            "the engine preprocessing=dict(mean=..., std=...), or, where a baseline can be chosen, "
            'baseline="zero", "mean" or "blur"'
        )
    return torch.as_tensor(black, dtype=x.dtype, device=x.device)[:, None, None].expand_as(x)


def gaussian_blur(x: Tensor, sigma: float) -> Tensor:
    """Pictures (N, C, H, W) under a Gaussian of standard deviation `sigma` pixels, cut off at
    3 sigma, the pixels at the edges repeated beyond them.
    """
    from scipy.ndimage import gaussian_filter

    pixels = x.detach().to("cpu", torch.promote_types(x.dtype, torch.float32)).numpy()
    blurred = gaussian_filter(pixels, (0, 0, sigma, sigma), mode="nearest", truncate=3.0)
    return torch.from_numpy(blurred).to(x)


def noise_like(x: Tensor, generator: torch.Generator) -> Tensor:
    """Standard normal noise for one item (C, H, W) of x, the same for every item.

    Drawn in float32 on the CPU whatever x is, so that a seed means the same noise everywhere.
    """
    return torch.randn(x.shape[1:], generator=generator, device="cpu").to(x)


def noise_picture(x: Tensor, generator: torch.Generator) -> Tensor:
    """A picture of noise with each channel's mean and standard deviation, (N, C, H, W)."""
    mean = x.mean(dim=(2, 3), keepdim=True)
    deviation = x.std(dim=(2, 3), keepdim=True, correction=0)
    return mean + deviation * noise_like(x, generator)


def path_baselines(
    x: Tensor,
    kind: PathBaseline,
    generator: torch.Generator,
    black: Sequence[float] | Tensor | None = None,
) -> list[Tensor]:
    """Where paths to the picture may start, each (N, C, H, W): one baseline of the kind, or for
    "several" one of zero, mean, blur and noise.
    """
    if kind == "noise":
        return [noise_picture(x, generator)]
    if kind == "several":
        plain: tuple[Baseline, ...] = ("zero", "mean", "blur")
        return [*(baseline_like(x, start) for start in plain), noise_picture(x, generator)]
    return [baseline_like(x, kind, black)]
