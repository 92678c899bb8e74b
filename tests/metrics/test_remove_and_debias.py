"""ROAD: the imputation against a dense solve written pixel by pixel, and the score by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import xai_widgets as xw
from tests.metrics.linear import SIZE, input_of, linear_engine, softmax
from tests.networks import cnn, picture
from xai_widgets import metrics


def slow_imputation(x: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """One equation per missing pixel, one entry per neighbour, solved densely."""
    places = [tuple(p) for p in np.argwhere(missing)]
    number = {place: i for i, place in enumerate(places)}
    a = np.zeros((len(places), len(places)))
    b = np.zeros((len(places), len(x)))
    for (r, c), i in number.items():
        for dr in (-1, 0, 1):
            for dc in (-1, 0, 1):
                there = (r + dr, c + dc)
                inside = 0 <= there[0] < x.shape[1] and 0 <= there[1] < x.shape[2]
                if (dr, dc) == (0, 0) or not inside:
                    continue
                w = 1 / 12 if dr and dc else 1 / 6
                a[i, i] += w
                if there in number:
                    a[i, number[there]] -= w
                else:
                    b[i] += w * x[:, there[0], there[1]]
    filled = x.astype("f8").copy()
    for i, row in enumerate(np.linalg.solve(a, b)):
        filled[:, places[i][0], places[i][1]] = row
    return filled


def holes(kind: str, shape: tuple[int, int]) -> np.ndarray:
    rng = np.random.default_rng(0)
    missing = np.zeros(shape, dtype=bool)
    if kind == "one pixel":
        missing[1, 2] = True
    elif kind == "all but one":
        missing[:] = True
        missing[0, -1] = False
    elif kind == "block":
        missing[shape[0] // 4 : -1, 1:-2] = True
    else:
        missing = rng.random(shape) < float(kind)
        missing[-1, 0] = False
    return missing


@pytest.mark.parametrize("shape", [(16, 16), (23, 17), (5, 32), (3, 4)])
@pytest.mark.parametrize("kind", ["one pixel", "block", "all but one", "0.1", "0.5", "0.95"])
def test_imputation_against_a_dense_solve(kind: str, shape: tuple[int, int]) -> None:
    x = np.random.default_rng(1).normal(size=(3, *shape))
    missing = holes(kind, shape)
    ours = metrics.linear_imputation(x, missing[None])[0]
    np.testing.assert_allclose(ours, slow_imputation(x, missing), atol=1e-6 * np.ptp(x))
    np.testing.assert_array_equal(ours[:, ~missing], x[:, ~missing])


def test_sets_do_not_depend_on_each_other() -> None:
    x = np.random.default_rng(1).normal(size=(2, 12, 12))
    sets = np.stack([holes(kind, (12, 12)) for kind in ("block", "0.5", "one pixel")])
    together = metrics.linear_imputation(x, sets)
    for one, alone in zip(sets, together, strict=True):
        np.testing.assert_array_equal(metrics.linear_imputation(x, one[None])[0], alone)


def test_a_flat_picture_and_nothing_missing() -> None:
    x = np.full((1, 9, 9), 0.25)
    np.testing.assert_allclose(
        metrics.linear_imputation(x, holes("block", (9, 9))[None])[0], x, rtol=1e-12
    )
    none = np.zeros((1, 9, 9), dtype=bool)
    np.testing.assert_array_equal(metrics.linear_imputation(x, none)[0], x)


def test_a_large_hole_is_solved() -> None:
    """The residual of every equation, at the size of a photograph."""
    x = np.random.default_rng(0).random((3, 224, 224))
    missing = np.zeros((224, 224), dtype=bool)
    missing[10:210, 5:224] = True
    y = metrics.linear_imputation(x, missing[None])[0]
    padded = np.pad(y, [(0, 0), (1, 1), (1, 1)])
    ones = np.pad(np.ones((224, 224)), 1)
    total, weight = np.zeros_like(y), np.zeros((224, 224))
    for dr in range(3):
        for dc in range(3):
            if (dr, dc) != (1, 1):
                w = 1 / 12 if dr != 1 and dc != 1 else 1 / 6
                total += w * padded[:, dr : dr + 224, dc : dc + 224]
                weight += w * ones[dr : dr + 224, dc : dc + 224]
    assert np.abs(y - total / weight)[:, missing].max() < 1e-7


def test_road_on_a_linear_network() -> None:
    engine, x = linear_engine(2), input_of(2)
    heat = np.random.default_rng(2).normal(size=SIZE)
    result = metrics.road(engine, x, heat, target=1, percentages=(10, 50), noise=0)
    w = engine.model.head.weight.detach().numpy()
    b = engine.model.head.bias.detach().numpy()
    order = np.argsort(-heat.ravel())
    values = []
    for count in (3, 15):
        p = []
        for gone in (order[:count], order[-count:]):
            missing = np.zeros(30, dtype=bool)
            missing[gone] = True
            filled = slow_imputation(x[0].numpy(), missing.reshape(SIZE))
            p.append(softmax(w @ filled.ravel() + b)[1])
        values.append((p[1] - p[0]) / 2)
    assert result.score == pytest.approx(np.mean(values), abs=1e-5)


def test_the_noise_is_the_seeds_and_small() -> None:
    engine, x = xw.Engine(cnn()), picture()
    heat = np.random.default_rng(2).normal(size=(16, 16))
    plain = metrics.road(engine, x, heat, noise=0)
    one, same, other = (metrics.road(engine, x, heat, seed=s) for s in (0, 0, 1))
    assert one.score == same.score != other.score
    added = (one.inputs_most - plain.inputs_most)[-1]
    changed = added.abs().sum(0) > 0
    assert int(changed.sum()) == round(0.8 * 256)
    assert float(added[:, changed].std()) == pytest.approx(0.01, rel=0.2)
    # The most relevant first, reversed, is the least relevant first.
    assert metrics.road(engine, x, -heat, noise=0).score == pytest.approx(-plain.score, abs=1e-6)


def test_bad_requests() -> None:
    engine, x = linear_engine(), input_of()
    with pytest.raises(xw.ExplanationError, match=r"percentages is \[20, 100\]; expected .* below"):
        metrics.road(engine, x, np.ones(SIZE), percentages=(20, 100))
    with pytest.raises(xw.ExplanationError, match="noise is -1; expected a number, 0 or more"):
        metrics.road(engine, x, np.ones(SIZE), noise=-1)
    with pytest.raises(xw.ExplanationError, match="every pixel is missing"):
        metrics.linear_imputation(np.ones((1, 3, 3)), np.ones((1, 3, 3), bool))


def test_inputs_are_what_the_network_was_given() -> None:
    engine, x = xw.Engine(cnn()), picture()
    result = metrics.road(engine, x, np.arange(256.0).reshape(16, 16), target=0)
    assert isinstance(result.inputs_least, torch.Tensor)
    p = engine.internals.probabilities(result.inputs_least)[:, 0]
    np.testing.assert_allclose(p, result.least, rtol=1e-6)
