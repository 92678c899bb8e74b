"""GradientComparison against a recorded channel: its cells are the engine's, and it is strict."""

from __future__ import annotations

import copy
import gc
import io
import json
import re
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from tests.widgets.conftest import RecordingComm, SmallNetwork, photograph
from tests.widgets.heatmap.test_viewer import channel, until
from xai_widgets import GradientComparison, metrics
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.widgets.base.maps import dequantise

METHODS = ["saliency", "guided_backprop", "smooth_grad", "grad_cam"]


def bent(engine: Engine) -> Engine:
    network = copy.deepcopy(engine.model)
    with torch.no_grad():
        network.second.weight.mul_(-1.0)  # type: ignore[operator, union-attr]  # a SmallNetwork's
    return Engine(network, class_names=engine.class_names, name="Small")


@pytest.fixture
def comparison(engine: Engine) -> Iterator[GradientComparison]:
    made = GradientComparison(
        [engine, bent(engine)], [photograph(), photograph(seed=1)], METHODS, samples=4
    )
    made.wait(30)
    assert made.status["state"] == "idle", made.status
    yield made
    made.close()


def messages(sent: RecordingComm, kind: str) -> list[tuple[dict[str, Any], list[Any]]]:
    return [(content, buffers) for content, buffers in sent.custom() if content["kind"] == kind]


def test_cells_are_the_engines_for_one_class(
    engine: Engine, comparison: GradientComparison
) -> None:
    engines = {"Small 1": engine, "Small 2": bent(engine)}  # alike by name: numbered
    target = engine.internals.resolve_target(photograph()).index
    sent = channel(comparison)
    sent.message(kind="ready")
    frames = {
        (content["frame"]["row"], content["frame"]["method"]): {
            **content["frame"], "data": buffers[0]
        }
        for content, buffers in messages(sent, "cell")
    }  # fmt: skip
    for row, (name, each) in enumerate(engines.items()):
        for method in METHODS:
            given = {"samples": 4} if method == "smooth_grad" else {}
            expected = each.explain(photograph(), method, target=target, **given)
            found = comparison.attributions[name, method]
            np.testing.assert_allclose(found.values, expected.values, rtol=1e-5, atol=1e-7)
            shown = expected.values if method == "grad_cam" else expected.heatmap()
            largest = float(np.abs(shown).max())
            np.testing.assert_allclose(
                dequantise(frames[row, method]), shown, atol=largest / 60 + 1e-9
            )
            assert frames[row, method]["target"]["index"] == target


def test_each_may_explain_its_own_class(engine: Engine, comparison: GradientComparison) -> None:
    comparison.own = True
    comparison.wait(30)
    indices = [
        comparison.attributions[name, "saliency"].target.index for name in ("Small 1", "Small 2")
    ]
    networks = (engine, bent(engine))
    assert indices == [network.internals.resolve_target(photograph()).index for network in networks]
    assert indices[0] != indices[1]
    comparison.own, comparison.target = False, "blue whale"
    comparison.wait(30)
    assert comparison.attributions["Small 2", "grad_cam"].target.index == 2


def test_measures_are_those_of_the_room(engine: Engine, comparison: GradientComparison) -> None:
    target = engine.internals.resolve_target(photograph()).index
    plain = engine.explain(photograph(), "saliency", target=target)
    guided = engine.explain(photograph(), "guided_backprop", target=target)
    until(lambda: "smoothing" in comparison.measures["Small 1", "saliency"])
    found = comparison.measures["Small 1", "saliency"]
    smooth = engine.explain(photograph(), "smooth_grad", target=target, samples=10)
    assert found == {
        "sparseness": pytest.approx(metrics.sparseness(plain), abs=1e-5),
        "variation": pytest.approx(metrics.total_variation(plain), abs=1e-5),
        "guided": pytest.approx(metrics.cosine(plain, guided), abs=1e-5),
        "smoothing": pytest.approx(1 - metrics.cosine(plain, smooth), abs=1e-5),
        "survival": None,
    }
    assert comparison.measures["Small 1", "grad_cam"]["guided"] is None


