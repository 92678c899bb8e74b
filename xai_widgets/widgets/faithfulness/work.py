"""The work of a FaithfulnessViewer, free of the viewer: curves and checks, part by part.

Generators of steps for an engine's worker, and what they give as the browser receives it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xai_widgets.baselines import Baseline
from xai_widgets.errors import ExplanationError
from xai_widgets.metrics import (
    Faithfulness,
    Stage,
    baseline_input,
    cascade,
    faithfulness,
)
from xai_widgets.metrics.relevance import class_of
from xai_widgets.progress import Progress
from xai_widgets.targets import Target, TargetLike
from xai_widgets.widgets.base.explaining import Facts, facts
from xai_widgets.widgets.base.photos import picture_to_json

if TYPE_CHECKING:
    from xai_widgets.engine import Engine
    from xai_widgets.images import Picture

_KEPT = 64  # maps with their curves, about a megabyte each
_WEIGHT_OF_A_CHECK = 3  # about so many methods' curves does a check take

# A map: its method, and for a random one the seed.
Label = tuple[str, int | None]


@dataclass(frozen=True)
class Asked:
    """What a viewer's traits ask for. `check` is the method whose sanity is looked at, if one."""

    methods: tuple[str, ...]
    target: TargetLike
    baseline: Baseline
    steps: int
    stages: int
    seeds: tuple[int, ...]
    check: str | None = None

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
class Opening:
    """What is known before the first curve: the class, and the picture with all pixels gone."""

    protocol: Protocol
    target: Target
    probability: float
    gone: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Judged:
    label: Label
    protocol: Protocol
    result: Faithfulness


@dataclass(frozen=True)
class Refused:
    """Why a method has no curves here, or its check no stages."""

    label: Label
    message: str


@dataclass(frozen=True, eq=False)
class Checked:
    method: str
    target: int
    stages: tuple[Stage, ...]
    done: bool


@dataclass(frozen=True)
class Working:
    """How far all of it has come, and with what it is busy."""

    label: Label
    fraction: float
    checking: bool = False


Step = Facts | Opening | Judged | Refused | Checked | Working


@dataclass
class Known:
    """What has been computed for one picture. The least recently judged go first."""

    judged: dict[tuple[Protocol, Label], Faithfulness] = field(default_factory=dict)
    checks: dict[tuple[str, int, int], Checked] = field(default_factory=dict)

    def add(self, step: Judged) -> None:
        self.judged[step.protocol, step.label] = step.result
        while len(self.judged) > _KEPT:
            del self.judged[next(iter(self.judged))]

    def clear(self) -> None:
        self.judged.clear()
        self.checks.clear()


def judging(
    engine: Engine, picture: Picture, asked: Asked, known: Known, *, with_facts: bool
) -> Iterator[Step]:
    """Everything that is asked for and not yet known. A method that cannot be is said and passed
    over.
    """
    if with_facts:
        yield facts(engine, picture)
    target, index = class_of(engine, picture, asked.target)
    protocol = Protocol(index, asked.baseline, asked.steps)
    yield Opening(
        protocol,
        target,
        float(engine.predict(picture).probabilities[index]),
        picture_to_json(engine.pixels(baseline_input(picture, asked.baseline))[0], ""),
    )
    missing = [label for label in asked.labels if (protocol, label) not in known.judged]
    check = asked.check
    if check is not None and (check, index, asked.stages) in known.checks:
        check = None
    done, total = 0, len(missing) + _WEIGHT_OF_A_CHECK * (check is not None)
    if check is not None:
        for checked in _checking(engine, picture, check, target, index, asked):
            yield checked
            share = len(checked.stages) / (asked.stages + 1) if isinstance(checked, Checked) else 1
            yield Working((check, None), min(share, 1) * _WEIGHT_OF_A_CHECK / total, True)
        done += _WEIGHT_OF_A_CHECK
    for label in missing:
        yield Working(label, done / total)
        try:
            for step in _taking(engine, picture, label, target, asked):
                if step.result is not None:
                    yield Judged(label, protocol, step.result)
                else:
                    yield Working(label, (done + step.fraction) / total)
        except ExplanationError as problem:
            yield Refused(label, str(problem))
        done += 1


def _taking(
    engine: Engine, picture: Picture, label: Label, target: Target, asked: Asked
) -> Iterator[Progress[Faithfulness | None]]:
    method, seed = label
    return faithfulness(
        engine,
        picture,
        method,
        target=target,
        steps=asked.steps,
        baseline=asked.baseline,
        seed=seed or 0,
    )


def _checking(
    engine: Engine, picture: Picture, method: str, target: Target, index: int, asked: Asked
) -> Iterator[Checked | Refused]:
    try:
        for step in cascade(engine, picture, method, target=target, stages=asked.stages):
            yield Checked(method, index, step.result.stages, step.fraction >= 1)
    except ExplanationError as problem:
        yield Refused((method, None), str(problem))


def checks_within(
    seconds: float, engine: Engine, picture: Picture, asked: Asked, target: Target, known: Known
) -> list[Checked]:
    """The checks of all methods that are known, and of the quick ones as many as the worker makes
    in that time.
    """
    assert target.index is not None
    index = target.index
    found = {
        name: known.checks[name, index, asked.stages]
        for name in asked.methods
        if (name, index, asked.stages) in known.checks
    }
    missing = [n for n in asked.methods if n not in found and not engine.methods[n].anytime]

    def work() -> Iterator[Checked | Refused]:
        for name in missing:
            yield from _checking(engine, picture, name, target, index, asked)

    def keep(step: Checked | Refused) -> None:
        if isinstance(step, Checked) and step.done:
            found[step.method] = step

    job = engine.worker.submit(object(), work, on_step=keep)
    job.wait(seconds)
    job.cancel()
    return [found[name] for name in asked.methods if name in found]
