"""Methods that walk from a picture without information to the picture and add up what each step
does to the score.

x is the picture, b the baseline, α the part of the way, y the score. What they give adds up to
y(x) − y(b), up to the quadrature's error: `Attribution.completeness_gap`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
import torch
from torch import Tensor

from xai_widgets.baselines import (
    Baseline,
    PathBaseline,
    baseline_like,
    path_baselines,
)
from xai_widgets.methods.registry import Range, method
from xai_widgets.probe.trace import Trace
from xai_widgets.targets import Target

Quadrature = Literal["gauss_legendre", "riemann", "trapezoid"]
Seed = Annotated[int, Range(0, 9999, 1, "", "of the noise, where there is any")]
Values = Iterator[tuple[float, Tensor]]


def _integral_floor(
    trace: Trace, target: Target, *, baseline: PathBaseline, seed: int, **others: object
) -> Tensor:
    starts = path_baselines(trace.input, baseline, torch.Generator().manual_seed(seed), trace.black)
    return torch.stack([trace.scores(start.contiguous(), target) for start in starts]).mean(0)


@method(
    title="Integrated gradients",
    family="Path",
    cost="1 forward and 1 backward per step and baseline",
    formula="(x − b) ⊙ ∫₀¹ ∂y/∂x at b + α (x − b) dα",
    citation="Sundararajan, Taly, Yan 2017",
    url="https://arxiv.org/abs/1703.01365",
    shows="Each pixel's share of the score's rise from the baseline to the picture; they add up.",
    limits="Pixels of the baseline's colour get nothing; the way there passes unusual pictures.",
    floor=_integral_floor,
)
def integrated_gradients(
    trace: Trace,
    target: Target,
    *,
    steps: Annotated[int, Range(2, 500, 1, "", "points on the way")] = 50,
    rule: Quadrature = "gauss_legendre",
    baseline: PathBaseline = "zero",
    seed: Seed = 0,
) -> Values:
    """(x − b) ⊙ Σᵢ wᵢ ∂y/∂x at b + αᵢ (x − b), (N, C, H, W). Source: Sundararajan et al. 2017,
    equations 1 and 3 (riemann).

    Points are visited from all over the way, so that early maps are coarse sums over all of it.
    """
    x, generator = trace.input, torch.Generator().manual_seed(seed)
    starts = path_baselines(x, baseline, generator, trace.black)
    aparts = [x - start for start in starts]
    alphas, weights = quadrature(rule, steps)
    order = [(i, which) for i in spread(steps) for which in range(len(starts))]
    sums, known = [trace.zeros() for _ in starts], [0.0] * len(starts)
    size = trace.variants(backward=True)
    for begin in range(0, len(order), size):
        cells = order[begin : begin + size]
        points = trace.room(len(cells))
        for point, (i, which) in zip(points, cells, strict=True):
            torch.add(starts[which], aparts[which], alpha=alphas[i], out=point)
        _, gradients = trace.gradients(points.flatten(0, 1), target)
        for gradient, (i, which) in zip(gradients.view_as(points), cells, strict=True):
            sums[which].add_(gradient, alpha=weights[i])
            known[which] += weights[i]
        # The weights of all points add up to 1; of unfinished sums, those visited share it.
        shares = [a * s / k for a, s, k in zip(aparts, sums, known, strict=True) if k > 0]
        yield (begin + len(cells)) / len(order), torch.stack(shares).mean(0)


def _guided_floor(trace: Trace, target: Target, *, baseline: Baseline, **others: object) -> Tensor:
    return trace.scores(baseline_like(trace.input, baseline, trace.black).contiguous(), target)


@method(
    title="Guided integrated gradients",
    family="Path",
    cost="1 forward and 1 backward per step, one after the other",
    formula="Σ ∂y/∂x ⊙ Δx on a way that moves the pixels of least gradient first",
    citation="Kapishnikov et al. 2021",
    url="https://arxiv.org/abs/2106.09788",
    shows="Integrated gradients on a way around the places where gradients are large but noisy.",
    limits="Steps cannot be run together; how far the way may stray is a free choice.",
    floor=_guided_floor,
)
def guided_ig(
    trace: Trace,
    target: Target,
    *,
    steps: Annotated[int, Range(2, 500, 1, "", "points on the way")] = 50,
    fraction: Annotated[float, Range(0.01, 1, 0.01, "", "of the pixels moved at a time")] = 0.25,
    stray: Annotated[float, Range(0, 1, 0.01, "", "from the straight way, at most")] = 0.02,
    baseline: Baseline = "zero",
) -> Values:
    """Σ ∂y/∂x ⊙ Δx along a way that moves the values of least |∂y/∂x| first, (N, C, H, W). Source:
    Kapishnikov et al. 2021, algorithm 1 (anchored by a band of ± `stray` around the straight way).

    After step t the point is (1 − t / steps) ‖x − b‖₁ from the picture. Early maps hold the first
    part of the way.
    """
    x = trace.input
    start = baseline_like(x, baseline, trace.black)
    here, total = start.clone(), trace.zeros()
    for step in range(1, steps + 1):
        _, gradient = trace.gradients(here, target)
        alpha = step / steps
        low = torch.lerp(start, x, max(alpha - stray, 0.0))
        high = torch.lerp(start, x, min(alpha + stray, 1.0))
        # Whoever lags behind the band is taken to its lower edge.
        lags = (here - start).abs() < (low - start).abs()
        moved = torch.where(lags, low, here)
        for n in range(len(x)):
            left = float((x[n] - start[n]).abs().sum(dtype=torch.float64)) * (1 - alpha)
            moved[n] = _approach(moved[n], x[n], high[n], gradient[n].abs(), left, fraction)
        total += (moved - here).mul_(gradient)
        here = moved
        yield alpha, total.clone()


def _approach(
    here: Tensor, x: Tensor, high: Tensor, steepness: Tensor, left: float, fraction: float
) -> Tensor:
    """Move values of `here` towards `high`, the flattest `fraction` of them first, until the
    L1 distance to x is `left`; all (C, H, W).
    """
    rank = max(int(fraction * (here.numel() - 1)), 0) + 1
    while True:
        surplus = float((x - here).abs().sum(dtype=torch.float64)) - left
        open_ = here != high
        if surplus <= 1e-9 * abs(left) or not bool(open_.any()):
            return here
        steep = torch.where(open_, steepness, torch.inf)
        chosen = open_ & (steep <= steep.flatten().kthvalue(rank).values)
        gain = float(((high - here).abs() * chosen).sum(dtype=torch.float64))
        if gain > surplus:
            return torch.where(chosen, torch.lerp(here, high, surplus / gain), here)
        here = torch.where(chosen, high, here)


def _blur_floor(trace: Trace, target: Target, *, sigma: float, **others: object) -> Tensor:
    return trace.scores(Blur(trace.input)(sigma).contiguous(), target)


@method(
    title="Blur integrated gradients",
    family="Path",
    cost="1 forward and 1 backward per step",
    formula="−∫₀ˢ ∂y/∂x at x_σ ⊙ ∂x_σ/∂σ dσ, x_σ the picture blurred by σ",
    citation="Xu, Venugopalan, Sundararajan 2020",
    url="https://arxiv.org/abs/2004.03383",
    shows="Which details raise the score as the picture comes into focus; no baseline is chosen.",
    limits="Colours and shapes that survive the strongest blur get nothing.",
    floor=_blur_floor,
)
def blur_ig(
    trace: Trace,
    target: Target,
    *,
    steps: Annotated[int, Range(2, 500, 1, "", "points on the way")] = 50,
    sigma: Annotated[float, Range(1, 200, 1, "px", "of the strongest blur")] = 50.0,
) -> Values:
    """Σᵢ ∂y/∂x at x_(sᵢ) ⊙ (x_(σᵢ) − x_(σᵢ₊₁)), (N, C, H, W), sᵢ between σᵢ and σᵢ₊₁. Source: Xu
    et al. 2020, equation 3.

    Blurs are closer together where they are weak, σᵢ = σ (i / steps)². Details are differences of
    blurs, so for a linear network the sum is y(x) − y(x_σ) exactly. Points are visited from all
    over the way.
    """
    x = trace.input
    blur = Blur(x)
    order = spread(steps)
    total, size = trace.zeros(), trace.variants(backward=True)
    for begin in range(0, steps, size):
        cells = order[begin : begin + size]
        points = trace.room(len(cells))
        for point, i in zip(points, cells, strict=True):
            point.copy_(blur(sigma * ((i + 0.5) / steps) ** 2))
        _, gradients = trace.gradients(points.flatten(0, 1), target)
        for gradient, i in zip(gradients.view_as(points), cells, strict=True):
            detail = blur(sigma * (i / steps) ** 2) - blur(sigma * ((i + 1) / steps) ** 2)
            total += gradient * detail
        done = begin + len(cells)
        yield done / steps, total * (steps / done)


class Blur:
    """A picture's Gaussian blurs, (N, C, H, W), reflected at its edges.

    In the picture's cosine transform a blur by σ multiplies the frequency ω by exp(−σ² ω² / 2).
    """

    def __init__(self, x: Tensor) -> None:
        self._down, self._across = _cosines(x.shape[-2]).to(x), _cosines(x.shape[-1]).to(x)
        self._waves = self._down @ x @ self._across.T

    def __call__(self, sigma: float) -> Tensor:
        fade = [_fade(len(c), sigma).to(self._waves) for c in (self._down, self._across)]
        waves = self._waves * fade[0][:, None] * fade[1]
        blurred: Tensor = self._down.T @ waves @ self._across
        return blurred


def _cosines(length: int) -> Tensor:
    """The orthonormal cosine transform, (length, length), a row for each frequency."""
    k = torch.arange(length, dtype=torch.float64)
    rows = torch.cos(torch.pi * k[:, None] * (k + 0.5) / length) * math.sqrt(2 / length)
    rows[0] /= math.sqrt(2)
    return rows


def _fade(length: int, sigma: float) -> Tensor:
    omega = torch.arange(length, dtype=torch.float64) * (torch.pi / length)
    return torch.exp(omega.square() * (-(sigma**2) / 2))


def quadrature(rule: Quadrature, steps: int) -> tuple[list[float], list[float]]:
    """Where in [0, 1] an integral is sampled, and the weights, which sum to 1; both (steps,).

    riemann is the paper's sum, at the right ends of equal parts.
    """
    if rule == "gauss_legendre":
        places, weights = np.polynomial.legendre.leggauss(steps)
        return ((1 + places) / 2).tolist(), (weights / 2).tolist()
    if rule == "riemann":
        return [i / steps for i in range(1, steps + 1)], [1 / steps] * steps
    gaps = steps - 1
    ends = [0.5 / gaps]
    return [i / gaps for i in range(steps)], [*ends, *[1 / gaps] * (steps - 2), *ends]


def spread(count: int) -> list[int]:
    """0 to count − 1 in an order whose beginnings are spread over all of it: bits reversed."""
    bits = max(count - 1, 1).bit_length()
    reversed_ = (int(f"{i:0{bits}b}"[::-1], 2) for i in range(2**bits))
    return [i for i in reversed_ if i < count]
