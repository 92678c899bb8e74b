"""Path methods: identities of their papers, plain versions of their formulas, captum."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # the field's name for it
from captum import attr
from torch import Tensor, nn

import xai_widgets as xw
from tests.methods.smooth import Function, Smooth, run
from tests.networks import CLASSES, seeded
from xai_widgets.baselines import baseline_like, path_baselines
from xai_widgets.methods.path import Blur, quadrature, spread
from xai_widgets.targets import Target


def variables(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64).view(1, 1, 1, -1)


@pytest.fixture(scope="module")
def smooth() -> nn.Module:
    return seeded(Smooth()).double()


@pytest.fixture(scope="module")
def x() -> Tensor:
    return torch.randn(
        2, 3, 14, 10, generator=torch.Generator().manual_seed(2), dtype=torch.float64
    )


@pytest.mark.parametrize(
    "network",
    [
        lambda v: F.relu(F.relu(v[0]) - 1 - F.relu(v[1])),
        lambda v: F.relu(F.relu(v[0] - 1) - F.relu(v[1])),
    ],
)
def test_networks_that_compute_the_same_are_explained_the_same(
    network: Callable[[Tensor], Tensor],
) -> None:
    """Figure 7 of the paper on integrated gradients: at (3, 1) both give (1.5, −0.5)."""
    given = {"target": Target(0, "y"), "steps": 500}
    found = run(Function(network), variables(3, 1), "integrated_gradients", **given)
    np.testing.assert_allclose(found.flatten(), [1.5, -0.5], atol=0.01)


def test_what_saturates_has_no_gradient_but_a_share() -> None:
    engine = xw.Engine(Function(lambda v: 1 - F.relu(1 - v[0])))
    at = variables(2, 0)
    assert engine.explain(at, "saliency", target=0).values.flatten().tolist() == [0, 0]
    for method in ("integrated_gradients", "guided_ig"):
        values = engine.explain(at, method, target=0, steps=400).values
        np.testing.assert_allclose(values.flatten(), [1, 0], atol=0.01)


@pytest.mark.parametrize("rule", ["gauss_legendre", "riemann", "trapezoid"])
def test_quadratures_integrate(rule: str) -> None:
    for steps in (2, 3, 20, 51):
        places, weights = map(np.array, quadrature(rule, steps))
        assert len(places) == len(weights) == steps
        assert weights.sum() == pytest.approx(1, abs=1e-12)
        error = abs((weights * np.exp(places)).sum() - (np.e - 1))
        allowed = {"gauss_legendre": 1e-3 if steps < 3 else 2e-5, "riemann": 1 / steps}
        assert error < allowed.get(rule, 0.2 / (steps - 1) ** 2)


def test_orders_are_complete_and_spread() -> None:
    for count in (1, 2, 3, 7, 8, 50):
        assert sorted(spread(count)) == list(range(count))
    first = sorted(spread(50)[:8])
    assert max(np.diff(first)) <= 8
    assert first[0] < 8
    assert first[-1] > 41


@pytest.mark.parametrize("baseline", ["zero", "mean", "blur", "noise", "several"])
def test_integrated_gradients_are_complete(smooth: nn.Module, x: Tensor, baseline: str) -> None:
    values = run(smooth, x, "integrated_gradients", baseline=baseline, seed=4)
    starts = path_baselines(x, baseline, torch.Generator().manual_seed(4))
    with torch.no_grad():
        rise = smooth(x) - torch.stack([smooth(start) for start in starts]).mean(0)
    torch.testing.assert_close(values.sum((1, 2, 3)), rise[:, 3], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("method", ["guided_ig", "blur_ig"])
def test_other_paths_are_nearly_complete(smooth: nn.Module, x: Tensor, method: str) -> None:
    values = run(smooth, x, method, steps=400)
    start = torch.zeros_like(x) if method == "guided_ig" else Blur(x)(50)
    with torch.no_grad():
        rise = (smooth(x) - smooth(start))[:, 3]
    assert ((values.sum((1, 2, 3)) - rise).abs() < 0.01 * rise.abs()).all()


@pytest.mark.parametrize("method", ["integrated_gradients", "guided_ig", "blur_ig"])
def test_the_completeness_gap_is_reported(smooth: nn.Module, x: Tensor, method: str) -> None:
    engine = xw.Engine(copy.deepcopy(smooth).float())
    baseline = {} if method == "blur_ig" else {"baseline": "mean"}
    first, second = engine.explain_batch(list(x.float()), method, targets=3, steps=6, **baseline)
    for found, picture in ((first, x[:1].float()), (second, x[1:].float())):
        start = Blur(picture)(50) if method == "blur_ig" else baseline_like(picture, "mean")
        with torch.no_grad():
            rise = float((engine.model(picture) - engine.model(start))[0, 3])
        gap = float(found.values.sum(dtype=np.float64)) - rise
        assert found.completeness_gap == pytest.approx(gap, abs=1e-6)
    steps = list(engine.stream(x[0].float(), method, target=3, steps=40, **baseline))
    assert [step.attribution.completeness_gap is None for step in steps][-2:] == [True, False]
    assert engine.explain(x[0].float(), "saliency").completeness_gap is None


@pytest.mark.parametrize("method", ["integrated_gradients", "guided_ig", "blur_ig"])
def test_on_a_linear_network_paths_are_exact(method: str, x: Tensor) -> None:
    linear = seeded(nn.Sequential(nn.Flatten(), nn.Linear(3 * 14 * 10, CLASSES))).double()
    weight = linear[1].weight[3].detach().view(3, 14, 10)
    start = Blur(x)(50) if method == "blur_ig" else torch.zeros_like(x)
    values = run(linear, x, method, steps=7)
    torch.testing.assert_close(values, weight * (x - start), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("ours", "theirs", "tolerance"),
    [("gauss_legendre", "gausslegendre", 1e-9), ("riemann", "riemann_right", 1e-9)],
)
def test_integrated_gradients_against_captum(
    smooth: nn.Module, x: Tensor, ours: str, theirs: str, tolerance: float
) -> None:
    for baseline in ("zero", "mean", "blur"):
        oracle = attr.IntegratedGradients(smooth).attribute(
            x, baseline_like(x, baseline).contiguous(), target=3, n_steps=20, method=theirs
        )
        found = run(smooth, x, "integrated_gradients", steps=20, rule=ours, baseline=baseline)
        torch.testing.assert_close(found, oracle, rtol=tolerance, atol=tolerance)


def test_integrated_gradients_point_by_point(smooth: nn.Module, x: Tensor) -> None:
    slow = torch.zeros_like(x)
    for i in range(9):
        at = (x * i / 8).requires_grad_(True)
        (gradient,) = torch.autograd.grad(smooth(at)[:, 3].sum(), at)
        slow += x * gradient / 8 * (0.5 if i in (0, 8) else 1)
    found = run(smooth, x, "integrated_gradients", steps=9, rule="trapezoid")
    torch.testing.assert_close(found, slow, rtol=1e-9, atol=1e-12)


def slow_guided(model: nn.Module, x: Tensor, steps: int, fraction: float, stray: float) -> Tensor:
    """Algorithm 1 of Kapishnikov et al. for one picture and a baseline of zeros, value by value."""
    end = x.flatten().tolist()
    here, total = [0.0] * len(end), [0.0] * len(end)
    for step in range(1, steps + 1):
        at = torch.tensor(here, dtype=x.dtype).view_as(x).requires_grad_(True)
        (gradient,) = torch.autograd.grad(model(at)[:, 3].sum(), at)
        g, before, alpha = gradient.flatten().tolist(), list(here), step / steps
        top = [min(alpha + stray, 1) * v for v in end]
        for i, v in enumerate(end):
            if abs(here[i]) < abs(max(alpha - stray, 0) * v):
                here[i] = max(alpha - stray, 0) * v
        left = (1 - alpha) * sum(map(abs, end))
        while sum(abs(a - b) for a, b in zip(end, here, strict=True)) > left + 1e-10:
            movable = sorted(
                (abs(g[i]), i) for i in range(len(end)) if abs(here[i] - top[i]) > 1e-12
            )
            if not movable:
                break
            highest = movable[min(int(fraction * (len(end) - 1)), len(movable) - 1)][0]
            chosen = [i for size, i in movable if size <= highest]
            gain = sum(abs(top[i] - here[i]) for i in chosen)
            surplus = sum(abs(a - b) for a, b in zip(end, here, strict=True)) - left
            for i in chosen:
                here[i] += (top[i] - here[i]) * min(surplus / gain, 1)
        total = [t + gi * (a - b) for t, gi, a, b in zip(total, g, here, before, strict=True)]
    return torch.tensor(total, dtype=x.dtype).view_as(x)


def test_guided_ig_value_by_value(smooth: nn.Module, x: Tensor) -> None:
    found = run(smooth, x, "guided_ig", steps=8, fraction=0.2, stray=0.1)
    for n in range(2):
        slow = slow_guided(smooth, x[n : n + 1], 8, 0.2, 0.1)
        torch.testing.assert_close(found[n : n + 1], slow, rtol=1e-6, atol=1e-9)


def test_blurs_are_gaussian_filters(x: Tensor) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    for sigma in (1.0, 2.5, 10.0):
        oracle = ndimage.gaussian_filter(
            x.numpy(), (0, 0, sigma, sigma), mode="reflect", truncate=8
        )
        np.testing.assert_allclose(Blur(x)(sigma), oracle, atol=5e-3 if sigma == 1 else 1e-6)
    torch.testing.assert_close(Blur(x)(0), x)


def test_blur_ig_by_the_derivative_of_the_blur(smooth: nn.Module, x: Tensor) -> None:
    """Equation 3: the integral over σ of gradient times ∂x/∂σ, by fine differences."""
    blur, step = Blur(x), 1e-4
    slow = torch.zeros_like(x)
    edges = [50 * (i / 150) ** 2 for i in range(151)]
    for low, high in itertools.pairwise(edges):
        sigma = (low + high) / 2
        at = blur(sigma).requires_grad_(True)
        (gradient,) = torch.autograd.grad(smooth(at)[:, 3].sum(), at)
        slow -= gradient * (blur(sigma + step) - blur(sigma - step)) / (2 * step) * (high - low)
    found = run(smooth, x, "blur_ig", steps=150)
    assert (found - slow).abs().max() < 1e-3 * slow.abs().max()
