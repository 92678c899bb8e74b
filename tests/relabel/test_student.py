"""The student: its loss against a plain one, its solution against another solver."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from torch import Tensor

from xai_widgets.relabel.student import (
    DECAYS,
    Objective,
    _chosen_decay,
    _Problem,
    accuracy_and_r2,
    fit,
    solve,
)

Arrays = tuple[Tensor, Tensor, Tensor]


def data(count: int, width: int, seed: int = 0) -> Arrays:
    """Features, soft labels and hard labels of a noisy linear rule."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, width, generator=generator, dtype=torch.float64)
    w = torch.randn(width, generator=generator, dtype=torch.float64)
    noise = torch.randn(count, generator=generator, dtype=torch.float64)
    margin = 2 * (x @ w) / width**0.5 + 0.5 * noise - 0.3
    return x, margin.sigmoid(), (margin > 0).double()


def plain_loss(margin: float, soft: float, hard: float, alpha: float, temperature: float) -> float:
    """α T² KL(p ‖ student_T) + (1 − α) CE(h) of one neighbour, written out with two logits."""
    logits = (margin / 2, -margin / 2)

    def softmax(t: float) -> list[float]:
        e = [math.exp(logit / t) for logit in logits]
        return [value / sum(e) for value in e]

    student = softmax(temperature)
    kl = sum(p * math.log(p / q) for p, q in zip((soft, 1 - soft), student, strict=True))
    ce = -math.log(softmax(1.0)[0 if hard else 1])
    return alpha * temperature**2 * kl + (1 - alpha) * ce


def mean_loss(objective: Objective, margin: Tensor, soft: Tensor, hard: Tensor) -> float:
    """Its mean over neighbours, both classes weighing the same."""
    losses = [
        plain_loss(m, p, h, objective.alpha, objective.temperature)
        for m, p, h in zip(margin.tolist(), soft.tolist(), hard.tolist(), strict=True)
    ]
    return float(np.mean(objective.weights(hard).numpy() * losses))


@pytest.mark.parametrize(("alpha", "temperature"), [(0.0, 1.0), (1.0, 4.0), (0.3, 2.0)])
def test_the_loss_is_the_one_written_out(alpha: float, temperature: float) -> None:
    margin = torch.tensor([-2.0, 0.1, 3.0, 0.7], dtype=torch.float64)
    soft = torch.tensor([0.2, 0.6, 0.9, 0.35], dtype=torch.float64)
    hard = torch.tensor([0.0, 1.0, 1.0, 0.0], dtype=torch.float64)
    objective = Objective(alpha, temperature)
    weights = objective.weights(hard) / len(hard)
    arrays = [values.numpy() for values in (margin[:, None], soft, hard, weights[None])]
    ((found,), *_) = _Problem(*arrays, objective, 0.0).at(np.array([[1.0, 0.0]]))
    entropy = -(soft * soft.log() + (1 - soft) * (1 - soft).log())  # is left out: it is constant
    found -= alpha * temperature**2 * float((weights * entropy).sum())
    assert found == pytest.approx(mean_loss(objective, margin, soft, hard), rel=1e-9)


def test_both_classes_weigh_the_same() -> None:
    hard = torch.tensor([1.0, 1.0, 1.0, 0.0], dtype=torch.float64)
    weights = Objective().weights(hard)
    assert weights[:3].sum() == pytest.approx(float(weights[3:].sum()))
    assert float(weights.mean()) == pytest.approx(1)
    assert Objective(balanced=False).weights(hard).tolist() == [1] * 4
    assert Objective().weights(torch.ones(3)).tolist() == [1] * 3


@pytest.mark.parametrize(("alpha", "temperature"), [(0.0, 1.0), (1.0, 4.0), (0.5, 2.0)])
@pytest.mark.parametrize("decay", [1e-3, 1.0])
def test_the_minimum_is_the_one_another_solver_finds(
    alpha: float, temperature: float, decay: float
) -> None:
    x, soft, hard = data(60, 7)
    objective = Objective(alpha, temperature)
    found = solve(x, soft, hard, x.square().mean(0), objective, decay)[0].numpy()

    def value(v: np.ndarray) -> float:
        margin = x @ torch.from_numpy(v[:-1]) + v[-1]
        return mean_loss(objective, margin, soft, hard) + decay / 2 * float(v[:-1] @ v[:-1])

    other = minimize(value, np.zeros(8), method="BFGS", options={"gtol": 1e-7})
    np.testing.assert_allclose(found, other.x, rtol=1e-4, atol=1e-5)
    assert value(found) <= other.fun + 1e-10


