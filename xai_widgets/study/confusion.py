"""Which classes are taken for which: a list, and a picture of density; never a table of a million
cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xai_widgets.errors import ExplanationError
from xai_widgets.study.findings import percent

__all__ = ["Confused", "Confusion"]

RowNumbers = npt.NDArray[np.int64]
SIDE = 25  # classes, up to which a person reads a table


@dataclass(frozen=True)
class Confused:
    """A label, what was predicted instead, how often, and the share of the pictures of that
    label.
    """

    label: int
    prediction: int
    count: int
    share: float


class Confusion:
    """Labels against predictions of some rows; rows without either are left out.

    `pairs` are the confusions, the most frequent first; `cell` gives rows. A confusion of up to 25
    classes has a `matrix`; of more, `density` shows it.
    """

    def __init__(
        self,
        labels: npt.NDArray[np.integer],
        predictions: npt.NDArray[np.integer],
        class_names: Sequence[str],
    ) -> None:
        self._labels, self._predictions = np.asarray(labels), np.asarray(predictions)
        self._there = (self._labels >= 0) & (self._predictions >= 0)
        self.class_names = list(class_names)
        self.counted = int(self._there.sum())
        label, prediction = self._labels[self._there], self._predictions[self._there]
        self._sizes = np.bincount(label, minlength=self.classes)
        code = label.astype(np.int64) * self.classes + prediction
        self._cells = dict(
            zip(*(v.tolist() for v in np.unique(code, return_counts=True)), strict=True)
        )

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return len(self.class_names)

    @property
    def pairs(self) -> list[Confused]:
        """The confusions, the most frequent first."""
        found = []
        for code, count in self._cells.items():
            label, prediction = divmod(code, self.classes)
            if label != prediction:
                share = count / int(self._sizes[label])
                found.append(Confused(label, prediction, count, share))
        return sorted(found, key=lambda c: (-c.count, -c.share, c.label, c.prediction))

    def count(self, label: int, prediction: int) -> int:
        """How many pictures of a label are predicted so."""
        return int(self._cells.get(label * self.classes + prediction, 0))

    def cell(self, label: int | None = None, prediction: int | None = None) -> RowNumbers:
        """The rows of a cell; of a row or column where one of both is left out."""
        wanted = self._there.copy()
        if label is not None:
            wanted &= self._labels == label
        if prediction is not None:
            wanted &= self._predictions == prediction
        return np.flatnonzero(wanted)

    def pair(self, one: int, other: int) -> RowNumbers:
        """The rows of two classes that are taken for each other, either way."""
        return np.sort(np.concatenate([self.cell(one, other), self.cell(other, one)]))

    @property
    def matrix(self) -> npt.NDArray[np.int64]:
        """Counts (classes, classes), labels down. Raises ExplanationError above 25 classes."""
        if self.classes > SIDE:
            raise ExplanationError(
                f"a table of {self.classes} x {self.classes} classes is more than a person reads; "
                "use confusion.pairs, or confusion.density() for a picture"
            )
        return self._counts(np.arange(self.classes), self.classes)

    @property
    def order(self) -> npt.NDArray[np.int64]:
        """The classes, those that are taken for each other beside each other: the leaves of an
        average-linkage clustering of how often they are.
        """
        from scipy.cluster.hierarchy import leaves_list, linkage
        from scipy.spatial.distance import squareform

        if self.classes < 3:
            return np.arange(self.classes)
        alike = np.zeros((self.classes, self.classes))
        for pair in self.pairs:
            alike[pair.label, pair.prediction] += pair.share
            alike[pair.prediction, pair.label] += pair.share
        distance = 1 / (1 + alike)
        np.fill_diagonal(distance, 0)
        leaves: npt.NDArray[np.int32] = leaves_list(linkage(squareform(distance), "average"))
        return leaves.astype(np.int64)

    def density(self, side: int = SIDE) -> tuple[npt.NDArray[np.int64], list[list[int]]]:
        """Counts of at most ``side`` x ``side`` bundles of classes in `order`, and the classes of
        each bundle.
        """
        order = self.order
        bundles = [part.tolist() for part in np.array_split(order, min(side, self.classes))]
        of = np.empty(self.classes, np.int64)
        for number, members in enumerate(bundles):
            of[members] = number
        return self._counts(of, len(bundles)), bundles

    def _counts(self, of: npt.NDArray[np.int64], side: int) -> npt.NDArray[np.int64]:
        out = np.zeros((side, side), np.int64)
        for code, count in self._cells.items():
            out[of[code // self.classes], of[code % self.classes]] += count
        return out

    def __str__(self) -> str:
        pairs = self.pairs
        wrong = sum(pair.count for pair in pairs)
        lines = [f"{self.counted:,} pictures with a label, {wrong:,} of them answered otherwise"]
        lines += [
            f"  {pair.count:5,}  {self.class_names[pair.label]} taken for "
            f"{self.class_names[pair.prediction]} ({percent(pair.share)} of them)"
            for pair in pairs[:10]
        ]
        other = sum(pair.count for pair in pairs[10:])
        if other:
            lines.append(f"  {other:5,}  in {len(pairs) - 10:,} other confusions")
        return "\n".join(lines)

    __repr__ = __str__
