"""Labels that the network doubts, by confident learning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["DoubtfulLabels", "doubtful_labels"]

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class DoubtfulLabels:
    """rows: the most doubtful first; suggested: the class of each that the network is sure of
    instead. self_confidence: (n,) of all rows, the probability of their own label; low is doubtful.
    thresholds: (classes,), the mean probability of a class among the pictures that are labelled it;
    nan for classes without any.
    """

    rows: npt.NDArray[np.int64]
    suggested: npt.NDArray[np.int64]
    self_confidence: npt.NDArray[np.float64]
    thresholds: npt.NDArray[np.float64]


def doubtful_labels(probabilities: Floats, labels: npt.NDArray[np.integer]) -> DoubtfulLabels:
    """Labels (n,) that probabilities (n, classes) contradict: a picture counts as one of class j
    where p_j is at least the mean p_j of the pictures labelled j, of several such classes the most
    probable; it is doubtful where that is not its label. The less probable its label, the more
    doubtful. Labels below 0 are none.

    Source: Northcutt, Jiang and Chuang 2021, Confident Learning, section 3.1 (arXiv 1911.00068).
    """
    p = np.asarray(probabilities, dtype=np.float64)
    labelled = np.flatnonzero(labels >= 0)
    own = np.full(len(p), np.nan)
    own[labelled] = p[labelled, labels[labelled]]
    classes = p.shape[1]
    counts = np.bincount(labels[labelled], minlength=classes)
    sums = np.bincount(labels[labelled], weights=own[labelled], minlength=classes)
    with np.errstate(invalid="ignore"):
        thresholds = sums / counts
    # A class without labels has no threshold that a picture could reach.
    sure = p[labelled] >= np.where(counts > 0, thresholds - 1e-12, np.inf)
    best = np.where(sure, p[labelled], -1).argmax(axis=1)
    doubted = sure.any(axis=1) & (best != labels[labelled])
    rows = labelled[doubted]
    order = np.argsort(own[rows], kind="stable")
    return DoubtfulLabels(rows[order], best[doubted][order], own, thresholds)
