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
from typing import Any, Literal, TypeVar

from torch import Tensor
from typing_extensions import TypedDict, Unpack

from xai_widgets.errors import ExplanationError, a_kind, brief, nearest, some_of
from xai_widgets.methods.card import html_of, table_of, text_of
from xai_widgets.methods.parameters import Parameter as Parameter
from xai_widgets.methods.parameters import Range as Range
from xai_widgets.methods.parameters import Seed as Seed
from xai_widgets.methods.parameters import parameters_of as parameters_of
from xai_widgets.progress import Progress

Family = Literal["Gradient", "CAM", "Perturbation", "Path", "Surrogate", "Attention", "Own"]
Steps = Iterator[Progress[Tensor]]  # of a method that is usable early
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, eq=False)
class Values:
    """What a method gives for a batch of N pictures: raw signed values, (N, C, H, W), (N, 1, H, W)
    where a number belongs to a place and not to a channel of it, or (N, h, w),
    and for each picture sentences that warn of what may be wrong with them; none where it is empty.
    """

    tensor: Tensor
    warnings: Sequence[tuple[str, ...]] = ()


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


@dataclass(frozen=True, kw_only=True, repr=False)
class Method:
    """A method's card and function: what it shows, what it cannot, its cost and its source.

    Shown as a card in a notebook; ``help(engine.methods["occlusion"])`` has its parameters with
    their ranges.
    """

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

    def __post_init__(self) -> None:
        # What `help` shows of this one method.
        object.__setattr__(self, "__doc__", f"{self._usage}\n\n{self!r}")

    def __repr__(self) -> str:
        return text_of(self.title, self.name, self._kind, self._sentences, self.parameters)

    def _repr_html_(self) -> str:
        return html_of(
            self.title, self.name, self._kind, self._sentences, self.parameters, self.url
        )

    @property
    def _usage(self) -> str:
        layer = "layer=None, " * self.takes_layer
        own = "".join(f"{p.name}={p.default!r}, " for p in self.parameters)
        return f'engine.explain(image, "{self.name}", target=None, {layer}{own}'.rstrip(", ") + ")"

    @property
    def _kind(self) -> str:
        return f"{self.family}{', takes layer=' * self.takes_layer}"

    @property
    def _sentences(self) -> dict[str, str]:
        return {
            "Shows": self.shows,
            "Cannot show": self.limits,
            "Costs": self.cost,
            "Formula": self.formula,
            "Source": self.citation,
        }

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
                near = nearest(name, names) or nearest(name, (*names, *_ASKED_WITH))
                raise ExplanationError(
                    f"{self.name} has no parameter {name!r}; it has "
                    f"{', '.join(names) or 'no parameters'}.{near}"
                )
        return {
            p.name: p.check(self.name, given[p.name]) if p.name in given else p.default
            for p in self.parameters
        }

    def changes_rectifiers(self, parameters: Mapping[str, Any]) -> bool:
        """Whether the gradient passes rectifiers by another rule than their derivative."""
        return self.needs_rectifiers or "guided_backprop" in parameters.values()

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
# What every method is asked with, beside its parameters.
_ASKED_WITH = ("target", "layer", "method", "image")
# Methods that are found elsewhere, by what people look for.
_ELSEWHERE = {
    **dict.fromkeys(
        ("lrp", "epsilon_lrp", "layerwise_relevance_propagation", "deep_taylor"),
        'xw.methods.from_zennit("lrp", zennit.composites.EpsilonPlusFlat)',
    ),
    **dict.fromkeys(
        ("deeplift", "deep_lift", "deepliftshap", "deep_shap"),
        'xw.methods.from_captum("deep_lift", captum.attr.DeepLift)',
    ),
}


class UnknownMethod(ExplanationError, KeyError):
    """There is no method of that name: an ExplanationError, and a KeyError for mappings."""

    __str__ = Exception.__str__  # a KeyError would show its message in quotes


class Methods(Mapping[str, Method]):
    """Methods by name, each with its card; a notebook completes the names after ``[``.

    Raises ExplanationError, which is a KeyError here, for a name that it does not have.
    """

    def __init__(self, *methods: Mapping[str, Method]) -> None:
        self._parts = methods

    def __getitem__(self, name: str) -> Method:
        if isinstance(name, str):
            for part in reversed(self._parts):
                if name in part:
                    return part[name]
        raise UnknownMethod(_unknown(name, self))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and any(name in part for part in self._parts)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for part in self._parts for name in part))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __or__(self, other: Mapping[str, Method]) -> Methods:
        return Methods(*self._parts, other)

    def __repr__(self) -> str:
        return "\n".join(
            line
            for family, members in self._families().items()
            for line in (family, *(f"  {card.name:22} {card.title}" for card in members))
        )

    def _repr_html_(self) -> str:
        return table_of(
            {
                family: [(card.name, card.title, card.shows) for card in members]
                for family, members in self._families().items()
            }
        )

    def _families(self) -> dict[str, list[Method]]:
        families: dict[str, list[Method]] = {}
        for card in self.values():
            families.setdefault(card.family, []).append(card)
        return families

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)


_methods: dict[str, Method] = {}
METHODS: Mapping[str, Method] = Methods(_methods)


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


def find(name: str, methods: Mapping[str, Method] = METHODS, others: Sequence[str] = ()) -> Method:
    """The method of that name. Raises ExplanationError with what has to be bound first, or with the
    nearest spelling among the methods and `others`, which may stand in a method's place.
    """
    if isinstance(name, str) and name in methods:
        return methods[name]
    raise UnknownMethod(_unknown(name, methods, others))


def _unknown(name: object, methods: Mapping[str, Method], others: Sequence[str] = ()) -> str:
    """Why there is no such method, the nearest spelling first, then a few of the names."""
    if isinstance(name, Method):
        return f"method is the card of {name.name}; expected its name: {name.name!r}"
    if isinstance(name, (list, tuple, set, dict)):
        return (
            f"method is {a_kind(name)} of {len(name)}, {brief(name)}; expected one name. For "
            "several methods call it once for each, or use GradientComparison or metrics.evaluate"
        )
    if not isinstance(name, str):
        way_out = "; a function becomes a method with xw.methods.from_callable" * callable(name)
        return f"method is {brief(name)}; expected a name such as 'grad_cam'{way_out}"
    if name in BOUND:
        return f"{name} {BOUND[name]}"
    folded = name.casefold().strip().replace("-", "_").replace(" ", "_")
    if folded in _ELSEWHERE:
        return f"unknown method {brief(name)}; make it one first: {_ELSEWHERE[folded]}"
    names = [*methods, *others]
    titled = {card.title.casefold(): card.name for card in methods.values()}
    meant = folded if folded in names else titled.get(name.casefold().strip())
    near = f' Did you mean "{meant}"?' if meant else nearest(name, names)
    return f"unknown method {brief(name)}.{near} engine.methods has {some_of(names)}."