def test_noise_changes_the_input_and_not_the_class(
    engine: Engine, comparison: GradientComparison
) -> None:
    target = engine.internals.resolve_target(photograph()).index
    clear = comparison.attributions["Small 1", "saliency"]
    comparison.noise = 0.2
    comparison.wait(30)
    x = engine.input(photograph())
    noise = torch.randn(x.shape[1:], generator=torch.Generator().manual_seed(0))
    expected = engine.explain(x + 0.2 * (x.max() - x.min()) * noise, "saliency", target=target)
    found = comparison.attributions["Small 1", "saliency"]
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-4, atol=1e-7)
    survives = comparison.measures["Small 1", "saliency"]["survival"]
    assert survives == pytest.approx(metrics.cosine(found, clear), abs=1e-5)


def test_noise_before_there_is_a_map_without_it(engine: Engine) -> None:
    with GradientComparison([engine], photograph(), ["saliency"], noise=0.2) as comparison:
        comparison.wait(30)
        found = comparison.attributions["Small", "saliency"]
        clear = engine.explain(photograph(), "saliency", target=found.target.index)
        survives = comparison.measures["Small", "saliency"]["survival"]
        assert survives == pytest.approx(metrics.cosine(found, clear), abs=1e-5)


def test_what_is_known_is_not_computed_again(
    engine: Engine, comparison: GradientComparison
) -> None:
    sent = channel(comparison)

    def measured() -> bool:  # the last thing that is computed
        found = comparison.measures
        return all(len(found.get((name, "grad_cam"), {})) == 5 for name in ("Small 1", "Small 2"))

    until(measured)
    comparison.picture_index = 1
    comparison.wait(30)
    until(measured)
    engine.forget()
    passes = 0

    def count(*_: Any) -> None:
        nonlocal passes
        passes += 1

    handle = engine.model.register_forward_hook(count)
    before = len(sent.custom())
    sent.change(picture_index=0)
    comparison.wait(30)
    again = [content for content, _ in sent.custom()[before:] if content["kind"] == "cell"]
    assert again == []  # the browser has them
    sent.message(kind="missing", key="0||0|0.000")  # but another view may not
    assert len(messages(sent, "cell")[-8:]) == 8
    assert passes == 0
    handle.remove()


def test_errors_stand_in_their_cell(engine: Engine) -> None:
    smooth = nn.Sequential(nn.Conv2d(3, 4, 3), nn.GELU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                           nn.Linear(4, 3))  # fmt: skip
    with GradientComparison(
        {"relu": engine, "gelu": Engine(smooth), "four": Engine(nn.Sequential(nn.Flatten()))},
        photograph(8), ["saliency", "guided_backprop"], target=2,
    ) as comparison:  # fmt: skip
        comparison.wait(30)
        sent = channel(comparison)
        sent.message(kind="ready")
        errors = {
            (content["frame"]["row"], content["frame"]["method"]): content["frame"].get("error")
            for content, _ in messages(sent, "cell")
        }
        assert (
            errors[0, "saliency"] is errors[0, "guided_backprop"] is errors[1, "saliency"] is None
        )
        assert "rectifier" in str(errors[1, "guided_backprop"])
        assert comparison.measures["gelu", "saliency"]["guided"] is None
        assert ("four", "saliency") in comparison.attributions
        assert comparison.status["state"] == "idle"
        assert comparison.to_png()[:4] == b"\x89PNG"


def test_a_class_that_a_network_lacks_is_said(engine: Engine) -> None:
    two = Engine(
        nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    )
    other = Engine(SmallNetwork(), class_names=["blue whale", "grey owl", "red fox"])
    with GradientComparison(
        {"all": engine, "two": two, "named": other}, photograph(), ["saliency"], target=2
    ) as comparison:
        comparison.wait(30)
        assert set(comparison.attributions) == {("all", "saliency"), ("named", "saliency")}
        assert comparison.attributions["named", "saliency"].target.index == 0  # by its name
        sent = channel(comparison)
        sent.message(kind="ready")
        (problem,) = [
            content["prediction"]["error"]
            for content, _ in messages(sent, "prediction")
            if "error" in content["prediction"]
        ]
        assert "2 classes and none of number 2" in problem


