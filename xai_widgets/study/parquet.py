"""Parquet files with a column of pictures, which are read when they are wanted."""

from __future__ import annotations

import importlib
import json
import os
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xxhash

from xai_widgets.datasets.labelled import SUFFIXES
from xai_widgets.errors import ExplanationError
from xai_widgets.study.class_folders import SPLITS
from xai_widgets.study.source import file_size
from xai_widgets.study.table_columns import column_of, label_column, opened, picture_column
from xai_widgets.study.tables import Table

__all__ = ["from_parquet", "parquet_files"]

_ENDINGS = (".parquet", ".pq")
_HELD = 3  # row groups of pictures in memory
_LOOKED_AT = 64  # values of each column, by which the pictures are found
_WHOLE = 2**30  # bytes, up to which the files themselves tell whether anything has changed


def parquet_files(data: Any) -> list[Path]:
    """The Parquet files that ``data`` names: a file, a folder of them (also one of partitions), or
    a list; none where it is something else.

    Raises ExplanationError for a folder that holds pictures beside them.
    """
    if isinstance(data, (list, tuple)):
        named = bool(data) and all(_is_parquet(one) for one in data)
        return [Path(one).expanduser() for one in data] if named else []
    if not isinstance(data, (str, os.PathLike)):
        return []
    root = Path(data).expanduser()
    if not root.is_dir():
        return [root] if _is_parquet(root) else []
    found: list[Path] = []
    picture = ""
    for folder, inner, files in os.walk(root):
        # Hidden is what Spark and dask write beside the parts.
        inner[:] = sorted(name for name in inner if not name.startswith((".", "_")))
        own = sorted(name for name in files if not name.startswith((".", "_")))
        found += [Path(folder, name) for name in own if _is_parquet(name)]
        picture = picture or next((name for name in own if _is_picture(name)), "")
    if found and picture:
        raise ExplanationError(
            f'"{root}" holds Parquet files ("{found[0].name}") and pictures ("{picture}"); pass '
            "the Parquet file, or move it out of the folder"
        )
    return found


def _is_parquet(name: Any) -> bool:
    return isinstance(name, (str, os.PathLike)) and os.fspath(name).lower().endswith(_ENDINGS)


