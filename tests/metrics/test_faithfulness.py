"""Both curves of a method step by step, and the random control."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import xai_widgets as xw
from tests.networks import cnn, picture
from xai_widgets import metrics
from xai_widgets.metrics import Control, Faithfulness, faithfulness


def last_of(engine: xw.Engine, x: object, method: str, **given: Any) -> Faithfulness:
    steps: list[Any] = list(faithfulness(engine, x, method, **given))
    *shares, result = steps
    assert shares == sorted(shares)
    assert all(0 < share < 1 for share in shares)
    assert isinstance(result, Faithfulness)
    return result


@pytest.mark.parametrize("baseline", ["mean", "zero", "blur"])
def test_it_is_both_measures_with_one_baseline(baseline: str) -> None:
    engine, x = xw.Engine(cnn()), picture()
    result = last_of(engine, x, "saliency", steps=5, baseline=baseline, target=1)
    attribution = engine.explain(x, "saliency", target=1)
    given: dict[str, Any] = {"steps": 5, "baseline": baseline, "target": 1}
    inserted = metrics.insertion(engine, x, attribution, **given)
    deleted = metrics.deletion(engine, x, attribution, **given)
    np.testing.assert_array_equal(result.insertion.probability, inserted.probability)
    np.testing.assert_array_equal(result.deletion.probability, deleted.probability)
    assert result.insertion.probabilities.shape[0] == 6
    np.testing.assert_array_equal(
        result.insertion.probabilities[:, 1], inserted.probability.astype(np.float32)
    )


def test_each_pixel_changes_at_the_first_point_that_has_it() -> None:
    engine, x = xw.Engine(cnn()), picture()
    curve = last_of(engine, x, "saliency", steps=7).insertion
    first = curve.point_of_change()
    assert (first.min(), first.max()) == (1, 7)
    for point in range(8):
        np.testing.assert_array_equal(first <= point, curve.changed(point))


def test_the_control_is_the_mean_and_the_range_of_its_maps() -> None:
    engine, x = xw.Engine(cnn()), picture()
    control = Control(tuple(last_of(engine, x, "random", steps=4, seed=i) for i in range(3)))
    every = [each.deletion.probability for each in control.maps]
    mean, low, high = control.band("deletion")
    np.testing.assert_allclose(mean, np.mean(every, axis=0))
    assert (low <= mean).all()
    assert (mean <= high).all()
    areas = [each.deletion.auc for each in control.maps]
    interval = control.auc("deletion")
    assert (interval.low, interval.high) == (min(areas), max(areas))
    assert interval.mean == pytest.approx(np.mean(areas))
    assert len(set(areas)) == 3
