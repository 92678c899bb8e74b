"""Which methods, or networks, truly differ: each compared with another on the same pictures."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import numpy.typing as npt

from xai_widgets.metrics.statistics import bootstrap_means, holm, sign_flip_p_values
from xai_widgets.shares import percent

__all__ = ["Difference", "Differences", "Pair", "compared"]


@dataclass(frozen=True)
class Pair:
    """Two columns of values to compare, with what they are called; (n,) each, of the same pictures
    in the same order.
    """

    measure: str
    one: str
    other: str
    values: npt.NDArray[np.float64]
    others: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """The mean over pictures of `one` minus `other`, in the units of the measure.

    low, high: its bootstrap interval, of this comparison alone. p_value: of the sign-flip test.
    corrected: the same after Holm's correction for all comparisons made. better: the one that the
    measure prefers, where corrected is below 1 − confidence; "" where they cannot be told apart, or
    the measure has no direction. pictures: how many went into it; missing: how many had no value.
    """

    measure: str
    one: str
    other: str
    mean: float
    low: float
    high: float
    p_value: float
    corrected: float
    differ: bool
    better: str
    pictures: int
    missing: int

    def __str__(self) -> str:
        said = f"{self.better} is better" if self.better else "they differ"
        said = said if self.differ else "not told apart"
        return (
            f"{self.measure}: {self.one} − {self.other} = {self.mean:+.3g} "
            f"[{self.low:+.3g}, {self.high:+.3g}], p = {self.corrected:.2g} corrected: {said}"
        )


@dataclass(frozen=True, eq=False)
class Differences(Sequence[Difference]):
    """All comparisons of a table, and the confidence that they were made with."""

    found: tuple[Difference, ...]
    confidence: float = 0.95

    @overload
    def __getitem__(self, place: int) -> Difference: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Difference]: ...
    def __getitem__(self, place: int | slice) -> Difference | Sequence[Difference]:
        return self.found[place]

    def __len__(self) -> int:
        return len(self.found)

    def __iter__(self) -> Iterator[Difference]:
        return iter(self.found)

    def __repr__(self) -> str:
        return "\n".join([f"{len(self)} paired differences:", *(f"  {each}" for each in self)])

    def _repr_html_(self) -> str:
        head = "".join(
            f"<th>{word}</th>"
            for word in ("measure", "difference", "mean", percent(self.confidence), "p", "")
        )
        return (
            f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(map(_row, self))}</tbody>"
            "</table><p>Mean over pictures of the differences on the same picture. p: sign-flip "
            f"test, corrected for {len(self)} comparisons (Holm). Intervals are of each comparison "
            "alone.</p>"
        )


def compared(
    pairs: Sequence[Pair],
    better: Mapping[str, str],
    confidence: float,
    resamples: int,
    seed: int,
) -> Differences:
    """Each pair's difference, corrected for the number of pairs."""
    if not pairs:
        return Differences((), confidence)
    columns = np.stack([pair.values - pair.others for pair in pairs], axis=1)
    means, lows, highs = bootstrap_means(columns, confidence, resamples, seed)
    there = (~np.isnan(columns)).sum(axis=0)
    p_values = sign_flip_p_values(columns, seed)
    corrected = holm(p_values)
    found = []
    for i, pair in enumerate(pairs):
        differ = bool(corrected[i] < 1 - confidence)
        winner = ""
        if differ and better.get(pair.measure):
            higher = (means[i] > 0) == (better[pair.measure] == "high")
            winner = pair.one if higher else pair.other
        found.append(
            Difference(
                pair.measure, pair.one, pair.other,
                float(means[i]), float(lows[i]), float(highs[i]),
                float(p_values[i]), float(corrected[i]), differ, winner,
                int(there[i]), int(len(columns) - there[i]),
            )
        )  # fmt: skip
    return Differences(tuple(found), confidence)


def _row(d: Difference) -> str:
    said = f"{html.escape(d.better)} is better" if d.better else "they differ"
    p = f"{d.corrected:.2g}" if d.corrected >= 0.001 else "&lt; 0.001"
    cells = (
        html.escape(d.measure),
        f"{html.escape(d.one)} − {html.escape(d.other)}",
        f"{d.mean:+.3g}",
        f"[{d.low:+.3g}, {d.high:+.3g}]",
        p,
        f"<b>{said}</b>" if d.differ else "not told apart",
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
