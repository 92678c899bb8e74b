"""Measures take the target of the map they are given, and refuse what contradicts it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import xai_widgets as xw
from tests.networks import cnn, picture
from xai_widgets import ExplanationError, metrics

X, OTHER = picture().sigmoid(), picture(seed=5).sigmoid()
MEASURES: dict[str, Any] = {
    "insertion": lambda *a, **k: metrics.insertion(*a, steps=5, **k).auc,
    "deletion": lambda *a, **k: metrics.deletion(*a, steps=5, baseline="zero", **k).auc,
    "road": lambda *a, **k: metrics.road(*a, percentages=(40,), **k).score,
    "average_drop": metrics.average_drop,
    "average_gain": metrics.average_gain,
    "average_increase": metrics.average_increase,
    "infidelity": lambda *a, **k: metrics.infidelity(*a, samples=5, **k),
    "sensitivity_n": lambda *a, **k: metrics.sensitivity_n(*a, samples=5, **k),
    "completeness": lambda *a, **k: metrics.completeness(*a, **k).difference,
}


@pytest.fixture(scope="module")
def engine() -> xw.Engine:
    return xw.Engine(cnn())


def not_the_top(engine: xw.Engine) -> int:
    return int(np.argmin(engine.predict(X)))


@pytest.mark.parametrize("name", MEASURES)
def test_the_target_is_that_of_the_map(engine: xw.Engine, name: str) -> None:
    measure, least = MEASURES[name], not_the_top(engine)
    attribution = engine.explain(X, "saliency", target=least)
    found = measure(engine, X, attribution)
    assert found == measure(engine, X, attribution, target=least)
    close = pytest.approx(measure(engine, X, attribution.values, target=least), rel=1e-3)
    assert found == close  # joining channels in another order
    top = measure(engine, X, attribution.values)  # an array explains nothing in particular
    assert top == measure(engine, X, attribution.values, target=engine.predict(X).index)
    if name != "average_increase":
        assert found != top


@pytest.mark.parametrize("name", MEASURES)
def test_contradictions_are_refused(engine: xw.Engine, name: str) -> None:
    measure, least = MEASURES[name], not_the_top(engine)
    attribution = engine.explain(X, "saliency", target=least)
    with pytest.raises(ExplanationError, match=rf"the map explains class {least} \({least}\), and"):
        measure(engine, X, attribution, target=engine.predict(X).index)
    with pytest.raises(ExplanationError, match=r"and it is measured on .* not the same"):
        measure(engine, OTHER, attribution)
    changed = cnn()
    with torch.no_grad():
        changed.head.weight.mul_(1.5)
    with pytest.raises(ExplanationError, match=r"another network.* or the network has"):
        measure(xw.Engine(changed), X, attribution)


def test_a_function_of_the_output(engine: xw.Engine) -> None:
    def margin(output: torch.Tensor) -> torch.Tensor:
        return output[:, 0] - output[:, 1]

    attribution = engine.explain(X, "input_x_gradient", target=margin)
    found = metrics.completeness(engine, X, attribution)
    again = metrics.completeness(engine, X, attribution, target=lambda out: out[:, 0] - out[:, 1])
    assert found == again
    with pytest.raises(ExplanationError, match="the target is another function"):
        metrics.completeness(engine, X, attribution, target=lambda output: output[:, 2])


def test_a_saved_map_is_measured(engine: xw.Engine, tmp_path: Any) -> None:
    attribution = engine.explain(X, "saliency", target=not_the_top(engine))
    again = xw.Attribution.load(attribution.save(tmp_path))
    assert metrics.completeness(engine, X, again) == metrics.completeness(engine, X, attribution)
    own = engine.explain(X, "saliency", target=lambda output: output[:, 0])
    with pytest.raises(ExplanationError, match="pass the function again as target="):
        metrics.completeness(engine, X, xw.Attribution.load(own.save(tmp_path)))


def test_numbers_that_are_no_probabilities_have_no_drop() -> None:
    engine = xw.Engine(cnn(), activation="identity")
    attribution = engine.explain(X, "saliency", target=1)
    with pytest.raises(ExplanationError, match="this measure compares probabilities"):
        metrics.average_drop(engine, X, attribution)
    assert np.isfinite(metrics.insertion(engine, X, attribution, steps=5).auc)


def test_random_logit_on_two_classes_says_what_it_is_worth() -> None:
    engine = xw.Engine(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(768, 2)).eval())
    found = metrics.random_logit(engine, X, "saliency", target=0)
    assert "near -1 by construction" in found.warnings[0]
    assert found.warnings[0] in repr(found)
    table = metrics.evaluate(engine, [X], ["saliency"], ["random_logit"], control=False)
    assert table.warnings == (f"saliency (1 picture(s)): {found.warnings[0]}",)
    assert table.warnings[0] in repr(table)
    assert "by construction" in table._repr_html_()


def test_a_table_keeps_what_was_said(tmp_path: Any) -> None:
    network = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(768, 3), torch.nn.Softmax(1)
    ).eval()
    with torch.no_grad():
        network[1].bias[1] += 300
    given = ([X, OTHER], ["saliency"], ["sparseness"])
    file = tmp_path / "values"
    first = metrics.evaluate(xw.Engine(network), *given, control=False, resume=file)
    again = metrics.evaluate(xw.Engine(network), *given, control=False, resume=file)
    assert first.warnings == again.warnings
    assert first.warnings[0].startswith("saliency (2 picture(s)): The map is zero everywhere")
