"""A block of rows: pictures read ahead, observed in batches, packed into columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import xxhash
from torch import Tensor

from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.images import Picture
from xai_widgets.study.labels import Classes
from xai_widgets.study.observing import Observation, Observer
from xai_widgets.study.properties import PROPERTIES, properties_of, size_of, thumbnail_of
from xai_widgets.study.source import Source

__all__ = ["Computed", "compute_block", "halved", "logits_of", "whole"]

Tensors = dict[str, npt.NDArray[Any]]
MANY = 1000  # above so many classes only the highest logits are kept
KEPT = 32
_GROUP = 64  # pictures that are sorted into batches together


# What a network may raise for one picture and not for others.
_REFUSALS = (ExplanationError, RuntimeError, ValueError, TypeError, IndexError, AssertionError)


@dataclass(frozen=True, eq=False)
class Computed:
    """How many rows of a block are done; with the last, its columns and notes."""

    done: int
    tensors: Tensors | None = None
    notes: Mapping[str, Any] | None = None


@dataclass(frozen=True, eq=False)
class _Read:
    picture: Picture | None
    label: int
    size: tuple[int, int]
    thumbnail: bytes = b""
    properties: Any = None
    digest: int = 0
    problem: str = ""


def compute_block(
    engine: Engine,
    observer: Observer,
    source: Source,
    classes: Classes,
    labels: npt.NDArray[np.int32],
    rows: range,
) -> Iterator[Computed]:
    """Compute the rows of a block, in steps; the last holds all columns. A picture that cannot be
    read, or that the network refuses, is a row that has failed, with the reason in its notes.
    """
    reads: list[_Read] = []
    seen: dict[int, Observation] = {}
    problems: dict[int, str] = {}
    group: list[int] = []

    def observed() -> Iterator[int]:
        pictures = [reads[i].picture for i in group]
        there = [(i, p) for i, p in zip(group, pictures, strict=True) if p is not None]
        yield from _observed(observer, there, reads, seen, problems)
        group.clear()
        for i, _ in there:  # what was read is not needed any more
            reads[i] = _without_picture(reads[i])

    for place, read in enumerate(_ahead(engine, source, classes, labels, rows)):
        reads.append(read)
        group.append(place)
        if len(group) == _GROUP or place == len(rows) - 1:
            for done in observed():
                yield Computed(min(done, len(rows) - 1))
    notes: dict[str, dict[str, Any]] = {}
    for i, row in enumerate(rows):
        if i not in seen:
            notes[str(row)] = {"error": reads[i].problem or problems.get(i, "not observed")}
        elif seen[i].warnings:
            notes[str(row)] = {"warnings": list(seen[i].warnings)}
    yield Computed(len(rows), _packed(reads, seen), notes)


def _observed(
    observer: Observer,
    there: Sequence[tuple[int, Picture]],
    reads: Sequence[_Read],
    seen: dict[int, Observation],
    problems: dict[int, str],
) -> Iterator[int]:
    """Observe pictures together; one by one where that fails, so that one bad picture costs none of
    the others.
    """
    try:
        pictures, labels = [p for _, p in there], [reads[i].label for i, _ in there]
        for number, (place, observation) in enumerate(observer.observe(pictures, labels), 1):
            seen[there[place][0]] = observation
            if number % 8 == 0:
                yield len(seen) + len(problems)
    except _REFUSALS:
        for i, picture in there:
            try:
                ((_, seen[i]),) = observer.observe([picture], [reads[i].label])
            except _REFUSALS as error:
                problems[i] = _words(error)
            yield len(seen) + len(problems)
    yield len(seen) + len(problems)


def _without_picture(read: _Read) -> _Read:
    return _Read(
        None,
        read.label,
        read.size,
        read.thumbnail,
        read.properties,
        read.digest,
        read.problem,
    )


def _ahead(
    engine: Engine,
    source: Source,
    classes: Classes,
    labels: npt.NDArray[np.int32],
    rows: range,
) -> Iterator[_Read]:
    """What is read of each row, in order; a user's own data set is asked by one thread at once."""
    read = partial(_read, engine, source, classes, labels)
    return engine.internals.read_ahead(read, rows, several=source.threads)


def _read(
    engine: Engine, source: Source, classes: Classes, labels: npt.NDArray[np.int32], row: int
) -> _Read:
    label = int(labels[row])
    try:
        image, found = source.read(row)
        if found is not None:
            label = classes.index(found)
        if image is None:
            raise ExplanationError("there is no picture in this row")
        picture = engine.picture(image)
        if not bool(picture.input.isfinite().all()):
            raise ExplanationError(f"{picture.name} as model input is not finite")
    except Exception as error:  # a user's data set may raise anything
        return _Read(None, label, (0, 0), problem=_words(error))
    height, width = picture.pixels.shape[:2]
    size = size_of(image) or (width, height)
    return _Read(
        picture,
        label,
        size,
        thumbnail_of(picture.pixels),
        properties_of(picture.pixels, size),
        digest_of_input(picture.input),
    )


def digest_of_input(x: Tensor) -> int:
    """A checksum of a model input."""
    return int(xxhash.xxh3_64_intdigest(x.contiguous().numpy().data.cast("B")))


