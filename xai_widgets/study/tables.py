"""Tables with a column of pictures: dataframes, Hugging Face data sets, mappings of columns."""

from __future__ import annotations

import importlib
import io
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from xai_widgets.datasets.labelled import SUFFIXES
from xai_widgets.errors import ExplanationError, a_kind, brief, some_of

__all__ = ["Table", "column_of", "is_table", "table_of"]

_PICTURES = ("image", "picture", "img", "path", "file", "filename", "file_name", "image_path")
_LABELS = ("label", "class", "target", "fine_label", "category", "labels", "y")


@dataclass(frozen=True, eq=False)
class Table:
    """The picture of each row, its label, and the other columns."""

    pictures: Sequence[Any]
    picture: Callable[[int], Any]
    labels: Sequence[Any] | None
    label_names: Sequence[str] | None
    columns: Mapping[str, npt.NDArray[Any]]
    kind: str
    paths: Sequence[str] | None = field(default=None)

    @property
    def has_keys(self) -> bool:
        """Whether rows have paths to be known by."""
        return self.paths is not None

    def key(self, row: int) -> str:
        """The path of a row's picture."""
        assert self.paths is not None
        return self.paths[row]


def is_table(data: Any) -> bool:
    """Whether it has named columns."""
    if isinstance(data, Mapping):
        return bool(data)
    if isinstance(data, list) and data and all(isinstance(row, Mapping) for row in data):
        return True
    arrow = hasattr(data, "__arrow_c_stream__") or hasattr(data, "__dataframe__")
    return arrow or _is_hugging_face(data)


def _is_hugging_face(data: Any) -> bool:
    return hasattr(data, "column_names") and hasattr(data, "features")


def table_of(data: Any) -> Table:
    """The table in a dataframe (anything with ``__arrow_c_stream__`` or ``__dataframe__``), a
    Hugging Face dataset, several of these by split, or columns by name.

    The column of pictures is the one that holds pictures; or else paths of pictures. Labels are the
    column label, class, target, ... Raises ExplanationError where no column has pictures, or
    several may.
    """
    if isinstance(data, Mapping) and all(_holds_rows(part) for part in data.values()):
        return _by_split({str(split): table_of(part) for split, part in data.items()})
    if _is_hugging_face(data):
        return _hugging_face(data)
    kind = f"the {type(data).__name__}"
    if isinstance(data, list):
        names = list(dict.fromkeys(name for row in data for name in row))
        columns = {str(name): [row.get(name) for row in data] for name in names}
        return _of_columns(columns, "the list of rows")
    if isinstance(data, Mapping):
        return _of_columns({str(name): column for name, column in data.items()}, kind)
    return _of_columns(_columns(data), kind)


def _holds_rows(part: Any) -> bool:
    return (
        _is_hugging_face(part)
        or (hasattr(part, "__arrow_c_stream__") and hasattr(part, "columns"))
        or hasattr(part, "__dataframe__")
    )


def _columns(data: Any) -> dict[str, Any]:
    """The columns of a dataframe by name."""
    given = list(getattr(data, "columns", ()))  # of a pyarrow.Table: the columns themselves
    if given and all(isinstance(name, (str, int)) for name in given):
        names = [str(name) for name in given]
        if len(set(names)) < len(names):
            raise ExplanationError("the dataframe has two columns of one name; rename one of them")
        try:
            return {str(name): _values(data[name]) for name in given}
        except (TypeError, KeyError, AttributeError):
            pass  # a table whose columns are reached otherwise
    if hasattr(data, "__arrow_c_stream__"):
        try:
            arrow = importlib.import_module("pyarrow")
        except ImportError as error:
            raise ExplanationError(
                f"reading {a_kind(data)} needs pyarrow; install it with: "
                'pip install "xai_widgets[study]"'
            ) from error
        table = arrow.table(data)
        return {name: table.column(name).to_pylist() for name in table.column_names}
    pandas = importlib.import_module("pandas")
    return _columns(pandas.api.interchange.from_dataframe(data))


def _values(column: Any) -> Any:
    for name in ("to_list", "tolist", "to_pylist"):
        if hasattr(column, name):
            return getattr(column, name)()
    return list(column)


def _of_columns(columns: Mapping[str, Any], kind: str) -> Table:
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name!r} {count}" for name, count in lengths.items())
        raise ExplanationError(f"the columns of {kind} differ in length: {listed}")
    name = _picture_column(columns, kind)
    pictures = columns[name]
    label = next((n for n in columns if n.casefold() in _LABELS and n != name), None)
    named = all(isinstance(p, (str, os.PathLike)) for p in pictures)
    return Table(
        pictures,
        lambda row: _picture(pictures[row]),
        None if label is None else list(columns[label]),
        None,
        {n: column_of(c) for n, c in columns.items() if n not in (name, label)},
        kind,
        [os.fspath(p) for p in pictures] if named else None,
    )


def _picture_column(columns: Mapping[str, Any], kind: str) -> str:
    """The name of the column that holds pictures, or paths of pictures."""
    found = [name for name, column in columns.items() if _holds_pictures(column)]
    if not found:
        found = [name for name, column in columns.items() if _holds_paths(column)]
    usual = [name for name in found if name.casefold() in _PICTURES]
    if len(usual) == 1 or len(found) == 1:
        return (usual or found)[0]
    if not found:
        raise ExplanationError(
            f"no column of {kind} holds pictures (arrays, PIL images, bytes) or paths of pictures; "
            f"it has {some_of(columns)}"
        )
    raise ExplanationError(
        f"several columns of {kind} may be the pictures: {some_of(found)}; leave out all but one, "
        'or name it "image"'
    )


