"""A widget as a stranger might write it: five maps of one picture, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import traitlets as t

from xai_widgets.engine import Engine
from xai_widgets.targets import TargetLike
from xai_widgets.widgets.base.explaining import Request, explanations
from xai_widgets.widgets.base.jobs import Work
from xai_widgets.widgets.base.options import Appearance
from xai_widgets.widgets.base.picture import PictureWidget

FIVE = ("saliency", "guided_backprop", "grad_cam", "layer_cam", "occlusion")


class FiveMaps(Appearance, PictureWidget):
    """The same picture explained by five methods.

    `engine`, `image` and `target` (a class, or None for the most probable one) are those of
    `Engine.explain`; `methods` are names of `engine.methods`. Further keywords are the appearance.
    """

    _static = Path(__file__).parent
    _asked_by = ("target",)

    prediction = t.Dict(help="The most probable classes.").tag(sync=True)
    target = t.Any(
        None, allow_none=True, help="The class that is explained; None for the most probable."
    ).tag(sync=True, keyword=True)

    def __init__(
        self,
        engine: Engine,
        image: Any,
        methods: Sequence[str] = FIVE,
        target: TargetLike = None,
        **options: Any,
    ) -> None:
        self._methods = list(methods)
        super().__init__(engine, image, target=target, **options)

    def _work(self) -> tuple[str, Work[Any]]:
        engine, picture = self.engine, self._picture
        requests = [Request.of(engine, name, self.target, None, {}) for name in self._methods]
        return "Five maps", lambda: explanations(engine, picture, requests)

    def _frame(self) -> Mapping[str, Any]:
        maps = [{**made.frame, "title": made.attribution.title} for made in self._maps]
        partial = len(maps) < len(self._methods)
        return {"target": maps[0]["target"], "maps": maps, "partial": partial}