def _words(error: Exception) -> str:
    said = " ".join(str(error).split())[:500]
    return said if isinstance(error, ExplanationError) else f"{type(error).__name__}: {said}"


def halved(values: npt.NDArray[Any]) -> tuple[npt.NDArray[np.float16], np.float32]:
    """Values as float16 in [−1, 1] and the number they are multiplied by, so that neither large nor
    small ones are lost.
    """
    wide = np.asarray(values, dtype=np.float32)
    scale = np.float32(np.abs(wide).max(initial=0))
    if not np.isfinite(scale) or scale == 0:
        return np.nan_to_num(wide, posinf=0, neginf=0).astype(np.float16) * 0, np.float32(0)
    return (wide / scale).astype(np.float16), scale


def whole(half: npt.NDArray[Any], scale: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """The inverse of `halved` for rows (n, ...) with a scale each."""
    shape = (-1, *[1] * (half.ndim - 1))
    return np.asarray(half.astype(np.float32) * np.asarray(scale, np.float32).reshape(shape))


def _packed(reads: Sequence[_Read], seen: Mapping[int, Observation]) -> Tensors:
    """The columns of a block. Rows that failed hold -1, nan or zeros."""
    count = len(reads)
    some = next(iter(seen.values()), None)
    classes = 1 if some is None else len(some.logits)
    width = 1 if some is None else len(some.features)
    kept = classes if classes <= MANY else KEPT
    out: Tensors = {
        "prediction": np.full(count, -1, np.int32),
        "target": np.full(count, -1, np.int32),
        "label": np.array([read.label for read in reads], np.int32),
        "failed": np.array([i not in seen for i in range(count)], np.uint8),
        "probability": np.full(count, np.nan, np.float32),
        "loss": np.full(count, np.nan, np.float32),
        "score": np.full(count, np.nan, np.float32),
        "properties": np.full((count, len(PROPERTIES)), np.nan, np.float32),
        "digest": np.array([read.digest for read in reads], np.uint64),
        "logits": np.zeros((count, kept), np.float16),
        "logits_scale": np.zeros(count, np.float32),
        "features": np.zeros((count, width), np.float16),
        "features_scale": np.zeros(count, np.float32),
        "attributed": np.zeros((count, width), np.float16),
        "attributed_scale": np.zeros(count, np.float32),
        "map_shape": np.zeros((count, 2), np.int32),
        "map_scale": np.zeros(count, np.float32),
    }
    if classes > MANY:
        out["classes"] = np.full((count, kept), -1, np.int32)
    maps: list[npt.NDArray[np.float16]] = []
    for i, read in enumerate(reads):
        if read.properties is not None:
            out["properties"][i] = read.properties
        if i not in seen:
            continue
        one = seen[i]
        out["prediction"][i], out["target"][i] = one.prediction, one.target
        out["probability"][i] = one.probabilities[one.prediction]
        out["loss"][i] = loss_of(one.probabilities, one.logits, read.label)
        out["score"][i] = one.score
        logits = one.logits
        if classes > MANY:
            best = np.argsort(-logits, kind="stable")[:kept]
            out["classes"][i], logits = best, logits[best]
        out["logits"][i], out["logits_scale"][i] = halved(logits)
        if len(one.features) == width:
            out["features"][i], out["features_scale"][i] = halved(one.features)
            out["attributed"][i], out["attributed_scale"][i] = halved(one.attributed)
        half, out["map_scale"][i] = halved(one.map)
        out["map_shape"][i] = half.shape
        maps.append(half.ravel())
    out["map"] = np.concatenate(maps) if maps else np.zeros(0, np.float16)
    jpeg = b"".join(read.thumbnail for read in reads)
    out["thumbnail"] = np.frombuffer(jpeg, np.uint8)
    out["thumbnail_end"] = np.cumsum([len(read.thumbnail) for read in reads], dtype=np.int64)
    return out


def loss_of(
    probabilities: npt.NDArray[np.float32], logits: npt.NDArray[np.float32], label: int
) -> float:
    """−log p(label), from the logits where they are what the probabilities were made of, so that it
    is exact where p is tiny; nan without a label.
    """
    if not 0 <= label < len(probabilities):
        return float("nan")
    wide = logits.astype(np.float64)
    shifted = np.exp(wide - wide.max())
    softmax = shifted / shifted.sum()
    if np.allclose(softmax, probabilities, atol=1e-4):
        return float(np.log(shifted.sum()) - (wide[label] - wide.max()))
    with np.errstate(divide="ignore"):
        return float(-np.log(np.float64(probabilities[label])))


def logits_of(tensors: Mapping[str, npt.NDArray[Any]], classes: int) -> npt.NDArray[np.float32]:
    """The logits (n, classes) of a block; −inf for those that were not kept."""
    logits = whole(tensors["logits"], tensors["logits_scale"])
    if "classes" not in tensors:
        return logits
    out = np.full((len(logits), classes), -np.inf, np.float32)
    rows = np.arange(len(logits))[:, None]
    there = tensors["classes"] >= 0
    out[np.broadcast_to(rows, there.shape)[there], tensors["classes"][there]] = logits[there]
    return out
