"""Tables with a column of pictures: dataframes, Hugging Face data sets, mappings of columns."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.errors import ExplanationError, a_kind, some_of
from xai_widgets.study.table_columns import (
    LABELS,
    column_of,
    label_column,
    opened,
    picture_column,
)

__all__ = ["Table", "is_table", "table_of"]


@dataclass(frozen=True, eq=False)
class Table:
    """The picture of each row, its label, and the other columns. paths: of the pictures, by which
    rows are known. stamp: what tells pictures apart that are not held. threads: whether several may
    read pictures that are not held.
    """

    pictures: Sequence[Any]
    picture: Callable[[int], Any]
    labels: Sequence[Any] | None
    label_names: Sequence[str] | None
    columns: Mapping[str, npt.NDArray[Any]]
    kind: str
    paths: Sequence[str] | None = field(default=None)
    stamp: Any = None
    threads: bool = False

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
    streamed = hasattr(data, "__arrow_c_stream__")
    name = "pyarrow" if streamed else "pyarrow.interchange"
    try:
        arrow: Any = importlib.import_module(name)
    except ImportError as error:
        raise ExplanationError(
            f"reading {a_kind(data)} needs pyarrow; install it with: "
            'pip install "xai_widgets[study]"'
        ) from error
    try:
        table = arrow.table(data) if streamed else arrow.from_dataframe(data)
    except (ValueError, TypeError, NotImplementedError, RuntimeError) as error:
        raise ExplanationError(f"{a_kind(data)} cannot be read as a table: {error}") from error
    return {name: table.column(name).to_pylist() for name in table.column_names}


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
    name = picture_column(columns, kind)
    pictures = columns[name]
    label = label_column(columns, name)
    named = all(isinstance(p, (str, os.PathLike)) for p in pictures)
    return Table(
        pictures,
        lambda row: opened(pictures[row]),
        None if label is None else list(columns[label]),
        None,
        {n: column_of(c) for n, c in columns.items() if n not in (name, label)},
        kind,
        [os.fspath(p) for p in pictures] if named else None,
    )


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
    usual = [n for n in [*classes, *features] if n.casefold() in LABELS]
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
        lambda row: opened(data[row][name]),
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
