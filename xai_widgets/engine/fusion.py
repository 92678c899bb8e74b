"""One map from the maps of several layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F  # the field's name for it

from xai_widgets.attribution import Attribution
from xai_widgets.engine.explaining import Progress


def fused(attributions: Sequence[Attribution]) -> Attribution:
    """The mean of layers' maps, each divided by its largest magnitude and enlarged (bilinear) to
    the size of the largest, (h, w). Dividing keeps zero and sign, and lets no layer drown another.
    """
    if len(attributions) == 1:
        return attributions[0]
    maps = [torch.from_numpy(np.array(attribution.values)) for attribution in attributions]
    size = max((tuple(values.shape) for values in maps), key=lambda shape: shape[-2] * shape[-1])
    total = torch.zeros(size)
    for values in maps:
        largest = values.abs().max().clamp_min(torch.finfo(values.dtype).tiny)
        total += F.interpolate((values / largest)[None, None], size=size, mode="bilinear")[0, 0]
    return replace(
        attributions[-1],
        values=(total / len(maps)).numpy(),
        layer=" + ".join(str(attribution.layer) for attribution in attributions),
        seconds=sum(attribution.seconds for attribution in attributions),
    )


def fused_steps(layers: Sequence[Iterator[Progress]]) -> Iterator[Progress]:
    """The steps of one layer after another, each with all layers' map so far."""
    done: list[Attribution] = []
    for steps in layers:
        for step in steps:
            fraction = (len(done) + step.fraction) / len(layers)
            yield Progress(fraction, fused([*done, step.attribution]))
        done.append(step.attribution)
