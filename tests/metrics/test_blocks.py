"""An evaluation explains pictures together; its table does not depend on how far it had come."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.networks import Counting, cnn, picture
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.metrics import evaluate, sparseness
from xai_widgets.metrics.evaluation import stream_evaluate

PICTURES = [picture(seed=seed) for seed in range(19)]
MEASURES = ["sparseness", "insertion"]
METHODS = ["grad_cam", "saliency", "guided_backprop", "occlusion"]


def test_values_are_those_of_pictures_explained_alone() -> None:
    engine = Engine(cnn())
    images, targets = PICTURES[:11], [i % 5 for i in range(11)]
    table = evaluate(engine, images, METHODS, ["sparseness"], targets=targets, control=False)
    for row in table.rows:
        attribution = engine.explain(
            images[row["picture"]], row["method"], target=targets[row["picture"]]
        )
        assert row["target"] == attribution.target.name
        assert row["value"] == pytest.approx(sparseness(attribution), rel=1e-4, nan_ok=True)


def test_pictures_are_run_together() -> None:
    network = Counting(cnn())
    evaluate(Engine(network), PICTURES, ["grad_cam"], ["sparseness"], control=False)
    # A pair teaches what the network is like; then a run for each block.
    assert [n for n in network.passes if n > 2] == [8, 8, 3]
    assert len(network.passes) < 12


def test_a_table_that_was_cut_off_goes_on_to_the_same_last_bit(tmp_path: Path) -> None:
    whole = evaluate(Engine(cnn()), PICTURES, METHODS, MEASURES, seed=1)
    for stop in (5, 77, 131):
        file = tmp_path / f"{stop}.jsonl"
        steps = stream_evaluate(Engine(cnn()), PICTURES, METHODS, MEASURES, seed=1, resume=file)
        for _ in range(stop):
            next(steps)
        steps.close()
        later = evaluate(Engine(cnn()), PICTURES, METHODS, MEASURES, seed=1, resume=file)
        assert later.rows == whole.rows


def test_the_picture_that_cannot_be_explained_is_named() -> None:
    def missing(output: torch.Tensor) -> torch.Tensor:
        raise KeyError("nothing")

    targets = [1] * 5 + [missing] + [1] * 5
    with pytest.raises(ExplanationError, match="sparseness of grad_cam on 'tensor'"):
        evaluate(Engine(cnn()), PICTURES[:11], ["grad_cam"], ["sparseness"], targets=targets)
    steps = stream_evaluate(
        Engine(cnn()), PICTURES[:11], ["grad_cam"], ["sparseness"], targets=targets
    )
    done = [next(steps)]
    with pytest.raises(ExplanationError, match="missing"):
        done.extend(steps)
    assert len(done) <= 11  # nothing after the five pictures before, with their control
