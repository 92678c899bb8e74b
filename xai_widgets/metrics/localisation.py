"""Does the map lie on the object? Measures against a mask of where the object is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from xai_widgets.errors import ExplanationError
from xai_widgets.metrics.relevance import Floats, MapLike, heatmap_of, positive

Mask = npt.NDArray[np.bool_]


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


def relevance_mass(attribution: MapLike, mask: npt.ArrayLike) -> float:
    """Σ_mask max(a, 0) / Σ max(a, 0): the share of positive relevance inside the mask. Source:
    Arras, Osman, Samek 2022 (CLEVR-XAI), section 3.2.

    nan where the map has no positive value. Errors as for `pointing_game`.
    """
    heatmap, inside = _both(attribution, mask)
    positive_part = np.maximum(heatmap, 0)
    total = positive_part.sum()
    return float(positive_part[inside].sum() / total) if total > 0 else float("nan")


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


def _both(attribution: MapLike, mask: npt.ArrayLike) -> tuple[Floats, Mask]:
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
