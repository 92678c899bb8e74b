"""The sanity checks of methods, one number each: steps for an engine's worker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xai_widgets.engine import Engine
from xai_widgets.images import Picture
from xai_widgets.progress import Progress
from xai_widgets.targets import TargetLike
from xai_widgets.widgets.base.explaining import passed_over

_STAGES = 5  # groups of layers: a number is wanted, not a curve


@dataclass(frozen=True)
class Likeness:
    """The mean likeness of a method's map to that of random weights; nan where there is none."""

    method: str
    mean: float


def likenesses(
    engine: Engine, picture: Picture, target: TargetLike, names: Sequence[str]
) -> Iterator[Progress[Likeness | None]]:
    """Check each of these methods: see `metrics.model_randomization`. One that cannot be checked,
    or a user's own that fails, has no number.
    """
    from xai_widgets.metrics.sanity import cascade  # a view's first picture does not wait for it

    for name in names:
        mean = float("nan")
        with passed_over(engine.methods[name]):
            for step in cascade(engine, picture, name, target=target, stages=_STAGES):
                mean = step.result.spearman if step.fraction >= 1 else mean
                yield Progress(step.fraction, None)
        yield Progress(1.0, Likeness(name, mean))
