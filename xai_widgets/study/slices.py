"""Named groups of pictures that do worse than the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.study.findings import Slice
from xai_widgets.study.statistics import benjamini_hochberg, wilson

__all__ = ["Predicate", "find_slices", "predicates_of"]

Column = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]
_MOST_VALUES = 30  # of a column of texts or whole numbers
_PARTS = 5
_LOW, _HIGH = "lowest", "highest"
_ORDINALS = {1: _LOW, 2: "second", 3: "middle", 4: "fourth", 5: _HIGH}
_DIFFERENT = 0.8  # overlap (Jaccard) above which two slices are the same
_LEVEL = 0.05
# Says by itself how likely an error is, so it comes after all else, and alone.
_CONFIDENCE = "probability"


@dataclass(frozen=True, eq=False)
class Predicate:
    """A condition on one column, with the rows that meet it."""

    column: str
    words: str
    value: object
    mask: Mask


def predicates_of(
    columns: Mapping[str, Column], names: Mapping[str, Sequence[str]], count: int
) -> list[Predicate]:
    """The conditions of each column: its values where they are few, else its fifths. ``names`` are
    those of a column's numbers.
    """
    found: list[Predicate] = []
    for name, column in columns.items():
        if column.dtype.kind in "fiu" and name not in names:
            values = column.astype(np.float64)
            distinct = np.unique(values[~np.isnan(values)])
            if len(distinct) > _PARTS or (column.dtype.kind == "f" and len(distinct) > 2):
                found += _fifths(name, values)
                continue
        found += _values(name, column, names.get(name), count)
    return found


def _values(name: str, column: Column, names: Sequence[str] | None, count: int) -> list[Predicate]:
    values, counts = np.unique(column[~_missing(column)], return_counts=True)
    if len(values) < 2:
        return []
    kept = values[np.argsort(-counts, kind="stable")][: _MOST_VALUES if names is None else 1000]
    found = []
    for value in kept.tolist():
        if names is not None and not 0 <= value < len(names):
            continue
        said = str(value) if names is None else names[value]
        found.append(Predicate(name, f"{name} {said}", value, column == value))
    return found


def _missing(column: Column) -> Mask:
    if column.dtype.kind == "f":
        return np.isnan(column)
    if column.dtype.kind in "US":
        return np.asarray(column == "")
    return np.zeros(len(column), bool)


def _fifths(name: str, values: npt.NDArray[np.float64]) -> list[Predicate]:
    """The rows between each two quintiles; the same numbers are never parted."""
    there = ~np.isnan(values)
    edges = np.unique(np.quantile(values[there], np.linspace(0, 1, _PARTS + 1)))
    parts = len(edges) - 1
    if parts < 2:
        return []
    found = []
    for part in range(parts):
        low, high = float(edges[part]), float(edges[part + 1])
        upper = values <= high if part == parts - 1 else values < high
        said = _ORDINALS[part + 1] if parts == _PARTS else f"part {part + 1} of {parts}"
        words = f"{said} fifth of {name}" if parts == _PARTS else f"{said} of {name}"
        words += f" ({low:.3g} to {high:.3g})"
        found.append(Predicate(name, words, [low, high], there & (values >= low) & upper))
    return found


def find_slices(
    columns: Mapping[str, Column],
    wrong: Mask,
    *,
    names: Mapping[str, Sequence[str]] | None = None,
    rows: npt.NDArray[np.int64] | None = None,
    depth: int = 2,
    smallest: int = 10,
    count: int = 20,
) -> list[Slice]:
    """The slices with more errors than chance gives, the one that explains most errors first.

    columns: (n,) each; wrong: (n,), whether the answer is; rows: the numbers of these rows in the
    study. A slice of two conditions counts only where each of them raises the errors among the rows
    that meet the other, so its p-value is the larger of these two. All that were tried count in the
    correction. Of two slices of nearly the same rows the first is kept.
    """
    total, errors = len(wrong), int(wrong.sum())
    rows = np.arange(total) if rows is None else rows
    names = names or {}
    if total == 0 or errors in (0, total):
        return []
    found = predicates_of(columns, names, total)
    found = [p for p in found if smallest <= p.mask.sum() < total]
    if not found:
        return []
    masks = np.stack([p.mask for p in found]).astype(np.float32)
    sizes = (masks @ masks.T).round().astype(np.int64)
    wrongs = ((masks * wrong.astype(np.float32)) @ masks.T).round().astype(np.int64)
    alone = np.arange(len(found))
    tried = [(i, i) for i in range(len(found))]
    p_values = list(_tail(wrongs[alone, alone], sizes[alone, alone], errors, total))
    if depth >= 2:
        columns_of = [predicate.column for predicate in found]
        kinds = sorted(set(columns_of))
        apart = np.array([[_combine(one, other) for other in kinds] for one in kinds])
        of = np.searchsorted(kinds, columns_of)
        a, b = np.nonzero(np.triu((sizes >= smallest) & apart[of][:, of], 1))
        if len(a):
            both, inside = wrongs[a, b], sizes[a, b]
            tried += zip(a.tolist(), b.tolist(), strict=True)
            p_values += np.maximum(
                _tail(both, inside, wrongs[a, a], sizes[a, a]),
                _tail(both, inside, wrongs[b, b], sizes[b, b]),
            ).tolist()
    corrected = benjamini_hochberg(p_values)
    share = errors / total
    slices: list[Slice] = []
    for (i, j), p_value in zip(tried, corrected.tolist(), strict=True):
        n, k = int(sizes[i, j]), int(wrongs[i, j])
        if p_value > _LEVEL or k / n <= share:
            continue
        parts = [found[i]] if i == j else [found[i], found[j]]
        slices.append(
            Slice(
                ", ".join(p.words for p in parts),
                rows[np.logical_and.reduce([p.mask for p in parts])],
                1 - k / n,
                wilson(n - k, n),
                k / n / share,
                p_value,
                {p.column: p.value for p in parts},
                k,
                k - n * share,
            )
        )
    slices.sort(key=lambda s: (_CONFIDENCE in s.filter, -s.excess, s.p_value, len(s.filter)))
    return _unlike(slices)[:count]


def _combine(one: str, other: str) -> bool:
    """Whether conditions on two columns make a slice: a label and a prediction are a cell of the
    confusions, where everything is wrong, or nothing.
    """
    return (
        one != other
        and {one, other} != {"label", "prediction"}
        and (_CONFIDENCE not in (one, other))
    )


def _tail(k: Any, n: Any, errors: Any, total: Any) -> npt.NDArray[np.float64]:
    """The probability of at least k errors among n rows that are drawn from ``total`` with
    ``errors``.
    """
    from scipy.stats import hypergeom

    tail: npt.NDArray[np.float64] = hypergeom.sf(np.asarray(k) - 1, total, errors, n)
    return np.atleast_1d(tail)


def _unlike(slices: list[Slice]) -> list[Slice]:
    kept: list[tuple[Slice, set[int]]] = []
    for one in slices:
        own = set(one.rows.tolist())
        if all(len(own & other) <= _DIFFERENT * len(own | other) for _, other in kept):
            kept.append((one, own))
    return [one for one, _ in kept]
