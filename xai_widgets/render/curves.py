"""A matplotlib figure of curves side by side, each with its area, the control in grey."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from xai_widgets.render.figure import ExplanationFigure
from xai_widgets.render.png import encode_png

__all__ = ["CurvesFigure", "curves_figure"]

# Okabe and Ito's colours, darkened where they would be faint on white; the browser has the same.
COLOURS = ("#0072b2", "#c84c00", "#00805e", "#a3478b", "#7d6400", "#3f3fb5")
CONTROL = "#6b7078"


class CurvesFigure(ExplanationFigure):
    """A figure that gives itself as PNG."""

    def to_png(self, dpi: int = 110, colors: int | None = None) -> bytes:
        """As PNG; `colors` bounds how many it has, and with them its bytes."""
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=dpi)
        return encode_png(np.asarray(Image.open(buffer).convert("RGB")), colors=colors)


def curves_figure(
    *panels: Mapping[str, Any],
    pixels: npt.NDArray[np.uint8] | None = None,
    title: str = "",
    baseline: str = "",
) -> CurvesFigure:
    """Draw panels beside each other, and first the picture they are of.

    A panel has a `title` and `lines`, each with `title`, `x` and `y` (K + 1,), `auc`, and for a
    `control` the band `low` to `high`.
    """
    columns = len(panels) + (pixels is not None)
    drawn = CurvesFigure(figsize=(3.4 * columns, 3.3), dpi=110, layout="constrained")
    FigureCanvasAgg(drawn)
    axes = list(drawn.subplots(1, columns, squeeze=False)[0])
    if pixels is not None:
        first = axes.pop(0)
        first.imshow(pixels)
        first.set_axis_off()
    top = max((float(np.max(line["y"])) for p in panels for line in p["lines"]), default=1.0)
    for axis, panel in zip(axes, panels, strict=True):
        _panel(axis, panel["title"], panel["lines"], baseline, min(1.02, max(top * 1.08, 0.02)))
    if title:
        drawn.suptitle(title, fontsize=9, x=0.01, ha="left")
    return drawn


def _panel(
    axis: Any, title: str, lines: Sequence[Mapping[str, Any]], baseline: str, top: float
) -> None:
    colour = iter(COLOURS * (len(lines) // len(COLOURS) + 1))
    for line in lines:
        control = line["control"]
        own = CONTROL if control else next(colour)
        if line["low"] is not None:
            axis.fill_between(line["x"], line["low"], line["high"], color=own, alpha=0.18, lw=0)
        axis.plot(
            line["x"],
            line["y"],
            color=own,
            lw=1.3 if control else 1.8,
            ls="--" if control else "-",
            label=f"{line['title']}  {line['auc']:.3f}",
        )
    axis.set(xlim=(0, 1), ylim=(0, top), xlabel=f"pixels changed (baseline: {baseline})")
    axis.set_title(f"{title}: probability and area", fontsize=10, loc="left")
    axis.tick_params(labelsize=8)
    axis.xaxis.label.set_size(8)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(fontsize=8, frameon=False)
