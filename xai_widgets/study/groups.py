"""Groups of explanations, and their means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xai_widgets.render import resize
from xai_widgets.study.statistics import sklearn

__all__ = ["Grouping", "alignment", "group_maps", "mean_map", "pooled_maps"]

Floats = npt.NDArray[np.float32]
_MOST_GROUPS = 10
_NEIGHBOURS = 10
_BOOTSTRAPS = 10
_DRAWN = 0.8  # of the rows, in each of them
_SEVERAL = 1000  # rows of which eigenvalues are computed; more are assigned to their groups


@dataclass(frozen=True, eq=False)
class Grouping:
    """groups: (n,) which group each row is in, the largest first; count: how many. stability: the
    mean adjusted Rand index between this grouping and those of samples of 80 % of the rows (1: the
    same, 0: as chance has it; nan with one group). eigenvalues: the smallest of the graph's
    Laplacian; the gap after the ``count``-th was the largest.
    """

    groups: npt.NDArray[np.int64]
    count: int
    stability: float
    eigenvalues: npt.NDArray[np.float64]


def pooled_maps(maps: Sequence[Floats], side: int = 16) -> Floats:
    """Maps of any size as rows (n, side²): each made ``side`` x ``side`` and divided by the sum of
    its magnitudes, so that each counts alike.
    """
    out = np.zeros((len(maps), side * side), np.float32)
    for place, values in enumerate(maps):
        if values.size:
            small = resize(values, (side, side)).ravel()
            total = np.abs(small).sum()
            out[place] = small / total if total > 0 else small
    return out


def group_maps(
    features: npt.ArrayLike,
    *,
    seed: int = 0,
    count: int | None = None,
    bootstraps: int = _BOOTSTRAPS,
) -> Grouping:
    """Spectral clustering of explanations (n, K), as SpRAy does: a graph of each row's ten nearest
    neighbours, its normalised Laplacian, as many groups as come before the largest gap of the
    eigenvalues (or ``count``), k-means on the eigenvectors. bootstraps: how often they are made
    again for their stability; with 0 it is nan.

    Sources: Lapuschkin et al. 2019, Unmasking Clever Hans predictors; von Luxburg 2007, section 8.3
    (the eigengap). Raises ExplanationError without scikit-learn.
    """
    points = _unit(np.asarray(features, dtype=np.float64))
    n = len(points)
    if n < 4:
        return Grouping(np.zeros(n, np.int64), min(n, 1), float("nan"), np.zeros(0))
    rng = np.random.default_rng(seed)
    sample = np.sort(rng.choice(n, _SEVERAL, replace=False)) if n > _SEVERAL else np.arange(n)
    drawn = points[sample]
    eigenvalues, vectors = _spectrum(drawn)
    if count is None:
        gaps = np.diff(eigenvalues[: min(_MOST_GROUPS, len(sample) // 2) + 1])
        count = int(gaps.argmax()) + 1
    groups = _clustered(vectors, count, seed)
    stability = float("nan")
    if count > 1 and bootstraps:
        metrics = sklearn("metrics", "grouping maps")
        scores = []
        for number in range(bootstraps):
            part = np.sort(rng.choice(len(drawn), max(int(_DRAWN * len(drawn)), 4), replace=False))
            again = _clustered(_spectrum(drawn[part])[1], count, seed + 1 + number)
            scores.append(metrics.adjusted_rand_score(groups[part], again))
        stability = float(np.mean(scores))
    everywhere = groups
    if len(sample) < n:
        neighbours = sklearn("neighbors", "grouping maps")
        near = neighbours.KNeighborsClassifier(min(5, len(sample))).fit(drawn, groups)
        everywhere = near.predict(points)
        everywhere[sample] = groups
    return Grouping(_by_size(everywhere), count, stability, eigenvalues)


def _unit(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    return np.asarray(np.divide(points, lengths, out=np.zeros_like(points), where=lengths > 0))


def _spectrum(
    points: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The smallest eigenvalues of the graph's symmetric normalised Laplacian, and their vectors."""
    from scipy.linalg import eigh

    neighbours = sklearn("neighbors", "grouping maps")
    near = min(_NEIGHBOURS, len(points) - 1)
    graph = neighbours.kneighbors_graph(points, near, include_self=False).toarray()
    graph = np.maximum(graph, graph.T)
    degree = graph.sum(axis=1)
    laplacian = np.eye(len(graph)) - graph / np.sqrt(degree[:, None] * degree[None])
    most = min(_MOST_GROUPS + 1, len(points) - 1)
    values, vectors = eigh(laplacian, subset_by_index=[0, most])
    return values.clip(min=0), vectors


def _clustered(vectors: npt.NDArray[np.float64], count: int, seed: int) -> npt.NDArray[np.int64]:
    if count == 1:
        return np.zeros(len(vectors), np.int64)
    cluster = sklearn("cluster", "grouping maps")
    means = cluster.KMeans(count, n_init=10, random_state=seed)
    found: npt.NDArray[np.int64] = means.fit_predict(_unit(vectors[:, :count])).astype(np.int64)
    return found


def _by_size(groups: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    values, counts = np.unique(groups, return_counts=True)
    order = values[np.argsort(-counts, kind="stable")]
    return np.array([int(np.flatnonzero(order == g)[0]) for g in groups], dtype=np.int64)


def mean_map(maps: Sequence[Floats]) -> Floats:
    """The mean of maps, each divided by the sum of its magnitudes, at the size of the largest;
    (0, 0) of none. Empty maps count as zeros.
    """
    there = [values for values in maps if values.size]
    if not there:
        return np.zeros((0, 0), np.float32)
    size = max((values.shape for values in there), key=lambda shape: shape[0] * shape[1])
    total = np.zeros(size, np.float64)
    for values in there:
        large = resize(values, size)
        weight = np.abs(large).sum()
        if weight > 0:
            total += large / weight
    return np.asarray(total / len(there), dtype=np.float32)


def alignment(thumbnails: npt.NDArray[np.uint8]) -> float:
    """How far pictures (n, h, w, 3) lie alike: the contrast of their mean over the mean of their
    contrasts, less what as many unrelated pictures give; 1 for the same picture, about 0 for
    unrelated ones.
    """
    if len(thumbnails) < 2:
        return 1.0
    grey = thumbnails.astype(np.float64).mean(axis=3)
    single = np.sqrt(grey.var(axis=(1, 2)).mean())
    if single == 0:
        return 1.0
    ratio = float(grey.mean(axis=0).var() / single**2)
    chance = 1 / len(thumbnails)
    return float(np.sqrt(max(ratio - chance, 0) / (1 - chance)))
