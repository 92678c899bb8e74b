"""LatentExplorer: move a picture through a VAE's latent space and watch the decision turn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import partial
from typing import Any

import numpy as np
import traitlets as t
from typing_extensions import Unpack

from xai_widgets.attribution import Attribution
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.relabel import VAE, DistillationOptions, RelabelDistillation, RelabelExplanation
from xai_widgets.relabel.distillation import CARD
from xai_widgets.relabel.neighbourhood import Noise, Shape, Structure
from xai_widgets.relabel.neighbours import Readout, Space
from xai_widgets.relabel.teacher import Detail, Reference
from xai_widgets.render import amount, overlay
from xai_widgets.render.card import Card, Cell, Cells, Column, Dots, Words
from xai_widgets.render.figures import COLOURS
from xai_widgets.targets import TargetLike
from xai_widgets.widgets.base import state_lock
from xai_widgets.widgets.base.channel import message
from xai_widgets.widgets.base.jobs import Work, in_one_step
from xai_widgets.widgets.base.maps import sized
from xai_widgets.widgets.base.options import WidgetOptions
from xai_widgets.widgets.base.traits import Choice, Renamed, Share, WholeNumber, as_trait_problem
from xai_widgets.widgets.latent import work
from xai_widgets.widgets.latent.sliders import LatentSliders
from xai_widgets.widgets.latent.wire import LatentSaved

_SIDE = 172  # of a picture in the still picture
_OWN = ("samples", "scale", "temperature", "readout")  # traits of their own, with controls
_FURTHER = tuple(field.name for field in fields(DistillationOptions) if field.name not in _OWN)


class LatentOptions(WidgetOptions, total=False):
    """Keywords of LatentExplorer; most are those of `relabel.DistillationOptions`."""

    samples: int
    scale: float
    temperature: float
    readout: Readout
    opacity: float
    options: Mapping[str, Any]
    space: Space
    structure: Structure
    noise: Noise
    shape: Shape
    detail: Detail
    reference: Reference
    cells: int
    alpha: float
    decay: float
    seed: int


class LatentExplorer(LatentSliders):
    """Why this class, by re-label distillation, and a way to change it: sliders through the latent
    space of a variational autoencoder, with the network's answer as they move.

    `engine`, `image` and `target` (a class, or None for the most probable one) are those of
    `Engine.explain`; `vae` is any `relabel.VAE`. `samples` synthetic pictures are drawn, at `scale`
    (0 searches for one), and labelled softly at `temperature`; further options are those of
    `relabel.DistillationOptions` (`structure`, `noise`, `space`, `seed` ...). `readout` is how the
    student's weights become a map, `opacity` how strongly it lies over the photograph.

    All of these are traits: set them from Python, observe them. `explanation` is the
    `relabel.RelabelExplanation` and `attribution` the map shown. `move(values, neighbour)` moves
    the sliders: the first goes against what the student needs to see, the others are the latent
    directions that matter most to it; `edited_picture` and `edited_probabilities` are what is seen
    there. `wait()`, `stop()`, `resume()`, `close()`, `to_png()`, `to_html()`; or use it as a
    context manager.

    Raises ExplanationError for an image, VAE, target or option that is not possible, and TypeError
    for an unknown keyword.
    """

    _static = "latent"
    _usage = "(engine, vae, image)"
    _asked_by = ("target", "samples", "scale", "temperature", "options")
    _why_a_class = "which can shift"
    _way_on = "Distil again begins anew; what was found stays."
    _way_out = "Choose another class, or a scale; or take another VAE."
    _same_in_a_cell = "xw.relabel.RelabelDistillation(engine, vae).explain(image)"

    reconstruction = t.Dict(
        help="What the autoencoder makes of the picture, and what the network says of it."
    ).tag(sync=True)

    target = t.Any(
        None,
        allow_none=True,
        help="The class that is explained, by index or name; None for the most probable.",
    ).tag(sync=True, keyword=True)
    samples = WholeNumber(
        20, 10000, 1000, help="How many synthetic pictures are drawn, 20 to 10,000."
    ).tag(sync=True, keyword=True)
    scale = Share(
        0, 64, 0, help="How far from the picture they are drawn; 0 searches for a scale."
    ).tag(sync=True, keyword=True)
    temperature = Share(0.5, 20, 1, help="Of the teacher's soft labels, 0.5 to 20.").tag(
        sync=True, keyword=True
    )
    readout = Choice(work.READOUTS, "weight", help="How the student's weights become a map.").tag(
        sync=True, keyword=True
    )
    opacity = Share(0, 1, 0.7, help="How strongly the map lies over the photograph, 0 to 1.").tag(
        sync=True, keyword=True
    )
    options = t.Dict(help="Further options of relabel.DistillationOptions, by name.").tag(
        keyword=True
    )

    opening = Renamed("reconstruction")

    def __init__(
        self,
        engine: Engine,
        vae: VAE,
        image: Any,
        target: TargetLike = None,
        **options: Unpack[LatentOptions],
    ) -> None:
        self._check_engine(engine, vae, image)
        if isinstance(image, VAE) and not isinstance(vae, VAE):
            raise ExplanationError(
                "the VAE and the picture are swapped; expected LatentExplorer(engine, vae, image)"
            )
        RelabelDistillation(engine, vae)  # refuses anything that is not a VAE
        self._vae: VAE | None = vae
        self._sliders_run = 0  # the distillation that the sliders are of
        self._waiting: work.SliderAxes | None = None  # better sliders, until they are asked for
        given: dict[str, Any] = {**options}
        further = {name: given.pop(name) for name in _FURTHER if name in given}
        further = {**given.pop("options", {}), **further}
        super().__init__(engine, image, target=target, options=further, **given)

    @t.validate("options")
    def _check_options(self, proposal: Any) -> dict[str, Any]:
        options: dict[str, Any] = proposal["value"]
        with as_trait_problem():
            CARD.resolve(options)
        return options

    def _keywords(self) -> Iterable[str]:
        return [*super()._keywords(), *_FURTHER]

    def _work(self) -> tuple[str, Work[Any]]:
        engine, picture, vae, target = self.engine, self._picture, self._vae, self.target
        assert vae is not None
        options = {
            **self.options,
            "samples": self.samples,
            "scale": self.scale,
            "temperature": self.temperature,
            "readout": "weight",  # the others are read from the same student
        }
        self._touched = False
        return "Distilling", lambda: work.distil(engine, vae, picture, target, options)

    def distil(self) -> None:
        """Distil again, for instance after a stop."""
        self.resume()

    def stop(self) -> None:
        """Stop distilling; what has been found so far stays, and its sliders are made."""
        with state_lock.held():
            super().stop()
            engine, explanation, rest = self._engine, self.explanation, self._rest
            if engine is None or explanation is None or rest is None:
                return
            if self._sliders_run == self._run:
                return
            if self.status.get("state") == "stopped":
                self.aside(
                    in_one_step(lambda: work.slider_axes(engine, explanation, rest.editor)),
                    partial(self._show_sliders, self._run),
                    background=True,
                )

    def _show(self, result: work.Result) -> None:
        if isinstance(result, tuple):
            self._rest, frame = result
            self.reconstruction = {**frame}
        elif isinstance(result, work.Distilled):
            self._run = self._jobs.seq
            self.frame = {"seq": self._run, **result.frame}
            self.set_trait("explanation", result.explanation)
        else:
            self._show_sliders(self._run, result)

    def _show_sliders(self, run: int, sliders: work.SliderAxes) -> None:
        """Sliders that somebody has moved meanwhile stay until the better ones are asked for."""
        if run != self._run:
            return
        if self._touched and self._axes:
            self._waiting = sliders
            self.sliders = {**self.sliders, "better": True}
            return
        self._sliders_run, self._waiting = self._run, None
        self._set_axes(sliders.axes)
        self.sliders = {"run": self._run, "shown": list(sliders.shown), "better": False}

    @message("take_sliders")
    def _take_sliders(self) -> None:
        if self._waiting is not None:
            self._touched = False
            self._show_sliders(self._run, self._waiting)

    @property
    def attribution(self) -> Attribution | None:
        """The map that is shown, in the read-out that is chosen; None before there is one."""
        if self.explanation is None:
            return None
        attribution: Attribution = self.explanation.read(self.readout)
        return attribution

    def _release(self) -> None:
        super()._release()
        self._vae = None

    def _forget(self) -> None:
        super()._forget()
        self._waiting = None
        self._sliders_run = 0
        self.reconstruction = self.frame = {}

    def _card(self, scale: float) -> Card:
        """The map, what the autoencoder makes of the picture, and the neighbours by their score."""
        pixels, explanation, attribution = self._picture.pixels, self.explanation, self.attribution
        photograph = sized(pixels, _SIDE * scale)
        target = self._rest.target.name if self._rest is not None else ""
        if attribution is None:
            return Card(CARD.title, target, [Column(_SIDE, [Cells([[Cell(photograph)]])])],
                        below=self._of_what())  # fmt: skip
        shown = overlay(photograph, attribution.heatmap(), opacity=self.opacity)
        rest, edited = self.reconstruction, self.edited
        cells = [
            Cell(shown, "Photograph", _said(rest.get("rest"))),
            Cell(sized(explanation.reconstruction, _SIDE * scale), "Reconstruction",
                 _said(rest.get("reconstruction"))),
        ]  # fmt: skip
        if self.edited_picture is not None:
            moved = sized(self.edited_picture, _SIDE * scale)
            cells.append(Cell(moved, "Edited", _said(edited)))
        verdict = [explanation.sentence, *explanation.warnings]
        if self.frame.get("partial") and self.status.get("state") == "running":
            verdict = ["The student is still learning."]
        words = " ".join(verdict)
        wide = len(cells) * (_SIDE + 6) - 6
        columns = [
            Column(wide, [Cells([cells], most=_SIDE), Words(words, muted=False, lines=5)]),
            Column(230, [_neighbours(explanation)]),
        ]
        return Card(CARD.title, target, columns, below=self._of_what())

    def _in_words(self) -> str:
        what = f" of {self._rest.target.name}" if self._rest is not None else ""
        return f"{CARD.title}{self._named(what)}"

    def _saved_frames(self) -> list[LatentSaved]:
        """A few positions of every slider, and the pictures of some neighbours."""
        self.wait(self._saving_seconds)
        rest, explanation, axes = self._rest, self.explanation, self._axes
        if rest is None or explanation is None:
            return []
        return self.collect(
            lambda: work.saved_frames(rest, explanation, axes), self._saving_seconds
        )


def _said(judged: Mapping[str, Any] | None) -> str:
    """What the network says of a picture."""
    if not judged or "label" not in judged:
        return ""
    chance = dict(judged["chances"]).get(judged["label"])
    return f"{judged['label_name']} {amount(chance)}".rstrip()


def _neighbours(explanation: RelabelExplanation) -> Dots:
    """The student's score from left to right, 0 where the label turns."""
    scores, up, kept = explanation.scores, explanation.coordinate, explanation.kept
    low, high = min(0.0, float(scores.min())), max(0.0, float(scores.max()))
    margin = 0.06 * (high - low) or 1.0
    low, reach = low - margin, high - low + 2 * margin
    across = (scores - low) / reach
    bottom, top = float(up.min()), float(up.max())
    along = (up - bottom) / ((top - bottom) or 1.0)
    groups = [
        (name, colour, np.asarray(across[own], float), np.asarray(along[own], float))
        for name, colour, own in (("kept", COLOURS[0], kept), ("shifted", COLOURS[1], ~kept))
    ]
    return Dots("Neighbours", groups, split=-low / reach)
