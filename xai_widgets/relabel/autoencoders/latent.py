"""A student of the latents: which way through latent space the label is kept."""

from __future__ import annotations

import torch.nn.functional as F  # the field's name for it
from torch import Tensor

from xai_widgets.relabel.recipe import Recipe
from xai_widgets.relabel.student import Objective, fit

_CELLS = 14  # of a latent grid, at most, on which the student's weights are found


def latent_weights(
    offsets: Tensor, soft: Tensor, hard: Tensor, recipe: Recipe, decay: float | None = None
) -> Tensor:
    """The weights of a student of the latents' offsets (n, ...), as a direction (1, ...) in them;
    soft and hard labels (n,). decay: its penalty; chosen if left out.
    """
    shape = offsets.shape[1:]
    size = (min(shape[-2], _CELLS), min(shape[-1], _CELLS)) if len(shape) == 3 else None
    rows = offsets if size is None else F.adaptive_avg_pool2d(offsets, size)
    objective = Objective(recipe.alpha, recipe.temperature)
    d = fit(rows.flatten(1).cpu(), soft, hard, objective, decay).d.to(offsets)
    if size is None:
        return d[None]
    grid = d.view(1, shape[0], *size)
    return F.interpolate(grid, size=(shape[-2], shape[-1]), mode="bilinear")
