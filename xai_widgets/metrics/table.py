"""The tidy table that `evaluate` gives: one row per picture, engine, method and measure."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations, product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from xai_widgets.attribution import Attribution
from xai_widgets.errors import ExplanationError, brief, nearest
from xai_widgets.metrics.differences import Differences, Pair, compared
from xai_widgets.metrics.formats import csv_of, html_of, latex_of, markdown_of, written
from xai_widgets.metrics.labels import short_labels
from xai_widgets.metrics.origin import Origin, Place
from xai_widgets.metrics.statistics import bootstrap_means
from xai_widgets.metrics.sums import sum_of
from xai_widgets.shares import percent

if TYPE_CHECKING:
    from xai_widgets.render import ExplanationFigure

_SAID = 5  # warnings that are shown


@dataclass(frozen=True)
class Interval:
    """The mean over pictures of one method and measure, with a bootstrap interval.

    pictures: how many values went into it; missing: how many were nan and did not.
    """

    method: str
    measure: str
    mean: float
    low: float
    high: float
    pictures: int
    missing: int
    engine: str = ""


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of picture (its place), name, target, engine, method, measure and value.

    better: for each measure which way is better: "high", "low", or "" where it was not said.
    warnings: what was said of maps and measures, with the methods and the number of pictures.
    maps: the attributions by (engine, method, picture), where `evaluate(keep_maps=True)` kept them.
    times: the seconds that each of the maps took, where they are known.

    ``table + other`` joins the tables of two evaluations: other pictures, or other engines, methods
    or measures on the same pictures.
    """

    rows: tuple[Mapping[str, Any], ...]
    better: Mapping[str, str]
    warnings: tuple[str, ...] = ()
    maps: Mapping[Place, Attribution] = field(default_factory=dict, repr=False)
    times: Mapping[Place, float] = field(default_factory=dict, repr=False)
    origin: Origin | None = field(default=None, repr=False)

    @property
    def engines(self) -> list[str]:
        """The engines, in the order they were given."""
        return list(dict.fromkeys(row.get("engine", "") for row in self.rows))

    @property
    def methods(self) -> list[str]:
        """The methods, in the order they were given."""
        return list(dict.fromkeys(row["method"] for row in self.rows))

    @property
    def measures(self) -> list[str]:
        """The measures, in the order they were given."""
        return list(dict.fromkeys(row["measure"] for row in self.rows))

    @property
    def labels(self) -> dict[str, str]:
        """Short names of all methods and measures, by which they are shown: parameters are left out
        where the name alone says which it is.
        """
        return {**short_labels(self.methods), **short_labels(self.measures)}

    @property
    def seconds(self) -> dict[str, float]:
        """What a map took, the mean over pictures, by method as `titles` names it; methods whose
        maps were not made, because their values were known, are missing.
        """
        found: dict[str, list[float]] = {}
        for place, seconds in self.times.items():
            found.setdefault(self._title(place.engine, place.method), []).append(seconds)
        return {title: float(np.mean(seconds)) for title, seconds in found.items()}

    @property
    def titles(self) -> list[str]:
        """What is compared, in order: short names of the methods, with the engine where there are
        several.
        """
        return [self._title(engine, method) for engine, method in self._columns]

    @property
    def _columns(self) -> list[tuple[str, str]]:
        """Engine and method of all that is compared."""
        return [c for c in product(self.engines, self.methods) if c in self._compared]

    @cached_property
    def _compared(self) -> frozenset[tuple[str, str]]:
        return frozenset((row.get("engine", ""), row["method"]) for row in self.rows)

    def _title(self, engine: str, method: str) -> str:
        short = short_labels(self.methods).get(method, method)
        return f"{engine}: {short}" if len(self.engines) > 1 else short

    @cached_property
    def _values(self) -> dict[tuple[str, str, str], list[float]]:
        found: dict[tuple[str, str, str], list[float]] = {}
        for row in self.rows:
            key = row.get("engine", ""), row["method"], row["measure"]
            found.setdefault(key, []).append(row["value"])
        return found

    def values(self, method: str, measure: str, engine: str | None = None) -> list[float]:
        """One value for each picture, in order. Raises ExplanationError where there are several
        engines and none is named, and for names that the table does not have.
        """
        engines = self.engines
        if engine is None and len(engines) > 1:
            raise ExplanationError(
                f"the table is of {len(engines)} engines; name one: values({method!r}, "
                f"{measure!r}, engine={engines[0]!r})"
            )
        if not self.rows:
            return []
        key = (
            self._named("engine", engines[0] if engine is None else engine, engines),
            self._named("method", method, self.methods),
            self._named("measure", measure, self.measures),
        )
        return list(self._values.get(key, []))

    def _named(self, what: str, given: str, known: Sequence[str]) -> str:
        """The full name of what is called by it, or by its short one."""
        short = self.labels
        for name in known:
            if given in (name, short.get(name)):
                return name
        raise ExplanationError(
            f"the table has no {what} {brief(given)}; it has {', '.join(known)}."
            + nearest(given, known)
        )

    def _array(self, engine: str, method: str, measure: str) -> npt.NDArray[np.float64]:
        """One value for each picture; nan where there is none."""
        count = 1 + max((row["picture"] for row in self.rows), default=-1)
        found = self._values.get((engine, method, measure))
        return np.full(count, np.nan) if found is None else np.array(found, dtype=np.float64)

    def summary(
        self, confidence: float = 0.95, resamples: int = 2000, seed: int = 0
    ) -> list[Interval]:
        """The mean of each method and measure with its percentile bootstrap interval.

        Pictures are drawn with replacement, the same draws for every method. Values that are nan
        are left out and counted. Two intervals that overlap do not say that there is no difference:
        see `differences`. Source: Efron, Tibshirani 1993, chapter 13. Raises ExplanationError for a
        confidence outside 0 to 1 (both excluded).
        """
        _check_confidence(confidence)
        asked = [(*column, measure) for measure in self.measures for column in self._columns]
        if not asked:
            return []
        values = np.stack([self._array(*one) for one in asked], axis=1)
        there = (~np.isnan(values)).sum(axis=0)
        mean, low, high = bootstrap_means(values, confidence, resamples, seed)
        return [
            Interval(
                method, measure, float(mean[i]), float(low[i]), float(high[i]), int(there[i]),
                int(len(values) - there[i]), engine,
            )
            for i, (engine, method, measure) in enumerate(asked)
        ]  # fmt: skip

    def differences(
        self,
        against: str | None = None,
        *,
        confidence: float = 0.95,
        resamples: int = 2000,
        seed: int = 0,
    ) -> Differences:
        """Which differ: for each measure, methods of one engine compared in pairs, and engines at
        one method, each on the same pictures.

        against: a method, or an engine, that the others are compared with; fewer comparisons find
        smaller differences. Each has its mean, a percentile bootstrap interval of its own, and the
        p-value of the sign-flip test, which Holm's correction raises for the number of all
        comparisons that are returned: the chance that any of them is found without there being one
        is at most 1 − confidence. A picture without a value in either column is left out of that
        comparison. Sources: Fisher 1935; Holm 1979. Raises ExplanationError for a method or engine
        that the table does not have, and a confidence outside 0 to 1.
        """
        _check_confidence(confidence)
        pairs = [
            Pair(measure, self._title(*one), self._title(*other), self._array(*one, measure),
                 self._array(*other, measure))
            for measure in self.measures
            for one, other in self._pairs(against)
            if (*one, measure) in self._values and (*other, measure) in self._values
        ]  # fmt: skip
        return compared(pairs, self.better, confidence, resamples, seed)

    def _pairs(self, against: str | None) -> list[tuple[tuple[str, str], tuple[str, str]]]:
        """Columns that differ in the engine or in the method, but not in both."""
        pairs = [
            (one, other)
            for one, other in combinations(self._columns, 2)
            if (one[0] == other[0]) != (one[1] == other[1])
        ]
        if against is None:
            return pairs
        names = [*self.methods, *(self.engines if len(self.engines) > 1 else [])]
        chosen = self._named("method or engine", against, names)
        place = 1 if chosen in self.methods else 0
        return [
            (one, other) if other[place] == chosen else (other, one)
            for one, other in pairs
            if one[place] != other[place] and chosen in (one[place], other[place])
        ]

    def plot(self, confidence: float = 0.95) -> ExplanationFigure:
        """A figure: each measure's means with their intervals, and a random control dashed."""
        from xai_widgets.render import intervals_figure

        panels = [
            {
                "title": f"{self.labels[measure]}{_WORDS[self.better.get(measure, '')]}",
                "points": [
                    {
                        "title": self._title(i.engine, i.method),
                        "control": i.method == "random",
                        **{name: getattr(i, name) for name in ("mean", "low", "high")},
                    }
                    for i in self.summary(confidence)
                    if i.measure == measure
                ],
            }
            for measure in self.measures
        ]
        return intervals_figure(panels, f"Mean over pictures, {percent(confidence)} intervals")

    def to_dataframe(self) -> Any:
        """The rows as a pandas DataFrame. Raises ExplanationError where pandas is not installed."""
        try:
            pandas = importlib.import_module("pandas")
        except ImportError as error:
            raise ExplanationError(
                "to_dataframe needs pandas, which is not installed: pip install pandas. "
                "table.rows holds the same rows without it, and to_csv() writes them"
            ) from error
        return pandas.DataFrame([dict(row) for row in self.rows])

    def to_csv(self, path: str | Path | None = None) -> str:
        """The rows as comma-separated text, returned, and written where a path is given."""
        return written(csv_of(self.rows), path, "to_csv(path)")

    def to_markdown(self, path: str | Path | None = None) -> str:
        """The means and intervals as a Markdown table, returned, and written where a path is
        given.
        """
        return written(markdown_of(*self._shown()), path, "to_markdown(path)")

    def to_latex(self, path: str | Path | None = None) -> str:
        """The means and intervals as a LaTeX tabular (of the package booktabs), returned, and
        written where a path is given. Bold: the best mean of a measure, whose lead over others the
        intervals do not show: see `differences`.
        """
        return written(latex_of(*self._shown()), path, "to_latex(path)")

    def _shown(self) -> tuple[list[str], list[str], list[str], list[list[Interval]]]:
        """Titles of rows and columns, each measure's better way, cells by row."""
        found = self.summary()
        measures, count = self.measures, len(self._columns)
        cells = [found[i::count] for i in range(count)]
        names = [self.labels[m] for m in measures]
        better = [self.better.get(m, "") for m in measures]
        return self.titles, names, better, cells

    def __add__(self, other: Any) -> Table:
        if not isinstance(other, Table):
            return NotImplemented
        return replace(self, **sum_of(self, other))

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        several = len(self.engines) > 1
        lines = [f"Table of {len(self.rows)} rows:"]
        lines += [
            f"  {i.measure:20} {f'{i.engine}: {i.method}' if several else i.method:24} "
            f"{i.mean:9.4g}  [{i.low:.4g}, {i.high:.4g}]"
            for i in self.summary()
        ]
        return "\n".join([*lines, *self._said()])

    def _said(self) -> list[str]:
        more = len(self.warnings) - _SAID
        return [*self.warnings[:_SAID], *([f"and {more} more in .warnings"] if more > 0 else [])]

    def _repr_html_(self) -> str:
        several = len(self.engines) > 1
        return html_of(
            *self._shown(),
            methods=[f"{e}: {m}" if several else m for e, m in self._columns],
            wholes=self.measures,
            seconds=self.seconds,
            said=self._said(),
        )


_WORDS = {"high": ": high is good", "low": ": low is good", "": ""}


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ExplanationError(
            f"confidence is {brief(confidence)}; expected a number above 0 and below 1"
        )
