"""TrainingMonitor: a training as it goes, and what becomes of the gradients of a few pictures."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import traitlets as t

from xai_widgets.attribution import Attribution
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.probe.guard import unwrap
from xai_widgets.render import colorize, encode_png, grid
from xai_widgets.training import Report, Trainer
from xai_widgets.widgets.base import turns
from xai_widgets.widgets.base.bundle import bundle
from xai_widgets.widgets.base.photos import Pixels, map_of
from xai_widgets.widgets.base.widget import EngineWidget
from xai_widgets.widgets.training.work import (
    METHODS,
    Curve,
    Look,
    Watched,
    monitoring,
    strip_of,
    thinned,
    watched_of,
)

_SECONDS_BETWEEN_POINTS = 0.25  # the curve is sent whole
_SMALL, _LARGE = 96, 256  # pixels of a map in a still picture


class TrainingMonitor(EngineWidget):
    """A training while it goes: its loss, accuracy and the cosine between plain and guided
    gradient, and after every epoch both gradients of a few pictures, with a slider back through the
    epochs.

    `trainer` is an `xw.training.Trainer`. `pictures` are looked at: so many of its test pictures,
    one of each class first, or those given, with their classes as `labels` where they are known.
    `class_names` names the classes. Training begins when the monitor is shown, or with `start()`,
    on a thread of its own that takes turns with whatever looks at the same network; with
    `start=False` it waits. It goes on when the page is closed: what is seen is what is known.

    `pause()` and `start()` do so between two steps; `stop()` ends it, until `start()` is called;
    the trainer's checkpoint is kept in either case. `looks` maps numbers of epochs to their maps,
    `epochs` lists what was measured. `wait()`, `close()` (which stops it), `to_png()`, `to_html()`;
    or use it as a context manager.

    Raises ExplanationError for what is no trainer or picture, and TypeError for an unknown keyword.
    """

    _esm = bundle("training/index.js")
    _css = bundle("training/style.css")
    _way_on = "Go on takes it up at the next step."
    _way_out = "The training has stopped; correct it and make a new trainer."
    _same_in_a_cell = "for report in trainer.reports(): print(report)"

    network = t.Dict().tag(sync=True)
    strip: t.List[dict[str, Any]] = t.List().tag(sync=True)
    plan = t.Dict().tag(sync=True)
    loss = t.Dict().tag(sync=True)
    epochs: t.List[dict[str, Any]] = t.List().tag(sync=True)
    now = t.Dict().tag(sync=True)

    def __init__(
        self,
        trainer: Trainer,
        pictures: Any = 4,
        *,
        labels: Sequence[int] | None = None,
        class_names: Sequence[str] | Mapping[int, str] | None = None,
        start: bool = True,
        **traits: Any,
    ) -> None:
        if not isinstance(trainer, Trainer):
            raise ExplanationError(
                f"trainer is a {type(trainer).__name__}; expected an xw.training.Trainer"
            )
        self._trainer: Trainer | None = trainer
        self._curve, self._sent = Curve(), 0.0
        self._looks: dict[int, Look] = {}
        engine = Engine(
            unwrap(trainer.model), preprocessing=trainer.preprocessing, class_names=class_names
        )
        self._watched: list[Watched] = watched_of(trainer, engine, pictures, labels)
        super().__init__(engine, **traits)
        shape = trainer.train.shape
        self.network = {"name": engine.name, "input": list(shape[1:])}
        self.strip = strip_of(engine, self._watched)
        self.plan = {
            "epochs": trainer.recipe.epochs,
            "steps": trainer.steps,
            "weight": trainer.recipe.weight,
            "regularised": trainer.recipe.weight > 0,
        }
        self.epochs = [_measured(entry) for entry in trainer.history]
        self.now = {"epoch": trainer.epoch, "step": trainer.step}
        if start:
            self._ask()

    @property
    def trainer(self) -> Trainer:
        """What trains."""
        self._refuse_closed()
        assert self._trainer is not None
        return self._trainer

    @property
    def looks(self) -> dict[int, list[tuple[Attribution | str, ...]]]:
        """By the number of epochs done: of each picture the plain and the guided gradient, or why
        there is none.
        """
        return {epoch: list(each.maps) for epoch, each in self._looks.items()}

    # Going and standing.

    def start(self) -> None:
        """Begin, or go on."""
        self._refuse_closed()
        with turns.taken():
            if self.status.get("state") != "running":
                self._ask()

    def pause(self) -> None:
        """Stand still after the step that is being made."""
        self._halt("Paused", "Go on takes it up.")

    def stop(self) -> None:
        """End the training after the step that is being made. `start()` would take it up."""
        self._halt("Ended", "Its checkpoint, if it has a folder, is kept.")

    def _halt(self, word: str, way_on: str) -> None:
        with turns.taken():
            super().stop()
            if self.status.get("state") == "stopped":
                epoch = min(self.trainer.epoch + 1, self.plan["epochs"])
                self._say("stopped", f"{word} in epoch {epoch} of {self.plan['epochs']}.", way_on)

    def _work(self) -> tuple[str, Callable[[], Iterator[Any]]]:
        trainer, engine, watched = self.trainer, self.engine, self._watched
        seen = frozenset(self._looks)
        return "Training", lambda: monitoring(trainer, engine, watched, seen)

    def _handle_custom_msg(self, content: Any, buffers: Any) -> None:
        kind = content.get("kind") if isinstance(content, Mapping) else None
        if not self._closed and kind in ("start", "pause"):
            with turns.taken():
                self._guarded(self.start if kind == "start" else self.pause)
        super()._handle_custom_msg(content, buffers)

    # What is shown.

    def _show(self, step: Any) -> None:
        if isinstance(step, Look):
            self._looks = thinned({**self._looks, step.epoch: step})
            self.frame = {"seq": self._requests.seq, **step.frame}
        elif isinstance(step, Report):
            self._take(step)

    def _take(self, report: Report) -> None:
        plan = self.plan
        total = plan["epochs"] * plan["steps"]
        share = (report.epoch * plan["steps"] + report.step) / total
        self._curve.add(share, dict(report.terms))
        moment = time.monotonic()
        if report.ends_epoch:
            self.epochs = [_measured(entry) for entry in self.trainer.history]
        elif moment - self._sent < _SECONDS_BETWEEN_POINTS:
            return
        self._sent = moment
        self.now = {
            "epoch": report.epoch,
            "step": report.step,
            "accuracy": report.accuracy,
            "learning_rate": report.learning_rate,
            **{name: value for name, value in report.terms.items() if math.isfinite(value)},
        }
        self.loss = self._curve.to_json()
        self._say("running", f"Epoch {report.epoch + 1} of {plan['epochs']}", fraction=share)

    def _finished(self) -> None:
        self.loss = self._curve.to_json()

    def _ready(self) -> None:
        """What was sent before a view listened is lost to it."""
        super()._ready()
        for each in [] if self._closed else list(self._looks.values()):
            frame = {
                **each.frame,
                "pictures": [
                    {**p, "maps": [{k: v for k, v in m.items() if k != "data"} for m in p["maps"]]}
                    for p in each.frame["pictures"]
                ],
            }
            data = [m.get("data", b"") for p in each.frame["pictures"] for m in p["maps"]]
            self.send({"kind": "look", "frame": frame}, buffers=data)

    def _release(self) -> None:
        super()._release()
        self._trainer, self._watched, self._looks = None, [], {}

    # Static pictures.

    def _picture_png(self, *, small: bool) -> bytes:
        side = _SMALL if small else _LARGE
        latest = self._looks[max(self._looks)] if self._looks else None
        cells: list[list[Pixels | str]] = []
        words: list[list[str]] = []
        for number, each in enumerate(self._watched):
            own: list[Pixels | str] = [each.picture.pixels]
            for made in latest.maps[number] if latest else ():
                size = each.picture.pixels.shape[:2]
                own.append(made if isinstance(made, str) else colorize(map_of(made), size))
            cells.append(own)
            words.append([self.strip[number]["name"] or f"Picture {number + 1}"])
        titles = [self.engine.methods[name].title for name in METHODS] if latest else []
        sheet = grid(cells, words, ["Picture", *titles], side=side, title=self._in_words())
        return encode_png(sheet, colors=128 if small else None)

    def _in_words(self) -> str:
        done = f"{self.trainer.epoch} of {self.plan['epochs']} epochs"
        known = self.epochs[-1] if self.epochs else {}
        said = [
            f"{title} {known[name]:.3f}"
            for name, title in (("test_accuracy", "accuracy"), ("cosine", "cosine"))
            if known.get(name) is not None
        ]
        return ", ".join([f"Training of {self.engine.name}, {done}", *said])

    def _saved_frames(self) -> list[dict[str, Any]]:
        """Every look."""
        return [each.frame for each in self._looks.values()]


def _measured(entry: Mapping[str, Any]) -> dict[str, Any]:
    names = ("epoch", "accuracy", "test_accuracy", "cosine")
    found = {name: entry.get(name) for name in names}
    return {n: round(v, 5) if isinstance(v, float) else v for n, v in found.items()}
