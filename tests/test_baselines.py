"""The baselines, which methods, measures and the brush share."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import xai_widgets as xw
from tests.networks import cnn, picture
from xai_widgets import metrics
from xai_widgets.baselines import BASELINES, baseline_like, gaussian_blur, path_baselines


def slow_blur(x: np.ndarray, sigma: float) -> np.ndarray:
    """Σ exp(−d² / 2σ²) x over the pixels up to 3σ away in both directions, edges repeated."""
    radius = int(3 * sigma + 0.5)
    away = range(-radius, radius + 1)
    height, width = x.shape[-2:]
    blurred, total = np.zeros_like(x), 0.0
    for down in away:
        for across in away:
            rows = np.clip(np.arange(height) + down, 0, height - 1)
            columns = np.clip(np.arange(width) + across, 0, width - 1)
            weight = np.exp(-(down**2 + across**2) / (2 * sigma**2))
            blurred += weight * x[..., rows[:, None], columns]
            total += weight
    return blurred / total


@pytest.mark.parametrize("sigma", [0.8, 2.4, 9.0])
def test_the_blur_pixel_by_pixel(sigma: float) -> None:
    x = torch.randn(2, 3, 14, 11, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    blurred = gaussian_blur(x, sigma)
    np.testing.assert_allclose(blurred, slow_blur(x.numpy(), sigma), rtol=1e-9, atol=1e-12)
    assert gaussian_blur(x.bfloat16(), sigma).dtype == torch.bfloat16


def test_what_each_kind_is() -> None:
    x = torch.rand(2, 3, 20, 30, generator=torch.Generator().manual_seed(0))
    assert torch.equal(baseline_like(x, "zero"), torch.zeros_like(x))
    black = baseline_like(x, "black", (-2.0, 0.5, 1.0))
    assert torch.equal(black, torch.tensor([-2, 0.5, 1])[:, None, None].expand_as(x))
    assert torch.equal(black, baseline_like(x, "black", torch.tensor([-2, 0.5, 1])))
    mean = baseline_like(x, "mean")
    torch.testing.assert_close(mean[1, 2], torch.full((20, 30), float(x[1, 2].mean())))
    assert torch.equal(baseline_like(x, "blur"), gaussian_blur(x, 1.0))  # a twentieth of 20
    assert torch.equal(baseline_like(x, "blur", sigma=3.0), gaussian_blur(x, 3.0))


@pytest.mark.parametrize("kind", BASELINES)
def test_methods_and_measures_take_pixels_away_in_one_way(kind: str) -> None:
    """A cover as large as the picture makes the same input as all pixels deleted."""
    engine, x = xw.Engine(cnn()), picture().sigmoid()
    given = {"window": 16, "stride": 16, "baseline": kind}
    fall = engine.explain(x, "occlusion", target=1, **given).values[0, 0, 0]
    curve = metrics.deletion(engine, x, np.ones((16, 16)), target=1, steps=1, baseline=kind)
    gone = metrics.baseline_input(engine.picture(x), kind)  # type: ignore[arg-type]  # a Baseline
    assert torch.equal(curve.at(-1), gone)
    target = engine.internals.resolve_target(x, 1)
    change = engine.internals.scores(x, target) - engine.internals.scores(gone, target)
    assert float(fall) == pytest.approx(float(change), rel=1e-5)


def test_several_are_one_of_each() -> None:
    x = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    starts = path_baselines(x, "several", torch.Generator().manual_seed(1))
    assert len(starts) == 4
    for start, kind in zip(starts, ("zero", "mean", "blur"), strict=False):
        assert torch.equal(start, baseline_like(x, kind))  # type: ignore[arg-type]  # a Baseline


def test_bad_requests_say_what_was_expected() -> None:
    x = torch.zeros(1, 3, 8, 8)
    with pytest.raises(xw.ExplanationError, match="expected one of zero, black, mean, blur"):
        baseline_like(x, "blurr")  # type: ignore[arg-type]  # the point of the test
    with pytest.raises(xw.ExplanationError, match="what black is"):
        baseline_like(x, "black")
