"""The sanity checks that the picker of methods shows: known ones, and those that are asked for."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from torch import Tensor, nn

import xai_widgets as xw
from tests.widgets.conftest import photograph
from tests.widgets.heatmap.test_viewer import channel, until
from xai_widgets import HeatmapViewer
from xai_widgets.engine import Engine
from xai_widgets.methods import registry
from xai_widgets.metrics import model_randomization
from xai_widgets.widgets.heatmap.checks import likenesses


def test_checks_that_were_made_elsewhere_are_shown(engine: Engine) -> None:
    found = model_randomization(engine, photograph(), "saliency", stages=2)
    viewer = HeatmapViewer(engine, photograph(), prefetch=False)
    viewer.open()
    assert viewer.randomization == {}
    channel(viewer).message(kind="ready")
    assert viewer.randomization == {"saliency": pytest.approx(found.spearman)}


def test_none_is_made_unless_somebody_asks(engine: Engine) -> None:
    viewer = HeatmapViewer(engine, photograph())
    viewer.open()
    channel(viewer).message(kind="ready")
    viewer.wait(60)
    engine.internals.worker.submit(object(), lambda: iter([None]), background=True).wait(60)
    assert viewer.randomization == {}
    channel(viewer).message(kind="check")
    quick = {
        name for name, card in engine.methods.items() if not (card.anytime or card.needs_attention)
    }
    until(lambda: set(viewer.randomization) == quick, seconds=120)
    assert channel(viewer).updates("randomization")[-1] == viewer.randomization
    assert -1 <= viewer.randomization["saliency"] <= 1


def test_a_check_with_parameters_is_not_that_of_the_method(engine: Engine) -> None:
    model_randomization(engine, photograph(), "smooth_grad", stages=1, samples=2)
    assert engine.internals.randomization == {}
    model_randomization(engine, photograph(), "saliency", stages=1)
    assert set(engine.internals.randomization) == {"saliency"}
    engine.internals.forget()
    assert engine.internals.randomization == {}


def test_a_method_that_cannot_be_checked_has_no_number(engine: Engine) -> None:
    picture = engine.picture(photograph())
    steps = likenesses(engine, picture, 0, ["attention_rollout", "saliency"])
    made = [step.result for step in steps if step.result is not None]
    assert [one.method for one in made] == ["attention_rollout", "saliency"]
    assert math.isnan(made[0].mean)
    assert math.isfinite(made[1].mean)


def test_a_fault_in_a_method_of_ones_own_is_the_end_of_nothing_else(
    engine: Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    def faulty(network: nn.Module, x: Tensor, index: int) -> Tensor:
        raise NameError("nothing of that name")

    before = dict(registry._methods)
    xw.methods.from_callable("faulty", faulty)
    request.addfinalizer(lambda: registry._methods.update(before))
    request.addfinalizer(registry._methods.clear)  # before that
    viewer = HeatmapViewer(engine, photograph())
    viewer.wait(60)
    steps = likenesses(engine, engine.picture(photograph()), 0, ["faulty", "saliency"])
    made = [step.result for step in steps if step.result is not None]
    assert math.isnan(made[0].mean)
    assert math.isfinite(made[1].mean)
    assert "Saliency" in viewer.to_html(tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_map_that_was_kept_says_what_it_took_at_first(engine: Engine) -> None:
    first = engine.explain(photograph(), "occlusion")
    viewer = HeatmapViewer(engine, photograph(), "occlusion", prefetch=False)
    viewer.open()
    viewer.wait(60)
    assert viewer.attribution is not None
    assert viewer.frame["seconds"] >= round(first.seconds, 4)
