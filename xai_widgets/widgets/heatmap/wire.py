"""What travels between a HeatmapViewer and its browser half, beyond what all widgets share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from typing_extensions import NotRequired, TypedDict

from xai_widgets.widgets.base.wire import Frame, Picture


class Photograph(Picture):
    """The trait `photograph`: the whole of what the `picture` was made of, at most some 1600 pixels
    large. `window` is the part that the network was given, in shares: left, top, width, height.
    Its data, which no notebook is to keep, comes as a message; a saved page has it here.
    """

    window: Annotated[Sequence[float], 4]
    key: str


class PhotographMessage(TypedDict):
    """The data of the photograph with this key, in the buffer."""

    kind: Literal["photograph"]
    key: str


class PrefetchedMessage(TypedDict):
    """A map that nobody has asked for yet; its data is in the buffer."""

    kind: Literal["prefetched"]
    frame: Frame


class BrushMessage(TypedDict):
    """The brush. Buffers: its module, the blurred picture (`mime`), the probabilities of the
    unpainted picture, and what is painted now: the mask's runs and its probabilities.
    """

    kind: Literal["brush"]
    fills: Sequence[str]
    mean: Sequence[int]
    mime: str
    fill: NotRequired[str | None]


class PaintRequest(TypedDict):
    """A stroke of the view `by`, its mask's runs in the buffer. An empty mask clears. The answer
    is filled up with `full` bytes without meaning, so that it fills a packet and comes sooner.
    `ended`: nobody paints now, and a map that takes its time may be made.
    """

    kind: Literal["paint"]
    by: str
    seq: int
    fill: str
    full: NotRequired[int]
    ended: NotRequired[bool]


class PaintedMessage(TypedDict):
    """The answer to a stroke, for all views. Buffers: the class probabilities, and the mask's
    runs. `map`: a map of the painted picture follows now, after the stroke, or never.
    """

    kind: Literal["painted"]
    by: str
    seq: int
    fill: str
    failed: NotRequired[bool]
    map: NotRequired[Literal["now", "after", "never"]]


class PaintedMapMessage(TypedDict):
    """A map of the painted picture, its data in the buffer, or `failed`, the words why there is
    none. Where two maps are compared it is the first or the `second`; `more`: that one follows.
    """

    kind: Literal["painted_map"]
    by: str
    seq: int
    frame: NotRequired[Frame]
    second: NotRequired[bool]
    more: NotRequired[bool]
    failed: NotRequired[str]
