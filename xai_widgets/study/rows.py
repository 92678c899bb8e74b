"""The rows of a study as NumPy columns, those of finished blocks filled."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.errors import ExplanationError, brief, nearest, some_of
from xai_widgets.study.blocks import logits_of, whole
from xai_widgets.study.properties import PROPERTIES
from xai_widgets.study.store import Block, Store
from xai_widgets.study.verdicts import Verdicts

__all__ = ["RowNumbers", "Rows"]

Column = npt.NDArray[Any]
RowNumbers = npt.NDArray[np.int64]
_SMALL = (
    *("prediction", "target", "label", "failed", "probability", "loss", "score", "properties"),
    "digest",
)


class Rows(Mapping[str, Column]):
    """Columns by name, each with one entry for every row of the study.

    `label` and `prediction` are classes by index (-1: none, or not computed); `probability` is that
    of the prediction, `loss` −log p(label), `correct` whether both are the same; `done` and `error`
    say which rows have been computed, and why one could not be; `verdict` is the last one given.
    Brightness, contrast, saturation, sharpness, width, height and aspect are of the picture. The
    rest is metadata.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._verdicts = Verdicts(store)
        self._given = store.rows()
        count = store.count
        self._lock = threading.Lock()
        self._there: set[int] = set()
        self._known = {
            "prediction": np.full(count, -1, np.int32),
            "target": np.full(count, -1, np.int32),
            "label": _labels(self._given.get("label"), count),
            "probability": np.full(count, np.nan, np.float32),
            "loss": np.full(count, np.nan, np.float32),
            "score": np.full(count, np.nan, np.float32),
            "done": np.zeros(count, bool),
            "digest": np.zeros(count, np.uint64),
            **{name: np.full(count, np.nan, np.float32) for name in PROPERTIES},
        }
        self._notes: dict[int, Mapping[str, Any]] = {}
        self.refresh()

    def refresh(self) -> int:
        """Read the blocks that have been finished since; return how many blocks there are now."""
        with self._lock:
            for number in self._store.listed():
                if number not in self._there and self._store.has(number):
                    self._add(self._store.read_block(number, _SMALL))
                    self._there.add(number)
            return len(self._there)

    def _add(self, block: Block) -> None:
        here = slice(block.start, block.stop)
        for name in ("prediction", "target", "label", "probability", "loss", "score", "digest"):
            self._known[name][here] = block.tensors[name]
        for place, name in enumerate(PROPERTIES):
            self._known[name][here] = block.tensors["properties"][:, place]
        self._known["done"][here] = block.tensors["failed"] == 0
        for row, note in block.notes.items():
            if row.isdecimal() and block.start <= int(row) < block.stop and isinstance(note, dict):
                self._notes[int(row)] = note

    @property
    def finished(self) -> frozenset[int]:
        """The numbers of the blocks that have been read."""
        return frozenset(self._there)

    @property
    def metadata(self) -> list[str]:
        """The names of the columns that came with the data, but for keys and labels."""
        return [name for name in self._given if name not in ("key", "label")]

    def __getitem__(self, name: str) -> Column:
        if name == "correct":
            column = (self["label"] == self["prediction"]) & (self["label"] >= 0) & self["done"]
        elif name == "verdict":
            column = self._verdicts.column()
        elif name == "error":
            column = np.array(
                [str(self.note(r).get("error", "")) for r in range(len(self["done"]))]
            )
        elif name in self._known:
            column = self._known[name]
        elif name in self._given:
            column = self._given[name]
        else:
            raise ExplanationError(
                f"the study has no column {brief(name)}; it has {', '.join(self)}."
                + nearest(name, self)
            )
        view: Column = np.asarray(column).view()
        view.setflags(write=False)
        return view

    def __iter__(self) -> Iterator[str]:
        return iter(
            dict.fromkeys(["key", *self._known, "correct", "error", "verdict", *self._given])
        )

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __contains__(self, name: object) -> bool:
        return name in list(self)

    def note(self, row: int) -> Mapping[str, Any]:
        """What went wrong with a row (``error``), or has to be known of it (``warnings``)."""
        return self._notes.get(row, {})

    @property
    def warned(self) -> dict[str, int]:
        """The sentences of all rows, and of how many rows each is."""
        said: dict[str, int] = {}
        for note in self._notes.values():
            for sentence in note.get("warnings", ()):
                said[str(sentence)] = said.get(str(sentence), 0) + 1
        return said

    def __repr__(self) -> str:
        done = int(self["done"].sum())
        return f"Rows: {done:,} of {self._store.count:,} computed; {some_of(self, 30)}"

    # What is read from the blocks when it is asked for.

    def matrix(self, name: str, rows: Sequence[int] | RowNumbers) -> npt.NDArray[np.float32]:
        """``"features"``, ``"attributed"`` (len(rows), K) or ``"logits"`` (len(rows), classes) of
        some rows; zeros for those not computed.
        """
        wanted = np.asarray(rows, dtype=np.int64)
        out: npt.NDArray[np.float32] | None = None
        for block, inside, places in self._blocks(wanted, [name, f"{name}_scale", "classes"]):
            if name == "logits":
                part = logits_of(block.tensors, int(self._store.manifest["classes"]))
            else:
                part = whole(block.tensors[name], block.tensors[f"{name}_scale"])
            if out is None or out.shape[1] < part.shape[1]:
                wider = np.zeros((len(wanted), part.shape[1]), np.float32)
                if out is not None:
                    wider[:, : out.shape[1]] = out
                out = wider
            out[places, : part.shape[1]] = part[inside]
        return np.zeros((len(wanted), 1), np.float32) if out is None else out

    def maps(self, rows: Sequence[int] | RowNumbers) -> list[npt.NDArray[np.float32]]:
        """The map (h, w) of some rows; (0, 0) for those not computed."""
        wanted = np.asarray(rows, dtype=np.int64)
        out = [np.zeros((0, 0), np.float32)] * len(wanted)
        for block, inside, places in self._blocks(wanted, ["map", "map_shape", "map_scale"]):
            shapes = block.tensors["map_shape"].astype(np.int64)
            ends = np.cumsum(shapes.prod(axis=1))
            for i, place in zip(inside.tolist(), places.tolist(), strict=True):
                height, width = shapes[i].tolist()
                flat = block.tensors["map"][ends[i] - height * width : ends[i]]
                scale = np.float32(block.tensors["map_scale"][i])
                out[place] = flat.astype(np.float32).reshape(height, width) * scale
        return out

    def block_of(self, row: int) -> int:
        """The number of the block that a row is in."""
        return row // int(self._store.manifest["block"])

    def thumbnails(self, rows: Sequence[int] | RowNumbers) -> list[bytes]:
        """The thumbnail of some rows as JPEG; b"" for those not computed."""
        wanted = np.asarray(rows, dtype=np.int64)
        out = [b""] * len(wanted)
        for block, inside, places in self._blocks(wanted, ["thumbnail", "thumbnail_end"]):
            ends = block.tensors["thumbnail_end"]
            for i, place in zip(inside.tolist(), places.tolist(), strict=True):
                start = int(ends[i - 1]) if i else 0
                out[place] = block.tensors["thumbnail"][start : int(ends[i])].tobytes()
        return out

    def _blocks(
        self, rows: RowNumbers, names: Sequence[str]
    ) -> Iterator[tuple[Block, RowNumbers, RowNumbers]]:
        """The blocks that hold some rows, the rows' places in each, and places in ``rows``."""
        if len(rows) and not (rows.min() >= 0 and rows.max() < self._store.count):
            raise ExplanationError(
                f"row {int(rows.max()) if rows.min() >= 0 else int(rows.min())} is none of the "
                f"study's; expected 0 to {self._store.count - 1}"
            )
        size = int(self._store.manifest["block"])
        numbers = rows // size
        for number in np.unique(numbers).tolist():
            if number in self._there:
                places = np.flatnonzero(numbers == number)
                yield self._store.read_block(number, names), rows[places] - number * size, places


def _labels(given: Column | None, count: int) -> npt.NDArray[np.int32]:
    if given is None or given.dtype.kind not in "iu":
        return np.full(count, -1, np.int32)
    return given.astype(np.int32)
