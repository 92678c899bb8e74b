"""A second map beside the first: of another method or another class. Swiped, or subtracted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import traitlets as t

from xai_widgets.attribution import Attribution
from xai_widgets.engine import Engine
from xai_widgets.images import Picture
from xai_widgets.methods import find
from xai_widgets.progress import Progress
from xai_widgets.render.colours import COLORMAPS, enlarged, resolve_colormap, shown_maximum
from xai_widgets.widgets.base.explaining import Explained, Request, explanation
from xai_widgets.widgets.base.maps import FloatMap, map_of
from xai_widgets.widgets.base.picture import PictureWidget
from xai_widgets.widgets.base.traits import Share, TargetChoice, TraitProblem, as_trait_problem


@dataclass(frozen=True)
class Second:
    """The map that is compared with the first one."""

    explained: Explained


def both(
    engine: Engine, picture: Picture, first: Request, second: Request
) -> Iterator[Progress[Explained | Second | None]]:
    """Both maps as they refine, the first one first."""
    for step in explanation(engine, picture, first):
        yield Progress(step.fraction / 2, step.result)
    title = engine.methods[second.method].title
    for step in explanation(engine, picture, second):
        made = None if step.result is None else Second(step.result)
        yield Progress((1 + step.fraction) / 2, made, title)


def difference(
    first: Attribution, second: Attribution, *, clip: float, interpolation: Any
) -> FloatMap:
    """What the first map says more than the second, at the size of the picture (H, W).

    Maps of one method have one unit. Those of two methods are first divided by what is shown of
    each at most, so that they are told apart by their places.
    """
    size = first.input_size
    parts = []
    for attribution in (first, second):
        values = map_of(attribution)
        part = enlarged(values, size, interpolation).astype(np.float64)
        if first.method != second.method:
            part = part / (shown_maximum(values, clip=clip) or 1.0)
        parts.append(part)
    return (parts[0] - parts[1]).astype(np.float32)


def two_sided(colormap: str) -> str:
    """The colormap of a difference: the chosen one, if zero is its centre."""
    chosen = resolve_colormap(colormap, signed=True)
    return chosen.name if chosen.diverging else resolve_colormap("auto", signed=True).name


def ends_in_words(colormap: str) -> tuple[str, str]:
    """What the low and the high end of a two-sided colormap are called: blue, red."""
    low, high = COLORMAPS[two_sided(colormap)].title.split(",")[0].lower().split(" to ")
    return low, high


class Comparing(PictureWidget):
    """A viewer that may compare its map with a second one."""

    # Of the viewer.
    arrangement: Any
    target: Any
    layer: Any
    parameters: Any

    other_method = t.Any(
        None,
        allow_none=True,
        help="The method of a second map, to be compared with the first; None: the same method.",
    ).tag(sync=True, keyword=True)
    other_target = TargetChoice(
        help="The class of a second map: an index or name; None: the same class."
    ).tag(sync=True, keyword=True)
    split = Share(
        0, 1, 0.5, help="Where the handle of a swipe stands, 0 to 1 of the picture's width."
    ).tag(sync=True, keyword=True)
    other_frame = t.Dict(help="The second map, as the browser receives it; empty without one.").tag(
        sync=True
    )
    other_attribution = t.Any(
        None, allow_none=True, read_only=True, help="The Attribution of the second map."
    )

    @t.validate("other_method")
    def _check_other_method(self, proposal: Any) -> str | None:
        if proposal["value"] is None:
            return None
        with as_trait_problem():
            return find(proposal["value"], self.engine.methods).name

    @t.observe("arrangement")
    def _compare_with_the_runner_up(self, _change: Any) -> None:
        """A difference is of two: why this class, and not the next."""
        if self.arrangement != "difference" or self.other_method or self.other_target is not None:
            return
        explained = self.engine.internals.resolve_target(self._picture, self.target).index
        likeliest = self.engine.predict(self._picture).top(2)
        others = [score.index for score in likeliest if score.index != explained]
        if not others:
            self.arrangement = "overlay"
            raise TraitProblem(
                "A difference is of two maps, and the network has one class: set other_method."
            )
        self.other_target = others[0]

    @t.observe("other_method", "other_target")
    def _forget_other(self, _change: Any) -> None:
        if self.other_method is None and self.other_target is None:
            self.other_frame = {}
            self.set_trait("other_attribution", None)

    def _second(self, first: Request) -> Request | None:
        """The request for the second map, if there is to be one."""
        method, target = self.other_method or first.method, self.other_target
        if self.other_method is None and target is None:
            return None
        target = first.target if target is None else target
        made = Request.of(self.engine, method, target, self.layer, self.parameters)
        return replace(made, layer=made.layer and (first.layer or made.layer))

    def _show_second(self, second: Second) -> None:
        frame = second.explained.frame
        self.other_frame = {"seq": self._jobs.seq, **frame}
        self.set_trait("other_attribution", second.explained.attribution)

    def _forget(self) -> None:
        super()._forget()
        self.other_frame = {}
        self.set_trait("other_attribution", None)

    def _names(self) -> tuple[str, str]:
        """What tells the two maps apart: their methods, their classes, or both."""
        return names_of(self.frame, self.other_frame, self.engine)


def names_of(
    first: Mapping[str, Any], second: Mapping[str, Any], engine: Engine
) -> tuple[str, str]:
    """What tells two maps apart: their methods, their classes, or both."""
    methods = first["method"] != second["method"]
    classes = first["target"]["name"] != second["target"]["name"]

    def name(frame: Mapping[str, Any]) -> str:
        words = [engine.methods[frame["method"]].title] if methods or not classes else []
        return " · ".join(words + ([frame["target"]["name"]] if classes else []))

    return name(first), name(second)
