"""A matplotlib figure of an explanation: picture, map, and what the colours mean."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure

from xai_widgets.render.colormaps import lut, resolve_colormap
from xai_widgets.render.overlay import colorize, overlay, shown_maximum

__all__ = ["ExplanationFigure", "figure"]


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
        axis.set_title(text, fontsize=10, loc="left")
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


def _colour_scale(colormap: str, signed: bool, sign: str, maximum: float) -> ScalarMappable:
    chosen = resolve_colormap(colormap, signed=signed)
    table = lut(chosen.name)
    top = maximum or 1.0
    low, high = (-top, top) if chosen.diverging else (0.0, top)
    if chosen.diverging:
        first, last = {"positive": (128, 256), "negative": (1, 129)}.get(sign, (1, 256))
        table = table[first:last]
        low, high = {"positive": (0.0, top), "negative": (-top, 0.0)}.get(sign, (low, high))
    return ScalarMappable(Normalize(low, high), ListedColormap(table / 255))


def _extend(field: npt.NDArray[np.float64], sign: str, maximum: float) -> Any:
    above = sign != "negative" and bool((field > maximum).any())
    below = sign != "positive" and bool((field < -maximum).any())
    return {(True, True): "both", (True, False): "max", (False, True): "min"}.get(
        (above, below), "neither"
    )
