"""Properties of pictures that go with errors, and what becomes of right answers when pictures are
given them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from xai_widgets.baselines import gaussian_blur
from xai_widgets.study.statistics import benjamini_hochberg

__all__ = ["CHANGEABLE", "Association", "associations", "changed"]

CHANGEABLE = ("brightness", "contrast", "saturation", "sharpness")
_LUMA = torch.tensor([0.299, 0.587, 0.114], device="cpu")  # ITU-R 601
_FEWEST = 10  # errors, and right answers, without which nothing is told
_LEVEL = 0.01  # of the corrected p-value
_APART = 0.1  # of the area under the curve from 0.5: less explains little
_MOST_FACTOR = 4.0  # by which a property is changed


@dataclass(frozen=True)
class Association:
    """auc: the chance that a picture answered wrong has more of the property than one answered
    right; p_value: of Mann and Whitney's test, corrected for how many properties were tried
    (Benjamini-Hochberg); wrong, right: the medians.
    """

    name: str
    auc: float
    p_value: float
    wrong: float
    right: float

    @property
    def factor(self) -> float:
        """By how much right pictures have to be changed to have what wrong ones have."""
        ratio = self.wrong / max(self.right, 1e-3)
        return float(np.clip(ratio, 1 / _MOST_FACTOR, _MOST_FACTOR))


def associations(
    columns: dict[str, npt.NDArray[np.floating]], wrong: npt.NDArray[np.bool_]
) -> list[Association]:
    """The properties (n,) that tell errors from right answers, the strongest first."""
    from scipy.stats import mannwhitneyu

    if wrong.sum() < _FEWEST or (~wrong).sum() < _FEWEST:
        return []
    tried = []
    for name, column in columns.items():
        bad, good = column[wrong].astype(np.float64), column[~wrong].astype(np.float64)
        bad, good = bad[np.isfinite(bad)], good[np.isfinite(good)]
        if len(bad) < _FEWEST or len(good) < _FEWEST or np.ptp([*bad, *good]) == 0:
            continue
        result = mannwhitneyu(bad, good)
        auc = float(result.statistic) / (len(bad) * len(good))
        medians = float(np.median(bad)), float(np.median(good))
        tried.append((name, auc, float(result.pvalue), *medians))
    corrected = benjamini_hochberg([p for _, _, p, _, _ in tried])
    found = [
        Association(name, auc, float(p), bad, good)
        for (name, auc, _, bad, good), p in zip(tried, corrected, strict=True)
        if p <= _LEVEL and abs(auc - 0.5) >= _APART
    ]
    return sorted(found, key=lambda one: -abs(one.auc - 0.5))


def changed(pixels: Tensor, name: str, factor: float) -> Tensor:
    """Pictures (n, C, H, W) in [0, 1] with so many times the brightness, contrast, saturation or
    sharpness, as far as [0, 1] allows.
    """
    if name == "brightness":
        return (pixels * factor).clamp(0, 1)
    channels = pixels.shape[1]
    weights = _LUMA.to(pixels) if channels == 3 else pixels.new_full((channels,), 1 / channels)
    luma = (pixels * weights[:, None, None]).sum(dim=1, keepdim=True)
    if name == "contrast":
        centre = luma.mean(dim=(2, 3), keepdim=True)
    elif name == "saturation":
        centre = luma.expand_as(pixels)
    else:
        centre = gaussian_blur(pixels, min(pixels.shape[-2:]) / 48)
    return (centre + factor * (pixels - centre)).clamp(0, 1)
