"""What a study finds: slices, experiments and suspicions; each a sentence, and a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from xai_widgets import shares
from xai_widgets.study.pages import captioned
from xai_widgets.study.statistics import Interval

__all__ = ["Experiment", "Region", "Show", "Slice", "Suspicion", "percent", "span"]

Region = npt.NDArray[np.bool_]
RowNumbers = npt.NDArray[np.int64]
# Thumbnails of rows with their captions, a region marked where there is one.
Show = Callable[[Sequence[int], "Region | None"], "list[tuple[bytes, str]]"]
_SHOWN = 8


def percent(share: float) -> str:
    """``43 %``, ``0.4 %``."""
    return shares.percent(share, None)


def span(interval: Interval) -> str:
    """``[12 %, 31 %]``."""
    return f"[{percent(interval[0])}, {percent(interval[1])}]"


@dataclass(frozen=True, eq=False, repr=False)
class _Shown:
    show: Show | None = field(default=None, kw_only=True)

    @property
    def _pictured(self) -> tuple[RowNumbers, Region | None]:
        raise NotImplementedError

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        rows, region = self._pictured
        pictures = [] if self.show is None else self.show(list(rows)[:_SHOWN], region)
        return captioned(str(self), pictures)


@dataclass(frozen=True, eq=False, repr=False)
class Slice(_Shown):
    """A named set of rows that does worse than the rest.

    accuracy: of its labelled rows; interval: Wilson's, 95 %. lift: its share of errors over that of
    all rows. p_value: one-sided, of so many errors in it by chance (hypergeometric), corrected for
    how many slices were tried (Benjamini-Hochberg). filter: columns, each with the value or the
    range [low, high] that its rows have. errors: how many; excess: how many beyond chance.
    """

    title: str
    rows: RowNumbers
    accuracy: float
    interval: Interval
    lift: float
    p_value: float
    filter: dict[str, object] = field(default_factory=dict)
    errors: int = 0
    excess: float = 0.0

    @property
    def _pictured(self) -> tuple[RowNumbers, Region | None]:
        return self.rows, None

    def __len__(self) -> int:
        return len(self.rows)

    def __str__(self) -> str:
        p = f"p = {self.p_value:.2g}" if self.p_value >= 1e-4 else "p < 0.0001"
        return (
            f"{self.title}: {len(self.rows):,} pictures, accuracy {percent(self.accuracy)} "
            f"{span(self.interval)}, {self.lift:.1f} times the errors of all pictures ({p}, "
            "corrected)"
        )


@dataclass(frozen=True, eq=False, repr=False)
class Experiment(_Shown):
    """What became of answers when a region of pictures was changed, beside what became of them when
    random regions of its size, about as far from the centre, were changed in the same way.

    rows: which pictures. region: (H, W) of the model input. effect: the mean fall of the
    probability of each picture's own answer (`cover`), or the share of answers that turned to the
    other picture's (`swap`); interval: its 95 % bootstrap over pictures. control,
    control_interval: the same of the random regions. turned: the share of answers that changed.
    """

    kind: str
    rows: RowNumbers
    region: Region
    effect: float
    interval: Interval
    control: float
    control_interval: Interval
    turned: float
    control_turned: float
    fill: str = ""
    note: str = ""

    @property
    def survives(self) -> bool:
        """Whether the effect lies beyond the control's, with both intervals apart."""
        return self.interval[0] > self.control_interval[1]

    def with_note(self, note: str) -> Experiment:
        return replace(self, note=note)

    @property
    def box(self) -> tuple[int, int, int, int]:
        """The region's rows and columns: top, left, bottom, right; the last two excluded."""
        down, across = np.flatnonzero(self.region.any(1)), np.flatnonzero(self.region.any(0))
        return int(down[0]), int(across[0]), int(down[-1]) + 1, int(across[-1]) + 1

    @property
    def _pictured(self) -> tuple[RowNumbers, Region | None]:
        return self.rows, self.region

    def __str__(self) -> str:
        top, left, bottom, right = self.box
        where = f"rows {top} to {bottom}, columns {left} to {right}"
        if self.kind == "swap":
            did = (
                f"Exchanging the region ({where}) between {len(self.rows):,} pictures of different "
                f"answers turned {percent(self.effect)} {span(self.interval)} of the answers to "
                "the other picture's"
            )
        else:
            did = (
                f"Covering the region ({where}; {self.fill}) in {len(self.rows):,} pictures lowers "
                f"the probability of the answer by {100 * self.effect:.1f} points "
                f"[{100 * self.interval[0]:.1f}, {100 * self.interval[1]:.1f}] and changes "
                f"{percent(self.turned)} of the answers"
            )
        low, high = self.control_interval
        control = (
            f"{percent(self.control)} {span((low, high))}"
            if self.kind == "swap"
            else f"{100 * self.control:.1f} [{100 * low:.1f}, {100 * high:.1f}]"
        )
        note = f" {self.note}" if self.note else ""
        return f"{did}; random regions of that size and distance from the centre: {control}.{note}"


@dataclass(frozen=True, eq=False, repr=False)
class Suspicion(_Shown):
    """A claim with its evidence; what a person makes of it is a verdict.

    kind: "shortcut", "property", "label", "duplicate", "leakage". rows: the pictures in question,
    the most suspect first. region: (H, W) of the model input, or None. evidence: a sentence.
    effect, interval, control: of the experiment, where there was one, else nan.
    """

    kind: str
    title: str
    rows: RowNumbers
    region: Region | None = None
    evidence: str = ""
    effect: float = float("nan")
    interval: Interval = (float("nan"), float("nan"))
    control: float = float("nan")
    experiment: Experiment | None = None

    @property
    def _pictured(self) -> tuple[RowNumbers, Region | None]:
        return self.rows, self.region

    def __str__(self) -> str:
        return f"{self.title}. {self.evidence}".strip()
