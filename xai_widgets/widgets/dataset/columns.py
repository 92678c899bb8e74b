"""The rows of a study as binary columns, in pieces that a host takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.errors import readable
from xai_widgets.progress import Progress
from xai_widgets.study import Study
from xai_widgets.study.properties import PROPERTIES
from xai_widgets.widgets.dataset.wire import ColumnsMessage, DatasetColumn, VerdictsMessage

PIECE = 16_384  # rows of one message
NONE = 2**16 - 1
_HALF = 65_504.0  # the largest float16
_MOST_VALUES = 2000  # different texts of a column, above which they are sent as text


def given_columns(study: Study) -> Iterator[ColumnsMessage]:
    """What is known of all rows before the network has answered: keys, labels and metadata."""
    count = study.store.count
    coded = {name: _coded(study.rows[name]) for name in study.rows.metadata}
    for start in range(0, count, PIECE):
        stop = min(start + PIECE, count)
        here = slice(start, stop)
        columns = [_text("key", study.rows["key"][here]), _classes(study, "label", here)]
        for name, column in coded.items():
            if isinstance(column, tuple):
                codes, values = column
                columns.append(
                    {"name": name, "form": "u2", "values": values, "data": codes[here].tobytes()}
                )
            elif column.dtype.kind == "f":
                columns.append({"name": name, "form": "f4", "data": column[here].tobytes()})
            else:
                columns.append(_text(name, column[here]))
        yield _message(start, stop, columns)


def in_steps(study: Study) -> Iterator[Progress[ColumnsMessage]]:
    """`given_columns`, as work: a hundred thousand names take a moment."""
    for piece in given_columns(study):
        yield Progress(piece["stop"] / study.store.count, piece)


def computed_columns(study: Study, blocks: Sequence[int]) -> Iterator[ColumnsMessage]:
    """What the network has answered for the rows of some blocks."""
    for start, stop in _ranges(study, blocks):
        here = slice(start, stop)
        done = study.rows["done"][here]
        columns: list[DatasetColumn] = [
            {"name": "done", "form": "bits", "data": np.packbits(done).tobytes()},
            {"name": "failed", "form": "bits", "data": np.packbits(~done).tobytes()},
            _classes(study, "label", here),
            _classes(study, "prediction", here),
        ]
        for name in ("probability", "loss", *PROPERTIES):
            values = np.clip(study.rows[name][here], -_HALF, _HALF).astype("<f2")
            columns.append({"name": name, "form": "f2", "data": values.tobytes()})
        yield _message(start, stop, columns)


def verdict_column(study: Study) -> VerdictsMessage:
    """The last verdict on each row."""
    words, codes = np.unique(study.rows["verdict"], return_inverse=True)
    listed = [str(word) for word in words]
    places = {word: place for place, word in enumerate(word for word in listed if word)}
    by_code = np.array([places.get(word, NONE) for word in listed], "<u2")
    return {"kind": "verdicts", "words": list(places), "data": by_code[codes].tobytes()}


def _message(start: int, stop: int, columns: list[DatasetColumn]) -> ColumnsMessage:
    return {"kind": "columns", "start": start, "stop": stop, "columns": columns}


def _ranges(study: Study, blocks: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Neighbouring blocks together, as long as a message holds them."""
    start = stop = 0
    for number in sorted(blocks):
        rows = study.store.range_of(number)
        if rows.start != stop or rows.stop - start > PIECE:
            if stop > start:
                yield start, stop
            start = rows.start
        stop = rows.stop
    if stop > start:
        yield start, stop


def _classes(study: Study, name: str, here: slice) -> DatasetColumn:
    """Classes by number; the largest is none."""
    values = study.rows[name][here]
    codes = np.where((values >= 0) & (values < NONE), values, NONE).astype("<u2")
    return {"name": name, "form": "u2", "data": codes.tobytes()}


def _text(name: str, column: npt.NDArray[Any]) -> DatasetColumn:
    lines = [readable(" ".join(str(value).split())) for value in column.tolist()]
    return {"name": name, "form": "text", "data": "\n".join(lines).encode()}


def _coded(column: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], list[str]] | npt.NDArray[Any]:
    """A column as numbers, as places in a list of texts, or as the texts where these are many."""
    if column.dtype.kind in "fiu":
        return column.astype("<f4")
    texts = column.astype(str)
    values, codes = np.unique(texts, return_inverse=True)
    if len(values) > _MOST_VALUES:
        return texts
    listed = [readable(str(value)) for value in values]
    found = codes.astype("<u2")
    found[texts == ""] = NONE
    return found, listed
