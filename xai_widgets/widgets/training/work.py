"""The work of a TrainingMonitor, free of the widget: training, and a look at every epoch's end.

The network is looked at between two steps of its training, on the thread that trains it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from xai_widgets.attribution import Attribution
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.images import Picture
from xai_widgets.metrics import cosine
from xai_widgets.progress import Progress
from xai_widgets.targets import class_name
from xai_widgets.training import Report, Trainer
from xai_widgets.widgets.base import wire
from xai_widgets.widgets.base.maps import class_score, finite, map_of, quantise, small_picture
from xai_widgets.widgets.training.wire import (
    EpochMeasures,
    GradientLook,
    GradientMap,
    LossCurve,
    PictureGradients,
)

METHODS = ("saliency", "guided_backprop")  # the plain and the guided gradient
TERMS = ("total", "classification", "regularization")
_MOST_POINTS = 400
_MOST_LOOKS = 240
_LOOK_BYTES = 48 * 2**20
_NEARLY_ALL = 0.999

Point = tuple[float, tuple[float, ...]]  # a share of the training, and the terms there


@dataclass(frozen=True, eq=False)
class WatchedPicture:
    """A picture that is looked at after every epoch, and its class, None if not given."""

    picture: Picture
    label: int | None


@dataclass(frozen=True, eq=False)
class Look:
    """The gradients after so many epochs. `maps` are by picture: plain and guided, or why not."""

    epoch: int
    maps: tuple[tuple[Attribution | str, ...], ...]
    frame: GradientLook

    @property
    def nbytes(self) -> int:
        return sum(len(m["data"]) for p in self.frame["pictures"] for m in p["maps"])


def watched_pictures(
    trainer: Trainer, engine: Engine, pictures: Any, labels: Any
) -> list[WatchedPicture]:
    """The pictures to look at: the given number of test pictures of different classes, or those
    given.

    Raises ExplanationError for anything that is not a picture, and where the numbers of labels and
    pictures differ.
    """
    if isinstance(pictures, int):
        classes = trainer.test.labels.numpy()
        first = [int(np.flatnonzero(classes == label)[0]) for label in np.unique(classes)]
        chosen = (first + [i for i in range(len(classes)) if i not in first])[:pictures]
        pixels = trainer.test.pixels[chosen].permute(0, 2, 3, 1).numpy()
        given = list(np.ascontiguousarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels))
        labels = classes[chosen].tolist()
    else:
        given = list(pictures) if isinstance(pictures, (list, tuple)) else [pictures]
        labels = [None] * len(given) if labels is None else list(labels)
    if len(labels) != len(given):
        raise ExplanationError(f"labels has {len(labels)} entries for {len(given)} pictures")
    return [
        WatchedPicture(engine.picture(image), label)
        for image, label in zip(given, labels, strict=True)
    ]


def train(
    trainer: Trainer, engine: Engine, watched: Sequence[WatchedPicture], seen: Collection[int]
) -> Iterator[Progress[Report | Look]]:
    """The rest of the training, step by step, and a look after every epoch (of very many, after
    some), and before the first one; none after an epoch that is in `seen`.
    """
    epochs = trainer.recipe.epochs
    words = f"Epoch {min(trainer.epoch + 1, epochs)} of {epochs}"
    if trainer.step == 0 and trainer.epoch not in seen:
        yield Progress(trainer.epoch / epochs, look(trainer.epoch, engine, watched), words)
    stride = math.ceil(epochs / _MOST_LOOKS)
    with closing(trainer.stream()) as steps:
        for step in steps:
            report = step.result
            words = f"Epoch {report.epoch + 1} of {epochs}"
            # After the last step there is still a look to come.
            yield Progress(min(step.fraction, _NEARLY_ALL), report, words)
            if report.ends_epoch and (trainer.finished or trainer.epoch % stride == 0):
                yield Progress(step.fraction, look(trainer.epoch, engine, watched), words)


def look(epoch: int, engine: Engine, watched: Sequence[WatchedPicture]) -> Look:
    """The plain and the guided gradient of each picture, for its class."""
    engine.forget()  # passes of the network as it was
    gradients = [_gradients(engine, item) for item in watched]
    frame: GradientLook = {"epoch": epoch, "pictures": [shown for _, shown in gradients]}
    return Look(epoch, tuple(maps for maps, _ in gradients), frame)


def _gradients(
    engine: Engine, watched: WatchedPicture
) -> tuple[tuple[Attribution | str, ...], PictureGradients]:
    prediction = engine.predict(watched.picture)
    top = prediction.top(1)[0]
    target = top.index if watched.label is None else watched.label

    def gradient(method: str) -> Attribution | str:
        try:
            return engine.explain(watched.picture, method, target=target)
        except ExplanationError as problem:
            return str(problem)

    plain, guided = maps = gradient(METHODS[0]), gradient(METHODS[1])
    similarity = None
    if not isinstance(plain, str) and not isinstance(guided, str):
        similarity = finite(cosine(plain, guided))
    return maps, {
        "top": class_score(top.index, top.name, round(top.probability, 4), prediction.unit),
        "right": watched.label is None or top.index == watched.label,
        "cosine": None if similarity is None else round(similarity, 4),
        "maps": [
            cast(GradientMap, {"error": made, "data": b""})
            if isinstance(made, str)
            else cast(GradientMap, quantise(map_of(made), signed=True))
            for made in maps
        ],
    }


def thumbnails(engine: Engine, watched: Sequence[WatchedPicture]) -> list[wire.Picture]:
    """The pictures as the browser shows them, with the names of their classes."""

    def name(label: int | None) -> str:
        return "" if label is None else class_name(label, engine.class_names, max(label + 1, 2))

    return [{**small_picture(item.picture.pixels), "name": name(item.label)} for item in watched]


def measures_of(entry: Mapping[str, Any]) -> EpochMeasures:
    """What the browser shows of an entry of a trainer's history."""

    numbers = {name: entry.get(name) for name in ("accuracy", "test_accuracy", "cosine")}
    rounded = {k: round(v, 5) if isinstance(v, float) else v for k, v in numbers.items()}
    return cast(EpochMeasures, {"epoch": entry["epoch"], **rounded})


