"""The loss written again, slower and plainer: two networks with the same weights, one of which has
its guided backward spelled out, and PyTorch's own second derivatives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.networks import Cnn


class _Guided(torch.autograd.Function):
    """max(u, 0), or min(max(u, 0), top), with Springenberg's backward."""

    @staticmethod
    def forward(ctx: Any, u: Tensor, top: float) -> Tensor:
        ctx.save_for_backward((u > 0) & (u < top))
        return u.clamp(0, top)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        (passes,) = ctx.saved_tensors
        return g * passes * (g > 0), None


def rectified(top: float, guided: bool) -> Callable[[Tensor], Tensor]:
    if guided:
        return lambda u: _Guided.apply(u, top)
    return lambda u: torch.where((u > 0) & (u < top), u, u.detach().clamp(0, top))


def twin(network: Cnn, top: float, guided: bool) -> Cnn:
    """The same weights (the very parameters), rectified as spelled out here."""
    made = Cnn(rectified(top, guided)).double()
    made.conv1, made.conv2, made.head = network.conv1, network.conv2, network.head
    return made


def gradient(network: nn.Module, x: Tensor, y: Tensor, create_graph: bool = False) -> Tensor:
    x = x.clone().requires_grad_(True)
    total = torch.stack(
        [F.cross_entropy(network(x)[i : i + 1], y[i : i + 1]) for i in range(len(x))]
    )
    return torch.autograd.grad(total.sum(), x, create_graph=create_graph)[0]


def distance(error: str, g: Tensor, r: Tensor) -> Tensor:
    """Of one picture's g and r, in plain sums."""
    g, r = g.flatten(), r.flatten()
    n = g.numel()
    if error == "cosine":
        return 1 - (g * r).sum() / ((g * g).sum() * (r * r).sum()) ** 0.5
    if error == "histogram_intersection":
        a, b = g.abs() / g.abs().sum(), r.abs() / r.abs().sum()
        return 1 - torch.where(a < b, a, b).sum()
    a = g / ((g * g).sum() / n) ** 0.5
    b = r / ((r * r).sum() / n) ** 0.5
    return ((a - b).abs() if error == "mae" else (a - b) ** 2).sum() / n


def loss(
    network: Cnn, x: Tensor, y: Tensor, *, top: float, weight: float, error: str, reference: Tensor
) -> Tensor:
    """CE + λ · mean E, with the reference given."""
    plain = twin(network, top, guided=False)
    g = gradient(plain, x, y, create_graph=True)
    apart = sum(distance(error, g[i], reference[i]) for i in range(len(x)))
    return F.cross_entropy(plain(x), y) + weight * apart / len(x)
