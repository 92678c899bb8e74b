"""Two networks on the same pictures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from xai_widgets.errors import ExplanationError, a_kind
from xai_widgets.study.findings import Show, percent
from xai_widgets.study.pages import captioned

if TYPE_CHECKING:
    from xai_widgets.study.changing import Changing

__all__ = ["Comparison", "compared"]

RowNumbers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """changed: the rows with another answer; newly_wrong: right by the first and wrong by the
    second; newly_right: the other way round, each with the largest change of loss first.
    accuracies of both; p_value: exact McNemar test, two-sided, of whether one errs more often.
    studies: both, the first and the second.
    """

    names: tuple[str, str]
    rows: RowNumbers
    changed: RowNumbers
    newly_wrong: RowNumbers
    newly_right: RowNumbers
    accuracies: tuple[float, float]
    p_value: float
    show: Show | None = field(default=None)
    studies: tuple[Any, Any] | None = field(default=None)

    def __str__(self) -> str:
        one, other = self.names
        return (
            f"{one} and {other} on {len(self.rows):,} pictures: accuracy "
            f"{percent(self.accuracies[0])} and {percent(self.accuracies[1])}; "
            f"{len(self.newly_wrong):,} newly wrong, {len(self.newly_right):,} newly right "
            f"(p = {self.p_value:.2g}, McNemar); {len(self.changed):,} answers differ"
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        shown = [] if self.show is None else self.show(self.newly_wrong[:8].tolist(), None)
        return captioned(str(self), shown)


def compared(one: Changing, other: Changing) -> Comparison:
    """The comparison of two studies. Raises ExplanationError for studies of other pictures."""
    for study in (one, other):
        if not hasattr(study, "rows") or not hasattr(study, "store"):
            raise ExplanationError(f"Study.compare was given {a_kind(study)}; expected two studies")
    prints = [study.store.manifest["fingerprint"] for study in (one, other)]
    if prints[0]["data"] != prints[1]["data"] or len(one.rows["done"]) != len(other.rows["done"]):
        raise ExplanationError(
            f'the studies in "{one.store.folder}" and "{other.store.folder}" are of other '
            "pictures or labels; only studies of the same data can be compared"
        )
    if one.class_names != other.class_names:
        raise ExplanationError(
            "the networks of the two studies have other classes, or the same in another order; "
            "give both engines the same class_names"
        )
    for study in (one, other):
        study._said_if_partial()
    both = one.rows["done"] & other.rows["done"]
    labelled = both & (one.rows["label"] >= 0)
    rows = np.flatnonzero(both)
    first, second = one.rows["correct"], other.rows["correct"]
    change = np.nan_to_num(other.rows["loss"] - one.rows["loss"])

    def ordered(mask: Any, sign: int) -> RowNumbers:
        found = np.flatnonzero(mask)
        return found[np.argsort(-sign * change[found], kind="stable")]

    wrong, right = labelled & first & ~second, labelled & ~first & second
    differ = both & (one.rows["prediction"] != other.rows["prediction"])
    counts = int(wrong.sum()), int(right.sum())
    accuracy = tuple(
        float(c[labelled].mean()) if labelled.any() else float("nan") for c in (first, second)
    )
    names = tuple(str(s.store.manifest.get("name", "")) for s in (one, other))
    return Comparison(
        (names[0], names[1]),
        rows,
        np.flatnonzero(differ),
        ordered(wrong, 1),
        ordered(right, -1),
        (accuracy[0], accuracy[1]),
        mcnemar(*counts),
        other.show,
        (one, other),
    )


def mcnemar(one: int, other: int) -> float:
    """The two-sided exact p-value of so many changes one way and the other. Source: McNemar 1947,
    by the binomial distribution.
    """
    from scipy.stats import binomtest

    return 1.0 if one + other == 0 else float(binomtest(one, one + other).pvalue)
