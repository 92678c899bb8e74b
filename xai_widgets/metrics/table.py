"""The tidy table that `evaluate` gives: one row per picture, method and measure."""

from __future__ import annotations

import html
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from xai_widgets.errors import ExplanationError, brief

_SAID = 5  # warnings that are shown
_ARROWS = {"high": " ↑", "low": " ↓", "": ""}


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


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of picture (its place), name, target, method, measure and value.

    better: for each measure which way is better: "high", "low", or "" where it was not said.
    warnings: what was said of maps and measures, with the methods and the number of pictures.
    """

    rows: tuple[Mapping[str, Any], ...]
    better: Mapping[str, str]
    warnings: tuple[str, ...] = ()

    @property
    def methods(self) -> list[str]:
        """The methods, in the order they were given."""
        return list(dict.fromkeys(row["method"] for row in self.rows))

    @property
    def measures(self) -> list[str]:
        """The measures, in the order they were given."""
        return list(dict.fromkeys(row["measure"] for row in self.rows))

    def values(self, method: str, measure: str) -> list[float]:
        """One value for each picture, in order."""
        wanted = (method, measure)
        return [row["value"] for row in self.rows if (row["method"], row["measure"]) == wanted]

    def summary(
        self, confidence: float = 0.95, resamples: int = 2000, seed: int = 0
    ) -> list[Interval]:
        """The mean of each method and measure with its percentile bootstrap interval.

        Pictures are drawn with replacement, the same draws for every method. Values that are nan
        are left out and counted. Source: Efron, Tibshirani 1993, chapter 13. Raises
        ExplanationError for a confidence outside 0 to 1 (both excluded).
        """
        if not 0 < confidence < 1:
            raise ExplanationError(
                f"confidence is {brief(confidence)}; expected a number above 0 and below 1"
            )
        return [
            self._interval(method, measure, confidence, resamples, seed)
            for measure, method in product(self.measures, self.methods)
        ]

    def _interval(
        self, method: str, measure: str, confidence: float, resamples: int, seed: int
    ) -> Interval:
        from scipy.stats import bootstrap

        values = np.array(self.values(method, measure), dtype=np.float64)
        taken = values[~np.isnan(values)]
        mean = float(taken.mean()) if taken.size else float("nan")
        low = high = mean
        if taken.size > 1:
            low, high = bootstrap(
                (taken,),
                np.mean,
                n_resamples=resamples,
                confidence_level=confidence,
                method="percentile",
                random_state=np.random.default_rng(seed),
            ).confidence_interval
        missing = int(values.size - taken.size)
        return Interval(method, measure, mean, float(low), float(high), int(taken.size), missing)

    def to_dataframe(self) -> Any:
        """The rows as a pandas DataFrame. Raises ExplanationError where pandas is not installed."""
        try:
            pandas = importlib.import_module("pandas")
        except ImportError as error:
            raise ExplanationError(
                "to_dataframe needs pandas, which is not installed: pip install pandas. "
                "table.rows holds the same rows without it"
            ) from error
        return pandas.DataFrame([dict(row) for row in self.rows])

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        lines = [f"Table of {len(self.rows)} rows:"]
        lines += [
            f"  {i.measure:20} {i.method:24} {i.mean:9.4g}  [{i.low:.4g}, {i.high:.4g}]"
            for i in self.summary()
        ]
        return "\n".join([*lines, *self._said()])

    def _said(self) -> list[str]:
        more = len(self.warnings) - _SAID
        return [*self.warnings[:_SAID], *([f"and {more} more in .warnings"] if more > 0 else [])]

    def _repr_html_(self) -> str:
        cells = {
            (i.method, i.measure): f"{i.mean:.3g} <small>[{i.low:.3g}, {i.high:.3g}]</small>"
            for i in self.summary()
        }
        head = "".join(
            f"<th>{html.escape(m)}{_ARROWS[self.better.get(m, '')]}</th>" for m in self.measures
        )
        body = "".join(
            f"<tr><th>{html.escape(method)}</th>"
            + "".join(f"<td>{cells[method, measure]}</td>" for measure in self.measures)
            + "</tr>"
            for method in self.methods
        )
        return (
            f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>"
            "<p>Mean over pictures, with a 95 % bootstrap interval. ↑ high is better, ↓ low.</p>"
            + "".join(f"<p>{html.escape(warning)}</p>" for warning in self._said())
        )
