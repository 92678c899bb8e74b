"""Extremal perturbation: the smooth mask of a given area that keeps the score highest."""

from __future__ import annotations

import math
from typing import Annotated

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor

from xai_widgets.baselines import Baseline, baseline_like
from xai_widgets.methods.cam import upsampled
from xai_widgets.methods.registry import Range, Steps, method
from xai_widgets.probe.trace import Trace
from xai_widgets.progress import Progress
from xai_widgets.targets import Target

_RATE, _MOMENTUM = 0.05, (0.9, 0.99)
_BUMP = 3 / 32  # the mask's smoothness in parts of the picture: the paper's 21 pixels of 224
_EQUAL = 1e-3  # of a mask's 0 to 1: places nearer than this are not told apart by rounding
# Weight of the area: small at first, so that the score decides which places come first.
_PULL_FIRST, _PULL_LAST = 1.0, 60.0


@method(
    title="Extremal perturbation",
    family="Perturbation",
    cost="1 forward and 1 backward per step, one after the other",
    formula="argmax_m y(b + m ⊙ (x − b)) over smooth masks m of the area",
    citation="Fong, Patrick, Vedaldi 2019",
    url="https://arxiv.org/abs/1910.08485",
    shows="Which part of the picture, of the area asked for, is enough to keep the score high.",
    limits="A local optimum; more than one part may do; finer shapes than the mask's are smoothed.",
    signed=False,
)
def extremal_perturbation(
    trace: Trace,
    target: Target,
    *,
    area: Annotated[float, Range(0.01, 0.9, 0.01, "of the picture", "that is shown")] = 0.1,
    steps: Annotated[int, Range(2, 1000, 1, "", "of gradient ascent")] = 100,
    grid: Annotated[int, Range(4, 64, 1, "", "places of the mask across the picture")] = 28,
    baseline: Baseline = "blur",
) -> Steps:
    """argmax over p of y(b + m ⊙ (x − b)) / |y(x) − y(b)| − λ mean (sort m − r)², m in [0, 1]
    the same for every channel, (N, 1, H, W). Source: Fong et al. 2019, equations 3 to 5.

    r is 0 but for its last `area`, where it is 1; places that are equal all have the mean of their
    r, so that no order among them is preferred. m is made from p, on a grid, by the paper's
    smooth maximum over a Gaussian bump of each place (equation 7), then larger bilinearly. λ grows
    as in the paper, over the steps there are; the score is divided by its range, and the ascent is
    Adam's, so that both fit networks whatever the size of their scores. Early maps are masks that
    are not yet near 0 or 1 everywhere.
    """
    x = trace.input
    hidden = baseline_like(x, baseline, trace.black).contiguous()
    span = (trace.score(target) - trace.scores(hidden, target)).abs().clamp_min(1e-6)
    apart = x - hidden
    places = trace.zeros().new_full((len(x), 1, grid, grid), 0.5)
    slopes = torch.zeros_like(places), torch.zeros_like(places)
    for step in range(1, steps + 1):
        with torch.enable_grad():
            free = places.requires_grad_(True)
            mask = upsampled(smooth_maximum(free, grid * _BUMP), x.shape[-2:])
            weight = _PULL_FIRST * (_PULL_LAST / _PULL_FIRST) ** (step / steps)
            pull = weight * _distance_from_area(mask, area).sum()
        _, gradient = trace.gradients(hidden + mask.detach().to(x) * apart, target)
        uphill = (gradient * apart).sum(1, keepdim=True) / span[:, None, None, None]
        with torch.enable_grad():
            (slope,) = torch.autograd.grad([mask, pull], free, [-uphill.to(mask), None])
        places = _descended(places.detach(), slope, slopes, step)
        yield Progress(step / steps, mask.detach())


def smooth_maximum(places: Tensor, width: float, temperature: float = 0.05) -> Tensor:
    """smax over v of k((u − v) / width) p(v), smax f = Σ f exp(f / T) / Σ exp(f / T), (N, 1, h, w).

    k(z) = exp(−2 max(|z| − 1/2, 0)²), cut off at 2; lengths are in places. Source: Fong et al.
    2019, equation 7, and their code.
    """
    radius = math.ceil(2 * width)
    away = torch.arange(-radius, radius + 1, dtype=places.dtype, device=places.device)
    distance = torch.hypot(away[:, None], away[None, :]) / width
    kernel = torch.exp(-2 * (distance - 0.5).clamp_min(0).square()).flatten()
    around = F.unfold(F.pad(places, [radius] * 4, mode="replicate"), 2 * radius + 1)
    bumps = around * kernel[:, None]
    return ((bumps / temperature).softmax(1) * bumps).sum(1).view_as(places)


def _distance_from_area(mask: Tensor, area: float) -> Tensor:
    """mean (sort m − r)², r = 0 … 0 1 … 1 with a share `area` of ones; (N,).

    Of places that are equal, as all are at first, any may come first in a sort, and devices differ.
    Each is compared with the mean of r over all of them, which has the mean gradient of all orders.
    """
    values = mask.detach().flatten(1)
    ordered = values.sort(1).values
    zeros = round(values.shape[1] * (1 - area))
    first = torch.searchsorted(ordered, values - _EQUAL)
    end = torch.searchsorted(ordered, values + _EQUAL, right=True)
    wanted = (end - first.clamp_min(zeros)).clamp_min(0) / (end - first)
    return (mask.flatten(1) - wanted.to(mask)).square().mean(1)


def _descended(places: Tensor, slope: Tensor, slopes: tuple[Tensor, Tensor], step: int) -> Tensor:
    """Adam's next place, kept within [0, 1]; `slopes` are its running means, which it updates."""
    for mean, value, momentum in zip(slopes, (slope, slope.square()), _MOMENTUM, strict=True):
        mean.lerp_(value, 1 - momentum)
    mean, squares = (m / (1 - k**step) for m, k in zip(slopes, _MOMENTUM, strict=True))
    return (places - _RATE * mean / (squares.sqrt() + 1e-8)).clamp_(0, 1)
