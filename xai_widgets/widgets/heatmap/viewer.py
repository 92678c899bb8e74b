"""HeatmapViewer: why did this network say that of this picture, live in a notebook's cell."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import traitlets as t

from xai_widgets.engine import Engine
from xai_widgets.engine.arguments import layer_name
from xai_widgets.images import Picture, photograph
from xai_widgets.methods import find
from xai_widgets.targets import TargetLike
from xai_widgets.widgets.base import state_lock
from xai_widgets.widgets.base.channel import message
from xai_widgets.widgets.base.explaining import Explained, Request, explanation, explanations
from xai_widgets.widgets.base.jobs import Work
from xai_widgets.widgets.base.maps import finite, large_picture
from xai_widgets.widgets.base.options import MapOptions, Parametrised
from xai_widgets.widgets.base.traits import (
    Choice,
    Renamed,
    TargetChoice,
    as_trait_problem,
    by_new_names,
    one_of,
)
from xai_widgets.widgets.base.wire import MapFrame
from xai_widgets.widgets.heatmap.brush import Brush
from xai_widgets.widgets.heatmap.checks import Likeness, likenesses
from xai_widgets.widgets.heatmap.painted import QUICK_SECONDS, MapTime
from xai_widgets.widgets.heatmap.second import Second, both
from xai_widgets.widgets.heatmap.still import HeatmapStills

if TYPE_CHECKING:
    from torch import nn
    from typing_extensions import Unpack

# How long a cell waits for its first picture.
_QUICK_SECONDS = 60.0
_REFINING_SECONDS = 1.0

Arrangement = Literal["overlay", "side_by_side", "swipe", "difference"]
Backdrop = Literal["photograph", "input"]


class HeatmapOptions(MapOptions, total=False):
    """Keywords of HeatmapViewer."""

    arrangement: Arrangement
    backdrop: Backdrop
    prefetch: bool
    other_method: str | None
    other_target: Any
    split: float


class HeatmapViewer(HeatmapStills, Parametrised, Brush):
    """A picture, what the network says of it, and a live map of why.

    `engine` explains `image` (a path, PIL image, array or tensor) with `method`, for `target`: a
    class index or name, a function of the network's output, or None for the most probable class.
    `layer` is where CAM methods look; None is the best layer. Further keywords are the method's
    parameters (`window=16`) and the appearance: `colormap`, `opacity`, `clip` (percentile),
    `threshold` (share of the shown maximum), `sign`, `blend`, `interpolation` ("smooth", or the
    map's own "cells"), `arrangement` ("overlay", "side_by_side", "swipe" or "difference"), and
    `backdrop`: the whole "photograph", in which the part that the network is given is bright, or
    the "input", its pixels as the network sees them. With `prefetch`, the quick methods are
    computed in the background, so that switching to them is immediate.

    `other_method` and `other_target` are those of a second map: "swipe" has the first at the left
    of its handle, which stands at `split`, and the second at the right; "difference" shows what the
    first says more, and what the second. A difference of nothing else is that of the class and the
    next one: why this and not that. The second map is in `other_attribution`.

    All of these are traits: set them from Python, observe them, link them. `attribution` is what is
    shown now; `paint(mask)` and `clear_paint()` do what the brush does. `stop()`, `resume()`,
    `close()`, `to_png()`, `to_html()`; or use it as a context manager.

    Raises ExplanationError for an image, method, target, layer or parameter that is not possible,
    and TypeError for an unknown keyword.
    """

    _static = "heatmap"
    _asked_by = ("method", "target", "layer", "parameters", "other_method", "other_target")
    _way_on = "Go on begins it anew; another method, class or layer does too."
    _still_bytes = 37_000

    cards: t.List[dict[str, Any]] = t.List(
        help="The cards of all methods, as the browser receives them."
    ).tag(sync=True)
    class_names: t.List[str] = t.List(help="The names of the classes by index.").tag(sync=True)
    layers: t.List[dict[str, Any]] = t.List(
        help="The layers that CAM methods accept, best first."
    ).tag(sync=True)
    prediction = t.Dict(help="The most probable classes.").tag(sync=True)

    method = t.Any("grad_cam", help="The method: a name of engine.methods.").tag(
        sync=True, keyword=True
    )
    target = TargetChoice(
        help="A class index or name, a function of the output; None: the most probable class."
    ).tag(sync=True, keyword=True)
    layer = t.Any(
        None,
        allow_none=True,
        help="Where CAM methods look: a name of engine.layers, a module, or None for the best.",
    ).tag(sync=True, keyword=True)
    arrangement = Choice(
        get_args(Arrangement),
        "overlay",
        help='Map and picture: "overlay", "side_by_side", "swipe" or, with a second map, '
        '"difference".',
    ).tag(sync=True, keyword=True)

    backdrop = Choice(
        get_args(Backdrop),
        "photograph",
        help='What lies under the map: the whole "photograph", or the network\'s "input".',
    ).tag(sync=True, keyword=True)
    photograph = t.Dict(
        help="The whole photograph, and which part of it the network is given; else empty."
    ).tag(sync=True)

    attribution = t.Any(
        None, allow_none=True, read_only=True, help="The Attribution that is shown now."
    )
    randomization = t.Dict(
        help="By method how alike its map is to that of random weights; near 0 is good."
    ).tag(sync=True)  # where it has been checked; None where there is no number
    prefetch = t.Bool(True, help="Whether quick methods are computed in the background.").tag(
        keyword=True
    )

    view, methods = Renamed("arrangement"), Renamed("cards")

    _checks = False  # whether the quick methods are to be checked

    def __init__(
        self,
        engine: Engine,
        image: Any,
        method: str = "grad_cam",
        target: TargetLike = None,
        layer: str | nn.Module | None = None,
        **options: Unpack[HeatmapOptions],
    ) -> None:
        given = by_new_names(type(self), options)
        # The final maps that the browser has, the latest of each method: they need not be sent
        # again when a person switches to that method.
        self._sent: dict[str, tuple[Request, MapFrame]] = {}
        self._whole: dict[str, Any] = {}  # the trait `photograph`, with its data
        super().__init__(engine, image, method=method, target=target, layer=layer, **given)

    @t.observe("image")
    def _take_picture(self, change: Any) -> None:
        picture = self._picture
        whole = photograph(self.image, picture, self.engine.internals.preprocessor)
        with self.hold_sync():  # one update, which shows the one in the other
            self._whole = {}
            if whole is not None:
                window = [round(share, 5) for share in whole.window]
                key = picture.digest.hex()[:12]
                self._whole = {**large_picture(whole.pixels), "window": window, "key": key}
            self.photograph = self._whole and {**self._whole, "data": b""}
            super()._take_picture(change)
        self._send_photograph()

    def _send_photograph(self) -> None:
        """A message, not a trait: what a notebook keeps of its widgets is to stay small."""
        if self._whole and self.comm is not None:
            self.tell("photograph", key=self._whole["key"], data=self._whole["data"])

    def _saved_traits(self) -> Mapping[str, Any]:
        return {"photograph": self._whole}

    @t.validate("method")
    def _check_method(self, proposal: Any) -> str:
        with as_trait_problem():
            return find(proposal["value"], self.engine.methods).name

    @t.validate("target", "other_target")
    def _check_target(self, proposal: Any) -> Any:
        target = proposal["value"]
        if target is None or callable(target):
            return target
        whole = hasattr(target, "__index__") and not isinstance(target, (bool, np.bool_))
        if whole and 0 <= operator.index(target) < len(self.class_names):
            return operator.index(target)  # nothing is computed
        with as_trait_problem():
            return self.engine.internals.resolve_target(self._picture, target).index

    @t.validate("layer")
    def _check_layer(self, proposal: Any) -> str | None:
        with as_trait_problem():
            layer = layer_name(self.engine.internals.network.model, proposal["value"])
        if layer is None:
            return None
        if any(layer == own["name"] for own in self.layers):
            return layer
        with as_trait_problem():
            layers = self.engine.internals.describe_layers(self._picture)
        return one_of("layer", layer, [own.name for own in layers])

    def _request(self, method: str) -> Request:
        """The request traits, with the most probable class and the best layer spelled out."""
        target, layer = self.target, self.layer
        if self._facts_of is self._picture:
            target = self.prediction["top"][0]["index"] if target is None else target
            layer = layer or next((own["name"] for own in self.layers), None)
        return Request.of(self.engine, method, target, layer, self.parameters)

    def _quick(self) -> list[Request]:
        """The same request for every method that needs no refining, the shown one first and those
        of the user's own, of which nobody knows how long they take, last.
        """
        methods = self.engine.methods
        unavailable = {card["name"] for card in self.cards if card.get("unavailable")}
        names = sorted(methods, key=lambda n: (n != self.method, methods[n].family == "Own"))
        quick = [name for name in names if not methods[name].anytime]
        return [self._request(name) for name in quick if name not in unavailable]

    def _work(self) -> tuple[str, Work[Any]]:
        engine, picture, request = self.engine, self._picture, self._request(self.method)
        title, second = engine.methods[self.method].title, self._second(request)
        if second is None:
            return title, lambda: explanation(engine, picture, request)
        return title, lambda: both(engine, picture, request, second)

    def _await_first(self) -> None:
        refines = self.engine.methods[self.method].anytime
        seconds = _REFINING_SECONDS if refines else _QUICK_SECONDS
        self._wait_while_running(seconds, until=lambda: refines and bool(self.frame))

    def _show(self, result: Any) -> None:
        if isinstance(result, Second):
            self._show_second(result)
            return
        super()._show(result)
        if not result.frame["partial"]:
            self._sent[result.request.method] = (result.request, result.frame)
        self.set_trait("attribution", result.attribution)

    def open(self) -> None:
        super().open()
        if self.status.get("state") == "idle":
            with state_lock.held():
                self._finished()

    def _painted_requests(self) -> tuple[MapTime, list[Request]]:
        request = self._request(self.method)
        shown = [(request, self.frame)]
        if self.arrangement in ("swipe", "difference") and (second := self._second(request)):
            shown.append((second, self.other_frame))
        whole = all(
            frame and frame["method"] == request.method and not frame["partial"]
            for request, frame in shown
        )
        quick = whole and sum(frame["seconds"] for _, frame in shown) <= QUICK_SECONDS
        return "now" if quick else "after", [request for request, _ in shown]

    @t.observe("arrangement")
    def _explain_painted_anew(self, _change: Any) -> None:
        """Two maps of the painted picture are made where two are seen."""
        self._explain_painted()

    def _finished(self) -> None:
        self._explain_painted()
        if callable(self.target) or self.comm is None:
            return
        engine, picture, target = self.engine, self._picture, self._request(self.method).target
        methods = engine.methods
        requests = [
            request
            for request in self._quick()
            if self.prefetch
            and methods[request.method].family != "Own"
            and self._sent_for(request) is None
        ]
        names = [request.method for request in self._quick()] if self._checks else []
        names = [name for name in names if name not in self.randomization]
        if requests or names:
            self.aside(
                lambda: chain(
                    explanations(engine, picture, requests),
                    likenesses(engine, picture, target, names),
                ),
                partial(self._prefetched, picture),
                background=True,
            )

    def _prefetched(self, picture: Picture, made: Explained | Likeness) -> None:
        if picture is not self._picture:
            return
        if isinstance(made, Likeness):
            self.randomization = {**self.randomization, made.method: finite(made.mean)}
            return
        self._sent[made.request.method] = (made.request, made.frame)
        self._send_frame(made.frame)

    def _show_checked(self) -> None:
        """Checks are made elsewhere too, and are of the network."""
        found = self.engine.internals.randomization
        known = {name: finite(mean) for name, mean in found.items() if name in self.engine.methods}
        self.randomization = {**self.randomization, **known}

    @message("check")
    def _check_quick_methods(self) -> None:
        """A person asks for the sanity checks of the quick methods."""
        self._checks = True
        self._show_checked()
        if self.status.get("state") != "running":
            self._finished()

    def _sent_for(self, request: Request) -> MapFrame | None:
        sent, frame = self._sent.get(request.method, (None, None))
        return frame if sent == request else None

    def _send_frame(self, frame: MapFrame) -> None:
        self.tell("prefetched", frame={"seq": self._jobs.seq, **frame})

    def _ready(self) -> None:
        super()._ready()
        self._show_checked()
        self._send_photograph()
        for request in self._quick():  # what was sent before this view listened is lost to it
            if (frame := self._sent_for(request)) is not None:
                self._send_frame(frame)

    def _forget(self) -> None:
        super()._forget()
        self._sent.clear()
        self._checks = False

    def _release(self) -> None:
        super()._release()
        self.target = self.other_target = None
        self.photograph = self._whole = {}
        self.set_trait("attribution", None)

    def _saved_frames(self) -> Sequence[Mapping[str, Any]]:
        """All quick methods for the shown class, and the shown method for the likeliest ones."""
        engine, picture = self.engine, self._picture
        requests, shown = self._quick(), self._request(self.method)
        refines = engine.methods[self.method].anytime
        if not refines:
            likeliest = [score["index"] for score in self.prediction.get("top", [])]
            requests += [replace(shown, target=i) for i in likeliest if i != shown.target]
        saved = self.collect(lambda: explanations(engine, picture, requests), self._saving_seconds)
        shown_now = [self.frame] if refines and self.frame else []
        frames = [*shown_now, *(explained.frame for explained in saved)]
        return [{**frame, "seq": seq} for seq, frame in enumerate(frames)]
