"""Methods read from a transformer's attention: who looks at whom, layer after layer.

A is a layer's attention (N, heads, T, T), its rows those who look, and G = ∂y/∂A. A map is the row
of the tokens that the output is read from, the class token or all, laid out over the patches.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor

from xai_widgets.methods.registry import Values, method
from xai_widgets.probe.trace import Trace
from xai_widgets.targets import Target

_MUCH = 0.25  # the share of layers before the first attention from which on it is said

Heads = Literal["mean", "max", "min"]

attention_method = partial(
    method,
    family="Attention",
    cost="2 forwards, 1 backward",
    space="layer",
    signed=False,
    needs_attention=True,
)


@attention_method(
    title="Attention rollout",
    formula="Πₗ norm(Aₗ + I), the row of the class token",
    citation="Abnar, Zuidema 2020",
    url="https://arxiv.org/abs/2005.00928",
    shows="Which patches the output could have drawn on, if attention alone moved information.",
    limits="The same for every class; counts attention that does not matter, for and against.",
)
def attention_rollout(trace: Trace, target: Target, *, heads: Heads = "mean") -> Tensor | Values:
    """Πₗ norm(A + I), heads fused, (N, h, w). Source: Abnar and Zuidema 2020, section 3."""
    attention = trace.attention(target)
    row = _readers(attention[-1][1])
    for a, _ in reversed(attention):
        fuse: Any = {"mean": a.mean, "max": a.amax, "min": a.amin}[heads]
        mixed = fuse(dim=1) + torch.eye(a.shape[-1], dtype=a.dtype, device=a.device)
        row = _through(row, mixed / mixed.sum(dim=-1, keepdim=True))
    return _on_patches(row, trace)


@attention_method(
    title="Gradient-weighted attention",
    formula="R ← R + mean over heads(max(G ⊙ A, 0)) R, layer by layer from R = I",
    citation="Chefer, Gur, Wolf 2021",
    url="https://arxiv.org/abs/2103.15679",
    shows="Which patches reach the output along attention that raises the class's score.",
    limits="Only what is in favour; what happens between attention layers is left out.",
)
def gradient_attention(trace: Trace, target: Target) -> Tensor | Values:
    """R ← R + mean(max(G ⊙ A, 0)) R, (N, h, w). Source: Chefer et al. 2021 (ICCV), eq. 5 and 6."""
    attention = trace.attention(target)
    # R − I: what the tokens were to begin with says nothing of the class, and is so much larger
    # than what attention adds (1e-7 where a network scales its layers) that this would be lost.
    readers = _readers(attention[-1][1])
    row = torch.zeros_like(readers)
    for a, g in reversed(attention):
        weighted = (g * a).relu().mean(dim=1)
        row = row + (_through(row, weighted) + _through(readers, weighted))
    return _on_patches(row, trace)


@attention_method(
    title="LeGrad",
    formula="mean over layers, heads and rows of max(G, 0)",
    citation="Bousselham, Boggust, Chaybouti, Strobelt, Kuehne 2024",
    url="https://arxiv.org/abs/2404.03214",
    shows="Which patches would raise the class's score if they were looked at more.",
    limits="A sensitivity: attention need not be there. Each layer is read through those after it.",
)
def legrad(trace: Trace, target: Target) -> Tensor | Values:
    """The mean over layers, heads and rows of max(G, 0), (N, h, w). Source: Bousselham et al. 2024,
    section 3; there y is read from each layer's own class token by the network's head, here it is
    the network's score for all layers.
    """
    gradients = [g.relu().mean(dim=(1, 2)) for _, g in trace.attention(target)]
    return _on_patches(torch.stack(gradients).mean(dim=0), trace)


def _readers(gradient: Tensor) -> Tensor:
    """The mean, as a row (N, T), over the tokens that the output is read from: those whose row of
    the last attention the score depends on, so the class token(s), or all patches if averaged.
    """
    read = (gradient != 0).any(dim=3).any(dim=1).to(gradient.dtype)
    return read / read.sum(dim=-1, keepdim=True).clamp(min=1)


def _through(row: Tensor, matrix: Tensor) -> Tensor:
    return (row[:, None] @ matrix)[:, 0]


def _on_patches(row: Tensor, trace: Trace) -> Tensor | Values:
    """A value for each token (N, T) as the map (N, h, w), with a warning for a network of which
    attention is but the end.
    """
    values = trace.attention_layout.to_map(row[..., None])[:, 0]
    before, layers = trace.layers_before_attention
    if before < _MUCH * layers:
        return values
    warning = (
        f"{before} of this network's {layers} layers with weights come before its first attention "
        "between all tokens: what these mix between positions is not part of this map, and each of "
        "its patches stands for all that they saw; a CAM or gradient method accounts for them"
    )
    return Values(values, [(warning,)] * len(values))
