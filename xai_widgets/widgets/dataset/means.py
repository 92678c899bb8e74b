"""Mean maps: of groups of maps, and of the cells of the confusion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.errors import ExplanationError
from xai_widgets.render import resize
from xai_widgets.study import Study
from xai_widgets.study.groups import alignment, mean_map
from xai_widgets.study.similarity import small
from xai_widgets.widgets.base.maps import GAMMA
from xai_widgets.widgets.dataset.findings import group_set
from xai_widgets.widgets.dataset.pictures import packed
from xai_widgets.widgets.dataset.wire import GroupsMessage, MeansMessage

_TABLE = 25  # classes, up to which each cell of the confusion has its mean map
_LISTED = 40  # of more, so many confusions have one
_MEANT = 200  # pictures of a mean map at most: more change it little
_ALIGNED = 400  # pictures by which it is told whether they lie alike
_SAID = {
    True: "The pictures lie alike ({:.2f} of 1): a mean map shows on what evidence lies.",
    False: "The pictures do not lie alike ({:.2f} of 1): a mean map shows where in the picture "
    "evidence tends to lie, not on what.",
}
_ALIKE = 0.3

Map = npt.NDArray[np.float32]
RowNumbers = npt.NDArray[np.int64]


def groups_of(study: Study, rows: RowNumbers, *, of: str, signed: bool) -> GroupsMessage:
    """Groups of the maps of some rows. Raises ExplanationError without rows, or scikit-learn."""
    wanted = rows[study.rows["done"][rows]]
    if not len(wanted):
        raise ExplanationError("none of these pictures has been explained yet")
    found = study.groups(wanted, of=of)
    members = [wanted[found.groups == number] for number in range(found.count)]
    members = [own for own in members if len(own)]
    known = bool(np.isfinite(found.stability))
    return {
        "kind": "groups",
        "of": "maps" if of == "maps" else "features",
        "of_rows": len(wanted),
        "stability": float(found.stability) if known else None,
        "words": _alike(study, wanted),
        "gamma": GAMMA,
        "sets": [group_set(study, i, len(members), own) for i, own in enumerate(members)],
        "maps": packed([mean_of(study, own) for own in members], signed),
    }


def means_of(study: Study, *, signed: bool) -> MeansMessage:
    """The mean maps of the confusion. Raises ExplanationError without labels."""
    done = study.rows["done"]
    labels = np.where(done, study.rows["label"], -1)
    answers = study.rows["prediction"]
    there = np.flatnonzero((labels >= 0) & (answers >= 0))
    if not len(there):
        raise ExplanationError("mean maps of confusions need labels, and no picture has one")
    pairs = [(pair.label, pair.prediction) for pair in study.confusion.pairs]
    if study.classes.count <= _TABLE:
        right = [(label, label) for label in range(study.classes.count)]
    else:
        pairs = pairs[:_LISTED]
        right = [(label, label) for label in dict.fromkeys(label for label, _ in pairs)]
    cells, maps = [], []
    kept: dict[tuple[int, int], Map] = {}
    for label, answer in [*right, *pairs]:
        rows = there[(labels[there] == label) & (answers[there] == answer)]
        if len(rows):
            kept[label, answer] = mean_of(study, rows)
            cells.append([label, answer])
            maps.append(kept[label, answer])
    differing, differences = [], []
    for label in dict.fromkeys(label for label, _ in pairs):
        wrong = there[(labels[there] == label) & (answers[there] != label)]
        if (label, label) in kept and len(wrong):
            differing.append(label)
            differences.append(_less(kept[label, label], mean_of(study, wrong)))
    return {
        "kind": "means",
        "words": _alike(study, there),
        "gamma": GAMMA,
        "cells": cells,
        "maps": packed(maps, signed),
        "labels": differing,
        "differences": packed(differences, True),
    }


def mean_of(study: Study, rows: RowNumbers) -> Map:
    """The mean map of rows, each counting alike; of many, of some spread over all of them."""
    return mean_map(study.rows.maps(_spread(rows, _MEANT)))


def _less(one: Map, other: Map) -> Map:
    """The difference of two mean maps, at the size of the first."""
    if not one.size or not other.size:
        return one if one.size else other
    return np.asarray(one - resize(other, (one.shape[0], one.shape[1])), dtype=np.float32)


def _alike(study: Study, rows: RowNumbers) -> str:
    thumbnails: Sequence[Any] = [t for t in study.rows.thumbnails(_spread(rows, _ALIGNED)) if t]
    alike = alignment(small(thumbnails))
    return _SAID[alike >= _ALIKE].format(alike)


def _spread(rows: RowNumbers, most: int) -> RowNumbers:
    if len(rows) <= most:
        return rows
    chosen: RowNumbers = rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]
    return chosen
