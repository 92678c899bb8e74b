"""The register of measures: each one's name, which way is better, and what it is taken of."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from xai_widgets.errors import ExplanationError, nearest
from xai_widgets.metrics.average import average_drop, average_gain, average_increase
from xai_widgets.metrics.curves import deletion, insertion
from xai_widgets.metrics.fidelity import completeness, infidelity, max_sensitivity, sensitivity_n
from xai_widgets.metrics.localisation import pointing_game, relevance_mass, relevance_rank
from xai_widgets.metrics.map_properties import complexity, sparseness, total_variation
from xai_widgets.metrics.remove_and_debias import road
from xai_widgets.metrics.sanity import model_randomization, random_logit

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
        return tuple(name for name in self._keywords if name not in _SUPPLIED)

    def takes(self, keyword: str) -> bool:
        """Whether the function has a keyword of this name."""
        return keyword in self._keywords

    @property
    def _keywords(self) -> list[str]:
        parameters = inspect.signature(self.function).parameters.values()
        return [p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY]

    def check(self, given: Mapping[str, Any]) -> None:
        """Raise ExplanationError for a parameter that the measure does not have."""
        for name in given:
            if name not in self.parameters:
                raise ExplanationError(
                    f"{self.name} has no parameter {name!r}; it has "
                    f"{', '.join(self.parameters) or 'none'}." + nearest(name, self.parameters)
                )


_ALL = (
    Measure("insertion", "Insertion", "high", insertion, read=lambda curve: curve.auc),
    Measure("deletion", "Deletion", "low", deletion, read=lambda curve: curve.auc),
    Measure("road", "ROAD", "high", road, read=lambda result: result.score),
    Measure("average_drop", "Average drop", "low", average_drop),
    Measure("average_gain", "Average gain", "high", average_gain),
    Measure("average_increase", "Average increase", "high", average_increase),
    Measure("infidelity", "Infidelity", "low", infidelity),
    Measure("max_sensitivity", "Max-sensitivity", "low", max_sensitivity, "method"),
    Measure("sensitivity_n", "Sensitivity-n", "high", sensitivity_n),
    Measure("completeness", "Completeness gap", "low", completeness, read=lambda c: c.gap),
    Measure("pointing_game", "Pointing game", "high", pointing_game, "mask"),
    Measure("relevance_mass", "Relevance mass", "high", relevance_mass, "mask"),
    Measure("relevance_rank", "Relevance rank", "high", relevance_rank, "mask"),
    Measure("sparseness", "Sparseness", "high", sparseness, "values"),
    Measure("complexity", "Complexity", "low", complexity, "values"),
    Measure("total_variation", "Total variation", "low", total_variation, "values"),
    Measure(
        "model_randomization", "Model randomisation", "low", model_randomization, "method",
        lambda cascade: cascade.spearman,
    ),
    Measure(
        "random_logit", "Random logit", "low", random_logit, "method", lambda pair: pair.spearman
    ),
)  # fmt: skip
MEASURES: Mapping[str, Measure] = MappingProxyType({measure.name: measure for measure in _ALL})


def find_measure(name: object) -> Measure:
    """The measure of that name. Raises ExplanationError with the nearest spelling."""
    if isinstance(name, str) and name in MEASURES:
        return MEASURES[name]
    raise ExplanationError(
        f"unknown measure {name!r}; expected one of {', '.join(MEASURES)}."
        + nearest(str(name), MEASURES)
    )
