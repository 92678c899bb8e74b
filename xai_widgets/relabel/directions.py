"""Latent directions for sliders, those first that matter most to the student."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor

from xai_widgets.relabel.autoencoders.latent import latent_weights
from xai_widgets.relabel.lesson import Lesson

_SHOWN = 128  # neighbours decoded again to find what the pictures do
_SIDE = 14  # pixels of the small pictures compared


@dataclass(frozen=True, eq=False)
class Directions:
    """vectors: (k, d) or (k, c, h, w); moving by ±1 of one is as far as the neighbours go along it,
    one standard deviation. weights: (k,), the student's log odds of "kept" per step of 1, largest
    magnitude first.
    """

    vectors: Tensor
    weights: npt.NDArray[np.float64]


def directions(lesson: Lesson, count: int = 12) -> Directions:
    """The latent directions with the largest student's weights.

    Of a latent vector these are its own axes. A latent grid has thousands, of which none means much
    alone: there they are the principal directions of what neighbours look like. The neighbours'
    small pictures X = U S Vᵀ; the latent direction of component k is the offsets' regression on its
    scores.
    """
    offsets = lesson.neighbours.offsets()
    if offsets.ndim == 2:
        spread = offsets.std(0)
        d = latent_weights(offsets, lesson.soft, lesson.hard, lesson.recipe)[0]
        weights = (d * spread).double().cpu()
        vectors = torch.diag(spread)
    else:
        vectors, weights = _principal(lesson, offsets[:_SHOWN])
    order = weights.abs().argsort(descending=True)[:count]
    return Directions(vectors[order.to(vectors.device)], weights[order].numpy())


def _principal(lesson: Lesson, offsets: Tensor) -> tuple[Tensor, Tensor]:
    places = list(range(len(offsets)))
    pictures = lesson.neighbours.pictures(places)
    small = F.adaptive_avg_pool2d(pictures, _SIDE).flatten(1).double().cpu()
    u, s, _ = torch.linalg.svd(small - small.mean(0), full_matrices=False)
    strong = s > 0.05 * s[0].clamp_min(1e-12)
    scores = (u[:, strong] * len(offsets) ** 0.5).float()  # of variance 1
    vectors = torch.tensordot(scores.T.to(offsets) / len(offsets), offsets, dims=1)
    margin = lesson.student.margins[: len(offsets)]
    return vectors, scores.double().T @ (margin - margin.mean()) / len(offsets)
