"""Every read-out of one distillation, from the student it has: none needs another."""

from __future__ import annotations

from typing import get_args

import numpy as np
import numpy.typing as npt

from xai_widgets.relabel.explanation import RelabelExplanation
from xai_widgets.relabel.readout import Readout

READOUTS: tuple[Readout, ...] = get_args(Readout)


def read_outs(explanation: RelabelExplanation) -> dict[str, npt.NDArray[np.float32]]:
    """The maps (C, H, W) of all read-outs, by name."""
    lesson = explanation._lesson
    seen, student = lesson.neighbours, lesson.student
    return {
        readout: seen.view.map(student.d, seen, readout).float().cpu().numpy()
        for readout in READOUTS
    }
