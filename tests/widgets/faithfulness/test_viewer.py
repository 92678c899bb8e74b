"""FaithfulnessViewer against a recorded channel: its curves are the measures', and it is strict."""

from __future__ import annotations

import base64
import gc
import io
import json
import re
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.widgets.conftest import RecordingComm, SmallNetwork, photograph
from tests.widgets.heatmap.test_viewer import at_rest, channel, until
from xai_widgets import FaithfulnessViewer, metrics
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.widgets.base.maps import dequantise, finite


@pytest.fixture
def viewer(engine: Engine) -> FaithfulnessViewer:
    made = FaithfulnessViewer(engine, photograph(), steps=6, random_maps=2, stages=2)
    made.wait(30)
    return made


def curve_of(viewer: FaithfulnessViewer, method: str) -> dict[str, Any]:
    return next(each for each in viewer.frame["curves"] if each["method"] == method)


def test_curves_are_those_of_the_measures(engine: Engine, viewer: FaithfulnessViewer) -> None:
    assert viewer.status["state"] == "idle"
    assert list(viewer.curves) == ["grad_cam", "saliency", "random"]
    for method in ("grad_cam", "saliency"):
        attribution = engine.explain(photograph(), method)
        for kind, measure in (("insertion", metrics.insertion), ("deletion", metrics.deletion)):
            expected = measure(engine, photograph(), attribution, steps=6, baseline="blur")
            found = getattr(viewer.curves[method], kind)
            np.testing.assert_array_equal(found.probability, expected.probability)
            sent = curve_of(viewer, method)[kind]
            np.testing.assert_allclose(sent["probability"], expected.probability, atol=1e-5)
            assert sent["auc"] == pytest.approx(expected.auc, abs=1e-6)


def test_the_control_is_the_random_maps_of_the_seeds(
    engine: Engine, viewer: FaithfulnessViewer
) -> None:
    picture = engine.picture(photograph())
    target = engine.internals.resolve_target(picture)
    areas = [
        metrics.insertion(
            engine, picture, metrics.random_map(picture, target, seed), steps=6, baseline="blur"
        ).auc
        for seed in (0, 1)
    ]
    interval = viewer.curves["random"].auc("insertion")
    assert (interval.low, interval.high) == (min(areas), max(areas))
    assert interval.mean == pytest.approx(np.mean(areas))
    sent = curve_of(viewer, "random")
    assert sent["maps"] == 2
    assert sent["insertion"]["interval"] == pytest.approx([min(areas), max(areas)], abs=1e-6)
    assert all(
        low <= mean <= high
        for low, mean, high in zip(
            *(sent["deletion"][name] for name in ("low", "probability", "high")), strict=True
        )
    )


def test_the_browser_can_put_every_picture_together(
    engine: Engine, viewer: FaithfulnessViewer
) -> None:
    """At each point, the pixels whose byte is at most the point are the changed ones."""
    curve = viewer.curves["saliency"].insertion
    order = np.frombuffer(curve_of(viewer, "saliency")["order"], dtype=np.uint8).reshape(32, 32)
    for point in range(7):
        np.testing.assert_array_equal(order <= point, curve.changed(point))
    gone = Image.open(io.BytesIO(viewer.frame["gone"]["data"]))
    np.testing.assert_array_equal(np.asarray(gone), engine.internals.pixels(curve.begin)[0])
    probabilities = engine.internals.probabilities(curve.at(3))[0].numpy()
    sent = curve_of(viewer, "saliency")["insertion"]["top"][3]
    assert [index for index, _ in sent] == np.argsort(-probabilities).tolist()
    np.testing.assert_allclose([p for _, p in sent], np.sort(probabilities)[::-1], atol=1e-5)
    assert viewer.frame["names"] == {"0": "red fox", "1": "green frog", "2": "blue whale"}


