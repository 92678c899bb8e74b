"""Measures of maps alone: how concentrated and how noisy one is, how alike two are, and whether one
lies on the object, against a mask of where that is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.errors import ExplanationError, strict_keywords
from xai_widgets.metrics.relevance import Floats, MapLike, heatmap_of, positive, values_of

_WINDOW = 7  # pixels a side, of the structural similarity


@strict_keywords
def sparseness(attribution: MapLike) -> float:
    """The Gini index of |a|: Σ_k (2k − n − 1)|a|_(k) / (n Σ|a|), k = 1 … n from the smallest.

    0 where all pixels are equal, 1 − 1/n where one has everything; nan for a map of zeros. Taken
    of the map at the picture's size, channels summed. Source: Chalasani et al. 2020, section 3.
    """
    magnitude = np.sort(_magnitude(attribution))
    n, total = magnitude.size, magnitude.sum()
    k = np.arange(1, n + 1)
    return float(((2 * k - n - 1) * magnitude).sum() / (n * total)) if total > 0 else float("nan")


@strict_keywords
def complexity(attribution: MapLike) -> float:
    """The entropy −Σ P ln P in nats of P = |a| / Σ|a|.

    0 where one pixel has everything, ln n where all are equal; nan for a map of zeros. Taken of
    the map at the picture's size, channels summed. Source: Bhatt, Weller, Moura 2020, section 3.3.
    """
    magnitude = _magnitude(attribution)
    total = magnitude.sum()
    if total <= 0:
        return float("nan")
    share = magnitude[magnitude > 0] / total
    return float(-(share * np.log(share)).sum())


def _magnitude(attribution: MapLike) -> Floats:
    return np.asarray(np.abs(heatmap_of(attribution)).ravel())


@strict_keywords
def total_variation(attribution: MapLike) -> float:
    """Σ |a(i+1, j) − a(i, j)| + |a(i, j+1) − a(i, j)| over Σ |a|: 0 where all pixels are equal, up
    to 8 for a checkerboard of signs; nan for a map of zeros.

    Divided by Σ |a|, so that maps of different sizes of values can be compared. Taken of the map at
    the picture's size, channels summed. Source: Rudin, Osher, Fatemi 1992, in the anisotropic form.
    """
    a = heatmap_of(attribution)
    total = np.abs(a).sum()
    if total <= 0:
        return float("nan")
    return float((np.abs(np.diff(a, axis=0)).sum() + np.abs(np.diff(a, axis=1)).sum()) / total)


def cosine(a: MapLike, b: MapLike) -> float:
    """⟨a, b⟩ / (‖a‖ ‖b‖) over all values, channels kept: 1 for the same direction, 0 for none in
    common; nan where one of the two is zero everywhere.

    Of a gradient and the guided gradient, it is what training for interpretable gradients raises
    (Torres Figueroa et al. 2024); 1 − cosine of a gradient and its SmoothGrad is how much smoothing
    changes it. Raises ExplanationError for unequal shapes.
    """
    first, second = values_of(a), values_of(b)
    if first.shape != second.shape:
        raise ExplanationError(
            f"the maps have shapes {first.shape} and {second.shape}; expected the same"
        )
    return _cosine(first, second)


def correlation(a: Floats, b: Floats) -> float:
    """Pearson's r, in [−1, 1]; nan where one side is the same everywhere."""
    return _cosine(a - a.mean(), b - b.mean())


def _cosine(a: Floats, b: Floats) -> float:
    size = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum() / size) if size > 0 else float("nan")