def test_checkpoints_of_one_network(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "__version__", "2.13.0")  # the first that reads its own is 2.10
    other = bent(engine)
    save_file(other.model.state_dict(), tmp_path / "late.safetensors")
    torch.save(engine.model.state_dict(), tmp_path / "early.pt")
    with GradientComparison(
        engine,
        photograph(),
        ["saliency"],
        checkpoints={"early": tmp_path / "early.pt", "late": tmp_path / "late.safetensors"},
        accuracies={"late": 0.9},
    ) as comparison:
        comparison.wait(30)
        for name, each in (("early", engine), ("late", other)):
            expected = each.explain(photograph(), "saliency", target=0)
            comparison.target = 0
            comparison.wait(30)
            found = comparison.attributions[name, "saliency"]
            np.testing.assert_allclose(found.values, expected.values, rtol=1e-5, atol=1e-7)
        assert comparison.rows == [
            {"name": "early", "accuracy": None},
            {"name": "late", "accuracy": 0.9},
        ]
    with pytest.raises(ExplanationError, match="checkpoint 'bad' does not fit"):
        GradientComparison(engine, photograph(), checkpoints={"bad": {}})


def test_it_is_strict(engine: Engine, comparison: GradientComparison) -> None:
    with pytest.raises(TypeError, match=r"no keyword .nois.\. Did you mean .noise"):
        GradientComparison(engine, photograph(), nois=1)  # type: ignore[call-arg]  # the point of it
    with pytest.raises(ExplanationError, match=r"unknown method .salience.*Did you mean .saliency"):
        GradientComparison(engine, photograph(), ["salience"])
    with pytest.raises(ExplanationError, match="2 different names"):
        GradientComparison([engine, engine], photograph(), names=["a", "a"])
    with pytest.raises(ExplanationError, match=r"shares from 0 to 1"):
        GradientComparison(engine, photograph(), accuracies=[93])
    with pytest.raises(ExplanationError, match="a network, as its engine; bind it first"):
        GradientComparison(engine.model, photograph())  # type: ignore[arg-type]  # the point of it
    with pytest.raises(ExplanationError, match="empty"):
        GradientComparison(engine, [])
    with pytest.raises(ExplanationError, match="noise is 2"):
        comparison.noise = 2
    with pytest.raises(ExplanationError, match="picture_index is 2"):
        comparison.picture_index = 2
    with pytest.warns(DeprecationWarning, match=r"place is now called picture_index"):
        comparison.place = 1
    assert comparison.picture_index == 1
    with (
        pytest.warns(DeprecationWarning, match="place=.... is now called picture_index"),
        GradientComparison(engine, [photograph()] * 2, place=1) as other,  # type: ignore[call-arg]
    ):
        assert other.picture_index == 1
    channel(comparison).change(scale="cel")
    assert comparison.status["state"] == "error"
    assert "Did you mean" in comparison.status["message"]


def test_a_saved_page_has_pictures_and_noise(
    comparison: GradientComparison, tmp_path: Path
) -> None:
    text = comparison.to_html(tmp_path / "page.html").read_text(encoding="utf-8")
    found = re.search(r'id="xw-document">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    frames = json.loads(found.group(1))["state"]["frames"]
    keys = [frame["key"] for frame in frames]
    assert keys[0] == "0||0|0.000"
    assert {"1||0|0.000", "0||0|0.100", "0||0|0.300"} <= set(keys)
    assert len(frames[0]["cells"]) == len(METHODS) * 2
    assert frames[0]["predictions"][0]["photo"]["width"] == 32
    own = {each["method"]: each["values"] for each in frames[0]["measures"] if each["row"] == 0}
    assert own["saliency"]["smoothing"] is not None


def test_the_static_half_and_the_end(engine: Engine) -> None:
    other = bent(engine)
    with GradientComparison([engine, other], photograph(), ["saliency"]) as comparison:
        comparison.wait(30)
        bundle = comparison._repr_mimebundle_()
        assert bundle is not None
        assert "image/png" in bundle[0]
        assert bundle[0]["text/plain"].startswith("GradientComparison(Saliency for")
        picture = Image.open(io.BytesIO(comparison.to_png()))
        assert picture.width > 400
        sent = channel(comparison)
    assert sent.closed
    assert repr(comparison) == "GradientComparison(closed)"
    kept = weakref.ref(other)
    del other
    gc.collect()
    until(lambda: kept() is None)


def test_the_footer_names_the_networks_as_they_were_given(engine: Engine) -> None:
    given = {"plain": engine, "with a <b>long</b> name": bent(engine)}
    with GradientComparison(given, photograph(), ["saliency"]) as made:
        assert made.network["name"] == "plain, with a <b>long</b> name"
