"""The rows of a study as binary columns, in pieces that a host takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.errors import readable
from xai_widgets.progress import Progress
from xai_widgets.study import Study
from xai_widgets.study.properties import PROPERTIES
from xai_widgets.widgets.dataset.wire import ColumnsMessage, DatasetColumn, VerdictsMessage

PIECE = 16_384  # rows of one message with all that is known of them
ANSWERS = 100_000  # rows of one with the answers alone: 8 bytes each
MEASURED = 60_000  # and of one with the properties of the pictures: 14 bytes
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


def in_steps(study: Study, blocks: Sequence[int]) -> Iterator[Progress[ColumnsMessage]]:
    """What pictures are not chosen and sorted by at first, as work: a hundred thousand names take
    a moment.
    """
    for piece in chain(measured_columns(study, blocks), given_columns(study)):
        yield Progress(piece["stop"] / study.store.count, piece)


def computed_columns(study: Study, blocks: Sequence[int]) -> Iterator[ColumnsMessage]:
    """All that has been computed for the rows of some blocks."""
    for start, stop in _ranges(study, blocks, PIECE):
        here = slice(start, stop)
        yield _message(start, stop, [*_answers(study, here), *_properties(study, here)])


def answer_columns(study: Study, blocks: Sequence[int]) -> Iterator[ColumnsMessage]:
    """What the network has answered, which the first pictures are chosen and sorted by."""
    for start, stop in _ranges(study, blocks, ANSWERS):
        yield _message(start, stop, _answers(study, slice(start, stop)))


def measured_columns(study: Study, blocks: Sequence[int]) -> Iterator[ColumnsMessage]:
    """The properties of the pictures."""
    for start, stop in _ranges(study, blocks, MEASURED):
        yield _message(start, stop, _properties(study, slice(start, stop)))


def _answers(study: Study, here: slice) -> list[DatasetColumn]:
    done = study.rows["done"][here]
    return [
        {"name": "done", "form": "bits", "data": np.packbits(done).tobytes()},
        {"name": "failed", "form": "bits", "data": np.packbits(~done).tobytes()},
        _classes(study, "label", here),
        _classes(study, "prediction", here),
        *(_halves(study, name, here) for name in ("probability", "loss")),
    ]


def _properties(study: Study, here: slice) -> list[DatasetColumn]:
    return [_halves(study, name, here) for name in PROPERTIES]


def _halves(study: Study, name: str, here: slice) -> DatasetColumn:
    values = np.clip(study.rows[name][here], -_HALF, _HALF).astype("<f2")
    return {"name": name, "form": "f2", "data": values.tobytes()}


def verdict_column(study: Study) -> VerdictsMessage:
    """The last verdict on each row; without data where there is none."""
    words, codes = np.unique(study.rows["verdict"], return_inverse=True)
    listed = [str(word) for word in words]
    if listed == [""]:
        return {"kind": "verdicts", "words": [], "data": b""}
    places = {word: place for place, word in enumerate(word for word in listed if word)}
    by_code = np.array([places.get(word, NONE) for word in listed], "<u2")
    return {"kind": "verdicts", "words": list(places), "data": by_code[codes].tobytes()}


def _message(start: int, stop: int, columns: list[DatasetColumn]) -> ColumnsMessage:
    return {"kind": "columns", "start": start, "stop": stop, "columns": columns}


def _ranges(study: Study, blocks: Sequence[int], most: int) -> Iterator[tuple[int, int]]:
    """Neighbouring blocks together, as long as a message of so many rows holds them."""
    start = stop = 0
    for number in sorted(blocks):
        rows = study.store.range_of(number)
        if rows.start != stop or rows.stop - start > most:
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
