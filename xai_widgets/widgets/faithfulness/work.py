"""The work of a FaithfulnessViewer, and what it gives as the browser receives it: curves and sanity
checks, part by part.

Steps for an engine's worker. They hold an engine and a picture, never the viewer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from xai_widgets.attribution import Attribution
from xai_widgets.baselines import Baseline
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.images import Picture
from xai_widgets.metrics import (
    Control,
    Faithfulness,
    Randomization,
    baseline_input,
    cascade,
    curves,
    faithfulness,
    spearman,
)
from xai_widgets.metrics.relevance import class_of
from xai_widgets.progress import Progress
from xai_widgets.targets import Target, TargetLike, class_name
from xai_widgets.widgets.base import wire as shared
from xai_widgets.widgets.base.maps import finite, frame_target, map_of, picture_to_json, quantise
from xai_widgets.widgets.faithfulness.wire import Curve, Curves, CurvesFrame, Likeness, SanityCheck

_KEPT = 64  # maps with their curves, about a megabyte each
_WEIGHT_OF_A_CHECK = 3  # a check takes about as long as so many methods' curves
_SHOWN = 4  # classes at each point: three, and the target where it is not among them

Kind = Literal["insertion", "deletion"]
KINDS: tuple[Kind, ...] = ("insertion", "deletion")

# A map: its method, and for a random one the seed.
Label = tuple[str, int | None]


@dataclass(frozen=True)
class CurvesRequest:
    """What the traits of a viewer ask for. `checks` are the methods whose sanity checks are shown,
    the one with its maps first.
    """

    methods: tuple[str, ...]
    target: TargetLike
    baseline: Baseline
    steps: int
    stages: int
    seeds: tuple[int, ...]
    checks: tuple[str, ...] = ()

    @property
    def labels(self) -> list[Label]:
        """All maps in the order of work: one control, the methods, then the other controls."""
        controls: list[Label] = [("random", seed) for seed in self.seeds]
        return [*controls[:1], *((name, None) for name in self.methods), *controls[1:]]


@dataclass(frozen=True)
class Protocol:
    """What curves are comparable under."""

    target: int
    baseline: str
    steps: int


@dataclass(frozen=True, eq=False)
class Setup:
    """What all curves share: the class, its probability, and the picture with all pixels gone."""

    protocol: Protocol
    target: Target
    probability: float
    unit: shared.Unit
    gone: shared.Picture


@dataclass(frozen=True, eq=False)
class MapCurves:
    label: Label
    protocol: Protocol
    result: Faithfulness


@dataclass(frozen=True)
class Refusal:
    """Why a method has no curves here, or its check no stages."""

    method: str
    message: str


@dataclass(frozen=True, eq=False)
class Check:
    """A method's sanity check so far; `stages` are to come in all. `chance` is the least and the
    greatest rank correlation of random maps with the trained one.
    """

    method: str
    target: int
    stages: int
    result: Randomization
    done: bool
    chance: tuple[float, float]


Result = Setup | MapCurves | Refusal | Check


@dataclass
class Results:
    """What has been computed for one picture. The oldest curves go first."""

    curves: dict[tuple[Protocol, Label], Faithfulness] = field(default_factory=dict)
    checks: dict[tuple[str, int, int], Check] = field(default_factory=dict)

    def add(self, made: MapCurves | Check) -> None:
        if isinstance(made, Check):
            self.checks[made.method, made.target, made.stages] = made
            return
        self.curves[made.protocol, made.label] = made.result
        while len(self.curves) > _KEPT:
            del self.curves[next(iter(self.curves))]


def missing_results(
    engine: Engine, picture: Picture, request: CurvesRequest, results: Results
) -> Iterator[Progress[Result | None]]:
    """Everything that is asked for and not in `results`. A method that is not possible here is
    reported and passed over.
    """
    target, index = class_of(engine, picture, request.target)
    protocol = Protocol(index, request.baseline, request.steps)
    pixels = engine.internals.pixels(baseline_input(picture, request.baseline))[0]
    gone = picture_to_json(pixels, "")
    prediction = engine.predict(picture)
    yield Progress(0.0, Setup(protocol, target, prediction[index], prediction.unit, gone))
    missing = [label for label in request.labels if (protocol, label) not in results.curves]
    checks = [n for n in request.checks if (n, index, request.stages) not in results.checks]
    done, total = 0, len(missing) + _WEIGHT_OF_A_CHECK * len(checks)
    for check in checks:
        words = f"{engine.methods[check].title}: randomising the network"
        for step in _check_steps(engine, picture, check, target, request):
            fraction = (done + step.fraction * _WEIGHT_OF_A_CHECK) / total
            yield Progress(fraction, step.result, words)
        done += _WEIGHT_OF_A_CHECK
    for name, seed in missing:
        title = "Random map" if name == "random" else engine.methods[name].title
        words, options = f"{title}: curves", asdict(protocol) | {"target": target}
        yield Progress(done / total, None, words)
        try:
            for part in faithfulness(engine, picture, name, seed=seed or 0, **options):
                done_so_far, result = (done + part.fraction) / total, part.result
                made = None if result is None else MapCurves((name, seed), protocol, result)
                yield Progress(done_so_far, made, words)
        except ExplanationError as problem:
            yield Progress((done + 1) / total, Refusal(name, str(problem)), words)
        done += 1


def _check_steps(
    engine: Engine, picture: Picture, method: str, target: Target, request: CurvesRequest
) -> Iterator[Progress[Check | Refusal]]:
    assert target.index is not None
    try:
        chance: tuple[float, float] | None = None
        for step in cascade(engine, picture, method, target=target, stages=request.stages):
            chance = chance or _chance(step.result.stages[0].attribution, request.seeds)
            done = step.fraction >= 1
            check = Check(method, target.index, request.stages, step.result, done, chance)
            yield Progress(step.fraction, check)
    except ExplanationError as problem:
        yield Progress(1.0, Refusal(method, str(problem)))


def _chance(trained: Attribution, seeds: Sequence[int]) -> tuple[float, float]:
    values = trained.grid()
    drawn = (np.random.default_rng(seed).random(values.shape) for seed in seeds)
    found = [spearman(values, each) for each in drawn]
    return min(found), max(found)


def missing_checks(
    engine: Engine, picture: Picture, request: CurvesRequest, target: Target, results: Results
) -> Iterator[Progress[Check | Refusal]]:
    """The checks of the quick methods that are not in `results`."""
    assert target.index is not None
    for name in request.methods:
        key = name, target.index, request.stages
        if key not in results.checks and not engine.methods[name].anytime:
            yield from _check_steps(engine, picture, name, target, request)


# As the browser receives it.


def frame_of_curves(
    engine: Engine, seq: int, setup: Setup, curves: Mapping[str, Faithfulness | Control]
) -> CurvesFrame:
    """The `frame` of a FaithfulnessViewer.

    Each pixel travels as the point (1 to K, one byte) at which it changes: with the picture and
    the picture gone, a browser puts together what the network was given at any point.
    """
    protocol = setup.protocol
    shown = [_curves_json(name, given, protocol.target) for name, given in curves.items()]
    indices = {i for own in shown for kind in KINDS for top in own[kind]["top"] for i, _ in top}
    count = max(indices, default=0) + 1
    points = next((_first(given).insertion.fraction for given in curves.values()), np.zeros(0))
    return {
        "seq": seq,
        "baseline": protocol.baseline,
        "steps": protocol.steps,
        "target": frame_target(
            setup.target.index, setup.target.name, finite(setup.probability), setup.unit
        ),
        "gone": setup.gone,
        "fractions": [round(float(share), 6) for share in points],
        "names": {
            str(i): class_name(i, engine.class_names, max(count, i + 1)) for i in sorted(indices)
        },
        "curves": shown,
    }


def _curves_json(name: str, given: Faithfulness | Control, target: int) -> Curves:
    first = _first(given)
    order = first.insertion.point_of_change()
    return {
        "method": name,
        "title": "Random" if name == "random" else first.attribution.title,
        "order": np.ascontiguousarray(order, dtype=np.uint8).tobytes(),
        "maps": len(given.maps) if isinstance(given, Control) else 1,
        "insertion": _curve_json(given, "insertion", target),
        "deletion": _curve_json(given, "deletion", target),
    }


def _first(given: Faithfulness | Control) -> Faithfulness:
    return given.maps[0] if isinstance(given, Control) else given


def _curve_json(given: Faithfulness | Control, kind: Kind, target: int) -> Curve:
    curve: curves.Curve = getattr(_first(given), kind)
    top = [_top(row, target) for row in curve.probabilities]
    if not isinstance(given, Control):
        probability = _numbers(curve.probability)
        return {"probability": probability, "auc": round(curve.auc, 6), "top": top}
    mean, low, high = (_numbers(values) for values in given.band(kind))
    auc = given.auc(kind)
    return {
        "probability": mean,
        "auc": round(auc.mean, 6),
        "low": low,
        "high": high,
        "interval": [round(auc.low, 6), round(auc.high, 6)],
        "top": top,
    }


def _numbers(values: Sequence[float] | np.ndarray[Any, Any]) -> list[float]:
    return [round(float(value), 5) for value in values]


def _top(probabilities: np.ndarray[Any, Any], target: int) -> list[tuple[int, float]]:
    order = np.argsort(-probabilities, kind="stable")[:_SHOWN].tolist()
    if target not in order:
        order[-1] = target
    return [(int(i), round(float(probabilities[i]), 5)) for i in order]


def likeness_to_json(check: Check) -> Likeness:
    """The numbers of a sanity check as the browser receives them."""
    stages = check.result.stages
    low, high = check.chance
    return {
        "spearman": [finite(stage.spearman) for stage in stages],
        "total": len(stages) if check.done else check.stages + 1,
        "mean": finite(check.result.spearman) if check.done else None,
        "chance": (finite(low), finite(high)),
    }


def check_to_json(check: Check) -> SanityCheck:
    """A sanity check as the browser receives it."""
    stages = check.result.stages
    signed = any(float(stage.attribution.values.min()) < 0 for stage in stages)
    return {
        "method": check.method,
        "title": stages[0].attribution.title,
        "target": check.target,
        "total": len(stages) if check.done else check.stages + 1,
        "done": check.done,
        "mean": finite(check.result.spearman) if check.done else None,
        "stages": [
            {
                "randomised": list(stage.layers),
                "spearman": finite(stage.spearman),
                "ssim": finite(stage.ssim),
                "map": quantise(map_of(stage.attribution), signed=signed),
            }
            for stage in stages
        ],
    }


def panel_of(frame: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    """One kind of curve of all methods in a `frame`, as a figure draws it."""
    lines = [
        {
            "title": shown["title"],
            "x": frame["fractions"],
            "y": shown[kind]["probability"],
            "low": shown[kind].get("low"),
            "high": shown[kind].get("high"),
            "auc": shown[kind]["auc"],
            "control": shown["method"] == "random",
        }
        for shown in frame["curves"]
    ]
    unit = frame["target"].get("unit", "probability")
    return {"title": kind.capitalize(), "lines": lines, "unit": unit}
