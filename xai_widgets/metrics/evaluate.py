"""Many pictures, methods and measures in one table, which can be interrupted and resumed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from xai_widgets.attribution import Attribution
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError, nearest
from xai_widgets.images import Picture
from xai_widgets.methods import find
from xai_widgets.methods.registry import BOUND
from xai_widgets.metrics.average import Memo
from xai_widgets.metrics.ledger import Ledger
from xai_widgets.metrics.registry import Measure, find_measure
from xai_widgets.metrics.relevance import MethodLike, explained, random_map
from xai_widgets.metrics.table import Table
from xai_widgets.targets import Target, TargetLike

# A name; a name with parameters (of a method: `layer` too); or a function of one's own.
MethodSpec: TypeAlias = "MethodLike | tuple[str, Mapping[str, Any]]"
MeasureSpec: TypeAlias = (
    "str | tuple[str, Mapping[str, Any]] | Callable[[Engine, Picture, Attribution, Target], float]"
)
_FORMAT = 1  # of the keys


@dataclass(frozen=True)
class _Asked:
    """A method or a measure as it was asked for."""

    label: str
    what: Any
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> list[Any]:
        return [self.label, {k: repr(v) for k, v in sorted(self.parameters.items())}]


def evaluate(
    engine: Engine,
    images: Sequence[Any],
    methods: Sequence[MethodSpec],
    measures: Sequence[MeasureSpec],
    *,
    targets: TargetLike | Sequence[TargetLike] = None,
    masks: Sequence[npt.ArrayLike] | None = None,
    control: bool = True,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
    resume: str | Path | None = None,
) -> Table:
    """Every measure of every method's map of every picture, as a tidy table.

    methods: names, ``(name, parameters)``, or functions of engine, picture and target that return
    a map. ``"random"`` is uniform noise per pixel; `control` adds it where it is not asked for.
    measures: names, ``(name, parameters)``, or functions of engine, picture, attribution and target
    that return a number. targets: None for each picture's own top class, one for all, or a list of
    one each. masks: bool (H, W) for each picture, which the localisation measures need. seed: of
    every random part; each picture and measure draws its own, the same for all methods.
    progress: called with the rows done and the rows there are.

    resume: a file to which each value is written as soon as it is known; an evaluation that was
    cut off goes on from there and gives the same table. Values are found again by the network's
    weights, the picture's values, method, measure, their parameters, target and seed; one's own
    functions by their names.

    Pictures are taken one at a time. All methods read one recorded pass of it, and measures share
    forwards that do not depend on the map. Raises ExplanationError before the first forward for an
    unknown method, measure or parameter, or lists of unequal length; later, naming picture, method
    and measure, where one cannot be taken.
    """
    images = list(images)
    wanted = [_method(engine, spec, seed) for spec in methods]
    if control and all(asked.what != "random" for asked in wanted):
        wanted.append(_method(engine, "random", seed))
    taken = [_measure(spec) for spec in measures]
    for kind, asked in (("methods", wanted), ("measures", taken)):
        _check_labels(kind, [a.label for a in asked])
    goals = _per_picture("targets", targets, len(images))
    outlines = _per_picture("masks", None if masks is None else list(masks), len(images))
    if masks is None and (needy := [a.label for a in taken if a.what.of == "mask"]):
        raise ExplanationError(f"{needy[0]} needs masks; got masks=None, expected one per picture")
    ledger = Ledger(resume)
    network = _weights_digest(engine) if resume is not None else ""
    total = len(images) * len(wanted) * len(taken)
    rows: list[Mapping[str, Any]] = []
    for number, (image, goal, mask) in enumerate(zip(images, goals, outlines, strict=True)):
        sitting = _Sitting(engine, engine.picture(image), goal, mask, seed, network)
        for method in wanted:
            for measure in taken:
                key = sitting.key(method, measure)
                entry = ledger.get(key)
                if entry is None:
                    value, target = sitting.value(method, measure)
                    entry = ledger.put(key, value=value, target=target)
                rows.append(
                    {
                        "picture": number,
                        "name": sitting.picture.name,
                        "target": entry["target"],
                        "method": method.label,
                        "measure": measure.label,
                        "value": entry["value"],
                    }
                )
                if progress is not None:
                    progress(len(rows), total)
    return Table(tuple(rows), {asked.label: asked.what.better for asked in taken})


class _Sitting:
    """One picture before all methods and measures; what they share is computed once."""

    def __init__(
        self,
        engine: Engine,
        picture: Picture,
        goal: TargetLike,
        mask: Any,
        seed: int,
        network: str,
    ) -> None:
        self.engine, self.picture, self.mask = engine, picture, mask
        self._goal, self._seed = goal, seed
        self._memo: Memo = {}
        self._maps: dict[str, Attribution] = {}
        outline = None if mask is None else _digest(np.asarray(mask).tobytes())
        self._context = [
            *(_FORMAT, network, picture.digest.hex(), _words(goal), outline, seed),
            engine.layer,
        ]

    def key(self, method: _Asked, measure: _Asked) -> str:
        of_mask = measure.what.of == "mask"
        context = self._context if of_mask else [*self._context[:4], None, *self._context[5:]]
        return _digest(json.dumps([*context, method.key, measure.key]).encode())

    def value(self, method: _Asked, measure: _Asked) -> tuple[float, str]:
        """The measure's value, and the name of the target it was taken for."""
        try:
            target = self.engine.resolve_target(self.picture, self._goal)
            return self._taken(method, measure, target), target.name
        except ExplanationError as error:
            raise ExplanationError(
                f"{measure.label} of {method.label} on {self.picture.name!r}: {error}"
            ) from error

    def _taken(self, method: _Asked, measure: _Asked, target: Target) -> float:
        card: Measure = measure.what
        given = {"seed": self._drawn(measure), "memo": self._memo, "target": target}
        keywords = {name: value for name, value in given.items() if card.takes(name)}
        keywords.update(measure.parameters)
        if card.of == "method":

            def explain(engine: Engine, picture: Picture, target: Target) -> Attribution:
                return _explain(engine, picture, method, target, self._seed)

            return card.read(card.function(self.engine, self.picture, explain, **keywords))
        if method.label not in self._maps:
            explanation = _explain(self.engine, self.picture, method, target, self._seed)
            self._maps[method.label] = explanation
        attribution = self._maps[method.label]
        if card.of == "mask":
            return card.read(card.function(attribution, self.mask, **keywords))
        if card.of == "values":
            return card.read(card.function(attribution, **keywords))
        return card.read(card.function(self.engine, self.picture, attribution, **keywords))

    def _drawn(self, measure: _Asked) -> int:
        """The measure's seed for this picture, whatever the order in which values are taken."""
        words = [self._seed, self.picture.digest.hex(), measure.label]
        return int(_digest(json.dumps(words).encode())[:12], 16)


