"""Methods read from the gradient of the class score with respect to the picture."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from xai_widgets.methods.cam import to_unit, upsampled
from xai_widgets.methods.registry import method
from xai_widgets.probe.trace import Trace
from xai_widgets.targets import Target

gradient_method = partial(method, family="Gradient", cost="1 forward, 1 backward")


@gradient_method(
    title="Saliency",
    formula="∂y/∂x",
    citation="Simonyan, Vedaldi, Zisserman 2014",
    url="https://arxiv.org/abs/1312.6034",
    shows="How the class score would change with an infinitesimal change of each pixel.",
    limits="Sensitivity, not evidence: noisy, and small where the network is saturated.",
)
def saliency(trace: Trace, target: Target) -> Tensor:
    """The signed gradient ∂y/∂x, (N, C, H, W). Source: Simonyan et al. 2014, section 3."""
    return trace.gradient(target)


@gradient_method(
    title="Input × gradient",
    formula="x ⊙ ∂y/∂x",
    citation="Shrikumar, Greenside, Kundaje 2017",
    url="https://arxiv.org/abs/1605.01713",
    shows="Each pixel's share of the score if the network were linear around this picture.",
    limits="Depends on what zero means after normalisation: mean-coloured pixels get nothing.",
)
def input_x_gradient(trace: Trace, target: Target) -> Tensor:
    """Input times gradient, x ⊙ ∂y/∂x, (N, C, H, W). Source: Shrikumar et al. 2016, section 3."""
    return trace.input * trace.gradient(target)


@gradient_method(
    title="Guided backpropagation",
    formula="at each rectifier: f′(u) · max(g, 0)",
    citation="Springenberg, Dosovitskiy, Brox, Riedmiller 2015",
    url="https://arxiv.org/abs/1412.6806",
    shows="Fine structures that excite the units on the way to the class, inhibition left out.",
    limits="Partly redraws the picture's edges whatever the class (Nie 2018, Adebayo 2018). "
    "The rule does not reach smooth units (GELU, SiLU).",
    needs_rectifiers=True,
)
def guided_backprop(trace: Trace, target: Target) -> Tensor:
    """The gradient by the guided rule, (N, C, H, W). Source: Springenberg et al. 2015, 3.4."""
    return trace.gradient(target, "guided")


@gradient_method(
    title="DeconvNet",
    formula="at each rectifier: max(g, 0)",
    citation="Zeiler, Fergus 2014",
    url="https://arxiv.org/abs/1311.2901",
    shows="The pattern a class projects back when rectifiers act only on the way back.",
    limits="Ignores which units this picture made active; without pooling it says little about it. "
    "The rule does not reach smooth units (GELU, SiLU).",
    needs_rectifiers=True,
)
def deconvnet(trace: Trace, target: Target) -> Tensor:
    """The gradient by the deconvnet rule, (N, C, H, W). Source: Zeiler and Fergus 2014, 2.1."""
    return trace.gradient(target, "deconvnet")


@gradient_method(
    title="FullGrad",
    cost="1 forward, 2 backwards",
    formula="ψ(x ⊙ ∂y/∂x) + Σ over layers ψ(b ⊙ ∂y/∂b), ψ: magnitude, scaled to 0 … 1, upsampled",
    citation="Srinivas, Fleuret 2019",
    url="https://arxiv.org/abs/1905.00780",
    shows="Input and every neuron's bias, which together account for the whole score.",
    limits="Magnitudes only, each layer scaled alone: the exact account is lost in the picture.",
    signed=False,
)
def full_grad(trace: Trace, target: Target) -> Tensor:
    """ψ(x ⊙ ∂y/∂x) + Σₗ Σ_c ψ(bₗ ⊙ ∂y/∂bₗ), (N, 1, H, W), over the biases of convolutions and batch
    norms (β − γ μ/σ). Source: Srinivas and Fleuret 2019, equations 3 and 6.
    """
    x = trace.input
    parts = [x * trace.gradient(target), *trace.bias_gradients(target)]
    total = torch.zeros_like(x[:, :1])
    for part in parts:
        # The sum first: enlarging is linear, and there are hundreds of channels.
        unit = to_unit(part.abs()).sum(dim=1, keepdim=True)
        total += upsampled(unit, x.shape[-2:], align_corners=True)
    return total
