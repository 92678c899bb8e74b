"""Every read-out of one distillation, from the student it has: none needs another."""

from __future__ import annotations

from typing import get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from xai_widgets.relabel.explanation import RelabelExplanation
from xai_widgets.relabel.features import CellFeatures
from xai_widgets.relabel.lesson import Lesson
from xai_widgets.relabel.readout import Readout

READOUTS: tuple[Readout, ...] = get_args(Readout)
_AT_ONCE = 64


def read_outs(explanation: RelabelExplanation) -> dict[Readout, npt.NDArray[np.float32]]:
    """The maps (C, H, W) of all read-outs that can be had of this student, by name.

    Left out is "times_difference" of segments, whose mean over the neighbours is not kept.
    """
    lesson = explanation._lesson
    neighbours, student = lesson.neighbours, lesson.student
    mean = _mean_features(lesson)
    maps = {}
    for readout in READOUTS:
        if mean is None and readout == "times_difference":
            continue
        known = torch.zeros_like(student.d) if mean is None else mean
        values = neighbours.view.map(student.d, known, neighbours.mean_picture, readout)
        maps[readout] = values.float().cpu().numpy()
    return maps


def _mean_features(lesson: Lesson) -> Tensor | None:
    """The mean (F,) of the neighbours' features where a read-out asks for it, made again from their
    offsets; None where those do not tell.
    """
    neighbours, student = lesson.neighbours, lesson.student
    view = neighbours.view
    if not isinstance(view, CellFeatures):
        return torch.zeros_like(student.d)  # these read the pictures' mean instead
    if view._labels is not None:
        return None
    total = torch.zeros_like(student.d)
    for start in range(0, len(neighbours), _AT_ONCE):
        places = list(range(start, min(start + _AT_ONCE, len(neighbours))))
        rows = view.rows(neighbours.teacher.pixels, neighbours.offsets(places))
        total += rows.double().sum(0).cpu()
    return total / len(neighbours)
