"""What the class probability becomes when only the pixels that a map marks are left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch

from xai_widgets.engine import Engine
from xai_widgets.metrics.pictures import masked_input
from xai_widgets.metrics.relevance import Floats, MapLike, class_of, heatmap_of, size_of
from xai_widgets.targets import TargetLike

# What measures of one picture share, so that each forward is paid once: see `once`.
Memo: TypeAlias = dict[Any, Any]


def once(memo: Memo | None, key: Any, compute: Callable[[], Any]) -> Any:
    """What `compute` gives, from the memo where it is there already."""
    if memo is None:
        return compute()
    if key not in memo:
        memo[key] = compute()
    return memo[key]


def average_drop(
    engine: Engine,
    image: object,
    attribution: MapLike,
    *,
    target: TargetLike = None,
    memo: Memo | None = None,
) -> float:
    """max(p − o, 0)/p, of one picture; low is better. Source: Chattopadhay et al. 2018
    (Grad-CAM++), section 4.1.

    p is the class probability on the picture, o on the de-normalised picture times the map (see
    `mask_of`): what the map leaves out is black. The average over pictures is what `evaluate`
    gives. Raises ExplanationError for a target that is not a class, or an unknown normalisation.
    """
    p, o = _probabilities(engine, image, attribution, target, memo)
    return max(p - o, 0.0) / p if p > 0 else 0.0


def average_gain(
    engine: Engine,
    image: object,
    attribution: MapLike,
    *,
    target: TargetLike = None,
    memo: Memo | None = None,
) -> float:
    """max(o − p, 0)/(1 − p), of one picture; high is better. Source: Zhang, Torres, Sicre,
    Avrithis, Ayache 2024 (Opti-CAM), section 4.1. Otherwise as `average_drop`.
    """
    p, o = _probabilities(engine, image, attribution, target, memo)
    return max(o - p, 0.0) / (1 - p) if p < 1 else 0.0


def average_increase(
    engine: Engine,
    image: object,
    attribution: MapLike,
    *,
    target: TargetLike = None,
    memo: Memo | None = None,
) -> float:
    """[o > p], 1 or 0, of one picture; high is better. Source: Chattopadhay et al. 2018
    (Grad-CAM++), section 4.1. Otherwise as `average_drop`.
    """
    p, o = _probabilities(engine, image, attribution, target, memo)
    return float(o > p)


def mask_of(attribution: MapLike, size: tuple[int, int]) -> Floats:
    """A map as a mask (H, W): (a − min)/(max − min) of its own grid, then bilinear to the size.

    A map that is the same everywhere masks nothing away: all ones. A map already within [0, 1]
    from end to end stays as it is.
    """
    grid = heatmap_of(attribution) if not hasattr(attribution, "grid") else attribution.grid()
    low, high = float(grid.min()), float(grid.max())
    flat = high <= low
    unit = (grid * 0 + 1) if flat else (grid - low) / (high - low)
    return heatmap_of(unit, size)


def _probabilities(
    engine: Engine,
    image: object,
    attribution: MapLike,
    target: TargetLike,
    memo: Memo | None,
) -> tuple[float, float]:
    """(p, o) of the class; one forward of two inputs."""
    picture = engine.picture(image)

    def forward() -> tuple[MapLike, float, float]:
        _, index = class_of(engine, picture, target)
        mask = torch.from_numpy(mask_of(attribution, size_of(picture)))
        inputs = torch.cat([picture.input, masked_input(picture, mask)])
        p, o = engine.internals.probabilities(inputs)[:, index].double().tolist()
        return attribution, p, o  # the map is kept, so that its id stays its own

    _, p, o = once(memo, ("masked", id(attribution)), forward)
    return p, o
