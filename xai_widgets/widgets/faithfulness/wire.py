"""What travels between a FaithfulnessViewer and its browser half."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from typing_extensions import NotRequired, TypedDict

from xai_widgets.widgets.base.wire import FrameTarget, Interval, Picture, QuantisedMap


class Curve(TypedDict):
    """The probability of the class at each point, and the most probable classes there as pairs of
    index and probability. `low` and `high` are the band of the random maps, `interval` that of
    their areas.
    """

    probability: Sequence[float]
    auc: float
    low: NotRequired[Sequence[float]]
    high: NotRequired[Sequence[float]]
    interval: NotRequired[Interval]
    top: Sequence[Sequence[tuple[int, float]]]


class Curves(TypedDict):
    """Both curves of a map, or of several random ones. `order` has a byte for each pixel: the point
    at which it changes.
    """

    method: str
    title: str
    order: bytes
    maps: int
    insertion: Curve
    deletion: Curve


class CurvesFrame(TypedDict):
    """The curves that there are so far; `gone` is the picture with all pixels taken away."""

    seq: int
    target: FrameTarget
    baseline: str
    steps: int
    gone: Picture
    fractions: Sequence[float]
    names: Mapping[str, str]
    curves: Sequence[Curves]


class SanityStage(TypedDict):
    """The map after these layers were randomised, and how alike it still is."""

    randomised: Sequence[str]
    spearman: float | None
    ssim: float | None
    map: QuantisedMap


class Likeness(TypedDict):
    """A value of the trait `likeness`, by method: the rank correlation with the trained map at each
    stage so far, `total` in all, and their mean once they are there. `chance` is the least and
    the greatest of random maps of the same size.
    """

    spearman: Sequence[float | None]
    total: int
    mean: float | None
    chance: tuple[float | None, float | None]


class SanityCheck(TypedDict):
    """The check of a method for a class, so far: `total` stages are to come in all."""

    method: str
    title: str
    target: int
    total: int
    done: bool
    mean: float | None
    stages: Sequence[SanityStage]
