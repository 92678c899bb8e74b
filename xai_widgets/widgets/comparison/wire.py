"""What travels between a GradientComparison and its browser half.

A cell is known by its row and method, an answer by the `key` of its request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from typing_extensions import NotRequired, TypedDict

from xai_widgets.widgets.base.wire import ClassScore, FrameTarget, MapFrame, Picture


class NetworkRow(TypedDict):
    """An item of the trait `rows`: a network's name, and the share it gets right, if given."""

    name: str
    accuracy: float | None


class MeasureDescription(TypedDict):
    """An item of the trait `measure_descriptions`: what is measured of a map."""

    name: str
    title: str
    help: str


class NetworkPrediction(TypedDict):
    """What a network says of the picture, or only the `error` that says why it says nothing.

    `photo` is the picture as the network was given it, left out where the first network's is the
    same.
    """

    row: int
    input: NotRequired[tuple[int, int]]
    top: NotRequired[Sequence[ClassScore]]
    target: NotRequired[FrameTarget]
    exact: NotRequired[bool]
    photo: NotRequired[Picture]
    error: NotRequired[str]


class CellFrame(MapFrame):
    """A map in the grid; or its row and method, and the `error` that says why there is none."""

    row: int
    error: NotRequired[str]


class CellMeasures(TypedDict):
    """The measures of a cell by name, None where one is not defined."""

    row: int
    method: str
    values: Mapping[str, float | None]


class ComparisonSaved(TypedDict):
    """An item of `frames`: an answer in a saved page."""

    key: str
    picture_index: int
    noise: float
    predictions: Sequence[NetworkPrediction]
    cells: Sequence[CellFrame]
    measures: Sequence[CellMeasures]


class PredictionMessage(TypedDict):
    """To the browser: what a network says, its photo's data in a buffer."""

    kind: Literal["prediction"]
    key: str
    prediction: NetworkPrediction


class CellMessage(TypedDict):
    """To the browser: a cell, its data in a buffer."""

    kind: Literal["cell"]
    key: str
    frame: CellFrame


class MeasuresMessage(CellMeasures):
    """To the browser: measures of a cell, in addition to those it has."""

    kind: Literal["measures"]
    key: str


class ForgetMessage(TypedDict):
    """To the browser: no answer holds any more."""

    kind: Literal["forget"]
