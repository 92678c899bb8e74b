"""What the network says of the painted picture, and why: steps for an engine's worker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.images import Picture
from xai_widgets.progress import Progress
from xai_widgets.widgets.base.explaining import Explained, Request, explanation
from xai_widgets.widgets.heatmap.painting import Fill, Mask, Painting

# When the map of the painted picture comes: with the answer to every stroke, once the stroke has
# ended, or never.
MapTime = Literal["now", "after", "never"]

QUICK_SECONDS = 0.15  # of a method whose map is made while somebody paints


@dataclass(frozen=True)
class NoMap:
    """There is no map of the painted picture, and why."""

    words: str


@dataclass(frozen=True)
class OfPainted:
    """A map of the painted picture: the first, or the second of two. `more`: the second follows."""

    explained: Explained
    second: bool = False
    more: bool = False


Answer = npt.NDArray[np.float32] | OfPainted | NoMap


def painted_picture(painting: Painting, mask: Mask, fill: Fill) -> Picture:
    """The picture as it is painted: its input, and its pixels as a person sees them."""
    picture = painting.picture
    pixels = np.where(mask[..., None], painting.pixels(fill), picture.pixels)
    name = f"{picture.name}, painted".lstrip(", ")
    return replace(picture, input=painting.input(mask, fill), pixels=pixels, name=name)


def answers(
    engine: Engine, painting: Painting, mask: Mask, fill: Fill, requests: Sequence[Request]
) -> Iterator[Progress[Answer | None]]:
    """The class probabilities (C,) first, then the maps that are asked for, as they refine."""
    probabilities = painting.probabilities(engine, mask, fill)
    yield Progress(0.5 if requests else 1.0, probabilities)
    for step in maps(engine, painting, mask, fill, requests):
        yield Progress(0.5 + step.fraction / 2, step.result)


def maps(
    engine: Engine, painting: Painting, mask: Mask, fill: Fill, requests: Sequence[Request]
) -> Iterator[Progress[Answer | None]]:
    """The map of the painted picture, or two of them, as they refine; or none."""
    if not requests:
        return
    try:
        painted = painted_picture(painting, mask, fill)
        for number, request in enumerate(requests):
            more = number + 1 < len(requests)
            for step in explanation(engine, painted, request):
                made = None
                if step.result is not None:
                    made = OfPainted(step.result, second=number > 0, more=more)
                yield Progress((number + step.fraction) / len(requests), made)
    except ExplanationError as problem:
        yield Progress(1.0, NoMap(str(problem)))
