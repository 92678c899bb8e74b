"""Intervals and corrected significance."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.errors import ExplanationError

__all__ = ["Interval", "benjamini_hochberg", "bootstrap_mean", "sklearn", "wilson"]

Floats = npt.NDArray[np.float64]
Interval = tuple[float, float]
_Z = 1.959963984540054  # of a two-sided interval of 95 %


def wilson(successes: float, count: float) -> Interval:
    """The 95 % interval of a proportion; (nan, nan) of nothing. Source: Wilson 1927."""
    if count == 0:
        return float("nan"), float("nan")
    share = successes / count
    middle = share + _Z**2 / (2 * count)
    half = _Z * np.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    scale = 1 + _Z**2 / count
    return max(float((middle - half) / scale), 0.0), min(float((middle + half) / scale), 1.0)


def benjamini_hochberg(p_values: npt.ArrayLike) -> Floats:
    """p-values corrected for how many were tried: the smallest false discovery rate at which each
    would be found. Source: Benjamini and Hochberg 1995.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.size == 0:
        return p
    order = np.argsort(p, kind="stable")
    raised = p[order] * p.size / np.arange(1, p.size + 1)
    out = np.empty_like(p)
    out[order] = np.minimum.accumulate(raised[::-1])[::-1].clip(max=1)
    return out


def bootstrap_mean(values: npt.ArrayLike, seed: int = 0, resamples: int = 2000) -> Interval:
    """The 95 % percentile bootstrap interval of a mean; of several values of each of the drawn
    (n, m), whole rows are drawn. Source: Efron, Tibshirani 1993, chapter 13.
    """
    drawn = np.asarray(values, dtype=np.float64)
    drawn = drawn.reshape(len(drawn), -1).mean(axis=1)
    if drawn.size == 0:
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(drawn.size, np.full(drawn.size, 1 / drawn.size), size=resamples)
    low, high = np.quantile(counts @ drawn / drawn.size, [0.025, 0.975])
    return float(low), float(high)


def sklearn(module: str, what: str) -> Any:
    """A module of scikit-learn. Raises ExplanationError where it is not installed."""
    try:
        return importlib.import_module(f"sklearn.{module}")
    except ImportError as error:
        raise ExplanationError(
            f'{what} needs scikit-learn; install it with: pip install "xai_widgets[study]"'
        ) from error
