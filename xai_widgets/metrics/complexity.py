"""How much a map concentrates on a few pixels, whether or not they are the right ones."""

from __future__ import annotations

import numpy as np

from xai_widgets.metrics.relevance import Floats, MapLike, heatmap_of


def sparseness(attribution: MapLike) -> float:
    """The Gini index of |a|: Σ_k (2k − n − 1)|a|_(k) / (n Σ|a|), k = 1 … n from the smallest.

    0 where all pixels are equal, 1 − 1/n where one has everything; nan for a map of zeros. Taken
    of the map at the picture's size, channels summed. Source: Chalasani et al. 2020, section 3.
    """
    magnitude = np.sort(_magnitude(attribution))
    n, total = magnitude.size, magnitude.sum()
    k = np.arange(1, n + 1)
    return float(((2 * k - n - 1) * magnitude).sum() / (n * total)) if total > 0 else float("nan")


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
