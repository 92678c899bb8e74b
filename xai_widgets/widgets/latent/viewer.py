"""LatentExplorer: move a picture through a VAE's latent space and watch the decision turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import traitlets as t

from xai_widgets.errors import ExplanationError
from xai_widgets.relabel.distillation import CARD, RelabelDistillation
from xai_widgets.relabel.surrogate import DistillationOptions
from xai_widgets.render import overlay
from xai_widgets.targets import TargetLike
from xai_widgets.widgets.base import turns
from xai_widgets.widgets.base.bundle import bundle
from xai_widgets.widgets.base.photos import picture_to_json, still
from xai_widgets.widgets.base.traits import Choice, Share, WholeNumber, as_trait_problem
from xai_widgets.widgets.base.widget import EngineWidget
from xai_widgets.widgets.latent.moving import Moving
from xai_widgets.widgets.latent.stills import Saved, explorer_png, spread
from xai_widgets.widgets.latent.work import (
    READOUTS,
    Asked,
    Found,
    Opening,
    Sliders,
    distilling,
    sliders,
)

if TYPE_CHECKING:
    from xai_widgets.attribution import Attribution
    from xai_widgets.engine import Engine
    from xai_widgets.relabel import VAE

_FIRST_SECONDS = 1.5  # a cell waits so long, so that there is something to see at once
_SAVING_SECONDS = 120.0
_SECONDS_BETWEEN_BEATS = 0.1
_OWN = ("samples", "scale", "temperature", "readout")  # traits of their own, with controls
_FURTHER = tuple(field.name for field in fields(DistillationOptions) if field.name not in _OWN)


class LatentExplorer(Moving, EngineWidget):
    """Why this class, by re-label distillation, and a way to change it: sliders through the latent
    space of a variational autoencoder, with the network's answer as they move.

    `engine`, `image` and `target` (a class, or None for the most probable one) are those of
    `Engine.explain`; `vae` is any `relabel.VAE`. `samples` synthetic pictures are drawn, at `scale`
    (0 searches for one), and labelled softly at `temperature`; further options are those of
    `relabel.DistillationOptions` (`structure`, `noise`, `space`, `seed` ...). `readout` is how the
    student's weights become a map, `opacity` how strongly it lies over the photograph.

    All of these are traits: set them from Python, observe them. `explanation` is the
    `relabel.RelabelExplanation` and `attribution` the map shown. `move(values, place)` moves the
    sliders: the first goes against what the student needs to see, the others are the latent
    directions that matter most to it; `edited_picture` and `edited_probabilities` are what is seen
    there. `wait()`, `stop()`, `close()`, `to_png()`, `to_html()`; or use it as a context manager.

    Raises ExplanationError for an image, VAE, target or option that cannot be, and TypeError for an
    unknown keyword.
    """

    _esm = bundle("latent/index.js")
    _css = bundle("latent/style.css")
    _way_on = "Distil again begins anew; what was found stays."
    _way_out = "Choose another class, or a scale; or take another VAE."
    _same_in_a_cell = "xw.relabel.RelabelDistillation(engine, vae).explain(image)"

    picture = t.Dict().tag(sync=True)
    network = t.Dict().tag(sync=True)
    opening = t.Dict().tag(sync=True)

    target = t.Any(None, allow_none=True).tag(sync=True, keyword=True)
    samples = WholeNumber(20, 10000, 1000).tag(sync=True, keyword=True)
    scale = Share(0, 64, 0).tag(sync=True, keyword=True)
    temperature = Share(0.5, 20, 1).tag(sync=True, keyword=True)
    readout = Choice(READOUTS, "weight").tag(sync=True, keyword=True)
    opacity = Share(0, 1, 0.7).tag(sync=True, keyword=True)
    options = t.Dict().tag(keyword=True)

    explanation = t.Any(None, allow_none=True, read_only=True)

    def __init__(
        self, engine: Engine, vae: VAE, image: Any, target: TargetLike = None, **traits: Any
    ) -> None:
        RelabelDistillation(engine, vae)  # refuses what is no VAE
        self._vae: VAE | None = vae
        self._loaded = (image, engine.picture(image))
        self._slid = 0  # the distillation the sliders are of
        self._decoded, self._beaten = 0, 0.0
        self._better: Sliders | None = None
        further = {name: traits.pop(name) for name in _FURTHER if name in traits}
        super().__init__(
            engine,
            image=image,
            target=target,
            options={**traits.pop("options", {}), **further},
            **traits,
        )

    # What may be asked.

    @t.validate("target")
    def _check_target(self, proposal: Any) -> int | None:
        target = proposal["value"]
        if target is None:
            return None
        with as_trait_problem():
            if callable(target):
                raise ExplanationError("target is a function; expected a class, which can shift.")
            return self.engine.resolve_target(self._loaded[1], target).index

    @t.validate("options")
    def _check_options(self, proposal: Any) -> dict[str, Any]:
        with as_trait_problem():
            CARD.resolve(proposal["value"])
        given: dict[str, Any] = proposal["value"]
        return given

    def _keywords(self) -> Iterable[str]:
        return [*super()._keywords(), *_FURTHER]

    # What is asked.

    @t.observe("image")
    def _take_picture(self, _change: Any) -> None:
        picture = self._loaded[1]
        self.picture = picture_to_json(picture.pixels, picture.name)
        self.network = {"name": self.engine.name, "input": list(picture.input.shape[-2:])}
        self.opening = self.frame = {}
        self._forget()
        self._ask()

    @t.observe("target", "samples", "scale", "temperature", "options")
    def _ask_anew(self, _change: Any) -> None:
        self._ask()

    def _work(self) -> tuple[str, Callable[[], Iterator[Any]]]:
        engine, picture, vae = self.engine, self._loaded[1], self._vae
        assert vae is not None
        asked = Asked(
            self.target,
            {
                **self.options,
                "samples": self.samples,
                "scale": self.scale,
                "temperature": self.temperature,
                "readout": "weight",  # the others are read from the same student
            },
        )
        self._decoded, self._beaten = 0, 0.0
        self._touched = False
        beat = self._requests.in_turn(_beat)
        return "Distilling", lambda: distilling(engine, vae, picture, asked, beat)

    def distil(self) -> None:
        """Distil again, for instance after a stop."""
        self._refuse_closed()
        self._ask()

    def _await_first(self) -> None:
        self._wait_while_running(_FIRST_SECONDS, until=lambda: False)

    def stop(self) -> None:
        """Stop distilling; what has been found so far stays, and its sliders are made."""
        with turns.taken():
            super().stop()
            if self.status.get("state") == "stopped" and self._slid != self._run:
                engine, explanation, run = self.engine, self.explanation, self._run

                def take(explorer: LatentExplorer, step: Sliders) -> None:
                    if not explorer._closed and explorer._run == run:
                        explorer._guarded(lambda: explorer._take_sliders(step))

                self._requests.submit_background(
                    engine.worker, lambda: iter([sliders(engine, explanation)]), take
                )

    # What is shown.

    def _show(self, step: Any) -> None:
        if isinstance(step, Opening):
            self._editor, self._target = step.editor, step.target
            self._likely = [each["index"] for each in step.facts["classes"]]
            self.opening = step.facts
        elif isinstance(step, Found):
            self._run = self._requests.seq
            self.frame = {"seq": self._run, **step.frame}
            self.set_trait("explanation", step.explanation)
            if not step.frame["partial"]:
                self._say("running", "Finding the directions that matter", fraction=None)
        elif isinstance(step, Sliders):
            self._take_sliders(step)

    def _take_sliders(self, step: Sliders) -> None:
        """Sliders that somebody has moved meanwhile stay until the better ones are asked for."""
        if self._touched and self._axes:
            self._better = step
            self.sliders = {**self.sliders, "better": True}
            return
        self._slid, self._better = self._run, None
        self._take_axes(step.axes)
        self.sliders = {"run": self._run, "shown": step.shown, "better": False}

    def _take_better(self) -> None:
        if self._better is not None:
            self._touched = False
            self._take_sliders(self._better)

    def _beat(self, count: int) -> None:
        """So many pictures have been decoded."""
        self._decoded += count
        now = time.monotonic()
        found = self.frame.get("seq") == self._requests.seq and not self.frame.get("partial")
        if self.status.get("state") != "running" or found:
            return
        if now - self._beaten > _SECONDS_BETWEEN_BEATS:
            self._beaten = now
            share = min(0.99, self._decoded / (self.samples + 40))
            self._guarded(lambda: self._say("running", "Distilling", fraction=share))

    @property
    def attribution(self) -> Attribution | None:
        """The map that is shown, in the read-out that is chosen; None before there is one."""
        if self.explanation is None:
            return None
        found: Attribution = self.explanation.read(self.readout)
        return found

    def _handle_custom_msg(self, content: Any, buffers: Any) -> None:
        kind = content.get("kind") if isinstance(content, Mapping) else None
        if not self._closed:
            with turns.taken():
                if kind == "distil":
                    self._ask()
                elif kind == "better":
                    self._guarded(self._take_better)
                elif kind == "edit":
                    self._guarded(lambda: self._asked_to_move(content))
                elif kind == "neighbours":
                    self._guarded(lambda: self._asked_for_neighbours(content))
        super()._handle_custom_msg(content, buffers)

    def _release(self) -> None:
        super()._release()
        self._forget()
        self._vae = self.image = None
        self._loaded = (None, None)
        self.picture = self.opening = {}

    def _forget(self) -> None:
        super()._forget()
        self._better = None
        self._run = self._slid = 0
        self.set_trait("explanation", None)

    # Static pictures.

    def _picture_png(self, *, small: bool) -> bytes:
        pixels, explanation = self._loaded[1].pixels, self.explanation
        attribution = self.attribution
        if attribution is None:
            return still(pixels)
        shown = overlay(pixels, attribution.heatmap(), opacity=self.opacity)
        return explorer_png(explanation, shown, self.edited_picture, self._in_words(), small=small)

    def _in_words(self) -> str:
        picture = self._loaded[1]
        what = f" of {self._target.name}" if self._target is not None else ""
        name = f", {picture.name}" if picture.name else ""
        return f"{CARD.title}{what}{name}, {self.engine.name}"

    def _saved_frames(self) -> list[dict[str, Any]]:
        """A few positions of every slider, and the pictures of some neighbours."""
        self.wait(_SAVING_SECONDS)
        editor, explanation = self._editor, self.explanation
        if editor is None or explanation is None:
            return []
        places = spread(explanation)
        saved = Saved(self.engine, editor, explanation, self._axes, self._likely)
        made: list[dict[str, Any]] = []
        job = self.engine.worker.submit(object(), lambda: saved.frames(places), on_step=made.append)
        job.wait(_SAVING_SECONDS)
        job.cancel()
        return made


def _beat(explorer: Any, count: int) -> None:
    explorer._beat(count)
