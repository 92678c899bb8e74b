"""What travels between a DatasetExplorer and its browser half.

A saved page has the same messages as items of the trait `frames`, with their bytes in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from typing_extensions import NotRequired, TypedDict

from xai_widgets.widgets.base.wire import ClassScore, Interval, Picture, QuantisedMap


class StudyHead(TypedDict):
    """The trait `head`: what does not change while the study runs. `able`: whether the network and
    the pictures are there.
    """

    name: str
    count: int
    classes: Sequence[str]
    method: str
    title: str
    signed: bool
    folder: str
    metadata: Sequence[str]
    able: bool


class DatasetColumn(TypedDict):
    """A column of rows `start` to `stop`. Forms: float16, float32, uint16, uint32, bits (the
    highest bit of a byte first), and text (UTF-8, lines). With `values`, numbers are places in it.
    The largest number is that of nothing.
    """

    name: str
    form: Literal["f2", "f4", "u2", "u4", "bits", "text"]
    values: NotRequired[Sequence[str]]
    data: bytes


class ColumnsMessage(TypedDict):
    """Columns of some rows; one buffer each."""

    kind: Literal["columns"]
    start: int
    stop: int
    columns: Sequence[DatasetColumn]


class RowSet(TypedDict):
    """A slice or a suspicion, its rows as bits. Shares are null where there are none; `box` is the
    region as shares of the picture: left, top, width, height.
    """

    id: str
    family: Literal["slice", "suspicion", "named", "group"]
    title: str
    note: str
    count: int
    accuracy: float | None
    interval: Interval | None
    lift: float | None
    effect: float | None
    control: float | None
    box: Sequence[float] | None
    first: Sequence[int]
    data: bytes


class SetsMessage(TypedDict):
    """What was found of one kind; one buffer each. `words` say what came of looking."""

    kind: Literal["sets"]
    reading: str
    words: str
    partial: bool
    sets: Sequence[RowSet]


class ReadingMessage(TypedDict):
    """How far a reading is, or why there is none."""

    kind: Literal["reading"]
    reading: str
    busy: bool
    words: str


class PointsMessage(TypedDict):
    """Similarity: x and y of each row (float32, nan for those not computed)."""

    kind: Literal["points"]
    method: Literal["tsne", "pca"]
    data: bytes


class OrderMessage(TypedDict):
    """The classes (uint16), those that are taken for each other beside each other."""

    kind: Literal["order"]
    data: bytes


class PackedMaps(TypedDict):
    """Maps one after another, each as of QuantisedMap; an empty one has the shape 0, 0."""

    shapes: Sequence[int]
    peaks: Sequence[float]
    signed: Sequence[bool]
    data: bytes


class PicturesMessage(TypedDict):
    """Pictures: JPEGs one after another with their ends, and maps. Two buffers. `more`: others that
    the same question asked for follow.
    """

    kind: Literal["pictures"]
    rows: Sequence[int]
    ends: Sequence[int]
    gamma: float
    data: bytes
    maps: PackedMaps
    more: NotRequired[bool]


class GroupsMessage(TypedDict):
    """Groups of the maps of `of_rows` rows, the largest first: their rows, and each one's mean map.
    `stability` is the mean adjusted Rand index over resampled rows, null of one group.
    """

    kind: Literal["groups"]
    of: Literal["features", "maps"]
    of_rows: int
    stability: float | None
    words: str
    gamma: float
    sets: Sequence[RowSet]
    maps: PackedMaps


class MeansMessage(TypedDict):
    """Mean maps of cells of the confusion: label and prediction of each; and of each of `labels`
    the mean map of what is answered right, less that of what is not. `words` say whether the
    pictures lie alike.
    """

    kind: Literal["means"]
    words: str
    gamma: float
    cells: Sequence[Sequence[int]]
    maps: PackedMaps
    labels: Sequence[int]
    differences: PackedMaps


class VerdictsMessage(TypedDict):
    """The verdict on each row (uint16), as a place in `words`; the largest number is none."""

    kind: Literal["verdicts"]
    words: Sequence[str]
    data: bytes


class DetailMessage(TypedDict):
    """One row: its picture as the network sees it in the buffer, if there is one."""

    kind: Literal["detail"]
    row: int
    top: Sequence[ClassScore]
    neighbours: Sequence[int]
    words: str
    picture: NotRequired[Picture]


class NearestMessage(TypedDict):
    """Of a saved page: the nearest rows of each of `rows`, `each` of them (uint32)."""

    kind: Literal["nearest"]
    rows: Sequence[int]
    each: int
    data: bytes


class RowMapMessage(TypedDict):
    """The map of a row for its label, or why there is none."""

    kind: Literal["map"]
    row: int
    words: str
    map: NotRequired[QuantisedMap]


class ExperimentMessage(TypedDict):
    """What became of the answers when a place was covered."""

    kind: Literal["experiment"]
    words: str
    busy: bool
    survives: NotRequired[bool]
    values: NotRequired[Sequence[float]]


class OpenedMessage(TypedDict):
    """A viewer of one row that was opened, as a model of the host; or why not."""

    kind: Literal["opened"]
    row: int
    viewer: str
    model: str
    words: str


class ViewsMessage(TypedDict):
    """The part of the browser half that shows confusion, similarity and other viewers: a module."""

    kind: Literal["views"]
    data: bytes


class DatasetFilter(TypedDict, total=False):
    """The trait `filter`: by column a value, several of them, or a range; and what is searched for,
    and rows by number.
    """

    search: str
    rows: Sequence[int]
    label: Any
    prediction: Any
    correct: bool
    verdict: Any
