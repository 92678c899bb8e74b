"""Directions in latent space: those that matter most to the student, as sliders, and the one along
which the label should turn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor

from xai_widgets.relabel.student import latent_weights
from xai_widgets.relabel.surrogate import Surrogate
from xai_widgets.relabel.teacher import Teacher

_DECODED = 128  # neighbours decoded again for the principal directions of their pictures
_SIDE = 14  # pixels of the small pictures compared
_REACH = 3.0  # radii of the neighbourhood: how far the counterfactual is followed
_STEPS = 25


@dataclass(frozen=True, eq=False)
class Directions:
    """vectors: (k, d) or (k, c, h, w); each is as long as the neighbours' standard deviation along
    it. weights: (k,), the student's log odds of "kept" per step of 1, largest magnitude first.
    """

    vectors: Tensor
    weights: npt.NDArray[np.float64]


def directions(surrogate: Surrogate, count: int = 12) -> Directions:
    """The latent directions to which the student gives the largest weights.

    Of a latent vector these are its own axes. A latent grid has thousands, none of which means much
    by itself: there they are the principal directions of the neighbours' pictures. With the small
    pictures X = U S Vᵀ, the latent direction of component k is the regression of the offsets on its
    scores.
    """
    offsets = surrogate.neighbours.offsets()
    if offsets.ndim == 2:
        spread = offsets.std(0)
        d = _weights(surrogate, offsets)[0]
        weights = (d * spread).double().cpu()
        vectors = torch.diag(spread)
    else:
        vectors, weights = _principal(surrogate, offsets[:_DECODED])
    order = weights.abs().argsort(descending=True)[:count]
    return Directions(vectors[order.to(vectors.device)], weights[order].numpy())


def _weights(surrogate: Surrogate, offsets: Tensor) -> Tensor:
    objective = surrogate.options.objective
    return latent_weights(offsets, surrogate.soft, surrogate.hard, objective)


def _principal(surrogate: Surrogate, offsets: Tensor) -> tuple[Tensor, Tensor]:
    pictures = surrogate.neighbours.pictures(list(range(len(offsets))))
    small = F.adaptive_avg_pool2d(pictures, _SIDE).flatten(1).double().cpu()
    u, s, _ = torch.linalg.svd(small - small.mean(0), full_matrices=False)
    strong = s > 0.05 * s[0].clamp_min(1e-12)
    scores = (u[:, strong] * len(offsets) ** 0.5).float()  # of variance 1
    vectors = torch.tensordot(scores.T.to(offsets) / len(offsets), offsets, dims=1)
    margin = surrogate.student.margins[: len(offsets)]
    return vectors, scores.double().T @ (margin - margin.mean()) / len(offsets)


@dataclass(frozen=True, eq=False)
class Counterfactual:
    """Moving from the picture's latent against the student's weights, z(t) = mean(x) + t · v.

    direction: v, (1, d) or (1, c, h, w), as long as a typical neighbour is far away, so that t is
    in radii of the neighbourhood. t: (K,) from 0 to the slider's end. probability: of the target
    there and label: the top class, (K,). flip: the least t at which the label is another, or None
    where it is not within reach; picture: the picture there, (1, C, H, W) in [0, 1]. cycle_error:
    the root mean square difference of the latents there and their encoding once decoded, divided by
    that of random neighbours as far away: about 1 means as near the VAE's manifold as they are.
    """

    direction: Tensor
    t: npt.NDArray[np.float64]
    probability: npt.NDArray[np.float64]
    label: npt.NDArray[np.int64]
    flip: float | None
    picture: Tensor | None
    cycle_error: float


def counterfactual(surrogate: Surrogate) -> Counterfactual:
    """The student's counterfactual direction, followed to the slider's end.

    A student is fitted to the latents, whatever features the surrogate's own has: its weights d are
    evidence for keeping the label, so v is along −d.
    """
    teacher = surrogate.neighbours.teacher
    offsets = surrogate.neighbours.offsets()
    radius = float(offsets.flatten(1).norm(dim=1).median())
    d = _weights(surrogate, offsets)
    direction = -radius * d / d.norm().clamp_min(1e-12)
    t = _REACH * torch.linspace(0, 1, _STEPS).square()  # denser where most labels turn
    margin, label = _answers(teacher, direction, t)
    flip = picture = None
    cycle = float("nan")
    turned = (label != teacher.label).nonzero().flatten()
    if len(turned):
        first = int(turned[0])
        flip = float(t[first])
        if first:  # between the last step that keeps the label and the first that does not
            fine = torch.linspace(float(t[first - 1]), flip, 9)[1:]
            _, labels = _answers(teacher, direction, fine)
            flip = float(fine[int((labels != teacher.label).nonzero()[0])])
        there = teacher.mean + flip * direction
        picture = teacher.pictures(there)
        length = offsets[:8].flatten(1).norm(dim=1).clamp_min(1e-12)
        random = offsets[:8] * (flip * radius / length).view(-1, *[1] * (offsets.ndim - 1))
        cycle = teacher.cycle_error(there) / max(teacher.cycle_error(teacher.mean + random), 1e-12)
    return Counterfactual(
        direction, t.double().numpy(), margin.sigmoid().numpy(), label.numpy(), flip, picture, cycle
    )


def _answers(teacher: Teacher, direction: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """The target's log odds and the label at each t."""
    margins, labels = [], []
    for batch in t.to(direction).split(teacher.at_a_time):
        offsets = batch.view(-1, *[1] * (direction.ndim - 1)) * direction
        answers = teacher.synthetic(teacher.mean + offsets)
        margins.append(answers.margin)
        labels.append(answers.label)
    return torch.cat(margins), torch.cat(labels)
