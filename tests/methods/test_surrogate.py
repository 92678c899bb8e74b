"""Surrogates and what they ask for: axioms, brute force, scikit-image, captum, lime."""

from __future__ import annotations

import itertools
import math
from collections import deque
from typing import Any

import numpy as np
import pytest
import torch
from captum import attr
from torch import Tensor, nn

import xai_widgets as xw
from tests.methods.smooth import CLASS, Smooth, run
from tests.networks import CLASSES, picture, seeded
from xai_widgets.errors import ExplanationError
from xai_widgets.methods import METHODS
from xai_widgets.methods.segments import grid, segments, slic
from xai_widgets.methods.surrogate import (
    all_coalitions,
    drawn_coalitions,
    lime_kernel,
    shapley_values,
)
from xai_widgets.probe.network import Network
from xai_widgets.probe.trace import Trace


@pytest.fixture(scope="module")
def smooth() -> nn.Module:
    return seeded(Smooth()).double()


@pytest.fixture(scope="module")
def x() -> Tensor:
    return torch.cat([picture(seed=0), 2 * picture(seed=1)]).double()


def by_segment(values: Tensor, x: Tensor, regions: str, count: int) -> list[list[float]]:
    """Each picture's values, one for each segment; every pixel of a segment must have it."""
    found = []
    for one, labels in zip(values, segments(x, regions, count), strict=True):
        shares = [one[:, labels == k] for k in range(int(labels.max()) + 1)]
        assert all(bool((share == share[0, 0]).all()) for share in shares)
        found.append([float(share[0, 0]) for share in shares])
    return found


def plainly(model: nn.Module, x: Tensor, labels: Tensor, shown: set[int], hidden: Tensor) -> float:
    keep = torch.tensor([[int(k) in shown for k in row] for row in labels])
    with torch.no_grad():
        return float(model(torch.where(keep, x, hidden)[None])[0, 3])


def test_a_grid_has_about_square_cells() -> None:
    labels = grid(20, 30, 6)
    assert labels.shape == (20, 30)
    assert np.bincount(labels.ravel()).tolist() == [100] * 6
    for height, width, count in itertools.product((1, 3, 17), (2, 16), (2, 5, 12, 50)):
        labels = grid(height, width, count)
        assert 1 <= labels.max() + 1 <= count
        assert set(np.unique(labels)) == set(range(labels.max() + 1))


def photograph() -> np.ndarray:
    data = pytest.importorskip("skimage.data")
    return data.astronaut().reshape(128, 4, 128, 4, 3).mean((1, 3)).transpose(2, 0, 1) / 255


@pytest.mark.parametrize("count", [2, 12, 50, 120])
def test_superpixels_are_connected_and_numbered(count: int) -> None:
    for one in (photograph(), np.random.default_rng(0).random((3, 40, 30)), np.zeros((1, 9, 9))):
        labels = slic(one, count)
        assert np.array_equal(labels, slic(one, count))
        number = labels.max() + 1
        assert 1 < number <= count
        assert set(np.unique(labels)) == set(range(number))
        assert all(connected(labels == k) for k in range(number))


def connected(member: np.ndarray) -> bool:
    places = set(zip(*np.nonzero(member), strict=True))
    queue = deque([next(iter(places))])
    places.discard(queue[0])
    while queue:
        r, c = queue.popleft()
        for beside in ((r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)):
            if beside in places:
                places.discard(beside)
                queue.append(beside)
    return not places


def test_superpixels_find_plain_shapes() -> None:
    shapes = np.zeros((3, 32, 32))
    shapes[0, :, 16:] = 1
    shapes[1, 16:, :16] = 1
    for x, count in ((shapes, 4), (np.roll(shapes, 3, axis=2), 16)):
        labels = slic(x, count)
        assert 0.65 * count < labels.max() + 1 <= count
        for k in range(labels.max() + 1):
            assert (np.ptp(x[:, labels == k], axis=1) == 0).all()


