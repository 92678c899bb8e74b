"""Methods that average over noise: identities, plain versions of their formulas, captum."""

from __future__ import annotations

from unittest import mock

import pytest
import torch
from captum import attr
from torch import Tensor, nn

from tests.methods.smooth import CLASS, Function, Smooth, run
from tests.networks import CLASSES, Gelu, cnn, picture, seeded
from xai_widgets.baselines import noise_like, noise_picture
from xai_widgets.errors import ExplanationError
from xai_widgets.targets import Target

NOISY = ["smooth_grad", "var_grad", "squared_smooth_grad"]


@pytest.fixture(scope="module")
def x() -> Tensor:
    return torch.cat([picture(seed=0), 2 * picture(seed=1)]).double()


def noises(x: Tensor, sigma: float, samples: int, seed: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    spread = sigma * (x.amax((1, 2, 3)) - x.amin((1, 2, 3)))[:, None, None, None]
    return [spread * noise_like(x, generator) for _ in range(samples)]


def gradient(model: nn.Module, x: Tensor) -> Tensor:
    x = x.detach().requires_grad_(True)
    return torch.autograd.grad(model(x)[:, 3].sum(), x)[0]


def test_on_a_linear_network_smoothing_changes_nothing(x: Tensor) -> None:
    linear = seeded(nn.Sequential(nn.Flatten(), nn.Linear(768, CLASSES))).double()
    weight = linear[1].weight[3].detach().view(3, 16, 16).expand_as(x)
    torch.testing.assert_close(run(linear, x, "smooth_grad"), weight)
    torch.testing.assert_close(run(linear, x, "squared_smooth_grad"), weight**2)
    assert run(linear, x, "var_grad").abs().max() < 1e-25


def test_on_a_quadratic_network_moments_are_known(x: Tensor) -> None:
    """y = Σ x² / 2 has gradient x: mean x, variance σ² range², second moment their sum."""
    quadratic, sigma, samples = Function(lambda v: (v**2).sum(0) / 2), 0.1, 400
    x = x[:1]
    scale = sigma * float(x.max() - x.min())
    target = Target(0, "y")
    given = {"samples": samples, "sigma": sigma}
    mean = run(quadratic, x, "smooth_grad", target, **given)
    variance = run(quadratic, x, "var_grad", target, **given)
    second = run(quadratic, x, "squared_smooth_grad", target, **given)
    assert float((mean - x).std()) == pytest.approx(scale / samples**0.5, rel=0.1)
    assert float(variance.mean()) == pytest.approx(scale**2 * (1 - 1 / samples), rel=0.02)
    torch.testing.assert_close(second, mean**2 + variance)


@pytest.mark.parametrize("base", ["saliency", "input_x_gradient"])
def test_sample_by_sample(x: Tensor, base: str) -> None:
    model = seeded(Smooth()).double()
    found = []
    for noise in noises(x, 0.2, 11, seed=5):
        g = gradient(model, x + noise)
        found.append(g * (x + noise) if base == "input_x_gradient" else g)
    slow = torch.stack(found)
    expected = [slow.mean(0), slow.var(0, correction=0), slow.square().mean(0)]
    for method, values in zip(NOISY, expected, strict=True):
        ours = run(model, x, method, samples=11, sigma=0.2, base=base, seed=5)
        torch.testing.assert_close(ours, values, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("method", "kind"), list(zip(NOISY, ["smoothgrad", "vargrad", "smoothgrad_sq"], strict=True))
)
def test_against_captum_with_the_same_noise(x: Tensor, method: str, kind: str) -> None:
    model = cnn().double()
    x = x[:1]
    noise = torch.cat(noises(x, 0.15, 10, seed=1))
    tunnel = attr.NoiseTunnel(attr.Saliency(model))
    with mock.patch("torch.normal", return_value=noise):
        theirs = tunnel.attribute(
            x.clone(), nt_type=kind, nt_samples=10, stdevs=1.0, target=3, abs=False
        )
    ours = run(model, x, method, samples=10, sigma=0.15, seed=1)
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.filterwarnings("ignore:Setting backward hooks on ReLU")
def test_over_guided_backpropagation(x: Tensor) -> None:
    model = nn.Sequential(
        nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Conv2d(6, 6, 3), nn.ReLU(), nn.Flatten(),
        nn.Linear(6 * 144, CLASSES),
    )  # fmt: skip
    model = seeded(model).double()
    oracle = attr.GuidedBackprop(model)
    slow = [oracle.attribute(x + noise, 3) for noise in noises(x, 0.15, 6, seed=0)]
    ours = run(model, x, "smooth_grad", samples=6, base="guided_backprop")
    torch.testing.assert_close(ours, torch.stack(slow).mean(0), rtol=1e-9, atol=1e-12)
    with pytest.raises(ExplanationError, match="the guided rule changes how rectifiers"):
        run(seeded(Gelu()), x, "smooth_grad", base="guided_backprop")


def test_without_noise_it_is_the_gradient(x: Tensor) -> None:
    model = cnn().double()
    for base, method in (("saliency", "saliency"), ("guided_backprop", "guided_backprop")):
        smooth = run(model, x, "smooth_grad", samples=3, sigma=0.0, base=base)
        torch.testing.assert_close(smooth, run(model, x, method))


def test_expected_gradients_are_complete_on_average(x: Tensor) -> None:
    model = seeded(Smooth()).double()
    values = run(model, x, "gradient_shap", samples=400, baseline="zero")
    with torch.no_grad():
        rise = (model(x) - model(torch.zeros_like(x)))[:, 3]
    torch.testing.assert_close(values.sum((1, 2, 3)), rise, rtol=2e-3, atol=2e-3)
    exact = run(model, x, "integrated_gradients")
    assert (values - exact).abs().max() < 0.02 * exact.abs().max()


def test_expected_gradients_against_captum_in_expectation(x: Tensor) -> None:
    model = seeded(Smooth()).double()
    x = x[:1]
    generator = torch.Generator().manual_seed(9)
    starts = torch.cat([noise_picture(x, generator) for _ in range(200)])
    torch.manual_seed(0)
    theirs = attr.GradientShap(model).attribute(x, starts, n_samples=500, stdevs=0.0, target=3)
    ours = run(model, x, "gradient_shap", samples=500, baseline="noise")
    error = (ours - theirs).abs().mean() / theirs.abs().mean()
    assert error < 0.15
    assert float(torch.corrcoef(torch.stack([ours.flatten(), theirs.flatten()]))[0, 1]) > 0.98
    assert run(model, x, "gradient_shap", CLASS, samples=4).shape == x.shape
