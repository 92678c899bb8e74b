"""A study's folder: a manifest, the rows, and blocks of a fixed range of rows each.

    study.json                  format, fingerprints, settings
    rows.jsonl                  key, label, split and metadata, one row a line
    blocks/00017.safetensors    what was computed for 256 fixed rows
    kept/00000042-3.safetensors the map of row 42 for class 3, once somebody has asked for it
    verdicts.jsonl              what people decided, only ever appended to
    leases/00017                who computes a block at present

Each file is written under another name and then renamed. A block that is there with the right
fingerprint is done. Everything in the folder is data: nothing is executed, and no path in it leads
outside.
"""

from __future__ import annotations

import json
import os
import re
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from xai_widgets.errors import ExplanationError, brief
from xai_widgets.files import checked_format, parsed
from xai_widgets.study.table_columns import column_of

__all__ = ["BLOCK", "Block", "Store", "Tensors"]

FORMAT = "xai_widgets.study"
VERSION = 1
BLOCK = 256
MANIFEST, ROWS, VERDICTS, WEIGHTS = (
    "study.json",
    "rows.jsonl",
    "verdicts.jsonl",
    "weights.safetensors",
)
_LARGEST = 64 * 2**20  # bytes of a manifest that is read
_BLOCK_NAME = re.compile(r"(\d{5,9})\.safetensors")
# Whoever reads a study needs these of its manifest.
_NEEDED = ("block", "count", "classes", "class_names", "method", "target", "fingerprint", "key")

Tensors = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Block:
    """What was computed for the rows from ``start`` to before ``stop``.

    tensors: one array per column, (n, ...). notes: for each row number (as text) what went wrong
    or has to be known, in sentences.
    """

    number: int
    start: int
    stop: int
    tensors: Tensors
    notes: Mapping[str, Mapping[str, Any]]


