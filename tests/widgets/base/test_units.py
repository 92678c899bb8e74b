"""Numbers that are no probabilities are shown as such by every widget, and doubts are said."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.widgets.conftest import SmallNetwork, photograph
from tests.widgets.latent.test_viewer import Brightest, Quarters, reddish
from xai_widgets import FaithfulnessViewer, GradientComparison, HeatmapViewer
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.relabel import RelabelDistillation
from xai_widgets.widgets.base.widget import EngineWidget

NAMES = ["weight", "height", "age"]
MAKERS: dict[str, Callable[[Engine], EngineWidget]] = {
    "heatmap": lambda engine: HeatmapViewer(engine, photograph(), prefetch=False),
    "faithfulness": lambda engine: FaithfulnessViewer(
        engine, photograph(), ["saliency"], steps=3, random_maps=1
    ),
    "comparison": lambda engine: GradientComparison([engine], photograph(), ["saliency"]),
}


def engine(**options: Any) -> Engine:
    return Engine(SmallNetwork(), class_names=NAMES, name="Small", **options)


def targets_in(shown: Any) -> list[Any]:
    """Every class with a number in what a widget sends."""
    if isinstance(shown, dict):
        own = [shown] if {"index", "name", "probability"} <= shown.keys() else []
        return own + [found for item in shown.values() for found in targets_in(item)]
    if isinstance(shown, (list, tuple)):
        return [found for item in shown for found in targets_in(item)]
    return []


@pytest.mark.parametrize("widget", MAKERS)
def test_a_number_is_sent_with_its_unit(widget: str) -> None:
    made = MAKERS[widget](engine(activation="identity"))
    made.wait(30)
    sent = targets_in(made.get_state())
    assert sent or widget == "comparison"
    assert all(target["unit"] == "number" for target in sent)
    assert "%" not in repr(made)
    plain = MAKERS[widget](engine())
    plain.wait(30)
    assert not any("unit" in target for target in targets_in(plain.get_state()))


def test_the_numbers_are_the_networks() -> None:
    made = HeatmapViewer(engine(activation="identity"), photograph(), prefetch=False)
    made.wait(30)
    numbers = np.sort(np.asarray(made.engine.predict(photograph())))[::-1]
    assert [s["probability"] for s in made.prediction["top"]] == pytest.approx(numbers.tolist())


def test_what_has_to_be_known_of_the_numbers_is_in_every_footer() -> None:
    class Sure(SmallNetwork):
        def forward(self, x: Any) -> Any:
            return super().forward(x).softmax(0)  # over the pictures, by mistake

    for make in (MAKERS["heatmap"], MAKERS["faithfulness"]):
        made = make(Engine(Sure(), class_names=NAMES, name="Sure"))
        made.wait(30)
        assert "is not over the classes" in made.network["note"]
        assert json.dumps(made.network)


def test_no_label_is_kept_where_there_is_none() -> None:
    numbers = Engine(Brightest(), class_names=["red", "green", "blue"], activation="identity")
    with pytest.raises(ExplanationError, match="asks whether pictures keep their class"):
        RelabelDistillation(numbers, Quarters(), samples=60).explain(reddish())


def test_labels_that_do_not_exclude_each_other() -> None:
    labels = Engine(Brightest(), class_names=["red", "green", "blue"], activation="sigmoid")
    found = RelabelDistillation(labels, Quarters(), samples=200, seed=3).explain(reddish())
    probability = labels.predict(reddish())["red"]
    assert found.attribution.probability == pytest.approx(probability)
    assert found.attribution.target.name == "red"
