"""What an evaluation is asked for: methods and measures, checked before the first forward."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from xai_widgets.attribution import Attribution
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError, brief
from xai_widgets.images import Picture
from xai_widgets.methods import find
from xai_widgets.metrics.labels import label_of
from xai_widgets.metrics.registry import Measure, find_measure
from xai_widgets.metrics.relevance import MethodLike
from xai_widgets.targets import Target

__all__ = ["MeasureSpec", "MethodSpec", "Request", "Specs", "name_of", "per_picture"]

# A name; a name with parameters (of a method: `layer` too); or a function of one's own.
MethodSpec: TypeAlias = "MethodLike | tuple[str, Mapping[str, Any]]"
MeasureSpec: TypeAlias = (
    "str | tuple[str, Mapping[str, Any]] | Callable[[Engine, Picture, Attribution, Target], float]"
)
# Choices of methods that gave other values in earlier versions, whose files may be resumed.
_REDEFINED = ("slic", "blur", "several")


@dataclass(frozen=True)
class Request:
    """A method or a measure, and the parameters to use it with. `name` is what it is known by in
    files and seeds, whatever the label that somebody gave it.
    """

    label: str
    what: Any
    parameters: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""

    @property
    def key(self) -> list[Any]:
        """What its values are found again by."""
        written = {
            name: f"{v!r}, redefined" if isinstance(v, str) and v in _REDEFINED else repr(v)
            for name, v in sorted(self.parameters.items())
        }
        return [self.name, written]


@dataclass(frozen=True)
class Specs:
    """Methods and measures as they were given, each with the label that it was given or None."""

    methods: Sequence[tuple[str | None, Any]]
    measures: Sequence[tuple[str | None, Any]]
    control: bool
    seed: int

    @classmethod
    def of(cls, methods: Any, measures: Any, control: bool, seed: int) -> Specs:
        """Raises ExplanationError for anything but several of each."""
        return cls(_listed("methods", methods), _listed("measures", measures), control, seed)

    def methods_of(self, engine: Engine) -> list[Request]:
        """The methods, as the engine has them. Raises ExplanationError for an unknown one, or an
        unknown parameter.
        """
        requests = [_method(engine, label, spec, self.seed) for label, spec in self.methods]
        if self.control and all(method.what != "random" for method in requests):
            requests.append(_method(engine, None, "random", self.seed))
        _check_labels("methods", [request.label for request in requests])
        return requests

    def cards(self) -> list[Request]:
        """The measures. Raises ExplanationError for an unknown one, or an unknown parameter."""
        requests = [_measure(label, spec) for label, spec in self.measures]
        _check_labels("measures", [request.label for request in requests])
        return requests


def per_picture(name: str, given: Any, count: int) -> list[Any]:
    """One of these for each picture."""
    if not isinstance(given, (list, tuple)):
        return [given] * count
    if len(given) != count:
        raise ExplanationError(
            f"{name} has {len(given)} entries for {count} pictures; expected one each"
        )
    return list(given)


def name_of(function: Any) -> str:
    """What a function is called."""
    return str(getattr(function, "__name__", type(function).__name__))


def _listed(name: str, specs: Any) -> list[tuple[str | None, Any]]:
    """Several methods or measures, in a list or by labels of one's own."""
    if isinstance(specs, Mapping):
        wrong = next((label for label in specs if not isinstance(label, str) or not label), None)
        if wrong is not None:
            raise ExplanationError(f"{name} has the label {brief(wrong)}; expected a text")
        return list(specs.items())
    one = isinstance(specs, str) or callable(specs)
    if isinstance(specs, tuple) and len(specs) == 2 and isinstance(specs[1], Mapping):
        one = True
    if one or not isinstance(specs, Iterable):
        way_out = f": [{specs!r}]" if isinstance(specs, (str, tuple)) else ""
        what = f"{brief(specs)}, only one" if one else brief(specs)
        raise ExplanationError(f"{name} is {what}; expected a list of them{way_out}")
    return [(None, spec) for spec in specs]


def _method(engine: Engine, label: str | None, spec: Any, seed: int) -> Request:
    """A method of the request, its parameters checked and the seed among them if it takes one."""
    if callable(spec):
        label = label or name_of(spec)
        return Request(label, spec, name=label)
    name, parameters = _named("method", spec)
    if name == "random":
        if parameters:
            raise ExplanationError(f"random takes no parameters; got {', '.join(parameters)}")
        return Request(label or "random", "random", name="random")
    card = find(name, engine.methods, ["random"])
    own = {k: v for k, v in parameters.items() if k != "layer" or not card.takes_layer}
    resolved = card.resolve(own)
    if "seed" in resolved:
        resolved["seed"] = own.get("seed", seed)
    full = label_of(name, parameters)
    return Request(label or full, name, {**resolved, **parameters}, full)


def _measure(label: str | None, spec: Any) -> Request:
    """A measure of the request, its parameters' names checked."""
    if callable(spec):
        label = label or name_of(spec)

        def own(engine: Engine, picture: Picture, attribution: Any, *, target: Target) -> float:
            return float(spec(engine, picture, attribution, target))

        return Request(label, Measure(label, label, "", own), name=label)
    name, parameters = _named("measure", spec)
    card = find_measure(name)
    card.check(parameters)
    full = label_of(name, parameters)
    return Request(label or full, card, parameters, full)


def _named(kind: str, spec: Any) -> tuple[str, Mapping[str, Any]]:
    match spec:
        case str():
            return spec, {}
        case tuple((str(name), Mapping() as parameters)):
            return name, dict(parameters)
    raise ExplanationError(
        f"{kind} {brief(spec)}; expected a name, (name, parameters as a dict) or a function"
    )


def _check_labels(kind: str, labels: Sequence[str]) -> None:
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if not labels or twice is not None:
        problem = "is empty" if twice is None else f"holds {twice!r} twice"
        raise ExplanationError(f"{kind} {problem}; expected at least one, each of its own name")
