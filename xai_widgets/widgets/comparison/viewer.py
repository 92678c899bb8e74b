"""GradientComparison: what several networks, or checkpoints of one, answer to several methods."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import traitlets as t

from xai_widgets.render.colours import Sign, colorize
from xai_widgets.targets import TargetLike
from xai_widgets.widgets.base import turns
from xai_widgets.widgets.base.appearance import Appearance
from xai_widgets.widgets.base.bundle import bundle
from xai_widgets.widgets.base.explaining import Facts
from xai_widgets.widgets.base.photos import Pixels, map_of, small_picture, within
from xai_widgets.widgets.base.traits import (
    Choice,
)
from xai_widgets.widgets.comparison.answers import Answer, Cell, Known, Measured, Said, Working
from xai_widgets.widgets.comparison.asking import Asking, listed
from xai_widgets.widgets.comparison.networks import Row, rows_of
from xai_widgets.widgets.comparison.stills import answers_within, comparison_png, told_of
from xai_widgets.widgets.comparison.work import MEASURES, comparing, measuring

if TYPE_CHECKING:
    from xai_widgets.attribution import Attribution
    from xai_widgets.engine import Engine
    from xai_widgets.engine.worker import Job

METHODS = ("saliency", "guided_backprop", "deconvnet", "smooth_grad", "grad_cam")
_COLORMAPS = ("inferno", "gray", "coolwarm")  # those in the bundle
_FIRST_SECONDS = 1.5  # a cell waits so long, so that there is something to see at once
_PAINTED_IN = 0.4  # seconds that the browser has for painting before measures need all cores
_SAVING_SECONDS = 120.0
_THUMBNAIL = 64  # pixels


class GradientComparison(Appearance, Asking):
    """Maps of several networks (rows) by several methods (columns), side by side: one picture, one
    cursor, one zoom, one class; any two laid over each other, and their difference.

    `engines` is an Engine, several, or a mapping from names; with `checkpoints`, a mapping from
    names to weights (state dicts or files), the rows are copies of the one engine's network.
    `image` is a picture or a list of them. `methods` are names of `engine.methods`; `target` is a
    class, None for the first network's most probable one; with `own=True` each row explains its own
    network's. `names` and `accuracies` (shares) go into the row headers. `noise` is added to what
    the networks are given, in parts of its range, drawn from `seed`. Further keywords are the
    methods' parameters (`samples=50`) and the appearance, as in HeatmapViewer; `alone=False` lays
    the maps over the picture, `scale` is what has a colour scale of its own: each "cell", each
    "method", or none ("all"); `view` is "grid", "swipe" or "difference", `pair` the cells it is of.

    All of these are traits: set them from Python, observe them. `attributions` and `measures` are
    by (name, method). `wait()`, `stop()`, `close()`, `to_png()`, `to_html()`; or use it as a
    context manager.

    Raises ExplanationError for a network, checkpoint, image, method, class or number that cannot
    be, and TypeError for an unknown keyword.
    """

    _esm = bundle("comparison/index.js")
    _css = bundle("comparison/style.css")
    _way_on = "Choose a picture, class or method to go on; what is done is kept."
    _way_out = "Choose another picture, method or class."

    network = t.Dict().tag(sync=True)
    rows: t.List[dict[str, Any]] = t.List().tag(sync=True)
    strip: t.List[dict[str, Any]] = t.List().tag(sync=True)
    cards: t.List[dict[str, Any]] = t.List().tag(sync=True)
    class_names: t.List[str] = t.List().tag(sync=True)

    measured = t.List([dict(each) for each in MEASURES]).tag(sync=True)
    colormap = Choice(["auto", *_COLORMAPS], "auto").tag(sync=True, keyword=True)

    view = Choice(("grid", "swipe", "difference"), "grid").tag(sync=True, keyword=True)
    scale = Choice(("cell", "method", "all"), "cell").tag(sync=True, keyword=True)
    alone = t.Bool(True).tag(sync=True, keyword=True)

    def __init__(
        self,
        engines: Engine | Sequence[Engine] | Mapping[str, Engine],
        image: Any,
        methods: Sequence[str] = METHODS,
        target: TargetLike = None,
        *,
        names: Sequence[str] | None = None,
        accuracies: Sequence[float | None] | Mapping[str, float] | None = None,
        checkpoints: Mapping[str, Any] | None = None,
        **traits: Any,
    ) -> None:
        self._rows: list[Row] = rows_of(engines, checkpoints, names, accuracies)
        engine = self._rows[0].engine
        self._images: list[Any] = listed(image)
        self._loaded = (image, [engine.picture(each) for each in self._images])
        self._known, self._with_facts = Known(), True
        self._viewed = False
        self._measuring: Job | None = None
        super().__init__(
            engine,
            image=image,
            methods=[methods] if isinstance(methods, str) else list(methods),
            target=target,
            **self._with_parameters(engine, traits),
        )

    # What is asked.

    @t.observe("image")
    def _take_pictures(self, _change: Any) -> None:
        pictures = self._loaded[1]
        self._forget()
        if self.place >= len(pictures):
            self.place = 0
        self.strip = [
            {**small_picture(each.pixels, _THUMBNAIL), "name": each.name} for each in pictures
        ]
        self.network = {
            "name": ", ".join(dict.fromkeys(row.engine.name for row in self._rows)),
            "input": list(pictures[0].input.shape[-2:]),
        }
        self.rows = [{"name": row.name, "accuracy": row.accuracy} for row in self._rows]
        self.cards = self.cards or [card.to_json() for card in self.engine.methods.values()]
        self._ask()

    @t.observe("seed", "parameters")
    def _forget_answers(self, _change: Any) -> None:
        self._forget()
        self._ask()

    def _forget(self) -> None:
        self._known = Known()
        self.send({"kind": "forget"})

    @t.observe("methods", "target", "own", "place", "noise")
    def _ask_anew(self, _change: Any) -> None:
        self._ask()

    @property
    def _answer(self) -> Answer:
        return self._known.answer(self._asked_for)

    def _work(self) -> tuple[str, Callable[[], Iterator[Any]]]:
        rows, image, asked = self._rows, self._images[self.place], self._asked_for
        methods, parameters, known = list(self.methods), dict(self.parameters), self._known
        first, self._with_facts = self._with_facts, False
        return "Maps", lambda: comparing(
            rows, image, asked, methods, parameters, known, with_facts=first
        )

    def _await_first(self) -> None:
        quick = [name for name in self.methods if not self.engine.methods[name].anytime]
        last = (len(self._rows) - 1, quick[-1] if quick else self.methods[-1])
        self._wait_while_running(_FIRST_SECONDS, until=lambda: last in self._answer.cells)

    # What is shown.

    def _show(self, step: Any) -> None:
        if isinstance(step, Working):
            self._say("running", step.words, fraction=step.fraction)
        elif isinstance(step, Facts):
            self.class_names, self.cards = step.class_names, step.methods
        else:
            self._tell(self._asked_for.key, step)

    def _tell(self, key: str, step: Said | Cell | Measured) -> None:
        told, buffers = told_of(step)
        self.send({**told, "key": key}, buffers=buffers)

    def _finished(self) -> None:
        if self._viewed:  # until then every moment goes into what is seen first
            self._measure()

    def _measure(self, pause: float = _PAINTED_IN) -> None:
        """Take the measures of what is shown, in the background and after a pause."""
        rows, image, asked = self._rows, self._images[self.place], self._asked_for
        methods, known = list(self.methods), self._known

        def tell(widget: GradientComparison, step: Measured) -> None:
            if not widget._closed and widget._known is known and step.values:
                known.answer(asked).take(step)
                widget._guarded(lambda: widget._tell(asked.key, step))

        self._measuring = self._requests.submit_background(
            self.engine.worker, lambda: measuring(rows, image, asked, methods, known, pause), tell
        )

    def wait(self, seconds: float = 600.0) -> None:
        """Wait until everything is computed, the measures too."""
        begun = time.monotonic()
        super().wait(seconds)
        if self.status.get("state") == "idle":
            self._viewed = True
            self._measure(pause=0.0)
            assert self._measuring is not None
            self._measuring.wait(seconds - (time.monotonic() - begun))

    def _ready(self) -> None:
        super()._ready()
        self._tell_all(self._asked_for.key)
        self._viewed = True
        if not self._closed and self.status.get("state") == "idle":
            self._measure()

    def _tell_all(self, key: str) -> None:
        """What was sent before a view listened, or has been forgotten there."""
        answer = self._known.of(key) if not self._closed else None
        if answer is None:
            return
        for said in list(answer.said.values()):
            self._tell(key, said)
        for cell in list(answer.cells.values()):
            self._tell(key, cell)
        for place, values in list(answer.measures.items()):
            self._tell(key, Measured(place, values))

    def _handle_custom_msg(self, content: Any, buffers: Any) -> None:
        if isinstance(content, Mapping) and content.get("kind") == "missing":
            with turns.taken():
                self._guarded(lambda: self._tell_all(str(content.get("key"))))
        super()._handle_custom_msg(content, buffers)

    @property
    def attributions(self) -> dict[tuple[str, str], Attribution]:
        """What is shown now, by (name of the network, method)."""
        return {
            (self._rows[row].name, method): cell.attribution
            for (row, method), cell in self._answer.cells.items()
            if cell.attribution is not None and method in self.methods
        }

    @property
    def measures(self) -> dict[tuple[str, str], dict[str, float | None]]:
        """The measures of what is shown now, by (name of the network, method)."""
        return {
            (self._rows[row].name, method): dict(values)
            for (row, method), values in self._answer.measures.items()
            if method in self.methods
        }

    def _release(self) -> None:
        super()._release()
        self._known, self._rows, self._images = Known(), [], []
        self._loaded = (None, None)
        self.image = None
        self.strip = []

    # Static pictures.

    def _picture_png(self, *, small: bool) -> bytes:
        return comparison_png(
            self._rows,
            self.methods,
            self._loaded[1][self.place].pixels,
            self._answer,
            self._drawn,
            self._in_words(),
            small=small,
        )

    def _drawn(
        self, pixels: Pixels, attribution: Attribution, side: int, *, signed: bool
    ) -> Pixels:
        """A map as the browser shows it in its cell."""
        if not self.alone:
            return self._overlaid(within(pixels, side), attribution, signed=signed)
        height, width = pixels.shape[:2]
        scale = min(side / max(height, width), 1.0)
        return colorize(
            map_of(attribution),
            (max(round(height * scale), 1), max(round(width * scale), 1)),
            colormap=self.colormap,
            clip=self.clip,
            threshold=self.threshold,
            sign=cast(Sign, self.sign),
            signed=signed,
        )

    def _in_words(self) -> str:
        titles = ", ".join(self.engine.methods[name].title for name in self.methods)
        picture = self._loaded[1][self.place]
        first = self._answer.said.get(0)
        what = f" for {first.told['target']['name']}" if first and "target" in first.told else ""
        name = f", {picture.name}" if picture.name else ""
        return f"{titles}{what}{name}: {' and '.join(row.name for row in self._rows)}"

    def _saved_frames(self) -> list[dict[str, Any]]:
        """All pictures without noise, and the shown one with a few amounts of it."""
        self.wait(_SAVING_SECONDS)
        return answers_within(
            _SAVING_SECONDS,
            self._rows,
            self._images,
            self._asked_for,
            self.methods,
            self.parameters,
            self._known,
        )
