"""How noisy a map is: its total variation, its likeness to another, and pictures made noisy."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from xai_widgets.baselines import noise_like
from xai_widgets.errors import ExplanationError
from xai_widgets.metrics.relevance import MapLike, heatmap_of, values_of

if TYPE_CHECKING:
    from xai_widgets.engine import Engine
    from xai_widgets.images import Picture


def total_variation(attribution: MapLike) -> float:
    """Σ |a(i+1, j) − a(i, j)| + |a(i, j+1) − a(i, j)| over Σ |a|: 0 where all pixels are equal, up
    to 8 for a checkerboard of signs; nan for a map of zeros.

    Divided by Σ |a|, so that maps of different sizes of values can be compared. Taken of the map at
    the picture's size, channels summed. Source: Rudin, Osher, Fatemi 1992, in the anisotropic form.
    """
    a = heatmap_of(attribution)
    total = np.abs(a).sum()
    if total <= 0:
        return float("nan")
    return float((np.abs(np.diff(a, axis=0)).sum() + np.abs(np.diff(a, axis=1)).sum()) / total)


def cosine(a: MapLike, b: MapLike) -> float:
    """⟨a, b⟩ / (‖a‖ ‖b‖) over all values, channels kept: 1 for the same direction, 0 for none in
    common; nan where one of the two is zero everywhere.

    Of a gradient and the guided gradient, it is what training for interpretable gradients raises
    (Torres Figueroa et al. 2024); 1 − cosine of a gradient and its SmoothGrad is how much smoothing
    changes it. Raises ExplanationError for unequal shapes.
    """
    first, second = values_of(a), values_of(b)
    if first.shape != second.shape:
        raise ExplanationError(
            f"the maps have shapes {first.shape} and {second.shape}; expected the same"
        )
    size = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum() / size) if size > 0 else float("nan")


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
    return replace(picture, input=x, pixels=engine.pixels(x)[0])
