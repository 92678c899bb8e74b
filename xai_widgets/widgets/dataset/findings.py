"""What a study finds, as sets of rows that the browser shows and filters by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, cast

import numpy as np

from xai_widgets.errors import ExplanationError
from xai_widgets.progress import Progress
from xai_widgets.study import Slice, Study, Suspicion
from xai_widgets.study.comparison import Comparison
from xai_widgets.study.statistics import wilson
from xai_widgets.widgets.dataset.wire import (
    GroupsMessage,
    MeansMessage,
    OrderMessage,
    PointsMessage,
    ReadingMessage,
    RowSet,
    SetsMessage,
)

QUICK = 20_000  # rows, up to which copies are looked for without being asked
_WIDE = 50_000_000  # conditions x rows, above which classes are no slices by themselves
_FIRST = 5  # rows of a set that are shown beside it
Found = ReadingMessage | SetsMessage | PointsMessage | OrderMessage | GroupsMessage | MeansMessage


def read(study: Study, reading: str) -> Iterator[Progress[Found]]:
    """One reading of a study, as messages: "slices", "label", "copies", "shortcut", "tsne", "pca",
    "order".
    """
    return made(reading, lambda: _found(study, reading))


def made(reading: str, make: Callable[[], Found]) -> Iterator[Progress[Found]]:
    """What is made, as messages: that it begins, itself, and that it is there; or why it is not."""
    yield Progress(0.0, _note(reading, "", busy=True))
    try:
        yield Progress(0.5, make())
    except ExplanationError as problem:
        yield Progress(0.5, _note(reading, str(problem), busy=False))
        return
    yield Progress(1.0, _note(reading, "", busy=False))


def _note(reading: str, words: str, *, busy: bool) -> ReadingMessage:
    return {"kind": "reading", "reading": reading, "busy": busy, "words": words}


def _found(study: Study, reading: str) -> Found:
    if reading == "slices":
        slices = _slices(study)
        return _sets(study, reading, [slice_set(study, one) for one in slices])
    if reading == "order":
        return {"kind": "order", "data": study.confusion.order.astype("<u2").tobytes()}
    if reading in ("tsne", "pca"):
        points = study.projection(reading).astype("<f4")
        return {
            "kind": "points",
            "method": "tsne" if reading == "tsne" else "pca",
            "data": points.tobytes(),
        }
    kinds = {
        "label": ["label"],
        "copies": ["leakage", "duplicate"],
        "shortcut": ["shortcut", "property"],
    }
    suspicions = study.suspicions(kinds[reading])
    return _sets(study, reading, [suspicion_set(study, one) for one in suspicions])


def _slices(study: Study) -> list[Slice]:
    if not len(study.done) or not (study.rows["label"][study.done] >= 0).any():
        raise ExplanationError("slices need labels, and none of the pictures has one")
    if 2 * study.classes.count * study.store.count <= _WIDE:
        return study.slices()
    # Of so many classes the confusions say it better, and quicker.
    known = [*study.rows.metadata, "probability", "brightness", "contrast"]
    return study.slices([*known, "saturation", "sharpness"])


def _sets(study: Study, reading: str, sets: list[RowSet]) -> SetsMessage:
    partial = len(study.rows.finished) < study.store.blocks
    return {"kind": "sets", "reading": reading, "words": "", "partial": partial, "sets": sets}


def slice_set(study: Study, found: Slice) -> RowSet:
    """A slice with its rows as bits."""
    return {
        **_row_set(study, "slice", found.title, found.rows),
        "note": str(found),
        "accuracy": found.accuracy,
        "interval": list(found.interval),
        "lift": found.lift,
    }


def suspicion_set(study: Study, found: Suspicion) -> RowSet:
    """A suspicion with its rows as bits, its evidence and its control."""
    one = {
        **_row_set(study, "suspicion", found.title, found.rows),
        "note": found.evidence,
        "effect": _finite(found.effect),
        "control": _finite(found.control),
        "interval": None if _finite(found.effect) is None else list(found.interval),
    }
    if found.region is not None:
        down, across = np.flatnonzero(found.region.any(1)), np.flatnonzero(found.region.any(0))
        height, width = found.region.shape
        one["box"] = [
            float(across[0]) / width,
            float(down[0]) / height,
            float(across[-1] + 1 - across[0]) / width,
            float(down[-1] + 1 - down[0]) / height,
        ]
    return cast("RowSet", one)


def group_set(study: Study, number: int, count: int, rows: Any) -> RowSet:
    """A group of maps with its rows as bits, and how many of them are answered right."""
    title = f"Group {number + 1} of {count}"
    made = _row_set(study, "group", title, rows)
    labelled = rows[study.rows["label"][rows] >= 0]
    if len(labelled):
        right = int(study.rows["correct"][labelled].sum())
        made["accuracy"] = right / len(labelled)
        made["interval"] = list(wilson(right, len(labelled)))
    return made


def compared_sets(study: Study, compared: Comparison) -> list[RowSet]:
    """The rows of two networks' comparison, by name."""
    named = (
        ("newly wrong", compared.newly_wrong),
        ("newly right", compared.newly_right),
        ("other answers", compared.changed),
    )
    return [_row_set(study, "named", title, rows) for title, rows in named]


def named_sets(named: Sequence[RowSet], known: Iterable[Found]) -> SetsMessage:
    """What somebody has given, without what is shown anyway because it was found."""
    ids = {one["id"] for found in known for one in sets_of(found)}
    own = [one for one in named if one["id"] not in ids]
    return {"kind": "sets", "reading": "named", "words": "", "partial": False, "sets": own}


def sets_of(found: Found) -> Sequence[RowSet]:
    """The sets of rows in what was found."""
    return found["sets"] if found["kind"] in ("sets", "groups") else ()


def _row_set(study: Study, family: Any, title: str, rows: Any) -> RowSet:
    chosen = np.zeros(study.store.count, bool)
    chosen[np.asarray(rows, dtype=np.int64)] = True
    return {
        "id": f"{family}: {title}",
        "family": family,
        "title": title,
        "note": "",
        "count": int(chosen.sum()),
        "accuracy": None,
        "interval": None,
        "lift": None,
        "effect": None,
        "control": None,
        "box": None,
        "first": _leading(rows),
        "data": np.packbits(chosen).tobytes(),
    }


def _leading(rows: Any) -> list[int]:
    listed: Sequence[int] = np.asarray(rows, dtype=np.int64)[:_FIRST].tolist()
    return list(listed)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