def test_another_protocol_is_computed_and_the_old_one_is_kept(
    engine: Engine, viewer: FaithfulnessViewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel(viewer).change(baseline="mean", steps=4)
    at_rest(viewer)
    assert (viewer.frame["baseline"], viewer.frame["steps"]) == ("mean", 4)
    assert len(viewer.frame["fractions"]) == 5
    assert len(viewer.curves["random"].maps) == 2
    calls: list[int] = []
    probabilities = engine.internals.probabilities
    monkeypatch.setattr(
        engine.internals, "probabilities", lambda x: calls.append(len(x)) or probabilities(x)
    )
    viewer.baseline, viewer.steps = "blur", 6
    at_rest(viewer)
    until(lambda: viewer.frame["steps"] == 6)
    viewer.methods = ["saliency", "hires_cam"]
    at_rest(viewer)
    assert list(viewer.curves) == ["saliency", "hires_cam", "random"]
    # Blur with four steps is new for three maps; six steps again only for the method that is new.
    assert calls.count(7) == 2


def test_curves_come_method_by_method(engine: Engine) -> None:
    viewer = FaithfulnessViewer(engine, photograph(), steps=3, random_maps=2)
    seen: list[list[str]] = []
    viewer.observe(lambda change: seen.append(list(change["new"])), "curves")
    viewer.target = 2
    at_rest(viewer)
    assert seen[-1] == ["grad_cam", "saliency", "random"]
    assert ["random"] in seen
    assert ["grad_cam", "random"] in seen


def test_the_sanity_check_is_the_measures(engine: Engine, viewer: FaithfulnessViewer) -> None:
    assert viewer.check == {}
    channel(viewer).change(view="sanity", method="saliency")
    at_rest(viewer)
    expected = metrics.model_randomization(engine, photograph(), "saliency", stages=2)
    stages = viewer.check["stages"]
    assert viewer.check["done"]
    assert [s["randomised"] for s in stages] == [list(s.layers) for s in expected.stages]
    assert [s["spearman"] for s in stages] == [s.spearman for s in expected.stages]
    assert viewer.check["mean"] == expected.spearman == viewer.sanity["saliency"].spearman
    last = expected.stages[-1].attribution.heatmap()
    np.testing.assert_allclose(dequantise(stages[-1]["map"]), last, atol=abs(last).max() * 0.01)
    seq = viewer.status["seq"]
    channel(viewer).change(method="grad_cam")
    at_rest(viewer)
    assert viewer.check["method"] == "grad_cam"
    assert viewer.status["seq"] == seq + 1


def test_looking_at_another_method_computes_nothing(viewer: FaithfulnessViewer) -> None:
    seq = viewer.status["seq"]
    channel(viewer).change(method="saliency")
    assert viewer.method == "saliency"
    assert viewer.status["seq"] == seq


def test_a_method_that_cannot_be_is_said_and_the_others_are_shown(engine: Engine) -> None:
    viewer = FaithfulnessViewer(
        engine, photograph(), ["attention_rollout", "saliency"], steps=3, random_maps=1
    )
    viewer.wait(30)
    assert list(viewer.refused) == ["attention_rollout"]
    assert "attention" in viewer.refused["attention_rollout"]
    assert list(viewer.curves) == ["saliency", "random"]
    assert viewer.status["state"] == "idle"


def test_stop_keeps_what_is_done_and_going_on_takes_it_up(engine: Engine) -> None:
    viewer = FaithfulnessViewer(engine, photograph(), steps=3, random_maps=20)
    viewer.wait(30)
    curves: list[int] = []
    stop: Callable[[Any], None] = lambda change: (  # noqa: E731
        curves.append(len(change["new"])),
        channel(viewer).message(kind="stop") if len(change["new"]) == 2 else None,
    )
    viewer.observe(stop, "curves")
    viewer.steps = 4
    at_rest(viewer)
    assert viewer.status["state"] == "stopped"
    assert viewer.status["hint"] == "Go on takes it up again; what is done is kept."
    viewer.unobserve(stop, "curves")
    kept = viewer.curves["grad_cam"]
    channel(viewer).message(kind="resume")
    at_rest(viewer)
    assert len(viewer.curves["random"].maps) == 20
    assert viewer.curves["grad_cam"] is kept


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"methods": ["gradcam"]}, 'Did you mean "grad_cam"'),
        ({"methods": []}, "expected at least one name"),
        ({"methods": ["saliency", "saliency"]}, "none twice"),
        ({"baseline": "blurr"}, 'Did you mean "blur"'),
        ({"steps": 1}, "whole number from 2 to 255"),
        ({"steps": True}, "whole number from 2 to 255"),
        ({"target": "red fix"}, 'Did you mean "red fox"'),
        ({"target": lambda output: output[:, 0]}, "expected a class"),
        ({"view": "curve"}, 'Did you mean "curves"'),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    engine: Engine, given: dict[str, Any], words: str
) -> None:
    with pytest.raises(ExplanationError, match=words):
        FaithfulnessViewer(engine, photograph(), **given)


