"""Pages of pictures and their maps, as they are kept; and one picture as the network sees it."""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from safetensors import SafetensorError, safe_open

from xai_widgets.errors import ExplanationError
from xai_widgets.progress import Progress
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

PAGE = 128  # pictures of one question at most: 96 px as JPEG are 3 KB
_PIECE = 20  # of one message of its answer: they are decoded while the next are read
_BYTES = 900_000  # of one message: hosts break near a megabyte
_KEPT = 1024  # open blocks: memory maps, without a file of their own
_LIGHT = 75  # quality of a JPEG
_TOP = 5
NEAREST = 6
Map = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Block:
    """An open block: what is read of it is what is asked for, through the machine's memory map."""

    file: Any
    start: int
    ends: npt.NDArray[np.int64]
    shapes: npt.NDArray[np.int32]
    map_ends: npt.NDArray[np.int64]
    scales: Map

    @classmethod
    def of(cls, study: Study, number: int) -> _Block:
        path = study.store.path_of(number)
        try:
            file: Any = safe_open(path, framework="np")
            shapes, scales = file.get_tensor("map_shape"), file.get_tensor("map_scale")
            ends = file.get_tensor("thumbnail_end")
        except (OSError, SafetensorError) as error:
            raise ExplanationError(
                f'"{path}" cannot be read ({error}); study.run() computes it anew'
            ) from error
        start = study.store.range_of(number).start
        return cls(file, start, ends, shapes, np.cumsum(shapes.prod(axis=1)), scales)


def _before(ends: npt.NDArray[np.int64], i: int) -> int:
    return int(ends[i - 1]) if i else 0


class Pictures:
    """Thumbnails and maps by row, with the blocks that were read last open: rows that are sorted
    lie in many blocks.
    """

    def __init__(self, study: Study) -> None:
        self._study = study
        self._blocks: OrderedDict[int, _Block] = OrderedDict()

    def _block(self, number: int) -> _Block:
        if number not in self._blocks:
            self._blocks[number] = _Block.of(self._study, number)
        self._blocks.move_to_end(number)
        while len(self._blocks) > _KEPT:
            self._blocks.popitem(last=False)
        return self._blocks[number]

    def _row(self, row: int) -> tuple[bytes, Map]:
        number = self._study.rows.block_of(row)
        if number not in self._study.rows.finished:
            return b"", np.zeros((0, 0), np.float32)
        block = self._block(number)
        i = row - block.start
        jpeg = block.file.get_slice("thumbnail")[_before(block.ends, i) : int(block.ends[i])]
        flat = block.file.get_slice("map")[_before(block.map_ends, i) : int(block.map_ends[i])]
        height, width = block.shapes[i].tolist()
        values = flat.astype(np.float32).reshape(height, width) * np.float32(block.scales[i])
        return jpeg.tobytes(), values

    def pages(
        self, rows: Sequence[int], *, signed: bool
    ) -> Iterator[Progress[PicturesMessage | None]]:
        """Thumbnails and maps of some rows, in several messages: the first is there soon."""
        left = list(rows)
        while left:
            piece = self.page(left[:_PIECE], signed=signed)
            del left[: len(piece["rows"])]
            yield Progress(1 - len(left) / len(rows), {**piece, "more": bool(left)})

    def page(self, rows: Sequence[int], *, signed: bool, light: bool = False) -> PicturesMessage:
        """Thumbnails and maps of some rows; those that do not fit in a message are left out.
        light: thumbnails of half the bytes.
        """
        jpegs: list[bytes] = []
        maps: list[Map] = []
        size = 0
        for row in rows:
            jpeg, values = self._row(row)
            if light:
                jpeg = lighter(jpeg)
            size += len(jpeg) + values.size
            if jpegs and size > _BYTES:
                break
            jpegs.append(jpeg)
            maps.append(values)
        return {
            "kind": "pictures",
            "rows": list(rows[: len(jpegs)]),
            "ends": np.cumsum([len(content) for content in jpegs], dtype=np.int64).tolist(),
            "gamma": GAMMA,
            "data": b"".join(jpegs),
            "maps": packed(maps, signed),
        }


def lighter(jpeg: bytes) -> bytes:
    """A JPEG of about half the bytes, for pages that many pictures have to be in."""
    if not jpeg:
        return jpeg
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
        image.save(buffer, "JPEG", quality=_LIGHT, subsampling=2, optimize=True)
    return min(jpeg, buffer.getvalue(), key=len)


def packed(maps: Sequence[Map], signed: bool) -> PackedMaps:
    """Maps as bytes, one after another."""
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


def kept_label_maps(study: Study, rows: Sequence[int], *, signed: bool) -> list[RowMapMessage]:
    """The maps of rows for their labels that are kept because somebody has looked at them, for a
    saved page.
    """
    found: list[RowMapMessage] = []
    wanted = np.asarray(rows, dtype=np.int64)
    labels = study.rows["label"][wanted]
    for row, label in zip(wanted.tolist(), labels.tolist(), strict=True):
        if label >= 0 and label != study.rows["target"][row]:
            values = study.store.read_kept(row, label)
            if values is not None:
                coded = quantise(values, signed=signed)
                found.append({"kind": "map", "row": row, "words": "", "map": coded})
    return found


def neighbours(study: Study, rows: Sequence[int]) -> NearestMessage:
    """The nearest rows of each, for a saved page."""
    found = [study.neighbours(row, count=NEAREST) for row in rows]
    each = min((len(one) for one in found), default=0)
    data: Any = np.array([one[:each] for one in found], "<u4")
    return {"kind": "nearest", "rows": list(rows), "each": each, "data": data.tobytes()}
