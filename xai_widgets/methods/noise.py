"""Methods that average what a gradient method says over many noisy versions of the picture.

x is the picture, n normal noise, N(0, σ² (max x − min x)²), g what the gradient method under it
(`base`) gives for x + n.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Annotated, Literal

import torch
from torch import Tensor

from xai_widgets.baselines import PathBaseline, noise_like, noise_picture, path_baselines
from xai_widgets.methods.registry import Range, Seed, Steps, method
from xai_widgets.probe.rectifiers import Rule
from xai_widgets.probe.trace import Trace
from xai_widgets.progress import Progress
from xai_widgets.targets import Target

Base = Literal["saliency", "input_x_gradient", "guided_backprop"]
Samples = Annotated[int, Range(2, 500, 1, "", "noisy versions of the picture")]
Sigma = Annotated[float, Range(0, 1, 0.01, "of the range", "noise, in parts of max x − min x")]

noise_method = partial(method, family="Gradient", cost="1 forward and 1 backward per sample")


@noise_method(
    title="SmoothGrad",
    formula="mean of g(x + n)",
    citation="Smilkov et al. 2017",
    url="https://arxiv.org/abs/1706.03825",
    shows="The gradient's part that stays when the picture is made noisy, with its speckle gone.",
    limits="Explains noisy pictures, which the network may not know; the noise level decides.",
)
def smooth_grad(
    trace: Trace,
    target: Target,
    *,
    samples: Samples = 25,
    sigma: Sigma = 0.15,
    base: Base = "saliency",
    seed: Seed = 0,
) -> Steps:
    """(1/n) Σ g(x + nᵢ), (N, C, H, W). Source: Smilkov et al. 2017, section 3."""
    total = trace.zeros()
    for done, g in _noisy_gradients(trace, target, base, samples, sigma, seed):
        total += g.sum(0)
        yield Progress(done / samples, total / done)


@noise_method(
    title="VarGrad",
    formula="variance of g(x + n)",
    citation="Adebayo, Gilmer, Goodfellow, Kim 2018",
    url="https://arxiv.org/abs/1810.03307",
    shows="Where the gradient changes most when the picture is made noisy.",
    limits="No sign and no share of the score; high near edges, whatever the class.",
    signed=False,
)
def var_grad(
    trace: Trace,
    target: Target,
    *,
    samples: Samples = 25,
    sigma: Sigma = 0.15,
    base: Base = "saliency",
    seed: Seed = 0,
) -> Steps:
    """(1/n) Σ (g(x + nᵢ) − mean)², (N, C, H, W). Source: Adebayo et al. 2018.

    Batches are joined by means and sums of squares (Chan et al. 1979): no digits are cancelled.
    """
    mean, squares, before = trace.zeros(), trace.zeros(), 0
    for done, g in _noisy_gradients(trace, target, base, samples, sigma, seed):
        here = g.mean(0)
        apart = here - mean
        squares += (g - here).square_().sum(0) + apart.square() * before * (done - before) / done
        mean += apart * (done - before) / done
        before = done
        yield Progress(done / samples, squares / done)


@noise_method(
    title="SmoothGrad²",
    formula="mean of g(x + n)²",
    citation="Hooker, Erhan, Kindermans, Kim 2019",
    url="https://arxiv.org/abs/1806.10758",
    shows="Pixels to which the score reacts strongly, in whichever direction, in noisy pictures.",
    limits="Squares hide the sign and let a few pixels outshine all others.",
    signed=False,
)
def squared_smooth_grad(
    trace: Trace,
    target: Target,
    *,
    samples: Samples = 25,
    sigma: Sigma = 0.15,
    base: Base = "saliency",
    seed: Seed = 0,
) -> Steps:
    """(1/n) Σ g(x + nᵢ)², (N, C, H, W). Source: Hooker et al. 2019, section 4."""
    total = trace.zeros()
    for done, g in _noisy_gradients(trace, target, base, samples, sigma, seed):
        total += g.square().sum(0)
        yield Progress(done / samples, total / done)


@noise_method(
    title="Expected gradients",
    family="Path",
    formula="mean of (x + n − b) ⊙ ∂y/∂x at b + α (x + n − b)",
    citation="Erion et al. 2021 (GradientSHAP: Lundberg, Lee 2017)",
    url="https://arxiv.org/abs/1906.10670",
    shows="Each pixel's share of the score's rise from several baselines to the picture.",
    limits="Random: the sum meets the rise on average only. A few drawn baselines are no data set.",
)
def gradient_shap(
    trace: Trace,
    target: Target,
    *,
    samples: Samples = 50,
    sigma: Sigma = 0.0,
    baseline: PathBaseline = "several",
    seed: Seed = 0,
) -> Steps:
    """Mean of (x̃ − b) ⊙ ∂y/∂x at b + α (x̃ − b), x̃ = x + n, (N, C, H, W). Source: Erion et al.
    2021, equation 3; GradientSHAP adds the noise n.

    b goes through the baselines in turn, a new picture of noise wherever it is noise's turn; α is
    uniform, one in each of `samples` equal parts of [0, 1], visited in random order.
    """
    x, generator = trace.input, torch.Generator().manual_seed(seed)
    spread = sigma * _range(x)
    parts = torch.randperm(samples, generator=generator, device="cpu")
    within = torch.rand(samples, generator=generator, dtype=torch.float64, device="cpu")
    alphas = (parts + within) / samples
    starts = path_baselines(x, baseline, generator, trace.black)
    total, size = trace.zeros(), trace.variants(backward=True)
    for begin in range(0, samples, size):
        count = min(size, samples - begin)
        points, apart = trace.empty_inputs(count), trace.empty_inputs(count)
        for i in range(count):
            turn = (begin + i) % len(starts)
            drawn = baseline in ("noise", "several") and turn == len(starts) - 1
            start = noise_picture(x, generator) if drawn else starts[turn]
            torch.sub(x, start, out=apart[i])
            if sigma:
                apart[i] += spread * noise_like(x, generator)
            torch.add(start, apart[i], alpha=float(alphas[begin + i]), out=points[i])
        _, gradients = trace.gradients(points.flatten(0, 1), target)
        total += apart.mul_(gradients.view_as(apart)).sum(0)
        yield Progress((begin + count) / samples, total / (begin + count))


def _range(x: Tensor) -> Tensor:
    return x.amax(dim=(1, 2, 3), keepdim=True) - x.amin(dim=(1, 2, 3), keepdim=True)


def _noisy_gradients(
    trace: Trace, target: Target, base: Base, samples: int, sigma: float, seed: int
) -> Iterator[tuple[int, Tensor]]:
    """How many samples are done, and what `base` gives for the latest of them, (k, N, C, H, W). All
    pictures of a batch are given the same noise, so that each is explained as it is alone.
    """
    x, generator = trace.input, torch.Generator().manual_seed(seed)
    rule: Rule = "guided" if base == "guided_backprop" else "standard"
    spread = sigma * _range(x)
    size = trace.variants(backward=True)
    for begin in range(0, samples, size):
        noisy = trace.empty_inputs(min(size, samples - begin))
        for picture in noisy:
            torch.addcmul(x, spread, noise_like(x, generator), out=picture)
        _, gradients = trace.gradients(noisy.flatten(0, 1), target, rule)
        gradients = gradients.view_as(noisy)
        if base == "input_x_gradient":
            gradients = noisy.mul_(gradients)
        # In half precision squares of small gradients would be zero.
        yield begin + len(noisy), gradients.to(trace.zeros())