def test_an_unknown_keyword_is_a_type_error(engine: Engine) -> None:
    with pytest.raises(TypeError, match='Did you mean "baseline"'):
        FaithfulnessViewer(engine, photograph(), baselin="blur")


def test_a_wrong_value_from_the_browser_is_put_back(viewer: FaithfulnessViewer) -> None:
    channel(viewer).change(steps=1000)
    assert viewer.status["state"] == "error"
    assert "2 to 255" in viewer.status["message"]
    assert viewer.steps == 6
    assert channel(viewer).updates("steps")[-1] == 6


def test_an_unknown_black_is_an_error_in_words() -> None:
    engine = Engine(SmallNetwork(), preprocessing=lambda image: __import__("torch").rand(3, 32, 32))
    viewer = FaithfulnessViewer(engine, photograph(), baseline="black", steps=3)
    viewer.wait(30)
    assert viewer.status["state"] == "error"
    assert "what black is" in viewer.status["message"]


def test_the_still_picture_the_words_and_the_saved_page(
    viewer: FaithfulnessViewer, tmp_path: Any
) -> None:
    data, _ = viewer._repr_mimebundle_()
    assert data["text/plain"].startswith("FaithfulnessViewer(Faithfulness of Grad-CAM, Saliency")
    still = base64.b64decode(data["image/png"])
    assert Image.open(io.BytesIO(still)).width > 600
    assert len(still) < 90_000
    assert len(viewer.to_png(tmp_path / "curves.png")) > len(still)
    page = viewer.to_html(tmp_path / "curves.html").read_text(encoding="utf-8")
    found = re.search(r'id="xw-document">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    state = json.loads(found[1])["state"]
    assert state["frozen"] is True
    assert [check["method"] for check in state["frames"]] == ["grad_cam", "saliency"]
    assert [len(check["stages"]) for check in state["frames"]] == [3, 3]
    assert len(state["frame"]["curves"]) == 3


def test_a_closed_viewer_is_gone(engine: Engine) -> None:
    viewer = FaithfulnessViewer(engine, photograph(), steps=3)
    comm = viewer.comm
    assert isinstance(comm, RecordingComm)
    viewer.close()
    assert comm.closed
    assert repr(viewer) == "FaithfulnessViewer(closed)"
    assert viewer.curves == viewer.frame == viewer.picture == {}
    with pytest.raises(ExplanationError, match="closed"):
        viewer.to_png()
    comm.message(kind="resume")
    engine.internals.worker.submit("last", lambda: iter([1])).wait(10)
    kept = weakref.ref(viewer)
    del viewer, comm
    gc.collect()
    assert kept() is None


def test_the_checks_of_all_methods_come_with_that_of_random_maps(
    viewer: FaithfulnessViewer,
) -> None:
    assert viewer.likeness == {}
    viewer.view = "sanity"
    at_rest(viewer)
    assert set(viewer.sanity) == set(viewer.likeness) == {"grad_cam", "saliency"}
    for name, found in viewer.sanity.items():
        shown = viewer.likeness[name]
        assert shown["spearman"] == [finite(stage.spearman) for stage in found.stages]
        assert shown["mean"] == finite(found.spearman)
        assert shown["total"] == len(found.stages)
        trained = found.stages[0].attribution.grid()
        seeds = range(viewer.seed, viewer.seed + viewer.random_maps)
        drawn = [np.random.default_rng(seed).random(trained.shape) for seed in seeds]
        chance = [metrics.spearman(trained, each) for each in drawn]
        assert shown["chance"] == (min(chance), max(chance))
    viewer.target = 2
    at_rest(viewer)
    assert set(viewer.likeness) == {"grad_cam", "saliency"}  # of the other class
