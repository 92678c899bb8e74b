"""Measures of the map itself, by hand: averages, localisation, sparseness, similarity."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

import xai_widgets as xw
from tests.metrics.linear import SIZE, input_of, linear_engine, softmax
from xai_widgets import metrics

# ------------------------------------------------------------------ averages


def by_hand(engine: xw.Engine, x: torch.Tensor, mask: np.ndarray, target: int) -> tuple:
    w = engine.model.head.weight.detach().numpy()
    b = engine.model.head.bias.detach().numpy()
    image = x[0].double().numpy()
    p = softmax(w @ image.ravel() + b)[target]
    o = softmax(w @ (image * mask).ravel() + b)[target]
    return max(p - o, 0) / p, max(o - p, 0) / (1 - p), float(o > p)


@pytest.mark.parametrize("target", [0, 1, 2])
@pytest.mark.parametrize("seed", range(4))
def test_averages_on_a_linear_network(target: int, seed: int) -> None:
    engine, x = linear_engine(1), input_of(1)
    heat = np.random.default_rng(seed).normal(size=SIZE)
    mask = (heat - heat.min()) / (heat.max() - heat.min())
    measures = (metrics.average_drop, metrics.average_gain, metrics.average_increase)
    ours = [measure(engine, x, heat, target=target) for measure in measures]
    np.testing.assert_allclose(ours, by_hand(engine, x, mask, target), rtol=1e-4, atol=1e-7)


def test_both_ways_occur() -> None:
    engine, x = linear_engine(1), input_of(1)
    heats = [np.random.default_rng(seed).normal(size=SIZE) for seed in range(4)]
    increases = {metrics.average_increase(engine, x, h, target=t) for h in heats for t in range(3)}
    assert increases == {0.0, 1.0}


def test_a_flat_map_masks_nothing_and_one_forward_serves_three() -> None:
    engine, x = linear_engine(1), input_of(1)
    assert metrics.average_drop(engine, x, np.full(SIZE, 3.0)) == 0
    memo: dict = {}
    heat = np.random.default_rng(0).normal(size=SIZE)
    first = metrics.average_drop(engine, x, heat, memo=memo)
    engine.internals.probabilities = None  # type: ignore[assignment, method-assign]  # not asked again
    assert metrics.average_drop(engine, x, heat, memo=memo) == first
    metrics.average_gain(engine, x, heat, memo=memo)


def test_the_mask_is_scaled_at_the_maps_own_size_and_then_enlarged() -> None:
    engine, x = linear_engine(1), input_of(1)
    grid = np.array([[1.0, 5.0], [-3.0, 2.0]])
    unit = torch.from_numpy((grid + 3) / 8)[None, None]
    mask = torch.nn.functional.interpolate(unit, SIZE, mode="bilinear")[0, 0].numpy()
    ours = metrics.average_drop(engine, x, grid, target=1)
    assert ours == pytest.approx(by_hand(engine, x, mask, 1)[0], rel=1e-4, abs=1e-7)


# -------------------------------------------------------------- localisation

MAP = np.array([[0.0, 1.0, 2.0], [-4.0, 3.0, 0.0], [1.0, 0.0, 0.0]])
MASK = np.array([[False, False, True], [True, True, False], [False, False, False]])


def test_relevance_mass_and_rank_by_hand() -> None:
    assert metrics.relevance_mass(MAP, MASK) == pytest.approx(5 / 7)
    assert metrics.relevance_rank(MAP, MASK) == pytest.approx((2 + 0) / 3)  # top 3: 3, 2 and a 1
    assert metrics.relevance_rank(MAP, MAP > 0) == 1
    assert np.isnan(metrics.relevance_mass(-np.abs(MAP), MASK))
    assert metrics.relevance_rank(np.ones((3, 3)), MASK) == pytest.approx(1 / 3)
    tie = np.array([[False, True, False], [False, False, False], [True, False, False]])
    assert metrics.relevance_rank(MAP, tie) == 0
    three = np.array([[False, True, True], [False, True, False], [False, False, False]])
    # Two 1s share the third place; one of them is in the mask.
    assert metrics.relevance_rank(MAP, three) == pytest.approx((2 + 0.5) / 3)


def test_pointing_game() -> None:
    far = np.zeros((40, 40), dtype=bool)
    far[0, 0] = True
    heat = np.zeros((40, 40))
    heat[9, 12] = 1  # 15 pixels away
    assert metrics.pointing_game(heat, far) == 1
    assert metrics.pointing_game(heat, far, tolerance=14.9) == 0
    assert metrics.pointing_game(heat, far, tolerance=0) == 0
    assert metrics.pointing_game(heat, heat > 0, tolerance=0) == 1
    heat[0, 0] = 1  # two maxima, one of them inside
    assert metrics.pointing_game(heat, far, tolerance=0) == 0.5
    assert metrics.pointing_game(np.zeros((3, 3)), MASK, tolerance=0) == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (MASK.astype(float), r"mask is float64 of shape \(3, 3\); expected bool .* mask > 0"),
        (np.zeros((3, 3), bool), "mask holds no pixel"),
        (np.ones(3, bool), r"shape \(3,\)"),
    ],
)
def test_bad_masks(mask: np.ndarray, said: str) -> None:
    for measure in (metrics.pointing_game, metrics.relevance_mass, metrics.relevance_rank):
        with pytest.raises(xw.ExplanationError, match=said):
            measure(MAP, mask)


def test_a_mask_of_another_size_than_the_picture() -> None:
    engine, x = linear_engine(), input_of()
    attribution = engine.explain(x, "saliency")
    with pytest.raises(xw.ExplanationError, match="mask is 3 x 3; expected 6 x 5"):
        metrics.relevance_mass(attribution, MASK)
    with pytest.raises(xw.ExplanationError, match="tolerance is -1"):
        metrics.pointing_game(MAP, MASK, tolerance=-1)


# ---------------------------------------------------------------- complexity


def test_sparseness_by_hand() -> None:
    a = np.array([[1.0, -3.0], [0.0, 4.0]])
    pairs = sum(abs(abs(p) - abs(q)) for p in a.flat for q in a.flat)
    assert metrics.sparseness(a) == pytest.approx(
        pairs / (2 * 16 * 2.0)
    )  # half the mean difference
    assert metrics.sparseness(np.ones((4, 4))) == pytest.approx(0)
    one = np.zeros((4, 4))
    one[1, 2] = -7
    assert metrics.sparseness(one) == pytest.approx(15 / 16)
    assert np.isnan(metrics.sparseness(np.zeros((2, 2))))


def test_complexity_by_hand() -> None:
    a = np.array([[1.0, -3.0], [0.0, 4.0]])
    entropy = -sum(p * math.log(p) for p in (1 / 8, 3 / 8, 4 / 8))
    assert metrics.complexity(a) == pytest.approx(entropy)
    assert metrics.complexity(np.ones((4, 4))) == pytest.approx(math.log(16))
    one = np.zeros((4, 4))
    one[1, 2] = -7
    assert metrics.complexity(one) == 0
    assert np.isnan(metrics.complexity(np.zeros((2, 2))))


# ---------------------------------------------------------------- similarity


def slow_ranks(values: np.ndarray) -> list[float]:
    """1 + how many are smaller + half of how many others are equal."""
    flat = values.ravel()
    return [1 + float((flat < v).sum() + ((flat == v).sum() - 1) / 2) for v in flat]


@pytest.mark.parametrize("levels", [3, 10**9])
def test_spearman_by_its_definition(levels: int) -> None:
    rng = np.random.default_rng(0)
    a = rng.integers(0, levels, (9, 11))
    b = a + rng.integers(0, levels, (9, 11))
    wanted = np.corrcoef(slow_ranks(a), slow_ranks(b))[0, 1]
    assert metrics.spearman(a, b) == pytest.approx(wanted, abs=1e-12)
    assert metrics.spearman(a, np.exp(a / levels)) == pytest.approx(1)
    assert np.isnan(metrics.spearman(a, np.zeros((9, 11))))


def slow_ssim(a: np.ndarray, b: np.ndarray, side: int) -> float:
    """Wang et al.'s equation 13, window by window, unbiased."""
    values = []
    for r in range(a.shape[0] - side + 1):
        for c in range(a.shape[1] - side + 1):
            p, q = (m[r : r + side, c : c + side].ravel() for m in (a, b))
            (vp, vpq), (_, vq) = np.cov(p, q) if side > 1 else np.zeros((2, 2))
            c1, c2 = 0.01**2, 0.03**2
            top = (2 * p.mean() * q.mean() + c1) * (2 * vpq + c2)
            values.append(top / ((p.mean() ** 2 + q.mean() ** 2 + c1) * (vp + vq + c2)))
    return float(np.mean(values))


