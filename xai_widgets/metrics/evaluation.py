"""Many pictures, methods and measures in one table, which can be interrupted and resumed."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from xai_widgets.attribution import Attribution
from xai_widgets.engine import Engine
from xai_widgets.engine.arguments import engine_first, several_pictures
from xai_widgets.errors import ExplanationError, brief
from xai_widgets.images import Picture
from xai_widgets.methods import find
from xai_widgets.metrics.blocks import Blocks
from xai_widgets.metrics.fidelity import Memo, once
from xai_widgets.metrics.ledger import Ledger
from xai_widgets.metrics.registry import Measure, find_measure
from xai_widgets.metrics.relevance import MethodLike, explained, random_map
from xai_widgets.metrics.table import Table
from xai_widgets.progress import Progress, with_progress_bar
from xai_widgets.targets import Target, TargetLike

# A name; a name with parameters (of a method: `layer` too); or a function of one's own.
MethodSpec: TypeAlias = "MethodLike | tuple[str, Mapping[str, Any]]"
MeasureSpec: TypeAlias = (
    "str | tuple[str, Mapping[str, Any]] | Callable[[Engine, Picture, Attribution, Target], float]"
)
_FORMAT = 1  # of the keys
# Choices of methods that gave other values in earlier versions, whose files may be resumed.
_REDEFINED = ("slic", "blur", "several")


@dataclass(frozen=True)
class _Request:
    """A method or a measure, and the parameters to use it with."""

    label: str
    what: Any
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> list[Any]:
        written = {
            name: f"{v!r}, redefined" if isinstance(v, str) and v in _REDEFINED else repr(v)
            for name, v in sorted(self.parameters.items())
        }
        return [self.label, written]


@engine_first
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
    progress: bool | Callable[[int, int], None] | None = False,
    resume: str | Path | None = None,
) -> Table:
    """Every measure of every method's map of every picture, as a tidy table.

    methods: names, ``(name, parameters)``, or functions of engine, picture and target that return
    a map. ``"random"`` is uniform noise per pixel; `control` adds it where it is not among them.
    measures: names, ``(name, parameters)``, or functions of engine, picture, attribution and target
    that return a number. targets: None for each picture's own top class, one for all, or a list of
    one each. masks: bool (H, W) for each picture, which the localisation measures need. seed: of
    every random part; each picture and measure draws its own, the same for all methods.
    progress: True shows a bar in the terminal or below the notebook's cell.

    resume: a file to which each value is written as soon as it is known; an evaluation that was
    cut off goes on from there and gives the same table. Values are found again by the weights, the
    picture, method, measure, their parameters, target and seed; your own functions by their names.

    Pictures are measured one at a time; methods that need one pass explain eight together, and
    measures share forwards that do not depend on the map. Raises ExplanationError before the first
    forward for an unknown method, measure or parameter, or lists of unequal length; later, naming
    picture, method and measure, where one cannot be taken.
    """
    steps: Iterable[Progress[Table]] = stream_evaluate(
        engine, images, methods, measures, targets=targets, masks=masks, control=control,
        seed=seed, resume=resume,
    )  # fmt: skip
    if progress is True:
        steps = with_progress_bar(steps, "evaluate")
    elif callable(progress):
        warnings.warn(
            "evaluate(progress=function) is replaced by progress=True, which shows a bar, and by "
            "stream_evaluate, which gives every step",
            DeprecationWarning,
            stacklevel=2,
        )
    for done, step in enumerate(steps):
        table = step.result
        if done and callable(progress):
            progress(done, round(done / step.fraction))
    return table


@engine_first
def stream_evaluate(
    engine: Engine,
    images: Sequence[Any],
    methods: Sequence[MethodSpec],
    measures: Sequence[MeasureSpec],
    *,
    targets: TargetLike | Sequence[TargetLike] = None,
    masks: Sequence[npt.ArrayLike] | None = None,
    control: bool = True,
    seed: int = 0,
    resume: str | Path | None = None,
) -> Generator[Progress[Table], None, None]:
    """`evaluate` step by step: the table of the pictures finished so far, at the beginning and
    after every value. Arguments and errors are those of `evaluate`.
    """
    images = several_pictures(images, "evaluate")
    requested = [_method(engine, spec, seed) for spec in _listed("methods", methods)]
    if control and all(method.what != "random" for method in requested):
        requested.append(_method(engine, "random", seed))
    cards = [_measure(spec) for spec in _listed("measures", measures)]
    for kind, requests in (("methods", requested), ("measures", cards)):
        _check_labels(kind, [request.label for request in requests])
    goals = _per_picture("targets", targets, len(images))
    if getattr(masks, "ndim", 3) == 2:
        raise ExplanationError(f"masks is one mask, {brief(masks)}; expected a list: [mask]")
    outlines = _per_picture("masks", None if masks is None else list(masks), len(images))
    if masks is None and (needy := [card.label for card in cards if card.what.of == "mask"]):
        raise ExplanationError(f"{needy[0]} needs masks; got masks=None, expected one per picture")
    ledger = Ledger(resume)
    network = _weights_digest(engine) if resume is not None else ""
    total = len(images) * len(requested) * len(cards)
    better = {card.label: card.what.better for card in cards}
    rows: list[Mapping[str, Any]] = []
    warned: dict[str, dict[str, set[int]]] = {}  # the pictures, by sentence and method
    table = Table((), better)
    yield Progress(0.0 if total else 1.0, table)
    blocks = Blocks(engine, images, goals)
    for number, (goal, mask) in enumerate(zip(goals, outlines, strict=True)):
        measured = _PictureMeasures(engine, blocks, number, goal, mask, seed, network)
        name = measured.picture.name
        for method, measure in product(requested, cards):
            key = measured.key(method, measure)
            entry = ledger.get(key)
            if entry is None:
                value, goal_name = measured.value(method, measure)
                said = measured.warnings(method, measure)
                entry = ledger.put(
                    key, value=value, target=goal_name, **({"warnings": said} if said else {})
                )
            for warning in entry.get("warnings", ()):
                warned.setdefault(warning, {}).setdefault(method.label, set()).add(number)
            row = {"picture": number, "name": name, "target": entry["target"]}
            row |= {"method": method.label, "measure": measure.label, "value": entry["value"]}
            rows.append(row)
            if len(rows) == (number + 1) * len(requested) * len(cards):
                table = Table(tuple(rows), better, _summed_up(warned))
            yield Progress(len(rows) / total, table, f"{name}: {method.label}")


@dataclass
class _PictureMeasures:
    """All measures of all methods on one picture; what they share is computed once."""

    engine: Engine
    blocks: Blocks
    number: int
    goal: TargetLike
    mask: Any
    seed: int
    network: str
    memo: Memo = field(default_factory=dict)
    said: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    @property
    def picture(self) -> Picture:
        """The picture that is measured."""
        return self.blocks.picture(self.number)

    def key(self, method: _Request, measure: _Request) -> str:
        """What a value is found again by, of all that it depends on."""
        outline = None
        if measure.what.of == "mask":
            outline = _digest(np.asarray(self.mask).tobytes())
        picture, goal = self.picture.digest.hex(), _words(self.goal)
        context = [_FORMAT, self.network, picture, goal, outline, self.seed, self.engine.layer]
        reading = self.engine.internals.readout.options().values()
        if any(option is not None for option in reading):
            context += [_name(option) if callable(option) else repr(option) for option in reading]
        return _digest(json.dumps([*context, method.key, measure.key]).encode())

    def value(self, method: _Request, measure: _Request) -> tuple[float, str]:
        """The measure's value, and the name of the target it was taken for."""
        try:
            together = self._together(method, measure)
            target = self.blocks.target(self.number)
            if target is None:
                target = self.engine.internals.resolve_target(self.picture, self.goal)
            return self._taken(method, measure, target, together), target.name
        except ExplanationError as error:
            raise ExplanationError(
                f"{measure.label} of {method.label} on {self.picture.name!r}: {error}"
            ) from error

    def warnings(self, method: _Request, measure: _Request) -> list[str]:
        """What was said of the method's map, and of the measure."""
        of_map = self.said.get((method.label, ""), ())
        return [*of_map, *self.said.get((method.label, measure.label), ())]

    def _together(self, method: _Request, measure: _Request) -> Attribution | None:
        """The method's map, where it is made together with those of other pictures."""
        if measure.what.of == "method" or callable(method.what) or method.what == "random":
            return None
        return self.blocks.attribution(self.number, method.label, method.what, method.parameters)

    def _taken(
        self, method: _Request, measure: _Request, target: Target, together: Attribution | None
    ) -> float:
        card: Measure = measure.what
        # A seed for this measure and picture, whatever the order in which values are taken.
        words = [self.seed, self.picture.digest.hex(), measure.label]
        drawn = int(_digest(json.dumps(words).encode())[:12], 16)
        given = {"seed": drawn, "memo": self.memo, "target": target}
        keywords = {name: value for name, value in given.items() if card.takes(name)}
        keywords |= measure.parameters
        explain = partial(_explain, method=method, seed=self.seed)
        subjects: tuple[Any, ...] = (self.engine, self.picture, explain)
        if card.of != "method":
            attribution = together
            if attribution is None:
                explanation = partial(explain, self.engine, self.picture, target)
                attribution = once(self.memo, ("explanation", method.label), explanation)
            self.said[method.label, ""] = attribution.warnings
            subjects = {
                "map": (self.engine, self.picture, attribution),
                "mask": (attribution, self.mask),
                "values": (attribution,),
            }[card.of]
        found = card.function(*subjects, **keywords)
        self.said[method.label, measure.label] = tuple(getattr(found, "warnings", ()))
        return card.read(found)


