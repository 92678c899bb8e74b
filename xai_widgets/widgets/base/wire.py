"""What travels between Python and the browser, for all widgets. `tools/wire.py` makes the
TypeScript of it, `js/src/core/wire.ts`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from typing_extensions import NotRequired, TypedDict

# A list of two: what JSON makes of a tuple.
Size = Annotated[Sequence[int], 2]
Interval = Annotated[Sequence[float], 2]
State = Literal["idle", "running", "error", "stopped"]


Unit = Literal["probability", "number"]


class ClassScore(TypedDict):
    """A class and its probability; with the unit "number", the network's own number in its place,
    such as an age. Without a unit it is a probability.
    """

    index: int
    name: str
    probability: float
    unit: NotRequired[Unit]


class FigureMessage(TypedDict):
    """To the browser: what is seen, as a figure; the PNG is a buffer."""

    kind: Literal["figure"]


class DropMessage(TypedDict):
    """To the browser: what takes a picture that is dropped or pasted; its module is a buffer.
    `most` are the bytes that a file may have.
    """

    kind: Literal["drop"]
    most: int


class PictureMessage(TypedDict):
    """To the kernel: the next piece of a file, in the buffer, that was dropped onto the view `by`.
    `size` is that of the whole file, `at` where the piece begins.
    """

    kind: Literal["picture"]
    by: str
    name: str
    size: int
    at: int


class DroppedMessage(TypedDict):
    """To the browser: the file that the view `by` has sent is shown now, or `failed`, why not."""

    kind: Literal["dropped"]
    by: str
    name: NotRequired[str]
    failed: NotRequired[str]


class Prediction(TypedDict):
    """The most probable classes, the first one first."""

    top: Sequence[ClassScore]


class Parameter(TypedDict):
    """A parameter of a method, and the control that sets it."""

    name: str
    label: str
    kind: Literal["int", "float", "choice", "bool"]
    default: Any
    minimum: NotRequired[float | None]
    maximum: NotRequired[float | None]
    step: NotRequired[float | None]
    choices: NotRequired[Sequence[Any] | None]
    unit: NotRequired[str | None]
    help: NotRequired[str | None]


class MethodCard(TypedDict):
    """What a method is. `takes_layer`: whether a layer is chosen for it. `unavailable`: why this
    network cannot be explained by it; absent or empty where it can.
    """

    name: str
    title: str
    family: str
    cost: str
    formula: str
    citation: str
    url: NotRequired[str | None]
    shows: str
    limits: str
    space: Literal["input", "layer"]
    takes_layer: bool
    signed: bool
    anytime: bool
    parameters: Sequence[Parameter]
    unavailable: NotRequired[str | None]


class Layer(TypedDict):
    """A layer that CAM methods accept, with the height and width of its maps."""

    name: str
    size: Size
    channels: int


class Network(TypedDict):
    """The network, with the height and width of its input; `note` is what has to be known before
    its numbers are believed.
    """

    name: str
    input: Size
    note: NotRequired[str]


class Picture(TypedDict):
    """A picture in a format that browsers know; with an empty `mime`, its pixels as they are."""

    width: int
    height: int
    mime: str
    data: bytes
    name: NotRequired[str]


class FrameTarget(TypedDict):
    """What is explained; a function of the output has no index."""

    index: int | None
    name: str
    probability: float | None
    unit: NotRequired[Unit]
    score: NotRequired[float | None]


class QuantisedMap(TypedDict):
    """An (h, w) map in bytes: value = sign(s) |s|^gamma peak, with s read from the byte."""

    shape: Size
    signed: bool
    range: Interval
    peak: float
    gamma: float
    histogram: NotRequired[Sequence[int]]
    data: bytes
    state: Literal["ok", "zero", "nonfinite"]
    message: str


class MapFrame(QuantisedMap):
    """A map, and what it is a map of. `note` is what has to be known of it beside the picture."""

    method: str
    target: FrameTarget
    layer: str | None
    parameters: Mapping[str, Any]
    partial: bool
    fraction: float
    seconds: float
    note: NotRequired[str]


class Frame(MapFrame):
    """A map as the answer to the request `seq`."""

    seq: int


class Status(TypedDict):
    """What the kernel is doing: `remaining` is in seconds, `hint` is the way on or out. An error
    may be about a `parameter` of the method; with the values `instead` there would be none.
    """

    seq: int
    state: State
    message: str
    hint: str
    fraction: float | None
    seconds: float | None
    remaining: float | None
    parameter: NotRequired[str]
    instead: NotRequired[Mapping[str, Any]]