@pytest.mark.parametrize(("count", "share"), [(12, 0.8), (50, 0.7), (100, 0.7)])
def test_superpixels_follow_a_photographs_colours(count: int, share: float) -> None:
    """Three quarters of `count` or more; colours vary much less within them than within squares."""
    x = photograph()
    labels = slic(x, count)
    assert labels.max() + 1 > 0.75 * count
    assert spread_within(x, labels) < share * spread_within(x, grid(128, 128, count))


def test_superpixels_part_the_pixels_that_differ() -> None:
    """Neighbours in two segments differ more in colour than neighbours in one."""
    x = photograph()
    labels = slic(x, 100)
    step, parted = np.square(np.diff(x, axis=2)).sum(0), np.diff(labels, axis=1) != 0
    assert step[parted].mean() > 2 * step[~parted].mean()


@pytest.mark.parametrize("count", [8, 30, 50])
def test_superpixels_keep_small_objects_apart(count: int) -> None:
    """The drawn shapes, an eighth of their pictures, are unions of superpixels, about."""
    engine, overlaps = xw.demo.shapes_engine(), []
    for shape in xw.demo.shapes(24, seed=202):  # not those that the settings were chosen on
        labels = slic(engine.input(shape.pixels)[0].double().numpy(), count)
        inside = [k for k in range(labels.max() + 1) if shape.mask[labels == k].mean() > 0.5]
        union = np.isin(labels, inside)
        overlaps.append((union & shape.mask).sum() / (union | shape.mask).sum())
    assert np.mean(overlaps) > 0.85


def test_a_picture_that_stays_in_one_piece_is_cut_into_a_grid() -> None:
    flat = np.zeros((3, 64, 64))
    assert np.array_equal(slic(flat, 2), grid(64, 64, 2))


