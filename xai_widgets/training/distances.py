"""How far an input gradient g is from its reference r: one number per picture, smooth in g."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor

from xai_widgets.errors import ExplanationError, nearest

__all__ = ["DISTANCES", "Distance", "distance_of"]

Distance = Callable[[Tensor, Tensor], Tensor]
# A picture about which the network is certain has a gradient of rounding errors, or of zeros: its
# direction says nothing.
_VANISHED = 1e-12


def cosine(g: Tensor, r: Tensor) -> Tensor:
    """1 − ⟨g, r⟩ / (‖g‖ ‖r‖); (N,) from (N, D) twice."""
    return 1 - (_unit(g) * _unit(r)).sum(1)


def mae(g: Tensor, r: Tensor) -> Tensor:
    """mean |ĝ − r̂|, each gradient first scaled to a root mean square of 1.

    As they are, gradients of a loss are so small that their difference says nothing beside the
    loss: around 1e-5, and its square around 1e-9.
    """
    return (_unit_power(g) - _unit_power(r)).abs().mean(1)


def mse(g: Tensor, r: Tensor) -> Tensor:
    """mean (ĝ − r̂)², scaled as in `mae`: 2 · (1 − cosine)."""
    return (_unit_power(g) - _unit_power(r)).square().mean(1)


def histogram_intersection(g: Tensor, r: Tensor) -> Tensor:
    """1 − Σ min(|g| / Σ|g|, |r| / Σ|r|): how much of the one's magnitude is not the other's."""
    return 1 - torch.minimum(_share(g), _share(r)).sum(1)


DISTANCES: Mapping[str, Distance] = MappingProxyType(
    {f.__name__: f for f in (cosine, mae, mse, histogram_intersection)}
)


def distance_of(name: str) -> Distance:
    """The error function of that name, for gradients (N, ...); 0 where either gradient vanishes.

    Raises ExplanationError with the nearest spelling.
    """
    if name not in DISTANCES:
        raise ExplanationError(
            f"error={name!r}; expected one of {', '.join(map(repr, DISTANCES))}."
            + nearest(name, DISTANCES)
        )
    measured = DISTANCES[name]

    def guarded(g: Tensor, r: Tensor) -> Tensor:
        g, r = g.flatten(1), r.detach().flatten(1)
        sizes = torch.stack([g.detach().abs().amax(1), r.abs().amax(1)])
        usable = ((sizes > _VANISHED) & sizes.isfinite()).all(0)
        # What is left out must not be divided by its size either: 0 · ∞ is not 0.
        scale = torch.where(usable, sizes, 1.0)[..., None]
        one = torch.ones_like(g)
        g = torch.where(usable[:, None], g / scale[0], one)
        r = torch.where(usable[:, None], r / scale[1], one)
        return torch.where(usable, measured(g, r), 0.0)

    return guarded


def _unit(v: Tensor) -> Tensor:
    return v / v.square().sum(1, keepdim=True).sqrt()


def _unit_power(v: Tensor) -> Tensor:
    return v / v.square().mean(1, keepdim=True).sqrt()


def _share(v: Tensor) -> Tensor:
    return v.abs() / v.abs().sum(1, keepdim=True)
