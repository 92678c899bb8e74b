"""Class activation maps: a layer's feature maps, weighted by what they do for the class.

A is the layer's map (N, C, h, w), G = ∂y/∂A its gradient; sums over k run over channels. The first
methods read their weights from the gradient. The last three ask the network "what if": its score
with a feature map left out, or with only what a feature map shows.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor

from xai_widgets.errors import ExplanationError
from xai_widgets.methods.registry import Range, Steps, method
from xai_widgets.precision import to_float64, widest
from xai_widgets.probe.trace import Trace
from xai_widgets.progress import Progress
from xai_widgets.targets import Target

# The card of most methods here, but for what one says otherwise.
cam_method = partial(
    method,
    family="CAM",
    cost="1 forward, 1 backward to the layer",
    space="layer",
    signed=False,
)

_STEPS = 8  # a first map after an eighth of the work, also where all of it would fit at once


@cam_method(
    title="Grad-CAM",
    formula="max(Σₖ mean(Gₖ) · Aₖ, 0)",
    citation="Selvaraju et al. 2017",
    url="https://arxiv.org/abs/1610.02391",
    shows="Where the layer's features lie that, on average over the picture, raise the score.",
    limits="As coarse as the layer. Averaged gradients can light up places that played no part.",
)
def grad_cam(trace: Trace, target: Target, layer: str) -> Tensor:
    """max(Σₖ αₖ Aₖ, 0), αₖ the spatial mean of Gₖ, (N, h, w). Source: Selvaraju et al. 2017, 3."""
    alpha = trace.mean_gradient(target, layer)
    return (alpha * trace.activation(layer)).sum(dim=1).relu()


@cam_method(
    title="HiResCAM",
    formula="Σₖ Gₖ ⊙ Aₖ",
    citation="Draelos, Carin 2020",
    url="https://arxiv.org/abs/2011.08891",
    shows="Each position's contribution at the layer, for and against; exact behind a linear head.",
    limits="As coarse as the layer; behind a non-linear head only a first-order account.",
    signed=True,
)
def hires_cam(trace: Trace, target: Target, layer: str) -> Tensor:
    """Σₖ Gₖ ⊙ Aₖ, signed, (N, h, w). Source: Draelos and Carin 2020, section 3.2."""
    return (trace.layer_gradient(target, layer) * trace.activation(layer)).sum(dim=1)


@cam_method(
    title="CAM",
    formula="Σₖ wₖ · Aₖ, with wₖ the class's weights behind global average pooling",
    citation="Zhou et al. 2016",
    url="https://arxiv.org/abs/1512.04150",
    shows="Each position's exact share of the score, where only pooling and a linear layer follow.",
    limits="Only for such networks and their last layer; as coarse as that layer.",
    signed=True,
)
def cam(trace: Trace, target: Target, layer: str) -> Tensor:
    """Σₖ wₖ Aₖ, signed, (N, h, w); wₖ is read as ∂y/∂(sum over positions of Aₖ), times the number
    of positions. Source: Zhou et al. 2016, section 2.

    Raises ExplanationError where ∂y/∂Aₖ is not the same at all positions: then no such w exists.
    """
    gradient = trace.layer_gradient(target, layer)
    weight = gradient.mean(dim=(2, 3), keepdim=True)
    if float((gradient - weight).abs().max()) > 1e-4 * float(weight.abs().max()):
        raise ExplanationError(
            "cam needs a layer that only global average pooling and a linear layer follow; "
            f'"{layer}" is none. Use grad_cam, which is the same there and works everywhere'
        )
    positions = gradient.shape[-2] * gradient.shape[-1]
    return (weight * positions * trace.activation(layer)).sum(dim=1)


@cam_method(
    title="Grad-CAM++",
    formula="max(Σₖ wₖ Aₖ, 0), wₖ = Σ α max(G, 0), α = G² / (2G² + G³ ΣA)",
    citation="Chattopadhyay et al. 2018",
    url="https://arxiv.org/abs/1710.11063",
    shows="Grad-CAM with positions weighted, so that several instances of a class all count.",
    limits="Its weights are derived for exp(score), a choice; what only opposes is left out.",
)
def grad_cam_pp(trace: Trace, target: Target, layer: str) -> Tensor:
    """max(Σₖ wₖ Aₖ, 0), (N, h, w), with wₖ = Σᵢⱼ αᵢⱼ max(G, 0). Source: Chattopadhyay et al. 2018,
    equations 10, 14 and 19 for exp(y), whose derivatives are powers of G times exp(y), which
    cancels in α and is left out as a common factor.
    """
    a, g = trace.activation(layer), trace.layer_gradient(target, layer)
    denominator = 2 * g**2 + a.sum(dim=(2, 3), keepdim=True) * g**3
    alpha = torch.where(g != 0, g**2 / (denominator + 1e-6), 0)
    weight = (alpha * g.relu()).sum(dim=(2, 3), keepdim=True)
    return (weight * a).sum(dim=1).relu()


@cam_method(
    title="XGrad-CAM",
    formula="max(Σₖ wₖ Aₖ, 0), wₖ = Σ G A / Σ A",
    citation="Fu et al. 2020",
    url="https://arxiv.org/abs/2008.02312",
    shows="Grad-CAM with weights chosen so that removing a feature costs what the map says.",
    limits="As coarse as the layer; its axioms hold only approximately behind non-linear layers.",
)
def xgrad_cam(trace: Trace, target: Target, layer: str) -> Tensor:
    """max(Σₖ wₖ Aₖ, 0), wₖ = Σ G A / Σ A, (N, h, w): Axiom-CAM. Source: Fu et al. 2020, eq. 12."""
    a, g = trace.activation(layer), trace.layer_gradient(target, layer)
    weight = (g * a).sum(dim=(2, 3), keepdim=True) / (a.sum(dim=(2, 3), keepdim=True) + 1e-7)
    return (weight * a).sum(dim=1).relu()


@cam_method(
    title="LayerCAM",
    formula="max(Σₖ max(Gₖ, 0) ⊙ Aₖ, 0)",
    citation="Jiang et al. 2021",
    url="https://doi.org/10.1109/TIP.2021.3089943",
    shows="Positions whose features raise the score just there; usable at early, finer layers too.",
    limits="Opposing evidence is left out; early layers show texture more than objects.",
)
def layer_cam(trace: Trace, target: Target, layer: str) -> Tensor:
    """max(Σₖ max(Gₖ, 0) ⊙ Aₖ, 0), (N, h, w). Source: Jiang et al. 2021, equations 6 to 8."""
    return (trace.layer_gradient(target, layer).relu() * trace.activation(layer)).sum(dim=1).relu()


@cam_method(
    title="Eigen-CAM",
    cost="1 forward",
    formula="A · v₁, v₁ the first principal direction of the positions' features",
    citation="Muhammad, Yeasin 2020",
    url="https://arxiv.org/abs/2008.00299",
    shows="What stands out most at the layer, whatever the class.",
    limits="Not about the class at all: every class gets the same map.",
    class_specific=False,
    signed=True,
)
def eigen_cam(trace: Trace, target: Target, layer: str) -> Tensor:
    """The positions' features along their first principal direction, (N, h, w), its sign chosen so
    that stronger features count positive. Source: Muhammad and Yeasin 2020, section III.
    """
    return _first_component(trace.activation(layer))


@cam_method(
    title="Eigen-Grad-CAM",
    formula="(G ⊙ A) · v₁, v₁ its first principal direction",
    citation="Gildenblat 2021, after Muhammad, Yeasin 2020",
    url="https://arxiv.org/abs/2008.00299",
    shows="The strongest common pattern in what the layer's features do for the class.",
    limits="One direction only; the sign is a convention.",
    signed=True,
)
def eigen_grad_cam(trace: Trace, target: Target, layer: str) -> Tensor:
    """Eigen-CAM of the contributions G ⊙ A, (N, h, w), its sign chosen to agree with their sum."""
    return _first_component(trace.activation(layer) * trace.layer_gradient(target, layer))


def _first_component(features: Tensor) -> Tensor:
    """The positions' centred features (N, C, h, w) along the direction in which they vary most."""
    flat = to_float64(features).flatten(2).transpose(1, 2)  # (N, positions, C)
    centred = flat - flat.mean(dim=1, keepdim=True)
    direction = torch.linalg.svd(centred, full_matrices=False).Vh[:, 0]
    projected = (centred @ direction[:, :, None]).squeeze(-1)
    total = flat.sum(dim=2)
    agreement = (projected * (total - total.mean(dim=1, keepdim=True))).sum(dim=1, keepdim=True)
    projected = torch.where(agreement < 0, -projected, projected).to(features)
    return projected.reshape(len(features), *features.shape[-2:])


