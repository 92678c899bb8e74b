"""One method before both curves, step by step, and the random control that it must beat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from xai_widgets.attribution import Attribution
from xai_widgets.engine import Engine
from xai_widgets.metrics.curves import Curve, deletion, insertion
from xai_widgets.metrics.masking import Baseline
from xai_widgets.metrics.relevance import Floats, class_of, random_map
from xai_widgets.metrics.table import Interval
from xai_widgets.targets import TargetLike


@dataclass(frozen=True, eq=False)
class Faithfulness:
    """A method's map of a picture, and the two curves that its order of pixels gives."""

    method: str
    attribution: Attribution
    insertion: Curve
    deletion: Curve


@dataclass(frozen=True, eq=False)
class Control:
    """What several random maps give: the curve that says nothing, and how much it scatters."""

    maps: tuple[Faithfulness, ...]

    def band(self, kind: Literal["insertion", "deletion"]) -> tuple[Floats, Floats, Floats]:
        """Mean, least and greatest probability over the maps, each (K + 1,)."""
        every = np.stack([getattr(each, kind).probability for each in self.maps])
        return every.mean(0), every.min(0), every.max(0)

    def auc(self, kind: Literal["insertion", "deletion"]) -> Interval:
        """The mean area over the maps; low and high are the least and the greatest."""
        areas = [getattr(each, kind).auc for each in self.maps]
        mean = float(np.mean(areas))
        return Interval("random", kind, mean, min(areas), max(areas), len(areas), 0)


def faithfulness(
    engine: Engine,
    image: object,
    method: str,
    *,
    target: TargetLike = None,
    steps: int = 25,
    baseline: Baseline = "blur",
    seed: int = 0,
    **parameters: Any,
) -> Iterator[float | Faithfulness]:
    """Explain the picture, then take both curves with one baseline. Numbers in between are the
    share done; the last is the result.

    method: of the engine, or ``"random"``, a map of noise drawn from the seed. Raises
    ExplanationError as `Engine.explain`, `insertion` and `deletion` do.
    """
    picture = engine.picture(image)
    resolved, _ = class_of(engine, picture, target)
    if method == "random":
        attribution = random_map(picture, resolved, seed)
    else:
        for progress in engine.stream(picture, method, target=resolved, **parameters):
            attribution = progress.attribution
            yield progress.fraction / 3
    inserted = insertion(
        engine, picture, attribution, target=resolved, steps=steps, baseline=baseline
    )
    yield 2 / 3
    deleted = deletion(
        engine, picture, attribution, target=resolved, steps=steps, baseline=baseline
    )
    yield Faithfulness(method, attribution, inserted, deleted)
