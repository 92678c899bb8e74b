"""Means over pictures with intervals, paired tests, and what trying often does to them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["bootstrap_means", "holm", "sign_flip_p_values"]

_Floats = npt.NDArray[np.float64]
_EXACT = 13  # pictures of which all ways to choose signs are tried
_FLIPS = 20_000
_AT_ONCE = 2_000


def bootstrap_means(
    values: npt.ArrayLike, confidence: float = 0.95, resamples: int = 2000, seed: int = 0
) -> tuple[_Floats, _Floats, _Floats]:
    """The mean of each column of (n, k) values, and both ends of its percentile bootstrap interval.

    Rows are drawn with replacement, the same draws for all columns; values that are nan are left
    out. nan where a column has none, the mean itself where it has one. Source: Efron, Tibshirani
    1993, chapter 13.
    """
    x = np.asarray(values, dtype=np.float64)
    there = ~np.isnan(x)
    filled = np.where(there, x, 0)
    count = there.sum(axis=0)
    with np.errstate(invalid="ignore"):
        mean = filled.sum(axis=0) / count
    low, high = mean.copy(), mean.copy()
    if not len(x):
        return mean, low, high
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(x), np.full(len(x), 1 / len(x)), size=resamples).astype(np.float64)
    with np.errstate(invalid="ignore"):
        means = drawn @ filled / (drawn @ there)
    tail = (1 - confidence) / 2
    for column in np.flatnonzero(count > 1):
        known = means[:, column][~np.isnan(means[:, column])]
        low[column], high[column] = np.quantile(known, [tail, 1 - tail])
    return mean, low, high


def sign_flip_p_values(differences: npt.ArrayLike, seed: int = 0) -> _Floats:
    """For each column of paired differences (n, k) the two-sided p-value of the sign-flip test of
    its mean: the share of all ways to choose their signs for which the mean is as far from 0.

    Differences that are nan are left out. With more than 13 rows 20,000 choices are drawn, the same
    for all columns, and the observed one is counted with them. Source: Fisher 1935, section 21;
    Phipson, Smyth 2010 for the count.
    """
    x = np.nan_to_num(np.asarray(differences, dtype=np.float64))  # a sign of 0 makes no difference
    if not len(x):
        return np.ones(x.shape[1])
    observed = np.abs(x.sum(axis=0))
    # Sums of the same numbers in another order differ in the last digits.
    reached = observed - 1e-10 * np.abs(x).sum(axis=0)
    if len(x) <= _EXACT:
        codes = np.arange(2 ** len(x))
        signs = 1.0 - 2.0 * (codes[:, None] >> np.arange(len(x)) & 1)
        return np.asarray((np.abs(signs @ x) >= reached).mean(axis=0))
    rng = np.random.default_rng(seed)
    count = np.zeros(x.shape[1])
    for _ in range(_FLIPS // _AT_ONCE):
        signs = 1.0 - 2.0 * rng.integers(0, 2, size=(_AT_ONCE, len(x)), dtype=np.int8)
        count += (np.abs(signs @ x) >= reached).sum(axis=0)
    return np.asarray((count + 1) / (_FLIPS + 1))


def holm(p_values: npt.ArrayLike) -> _Floats:
    """p-values corrected for how many comparisons were made: the smallest share of tables with any
    false difference at which each would be found. Source: Holm 1979.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    raised = p[order] * (p.size - np.arange(p.size))
    out = np.empty_like(p)
    out[order] = np.maximum.accumulate(raised).clip(max=1)
    return out
