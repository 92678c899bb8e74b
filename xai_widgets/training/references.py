"""What an input gradient is trained towards: clearer versions of itself, always constants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from xai_widgets.errors import ExplanationError, nearest
from xai_widgets.training.passes import TrainingPass

__all__ = ["REFERENCES", "Reference", "Sampling", "drawn_like", "reference_of"]


@dataclass(frozen=True)
class Sampling:
    """How references that are means are taken: so many noisy pictures, or points of a path."""

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
    """Random numbers in the shape of x; by the generator of all where none is given."""
    device = x.device if generator is None else generator.device
    return draw(x.shape, generator=generator, dtype=x.dtype, device=device).to(x.device)
