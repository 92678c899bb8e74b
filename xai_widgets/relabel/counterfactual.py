"""The student's direction in latent space, and where the label turns on the way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from xai_widgets.relabel.autoencoders.latent import latent_weights
from xai_widgets.relabel.lesson import Lesson
from xai_widgets.relabel.teacher import Teacher

REACH = 3.0  # radii of the neighbourhood: how far the slider goes
_STEPS = 25


@dataclass(frozen=True, eq=False)
class Counterfactual:
    """Moving from the picture's latent against the student's weights, z(t) = mean(x) + t · v.

    direction: v, (1, d) or (1, c, h, w), as long as a typical neighbour is far, so that t is in
    radii of the neighbourhood. t: (K,) from 0 to the slider's end. probability: of the target there
    and label: the top class, (K,). flip: the least t at which the label is another, or None where
    it is not within reach; picture: what is seen there, (1, C, H, W) in [0, 1]. cycle_error: the
    root mean square by which the encoder disagrees with the latents there, over that of the
    neighbours at random as far away: about 1 is as near the VAE's manifold as they are.
    """

    direction: Tensor
    t: npt.NDArray[np.float64]
    probability: npt.NDArray[np.float64]
    label: npt.NDArray[np.int64]
    flip: float | None
    picture: Tensor | None
    cycle_error: float


def counterfactual(lesson: Lesson) -> Counterfactual:
    """The student's counterfactual direction, followed until the slider's end.

    The student is fitted once more, to the latents themselves whatever it saw before: d is what
    speaks for keeping the label, so v goes along −d.
    """
    teacher = lesson.neighbours.teacher
    offsets = lesson.neighbours.offsets()
    radius = float(offsets.flatten(1).norm(dim=1).median())
    d = latent_weights(offsets, lesson.soft, lesson.hard, lesson.recipe)
    direction = -radius * d / d.norm().clamp_min(1e-12)
    t = REACH * torch.linspace(0, 1, _STEPS).square()  # denser where most labels turn
    margin, label = _asked(teacher, direction, t)
    flip = picture = None
    cycle = float("nan")
    turned = (label != teacher.label).nonzero().flatten()
    if len(turned):
        last = int(turned[0])
        flip = float(t[last])
        if last:  # between the last that keeps it and the first that does not
            fine = torch.linspace(float(t[last - 1]), flip, 9)[1:]
            _, found = _asked(teacher, direction, fine)
            flip = float(fine[int((found != teacher.label).nonzero()[0])])
        there = teacher.mean + flip * direction
        picture = teacher.pictures(there)
        length = offsets[:8].flatten(1).norm(dim=1).clamp_min(1e-12)
        some = offsets[:8] * (flip * radius / length).view(-1, *[1] * (offsets.ndim - 1))
        cycle = teacher.cycle_error(there) / max(teacher.cycle_error(teacher.mean + some), 1e-12)
    return Counterfactual(
        direction, t.double().numpy(), margin.sigmoid().numpy(), label.numpy(), flip, picture, cycle
    )


def _asked(teacher: Teacher, direction: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """The target's log odds and the label at each t."""
    margins, labels = [], []
    for some in t.to(direction).split(teacher.at_a_time):
        way = some.view(-1, *[1] * (direction.ndim - 1)) * direction
        answers = teacher.synthetic(teacher.mean + way)
        margins.append(answers.margin)
        labels.append(answers.label)
    return torch.cat(margins), torch.cat(labels)
