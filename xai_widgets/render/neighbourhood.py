"""A matplotlib figure of pictures beside each other, and the neighbours around them as points."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg

from xai_widgets.render.curves import COLOURS, CurvesFigure

__all__ = ["neighbourhood_figure"]


def neighbourhood_figure(
    pictures: Mapping[str, npt.NDArray[np.uint8]],
    scores: npt.NDArray[np.float64],
    coordinate: npt.NDArray[np.float64],
    kept: npt.NDArray[np.bool_],
    *,
    title: str = "",
    note: str = "",
) -> CurvesFigure:
    """Draw pictures (H, W, 3) by their titles, then the neighbours: scores and coordinate (n,) as
    points, kept and shifted ones in two colours. `note` stands below the title.
    """
    columns = len(pictures) + 1
    drawn = CurvesFigure(figsize=(2.7 * columns, 3.3), dpi=110, layout="constrained")
    FigureCanvasAgg(drawn)
    *panels, plot = drawn.subplots(1, columns, squeeze=False)[0]
    for axis, (name, pixels) in zip(panels, pictures.items(), strict=True):
        axis.imshow(pixels)
        axis.set_axis_off()
        axis.set_title(name, fontsize=9, loc="left")
    for own, colour, marker, name in (
        (kept, COLOURS[0], "o", "kept"),
        (~kept, COLOURS[1], "D", "shifted"),
    ):
        plot.scatter(
            scores[own], coordinate[own], s=7, c=colour, marker=marker, alpha=0.6, lw=0, label=name
        )
    plot.axvline(0, color="#6b7078", lw=0.8, ls="--")
    plot.set(xlabel="student's score", yticks=[])
    plot.set_title("Neighbours", fontsize=9, loc="left")
    plot.tick_params(labelsize=7)
    plot.xaxis.label.set_size(8)
    plot.spines[["top", "right", "left"]].set_visible(False)
    plot.legend(fontsize=7, frameon=False)
    words = "\n".join([title, *textwrap.wrap(note, 38 * columns)])
    drawn.suptitle(words, fontsize=9, x=0.01, ha="left")
    return drawn
