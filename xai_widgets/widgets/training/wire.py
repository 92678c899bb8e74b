"""What travels between a TrainingMonitor and its browser half."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from typing_extensions import NotRequired, TypedDict

from xai_widgets.widgets.base.wire import ClassScore, QuantisedMap


class TrainingPlan(TypedDict):
    """The trait `plan`. `steps` are those of an epoch, `weight` that of the regularisation."""

    epochs: int
    steps: int
    weight: float
    regularised: bool


class LossCurve(TypedDict):
    """The trait `loss`: `x` in shares of the training, each term at these points."""

    x: Sequence[float]
    total: Sequence[float | None]
    classification: Sequence[float | None]
    regularization: Sequence[float | None]


class EpochMeasures(TypedDict):
    """An item of the trait `epochs`: what was measured after an epoch."""

    epoch: int
    accuracy: float | None
    test_accuracy: float | None
    cosine: float | None


class TrainingStep(TypedDict):
    """The trait `step`: the latest step. Terms that are not finite are left out."""

    epoch: int
    step: int
    accuracy: NotRequired[float | None]
    learning_rate: NotRequired[float]
    total: NotRequired[float]
    classification: NotRequired[float]
    regularization: NotRequired[float]


class GradientMap(QuantisedMap, total=False):
    """A gradient; or only the `error` that says why there is none."""

    error: str


class PictureGradients(TypedDict):
    """A picture after an epoch: what the network says of it, its plain and its guided gradient."""

    top: ClassScore
    right: bool
    cosine: float | None
    maps: Sequence[GradientMap]


class GradientLook(TypedDict):
    """The trait `frame`, and an item of `frames`: the gradients after so many epochs."""

    seq: NotRequired[int]
    epoch: int
    pictures: Sequence[PictureGradients]


class LookMessage(TypedDict):
    """To the browser: a look that was made before the view listened, its maps' data in buffers."""

    kind: Literal["look"]
    frame: GradientLook
