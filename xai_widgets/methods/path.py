"""Methods that walk from a picture without information to the picture and add up what each step
does to the score.

x is the picture, b the baseline, α the part of the way, y the score. What they give adds up to
y(x) − y(b), up to the quadrature's error: `Attribution.completeness_gap`.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import torch
from torch import Tensor

from xai_widgets.baselines import Baseline, PathBaseline, baseline_like, path_baselines
from xai_widgets.methods.registry import Range, Steps, method
from xai_widgets.precision import total as total_of
from xai_widgets.probe.trace import Trace
from xai_widgets.progress import Progress
from xai_widgets.targets import Target

Quadrature = Literal["gauss_legendre", "riemann", "trapezoid"]
Points = Annotated[int, Range(2, 500, 1, "", "points on the way")]


def _score_of_starts(
    trace: Trace, target: Target, *, baseline: PathBaseline, seed: int = 0, **others: object
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
    baseline_score=_score_of_starts,
)
def integrated_gradients(
    trace: Trace,
    target: Target,
    *,
    steps: Points = 50,
    rule: Quadrature = "gauss_legendre",
    baseline: PathBaseline = "zero",
    seed: Annotated[int, Range(0, 9999, 1, "", "of the noise, where there is any")] = 0,
) -> Steps:
    """(x − b) ⊙ Σᵢ wᵢ ∂y/∂x at b + αᵢ (x − b), (N, C, H, W). Source: Sundararajan et al. 2017,
    equations 1 and 3 (riemann).

    Points are visited from all over the way, so that early maps are coarse sums over all of it.
    """
    x, generator = trace.input, torch.Generator().manual_seed(seed)
    starts = path_baselines(x, baseline, generator, trace.black)
    aparts = [x - start for start in starts]
    alphas, weights = quadrature(rule, steps)
    order = [(i, which) for i in spread(steps) for which in range(len(starts))]
    sums, visited = [trace.zeros() for _ in starts], [0.0] * len(starts)
    size = trace.variants(backward=True)
    for begin in range(0, len(order), size):
        cells = order[begin : begin + size]
        points = trace.empty_inputs(len(cells))
        for point, (i, which) in zip(points, cells, strict=True):
            torch.add(starts[which], aparts[which], alpha=alphas[i], out=point)
        _, gradients = trace.gradients(points.flatten(0, 1), target)
        for gradient, (i, which) in zip(gradients.view_as(points), cells, strict=True):
            sums[which].add_(gradient, alpha=weights[i])
            visited[which] += weights[i]
        # All weights add up to 1; until then the sum is divided by those of the points visited.
        shares = [a * s / k for a, s, k in zip(aparts, sums, visited, strict=True) if k > 0]
        yield Progress((begin + len(cells)) / len(order), torch.stack(shares).mean(0))


@method(
    title="Guided integrated gradients",
    family="Path",
    cost="1 forward and 1 backward per step, one after the other",
    formula="Σ ∂y/∂x ⊙ Δx on a way that moves the pixels of least gradient first",
    citation="Kapishnikov et al. 2021",
    url="https://arxiv.org/abs/2106.09788",
    shows="Integrated gradients on a way around the places where gradients are large but noisy.",
    limits="Steps cannot be run together; how far the way may stray is a free choice.",
    baseline_score=_score_of_starts,
)
def guided_ig(
    trace: Trace,
    target: Target,
    *,
    steps: Points = 50,
    fraction: Annotated[float, Range(0.01, 1, 0.01, "", "of the pixels moved at a time")] = 0.25,
    stray: Annotated[float, Range(0, 1, 0.01, "", "from the straight way, at most")] = 0.02,
    baseline: Baseline = "zero",
) -> Steps:
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
        # What lags behind the band is moved to its lower edge.
        lags = (here - start).abs() < (low - start).abs()
        moved = torch.where(lags, low, here)
        for n in range(len(x)):
            left = total_of((x[n] - start[n]).abs()) * (1 - alpha)
            moved[n] = _approach(moved[n], x[n], high[n], gradient[n].abs(), left, fraction)
        total += (moved - here).mul_(gradient)
        here = moved
        yield Progress(alpha, total.clone())


def _approach(
    here: Tensor, x: Tensor, high: Tensor, steepness: Tensor, left: float, fraction: float
) -> Tensor:
    """Move `here` towards `high`, the flattest `fraction` first, until ‖x − here‖₁ is `left`."""
    rank = max(int(fraction * (here.numel() - 1)), 0) + 1
    while True:
        surplus = total_of((x - here).abs()) - left
        open_ = here != high
        if surplus <= 1e-9 * abs(left) or not bool(open_.any()):
            return here
        steep = torch.where(open_, steepness, torch.inf)
        chosen = open_ & (steep <= steep.flatten().kthvalue(rank).values)
        gain = total_of((high - here).abs() * chosen)
        if gain > surplus:
            return torch.where(chosen, torch.lerp(here, high, surplus / gain), here)
        here = torch.where(chosen, high, here)


def _score_of_strongest_blur(
    trace: Trace, target: Target, *, sigma: float, **others: object
) -> Tensor:
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
    baseline_score=_score_of_strongest_blur,
)
def blur_ig(
    trace: Trace,
    target: Target,
    *,
    steps: Points = 50,
    sigma: Annotated[float, Range(1, 200, 1, "px", "of the strongest blur")] = 50.0,
) -> Steps:
    """Σᵢ ∂y/∂x at x_(sᵢ) ⊙ (x_(σᵢ) − x_(σᵢ₊₁)), (N, C, H, W). Source: Xu et al. 2020, equation 3.

    Blurs are closer together where they are weak, σᵢ = σ (i / steps)², sᵢ between σᵢ and σᵢ₊₁. For
    a linear network the sum is y(x) − y(x_σ) exactly. Points are visited from all over the way.
    """
    x = trace.input
    blur = Blur(x)
    order = spread(steps)
    total, size = trace.zeros(), trace.variants(backward=True)
    for begin in range(0, steps, size):
        cells = order[begin : begin + size]
        points = trace.empty_inputs(len(cells))
        for point, i in zip(points, cells, strict=True):
            point.copy_(blur(sigma * ((i + 0.5) / steps) ** 2))
        _, gradients = trace.gradients(points.flatten(0, 1), target)
        for gradient, i in zip(gradients.view_as(points), cells, strict=True):
            detail = blur(sigma * (i / steps) ** 2) - blur(sigma * ((i + 1) / steps) ** 2)
            total += gradient * detail
        done = begin + len(cells)
        yield Progress(done / steps, total * (steps / done))


class Blur:
    """A picture's Gaussian blurs of any width, (N, C, H, W), reflected at its edges.

    In the picture's cosine transform a blur by σ multiplies the frequency ω by exp(−σ² ω² / 2).
    The method needs three blurs a step, of widths up to the picture's own: for 3 x 224 x 224 one
    costs 0.6 ms whatever σ, where `baselines.gaussian_blur` takes 91 ms for σ = 50.
    """

    def __init__(self, x: Tensor) -> None:
        from scipy.fft import dctn

        pixels = x.detach().to("cpu", torch.promote_types(x.dtype, torch.float32)).numpy()
        self._x, self._waves = x, dctn(pixels, axes=(2, 3), norm="ortho")

    def __call__(self, sigma: float) -> Tensor:
        from scipy.fft import idctn

        down, across = (
            np.exp(np.square(np.arange(side) * (np.pi / side)) * (-(sigma**2) / 2))
            for side in self._waves.shape[-2:]
        )
        faded = self._waves * (down[:, None] * across).astype(self._waves.dtype)
        return torch.from_numpy(idctn(faded, axes=(2, 3), norm="ortho")).to(self._x)


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
    return [i / gaps for i in range(steps)], [0.5 / gaps, *[1 / gaps] * (steps - 2), 0.5 / gaps]


def spread(count: int) -> list[int]:
    """0 to count − 1 in an order whose beginnings are spread over all of it: bits reversed."""
    bits = max(count - 1, 1).bit_length()
    reversed_ = (int(f"{i:0{bits}b}"[::-1], 2) for i in range(2**bits))
    return [i for i in reversed_ if i < count]
