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
from xai_widgets.methods.scale import to_unit
from xai_widgets.probe.trace import Trace
from xai_widgets.targets import Target

_STEPS = 8  # a first map after an eighth of the work, also where all of it would fit at once


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
    order = [_strongest_first(one) for one in a]
    total, done = sum(map(len, order)), 0
    if not total:
        yield 1.0, a.sum(dim=1)
    for item, channels in enumerate(order):
        tail = trace.tail(layer, item)
        size = min(tail.batch_size(), -(-len(channels) // _STEPS) or 1)
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


@method(
    title="Score-CAM",
    family="CAM",
    cost="1 forward per feature map that is not constant",
    formula="max(Σₖ softmax(y(x ⊙ Mₖ))ₖ Aₖ, 0), Mₖ = Aₖ upsampled, scaled to 0 … 1",
    citation="Wang et al. 2020",
    url="https://arxiv.org/abs/1910.01279",
    shows="Feature maps, weighted by the score the picture keeps where they are strong.",
    limits="Softmax lets a few maps decide; a masked picture is an unusual one; slow.",
    space="layer",
    signed=False,
)
def score_cam(trace: Trace, target: Target, layer: str) -> Iterator[tuple[float, Tensor]]:
    """max(Σₖ αₖ Aₖ, 0) with α the softmax over k of the scores of x ⊙ Mₖ, (N, h, w). Source: Wang
    et al. 2020, algorithm 1, without the score of an empty picture, which the softmax cancels.

    Mₖ is upsampled bilinearly (corners aligned) and scaled to [0, 1]. Constant maps all make the
    same mask, nothing, and are run once. The others are taken from the one that shows most of the
    picture; until all are known, the softmax is over those that are.
    """
    x, a = trace.input, trace.activation(layer)
    # float64: in a softmax of 1,000 scores, small ones must not be lost in partial sums.
    scores = torch.full(a.shape[:2], -torch.inf, dtype=torch.float64, device=a.device)
    order = [_widest_first(one) for one in a]
    total, done = sum(len(channels) for channels in order) + len(order), 0
    for item, channels in enumerate(order):
        nothing = trace.scores(torch.zeros_like(x[item : item + 1]), target)
        done += 1
        varying = torch.zeros(a.shape[1], dtype=torch.bool, device=a.device)
        varying[channels] = True
        scores[item, ~varying] = nothing.double()
        for some in channels.split(min(trace.batch_size(), -(-len(channels) // _STEPS) or 1)):
            mask = _unit_map(a[item, some], x.shape[-2:], align_corners=True)
            scores[item, some] = trace.scores(x[item] * mask[:, None], target).double()
            done += len(some)
            yield done / total, _softmax_sum(scores, a)
        if not len(channels):
            yield done / total, _softmax_sum(scores, a)


def _widest_first(a: Tensor) -> Tensor:
    """The channels of (C, h, w) that vary, by the mean of their scaled map."""
    low, high = a.amin(dim=(1, 2)), a.amax(dim=(1, 2))
    width = (a.mean(dim=(1, 2)) - low) / (high - low).clamp_min(torch.finfo(a.dtype).tiny)
    order = width.argsort(descending=True)
    return order[(high > low)[order]]


def _softmax_sum(scores: Tensor, a: Tensor) -> Tensor:
    """Σₖ softmax(scores)ₖ Aₖ, rectified; a score of -∞ is one not known yet."""
    # An input of which nothing is known yet has no softmax: its map is empty so far.
    alpha = scores.softmax(dim=1).nan_to_num(0).to(a.dtype)
    return (alpha[:, :, None, None] * a).sum(dim=1).relu()


@method(
    title="Opti-CAM",
    family="CAM",
    cost="1 forward and backward per step",
    formula="Σₖ softmax(u)ₖ Aₖ, with u that maximises the class score of the masked picture",
    citation="Zhang, Torres, Sicre, Avrithis, Ayache 2024",
    url="https://arxiv.org/abs/2301.07002",
    shows="The mixture of feature maps whose places alone make the network most sure of the class.",
    limits="Optimised for one measure of faithfulness; may find what nobody would call evidence.",
    space="layer",
    signed=False,
)
def opti_cam(
    trace: Trace,
    target: Target,
    layer: str,
    *,
    steps: Annotated[int, Range(5, 200, 5, "", "steps of the optimiser")] = 50,
    rate: Annotated[float, Range(0.01, 1, 0.01, "", "its learning rate")] = 0.1,
) -> Iterator[tuple[float, Tensor]]:
    """Σₖ softmax(u)ₖ Aₖ, (N, h, w), with u = argmax y(x ⊙ S(u)), S its upsampled map scaled to
    [0, 1], by Adam from u = 0. Source: Zhang et al. 2024, equations 5 to 9.
    """
    x, a = trace.input, trace.activation(layer)
    u = torch.zeros(a.shape[:2], dtype=a.dtype, device=a.device, requires_grad=True)
    # With Adam's own ε, 1e-8, gradients that are nothing but rounding would be steps of full size.
    optimiser = torch.optim.Adam([u], lr=rate, eps=1e-6)
    for step in range(1, steps + 1):
        with torch.enable_grad():  # not around `yield`: the mode is the caller's meanwhile
            masked = x * _unit_map(_mixture(u, a), x.shape[-2:])[:, None]
        _, gradient = trace.gradients(masked.detach(), target)
        (u.grad,) = torch.autograd.grad(masked, u, -gradient)
        optimiser.step()
        if step == steps or step % max(steps // 10, 1) == 0:
            yield step / steps, _mixture(u.detach(), a)


def _mixture(u: Tensor, a: Tensor) -> Tensor:
    return (u.softmax(dim=1)[:, :, None, None] * a).sum(dim=1)


def _unit_map(a: Tensor, size: torch.Size, *, align_corners: bool = False) -> Tensor:
    """Maps (N, h, w) upsampled to (N, H, W), each scaled to [0, 1]; a constant one to 0."""
    a = F.interpolate(a[:, None], size=size, mode="bilinear", align_corners=align_corners)[:, 0]
    return to_unit(a)