@pytest.mark.parametrize(
    ("made", "taken", "tries"),
    [
        ([95], 95, 1),
        ([100, 60], 100, 1),
        ([60, 96, 99], 96, 2),
        ([94, 130, 98, 99], 98, 3),
        ([130, 101, 70, 97], 97, 4),
    ],
)
def test_numbers_are_tried_until_nearly_as_many_superpixels_are_made(
    made: list[int], taken: int, tries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def superpixels(colours: Any, n_segments: int, **_: Any) -> np.ndarray:
        asked.append(n_segments)
        return (np.arange(400) % made[len(asked) - 1]).reshape(20, 20)

    monkeypatch.setattr("skimage.segmentation.slic", superpixels)
    assert slic(np.random.default_rng(0).random((3, 20, 20)), 100).max() + 1 == taken
    assert len(asked) == tries
    assert asked[0] == 100


def spread_within(x: np.ndarray, labels: np.ndarray) -> float:
    return sum(
        x[:, labels == k].var(axis=1).sum() * (labels == k).sum() for k in range(labels.max() + 1)
    )


def test_coalitions_are_complete_and_paired() -> None:
    for players in (1, 2, 3, 4, 7):
        rows = [tuple(row) for row in all_coalitions(players).tolist()]
        assert len(set(rows)) == len(rows) == 2**players - 2
        assert all(0 < sum(row) < players for row in rows)
        for one, other in zip(rows[::2], rows[1::2], strict=True):
            assert all(a != b for a, b in zip(one, other, strict=True))
    drawn = drawn_coalitions(9, 20001, seed=0)
    assert torch.equal(drawn[0:20000:2], ~drawn[1:20001:2])
    assert 0 < drawn.sum(1).min() <= drawn.sum(1).max() < 9
    sizes = torch.bincount(drawn.sum(1), minlength=10)[1:9] / len(drawn)
    wanted = torch.tensor([1 / (s * (9 - s)) for s in range(1, 9)])
    torch.testing.assert_close(sizes, wanted / wanted.sum(), atol=0.01, rtol=0)
    torch.testing.assert_close(
        drawn.double().mean(0), torch.full((9,), 0.5).double(), atol=0.01, rtol=0
    )


def test_shapley_values_of_known_games() -> None:
    rows = all_coalitions(3)
    # A glove game: one left glove, two right ones; a pair wins 1.
    wins = (rows[:, 0] & (rows[:, 1] | rows[:, 2])).double()
    torch.testing.assert_close(
        shapley_values(rows, wins, 0.0, 1.0), torch.tensor([4, 1, 1]).double() / 6
    )
    # Symmetry, dummy and efficiency: the third player brings nothing.
    wins = (rows[:, 0] & rows[:, 1]).double() * 6 + 2
    values = shapley_values(rows, wins, 2.0, 8.0)
    torch.testing.assert_close(values, torch.tensor([3, 3, 0]).double())


@pytest.mark.parametrize("regions", ["grid", "slic"])
def test_shapley_values_by_all_orders(smooth: nn.Module, x: Tensor, regions: str) -> None:
    values = run(smooth, x, "exact_shapley", regions=regions, count=5)
    found = by_segment(values, x, regions, 5)
    for one, labels, shares in zip(x, segments(x, regions, 5), found, strict=True):
        players, hidden = len(shares), one.mean((1, 2), keepdim=True)
        worth = {
            members: plainly(smooth, one, labels, set(members), hidden)
            for size in range(players + 1)
            for members in itertools.combinations(range(players), size)
        }
        slow = [0.0] * players
        for order in itertools.permutations(range(players)):
            for place, player in enumerate(order):
                before, after = order[:place], order[: place + 1]
                slow[player] += worth[tuple(sorted(after))] - worth[tuple(sorted(before))]
        slow = [total / math.factorial(players) for total in slow]
        np.testing.assert_allclose(shares, slow, rtol=1e-9, atol=1e-12)
        whole, nothing = worth[tuple(range(players))], worth[()]
        assert sum(shares) == pytest.approx(whole - nothing, rel=1e-9)


def test_kernel_shap_is_exact_where_all_coalitions_fit_in(smooth: nn.Module, x: Tensor) -> None:
    exact = run(smooth, x, "exact_shapley", count=6, regions="grid")
    ours = run(smooth, x, "kernel_shap", count=6, regions="grid", samples=62)
    torch.testing.assert_close(ours, exact, rtol=1e-8, atol=1e-11)


def test_drawn_kernel_shap_comes_near_and_always_adds_up(smooth: nn.Module, x: Tensor) -> None:
    exact = run(smooth, x, "exact_shapley", count=12, regions="grid")
    errors = []
    for samples in (40, 2000):
        ours = run(smooth, x, "kernel_shap", count=12, regions="grid", samples=samples)
        errors.append(float((ours - exact).abs().max() / exact.abs().max()))
        for a, b in zip(
            by_segment(ours, x, "grid", 12), by_segment(exact, x, "grid", 12), strict=True
        ):
            assert sum(a) == pytest.approx(sum(b), rel=1e-8)
    assert errors[1] < 0.02
    assert errors[1] < errors[0]


def test_on_a_linear_network_shares_are_the_segments_sums(x: Tensor) -> None:
    linear = seeded(nn.Sequential(nn.Flatten(), nn.Linear(768, CLASSES))).double()
    weight = linear[1].weight[3].detach().view(3, 16, 16)
    for n, labels in enumerate(segments(x, "slic", 9)):
        shares = torch.stack(
            [(weight * x[n])[:, labels == k].sum() for k in range(labels.max() + 1)]
        )
        for method, given in (
            ("exact_shapley", {}),
            ("kernel_shap", {"samples": 60}),
            ("feature_ablation", {}),
            ("lime", {"samples": 60, "penalty": 0.0}),
        ):
            values = run(linear, x[n : n + 1], method, count=9, baseline="zero", **given)[0, 0]
            torch.testing.assert_close(values, shares[labels], rtol=1e-7, atol=1e-9)


def test_against_captum(smooth: nn.Module, x: Tensor) -> None:
    labels = segments(x, "slic", 6)[:, None].expand_as(x)
    for n in range(2):
        one, mask = x[n : n + 1], labels[n : n + 1]
        theirs = attr.FeatureAblation(smooth).attribute(one, 0, target=3, feature_mask=mask)
        ours = run(smooth, one, "feature_ablation", count=6)
        torch.testing.assert_close(ours.expand_as(theirs), theirs, rtol=1e-9, atol=1e-12)
    one, mask = x[:1], segments(x[:1], "grid", 4)[:, None].repeat(1, 3, 1, 1)
    torch.manual_seed(0)
    theirs = attr.ShapleyValues(smooth).attribute(one, 0, target=3, feature_mask=mask)
    ours = run(smooth, one, "exact_shapley", count=4, regions="grid", baseline="zero")
    ours = ours.float().expand_as(theirs)  # it keeps float32
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("distance", ["cosine", "l2"])
def test_lime_row_by_row(smooth: nn.Module, x: Tensor, distance: str) -> None:
    """The ridge regression by its normal equations with a column of ones, sample by sample."""
    samples, players, width, penalty = 30, 6, 0.4, 0.7
    ours = run(
        smooth, x, "lime", samples=samples, regions="grid", count=players, distance=distance,
        width=width, penalty=penalty, seed=3,
    )  # fmt: skip
    drawn = torch.rand(samples, players, generator=torch.Generator().manual_seed(3)) < 0.5
    drawn[0] = True
    labels = segments(x, "grid", players)[0]
    for n, shares in enumerate(by_segment(ours, x, "grid", players)):
        left, right = np.diag([0.0] + [penalty] * players), np.zeros(players + 1)
        for row in drawn.numpy():
            hidden = x[n].mean((1, 2), keepdim=True)
            y = plainly(smooth, x[n], labels, set(np.flatnonzero(row)), hidden)
            cosine = row.sum() / (np.sqrt(row.sum()) * np.sqrt(players)) if row.any() else 0
            d = 1 - cosine if distance == "cosine" else np.sqrt((~row).sum() / players)
            z = np.concatenate([[1], row])
            weight = np.exp(-(d**2) / (2 * width**2))
            left += weight * np.outer(z, z)
            right += weight * z * y
        np.testing.assert_allclose(np.linalg.solve(left, right)[1:], shares, rtol=1e-8, atol=1e-11)


def test_limes_regression_is_theirs() -> None:
    lime_base = pytest.importorskip("lime.lime_base")
    from xai_widgets.methods.surrogate import _ridge

    z = torch.tensor(list(itertools.product([1.0, 0.0], repeat=4)), dtype=torch.float64)
    y = torch.randn(16, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    base = lime_base.LimeBase(lambda d: np.sqrt(np.exp(-(d**2) / 0.25**2)))
    distances = 1 - z.mean(1).sqrt()
    _, theirs, *_ = base.explain_instance_with_data(
        z.numpy(), y.numpy(), distances.numpy(), 0, 4, feature_selection="none"
    )
    known = torch.cat([torch.ones(16, 1), z, y], 1)
    ours = _ridge((known * lime_kernel(z, "cosine", 0.25)[:, None]).T @ known, 1.0)
    np.testing.assert_allclose(ours, [value for _, value in sorted(theirs)], rtol=1e-6)


def test_too_many_segments_for_exact_values(smooth: nn.Module, x: Tensor) -> None:
    with pytest.raises(ExplanationError, match=r"exact_shapley: count=13 is outside 2 to 12"):
        run(smooth, x, "exact_shapley", count=13)


def test_a_picture_of_one_segment(smooth: nn.Module) -> None:
    one = torch.ones(1, 3, 2, 1, dtype=torch.float64)
    small = seeded(nn.Sequential(nn.Flatten(), nn.Linear(6, CLASSES))).double()
    with torch.no_grad():
        rise = float((small(one) - small(torch.zeros_like(one)))[0, 3])
    for method in ("exact_shapley", "kernel_shap"):
        card = METHODS[method]
        trace = Trace(Network(small), one)
        *_, last = card.run(trace, CLASS, None, card.resolve({"baseline": "zero", "count": 2}))
        assert last.fraction == 1
        assert float(last.result.tensor.sum()) == pytest.approx(rise, rel=1e-6)