class Store:
    """Reads and writes a study's folder. Raises ExplanationError for a folder that is no study,
    damaged, or of another version, always in words.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder).expanduser()
        self._manifest: dict[str, Any] | None = None
        self._lock = threading.Lock()

    # Making one.

    @property
    def exists(self) -> bool:
        """Whether there is a study in the folder."""
        return (self.folder / MANIFEST).is_file()

    def create(self, manifest: Mapping[str, Any], rows: Mapping[str, Sequence[Any]]) -> None:
        """Write the rows, then the manifest. Raises ExplanationError where the folder holds
        something else, or cannot be written.
        """
        if self.folder.is_dir() and not self.exists:
            foreign = sorted(
                p.name
                for p in self.folder.iterdir()
                if p.name not in (ROWS, "blocks", "leases") and not p.name.endswith(".part")
            )
            if foreign:
                raise ExplanationError(
                    f'the folder "{self.folder}" is not empty ("{foreign[0]}") and holds no study; '
                    'give folder= a new name, such as "photos.study"'
                )
        try:
            (self.folder / "blocks").mkdir(parents=True, exist_ok=True)
            (self.folder / "leases").mkdir(exist_ok=True)
        except OSError as error:
            raise ExplanationError(f'the folder "{self.folder}" cannot be made: {error}') from error
        names = list(rows)
        lines = [
            json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, allow_nan=False)
            for row in zip(*(_plain(rows[name]) for name in names), strict=True)
        ]
        self.write(ROWS, ("\n".join(lines) + "\n").encode())
        self._write_manifest({"format": FORMAT, "version": VERSION, **manifest})

    def _write_manifest(self, manifest: dict[str, Any]) -> None:
        text = json.dumps(manifest, indent=2, ensure_ascii=False)
        self.write(MANIFEST, text.encode() + b"\n")
        self._manifest = manifest

    def amend(self, **entries: Any) -> None:
        """Change entries of the manifest."""
        self._write_manifest({**self.manifest, **entries})

    def write(self, name: str, content: bytes) -> None:
        """Write a file aside, then rename it: a reader sees the old one or the new one."""
        file = self._inside(name)
        aside = file.with_name(f".{file.name}.{uuid.uuid4().hex}.part")
        try:
            with open(aside, "wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            os.replace(aside, file)
        except OSError as error:
            raise ExplanationError(
                f'"{file}" cannot be written: {error.strerror or error}. What is finished is kept; '
                "make room and run the study again, it goes on from there"
            ) from error
        finally:
            with suppress(OSError):
                aside.unlink(missing_ok=True)

    def _inside(self, name: str) -> Path:
        """A file of the folder. Raises ExplanationError where a link leads out of it."""
        file = self.folder / name
        if file.is_symlink() or not file.resolve().is_relative_to(self.folder.resolve()):
            raise ExplanationError(
                f'"{file}" is a link that leads out of the study\'s folder; it is not followed'
            )
        return file

    # Reading it.

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What study.json holds."""
        if self._manifest is None:
            self._manifest = self._read_manifest()
        return self._manifest

    def _read_manifest(self) -> dict[str, Any]:
        file = self.folder / MANIFEST
        if not file.is_file():
            held = (
                ", ".join(sorted(p.name for p in self.folder.iterdir())[:6])
                if (self.folder.is_dir())
                else ""
            )
            raise ExplanationError(
                f'"{self.folder}" is no study: it holds no {MANIFEST}'
                + (f" (but {held})" if held else "")
                + ". Make one with xw.Study(engine, data, folder=...)"
            )
        self._inside(MANIFEST)
        try:
            if file.stat().st_size > _LARGEST:
                raise ValueError(f"it has {file.stat().st_size:,} bytes")
            read = parsed(file.read_bytes())
        except (OSError, ValueError) as error:
            raise ExplanationError(f'"{file}" cannot be read: {error}') from error
        manifest = checked_format(read, f'"{file}"', "a study", FORMAT, VERSION)
        missing = [name for name in _NEEDED if name not in manifest]
        if missing:
            raise ExplanationError(f'"{file}" says nothing of {", ".join(missing)}')
        for name in ("block", "count", "classes"):
            value = manifest[name]
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ExplanationError(f'"{file}" has {name} {brief(value)}; expected a number')
        names = manifest["class_names"]
        if names is not None and not (
            isinstance(names, list) and all(isinstance(name, str) for name in names)
        ):
            raise ExplanationError(f'"{file}" has class_names that are no texts')
        return manifest

    @property
    def count(self) -> int:
        """The number of rows."""
        return int(self.manifest["count"])

    @property
    def blocks(self) -> int:
        """The number of blocks."""
        return -(-self.count // int(self.manifest["block"]))

    def range_of(self, number: int) -> range:
        """The rows of a block."""
        size = int(self.manifest["block"])
        return range(number * size, min((number + 1) * size, self.count))

    def rows(self) -> dict[str, npt.NDArray[Any]]:
        """The columns of rows.jsonl."""
        file = self._inside(ROWS)
        columns: dict[str, list[Any]] = {}
        number = 0
        try:
            with open(file, encoding="utf-8") as lines:
                for number, line in enumerate(lines, 1):
                    row = json.loads(line)
                    if not isinstance(row, dict):
                        raise ValueError(f"line {number} is no row")
                    if number == 1:
                        columns = {str(name): [] for name in row}
                    for name, values in columns.items():
                        values.append(row.get(name))
        except (OSError, ValueError, RecursionError) as error:
            raise ExplanationError(f'"{file}" cannot be read: {error}') from error
        if number != self.count:
            raise ExplanationError(f'"{file}" has {number} rows; expected {self.count}')
        return {name: column_of(values) for name, values in columns.items()}

    def path_of(self, number: int) -> Path:
        """The file of a block."""
        return self._inside(f"blocks/{number:05}.safetensors")

    def has(self, number: int) -> bool:
        """Whether a block is there, whole, and of this study."""
        return self.problem(number) is None

    def problem(self, number: int) -> str | None:
        """What is wrong with a block, in words; None where it is whole."""
        file = self.path_of(number)
        if not file.is_file():
            return "is missing"
        try:
            with safe_open(file, framework="np") as opened:
                head = _head(opened.metadata())
                shapes = {name: opened.get_slice(name).get_shape() for name in opened.keys()}  # noqa: SIM118  # no mapping
        except (OSError, SafetensorError, ValueError) as error:
            return f"is damaged ({error})"
        rows = self.range_of(number)
        if head.get("key") != self.manifest["key"]:
            return "is of another study"
        if (head.get("start"), head.get("stop")) != (rows.start, rows.stop):
            return "holds other rows"
        short = [n for n, s in shapes.items() if n in _PER_ROW and s[:1] != [len(rows)]]
        lacking = sorted(_PER_ROW - shapes.keys())
        if short or lacking:
            return f"has no whole column {[*short, *lacking][0]!r}"
        return None

    def write_block(self, number: int, tensors: Tensors, notes: Mapping[str, Any]) -> None:
        """Write a block. The same content gives the same bytes."""
        rows = self.range_of(number)
        head = {
            "format": FORMAT,
            "key": self.manifest["key"],
            "start": rows.start,
            "stop": rows.stop,
            "notes": notes,
        }
        plain = {name: np.ascontiguousarray(array) for name, array in sorted(tensors.items())}
        # One entry: the order of several is not fixed in the file.
        text = json.dumps(head, sort_keys=True, ensure_ascii=False)
        self.write(f"blocks/{number:05}.safetensors", save(plain, {"xai_widgets": text}))

    def read_block(self, number: int, names: Sequence[str] | None = None) -> Block:
        """A block, or some of its columns. Raises ExplanationError where it is not whole."""
        file = self.path_of(number)
        rows = self.range_of(number)
        try:
            with safe_open(file, framework="np") as opened:
                head = _head(opened.metadata())
                there = list(opened.keys())
                wanted = there if names is None else [name for name in names if name in there]
                tensors = {name: opened.get_tensor(name) for name in wanted}
        except (OSError, SafetensorError, ValueError) as error:
            raise ExplanationError(
                f'"{file}" cannot be read ({error}); study.run() computes it anew'
            ) from error
        notes = head.get("notes")
        return Block(
            number, rows.start, rows.stop, tensors, notes if isinstance(notes, dict) else {}
        )

    def read_kept(self, row: int, target: int) -> npt.NDArray[np.float32] | None:
        """The map of a row for another class than the block has; None where nobody asked yet."""
        file = self._inside(f"kept/{row:08}-{target}.safetensors")
        try:
            with safe_open(file, framework="np") as opened:
                if _head(opened.metadata()).get("key") != self.manifest["key"]:
                    return None
                return np.asarray(opened.get_tensor("map"), dtype=np.float32)
        except (OSError, SafetensorError, ValueError):
            return None

    def keep(self, row: int, target: int, values: npt.NDArray[np.float32]) -> None:
        """Keep the map of a row for another class."""
        self._inside("kept").mkdir(exist_ok=True)
        text = json.dumps({"format": FORMAT, "key": self.manifest["key"]})
        content = save({"map": np.ascontiguousarray(values)}, {"xai_widgets": text})
        self.write(f"kept/{row:08}-{target}.safetensors", content)

    def done(self) -> list[int]:
        """The numbers of the blocks that are there and whole."""
        return [number for number in self.listed() if self.has(number)]

    def listed(self) -> Iterator[int]:
        """The numbers of the blocks that are there, whole or not, in order."""
        folder = self._inside("blocks")
        names = sorted(os.listdir(folder)) if folder.is_dir() else []
        for name in names:
            found = _BLOCK_NAME.fullmatch(name)
            if found and int(found[1]) < self.blocks:
                yield int(found[1])


# One entry for each row; `map` and `thumbnail` are packed one after another, by their shapes.
_PER_ROW = frozenset(
    {
        *("prediction", "probability", "loss", "label", "score", "properties", "digest"),
        *("features", "attributed", "map_shape", "map_scale", "thumbnail_end", "failed"),
    }
)


def _head(metadata: Any) -> dict[str, Any]:
    head = json.loads((metadata or {}).get("xai_widgets", "{}"))
    return head if isinstance(head, dict) else {}


def _plain(values: Any) -> list[Any]:
    """Values as JSON holds them; nan is None."""
    listed = values.tolist() if isinstance(values, np.ndarray) else list(values)
    return [None if isinstance(v, float) and v != v else v for v in listed]
