"""TrainingMonitor: a training as it goes, and what becomes of the gradients of a few pictures."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import traitlets as t
from typing_extensions import Unpack

from xai_widgets.attribution import Attribution
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError, a_kind
from xai_widgets.probe.guard import unwrap
from xai_widgets.render import amount, colorize, signed_number
from xai_widgets.render.card import Card, Cell, Cells, Column, Curve, Plot
from xai_widgets.render.figures import COLOURS
from xai_widgets.training import Report, Trainer
from xai_widgets.widgets.base import state_lock
from xai_widgets.widgets.base.channel import message
from xai_widgets.widgets.base.jobs import Work
from xai_widgets.widgets.base.maps import Pixels, map_of, sized
from xai_widgets.widgets.base.options import WidgetOptions
from xai_widgets.widgets.base.traits import Renamed
from xai_widgets.widgets.base.widget import EngineWidget
from xai_widgets.widgets.training import work
from xai_widgets.widgets.training.wire import GradientLook, TrainingPlan, TrainingStep

_SECONDS_BETWEEN_POINTS = 0.25  # the curve is sent whole
# Of a still picture.
_SIDE, _PLOT, _MOST_ROWS = 112, 260, 4
_MEASURES = {"accuracy": "accuracy", "test_accuracy": "test accuracy", "cosine": "cosine"}


class TrainingMonitor(EngineWidget):
    """A training while it goes: its loss, accuracy and the cosine between plain and guided
    gradient, and after every epoch both gradients of a few pictures, with a slider back through the
    epochs.

    `trainer` is an `xw.training.Trainer`. `pictures` is the number of its test pictures to look at,
    one of each class first, or the pictures themselves, with their classes as `labels` where they
    are known. `class_names` names the classes. Training begins when the monitor is shown, or with
    `start()`, on a thread of its own that takes turns with whatever looks at the same network; with
    `start=False` it waits. It goes on when the page is closed: the widget keeps what there is to
    see.

    `pause()` and `start()` do so between two steps; `stop()` ends it, until `start()` is called;
    the trainer's checkpoint is kept in either case. `looks` maps numbers of epochs to their maps,
    `epochs` lists what was measured. `wait()`, `close()` (which stops it), `to_png()`, `to_html()`;
    or use it as a context manager.

    Raises ExplanationError for anything that is not a trainer or a picture, and TypeError for an
    unknown keyword.
    """

    _static = "training"
    _way_on = "Go on takes it up."
    _way_out = "The training has stopped; correct it and make a new trainer."
    _same_in_a_cell = "for step in trainer.stream(): print(step.words)"
    _first_seconds = 0.0

    thumbnails: t.List[dict[str, Any]] = t.List(help="The pictures that are looked at, small.").tag(
        sync=True
    )
    plan = t.Dict(
        help="How many epochs and steps the training has, and the weight of its regulariser."
    ).tag(sync=True)
    loss = t.Dict(help="The curve of the loss.").tag(sync=True)
    epochs: t.List[dict[str, Any]] = t.List(help="What was measured after each epoch.").tag(
        sync=True
    )
    step = t.Dict(help="Where the training is.").tag(sync=True)

    strip = Renamed("thumbnails")
    now = Renamed("step")

    def __init__(
        self,
        trainer: Trainer,
        pictures: Any = 4,
        *,
        labels: Sequence[int] | None = None,
        class_names: Sequence[str] | Mapping[int, str] | None = None,
        start: bool = True,
        **options: Unpack[WidgetOptions],
    ) -> None:
        if not isinstance(trainer, Trainer):
            raise ExplanationError(f"trainer is {a_kind(trainer)}; expected an xw.training.Trainer")
        self._trainer: Trainer | None = trainer
        self._points, self._sent = work.LossPoints(), 0.0
        self._looks: dict[int, work.Look] = {}
        engine = Engine(
            unwrap(trainer.model), preprocessing=trainer.preprocessing, class_names=class_names
        )
        self._watched: list[work.WatchedPicture] = work.watched_pictures(
            trainer, engine, pictures, labels
        )
        super().__init__(engine, **options)
        self.network = {"name": engine.name, "input": list(trainer.train.shape[1:])}
        self.thumbnails = [{**photo} for photo in work.thumbnails(engine, self._watched)]
        epochs, weight = trainer.recipe.epochs, trainer.recipe.weight
        self.plan = {
            **TrainingPlan(
                epochs=epochs, steps=trainer.steps, weight=weight, regularised=weight > 0
            )
        }
        self.epochs = [{**work.measures_of(entry)} for entry in trainer.history]
        self.step = {"epoch": trainer.epoch, "step": trainer.step}
        if start:
            self._ask()

    @property
    def trainer(self) -> Trainer:
        """The trainer that is watched."""
        self._refuse_closed()
        assert self._trainer is not None
        return self._trainer

    @property
    def looks(self) -> dict[int, list[tuple[Attribution | str, ...]]]:
        """By the number of epochs done: of each picture the plain and the guided gradient, or why
        there is none.
        """
        return {epoch: list(look.maps) for epoch, look in self._looks.items()}

    @message("resume")
    def start(self) -> None:
        """Begin, or go on."""
        self._refuse_closed()
        with state_lock.held():
            if self.status.get("state") != "running":
                self._ask()

    resume = start

    @message("stop")
    def pause(self) -> None:
        """Pause after the step that is being made."""
        self._halt("Paused", self._way_on)

    def stop(self) -> None:
        """End the training after the step that is being made. `start()` would take it up."""
        self._halt("Ended", "Its checkpoint, if it has a folder, is kept.")

    def _halt(self, word: str, way_on: str) -> None:
        with state_lock.held():
            running = self.status.get("state") == "running"
            super().stop()
            if running and self.status.get("state") == "stopped":
                epoch = min(self.trainer.epoch + 1, self.plan["epochs"])
                self._say("stopped", f"{word} in epoch {epoch} of {self.plan['epochs']}.", way_on)

    def _work(self) -> tuple[str, Work[Report | work.Look]]:
        trainer, engine, watched = self.trainer, self.engine, self._watched
        seen = frozenset(self._looks)
        return "Training", lambda: work.train(trainer, engine, watched, seen)

    def _show(self, result: Report | work.Look) -> None:
        if isinstance(result, work.Look):
            self._looks = work.thinned({**self._looks, result.epoch: result})
            self.frame = {"seq": self._jobs.seq, **result.frame}
            return
        report, steps = result, self.plan["steps"]
        share = (report.epoch * steps + report.step) / (self.plan["epochs"] * steps)
        self._points.add(share, report.terms)
        now = time.monotonic()
        if report.ends_epoch:
            self.epochs = [{**work.measures_of(entry)} for entry in self.trainer.history]
        elif now - self._sent < _SECONDS_BETWEEN_POINTS:
            return
        self._sent = now
        step = TrainingStep(
            epoch=report.epoch,
            step=report.step,
            accuracy=report.accuracy,
            learning_rate=report.learning_rate,
        )
        terms = {name: value for name, value in report.terms.items() if math.isfinite(value)}
        self.step = {**step, **terms}
        self.loss = {**self._points.to_json()}

    def _finished(self) -> None:
        self.loss = {**self._points.to_json()}

    def _ready(self) -> None:
        """What was sent before a view listened is lost to it."""
        super()._ready()
        for look in list(self._looks.values()):
            self.tell("look", frame=look.frame)

    def _release(self) -> None:
        super()._release()
        self._trainer, self._watched, self._looks = None, [], {}

    def _card(self, scale: float) -> Card:
        """The loss, what was measured after each epoch, and the latest gradients."""
        latest = self._looks[max(self._looks)] if self._looks else None
        titles = [self.engine.methods[name].title for name in work.METHODS] if latest else []
        rows: list[list[Cell]] = []
        for number, watched in enumerate(self._watched[:_MOST_ROWS]):
            pixels, name = watched.picture.pixels, self.thumbnails[number]["name"]
            maps = latest.maps[number] if latest else ()
            drawn = [pixels, *(_drawn(gradient, pixels) for gradient in maps)]
            above = ["Picture", *titles] if not number else [""] * len(drawn)
            rows.append(
                [
                    Cell(item if isinstance(item, str) else sized(item, _SIDE * scale), head,
                         (name or f"Picture {number + 1}") if not place else "")
                    for place, (item, head) in enumerate(zip(drawn, above, strict=True))
                ]
            )  # fmt: skip
        wide = len(rows[0]) * (_SIDE + 6) - 6 if rows else 0
        columns = [Column(wide, [Cells(rows, most=_SIDE)])] if rows else []
        plots = [plot for plot in (self._loss_plot(), self._epoch_plot()) if plot.curves]
        if plots:
            columns.insert(0, Column(_PLOT, plots))
        done = f"{self.trainer.epoch} of {self._length}"
        return Card(f"Training of {self.engine.name}", done, columns)

    @property
    def _length(self) -> str:
        epochs = self.plan["epochs"]
        return f"{epochs:,} epoch{'s' if epochs != 1 else ''}"

    def _loss_plot(self) -> Plot:
        loss = self.loss
        shown = {"total": "loss", "classification": "classification"}
        if self.plan["regularised"]:
            shown["regularization"] = "regulariser"
        values = {
            title: [math.nan if v is None else v for v in loss[term]]
            for term, title in shown.items()
            if any(v is not None for v in loss.get(term, []))
        }
        finite = [v for own in values.values() for v in own if math.isfinite(v)]
        high = max(finite, default=1.0) * 1.05 or 1.0
        curves = [
            Curve(title, f"{_last(own):.3g}", loss["x"], own, colour)
            for colour, (title, own) in zip(COLOURS, values.items(), strict=False)
        ]
        ends = "0", signed_number(float(f"{high:.2g}")).removeprefix("+")
        return Plot("Loss", curves, (0.0, high), ends, "", self._length, tall=90)

    def _epoch_plot(self) -> Plot:
        epochs, all_ = self.epochs, max(self.plan["epochs"], 1)
        curves = []
        for colour, (name, title) in zip(COLOURS[2:], _MEASURES.items(), strict=False):
            own = [(e["epoch"] / all_, e[name]) for e in epochs if e.get(name) is not None]
            if own:
                x, y = zip(*own, strict=True)
                words = amount(y[-1]) if "accuracy" in name else f"{y[-1]:.2f}"
                curves.append(Curve(title, words.replace("-", "\N{MINUS SIGN}"), x, y, colour))
        low = min([0.0, *(v for curve in curves for v in curve.y)])
        ends = signed_number(float(f"{low:.1g}")), "1"
        return Plot("After each epoch", curves, (low, 1.0), ends, "",
                    self._length, tall=90)  # fmt: skip

    def _in_words(self) -> str:
        done = f"{self.trainer.epoch} of {self.plan['epochs']} epochs"
        latest = self.epochs[-1] if self.epochs else {}
        numbers = [
            f"{title} {latest[name]:.3f}"
            for name, title in (("test_accuracy", "accuracy"), ("cosine", "cosine"))
            if latest.get(name) is not None
        ]
        return ", ".join([f"Training of {self.engine.name}, {done}", *numbers])

    def _saved_frames(self) -> list[GradientLook]:
        """Every look: the latest and the first, then what lies halfway between two of them."""
        looks = [look.frame for _, look in sorted(self._looks.items())]
        order = [len(looks) - 1, 0]
        step = len(looks)
        while step > 1:
            step = -(-step // 2)
            order += range(step, len(looks), step)
        return [looks[i] for i in dict.fromkeys(order) if looks]


def _drawn(gradient: Attribution | str, pixels: Pixels) -> Pixels | str:
    if isinstance(gradient, str):
        return gradient
    return colorize(map_of(gradient), (pixels.shape[0], pixels.shape[1]))


def _last(values: Sequence[float]) -> float:
    """The last that is a number."""
    return next((v for v in reversed(values) if math.isfinite(v)), math.nan)
