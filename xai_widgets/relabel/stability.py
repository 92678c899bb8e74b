"""Whether another seed gives the same map."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt


def rank_stability(maps: Sequence[npt.NDArray[np.float32]]) -> float:
    """The median Spearman rank correlation over pixels of all pairs of maps (H, W)."""
    ranks = [_ranks(values.ravel()) for values in maps]
    return float(np.median([np.corrcoef(a, b)[0, 1] for a, b in combinations(ranks, 2)]))


def _ranks(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Ranks from 0 on, equal values sharing their mean rank."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    first = np.cumsum(count) - count
    return np.asarray((first + (count - 1) / 2)[place])
