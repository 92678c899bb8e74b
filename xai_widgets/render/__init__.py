"""Arrays of values to pictures, figures and pages. Knows numpy and matplotlib, never torch."""

from xai_widgets.render.colours import (
    COLORMAPS,
    Colormap,
    Shown,
    colorize,
    lut,
    overlay,
    ramp,
    resize,
    shown,
    shown_maximum,
)
from xai_widgets.render.figures import (
    ExplanationFigure,
    figure,
    intervals_figure,
)
from xai_widgets.render.numbers import amount, signed_number
from xai_widgets.render.raster import encode_png

__all__ = [
    "COLORMAPS",
    "Colormap",
    "ExplanationFigure",
    "Shown",
    "amount",
    "colorize",
    "encode_png",
    "figure",
    "intervals_figure",
    "lut",
    "overlay",
    "ramp",
    "resize",
    "shown",
    "shown_maximum",
    "signed_number",
]
