"""HeatmapViewer: why did this network say that of this picture, live in a notebook's cell."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import traitlets as t

from xai_widgets.engine import Engine
from xai_widgets.images import Picture
from xai_widgets.progress import Progress
from xai_widgets.render import encode_png
from xai_widgets.targets import TargetLike
from xai_widgets.widgets.base import state_lock
from xai_widgets.widgets.base.explaining import (
    Ahead,
    Explained,
    Request,
    explanation,
    explanations,
    for_targets,
    quick_requests,
)
from xai_widgets.widgets.base.jobs import Work
from xai_widgets.widgets.base.options import (
    Appearance,
    AppearanceOptions,
    MethodOptions,
    Parametrised,
    WidgetOptions,
)
from xai_widgets.widgets.base.photos import still
from xai_widgets.widgets.base.traits import Choice, TargetChoice, as_trait_problem, one_of
from xai_widgets.widgets.base.wire import MapFrame
from xai_widgets.widgets.heatmap.brush import Brush

if TYPE_CHECKING:
    from typing_extensions import Unpack

# How long a cell waits for its first picture.
_QUICK_SECONDS = 60.0
_REFINING_SECONDS = 1.0

Arrangement = Literal["overlay", "side_by_side", "swipe"]


class HeatmapOptions(AppearanceOptions, MethodOptions, WidgetOptions, total=False):
    """Keywords of HeatmapViewer."""

    arrangement: Arrangement
    prefetch: bool


class HeatmapViewer(Appearance, Parametrised, Brush):
    """A picture, what the network says of it, and a live map of why.

    `engine` explains `image` (a path, PIL image, array or tensor) with `method`, for `target`: a
    class index or name, a function of the network's output, or None for the most probable class.
    `layer` is where CAM methods look; None is the best layer. Further keywords are the method's
    parameters (`window=16`) and the appearance: `colormap`, `opacity`, `clip` (percentile),
    `threshold` (share of the shown maximum), `sign`, `blend`, and `arrangement` ("overlay",
    "side_by_side" or "swipe"). With `prefetch`, the quick methods are computed in the background,
    so that switching to them is immediate.

    All of these are traits: set them from Python, observe them, link them. `attribution` is what is
    shown now; `paint(mask)` and `clear_paint()` do what the brush does. `stop()`, `resume()`,
    `close()`, `to_png()`, `to_html()`; or use it as a context manager.

    Raises ExplanationError for an image, method, target, layer or parameter that is not possible,
    and TypeError for an unknown keyword.
    """

    _static = "heatmap"

    cards: t.List[dict[str, Any]] = t.List().tag(sync=True)
    class_names: t.List[str] = t.List().tag(sync=True)
    layers: t.List[dict[str, Any]] = t.List().tag(sync=True)
    prediction = t.Dict().tag(sync=True)

    method = t.Any("grad_cam").tag(sync=True, keyword=True)
    target = TargetChoice().tag(sync=True, keyword=True)
    layer = t.Any(None, allow_none=True).tag(sync=True, keyword=True)
    arrangement = Choice(["overlay", "side_by_side", "swipe"], "overlay").tag(
        sync=True, keyword=True
    )

    attribution = t.Any(None, allow_none=True, read_only=True)
    prefetch = t.Bool(True).tag(keyword=True)

    def __init__(
        self,
        engine: Engine,
        image: Any,
        method: str = "grad_cam",
        target: TargetLike = None,
        layer: str | None = None,
        **options: Unpack[HeatmapOptions],
    ) -> None:
        given: dict[str, Any] = {**options}
        if "view" in given:
            _deprecated("view", "arrangement")
            given["arrangement"] = given.pop("view")
        self._ahead = Ahead()
        super().__init__(
            engine,
            image,
            method=method,
            target=target,
            layer=layer,
            **self._with_parameters(engine, given),
        )

    @property
    def view(self) -> str:
        """The old name of `arrangement`."""
        _deprecated("view", "arrangement")
        return str(self.arrangement)

    @view.setter
    def view(self, arrangement: Arrangement) -> None:
        _deprecated("view", "arrangement")
        self.arrangement = arrangement

    @property
    def methods(self) -> list[dict[str, Any]]:
        """The old name of `cards`."""
        _deprecated("methods", "cards")
        return list(self.cards)

    # What may be asked.

    @t.validate("method")
    def _check_method(self, proposal: Any) -> str:
        return one_of("method", proposal["value"], self.engine.methods)

    @t.validate("target")
    def _check_target(self, proposal: Any) -> Any:
        target = proposal["value"]
        if target is None or callable(target):
            return target
        if self._is_class(target):
            return operator.index(target)
        with as_trait_problem():
            return self.engine.resolve_target(self._picture, target).index

    @t.validate("layer")
    def _check_layer(self, proposal: Any) -> str | None:
        layer = proposal["value"]
        if layer is None:
            return None
        if isinstance(layer, str) and any(layer == own["name"] for own in self.layers):
            return layer
        with as_trait_problem():
            layers = self.engine.describe_layers(self._picture)
        return one_of("layer", layer, [own.name for own in layers])

    def _is_class(self, target: Any) -> bool:
        """Whether it is an index of the classes in `class_names`: then nothing is computed."""
        if isinstance(target, (bool, np.bool_)) or not hasattr(target, "__index__"):
            return False
        return 0 <= operator.index(target) < len(self.class_names)

    # What is asked.

    @t.observe("method", "target", "layer", "parameters")
    def _ask_anew(self, _change: Any) -> None:
        self._ask()

    def _question(self) -> tuple[str, TargetLike, str | None, dict[str, Any]]:
        """The request traits, with the most probable class and the best layer spelled out."""
        target, layer = self.target, self.layer
        if self._facts_of is self._picture:
            target = self.prediction["top"][0]["index"] if target is None else target
            layer = layer or next((own["name"] for own in self.layers), None)
        return self.method, target, layer, self.parameters

    def _request(self) -> Request:
        return Request.of(self.engine, *self._question())

    def _work(self) -> tuple[str, Work[Any]]:
        engine, picture, request = self.engine, self._picture, self._request()
        title = engine.methods[self.method].title
        return title, lambda: explanation(engine, picture, request)

    def _await_first(self) -> None:
        refines = self.engine.methods[self.method].anytime
        seconds = _REFINING_SECONDS if refines else _QUICK_SECONDS
        self._wait_while_running(seconds, until=lambda: refines and bool(self.frame))

    # What is shown.

    def _show(self, result: Any) -> None:
        super()._show(result)
        if not result.frame["partial"]:
            self._ahead.add(result)
        self.set_trait("attribution", result.attribution)

    def open(self) -> None:
        super().open()
        if self.status.get("state") == "idle":
            with state_lock.held():
                self._finished()

    def _finished(self) -> None:
        if not self.prefetch or callable(self.target) or self.comm is None:
            return
        engine, picture = self.engine, self._picture
        requests = self._ahead.missing(self._quick())
        if requests:

            def work() -> Iterator[Progress[tuple[Picture, Explained] | None]]:
                for step in explanations(engine, picture, requests):
                    made = step.result
                    yield Progress(step.fraction, None if made is None else (picture, made))

            self.aside(work, self._prefetched, background=True)

    def _quick(self) -> list[Request]:
        reasons = {card["name"]: card.get("unavailable") for card in self.cards}
        requests = quick_requests(self.engine, *self._question())
        return [request for request in requests if not reasons.get(request.method)]

    def _prefetched(self, made: tuple[Picture, Explained]) -> None:
        picture, explained = made
        if picture is self._picture:
            self._ahead.add(explained)
            self._send_ahead(explained.frame)

    def _send_ahead(self, sent: MapFrame) -> None:
        frame = {"seq": self._jobs.seq, **sent}
        data = frame.pop("data")
        self.send({"kind": "prefetched", "frame": frame}, buffers=[data])

    def _ready(self) -> None:
        super()._ready()
        # What was sent before this view listened is lost to it.
        for frame in self._ahead.frames(self._quick()):
            self._send_ahead(frame)

    def _forget(self) -> None:
        super()._forget()
        self._ahead.clear()

    def _release(self) -> None:
        super()._release()
        self.target = None
        self.set_trait("attribution", None)

    # Static pictures.

    def _picture_png(self, *, small: bool) -> bytes:
        pixels = self._picture.pixels
        attribution, frame = self.attribution, self.frame
        if attribution is not None and frame:
            pixels = self._overlaid(pixels, attribution, signed=frame["signed"])
        return still(pixels) if small else encode_png(pixels)

    def _in_words(self) -> str:
        what = self.engine.methods[self.method].title
        if self.frame:
            target = self.frame["target"]
            share = target["probability"]
            what += f" of {target['name']}" + ("" if share is None else f" ({share:.0%})")
        return self._named(what)

    def _saved_frames(self) -> Sequence[Mapping[str, Any]]:
        """All quick methods for the shown class, and the shown method for the likeliest ones."""
        engine, picture = self.engine, self._picture
        requests = self._quick()
        refines = engine.methods[self.method].anytime
        if not refines:
            likeliest = [score["index"] for score in self.prediction.get("top", [])]
            shown = self._question()[1]
            requests += for_targets(self._request(), [i for i in likeliest if i != shown])
        saved = self.collect(lambda: explanations(engine, picture, requests), self._saving_seconds)
        shown_now = [self.frame] if refines and self.frame else []
        frames = [*shown_now, *(explained.frame for explained in saved)]
        return [{**frame, "seq": seq} for seq, frame in enumerate(frames)]


def _deprecated(old: str, new: str) -> None:
    warnings.warn(f"HeatmapViewer.{old} is now called {new}", DeprecationWarning, stacklevel=3)