@pytest.mark.parametrize("shape", [(7, 7), (16, 12), (40, 33), (4, 9), (2, 2), (1, 5)])
def test_ssim_window_by_window(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    a = rng.normal(size=shape)
    b = a + rng.normal(size=shape)
    one, two = ((m - m.min()) / (m.max() - m.min()) for m in (a, b))
    side = {4: 3, 2: 1, 1: 1}.get(min(shape), 7)
    assert metrics.ssim(a, b) == pytest.approx(slow_ssim(one, two, side), abs=1e-10)
    assert metrics.ssim(a, 5 * a - 2) == pytest.approx(1)


def test_maps_of_unequal_shape() -> None:
    for measure in (metrics.spearman, metrics.ssim):
        with pytest.raises(xw.ExplanationError, match=r"\(3, 3\) and \(2, 2\)"):
            measure(np.ones((3, 3)), np.ones((2, 2)))


def test_random_maps_are_their_pictures_and_seeds() -> None:
    engine, x = linear_engine(), input_of()
    target = engine.internals.resolve_target(x, 0)
    one, two = engine.picture(x), engine.picture(input_of(seed=1))
    a = metrics.random_map(one, target).values
    np.testing.assert_array_equal(a, metrics.random_map(one, target).values)
    assert not np.array_equal(a, metrics.random_map(two, target).values)
    assert not np.array_equal(a, metrics.random_map(one, target, seed=1).values)
    assert 0 <= a.min() < a.max() < 1


# ---------------------------------------------------------------- smoothness


def test_total_variation_of_maps_that_are_known() -> None:
    assert metrics.total_variation(np.full((4, 5), -2.0)) == 0
    step = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0]])
    assert metrics.total_variation(step) == 2 / 4
    assert metrics.total_variation(3 * step) == 2 / 4  # not of the values' size
    board = np.indices((8, 8)).sum(0) % 2 * 2.0 - 1
    assert metrics.total_variation(board) == 2 * (2 * 8 * 7) / 64
    assert math.isnan(metrics.total_variation(np.zeros((2, 2))))


def test_cosine_of_vectors_that_are_known() -> None:
    a = np.array([[[1.0, 0.0]], [[0.0, 1.0]]])
    assert metrics.cosine(a, 5 * a) == pytest.approx(1)
    assert metrics.cosine(a, -a) == pytest.approx(-1)
    assert metrics.cosine(a, np.array([[[1.0, 0.0]], [[0.0, -1.0]]])) == 0  # channels are kept
    assert math.isnan(metrics.cosine(a, 0 * a))
    with pytest.raises(xw.ExplanationError, match="expected the same"):
        metrics.cosine(a, a[0])


def test_noise_is_what_smooth_grad_draws() -> None:
    engine = xw.Engine(nn.Sequential(nn.Flatten(), nn.Linear(48, 2)))
    picture = engine.picture(torch.linspace(0, 2, 48).view(1, 3, 4, 4))
    found = metrics.noisy(engine, picture, 0.25, seed=3)
    noise = torch.randn((3, 4, 4), generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(found.input, picture.input + 0.25 * 2 * noise)
    assert found.digest != picture.digest
    assert metrics.noisy(engine, picture, 0) is picture
    with pytest.raises(xw.ExplanationError, match="sigma is -1"):
        metrics.noisy(engine, picture, -1)
