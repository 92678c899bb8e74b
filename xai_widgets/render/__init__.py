"""Arrays of values to pictures, figures and pages. Knows numpy and matplotlib, never torch."""

from xai_widgets.render.colours import (
    COLORMAPS,
    Colormap,
    Shown,
    colorize,
    lut,
    overlay,
    resize,
    shown,
    shown_maximum,
)
from xai_widgets.render.figures import (
    CurvesFigure,
    ExplanationFigure,
    curves_figure,
    figure,
    intervals_figure,
    neighbourhood_figure,
)
from xai_widgets.render.raster import encode_png, grid

__all__ = [
    "COLORMAPS",
    "Colormap",
    "CurvesFigure",
    "ExplanationFigure",
    "Shown",
    "colorize",
    "curves_figure",
    "encode_png",
    "figure",
    "grid",
    "intervals_figure",
    "lut",
    "neighbourhood_figure",
    "overlay",
    "resize",
    "shown",
    "shown_maximum",
]
