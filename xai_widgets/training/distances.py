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
    """1 − ⟨g, r⟩ / (‖g‖ ‖r‖); (N,) from (N, ...) twice."""
    return 1 - _sum(g * r) / _sum(g.square()).sqrt() / _sum(r.square()).sqrt()


def mae(g: Tensor, r: Tensor) -> Tensor:
    """mean |ĝ − r̂|, each gradient first scaled to a root mean square of 1.

    As they are, gradients of a loss are so small that their difference says nothing beside the
    loss: around 1e-5, and its square around 1e-9.
    """
    return (_unit_power(g) - _unit_power(r)).abs().mean(_values(g))


def mse(g: Tensor, r: Tensor) -> Tensor:
    """mean (ĝ − r̂)², scaled as in `mae`: 2 · (1 − cosine)."""
    return (_unit_power(g) - _unit_power(r)).square().mean(_values(g))


def histogram_intersection(g: Tensor, r: Tensor) -> Tensor:
    """1 − Σ min(|g| / Σ|g|, |r| / Σ|r|): how much of the one's magnitude is not the other's."""
    return 1 - _sum(torch.minimum(_share(g), _share(r)))


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
        r = r.detach()
        sizes = torch.stack([v.detach().abs().amax(_values(v)) for v in (g, r)])
        usable = ((sizes > _VANISHED) & sizes.isfinite()).all(0)
        # What is left out must not be divided by its size either: 0 · ∞ is not 0.
        kept = usable.view(-1, *[1] * (g.ndim - 1))
        g, r = torch.where(kept, g, 1.0), torch.where(kept, r, 1.0)
        return torch.where(usable, measured(g, r), 0.0)

    return guarded


# Over the axes as they are: to lay a map with its channels innermost out as one row is a copy.
def _values(v: Tensor) -> tuple[int, ...]:
    return tuple(range(1, v.ndim))


def _sum(v: Tensor, keepdim: bool = False) -> Tensor:
    return v.sum(_values(v), keepdim=keepdim)


def _unit_power(v: Tensor) -> Tensor:
    return v / v.square().mean(_values(v), keepdim=True).sqrt()


def _share(v: Tensor) -> Tensor:
    return v.abs() / _sum(v.abs(), keepdim=True)
