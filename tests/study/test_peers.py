"""Against libraries for the same: doubtful labels beside cleanlab's, a run by dask's workers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from dask.distributed import Client, LocalCluster
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import cross_val_predict

from tests.study.many_recipe import COUNT, make_data, make_engine
from xai_widgets import Study
from xai_widgets.study.doubtful import doubtful_labels
from xai_widgets.study.folders import status


def flipped(seed: int) -> tuple[Any, Any, Any]:
    """Labels of digits of which 5 % are wrong, which, and what a network that has not seen a
    picture says of it.
    """
    x, y = load_digits(return_X_y=True)
    rng = np.random.default_rng(seed)
    wrong = rng.random(len(y)) < 0.05
    labels = np.where(wrong, (y + rng.integers(1, 10, len(y))) % 10, y)
    model = LogisticRegression(max_iter=100, C=0.1)
    said = cross_val_predict(model, x / 16, labels, cv=3, method="predict_proba")
    return labels, wrong, said


@pytest.mark.parametrize("seed", [0, 1])
def test_doubtful_labels_are_those_of_cleanlab(seed: int) -> None:
    labels, wrong, said = flipped(seed)
    found = doubtful_labels(said, labels)
    theirs = get_label_quality_scores(labels, said)
    np.testing.assert_allclose(found.self_confidence, theirs)
    ranked = find_label_issues(
        labels, said, filter_by="confident_learning", n_jobs=1,
        return_indices_ranked_by="self_confidence",
    )  # fmt: skip
    assert found.rows.tolist() == ranked.tolist()
    # Of all rows, the doubtful ones first; and by the confidence alone.
    scores = [1 - values for values in (found.self_confidence, theirs)]
    for rows, score in zip((found.rows, ranked), scores, strict=True):
        score[rows] += 1
    precisions = [average_precision_score(wrong, score) for score in scores]
    assert precisions[0] == pytest.approx(precisions[1], abs=0.01)
    assert precisions[0] > 0.9


def test_workers_of_dask_compute_each_row_once(tmp_path: Path) -> None:
    recipe = {
        "factory": "tests.study.many_recipe:make_engine",
        "data": "tests.study.many_recipe:make_data",
    }
    study = Study(
        make_engine(), make_data(), folder=tmp_path / "many.study", recipe=recipe, block=1000
    )
    with (
        LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        study.run(client.get_executor(), wait=True, progress=False)
    assert status(study.store)["done"] == COUNT
    numbers = [row for block in range(study.store.blocks) for row in study.store.range_of(block)]
    assert numbers == list(range(COUNT))
    assert study.rows["done"].all()
    pictures, labels = make_data()
    assert study.rows["label"].tolist() == labels
    for row in (0, 999, 1000, COUNT - 1):
        prediction = make_engine().predict(pictures[row])
        assert study.rows["prediction"][row] == prediction.top(1)[0].index
        assert study.rows["probability"][row] == pytest.approx(
            prediction.top(1)[0].probability, abs=1e-3
        )
