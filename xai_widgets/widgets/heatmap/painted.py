"""What the network says of the painted picture, and why: steps for an engine's worker."""

from __future__ import annotations

from collections.abc import Iterator
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


Answer = npt.NDArray[np.float32] | Explained | NoMap


def painted_picture(picture: Picture, painting: Painting, mask: Mask, fill: Fill) -> Picture:
    """The picture as it is painted: its input, and its pixels as a person sees them."""
    pixels = np.where(mask[..., None], painting.pixels(fill), picture.pixels)
    name = f"{picture.name}, painted".lstrip(", ")
    return replace(picture, input=painting.input(mask, fill), pixels=pixels, name=name)


def answers(
    engine: Engine,
    picture: Picture,
    painting: Painting,
    mask: Mask,
    fill: Fill,
    request: Request | None,
) -> Iterator[Progress[Answer | None]]:
    """The class probabilities (C,) first, then the map that is asked for, as it refines."""
    probabilities = painting.probabilities(engine, mask, fill)
    yield Progress(0.5 if request else 1.0, probabilities)
    for step in maps(engine, picture, painting, mask, fill, request):
        yield Progress(0.5 + step.fraction / 2, step.result)


def maps(
    engine: Engine,
    picture: Picture,
    painting: Painting,
    mask: Mask,
    fill: Fill,
    request: Request | None,
) -> Iterator[Progress[Answer | None]]:
    """The map of the painted picture, as it refines; none where none is asked for."""
    if request is None:
        return
    try:
        painted = painted_picture(picture, painting, mask, fill)
        for step in explanation(engine, painted, request):
            yield Progress(step.fraction, step.result)
    except ExplanationError as problem:
        yield Progress(1.0, NoMap(str(problem)))
