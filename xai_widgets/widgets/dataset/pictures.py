"""Pages of pictures and their maps, as they are kept; and one picture as the network sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.study import Study
from xai_widgets.targets import class_name
from xai_widgets.widgets.base.maps import GAMMA, picture_to_json, quantise
from xai_widgets.widgets.base.wire import ClassScore
from xai_widgets.widgets.dataset.wire import (
    DetailMessage,
    NearestMessage,
    PackedMaps,
    PicturesMessage,
    RowMapMessage,
)

PAGE = 128  # pictures of one message at most: 96 px as JPEG are 3 KB
_BYTES = 900_000  # of one message: hosts break near a megabyte
_TOP = 5
NEAREST = 6


def page(study: Study, rows: Sequence[int], *, signed: bool) -> PicturesMessage:
    """Thumbnails and maps of some rows; those that do not fit in a message are left out."""
    wanted = np.asarray(rows, dtype=np.int64)
    jpegs = study.rows.thumbnails(wanted)
    maps = study.rows.maps(wanted)
    sizes = np.cumsum([len(j) + m.size for j, m in zip(jpegs, maps, strict=True)])
    fitting = max(1, int((sizes <= _BYTES).sum())) if len(wanted) else 0
    jpegs, maps = jpegs[:fitting], maps[:fitting]
    return {
        "kind": "pictures",
        "rows": wanted[:fitting].tolist(),
        "ends": np.cumsum([len(content) for content in jpegs], dtype=np.int64).tolist(),
        "gamma": GAMMA,
        "data": b"".join(jpegs),
        "maps": _packed(maps, signed),
    }


def _packed(maps: Sequence[npt.NDArray[np.float32]], signed: bool) -> PackedMaps:
    coded = [quantise(values, signed=signed) for values in maps]
    return {
        "shapes": [side for one in coded for side in one["shape"]],
        "peaks": [one["peak"] for one in coded],
        "signed": [one["signed"] for one in coded],
        "data": b"".join(one["data"] for one in coded),
    }


def detail(study: Study, row: int) -> DetailMessage:
    """What is known of one row, and its picture where the pictures are there."""
    message: DetailMessage = {
        "kind": "detail",
        "row": row,
        "top": [],
        "neighbours": [],
        "words": words_of(study, row),
    }
    if bool(study.rows["done"][row]):
        message["top"] = top_of(study, row)
        message["neighbours"] = study.neighbours(row, count=NEAREST).tolist()
    if study.engine is not None and study.source is not None:
        try:
            seen = study.engine.picture(study.source.read(row)[0])
        except Exception as problem:  # a user's data set may raise anything
            message["words"] = f"{message['words']} The picture cannot be read: {problem}".strip()
        else:
            message["picture"] = picture_to_json(seen.pixels, "")
    return message


def words_of(study: Study, row: int) -> str:
    """What went wrong with a row, or has to be known of it."""
    note = study.rows.note(row)
    said = [str(note.get("error", "")), *(str(s) for s in note.get("warnings", ()))]
    return " ".join(filter(None, said))


def top_of(study: Study, row: int) -> list[ClassScore]:
    """The most probable classes of a row."""
    (chances,) = study.probabilities([row])
    best = np.argsort(-chances, kind="stable")[:_TOP]
    names = study.classes.names
    return [
        {
            "index": int(i),
            "name": class_name(int(i), names, len(chances)),
            "probability": float(chances[i]),
        }
        for i in best
    ]


def label_map(study: Study, row: int, *, signed: bool) -> RowMapMessage:
    """The map of a row for its label; computed where it is not kept yet."""
    return {
        "kind": "map",
        "row": row,
        "words": "",
        "map": quantise(study.map_of(row, "label"), signed=signed),
    }


def neighbours(study: Study, rows: Sequence[int]) -> NearestMessage:
    """The nearest rows of each, for a saved page."""
    found = [study.neighbours(row, count=NEAREST) for row in rows]
    each = min((len(one) for one in found), default=0)
    data: Any = np.array([one[:each] for one in found], "<u4")
    return {"kind": "nearest", "rows": list(rows), "each": each, "data": data.tobytes()}