def _summed_up(warned: Mapping[str, Mapping[str, set[int]]]) -> tuple[str, ...]:
    return tuple(
        f"{', '.join(methods)} ({len(set().union(*methods.values()))} picture(s)): {warning}"
        for warning, methods in warned.items()
    )


def _explain(
    engine: Engine, picture: Picture, target: Target, *, method: _Request, seed: int
) -> Attribution:
    if method.what == "random":
        return random_map(picture, target, seed)
    parameters = dict(method.parameters)
    layer = parameters.pop("layer", None)
    return explained(engine, picture, method.what, target, layer, parameters)


def _listed(name: str, specs: Any) -> list[Any]:
    """Several methods or measures, in a list."""
    one = isinstance(specs, str) or callable(specs)
    if isinstance(specs, tuple) and len(specs) == 2 and isinstance(specs[1], Mapping):
        one = True
    if one or not isinstance(specs, Iterable) or isinstance(specs, Mapping):
        way_out = f": [{specs!r}]" if isinstance(specs, (str, tuple)) else ""
        what = f"{brief(specs)}, only one" if one else brief(specs)
        raise ExplanationError(f"{name} is {what}; expected a list of them{way_out}")
    return list(specs)


def _method(engine: Engine, spec: Any, seed: int) -> _Request:
    """A method of the request, its parameters checked and the seed among them if it takes one."""
    if callable(spec):
        return _Request(_name(spec), spec)
    name, parameters = _named("method", spec)
    if name == "random":
        if parameters:
            raise ExplanationError(f"random takes no parameters; got {', '.join(parameters)}")
        return _Request("random", "random")
    card = find(name, engine.methods, ["random"])
    own = {k: v for k, v in parameters.items() if k != "layer" or not card.takes_layer}
    resolved = card.resolve(own)
    if "seed" in resolved:
        resolved["seed"] = own.get("seed", seed)
    return _Request(_label(name, parameters), name, {**resolved, **parameters})


