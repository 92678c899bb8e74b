"""Which rows a filter keeps: the same rules as js/src/dataset/filters.ts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.errors import ExplanationError, brief, nearest
from xai_widgets.study import Study
from xai_widgets.widgets.base.traits import TraitProblem

Mask = npt.NDArray[np.bool_]
CLASSES = ("label", "prediction")
_WORDS = ("search", "rows")


def checked(study: Study, given: Any) -> dict[str, Any]:
    """A filter as the browser understands it: classes by their numbers. Raises TraitProblem for
    one that is none.
    """
    if not isinstance(given, Mapping):
        raise TraitProblem(
            f"filter is {brief(given)}; expected columns with the values to keep, such as "
            '{"correct": False, "probability": [0.5, 1]}.'
        )
    return {str(name): _condition(study, str(name), value) for name, value in given.items()}


def _condition(study: Study, name: str, value: Any) -> Any:
    if name == "search":
        return str(value)
    if name == "rows":
        rows = np.asarray(value)
        numbers = rows.astype(np.int64).ravel() if rows.dtype.kind in "iu" or not rows.size else ()
        bad = [r for r in np.asarray(numbers).tolist() if not 0 <= r < study.store.count]
        if bad or (rows.size and rows.dtype.kind not in "iu"):
            raise TraitProblem(
                f"rows of the filter are {brief(value)}; expected numbers from 0 to "
                f"{study.store.count - 1}."
            )
        return np.asarray(numbers, dtype=np.int64).tolist()
    if name not in study.rows:
        known = [*_WORDS, *study.rows]
        raise TraitProblem(
            f"filter has {brief(name)}, and the study has no such column."
            f"{nearest(name, known)} It has {', '.join(study.rows)}."
        )
    column = study.rows[name]
    if name in CLASSES:
        several = value if isinstance(value, (list, tuple)) else [value]
        return [_class(study, name, one) for one in several]
    if column.dtype.kind == "b":
        return bool(value)
    if column.dtype.kind in "fiu":
        return _range(name, value)
    several = value if isinstance(value, (list, tuple)) else [value]
    return [str(one) for one in several]


def _class(study: Study, name: str, value: Any) -> int:
    names = study.class_names
    if isinstance(value, str):
        if value not in names:
            raise TraitProblem(
                f"filter: {name} is {brief(value)}, and the network has no such class."
                f"{nearest(value, names)}"
            )
        return names.index(value)
    whole = hasattr(value, "__index__") and not isinstance(value, bool)
    if not whole or not 0 <= int(value) < len(names):
        raise TraitProblem(
            f"filter: {name} is {brief(value)}; expected a class, 0 to {len(names) - 1} or its name"
        )
    return int(value)


def _range(name: str, value: Any) -> list[float]:
    ends = list(value) if isinstance(value, (list, tuple, np.ndarray)) else [value, value]
    try:
        low, high = (float(end) for end in ends)
    except (TypeError, ValueError):
        raise TraitProblem(
            f"filter: {name} is {brief(value)}; expected a number or a range [low, high]."
        ) from None
    return [low, high]


def mask_of(study: Study, conditions: Mapping[str, Any]) -> Mask:
    """The rows (count,) that meet all conditions, as `checked` returned them; of those that have
    been tried so far.
    """
    kept = np.zeros(study.store.count, bool)
    for number in study.rows.finished:
        block = study.store.range_of(number)
        kept[block.start : block.stop] = True
    for name, value in conditions.items():
        kept &= _mask(study, name, value)
    return kept


def _mask(study: Study, name: str, value: Any) -> Mask:
    if name == "rows":
        chosen = np.zeros(study.store.count, bool)
        chosen[value] = True
        return chosen
    if name == "search":
        return _search(study, value)
    column = study.rows[name]
    if name == "correct":
        answered = study.rows["done"] & (study.rows["label"] >= 0)
        return np.asarray(answered & (column == value))
    if column.dtype.kind == "b":
        return np.asarray(column == value)
    if name in CLASSES:
        return np.asarray(np.isin(column, value))
    if column.dtype.kind in "fiu":
        # As exact as what the browser compares: its columns are float16.
        exact = column.astype(np.float64)
        return np.asarray((exact >= value[0]) & (exact <= value[1]))
    return np.asarray(np.isin(column.astype(str), value))


def _search(study: Study, text: str) -> Mask:
    """Rows whose key, label, prediction or metadata contain every word."""
    names = [name.lower() for name in study.class_names]
    kept = np.ones(study.store.count, bool)
    for word in text.lower().split():
        classes = [i for i, name in enumerate(names) if word in name]
        found = np.isin(study.rows["label"], classes) | np.isin(study.rows["prediction"], classes)
        for name in ("key", *study.rows.metadata):
            column = study.rows[name]
            if column.dtype.kind in "US":
                found |= np.char.find(np.char.lower(column), word) >= 0
        kept &= found
    return kept


def rows_of(study: Study, given: Any) -> list[int]:
    """Row numbers from numbers, a mask, or a slice with `rows`. Raises ExplanationError."""
    wanted = np.asarray(getattr(given, "rows", given))
    if wanted.dtype == bool and wanted.shape == (study.store.count,):
        wanted = np.flatnonzero(wanted)
    if wanted.size and wanted.dtype.kind not in "iu":
        raise ExplanationError(f"rows are {brief(given)}; expected numbers of rows, or a mask")
    listed: list[int] = np.atleast_1d(wanted).astype(np.int64).ravel().tolist()
    bad = [row for row in listed if not 0 <= row < study.store.count]
    if bad:
        raise ExplanationError(
            f"row {bad[0]} is none of the study's; expected 0 to {study.store.count - 1}"
        )
    return listed


def in_order(column: npt.NDArray[Any], rows: Sequence[int], *, descending: bool) -> list[int]:
    """Rows sorted by a column, those without a value last, those alike by number."""
    chosen = np.asarray(rows, dtype=np.int64)
    values = column[chosen].astype(np.float64)
    keys = np.where(np.isnan(values), np.inf, -values if descending else values)
    ordered: list[int] = chosen[np.argsort(keys, kind="stable")].tolist()
    return ordered