def test_where_it_starts_makes_no_difference() -> None:
    x, soft, hard = data(50, 6)
    given = x, soft, hard, x.square().mean(0), Objective(), 0.01
    start = torch.tensor([[3.0] * 6 + [-4.0]], dtype=torch.float64)
    torch.testing.assert_close(solve(*given, start=start), solve(*given), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("width", [6, 150])
def test_problems_solved_at_once_are_those_solved_alone(width: int) -> None:
    """Of different parts, and lengths, where one is done before the other."""
    x, soft, hard = data(240, width)
    power = x.square().mean(0)
    parts = torch.stack([torch.arange(240) % 3 != 0, torch.arange(240) < 40])
    weights = torch.zeros(2, 240, dtype=torch.float64)
    for row, part in zip(weights, parts, strict=True):
        row[part] = Objective().weights(hard[part]) / part.sum()
    at_once = solve(x, soft, hard, power, Objective(), 0.02, weights=weights)
    for found, part in zip(at_once, parts, strict=True):
        (alone,) = solve(x[part], soft[part], hard[part], power, Objective(), 0.02)
        torch.testing.assert_close(found, alone, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("width", [5, 200])
def test_fitting_in_principal_coordinates_is_fitting_the_features(width: int) -> None:
    """Also with more features than neighbours, where the solution is a sum of neighbours."""
    x, soft, hard = data(80, width)
    x = x * torch.linspace(0.5, 2, width) + 3
    found = fit(x, soft, hard, Objective(), decay=0.01)
    train = torch.arange(80) % 5 != 4
    known = x[train]
    spread = known.var(0, correction=0)
    deviation = (spread + 0.01 * spread.mean()).sqrt()
    standard = (known - known.mean(0)) / deviation
    power = standard.square().mean(0)
    decay = 0.01 * float(power.sum())
    (student,) = solve(standard, soft[train], hard[train], power, Objective(), decay)
    d, b = student[:-1], student[-1]
    np.testing.assert_allclose(found.d, d / deviation, rtol=1e-4, atol=1e-7)
    margins = (x - known.mean(0)) / deviation @ d + b
    np.testing.assert_allclose(found.margins, margins, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found.margins, x @ found.d + found.b, rtol=1e-6, atol=1e-8)
    assert (found.accuracy, found.soft_r2) == pytest.approx(
        accuracy_and_r2(margins[~train], soft[~train], hard[~train], Objective().temperature),
        abs=1e-4,
    )


def test_the_penalty_is_chosen_by_what_was_not_seen() -> None:
    easy = fit(*data(400, 4), Objective())
    generator = torch.Generator().manual_seed(1)
    x, soft, hard = data(100, 150)
    shuffled = torch.randperm(100, generator=generator)
    hopeless = fit(x, soft[shuffled], hard[shuffled], Objective())
    assert easy.decay < hopeless.decay
    assert {easy.decay, hopeless.decay} <= set(DECAYS)
    assert easy.accuracy > 0.85
    assert easy.soft_r2 > 0.75


@pytest.mark.parametrize("seed", range(6))
def test_the_penalty_is_the_one_of_a_plain_cross_validation(seed: int) -> None:
    """Labels of one kind are rare, and come in no order of the folds: both classes weigh the same
    in each part by itself.
    """
    x, soft, hard = data(45, 12, seed)
    soft = (soft.logit() - 2.5).sigmoid()
    hard = (soft > 0.5).double()
    hard[:6] = torch.tensor([1.0, 1.0, 0.0, 1.0, 0.0, 0.0], dtype=torch.float64)
    objective, power = Objective(), x.square().mean(0)
    losses: list[float] = []
    for decay in reversed(DECAYS):
        total = 0.0
        for fold in range(3):
            unseen = torch.arange(45) % 3 == fold
            (student,) = solve(
                x[~unseen], soft[~unseen], hard[~unseen], power, objective,
                decay * float(power.sum()), tolerance=1e-4,
            )  # fmt: skip
            margin = x[unseen] @ student[:-1] + student[-1]
            p, weights = soft[unseen], objective.weights(hard[unseen])
            entropy = -(p * p.log() + (1 - p) * (1 - p).log())  # which is constant, is left out
            constant = (
                objective.alpha * objective.temperature**2 * float((weights * entropy).mean())
            )
            total += mean_loss(objective, margin, p, hard[unseen]) + constant
        losses.append(total)
    falling = next((i for i in range(1, len(losses)) if losses[i] >= losses[i - 1]), len(losses))
    expected = list(reversed(DECAYS))[falling - 1]
    assert _chosen_decay(x, soft, hard, power, objective) == expected


def test_judging() -> None:
    margin = torch.tensor([1.0, -1, 2, 3])
    hard = torch.tensor([1.0, 1, 1, 0])
    soft = margin.sigmoid()
    accuracy, r2 = accuracy_and_r2(margin, soft, hard, 1.0)
    assert accuracy == pytest.approx((2 / 3 + 0) / 2)
    assert r2 == pytest.approx(1)
    assert math.isnan(accuracy_and_r2(margin[:3], soft[:3], hard[:3], 1.0)[0])
    assert math.isnan(accuracy_and_r2(margin, torch.full((4,), 0.5), hard, 1.0)[1])