def _first(column: Any) -> Any:
    return next((value for value in column if value is not None and value is not np.nan), None)


def _holds_pictures(column: Any) -> bool:
    shape = getattr(column, "shape", None)
    if shape is not None:
        return len(shape) >= 3 or (len(shape) == 1 and _is_picture(_first(column)))
    return _is_picture(_first(column))


def _is_picture(value: Any) -> bool:
    if isinstance(value, Image.Image) or len(getattr(value, "shape", ())) in (2, 3):
        return True
    if isinstance(value, (bytes, bytearray)):
        return True
    return isinstance(value, Mapping) and {"bytes", "path"} & value.keys() != set()


def _holds_paths(column: Any) -> bool:
    value = _first(column)
    return isinstance(value, os.PathLike) or (
        isinstance(value, str) and os.path.splitext(value)[1].lower() in SUFFIXES
    )


def _picture(value: Any) -> Any:
    """A picture as ``images.load`` takes it: the bytes of a file are opened."""
    if isinstance(value, Mapping) and ("bytes" in value or "path" in value):
        value = value.get("bytes") or value.get("path")
    if isinstance(value, (bytes, bytearray)):
        try:
            return Image.open(io.BytesIO(value))
        except Exception as error:  # Pillow raises nearly every type on a broken file
            raise ExplanationError(
                f"{len(value)} bytes are no picture in a format that Pillow reads"
            ) from error
    return value


def column_of(values: Any) -> npt.NDArray[Any]:
    """A column of metadata as NumPy: numbers with nan for what is missing, else text with ""."""
    given = [v.item() if isinstance(v, np.generic) else v for v in values]
    missing = [v is None or (isinstance(v, float) and v != v) for v in given]
    there = [v for v, none in zip(given, missing, strict=True) if not none]
    if there and all(isinstance(v, bool) for v in there) and not any(missing):
        return np.array(given, dtype=bool)
    if there and all(isinstance(v, (bool, int, float)) for v in there):
        if not any(missing) and not any(isinstance(v, float) for v in there):
            with_range = np.array(given, dtype=object)
            if max(map(abs, there)) < 2**53:
                return with_range.astype(np.int64)
        return np.array(
            [np.nan if none else float(v) for v, none in zip(given, missing, strict=True)]
        )
    return np.array(["" if none else _text(v) for v, none in zip(given, missing, strict=True)])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else brief(value) if _long(value) else str(value)


def _long(value: Any) -> bool:
    return isinstance(value, (list, tuple, dict, set)) or hasattr(value, "shape")


# Hugging Face data sets.


def _hugging_face(data: Any) -> Table:
    features = dict(data.features or {})
    if not hasattr(data, "__len__"):
        raise ExplanationError(
            "data is a streamed data set, which has no length and no order; load it whole, "
            "load_dataset(..., streaming=False), or pass list(data.take(1000))"
        )
    kinds = {name: type(feature).__name__ for name, feature in features.items()}
    pictures = [name for name, kind in kinds.items() if kind == "Image"]
    if len(pictures) != 1:
        raise ExplanationError(
            f"the data set has {len(pictures)} columns of pictures"
            f"{': ' + some_of(pictures) if pictures else ''}; expected one "
            "(data.select_columns leaves out others, data.cast_column makes one)"
        )
    name = pictures[0]
    classes = [n for n, kind in kinds.items() if kind == "ClassLabel"]
    usual = [n for n in [*classes, *features] if n.casefold() in _LABELS]
    label = (usual or classes or [None])[0]
    names = getattr(features.get(label), "names", None) if label is not None else None
    others = [n for n in features if n not in (name, label)]
    # Without its pictures, so that reading a column decodes none.
    plain = data.remove_columns([name]) if hasattr(data, "remove_columns") else data
    labels = None
    if label is not None:
        labels = [None if v == -1 else v for v in plain[label]]
    return Table(
        range(len(data)),
        lambda row: _picture(data[row][name]),
        labels,
        names,
        {n: column_of(list(plain[n])) for n in others},
        "the data set",
    )


def _by_split(parts: Mapping[str, Table]) -> Table:
    """Several tables one after another, with a column that says which."""
    tables = list(parts.values())
    ends = np.cumsum([len(t.pictures) for t in tables])
    names = next((t.label_names for t in tables if t.label_names is not None), None)
    for split, table in parts.items():
        if names is not None and table.label_names is not None and table.label_names != names:
            raise ExplanationError(f"the split {split!r} has other classes than the first")

    def picture(row: int) -> Any:
        part = int(np.searchsorted(ends, row, side="right"))
        return tables[part].picture(row - int(ends[part - 1] if part else 0))

    shared = [n for n in tables[0].columns if all(n in t.columns for t in tables)]
    columns = {n: np.concatenate([t.columns[n] for t in tables]) for n in shared}
    columns["split"] = np.repeat(np.array(list(parts)), [len(t.pictures) for t in tables])
    labelled = all(t.labels is not None for t in tables)
    paths = all(t.paths is not None for t in tables)
    return Table(
        range(int(ends[-1])),
        picture,
        [label for t in tables for label in t.labels or ()] if labelled else None,
        names,
        columns,
        "the data set",
        [path for t in tables for path in t.paths or ()] if paths else None,
    )
