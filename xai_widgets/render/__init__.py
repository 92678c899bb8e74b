"""Lowest floor: arrays of values to pictures. Knows numpy and matplotlib, never torch."""

from xai_widgets.render.colormaps import COLORMAPS, Colormap, lut
from xai_widgets.render.curves import CurvesFigure, curves_figure
from xai_widgets.render.figure import figure
from xai_widgets.render.grid import grid
from xai_widgets.render.neighbourhood import neighbourhood_figure
from xai_widgets.render.overlay import Shown, colorize, overlay, resize, shown, shown_maximum
from xai_widgets.render.png import encode_png

__all__ = [
    "COLORMAPS",
    "Colormap",
    "CurvesFigure",
    "Shown",
    "colorize",
    "curves_figure",
    "encode_png",
    "figure",
    "grid",
    "lut",
    "neighbourhood_figure",
    "overlay",
    "resize",
    "shown",
    "shown_maximum",
]