@method(
    title="Guided Grad-CAM",
    family="CAM",
    cost="1 forward, 2 backwards",
    formula="guided backpropagation ⊙ upsampled Grad-CAM",
    citation="Selvaraju et al. 2017",
    url="https://arxiv.org/abs/1610.02391",
    shows="Guided backpropagation's fine lines, kept where Grad-CAM sees the class.",
    limits="Inherits guided backpropagation's indifference to the class inside the kept region.",
    needs_rectifiers=True,
)
def guided_grad_cam(trace: Trace, target: Target, layer: str) -> Tensor:
    """Guided backpropagation ⊙ Grad-CAM upsampled, (N, C, H, W). Source: Selvaraju 2017, 3.1."""
    guided = trace.gradient(target, "guided")
    return guided * upsampled(grad_cam(trace, target, layer)[:, None], guided.shape[-2:])


@cam_method(
    title="Ablation-CAM",
    cost="1 forward, and per feature map 1 pass of what lies behind the layer",
    formula="max(Σₖ (y − y without Aₖ) / y · Aₖ, 0)",
    citation="Desai, Ramaswamy 2020",
    url="https://doi.org/10.1109/WACV45572.2020.9093360",
    shows="Each feature map, by how much the class score falls without it: no gradient needed.",
    limits="One map at a time: features that stand in for each other all seem unimportant.",
)
def ablation_cam(trace: Trace, target: Target, layer: str) -> Steps:
    """max(Σₖ wₖ Aₖ, 0), wₖ = (y − yₖ) / y with yₖ the score where Aₖ is zero, (N, h, w). Source:
    Desai and Ramaswamy 2020, equations 4 and 5.

    Maps that are zero everywhere are not run: without them nothing changes. The others are taken
    from the strongest to the weakest.
    """
    a = trace.activation(layer)
    whole = trace.score(target)
    weight = torch.zeros_like(a[:, :, 0, 0])
    order = [_strongest_first(maps) for maps in a]
    total, done = sum(map(len, order)), 0
    if not total:
        yield Progress(1.0, a.sum(dim=1))
    for item, channels in enumerate(order):
        tail = trace.tail(layer, item)
        size = min(tail.batch_size(), -(-len(channels) // _STEPS) or 1)
        for chosen in channels.split(size):
            maps = a[item].repeat(len(chosen), 1, 1, 1)
            maps[torch.arange(len(chosen), device="cpu"), chosen] = 0
            fall = (whole[item] - tail.scores(maps, target)) / whole[item]
            weight[item, chosen] = fall.to(weight)
            done += len(chosen)
            yield Progress(done / total, (weight[:, :, None, None] * a).sum(dim=1).relu())


def _strongest_first(a: Tensor) -> Tensor:
    """The channels of (C, h, w) that are not zero everywhere, by their energy."""
    energy = a.square().sum(dim=(1, 2))
    order = energy.argsort(descending=True)
    return order[energy[order] > 0]


@cam_method(
    title="Score-CAM",
    cost="1 forward per feature map that is not constant",
    formula="max(Σₖ softmax(y(x ⊙ Mₖ))ₖ Aₖ, 0), Mₖ = Aₖ upsampled, scaled to 0 … 1",
    citation="Wang et al. 2020",
    url="https://arxiv.org/abs/1910.01279",
    shows="Feature maps, weighted by the score the picture keeps where they are strong.",
    limits="Softmax lets a few maps decide; a masked picture is an unusual one; slow.",
)
def score_cam(trace: Trace, target: Target, layer: str) -> Steps:
    """max(Σₖ αₖ Aₖ, 0) with α the softmax over k of the scores of x ⊙ Mₖ, (N, h, w). Source: Wang
    et al. 2020, algorithm 1, without the score of an empty picture, which the softmax cancels.

    Mₖ is upsampled bilinearly (corners aligned) and scaled to [0, 1]. Constant maps all make the
    same mask, nothing, and are run once. The others are taken from the one that shows most of the
    picture; until all have been run, the softmax is over those that have.
    """
    x, a = trace.input, trace.activation(layer)
    # float64: in a softmax of 1,000 scores, small ones must not be lost in partial sums.
    scores = torch.full(a.shape[:2], -torch.inf, dtype=widest(a.device), device=a.device)
    order = [_widest_first(maps) for maps in a]
    total, done = sum(map(len, order)) + len(order), 0
    for item, channels in enumerate(order):
        scores[item] = trace.scores(torch.zeros_like(x[item : item + 1]), target).to(scores)
        scores[item, channels] = -torch.inf  # not taken yet
        done += 1
        for chosen in channels.split(min(trace.batch_size(), -(-len(channels) // _STEPS) or 1)):
            mask = to_unit(upsampled(a[item, chosen, None], x.shape[-2:], align_corners=True))
            scores[item, chosen] = trace.scores(x[item] * mask, target).to(scores)
            done += len(chosen)
            yield Progress(done / total, _mixture(scores, a).relu())
        if not len(channels):
            yield Progress(done / total, _mixture(scores, a).relu())


def _widest_first(a: Tensor) -> Tensor:
    """The channels of (C, h, w) that vary, by the mean of their scaled map."""
    low, high = a.amin(dim=(1, 2)), a.amax(dim=(1, 2))
    width = (a.mean(dim=(1, 2)) - low) / (high - low).clamp_min(torch.finfo(a.dtype).tiny)
    order = width.argsort(descending=True)
    return order[(high > low)[order]]


@cam_method(
    title="Opti-CAM",
    cost="1 forward and backward per step",
    formula="Σₖ softmax(u)ₖ Aₖ, with u that maximises the class score of the masked picture",
    citation="Zhang, Torres, Sicre, Avrithis, Ayache 2024",
    url="https://arxiv.org/abs/2301.07002",
    shows="The mixture of feature maps whose places alone make the network most sure of the class.",
    limits="Optimised for one measure of faithfulness; may find what nobody would call evidence.",
)
def opti_cam(
    trace: Trace,
    target: Target,
    layer: str,
    *,
    steps: Annotated[int, Range(5, 200, 5, "", "steps of the optimiser")] = 50,
    rate: Annotated[float, Range(0.01, 1, 0.01, "", "its learning rate")] = 0.1,
) -> Steps:
    """Σₖ softmax(u)ₖ Aₖ, (N, h, w), with u = argmax y(x ⊙ S(u)), S its upsampled map scaled to
    [0, 1], by Adam from u = 0. Source: Zhang et al. 2024, equations 5 to 9.
    """
    # In single precision at least: the squares that Adam keeps are nothing in half.
    x, a = trace.input, trace.activation(layer)
    x, a = (value.to(torch.promote_types(value.dtype, torch.float32)) for value in (x, a))
    u = torch.zeros(a.shape[:2], dtype=a.dtype, device=a.device, requires_grad=True)
    # With Adam's own ε, 1e-8, gradients that are nothing but rounding would be steps of full size.
    optimiser = torch.optim.Adam([u], lr=rate, eps=1e-6)
    for step in range(1, steps + 1):
        with torch.enable_grad():  # not around `yield`: the mode is the caller's meanwhile
            masked = x * to_unit(upsampled(_mixture(u, a)[:, None], x.shape[-2:]))
        _, gradient = trace.gradients(masked.detach(), target)
        (u.grad,) = torch.autograd.grad(masked, u, -gradient.to(masked))
        optimiser.step()
        if step == steps or step % max(steps // 10, 1) == 0:
            yield Progress(step / steps, _mixture(u.detach(), a))


def _mixture(scores: Tensor, a: Tensor) -> Tensor:
    """Σₖ softmax(scores)ₖ Aₖ; a score of -∞ is one that has not been taken yet."""
    # An input without any score yet has no softmax: its map is empty so far.
    alpha = scores.softmax(dim=1).nan_to_num(0).to(a.dtype)
    return (alpha[:, :, None, None] * a).sum(dim=1)


def upsampled(maps: Tensor, size: torch.Size, *, align_corners: bool = False) -> Tensor:
    """Maps (N, C, h, w), bilinearly made (N, C, H, W)."""
    return F.interpolate(maps, size=size, mode="bilinear", align_corners=align_corners)


def to_unit(values: Tensor) -> Tensor:
    """Each item of (N, ...) as (v - min) / (max - min) over its own values; a constant one as 0."""
    inner = tuple(range(1, values.ndim))
    low, high = values.amin(dim=inner, keepdim=True), values.amax(dim=inner, keepdim=True)
    return (values - low) / (high - low).clamp_min(torch.finfo(values.dtype).tiny)