def _explain(
    engine: Engine, picture: Picture, method: _Asked, target: Target, seed: int
) -> Attribution:
    if method.what == "random":
        return random_map(picture, target, seed)
    parameters = dict(method.parameters)
    layer = parameters.pop("layer", None)
    return explained(engine, picture, method.what, target, layer, parameters)


def _method(engine: Engine, spec: Any, seed: int) -> _Asked:
    """A method as asked for, its parameters checked and the seed among them if it takes one."""
    if callable(spec):
        return _Asked(_name(spec), spec)
    name, parameters = _named("method", spec)
    if name == "random":
        if parameters:
            raise ExplanationError(f"random takes no parameters; got {', '.join(parameters)}")
        return _Asked("random", "random")
    if name not in engine.methods and name not in BOUND:
        known = [*engine.methods, "random"]
        raise ExplanationError(
            f"unknown method {name!r}; expected one of {', '.join(known)}." + nearest(name, known)
        )
    card = find(name, engine.methods)
    own = {k: v for k, v in parameters.items() if k != "layer" or not card.takes_layer}
    resolved = card.resolve(own)
    label = _label(name, parameters)
    if "seed" in resolved and "seed" not in own:
        parameters = {**parameters, "seed": seed}
    return _Asked(label, name, {**resolved, **parameters})


def _measure(spec: Any) -> _Asked:
    """A measure as asked for, its parameters' names checked."""
    if callable(spec):

        def own(engine: Engine, picture: Picture, attribution: Any, *, target: Target) -> float:
            return float(spec(engine, picture, attribution, target))

        return _Asked(_name(spec), Measure(_name(spec), _name(spec), "", own))
    name, parameters = _named("measure", spec)
    card = find_measure(name)
    card.check(parameters)
    return _Asked(_label(name, parameters), card, parameters)


def _named(kind: str, spec: Any) -> tuple[str, Mapping[str, Any]]:
    if isinstance(spec, str):
        return spec, {}
    if isinstance(spec, tuple) and len(spec) == 2:
        name, parameters = spec
        if isinstance(name, str) and isinstance(parameters, Mapping):
            return name, dict(parameters)
    raise ExplanationError(
        f"{kind} {spec!r}; expected a name, (name, parameters as a dict) or a function"
    )


def _name(function: Any) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def _label(name: str, parameters: Mapping[str, Any]) -> str:
    written = ", ".join(f"{k}={v!r}" for k, v in parameters.items())
    return f"{name}({written})" if written else name


def _check_labels(kind: str, labels: Sequence[str]) -> None:
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if not labels or twice is not None:
        found = "is empty" if twice is None else f"holds {twice!r} twice"
        raise ExplanationError(f"{kind} {found}; expected at least one, each of its own name")


def _per_picture(name: str, given: Any, count: int) -> list[Any]:
    """One of these for each picture."""
    if not isinstance(given, (list, tuple)):
        return [given] * count
    if len(given) != count:
        raise ExplanationError(
            f"{name} has {len(given)} entries for {count} pictures; expected one each"
        )
    return list(given)


def _words(goal: TargetLike) -> str:
    """A target in words that are the same in the next process."""
    if isinstance(goal, Target):
        return f"{goal.index} {goal.name}"
    return _name(goal) if callable(goal) else repr(goal)


def _weights_digest(engine: Engine) -> str:
    """Tells a network from others, by its parameters and buffers."""
    digest = hashlib.blake2b(digest_size=16)
    for name, value in engine.model.state_dict().items():
        if isinstance(value, torch.Tensor):
            digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
            digest.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