def spearman(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Pearson's correlation of the ranks, equals sharing the mean of theirs; in [−1, 1].

    nan where one of the two is the same everywhere. Raises ExplanationError for unequal shapes.
    """
    from scipy.stats import rankdata

    first, second = _pair(a, b)
    return correlation(rankdata(first), rankdata(second))


def ssim(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """The structural similarity of two maps (h, w), each first scaled from its minimum and maximum
    to 0 and 1; a flat one is 0.

        (2μ_a μ_b + c₁)(2σ_ab + c₂) / ((μ_a² + μ_b² + c₁)(σ_a² + σ_b² + c₂)),  c = 0.01², 0.03²

    by scikit-image: the mean over all windows of 7 x 7 wholly inside (of the largest odd side that
    fits a smaller map), unbiased variances. Source: Wang, Bovik, Sheikh, Simoncelli 2004, section
    III-B; on scaled maps as in Adebayo et al. 2018. Raises ExplanationError for unequal shapes.
    """
    from skimage.metrics import structural_similarity

    first, second = (_unit(m) for m in _pair(a, b))
    smallest = min(_WINDOW, *first.shape)
    side = smallest - 1 + smallest % 2
    measure: Any = structural_similarity
    given = {"data_range": 1.0, "win_size": side, "use_sample_covariance": side > 1}
    return float(measure(first, second, **given))


def _pair(a: npt.ArrayLike, b: npt.ArrayLike) -> tuple[Floats, Floats]:
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 2:
        raise ExplanationError(
            f"the maps have shapes {first.shape} and {second.shape}; expected the same (h, w)"
        )
    return first, second


def _unit(values: Floats) -> Floats:
    low, high = values.min(), values.max()
    return np.asarray((values - low) / (high - low)) if high > low else np.zeros_like(values)


@strict_keywords
def pointing_game(attribution: MapLike, mask: npt.ArrayLike, *, tolerance: float = 15) -> float:
    """1 if the map's maximum is within `tolerance` pixels of the mask, else 0. Source: Zhang, Lin,
    Brandt, Shen, Sclaroff 2016 (Excitation Backprop), section 5.1.

    mask: bool (H, W), the size of the picture. tolerance: in pixels, 15 as in the paper; 0 wants
    the maximum inside. Of several equal maxima, the fraction that hits counts.

    Raises ExplanationError for a mask that is empty or of another size, or a negative tolerance.
    """
    from scipy.ndimage import distance_transform_edt

    heatmap, inside = _both(attribution, mask)
    if tolerance != 0:
        tolerance = positive("tolerance", tolerance)
    near = distance_transform_edt(~inside) <= tolerance
    return float(near[heatmap == heatmap.max()].mean())


@strict_keywords
def relevance_mass(attribution: MapLike, mask: npt.ArrayLike) -> float:
    """Σ_mask max(a, 0) / Σ max(a, 0): the share of positive relevance inside the mask. Source:
    Arras, Osman, Samek 2022 (CLEVR-XAI), section 3.2.

    nan where the map has no positive value. Errors as for `pointing_game`.
    """
    heatmap, inside = _both(attribution, mask)
    positive_part = np.maximum(heatmap, 0)
    total = positive_part.sum()
    return float(positive_part[inside].sum() / total) if total > 0 else float("nan")


@strict_keywords
def relevance_rank(attribution: MapLike, mask: npt.ArrayLike) -> float:
    """|top-K ∩ mask| / K, with K the pixels of the mask. Source: Arras, Osman, Samek 2022
    (CLEVR-XAI), section 3.2.

    Where the K-th value is shared by several pixels, each of them counts in part, so that a flat
    map gets the mask's share of the picture. Errors as for `pointing_game`.
    """
    heatmap, inside = _both(attribution, mask)
    k = int(inside.sum())
    last = np.partition(heatmap, heatmap.size - k, axis=None)[heatmap.size - k]
    above, tied = heatmap > last, heatmap == last
    share = (k - above.sum()) / tied.sum()
    return float(((above & inside).sum() + share * (tied & inside).sum()) / k)


def _both(attribution: MapLike, mask: npt.ArrayLike) -> tuple[Floats, npt.NDArray[np.bool_]]:
    inside = np.asarray(mask)
    if inside.dtype != np.bool_ or inside.ndim != 2:
        raise ExplanationError(
            f"mask is {inside.dtype} of shape {inside.shape}; expected bool (height, width). "
            "Compare first, as in mask > 0"
        )
    if not inside.any():
        raise ExplanationError("mask holds no pixel; expected at least one that is True")
    own = getattr(attribution, "input_size", inside.shape)
    if tuple(own) != inside.shape:
        raise ExplanationError(
            f"mask is {inside.shape[0]} x {inside.shape[1]}; expected {own[0]} x {own[1]}, the "
            "size of the model input that was explained"
        )
    return heatmap_of(attribution, (inside.shape[0], inside.shape[1])), inside
