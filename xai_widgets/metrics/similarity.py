"""How alike two maps are: Spearman's rank correlation and SSIM."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from xai_widgets.errors import ExplanationError
from xai_widgets.metrics.relevance import Floats

_WINDOW = 7


def spearman(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Pearson's correlation of the ranks, equals sharing the mean of theirs; in [−1, 1].

    nan where one of the two is the same everywhere. Raises ExplanationError for unequal shapes.
    """
    first, second = _pair(a, b)
    ra, rb = _ranks(first), _ranks(second)
    ra, rb = ra - ra.mean(), rb - rb.mean()
    power = float(np.sqrt((ra**2).sum() * (rb**2).sum()))
    return float((ra * rb).sum() / power) if power > 0 else float("nan")


def ssim(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """The structural similarity of two maps (h, w), each first scaled from its minimum and maximum
    to 0 and 1; a flat one is 0.

        (2μ_a μ_b + c₁)(2σ_ab + c₂) / ((μ_a² + μ_b² + c₁)(σ_a² + σ_b² + c₂)),  c = 0.01², 0.03²

    over all windows of 7 x 7 wholly inside (smaller where the map is), unbiased variances, the
    mean over the windows. Source: Wang, Bovik, Sheikh, Simoncelli 2004, section III-B; on scaled
    maps as in Adebayo et al. 2018. Raises ExplanationError for unequal shapes.
    """
    first, second = (_unit(m) for m in _pair(a, b))
    side = min(_WINDOW, *first.shape)
    n = side * side
    unbiased = n / max(n - 1, 1)
    ma, mb = _window_mean(first, side), _window_mean(second, side)
    va = unbiased * (_window_mean(first * first, side) - ma * ma)
    vb = unbiased * (_window_mean(second * second, side) - mb * mb)
    vab = unbiased * (_window_mean(first * second, side) - ma * mb)
    c1, c2 = 0.01**2, 0.03**2
    top = (2 * ma * mb + c1) * (2 * vab + c2)
    return float((top / ((ma**2 + mb**2 + c1) * (va + vb + c2))).mean())


def _pair(a: npt.ArrayLike, b: npt.ArrayLike) -> tuple[Floats, Floats]:
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 2:
        raise ExplanationError(
            f"the maps have shapes {first.shape} and {second.shape}; expected the same (h, w)"
        )
    return first, second


def _ranks(values: Floats) -> Floats:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - (count - 1) / 2)[place.ravel()])


def _unit(values: Floats) -> Floats:
    low, high = values.min(), values.max()
    return np.asarray((values - low) / (high - low)) if high > low else np.zeros_like(values)


def _window_mean(values: Floats, side: int) -> Floats:
    windows = np.lib.stride_tricks.sliding_window_view(values, (side, side))
    return np.asarray(windows.mean((-1, -2)))
