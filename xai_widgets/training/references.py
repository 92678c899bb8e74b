"""What an input gradient is trained towards: clearer versions of itself, always detached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from torch import Tensor

from xai_widgets.errors import ExplanationError, nearest
from xai_widgets.training.passes import TrainingPass

__all__ = ["REFERENCES", "Reference", "reference_of"]

Reference = Callable[[TrainingPass], Tensor]


def guided(run: TrainingPass) -> Tensor:
    """The gradient by guided backpropagation. Source: Springenberg et al. 2015."""
    return run.gradient(rule="guided")


def deconvnet(run: TrainingPass) -> Tensor:
    """The gradient by the deconvnet rule. Source: Zeiler and Fergus 2014."""
    return run.gradient(rule="deconvnet")


REFERENCES: Mapping[str, Reference] = MappingProxyType({f.__name__: f for f in (guided, deconvnet)})


def reference_of(name: str) -> Reference:
    """The reference of that name. Raises ExplanationError with the nearest spelling."""
    if name not in REFERENCES:
        raise ExplanationError(
            f"reference={name!r}; expected one of {', '.join(map(repr, REFERENCES))}."
            + nearest(name, REFERENCES)
        )
    return REFERENCES[name]
