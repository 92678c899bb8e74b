"""Class activation maps that ask the network "what if": its score with a feature map left out, or
with only what a feature map shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor

from xai_widgets.methods.registry import Range, method
from xai_widgets.probe.trace import Trace
from xai_widgets.targets import Target


@method(
    title="Ablation-CAM",
    family="CAM",
    cost="1 forward, and per feature map 1 pass of what lies behind the layer",
    formula="max(Σₖ (y − y without Aₖ) / y · Aₖ, 0)",
    citation="Desai, Ramaswamy 2020",
    url="https://doi.org/10.1109/WACV45572.2020.9093360",
    shows="Each feature map, by how much the class score falls without it: no gradient needed.",
    limits="One map at a time: features that stand in for each other all seem unimportant.",
    space="layer",
    signed=False,
)
def ablation_cam(trace: Trace, target: Target, layer: str) -> Iterator[tuple[float, Tensor]]:
    """max(Σₖ wₖ Aₖ, 0), wₖ = (y − yₖ) / y with yₖ the score where Aₖ is zero, (N, h, w). Source:
    Desai and Ramaswamy 2020, equations 4 and 5.

    Maps that are zero everywhere are not run: without them nothing changes. The others are taken
    from the strongest to the weakest.
    """
    a = trace.activation(layer)
    whole = trace.score(target)
    weight = torch.zeros_like(a[:, :, 0, 0])
    size = trace.batch_size(a[0].numel() * a.element_size())
    order = [_strongest_first(one) for one in a]
    total, done = sum(map(len, order)), 0
    if not total:
        yield 1.0, a.sum(dim=1)
    for item, channels in enumerate(order):
        tail = trace.tail(layer, item)
        for some in channels.split(size):
            maps = a[item].repeat(len(some), 1, 1, 1)
            maps[torch.arange(len(some)), some] = 0
            weight[item, some] = (whole[item] - tail.scores(maps, target)) / whole[item]
            done += len(some)
            yield done / total, (weight[:, :, None, None] * a).sum(dim=1).relu()


def _strongest_first(a: Tensor) -> Tensor:
    """The channels of (C, h, w) that are not zero everywhere, by their energy."""
    energy = a.square().sum(dim=(1, 2))
    order = energy.argsort(descending=True)
    return order[energy[order] > 0]
