"""The choices of re-label distillation: what the paper says, and what it leaves open as options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from xai_widgets.methods.registry import Range
from xai_widgets.relabel.features import Space
from xai_widgets.relabel.neighbourhood import Noise, Shape, Structure
from xai_widgets.relabel.readout import Readout
from xai_widgets.relabel.teacher import Detail, Reference


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The options of re-label distillation; each is a control of every widget.

    samples: synthetic pictures. space: what the student sees of them (`features`). readout: how its
    weights become a map (`readout`). structure, noise, cells, scale: where they are drawn
    (`neighbourhood`); a scale of 0 is searched for, so that about half of them keep the label.
    shape: "drawn_out", from the first third of them on, along the weights that a student of the
    latents has learned by then; or "even" all the time. "auto" draws latent vectors out.
    detail: what becomes of the detail that the VAE loses, and reference: whether the label is the
    image's or its reconstruction's (`teacher`). temperature, alpha, decay: of the student's
    objective (`student`); a decay of 0 takes the best of several. seed: of the neighbourhood.
    """

    samples: Annotated[int, Range(20, 10000, 10, "", "synthetic pictures")] = 1000
    space: Space = "auto"
    readout: Readout = "auto"
    structure: Structure = "auto"
    noise: Noise = "auto"
    shape: Shape = "auto"
    detail: Detail = "auto"
    reference: Reference = "image"
    scale: Annotated[float, Range(0, 64, 0.05, "", "of the neighbourhood; 0: searched for")] = 0.0
    cells: Annotated[int, Range(2, 32, 1, "", "patches and grid cells across the picture")] = 7
    temperature: Annotated[float, Range(0.5, 20, 0.5, "", "of the soft labels")] = 1.0
    alpha: Annotated[float, Range(0, 1, 0.05, "", "share of the soft labels in the loss")] = 0.5
    decay: Annotated[float, Range(0, 10, 0.0001, "", "penalty on weights; 0: chosen")] = 0.0
    seed: Annotated[int, Range(0, 9999, 1, "", "of the neighbourhood")] = 0