def _measure(spec: Any) -> _Request:
    """A measure of the request, its parameters' names checked."""
    if callable(spec):

        def own(engine: Engine, picture: Picture, attribution: Any, *, target: Target) -> float:
            return float(spec(engine, picture, attribution, target))

        return _Request(_name(spec), Measure(_name(spec), _name(spec), "", own))
    name, parameters = _named("measure", spec)
    card = find_measure(name)
    card.check(parameters)
    return _Request(_label(name, parameters), card, parameters)


def _named(kind: str, spec: Any) -> tuple[str, Mapping[str, Any]]:
    match spec:
        case str():
            return spec, {}
        case tuple((str(name), Mapping() as parameters)):
            return name, dict(parameters)
    raise ExplanationError(
        f"{kind} {brief(spec)}; expected a name, (name, parameters as a dict) or a function"
    )


def _name(function: Any) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def _label(name: str, parameters: Mapping[str, Any]) -> str:
    written = ", ".join(f"{k}={v!r}" for k, v in parameters.items())
    return f"{name}({written})" if written else name


def _check_labels(kind: str, labels: Sequence[str]) -> None:
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if not labels or twice is not None:
        problem = "is empty" if twice is None else f"holds {twice!r} twice"
        raise ExplanationError(f"{kind} {problem}; expected at least one, each of its own name")


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
