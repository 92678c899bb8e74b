"""Gradient alignment: the reference r that an input gradient g is trained towards, a clearer
version of it that is held constant, and the distance between the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from xai_widgets.errors import ExplanationError, nearest
from xai_widgets.training.passes import TrainingPass

Distance = Callable[[Tensor, Tensor], Tensor]
# Where the network is certain, the gradient is rounding errors, or zero: its direction is noise.
_VANISHED = 1e-12


def cosine(g: Tensor, r: Tensor) -> Tensor:
    """1 − ⟨g, r⟩ / (‖g‖ ‖r‖); (N,) from (N, ...) twice."""
    return 1 - _sum(g * r) / _sum(g.square()).sqrt() / _sum(r.square()).sqrt()


def mae(g: Tensor, r: Tensor) -> Tensor:
    """mean |ĝ − r̂|, each gradient first scaled to a root mean square of 1.

    Unscaled gradients of a loss are so small that their difference, around 1e-5, and its square,
    around 1e-9, would do nothing beside the loss.
    """
    return (_unit_power(g) - _unit_power(r)).abs().mean(_values(g))


def mse(g: Tensor, r: Tensor) -> Tensor:
    """mean (ĝ − r̂)², scaled as in `mae`: 2 · (1 − cosine)."""
    return (_unit_power(g) - _unit_power(r)).square().mean(_values(g))


def histogram_intersection(g: Tensor, r: Tensor) -> Tensor:
    """1 − Σ min(|g| / Σ|g|, |r| / Σ|r|): the part of their magnitude that does not overlap."""
    return 1 - _sum(torch.minimum(_share(g), _share(r)))


DISTANCES: Mapping[str, Distance] = MappingProxyType(
    {f.__name__: f for f in (cosine, mae, mse, histogram_intersection)}
)


def distance_of(name: str) -> Distance:
    """The distance of that name, for gradients (N, ...); 0 where either gradient vanishes.

    Raises ExplanationError with the nearest spelling.
    """
    if name not in DISTANCES:
        raise ExplanationError(
            f"error={name!r}; expected one of {', '.join(map(repr, DISTANCES))}."
            + nearest(name, DISTANCES)
        )
    distance = DISTANCES[name]

    def guarded(g: Tensor, r: Tensor) -> Tensor:
        r = r.detach()
        sizes = torch.stack([v.detach().abs().amax(_values(v)) for v in (g, r)])
        usable = ((sizes > _VANISHED) & sizes.isfinite()).all(0)
        # Pictures left out are replaced before they are divided by: 0 · ∞ is not 0.
        kept = usable.view(-1, *[1] * (g.ndim - 1))
        g, r = torch.where(kept, g, 1.0), torch.where(kept, r, 1.0)
        return torch.where(usable, distance(g, r), 0.0)

    return guarded


# Over all axes but the first: flattening a map whose channels are innermost would be a copy.
def _values(v: Tensor) -> tuple[int, ...]:
    return tuple(range(1, v.ndim))


def _sum(v: Tensor, keepdim: bool = False) -> Tensor:
    return v.sum(_values(v), keepdim=keepdim)


def _unit_power(v: Tensor) -> Tensor:
    return v / v.square().mean(_values(v), keepdim=True).sqrt()


def _share(v: Tensor) -> Tensor:
    return v.abs() / _sum(v.abs(), keepdim=True)


@dataclass(frozen=True)
class Sampling:
    """The number of noisy pictures, or of points of a path, that a reference is the mean over."""

    samples: int = 4
    sigma: float = 0.15
    steps: int = 4
    generator: torch.Generator | None = None

    def __post_init__(self) -> None:
        for name in ("samples", "steps"):
            if getattr(self, name) < 1:
                raise ExplanationError(f"{name}={getattr(self, name)!r}; expected at least 1")
        if not self.sigma >= 0:
            raise ExplanationError(f"sigma={self.sigma!r}; expected 0 or more")


Reference = Callable[[TrainingPass, Sampling], Tensor]


def guided(run: TrainingPass, sampling: Sampling) -> Tensor:
    """The gradient by guided backpropagation. Source: Springenberg et al. 2015."""
    return run.gradient(rule="guided")


def deconvnet(run: TrainingPass, sampling: Sampling) -> Tensor:
    """The gradient by the deconvnet rule. Source: Zeiler and Fergus 2014."""
    return run.gradient(rule="deconvnet")


def smooth_grad(run: TrainingPass, sampling: Sampling) -> Tensor:
    """(1/n) Σ g(x + nᵢ), nᵢ ~ N(0, σ² (max x − min x)²). Source: Smilkov et al. 2017."""
    x = run.inputs.detach()
    flat = x.flatten(1)
    spread = (flat.amax(1) - flat.amin(1)).view(-1, *[1] * (x.ndim - 1)) * sampling.sigma
    total = torch.zeros_like(x)
    for _ in range(sampling.samples):
        total += run.gradient_at(x + spread * drawn_like(x, sampling.generator, torch.randn))
    return total / sampling.samples


def integrated_gradients(run: TrainingPass, sampling: Sampling) -> Tensor:
    """(1/n) Σ g(αᵢ x), αᵢ = (i − ½)/n: the mean gradient on the straight path from the network's
    own zero, before it is multiplied by x. Source: Sundararajan, Taly, Yan 2017.

    In evaluation mode: BatchNorm in training would undo the scaling by α.
    """
    x = run.inputs.detach()
    total = torch.zeros_like(x)
    for i in range(sampling.steps):
        total += run.gradient_at(x * ((i + 0.5) / sampling.steps), evaluating=True)
    return total / sampling.steps


REFERENCES: Mapping[str, Reference] = MappingProxyType(
    {f.__name__: f for f in (guided, deconvnet, smooth_grad, integrated_gradients)}
)


def reference_of(name: str) -> Reference:
    """The reference of that name. Raises ExplanationError with the nearest spelling."""
    if name not in REFERENCES:
        raise ExplanationError(
            f"reference={name!r}; expected one of {', '.join(map(repr, REFERENCES))}."
            + nearest(name, REFERENCES)
        )
    return REFERENCES[name]


def drawn_like(x: Tensor, generator: torch.Generator | None, draw: Callable[..., Tensor]) -> Tensor:
    """Random numbers in the shape of x; from the global generator where none is given."""
    device = x.device if generator is None else generator.device
    return draw(x.shape, generator=generator, dtype=x.dtype, device=device).to(x.device)
