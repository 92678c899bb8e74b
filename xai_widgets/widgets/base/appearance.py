"""How a map looks. It is the browser that applies it; Python does so for static pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast, get_args

import traitlets as t

from xai_widgets.render.colours import COLORMAPS, Blend, Sign, overlay
from xai_widgets.widgets.base.photos import Pixels, map_of
from xai_widgets.widgets.base.traits import Choice, Share

if TYPE_CHECKING:
    from xai_widgets.attribution import Attribution

_BLENDS = [mode for mode in get_args(Blend) if mode != "color"]  # what a browser's canvas shows too


class Appearance(t.HasTraits):
    """The traits of a widget that say how its map looks over the picture."""

    colormap = Choice(["auto", *COLORMAPS], "auto").tag(sync=True, keyword=True)
    opacity = Share(0, 1, 0.7).tag(sync=True, keyword=True)
    clip = Share(90, 100, 99.5).tag(sync=True, keyword=True)
    threshold = Share(0, 1, 0).tag(sync=True, keyword=True)
    sign = Choice(get_args(Sign), "both").tag(sync=True, keyword=True)
    blend = Choice(_BLENDS, "normal").tag(sync=True, keyword=True)
    view = Choice(["overlay", "side_by_side", "swipe"], "overlay").tag(sync=True, keyword=True)

    def _overlaid(self, pixels: Pixels, attribution: Attribution, *, signed: bool) -> Pixels:
        """The map over the picture (H, W, 3), as the browser shows it."""
        return overlay(
            pixels,
            map_of(attribution),
            opacity=self.opacity,
            colormap=self.colormap,
            clip=self.clip,
            threshold=self.threshold,
            sign=cast(Sign, self.sign),
            blend=cast(Blend, self.blend),
            signed=signed,
        )
