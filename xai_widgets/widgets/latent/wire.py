"""What travels between a LatentExplorer and its browser half.

A neighbour is known by its number within a distillation, −1 is the picture itself; a distillation
by its `run`, the `seq` of its frame.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from typing_extensions import NotRequired, TypedDict

from xai_widgets.widgets.base.wire import ClassScore, FrameTarget, Picture, QuantisedMap, Unit


class JudgedPicture(Picture):
    """A picture, and what the network says of it: (class, probability) of the classes that were
    likely at first and of the likeliest now, and the latter's index and name.
    """

    chances: Sequence[tuple[int, float]]
    label: int
    label_name: str


class Reconstruction(TypedDict):
    """The trait `reconstruction`: what the VAE alone makes of the picture, the edited picture while
    no slider is moved, and the classes that are likely.
    """

    target: FrameTarget
    classes: Sequence[ClassScore]
    reconstruction: JudgedPicture
    rest: JudgedPicture


class RelabelFrame(TypedDict):
    """The trait `frame`: a distillation. `maps` are by read-out; of the neighbours, `scores`,
    `coordinate` and `probability` are float32, `kept` is uint8, one each.
    """

    seq: int
    target: FrameTarget
    maps: Mapping[str, QuantisedMap]
    scores: bytes
    coordinate: bytes
    kept: bytes
    probability: bytes
    count: int
    sentence: str
    warnings: Sequence[str]
    fidelity: float | None
    kept_share: float | None
    scale: float | None
    error: float | None
    keeps_label: bool
    partial: bool
    fraction: float
    seconds: float


class SliderEnd(Picture):
    """What is at an end of a slider: a small picture, and what the network takes it for."""

    label_name: str
    probability: float | None


class SliderChange(TypedDict):
    """The class whose probability (or number) differs most between the ends, and by how much it is
    more at the high one.
    """

    name: str
    by: float
    unit: NotRequired[Unit]


class SliderRow(TypedDict):
    """A slider. `flip` is where the label turns, `becomes` the class it turns to; `ends` are what
    is at its low and its high end, `change` what is different there.
    """

    name: str
    low: float
    high: float
    weight: float | None
    flip: float | None
    becomes: NotRequired[str | None]
    ends: NotRequired[Sequence[SliderEnd]]
    change: NotRequired[SliderChange]


class Sliders(TypedDict):
    """The trait `sliders`. `better`: those of more neighbours wait until they are asked for."""

    run: int
    shown: Sequence[SliderRow]
    better: bool


class Edited(JudgedPicture):
    """The trait `edited`: the picture where the sliders stand. `answer` counts the moves."""

    values: Sequence[float]
    neighbour: int
    run: int
    score: float | None
    answer: int


class NeighbourPicture(Picture):
    """The picture of a neighbour."""

    neighbour: int


class LatentSaved(JudgedPicture):
    """An item of `frames`: a position of a slider, or a neighbour."""

    slider: NotRequired[int]
    value: NotRequired[float]
    neighbour: NotRequired[int]
    score: float | None


class NeighboursMessage(TypedDict):
    """To the browser: pictures of neighbours, their data in buffers."""

    kind: Literal["neighbours"]
    run: int
    pictures: Sequence[NeighbourPicture]
