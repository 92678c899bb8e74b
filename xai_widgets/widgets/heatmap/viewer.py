"""HeatmapViewer: why did this network say that of this picture, live in a notebook's cell."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

from xai_widgets.render import encode_png
from xai_widgets.targets import TargetLike
from xai_widgets.widgets.base import turns
from xai_widgets.widgets.base.appearance import Appearance
from xai_widgets.widgets.base.bundle import bundle
from xai_widgets.widgets.base.explaining import (
    Ahead,
    Explained,
    Facts,
    Request,
    explaining,
    explaining_each,
    for_targets,
    frames_within,
    quick_requests,
)
from xai_widgets.widgets.base.options import Parametrised
from xai_widgets.widgets.base.photos import picture_to_json, still
from xai_widgets.widgets.base.traits import (
    TargetChoice,
    as_trait_problem,
    one_of,
)
from xai_widgets.widgets.heatmap.brush import Brush

if TYPE_CHECKING:
    from xai_widgets.engine import Engine
    from xai_widgets.images import Picture

# How long a cell waits for its first picture, so that the notebook keeps a copy of it.
_QUICK_SECONDS = 60.0
_REFINING_SECONDS = 1.0
_SAVING_SECONDS = 120.0


class HeatmapViewer(Appearance, Parametrised, Brush):
    """A picture, what the network says of it, and a live map of why.

    `engine` explains `image` (a path, PIL image, array or tensor) with `method`, for `target`: a
    class index or name, a function of the network's output, or None for the most probable class.
    `layer` is where CAM methods look; None is the best layer. Further keywords are the method's
    parameters (`window=16`) and the appearance: `colormap`, `opacity`, `clip` (percentile),
    `threshold` (share of the shown maximum), `sign`, `blend`, `view`. With `prefetch`, the quick
    methods are computed in the background, so that switching to them is immediate.

    All of these are traits: set them from Python, observe them, link them. `attribution` is what is
    shown now; `paint(mask)` and `clear_paint()` do what the brush does. `stop()`, `close()`,
    `to_png()`, `to_html()`; or use it as a context manager.

    Raises ExplanationError for an image, method, target, layer or parameter that cannot be, and
    TypeError for an unknown keyword.
    """

    _esm = bundle("heatmap/index.js")
    _css = bundle("heatmap/style.css")

    picture = t.Dict().tag(sync=True)
    network = t.Dict().tag(sync=True)
    methods: t.List[dict[str, Any]] = t.List().tag(sync=True)
    class_names: t.List[str] = t.List().tag(sync=True)
    layers: t.List[dict[str, Any]] = t.List().tag(sync=True)
    prediction = t.Dict().tag(sync=True)

    method = t.Any("grad_cam").tag(sync=True, keyword=True)
    target = TargetChoice().tag(sync=True, keyword=True)
    layer = t.Any(None, allow_none=True).tag(sync=True, keyword=True)

    attribution = t.Any(None, allow_none=True, read_only=True)
    prefetch = t.Bool(True).tag(keyword=True)

    def __init__(
        self,
        engine: Engine,
        image: Any,
        method: str = "grad_cam",
        target: TargetLike = None,
        layer: str | None = None,
        **appearance_and_parameters: Any,
    ) -> None:
        self._loaded = (image, engine.picture(image))
        self._known_of: Any = None  # the picture that `prediction`, `layers` ... are of
        self._ahead = Ahead()
        super().__init__(
            engine,
            image=image,
            method=method,
            target=target,
            layer=layer,
            **self._with_parameters(engine, appearance_and_parameters),
        )

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
            return self.engine.resolve_target(self._loaded[1], target).index

    @t.validate("layer")
    def _check_layer(self, proposal: Any) -> str | None:
        layer = proposal["value"]
        if layer is None:
            return None
        if isinstance(layer, str) and any(layer == known["name"] for known in self.layers):
            return layer
        with as_trait_problem():
            known_layers = self.engine.describe_layers(self._loaded[1])
        return one_of("layer", layer, [known.name for known in known_layers])

    def _is_class(self, target: Any) -> bool:
        """Whether it is the index of one of the classes already known: then nothing is computed."""
        if isinstance(target, (bool, np.bool_)) or not hasattr(target, "__index__"):
            return False
        return 0 <= operator.index(target) < len(self.class_names)

    # What is asked.

    @t.observe("image")
    def _take_picture(self, _change: Any) -> None:
        picture = self._loaded[1]
        self.picture = picture_to_json(picture.pixels, picture.name)
        self.network = {"name": self.engine.name, "input": list(picture.input.shape[-2:])}
        self.methods = self.methods or [card.to_json() for card in self.engine.methods.values()]
        self._ahead.clear()
        self._forget_strokes()
        self._ask()

    @t.observe("method", "target", "layer", "parameters")
    def _ask_anew(self, _change: Any) -> None:
        self._ask()

    def _asked_for(self) -> tuple[str, TargetLike, str | None, dict[str, Any]]:
        """The request traits, with the most probable class and the best layer spelled out."""
        target, layer = self.target, self.layer
        if self._known_of is self._loaded[1]:
            target = self.prediction["top"][0]["index"] if target is None else target
            layer = layer or next((known["name"] for known in self.layers), None)
        return self.method, target, layer, self.parameters

    def _request(self) -> Request:
        return Request.of(self.engine, *self._asked_for())

    def _work(self) -> tuple[str, Callable[[], Iterator[Any]]]:
        engine, picture, request = self.engine, self._loaded[1], self._request()
        unknown = self._known_of is not picture

        def work() -> Iterator[Any]:
            return explaining(engine, picture, request, with_facts=unknown)

        return engine.methods[self.method].title, work

    def _await_first(self) -> None:
        refines = self.engine.methods[self.method].anytime
        seconds = _REFINING_SECONDS if refines else _QUICK_SECONDS
        self._wait_while_running(seconds, until=lambda: refines and bool(self.frame))

    # What is shown.

    def _show(self, step: Any) -> None:
        if isinstance(step, Facts):
            self._known_of = self._loaded[1]
            self.class_names = step.class_names
            self.layers = step.layers
            self.methods = step.methods
            self.prediction = step.prediction
            return
        fraction = step
        if isinstance(step, Explained):
            fraction = step.frame["fraction"]
            self.frame = {"seq": self._requests.seq, **step.frame}
            if not step.frame["partial"]:
                self._ahead.add(step)
        title = self.engine.methods[self.method].title
        if fraction < 1:
            self._say("running", title, fraction=fraction)
        else:
            self._say("idle")
        if isinstance(step, Explained):
            self.set_trait("attribution", step.attribution)

    def open(self) -> None:
        super().open()
        if self.status.get("state") == "idle":
            with turns.taken():
                self._finished()

    def _finished(self) -> None:
        if not self.prefetch or callable(self.target) or self.comm is None:
            return
        engine, picture = self.engine, self._loaded[1]
        requests = self._ahead.missing(self._quick())
        if requests:
            self._requests.submit_background(
                engine.worker,
                lambda: explaining_each(engine, picture, requests),
                lambda viewer, step: viewer._prefetched(picture, step),
            )

    def _quick(self) -> list[Request]:
        reasons = {card["name"]: card.get("unavailable") for card in self.methods}
        requests = quick_requests(self.engine, *self._asked_for())
        return [request for request in requests if not reasons.get(request.method)]

    def _prefetched(self, picture: Any, step: Explained | None) -> None:
        if self._closed or step is None or picture is not self._loaded[1]:
            return
        self._ahead.add(step)
        self._send_ahead(step.frame)

    def _send_ahead(self, known: dict[str, Any]) -> None:
        frame = {"seq": self._requests.seq, **known}
        data = frame.pop("data")
        self.send({"kind": "prefetched", "frame": frame}, buffers=[data])

    def _shown_picture(self) -> Picture:
        picture: Picture = self._loaded[1]
        return picture

    def _ready(self) -> None:
        super()._ready()
        # What was sent before this view listened is lost to it.
        if not self._closed:
            for frame in self._ahead.frames(self._quick()):
                self._send_ahead(frame)

    def _release(self) -> None:
        super()._release()
        self._ahead.clear()
        self._loaded = (None, None)
        self._known_of = self.image = None
        self.target = None
        self.picture = {}
        self.set_trait("attribution", None)

    # Static pictures.

    def _picture_png(self, *, small: bool) -> bytes:
        pixels = self._loaded[1].pixels
        attribution, frame = self.attribution, self.frame
        if attribution is not None and frame:
            pixels = self._overlaid(pixels, attribution, signed=frame["signed"])
        return still(pixels) if small else encode_png(pixels)

    def _in_words(self) -> str:
        engine, picture = self.engine, self._loaded[1]
        title = engine.methods[self.method].title
        what = ""
        if self.frame:
            target = self.frame["target"]
            share = target["probability"]
            what = f" of {target['name']}" + ("" if share is None else f" ({share:.0%})")
        name = f", {picture.name}" if picture.name else ""
        return f"{title}{what}{name}, {engine.name}"

    def _saved_frames(self) -> list[dict[str, Any]]:
        """All quick methods for the shown class, and the shown method for the likeliest ones."""
        engine, picture = self.engine, self._loaded[1]
        requests = self._quick()
        refines = engine.methods[self.method].anytime
        if not refines:
            likeliest = [score["index"] for score in self.prediction.get("top", [])]
            shown = self._asked_for()[1]
            requests += for_targets(self._request(), [i for i in likeliest if i != shown])
        saved = frames_within(_SAVING_SECONDS, engine, picture, requests)
        shown_now = [self.frame] if refines and self.frame else []
        return [{**frame, "seq": seq} for seq, frame in enumerate([*shown_now, *saved])]
