"""Changed pictures: with their pixels taken away, masked, or made noisy."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from xai_widgets.baselines import Baseline, baseline_like, black_like, noise_like
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.images import Picture
from xai_widgets.metrics.relevance import positive


def baseline_input(picture: Picture, kind: Baseline, blur: float | None = None) -> Tensor:
    """The picture with every pixel taken away, as model input (1, C, H, W).

    kind: ``"black"``, zero in the de-normalised picture; ``"zero"``, the network's own zero;
    ``"mean"``, the picture's mean colour; ``"blur"``, the picture under a Gaussian of standard
    deviation `blur` pixels (None: a twentieth of the shorter side).

    Raises ExplanationError for an unknown kind, or black where the normalisation is unknown.
    """
    sigma = positive("blur", blur) if kind == "blur" and blur is not None else None
    return baseline_like(picture.input, kind, picture.black, sigma)


def masked_input(picture: Picture, mask: Tensor) -> Tensor:
    """The de-normalised picture times a mask (..., H, W) in [0, 1], as model input (M, C, H, W).

    With x = (p − mean)/std and black b = −mean/std that is m ⊙ x + (1 − m) ⊙ b. Raises
    ExplanationError where the normalisation is unknown.
    """
    x, b = picture.input, black_like(picture.input, picture.black)
    m = mask.to(x).reshape(-1, 1, *x.shape[-2:])
    return b + m * (x - b)


def noisy(engine: Engine, picture: Picture, sigma: float, seed: int = 0) -> Picture:
    """The picture with n ~ N(0, σ² (max x − min x)²) added to what the network is given, as
    SmoothGrad adds it, and as it then looks. The same seed gives the same noise.

    Raises ExplanationError for a sigma below zero or not finite.
    """
    if not 0 <= sigma < float("inf"):
        raise ExplanationError(f"sigma is {sigma!r}; expected a finite number, 0 or more")
    if sigma == 0:
        return picture
    x = picture.input
    spread = sigma * (x.amax() - x.amin())
    x = torch.addcmul(x, spread, noise_like(x, torch.Generator().manual_seed(seed)))
    return replace(picture, input=x, pixels=engine.internals.pixels(x)[0])
