"""Explanations written down as their papers have them, one call of a layer at a time."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

Scores = Callable[[Any], Tensor]  # what a network gives out, as (N, classes)


@dataclass(frozen=True)
class Place:
    """Where over the picture a call's map lies: its first row and column on the grid, turned there
    by `turn`. `item` is its number where several were put behind each other in one batch.
    """

    row: int = 0
    column: int = 0
    turn: Callable[[Tensor], Tensor] = lambda maps: maps
    item: int = 0


def gradient(network: nn.Module, x: Tensor, target: int, scores: Scores) -> Tensor:
    """∂y/∂x of one picture (C, H, W), which the network sees alone."""
    leaf = x[None].clone().requires_grad_(True)
    (found,) = torch.autograd.grad(scores(network(leaf))[0, target], leaf)
    return found[0]


def integrated_gradients(
    network: nn.Module, x: Tensor, target: int, scores: Scores, steps: int
) -> Tensor:
    """x ⊙ the mean over i = 1 ... steps of ∂y/∂x at (i / steps) x: from zero, the paper's sum."""
    points = [(i + 1) / steps * x for i in range(steps)]
    return x * torch.stack([gradient(network, p, target, scores) for p in points]).mean(0)


def grad_cam(
    network: nn.Module,
    layer: str,
    x: Tensor,
    target: int,
    scores: Scores,
    grid: tuple[int, int],
    places: Sequence[Sequence[Place]],
) -> Tensor:
    """max(Σ over calls of Σₖ αₖ Aₖ, 0) on a grid over the picture, each call's contribution laid
    where its part of the picture was cut; αₖ is the mean of the gradient over the call's own
    positions. `places` has one list for each call, with one place for each item that the call saw.
    """
    calls: list[Tensor] = []
    module = network.get_submodule(layer)
    hook = module.register_forward_hook(lambda module, args, output: calls.append(output))
    try:
        score = scores(network(x[None].clone().requires_grad_(True)))[0, target]
    finally:
        hook.remove()
    assert len(calls) >= len(places), f"{layer} ran {len(calls)} times"
    calls = calls[-len(places) :]  # calls that follow each other are at different depths
    total = x.new_zeros(grid)
    for output, found, placed in zip(calls, torch.autograd.grad(score, calls), places, strict=True):
        maps, gradients = as_maps(output.detach(), grid), as_maps(found, grid)
        contribution = (gradients.mean((2, 3), keepdim=True) * maps).sum(1)
        for place in placed:
            upright = place.turn(contribution[place.item])
            h, w = upright.shape
            total[place.row : place.row + h, place.column : place.column + w] += upright
    return total.relu()


def as_maps(output: Tensor, grid: tuple[int, int]) -> Tensor:
    """A layer's output as (N, C, h, w); tokens and channels-last maps are as large as the grid."""
    if output.ndim == 4:
        last = output.shape[1:3] == grid and output.shape[2:] != grid
        return output.permute(0, 3, 1, 2) if last else output
    count = grid[0] * grid[1]
    return output[:, -count:].transpose(1, 2).unflatten(2, grid)


class _Guided(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return gradients[0].clamp(min=0) * (x > 0)


class GuidedReLU(nn.Module):
    """A rectifier that passes positive gradients alone."""

    def forward(self, x: Tensor) -> Tensor:
        return _Guided.apply(x)


def guided(
    network: nn.Module, x: Tensor, target: int, scores: Scores, kinds: tuple[type[nn.Module], ...]
) -> Tensor:
    """The gradient of a copy whose rectifiers, modules of these kinds, are guided ones."""
    changed = copy.deepcopy(network)
    for module in list(changed.modules()):
        for name, child in module.named_children():
            if isinstance(child, kinds):
                setattr(module, name, GuidedReLU())
    return gradient(changed, x, target, scores)
