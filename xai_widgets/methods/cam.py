"""Class activation maps: a layer's feature maps, weighted by what they do for the class.

A is the layer's map (N, C, h, w), G = ∂y/∂A its gradient; sums over k run over channels.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor

from xai_widgets.errors import ExplanationError
from xai_widgets.methods.registry import method
from xai_widgets.probe.trace import Trace
from xai_widgets.targets import Target


@method(
    title="Grad-CAM",
    family="CAM",
    cost="1 forward, 1 backward to the layer",
    formula="max(Σₖ mean(Gₖ) · Aₖ, 0)",
    citation="Selvaraju et al. 2017",
    url="https://arxiv.org/abs/1610.02391",
    shows="Where the layer's features lie that, on average over the picture, raise the score.",
    limits="As coarse as the layer. Averaged gradients can light up places that played no part.",
    space="layer",
    signed=False,
)
def grad_cam(trace: Trace, target: Target, layer: str) -> Tensor:
    """max(Σₖ αₖ Aₖ, 0) with αₖ the spatial mean of Gₖ, (N, h, w). Source: Selvaraju et al. 2017,
    section 3.
    """
    alpha = trace.layer_gradient(target, layer).mean(dim=(2, 3), keepdim=True)
    return (alpha * trace.activation(layer)).sum(dim=1).relu()


@method(
    title="HiResCAM",
    family="CAM",
    cost="1 forward, 1 backward to the layer",
    formula="Σₖ Gₖ ⊙ Aₖ",
    citation="Draelos, Carin 2020",
    url="https://arxiv.org/abs/2011.08891",
    shows="Each position's contribution at the layer, for and against; exact behind a linear head.",
    limits="As coarse as the layer; behind a non-linear head only a first-order account.",
    space="layer",
)
def hires_cam(trace: Trace, target: Target, layer: str) -> Tensor:
    """Σₖ Gₖ ⊙ Aₖ, signed, (N, h, w). Source: Draelos and Carin 2020, section 3.2."""
    return (trace.layer_gradient(target, layer) * trace.activation(layer)).sum(dim=1)


@method(
    title="CAM",
    family="CAM",
    cost="1 forward, 1 backward to the layer",
    formula="Σₖ wₖ · Aₖ, with wₖ the class's weights behind global average pooling",
    citation="Zhou et al. 2016",
    url="https://arxiv.org/abs/1512.04150",
    shows="Each position's exact share of the score, where only pooling and a linear layer follow.",
    limits="Only for such networks and their last layer; as coarse as that layer.",
    space="layer",
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


@method(
    title="Grad-CAM++",
    family="CAM",
    cost="1 forward, 1 backward to the layer",
    formula="max(Σₖ wₖ Aₖ, 0), wₖ = Σ α max(G, 0), α = G² / (2G² + G³ ΣA)",
    citation="Chattopadhyay et al. 2018",
    url="https://arxiv.org/abs/1710.11063",
    shows="Grad-CAM with positions weighted, so that several instances of a class all count.",
    limits="Its weights are derived for exp(score), a choice; what only opposes is left out.",
    space="layer",
    signed=False,
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


@method(
    title="XGrad-CAM",
    family="CAM",
    cost="1 forward, 1 backward to the layer",
    formula="max(Σₖ wₖ Aₖ, 0), wₖ = Σ G A / Σ A",
    citation="Fu et al. 2020",
    url="https://arxiv.org/abs/2008.02312",
    shows="Grad-CAM with weights chosen so that removing a feature costs what the map says.",
    limits="As coarse as the layer; its axioms hold only approximately behind non-linear layers.",
    space="layer",
    signed=False,
)
def xgrad_cam(trace: Trace, target: Target, layer: str) -> Tensor:
    """max(Σₖ wₖ Aₖ, 0), wₖ = Σᵢⱼ Gᵢⱼ Aᵢⱼ / Σᵢⱼ Aᵢⱼ, (N, h, w). Also called Axiom-CAM. Source: Fu et
    al. 2020, equation 12.
    """
    a, g = trace.activation(layer), trace.layer_gradient(target, layer)
    weight = (g * a).sum(dim=(2, 3), keepdim=True) / (a.sum(dim=(2, 3), keepdim=True) + 1e-7)
    return (weight * a).sum(dim=1).relu()


@method(
    title="LayerCAM",
    family="CAM",
    cost="1 forward, 1 backward to the layer",
    formula="max(Σₖ max(Gₖ, 0) ⊙ Aₖ, 0)",
    citation="Jiang et al. 2021",
    url="https://doi.org/10.1109/TIP.2021.3089943",
    shows="Positions whose features raise the score just there; usable at early, finer layers too.",
    limits="Opposing evidence is left out; early layers show texture more than objects.",
    space="layer",
    signed=False,
)
def layer_cam(trace: Trace, target: Target, layer: str) -> Tensor:
    """max(Σₖ max(Gₖ, 0) ⊙ Aₖ, 0), (N, h, w). Source: Jiang et al. 2021, equations 6 to 8."""
    return (trace.layer_gradient(target, layer).relu() * trace.activation(layer)).sum(dim=1).relu()


@method(
    title="Eigen-CAM",
    family="CAM",
    cost="1 forward",
    formula="A · v₁, v₁ the first principal direction of the positions' features",
    citation="Muhammad, Yeasin 2020",
    url="https://arxiv.org/abs/2008.00299",
    shows="What stands out most at the layer, whatever the class.",
    limits="Not about the class at all: every class gets the same map.",
    space="layer",
    class_specific=False,
)
def eigen_cam(trace: Trace, target: Target, layer: str) -> Tensor:
    """The positions' features projected on their first principal direction, (N, h, w). Source:
    Muhammad and Yeasin 2020, section III. The direction's sign is chosen so that stronger features
    count positive.
    """
    return _first_component(trace.activation(layer))


@method(
    title="Eigen-Grad-CAM",
    family="CAM",
    cost="1 forward, 1 backward to the layer",
    formula="(G ⊙ A) · v₁, v₁ its first principal direction",
    citation="Gildenblat 2021, after Muhammad, Yeasin 2020",
    url="https://arxiv.org/abs/2008.00299",
    shows="The strongest common pattern in what the layer's features do for the class.",
    limits="One direction only; the sign is a convention.",
    space="layer",
)
def eigen_grad_cam(trace: Trace, target: Target, layer: str) -> Tensor:
    """G ⊙ A projected on its first principal direction, (N, h, w): Eigen-CAM of the contributions.
    The sign is chosen so that the map agrees with their sum.
    """
    return _first_component(trace.activation(layer) * trace.layer_gradient(target, layer))


def _first_component(features: Tensor) -> Tensor:
    """The positions' centred features (N, C, h, w) along the direction in which they vary most."""
    flat = features.flatten(2).transpose(1, 2).double()  # (N, positions, C)
    centred = flat - flat.mean(dim=1, keepdim=True)
    direction = torch.linalg.svd(centred, full_matrices=False).Vh[:, 0]
    projected = (centred @ direction[:, :, None]).squeeze(-1)
    total = flat.sum(dim=2)
    agreement = (projected * (total - total.mean(dim=1, keepdim=True))).sum(dim=1, keepdim=True)
    projected = torch.where(agreement < 0, -projected, projected).to(features.dtype)
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
    """Guided backpropagation times Grad-CAM upsampled bilinearly, (N, C, H, W). Source: Selvaraju
    et al. 2017, 3.1.
    """
    cam = grad_cam(trace, target, layer)[:, None]
    guided = trace.gradient(target, "guided")
    return guided * F.interpolate(cam, size=guided.shape[-2:], mode="bilinear", align_corners=False)
