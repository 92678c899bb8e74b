"""The register of attribution methods: one short function and its card; all else is read off them.

A method is a function `(trace, target[, layer], *, parameters)` that returns raw signed values, or,
when it needs many forward passes, a generator of `Progress` whose last result is the final one. A
result is a tensor, or `Values` where there is something to warn of. Its keyword parameters, with
their `Annotated` ranges, become the controls of every widget and rows of the documentation.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from torch import Tensor
from typing_extensions import TypedDict, Unpack

from xai_widgets.errors import ExplanationError, nearest
from xai_widgets.progress import Progress

Family = Literal["Gradient", "CAM", "Perturbation", "Path", "Surrogate", "Attention", "Own"]
Steps = Iterator[Progress[Tensor]]  # of a method that is usable early
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, eq=False)
class Values:
    """What a method gives for a batch of N pictures: raw signed values, (N, C, H, W) or (N, h, w),
    and for each picture sentences that warn of what may be wrong with them; none where it is empty.
    """

    tensor: Tensor
    warnings: Sequence[tuple[str, ...]] = ()


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

    def check(self, method: str, value: Any) -> Any:
        """The value in the parameter's type. Raises ExplanationError for one that does not fit."""
        if problem := self._problem(value):
            raise ExplanationError(f"{method}: {self.name}={value!r} {problem}")
        return float(value) if self.kind == "float" else value

    def _problem(self, value: Any) -> str | None:
        if self.kind == "bool":
            return None if isinstance(value, bool) else "is not True or False"
        if self.kind == "choice":
            if value in self.choices:
                return None
            return f"is not one of {', '.join(self.choices)}.{nearest(str(value), self.choices)}"
        whole = self.kind == "int"
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            return "is not a whole number" if whole else "is not a number"
        if self.minimum is None or self.maximum is None or self.minimum <= value <= self.maximum:
            return None
        return f"is outside {self.minimum:g} to {self.maximum:g} {self.unit}".rstrip()


class Card(TypedDict, total=False):
    """What the author of a method says of it; the rest of its card is read off its function."""

    title: str
    cost: str
    formula: str
    citation: str
    url: str
    shows: str
    limits: str
    space: Literal["input", "layer"]
    signed: bool
    class_specific: bool
    needs_rectifiers: bool
    needs_attention: bool
    baseline_score: Callable[..., Tensor] | None


@dataclass(frozen=True, kw_only=True)
class Method:
    """A method's card and function: what it shows, what it cannot, its cost and its source."""

    name: str
    title: str
    family: Family
    cost: str
    formula: str
    citation: str
    url: str
    shows: str
    limits: str
    space: Literal["input", "layer"] = "input"
    signed: bool = True
    anytime: bool
    takes_layer: bool
    class_specific: bool = True
    needs_rectifiers: bool = False
    needs_attention: bool = False
    parameters: tuple[Parameter, ...]
    function: Callable[..., Any] = field(repr=False, compare=False)
    baseline_score: Callable[..., Tensor] | None = field(default=None, repr=False, compare=False)

    def to_json(self) -> dict[str, Any]:
        """The card as plain data, without its functions."""
        functions = ("function", "baseline_score")
        card = {name: value for name, value in asdict(self).items() if name not in functions}
        # A parameter says only what it has: cards are a good part of what a notebook keeps.
        stated = [
            {name: value for name, value in parameter.items() if value not in (None, "", ())}
            for parameter in card["parameters"]
        ]
        return {**card, "parameters": stated}

    def resolve(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All parameters of the method, checked, with defaults where none was given.

        Raises ExplanationError for an unknown name, with the nearest, or a value out of range.
        """
        names = [parameter.name for parameter in self.parameters]
        for name in given:
            if name not in names:
                raise ExplanationError(
                    f"{self.name} has no parameter {name!r}; it has "
                    f"{', '.join(names) or 'no parameters'}." + nearest(name, names)
                )
        return {
            p.name: p.check(self.name, given[p.name]) if p.name in given else p.default
            for p in self.parameters
        }

    def run(
        self, trace: Any, target: Any, layer: str | None, parameters: Mapping[str, Any]
    ) -> Iterator[Progress[Values]]:
        """Run the method on a trace: maps that grow better, the last with fraction 1."""
        arguments = (trace, target, layer) if self.takes_layer else (trace, target)
        result = self.function(*arguments, **parameters)
        for step in result if self.anytime else (Progress(1.0, result),):
            values = step.result
            if not isinstance(values, Values):
                values = Values(values)
            yield Progress(step.fraction, values, step.words)

    def completeness_gap(
        self, trace: Any, target: Any, values: Tensor, parameters: Mapping[str, Any]
    ) -> Tensor | None:
        """How far the sum of final values is from what it should be, Σ values − (y(x) − y(b)),
        (N,); None for a method that promises no sum.

        y(b) is what the card's `baseline_score(trace, target, **parameters)` gives.
        """
        if self.baseline_score is None:
            return None
        rise = trace.score(target) - self.baseline_score(trace, target, **parameters)
        gap: Tensor = values.flatten(1).sum(1, dtype=rise.dtype) - rise
        return gap


# Methods that an engine has once something is bound to it, and what to do where it is not.
BOUND: Mapping[str, str] = MappingProxyType(
    {
        "relabel_distillation": "makes its pictures with a VAE, and none is bound to this engine; "
        "bind one first: xw.relabel.bind(engine, vae)"
    }
)
_methods: dict[str, Method] = {}
METHODS: Mapping[str, Method] = MappingProxyType(_methods)


def method(
    *, family: Family, floor: Callable[..., Tensor] | None = None, **card: Unpack[Card]
) -> Callable[[Function], Function]:
    """Register the decorated function as the method of its own name, with this card.

    `baseline_score(trace, target, **parameters)` is the score (N,) from which the values of a
    complete method add up to the picture's; `floor` is its former name.
    """
    if floor is not None:
        warnings.warn(
            "method(floor=...) is called baseline_score now", DeprecationWarning, stacklevel=2
        )
        card["baseline_score"] = floor

    def register(function: Function) -> Function:
        name = function.__name__
        # One of the user's own may be defined again: its cell is run more than once.
        if name in _methods and not _methods[name].family == family == "Own":
            raise ValueError(f"two methods are called {name}")
        _methods[name] = Method(
            **card,
            name=name,
            family=family,
            anytime=inspect.isgeneratorfunction(function),
            takes_layer="layer" in inspect.signature(function).parameters,
            parameters=parameters_of(function),
            function=function,
        )
        return function

    return register


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


def find(name: str, methods: Mapping[str, Method] = METHODS, others: Sequence[str] = ()) -> Method:
    """The method of that name. Raises ExplanationError with what has to be bound first, or with the
    nearest spelling among the methods and `others`, which may stand in a method's place.
    """
    if isinstance(name, str) and name in methods:
        return methods[name]
    if isinstance(name, str) and name in BOUND:
        raise ExplanationError(f"{name} {BOUND[name]}")
    names = [*methods, *others]
    raise ExplanationError(
        f"unknown method {name!r}; expected one of {', '.join(names)}." + nearest(str(name), names)
    )
