"""The register of measures: each one's name, which way is better, and what it is taken of."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from xai_widgets.errors import ExplanationError, brief, nearest
from xai_widgets.metrics import curves, fidelity, maps, sanity

Subject = Literal["map", "values", "method", "mask"]
Better = Literal["high", "low", ""]
_SUPPLIED = {"target", "seed", "memo", "layer"}  # by `evaluate`


@dataclass(frozen=True)
class Measure:
    """A measure's card: `of` a map and the network, of the map's values alone, of a method
    (which explains anew), or of a map and a mask.

    `read` takes one number from what the function returns.
    """

    name: str
    title: str
    better: Better
    function: Callable[..., Any] = field(repr=False)
    of: Subject = "map"
    read: Callable[[Any], float] = field(default=float, repr=False)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The keywords that a caller of `evaluate` may set."""
        parameters = inspect.signature(self.function).parameters
        return tuple(name for name in parameters if name not in _SUPPLIED and self.takes(name))

    def takes(self, keyword: str) -> bool:
        """Whether the function has a keyword of this name."""
        parameter = inspect.signature(self.function).parameters.get(keyword)
        return parameter is not None and parameter.kind is inspect.Parameter.KEYWORD_ONLY

    def check(self, given: Mapping[str, Any]) -> None:
        """Raise ExplanationError for a parameter that the measure does not have."""
        for name in given:
            if name not in self.parameters:
                raise ExplanationError(
                    f"{self.name} has no parameter {name!r}; it has "
                    f"{', '.join(self.parameters) or 'none'}." + nearest(name, self.parameters)
                )


_ALL = (
    Measure("insertion", "Insertion", "high", curves.insertion, read=lambda curve: curve.auc),
    Measure("deletion", "Deletion", "low", curves.deletion, read=lambda curve: curve.auc),
    Measure("road", "ROAD", "high", curves.road, read=lambda result: result.score),
    Measure("average_drop", "Average drop", "low", fidelity.average_drop),
    Measure("average_gain", "Average gain", "high", fidelity.average_gain),
    Measure("average_increase", "Average increase", "high", fidelity.average_increase),
    Measure("infidelity", "Infidelity", "low", fidelity.infidelity),
    Measure("max_sensitivity", "Max-sensitivity", "low", fidelity.max_sensitivity, "method"),
    Measure("sensitivity_n", "Sensitivity-n", "high", fidelity.sensitivity_n),
    Measure("completeness", "Completeness gap", "low", fidelity.completeness, read=lambda c: c.gap),
    Measure("pointing_game", "Pointing game", "high", maps.pointing_game, "mask"),
    Measure("relevance_mass", "Relevance mass", "high", maps.relevance_mass, "mask"),
    Measure("relevance_rank", "Relevance rank", "high", maps.relevance_rank, "mask"),
    Measure("sparseness", "Sparseness", "high", maps.sparseness, "values"),
    Measure("complexity", "Complexity", "low", maps.complexity, "values"),
    Measure("total_variation", "Total variation", "low", maps.total_variation, "values"),
    Measure(
        "model_randomization", "Model randomisation", "low", sanity.model_randomization, "method",
        lambda cascade: cascade.spearman,
    ),
    Measure(
        "random_logit", "Random logit", "low", sanity.random_logit, "method",
        lambda pair: pair.spearman,
    ),
)  # fmt: skip
MEASURES: Mapping[str, Measure] = MappingProxyType({measure.name: measure for measure in _ALL})


def find_measure(name: object) -> Measure:
    """The measure of that name. Raises ExplanationError with the nearest spelling."""
    if isinstance(name, str) and name in MEASURES:
        return MEASURES[name]
    raise ExplanationError(
        f"unknown measure {brief(name)}.{nearest(name, MEASURES)} metrics.MEASURES has "
        f"{', '.join(MEASURES)}."
    )
