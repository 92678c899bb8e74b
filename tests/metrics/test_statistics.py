"""Intervals, paired tests and corrections, against scipy and slower formulas."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from xai_widgets.metrics.statistics import bootstrap_means, holm, sign_flip_p_values

DRAWN = np.random.default_rng(3).normal([0.2, 1.0, 0.0], [1, 0.5, 2], size=(40, 3))


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_intervals_are_those_of_scipy(confidence: float) -> None:
    mean, low, high = bootstrap_means(DRAWN, confidence, resamples=20_000)
    for i, column in enumerate(DRAWN.T):
        found = stats.bootstrap(
            (column,), np.mean, n_resamples=20_000, confidence_level=confidence,
            method="percentile", random_state=np.random.default_rng(1),
        ).confidence_interval  # fmt: skip
        width = found.high - found.low
        assert mean[i] == pytest.approx(column.mean())
        assert low[i] == pytest.approx(found.low, abs=0.03 * width)
        assert high[i] == pytest.approx(found.high, abs=0.03 * width)


def test_missing_values_are_left_out_of_intervals() -> None:
    holed = np.array([[1.0, np.nan, np.nan], [3.0, 5.0, np.nan], [np.nan, np.nan, np.nan]])
    mean, low, high = bootstrap_means(holed)
    assert mean[:2].tolist() == [2, 5]
    assert (low[0], high[0]) == (1, 3)
    assert (low[1], high[1]) == (5, 5)
    assert np.isnan([mean[2], low[2], high[2]]).all()


@pytest.mark.parametrize("rows", [1, 2, 5, 9, 13])
def test_few_pictures_are_tested_exactly(rows: int) -> None:
    differences = DRAWN[:rows]
    found = sign_flip_p_values(differences)
    for p, column in zip(found, differences.T, strict=True):
        if rows == 1:
            assert p == 1
            continue
        wanted = stats.permutation_test(
            (column,), np.mean, permutation_type="samples", n_resamples=np.inf
        ).pvalue
        assert p == pytest.approx(wanted)


def test_many_pictures_are_tested_by_drawn_signs() -> None:
    found = sign_flip_p_values(DRAWN, seed=4)
    for p, column in zip(found, DRAWN.T, strict=True):
        wanted = stats.permutation_test(
            (column,), np.mean, permutation_type="samples", n_resamples=20_000,
            random_state=np.random.default_rng(0),
        ).pvalue  # fmt: skip
        assert p == pytest.approx(wanted, abs=0.015)
    assert found[1] == pytest.approx(1 / 20_001)
    # Of normal differences the t-test is the same in the limit.
    large = np.random.default_rng(0).normal(0.06, 1, size=(800, 1))
    assert sign_flip_p_values(large)[0] == pytest.approx(
        stats.ttest_1samp(large[:, 0], 0).pvalue, abs=0.012
    )


def test_a_difference_that_is_missing_makes_no_difference() -> None:
    holed = np.vstack([DRAWN[:8], np.full((3, 3), np.nan)])
    np.testing.assert_allclose(sign_flip_p_values(holed), sign_flip_p_values(DRAWN[:8]))
    assert sign_flip_p_values(np.zeros((6, 2))).tolist() == [1, 1]
    assert sign_flip_p_values(np.empty((0, 2))).tolist() == [1, 1]


def test_holm() -> None:
    """The example of R's documentation of p.adjust, and the definition, step by step."""
    assert holm([0.01, 0.02, 0.03, 0.04]) == pytest.approx([0.04, 0.06, 0.06, 0.06])
    assert holm([]).tolist() == []
    p = np.random.default_rng(0).random(9) ** 4
    found = holm(p)
    for level in (0.01, 0.05, 0.2, 0.5):
        rejected = set()
        for step, place in enumerate(np.argsort(p)):
            if p[place] > level / (len(p) - step):
                break
            rejected.add(int(place))
        assert {int(i) for i in np.flatnonzero(found <= level)} == rejected


def test_the_correction_keeps_false_alarms_rare() -> None:
    rng = np.random.default_rng(1)
    alarms = [
        bool((holm(sign_flip_p_values(rng.normal(size=(10, 12)))) < 0.05).any()) for _ in range(200)
    ]
    assert np.mean(alarms) <= 0.08