def _is_picture(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in SUFFIXES


def from_parquet(files: Sequence[Path]) -> Table:
    """The rows of Parquet files, one file after another. Pictures are bytes of files (also as
    Hugging Face writes them, with the names of classes), nested lists, or paths, which are those of
    the Parquet file's folder where they are there. Files called train..., test... are splits, and
    names of partitions are columns.

    Raises ExplanationError for files that cannot be read, and without pyarrow.
    """
    parts = [_Part(file) for file in files]
    names = [name for name in parts[0].names if all(name in part.names for part in parts)]
    kind = f'"{files[0]}"' if len(files) == 1 else f'the {len(files)} files of "{files[0].parent}"'
    looked_at = {name: parts[0].first(name) for name in names}
    name = picture_column(looked_at, kind)
    label = label_column(names, name)
    ends = list(accumulate(part.count for part in parts))
    columns = {n: _joined(part.values(n) for part in parts) for n in names if n != name}
    label_names, labels = None, None if label is None else columns.pop(label)
    if label is not None and labels is not None:
        label_names = parts[0].class_names.get(label)
        if any(part.class_names.get(label) != label_names for part in parts):
            raise ExplanationError(f"the files of {kind} name their classes differently")
        if label_names is not None:
            labels = [None if value == -1 else value for value in labels]
    held = {n: column_of(values) for n, values in columns.items()}
    for n, values in _said_by_names(parts).items():
        held.setdefault(n, values)
    paths = None
    stamp: list[Any] = [name]
    if all(isinstance(value, str) for value in looked_at[name] if value is not None):
        paths = _joined(part.values(name) for part in parts)
        stamp += [file_size(p.beside(path or "")) for p in parts for path in p.values(name)]
    else:
        stamp.append(_checksum(files))

    def picture(row: int) -> Any:
        part = int(np.searchsorted(ends, row, side="right"))
        own = row - (ends[part - 1] if part else 0)
        value = opened(parts[part].picture(name, own) if paths is None else paths[row])
        return parts[part].beside(value) if isinstance(value, str) else value

    return Table(
        range(ends[-1]),
        picture,
        labels,
        label_names,
        held,
        kind,
        None if paths is None or None in paths else paths,
        stamp,
        threads=True,
    )


def _joined(columns: Iterable[list[Any]]) -> list[Any]:
    return list(chain.from_iterable(columns))


def _said_by_names(parts: Sequence[_Part]) -> Mapping[str, npt.NDArray[Any]]:
    """Splits and partitions: what names of files and folders say of their rows."""
    counts = [part.count for part in parts]
    said = [part.partitions for part in parts]
    shared = [name for name in said[0] if all(name in own for own in said)]
    found = {name: np.repeat(np.array([own[name] for own in said]), counts) for name in shared}
    splits = [part.split for part in parts]
    if all(splits):
        found.setdefault("split", np.repeat(np.array(splits), counts))
    return found


def _checksum(files: Sequence[Path]) -> str:
    """Of the files; of many bytes, of their footers, which say where each column lies."""
    digest = xxhash.xxh3_128()
    sizes = [file.stat().st_size for file in files]
    for file, size in zip(files, sizes, strict=True):
        with open(file, "rb") as content:
            if sum(sizes) > _WHOLE:
                content.seek(max(size - 8, 0))
                length = int.from_bytes(content.read(4), "little")
                content.seek(max(size - 8 - length, 0))
            while piece := content.read(2**20):
                digest.update(piece)
        digest.update(f"{size}\n".encode())
    return digest.hexdigest()


class _Part:
    """A Parquet file, and the row groups of pictures that were read last."""

    def __init__(self, file: Path) -> None:
        self.path = file
        try:
            parquet: Any = importlib.import_module("pyarrow.parquet")
        except ImportError as error:
            raise ExplanationError(
                f'reading "{file}" needs pyarrow; install it with: pip install "xai_widgets[study]"'
            ) from error
        try:
            self._file: Any = parquet.ParquetFile(file)
        except (OSError, ValueError) as error:  # pyarrow's errors are of these
            raise ExplanationError(f'"{file}" cannot be read as a Parquet file: {error}') from error
        self.names = list(self._file.schema_arrow.names)
        self.count = int(self._file.metadata.num_rows)
        groups = range(self._file.metadata.num_row_groups)
        self._ends = list(accumulate(self._file.metadata.row_group(i).num_rows for i in groups))
        self._held: OrderedDict[int, Any] = OrderedDict()
        self._lock = threading.Lock()

    def first(self, name: str) -> list[Any]:
        """The first values of a column."""
        batches = self._file.iter_batches(_LOOKED_AT, columns=[name])
        return _joined(batch.column(0).to_pylist() for batch in islice(batches, 1))

    def values(self, name: str) -> list[Any]:
        """A column."""
        try:
            values: list[Any] = self._file.read(columns=[name]).column(0).to_pylist()
        except (OSError, ValueError) as error:
            raise ExplanationError(f'"{self.path}" cannot be read: {error}') from error
        return values

    def picture(self, name: str, row: int) -> Any:
        """One value of the column of pictures."""
        group = int(np.searchsorted(self._ends, row, side="right"))
        with self._lock:
            if group not in self._held:
                read = self._file.read_row_group(group, columns=[name]).column(0)
                self._held[group] = read
            self._held.move_to_end(group)
            while len(self._held) > _HELD:
                self._held.popitem(last=False)
            column = self._held[group]
        return column[row - (self._ends[group - 1] if group else 0)].as_py()

    def beside(self, path: str) -> str:
        """A path as it stands in the file: of the file's folder, if there is such a picture."""
        near = self.path.parent / path
        return str(near) if near.is_file() else path

    @property
    def class_names(self) -> dict[str, list[str]]:
        """The names of classes that Hugging Face's libraries write beside the columns."""
        said = (self._file.schema_arrow.metadata or {}).get(b"huggingface", b"{}")
        try:
            features = json.loads(said)["info"]["features"]
            return {
                name: [str(one) for one in feature["names"]]
                for name, feature in features.items()
                if feature.get("_type") == "ClassLabel" and feature.get("names")
            }
        except (ValueError, TypeError, KeyError, AttributeError):
            return {}

    @property
    def split(self) -> str:
        """The split that the file's name begins with; "" where it is none."""
        word = self.path.stem.replace("_", "-").replace(".", "-").partition("-")[0]
        return word if word.casefold() in SPLITS else ""

    @property
    def partitions(self) -> dict[str, str]:
        """What the folders' names say, such as camera=north."""
        parts = [part.partition("=") for part in self.path.parent.parts if "=" in part]
        return {name: value for name, _, value in parts if name and value}
