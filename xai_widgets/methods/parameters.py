"""The parameters of a method, read off its function's keywords: ranges, defaults, words."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from xai_widgets.errors import ExplanationError, brief, nearest


@dataclass(frozen=True)
class Range:
    """What a number may be, and how a control steps through it."""

    minimum: float
    maximum: float
    step: float = 1
    unit: str = ""
    help: str = ""


Seed = Annotated[int, Range(0, 9999, 1, "", "of the random numbers")]


@dataclass(frozen=True)
class Parameter:
    """One keyword of a method, as a control shows it."""

    name: str
    label: str
    kind: Literal["int", "float", "choice", "bool"]
    default: Any
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""
    help: str = ""

    @property
    def span(self) -> str:
        """What the value may be, in words: ``2 to 256 px``, ``rectangle, ellipse``."""
        if self.kind == "bool":
            return "True, False"
        if self.kind == "choice":
            return ", ".join(self.choices)
        if self.minimum is None or self.maximum is None:
            return ""
        return f"{self.minimum:g} to {self.maximum:g} {self.unit}".rstrip()

    def check(self, method: str, value: Any) -> Any:
        """The value in the parameter's type. Raises ExplanationError for one that does not fit."""
        if problem := self._problem(value):
            raise ExplanationError(
                f"{method}: {self.name}={brief(value)} {problem}",
                parameter=self.name,
                instead={self.name: self._nearest(value)},
            )
        return float(value) if self.kind == "float" else value

    def _nearest(self, value: Any) -> Any:
        """The possible value nearest to one that is not possible."""
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if self.kind not in ("int", "float") or not number or not math.isfinite(value):
            return self.default
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        near = min(max(value, low), high)
        return round(near) if self.kind == "int" else float(near)

    def _problem(self, value: Any) -> str | None:
        if self.kind == "bool":
            return None if isinstance(value, bool) else "is not True or False"
        if self.kind == "choice":
            if isinstance(value, str) and value in self.choices:
                return None
            return f"is not one of {', '.join(self.choices)}.{nearest(str(value), self.choices)}"
        span = self.span
        whole = self.kind == "int"
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            kind = "a whole number" if whole else "a number"
            return f"is not {kind}{f'; expected {span}' if span else ''}"
        if self.minimum is None or self.maximum is None or self.minimum <= value <= self.maximum:
            return None
        return f"is outside {span}"


def parameters_of(keywords: Callable[..., Any]) -> tuple[Parameter, ...]:
    """The keywords of a function, or of a dataclass of keywords, as parameters of a method."""
    hints = get_type_hints(keywords, include_extras=True)
    return tuple(
        _parameter(p, hints[p.name])
        for p in inspect.signature(keywords).parameters.values()
        if p.kind is inspect.Parameter.KEYWORD_ONLY
    )


def _parameter(parameter: inspect.Parameter, hint: Any) -> Parameter:
    name, default = parameter.name, parameter.default
    label = name.replace("_", " ").capitalize()
    if get_origin(hint) is Literal:
        return Parameter(name, label, "choice", default, choices=get_args(hint))
    if hint is bool:
        return Parameter(name, label, "bool", default)
    if get_origin(hint) is Annotated and isinstance(hint.__metadata__[0], Range):
        kind: Literal["int", "float"] = "int" if get_args(hint)[0] is int else "float"
        return Parameter(name, label, kind, default, **asdict(hint.__metadata__[0]))
    raise TypeError(
        f"parameter {name}: annotate it with Literal, bool or Annotated[int | float, Range(...)]"
    )
