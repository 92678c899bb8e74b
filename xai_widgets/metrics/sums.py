"""Two tables as one, where they fit."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from xai_widgets.attribution import Attribution
from xai_widgets.errors import ExplanationError, some_of
from xai_widgets.metrics.origin import Origin, Place

__all__ = ["sum_of"]

_V = TypeVar("_V")
_Row = Mapping[str, Any]


class Parts(Protocol):
    """A table."""

    @property
    def rows(self) -> Sequence[_Row]: ...
    @property
    def better(self) -> Mapping[str, str]: ...
    @property
    def warnings(self) -> tuple[str, ...]: ...
    @property
    def maps(self) -> Mapping[Place, Attribution]: ...
    @property
    def times(self) -> Mapping[Place, float]: ...
    @property
    def origin(self) -> Origin | None: ...


def sum_of(one: Parts, other: Parts) -> dict[str, Any]:
    """The fields of the table of both: pictures of the first, then new ones of the second; values
    that both have must be the same.

    Raises ExplanationError for tables that `evaluate` did not make, of other seeds, of different
    networks under one name, with different values in one place, and where a picture would lack a
    measure that others have.
    """
    if one.origin is None or other.origin is None:
        raise _unfit(
            "only tables that evaluate made can be added: what the others are of is unknown"
        )
    first, second = one.origin, other.origin
    if first.seed != second.seed:
        raise _unfit(f"one is of seed {first.seed}, the other of seed {second.seed}")
    shared = [name for name in first.engines if name in second.engines]
    for name in shared:
        if first.engines[name] != second.engines[name]:
            raise _unfit(
                f"both call a network {name!r}, and it is not the same (its weights, layer or "
                'reading differ); name them: evaluate({"before": engine}, ...)'
            )
    for measure in set(one.better) & set(other.better):
        if one.better[measure] != other.better[measure]:
            raise _unfit(f"{measure} is not the same measure in both")
    # What an engine made of a picture tells it best; without one in common, the picture as given.
    words, others = (
        (origin.inputs[shared[0]] if shared else origin.pictures) for origin in (first, second)
    )
    place = {word: number for number, word in enumerate(_occurrences(words))}
    numbers = [place.setdefault(word, len(place)) for word in _occurrences(others)]
    rows = _rows(one.rows, other.rows, numbers)
    known = set(range(len(words)))
    new = [number for number, at in enumerate(numbers) if at not in known]
    engines = dict.fromkeys([*first.engines, *second.engines])
    inputs = {}
    for name in engines:
        found = [first.inputs.get(name), second.inputs.get(name)]
        # Every engine has seen every picture, or the rows would not be complete.
        by_place = dict(enumerate(found[0] or ()))
        by_place |= {numbers[n]: word for n, word in enumerate(found[1] or ())}
        inputs[name] = tuple(by_place[n] for n in range(len(place)))
    moved = [(one.maps, other.maps), (one.times, other.times)]
    maps, times = ({**mine, **_moved(theirs, numbers)} for mine, theirs in moved)
    return {
        "rows": tuple(rows),
        "better": {**one.better, **other.better},
        "warnings": tuple(dict.fromkeys((*one.warnings, *other.warnings))),
        "maps": maps,
        "times": times,
        "origin": Origin(
            first.seed,
            {**first.engines, **second.engines},
            (*first.pictures, *(second.pictures[number] for number in new)),
            inputs,
        ),
    }


def _rows(ones: Sequence[_Row], others: Sequence[_Row], numbers: Sequence[int]) -> list[_Row]:
    found: dict[tuple[Any, ...], _Row] = {_key(row): row for row in ones}
    targets = {(row["picture"], row["engine"]): row["target"] for row in ones}
    for given in others:
        row = {**given, "picture": numbers[given["picture"]]}
        where = row["picture"], row["engine"]
        if targets.setdefault(where, row["target"]) != row["target"]:
            raise _unfit(
                f"{row['name']!r} was explained for {targets[where]} in one and for "
                f"{row['target']} in the other"
            )
        kept = found.setdefault(_key(row), row)
        if not _same(kept["value"], row["value"]):
            raise _unfit(
                f"{row['measure']} of {row['method']} on {row['name']!r} is {kept['value']:.6g} in "
                f"one and {row['value']:.6g} in the other"
            )
    columns = dict.fromkeys(key[1:] for key in found)
    count = Counter(key[1:] for key in found)
    pictures = {key[0] for key in found}
    if short := [column for column in columns if count[column] < len(pictures)]:
        engine, method, measure = short[0]
        names = [
            found_row["name"]
            for number in sorted(pictures)
            if (number, *short[0]) not in found
            for found_row in [next(r for k, r in found.items() if k[0] == number)]
        ]
        raise _unfit(
            f"{measure} of {method} ({engine}) is missing for {len(names)} picture(s): "
            f"{some_of(names, 3)}; a table has every measure of every picture"
        )
    engines, methods, measures = (_order(key[i] for key in found) for i in (1, 2, 3))
    return [
        found[key]
        for key in sorted(found, key=lambda k: (k[0], engines[k[1]], methods[k[2]], measures[k[3]]))
    ]


def _key(row: _Row) -> tuple[int, str, str, str]:
    return row["picture"], row["engine"], row["method"], row["measure"]


def _order(names: Any) -> dict[Hashable, int]:
    return {name: place for place, name in enumerate(dict.fromkeys(names))}


def _occurrences(words: Sequence[str]) -> list[tuple[str, int]]:
    """Each word with how often it came before: a picture may be given twice."""
    seen = Counter[str]()
    found = []
    for word in words:
        found.append((word, seen[word]))
        seen[word] += 1
    return found


def _moved(values: Mapping[Place, _V], numbers: Sequence[int]) -> dict[Place, _V]:
    return {place._replace(picture=numbers[place.picture]): v for place, v in values.items()}


def _same(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-6) or (math.isnan(one) and math.isnan(other))


def _unfit(why: str) -> ExplanationError:
    return ExplanationError(f"the two tables do not fit: {why}")
