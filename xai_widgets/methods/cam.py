"""Class activation maps: a layer's feature maps, weighted by what they do for the class.

A is the layer's map (N, C, h, w), G = ∂y/∂A its gradient; sums over k run over channels.
"""

from __future__ import annotations

import torch.nn.functional as F  # the field's name for it
from torch import Tensor

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
