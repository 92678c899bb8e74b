"""The colours a value can take: perceptually uniform ramps, and diverging ones centred on zero."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import matplotlib as mpl
import numpy as np
import numpy.typing as npt

from xai_widgets.errors import ExplanationError, nearest

__all__ = ["CENTRE", "COLORMAPS", "Colormap", "lut", "resolve_colormap"]

CENTRE = 128  # the entry of a diverging table that holds exact zero; 1 and 255 are the two ends


@dataclass(frozen=True)
class Colormap:
    """A table of colours: its matplotlib ``name``, a ``title``, and whether zero sits inside."""

    name: str
    title: str
    diverging: bool


COLORMAPS: dict[str, Colormap] = {
    colormap.name: colormap
    for colormap in (
        Colormap("inferno", "Inferno", diverging=False),
        Colormap("viridis", "Viridis", diverging=False),
        Colormap("cividis", "Cividis", diverging=False),
        Colormap("gray", "Grey", diverging=False),
        Colormap("coolwarm", "Blue to red", diverging=True),
        Colormap("BrBG", "Brown to teal", diverging=True),
        Colormap("berlin", "Blue to red, dark centre", diverging=True),
    )
}


def resolve_colormap(name: str, *, signed: bool) -> Colormap:
    """Return the colormap called ``name``; ``"auto"`` is diverging for signed maps, else inferno.

    Raises ``ExplanationError`` for a name that is not in ``COLORMAPS``.
    """
    if name == "auto":
        name = "coolwarm" if signed else "inferno"
    if name not in COLORMAPS:
        raise ExplanationError(
            f"colormap is {name!r}, which is not known.{nearest(name, COLORMAPS)} "
            f'Known: "auto", {", ".join(COLORMAPS)}.'
        )
    return COLORMAPS[name]


@cache
def lut(name: str) -> npt.NDArray[np.uint8]:
    """Return the (256, 3) uint8 table of a colormap; read-only.

    A diverging table is sampled at 255 points, so that it has a middle: entry 128 is exact zero,
    entries 1 and 255 the two ends, and entry 0 repeats entry 1.
    """
    diverging = resolve_colormap(name, signed=False).diverging
    colours = mpl.colormaps[name].resampled(255 if diverging else 256)
    # bytes=True would cut the fraction off and darken every colour by half a level
    table = np.floor(255 * colours(np.arange(colours.N))[:, :3] + 0.5)
    if diverging:
        table = np.concatenate([table[:1], table])
    table = np.ascontiguousarray(table, dtype=np.uint8)
    table.setflags(write=False)
    return table