class LossPoints:
    """The loss over a training in a bounded number of points: neighbours are averaged when there
    are too many.
    """

    def __init__(self, terms: Sequence[str] = TERMS, most: int = _MOST_POINTS) -> None:
        self._terms, self._most = tuple(terms), most
        self._stride = 1
        self._points: list[Point] = []
        self._open: list[Point] = []  # not a point yet

    def add(self, share: float, terms: Mapping[str, float]) -> None:
        """The terms of a step, after that share of the training."""
        self._open.append((share, tuple(float(terms.get(t, math.nan)) for t in self._terms)))
        if len(self._open) < self._stride:
            return
        self._points.append(_mean(self._open))
        self._open = []
        if len(self._points) >= self._most:
            pairs = zip(self._points[::2], self._points[1::2], strict=False)
            self._points = [_mean(pair) for pair in pairs]
            self._stride *= 2

    def to_json(self) -> LossCurve:
        """`x` in shares of the training, and the values of each term, None where it has none."""
        points = [*self._points, *([_mean(self._open)] if self._open else [])]
        curve: dict[str, list[float | None]] = {"x": [round(share, 6) for share, _ in points]}
        for i, term in enumerate(self._terms):
            values = [values[i] for _, values in points]
            curve[term] = [round(v, 5) if math.isfinite(v) else None for v in values]
        return cast(LossCurve, curve)


def _mean(points: Sequence[Point]) -> Point:
    columns = zip(*(values for _, values in points), strict=True)
    return points[-1][0], tuple(sum(column) / len(points) for column in columns)


def thinned(looks: dict[int, Look]) -> dict[int, Look]:
    """The looks within a bound of bytes: of too many, every second one goes, never the first or
    the latest.
    """
    while sum(item.nbytes for item in looks.values()) > _LOOK_BYTES and len(looks) > 3:
        epochs = sorted(looks)
        kept = {*epochs[::2], epochs[-1]}
        looks = {epoch: looks[epoch] for epoch in epochs if epoch in kept}
    return looks
