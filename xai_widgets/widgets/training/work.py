"""The work of a TrainingMonitor, free of the widget: training, and a look at every epoch's end.

A generator of steps for an engine's worker. The network is looked at between two steps of its
training, on the thread that trains it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xai_widgets.errors import ExplanationError
from xai_widgets.metrics import cosine
from xai_widgets.targets import class_name
from xai_widgets.training import Report, Trainer
from xai_widgets.widgets.base.maps import finite, quantise
from xai_widgets.widgets.base.photos import map_of, small_picture

if TYPE_CHECKING:
    from xai_widgets.attribution import Attribution
    from xai_widgets.engine import Engine
    from xai_widgets.images import Picture

METHODS = ("saliency", "guided_backprop")  # the plain and the guided gradient
TERMS = ("total", "classification", "regularization")
_MOST_POINTS = 400
_MOST_LOOKS = 240
_LOOK_BYTES = 48 * 2**20


@dataclass(frozen=True, eq=False)
class Watched:
    """A picture that is looked at after every epoch, and its class, None where nobody said."""

    picture: Picture
    label: int | None


@dataclass(frozen=True, eq=False)
class Look:
    """The gradients after so many epochs. `maps` are by picture: plain and guided, or why not."""

    epoch: int
    maps: tuple[tuple[Attribution | str, ...], ...]
    frame: dict[str, Any]

    @property
    def nbytes(self) -> int:
        return sum(len(m.get("data", b"")) for p in self.frame["pictures"] for m in p["maps"])


Step = Report | Look


def watched_of(trainer: Trainer, engine: Engine, pictures: Any, labels: Any) -> list[Watched]:
    """The pictures to look at: so many test pictures of different classes, or those given.

    Raises ExplanationError for what is no picture, or as many labels as there are not pictures.
    """
    if isinstance(pictures, int):
        known = trainer.test.labels.numpy()
        first = [int(np.flatnonzero(known == label)[0]) for label in np.unique(known)]
        chosen = (first + [i for i in range(len(known)) if i not in first])[:pictures]
        pixels = trainer.test.pixels[chosen].permute(0, 2, 3, 1).numpy()
        shown = pixels[..., 0] if pixels.shape[-1] == 1 else pixels
        return [
            Watched(engine.picture(np.ascontiguousarray(own)), int(known[i]))
            for i, own in zip(chosen, shown, strict=True)
        ]
    given = list(pictures) if isinstance(pictures, (list, tuple)) else [pictures]
    named = [None] * len(given) if labels is None else list(labels)
    if len(named) != len(given):
        raise ExplanationError(f"labels has {len(named)} entries for {len(given)} pictures")
    return [Watched(engine.picture(each), label) for each, label in zip(given, named, strict=True)]


def monitoring(
    trainer: Trainer, engine: Engine, watched: Sequence[Watched], seen: Collection[int]
) -> Iterator[Step]:
    """The rest of the training, step by step, and a look after every epoch (of very many, after
    some), and before the first one; not after those of which there is one.
    """
    if trainer.step == 0 and trainer.epoch not in seen:
        yield look(trainer.epoch, engine, watched)
    stride = math.ceil(trainer.recipe.epochs / _MOST_LOOKS)
    with closing(trainer.reports()) as reports:
        for report in reports:
            yield report
            if report.ends_epoch and (trainer.finished or trainer.epoch % stride == 0):
                yield look(trainer.epoch, engine, watched)


def look(epoch: int, engine: Engine, watched: Sequence[Watched]) -> Look:
    """The plain and the guided gradient of each picture, for its class."""
    engine.forget()  # passes of the network as it was
    found = [_looked(engine, each) for each in watched]
    return Look(
        epoch,
        tuple(maps for maps, _ in found),
        {"epoch": epoch, "pictures": [told for _, told in found]},
    )


def _looked(
    engine: Engine, watched: Watched
) -> tuple[tuple[Attribution | str, ...], dict[str, Any]]:
    prediction = engine.predict(watched.picture)
    top = prediction.top(1)[0]
    target = top.index if watched.label is None else watched.label
    maps: list[Attribution | str] = []
    told: list[dict[str, Any]] = []
    for method in METHODS:
        try:
            made = engine.explain(watched.picture, method, target=target)
        except ExplanationError as problem:
            maps.append(str(problem))
            told.append({"error": str(problem)})
            continue
        maps.append(made)
        told.append(quantise(map_of(made), signed=True).to_json())
    plain, guided = maps
    alike = None
    if not isinstance(plain, str) and not isinstance(guided, str):
        alike = finite(cosine(plain, guided))
    return tuple(maps), {
        "top": {"index": top.index, "name": top.name, "probability": round(top.probability, 4)},
        "right": watched.label is None or top.index == watched.label,
        "cosine": None if alike is None else round(alike, 4),
        "maps": told,
    }


def strip_of(engine: Engine, watched: Sequence[Watched]) -> list[dict[str, Any]]:
    """The pictures as the browser shows them."""
    names = engine.class_names
    return [
        {
            **small_picture(each.picture.pixels),
            "name": ""
            if each.label is None
            else class_name(each.label, names, max(each.label + 1, 2)),
        }
        for each in watched
    ]


class Curve:
    """The loss over a training in a bounded number of points: neighbours are averaged when there
    are too many.
    """

    def __init__(self, terms: Sequence[str] = TERMS, most: int = _MOST_POINTS) -> None:
        self._terms, self._most = tuple(terms), most
        self._points: list[tuple[float, tuple[float, ...]]] = []
        self._stride = 1
        self._open: list[tuple[float, tuple[float, ...]]] = []

    def add(self, share: float, terms: dict[str, float]) -> None:
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

    def to_json(self) -> dict[str, Any]:
        """`x` in shares of the training, and the values of each term, None where it has none."""
        points = [*self._points, *([_mean(self._open)] if self._open else [])]
        columns = {
            term: [_rounded(values[i]) for _, values in points]
            for i, term in enumerate(self._terms)
        }
        return {"x": [round(share, 6) for share, _ in points], **columns}


def _mean(
    points: Sequence[tuple[float, tuple[float, ...]]],
) -> tuple[float, tuple[float, ...]]:
    columns = zip(*(values for _, values in points), strict=True)
    return points[-1][0], tuple(sum(column) / len(points) for column in columns)


def _rounded(value: float) -> float | None:
    return round(value, 5) if math.isfinite(value) else None


def thinned(looks: dict[int, Look]) -> dict[int, Look]:
    """The looks within a bound of bytes: of too many, every second one goes, never the first or
    the latest.
    """
    while sum(each.nbytes for each in looks.values()) > _LOOK_BYTES and len(looks) > 3:
        epochs = sorted(looks)
        kept = {*epochs[::2], epochs[-1]}
        looks = {epoch: looks[epoch] for epoch in epochs if epoch in kept}
    return looks
