"""Matplotlib figures: a map with what its colours mean, curves with their areas, neighbours."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure

from xai_widgets.errors import readable
from xai_widgets.render.colours import Sign, colorize, overlay, ramp, shown_maximum

__all__ = [
    "ExplanationFigure",
    "figure",
    "intervals_figure",
]

# Okabe and Ito's colours, darkened where they would be faint on white; the browser has the same.
COLOURS = ("#0072b2", "#c84c00", "#00805e", "#a3478b", "#7d6400", "#3f3fb5")
CONTROL = "#6b7078"


_PLAIN = {"parse_math": False, "usetex": False}  # what stands between two $ is a name, no formula
_LINES = 12  # of a caption
_LONGEST = 100  # characters of a line in it


def _fitting(text: str, longest: int) -> str:
    """A text whose lines are cut where they are longer, and as many of them as a caption has."""
    lines = readable(text).expandtabs(1).splitlines()[:_LINES]
    return "\n".join(s if len(s) <= longest else f"{s[: longest - 1]}…" for s in lines)


def _entitle(axis: Any, text: str, size: float) -> None:
    axis.set_title(_fitting(text, _LONGEST), fontsize=size, loc="left", **_PLAIN)


class ExplanationFigure(Figure):
    """A ``Figure`` that shows itself in a notebook without pyplot, from any thread."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", bbox_inches="tight")
        return buffer.getvalue()


def figure(
    values: npt.ArrayLike,
    pixels: npt.NDArray[np.uint8] | None,
    *,
    size: tuple[int, int],
    title: str = "",
    caption: str = "",
    **appearance: Any,
) -> ExplanationFigure:
    """Draw a map (h, w), over ``pixels`` (H, W, 3) where there are any, with its colour bar.

    ``appearance`` is what ``overlay`` takes. The bar is linear and shows values, with zero in the
    centre of a signed map; its ends are open where clipping hides larger values.
    """
    appearance = dict(appearance)
    sign = appearance.get("sign", "both")
    maximum = appearance.get("maximum")
    if maximum is None:
        maximum = shown_maximum(values, clip=appearance.get("clip", 99.5), sign=sign)
    field = np.nan_to_num(np.asarray(values, dtype=np.float64), nan=0, posinf=0, neginf=0)
    signed = appearance.get("signed")
    signed = bool((field < 0).any()) if signed is None else signed
    if pixels is None:
        plain = {k: v for k, v in appearance.items() if k not in ("opacity", "blend")}
        panels = [colorize(values, size, **plain)]
    else:
        panels = [pixels, overlay(pixels, values, **appearance)]

    height = 3.2
    width = height * len(panels) * min(3.0, max(0.4, size[1] / size[0])) + 0.9
    drawn = ExplanationFigure(figsize=(width, height + 0.5), dpi=110, layout="constrained")
    FigureCanvasAgg(drawn)
    axes = drawn.subplots(1, len(panels), squeeze=False)[0]
    for axis, panel in zip(axes, panels, strict=True):
        axis.imshow(panel, interpolation="nearest")
        axis.set_axis_off()
    words = [caption, title] if len(panels) > 1 else [" · ".join(filter(None, (caption, title)))]
    for axis, text in zip(axes, words, strict=True):
        _entitle(axis, text, 10)
    bar = drawn.colorbar(
        _colour_scale(str(appearance.get("colormap", "auto")), signed, sign, maximum),
        ax=list(axes),
        fraction=0.04,
        pad=0.02,
        extend=_extend(field, sign, maximum),
    )
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)
    return drawn


def _colour_scale(colormap: str, signed: bool, sign: Sign, maximum: float) -> ScalarMappable:
    table, low, high = ramp(colormap, signed, sign, maximum or 1.0)
    return ScalarMappable(Normalize(low, high), ListedColormap(table / 255))


def _extend(field: npt.NDArray[np.float64], sign: str, maximum: float) -> Any:
    above = sign != "negative" and bool((field > maximum).any())
    below = sign != "positive" and bool((field < -maximum).any())
    return {(True, True): "both", (True, False): "max", (False, True): "min"}.get(
        (above, below), "neither"
    )


def intervals_figure(panels: Sequence[Mapping[str, Any]], title: str = "") -> ExplanationFigure:
    """Draw a panel for each measure, with a `title` and `points`: each a `title`, a `mean` with its
    `low` and `high`, and whether it is the `control`, whose mean is also a dashed line.
    """
    columns = min(len(panels), 3) or 1
    rows = -(-len(panels) // columns) or 1
    most = max((len(panel["points"]) for panel in panels), default=1)
    size = (3.2 * columns + 1, rows * (0.9 + 0.24 * most) + 0.3)
    drawn = ExplanationFigure(figsize=size, dpi=110, layout="constrained")
    FigureCanvasAgg(drawn)
    axes = drawn.subplots(rows, columns, squeeze=False)
    for number, axis in enumerate(axes.flat):
        if number >= len(panels):
            axis.set_axis_off()
            continue
        _points(axis, panels[number], named=number % columns == 0)
    if title:
        drawn.suptitle(_fitting(title, 50 * columns), fontsize=9, x=0.01, ha="left", **_PLAIN)
    return drawn


def _points(axis: Any, panel: Mapping[str, Any], named: bool) -> None:
    points = panel["points"]
    for place, point in enumerate(points):
        own = CONTROL if point["control"] else COLOURS[0]
        axis.plot([point["low"], point["high"]], [place, place], color=own, lw=1.8)
        axis.plot([point["mean"]], [place], "o", color=own, ms=4.5)
        if point["control"] and np.isfinite(point["mean"]):
            axis.axvline(point["mean"], color=CONTROL, lw=0.9, ls="--", zorder=0)
    axis.set_ylim(len(points) - 0.5, -0.5)
    axis.set_yticks(range(len(points)))
    names = [_fitting(point["title"], 40) if named else "" for point in points]
    axis.set_yticklabels(names, fontsize=8, **_PLAIN)
    axis.tick_params(labelsize=8)
    axis.spines[["top", "right"]].set_visible(False)
    _entitle(axis, panel["title"], 9)
