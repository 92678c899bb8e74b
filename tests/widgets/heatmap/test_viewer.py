"""HeatmapViewer against a recorded channel: what is sent, in which order, and what is refused."""

from __future__ import annotations

import io
import json
import re
import threading
import time
from collections.abc import Callable
from typing import Any

import ipywidgets
import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from tests.networks import Passes
from tests.widgets.conftest import RecordingComm, SmallNetwork, photograph
from xai_widgets import HeatmapViewer
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.widgets.base.maps import dequantise


def until(condition: Callable[[], bool], seconds: float = 100) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.005)


def at_rest(viewer: HeatmapViewer) -> None:
    until(lambda: viewer.status["state"] != "running")


def worked_off(engine: Engine) -> None:
    """Until the worker has ended all that it was given before, in the background as well."""
    last = engine.internals.worker.submit(object(), lambda: iter([1]), background=True)
    assert last.wait(100)


def channel(viewer: HeatmapViewer) -> RecordingComm:
    comm = viewer.comm
    assert isinstance(comm, RecordingComm)
    return comm


def quick_methods(engine: Engine) -> list[str]:
    """Those of one or two passes that a network without attention can be explained by."""
    cards = engine.methods.items()
    return [name for name, card in cards if not (card.anytime or card.needs_attention)]


# What is shown first.


def test_the_channel_opens_with_everything_the_browser_needs(engine: Engine) -> None:
    pixels = photograph()
    viewer = HeatmapViewer(engine, pixels, prefetch=False)
    state = channel(viewer).opened["state"]
    assert state["status"]["state"] == "idle"
    note = engine.internals.preprocessor.note
    assert note.startswith("No mean and std are given")
    assert state["network"] == {"name": "Small", "input": [32, 32], "note": note}
    assert state["class_names"] == ["red fox", "green frog", "blue whale"]
    assert [layer["name"] for layer in state["layers"]] == engine.layers
    assert state["layers"][0]["size"] == [8, 8]
    assert [card["name"] for card in state["cards"]] == list(engine.methods)
    said = {card["name"]: card["unavailable"] for card in state["cards"]}
    assert {name for name, reason in said.items() if reason} == {
        name for name, card in engine.methods.items() if card.needs_attention
    }
    assert (state["method"], state["target"], state["layer"]) == ("grad_cam", None, None)
    assert (state["frozen"], state["frames"]) == (False, [])
    json.dumps(state, allow_nan=False)

    top = engine.predict(pixels).top(5)
    assert [c["index"] for c in state["prediction"]["top"]] == [c.index for c in top]
    assert state["frame"]["target"]["index"] == top[0].index

    picture = Image.open(io.BytesIO(viewer.picture["data"]))
    np.testing.assert_array_equal(np.asarray(picture), pixels)  # small, hence exact
    assert (viewer.picture["width"], viewer.picture["mime"]) == (32, "image/png")


@pytest.mark.parametrize("method", ["grad_cam", "saliency", "guided_grad_cam", "occlusion"])
def test_the_frame_is_the_engines_explanation(engine: Engine, method: str) -> None:
    pixels = photograph()
    viewer = HeatmapViewer(engine, pixels, method, prefetch=False)
    at_rest(viewer)
    expected = engine.explain(pixels, method)
    values = expected.values if expected.space == "layer" else expected.heatmap()
    frame = viewer.frame
    assert frame["shape"] == list(values.shape)
    peak = np.abs(values).max()
    assert frame["peak"] == pytest.approx(float(peak))
    assert frame["range"] == pytest.approx([float(values.min()), float(values.max())])
    np.testing.assert_allclose(dequantise(frame), values, atol=float(peak) * 0.009)
    assert frame["target"]["score"] == pytest.approx(expected.score)
    assert frame["target"]["probability"] == pytest.approx(expected.probability)
    assert frame["layer"] == expected.layer
    assert frame["partial"] is False
    assert frame["fraction"] == 1
    np.testing.assert_array_equal(viewer.attribution.values, expected.values)


def test_the_frame_names_all_parameters_with_their_defaults(engine: Engine) -> None:
    viewer = HeatmapViewer(engine, photograph(), "occlusion", window=8, stride=8)
    at_rest(viewer)
    assert viewer.parameters == {"window": 8, "stride": 8}
    defaults = {p.name: p.default for p in engine.methods["occlusion"].parameters}
    assert viewer.frame["parameters"] == defaults | {"window": 8, "stride": 8}
    # and those of another method stay out of the request
    viewer.method = "saliency"
    at_rest(viewer)
    assert viewer.status["state"] == "idle"
    assert viewer.frame["method"] == "saliency"


# Requests.


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("method", "saliency", {"method": "saliency"}),
        ("target", 2, {"target": 2}),
        ("layer", "relu", {"layer": "relu", "shape": [16, 16]}),
    ],
)
def test_a_change_from_the_browser_brings_the_frame_that_was_asked_for(
    viewer: HeatmapViewer, name: str, value: Any, expected: dict[str, Any]
) -> None:
    channel(viewer).change(**{name: value})
    at_rest(viewer)
    frames = channel(viewer).updates("frame")
    assert len(frames) == 1
    frame = frames[0] | {"target": frames[0]["target"]["index"]}
    assert {key: frame[key] for key in expected} == expected
    states = [(s["state"], s["seq"]) for s in channel(viewer).updates("status")]
    assert states == [("running", 2), ("idle", 2)]
    assert frame["seq"] == 2


def test_frame_and_rest_arrive_as_one_message(viewer: HeatmapViewer) -> None:
    channel(viewer).change(method="saliency")
    at_rest(viewer)
    messages = [set(d["state"]) for d, _ in channel(viewer).sent if d["method"] == "update"]
    assert messages == [{"status"}, {"frame", "status"}]


def test_changes_in_one_message_are_one_request(viewer: HeatmapViewer) -> None:
    channel(viewer).change(method="occlusion", target=0, parameters={"window": 16, "stride": 16})
    at_rest(viewer)
    assert viewer.frame["seq"] == 2
    assert viewer.frame["method"] == "occlusion"
    assert viewer.frame["target"]["name"] == "red fox"
    assert viewer.frame["parameters"]["window"] == 16


def test_changes_from_python_can_be_one_request_too(viewer: HeatmapViewer) -> None:
    with viewer.hold_trait_notifications():
        viewer.method = "saliency"
        viewer.target = "blue whale"
    at_rest(viewer)
    assert viewer.frame["seq"] == 2
    assert (viewer.frame["method"], viewer.frame["target"]["index"]) == ("saliency", 2)


def test_python_sets_targets_by_name_index_and_function(viewer: HeatmapViewer) -> None:
    viewer.target = "BLUE whale"
    assert viewer.target == 2
    viewer.target = np.int64(1)
    assert viewer.target == 1
    assert type(viewer.target) is int

    def margin(output: torch.Tensor) -> torch.Tensor:
        return output[:, 0] - output[:, 1]

    viewer.target = margin
    at_rest(viewer)
    assert viewer.frame["target"]["index"] is None
    assert viewer.frame["target"]["name"] == "margin"
    assert channel(viewer).updates("target")[-1] == "margin"
    # The browser gives the name back together with something else.
    channel(viewer).change(target="margin", method="saliency")
    assert viewer.target is margin
    at_rest(viewer)
    assert viewer.frame["target"]["name"] == "margin"
    viewer.target = None
    at_rest(viewer)
    assert viewer.frame["target"]["index"] == viewer.prediction["top"][0]["index"]


def test_a_new_picture_replaces_everything_that_depends_on_it(viewer: HeatmapViewer) -> None:
    other = photograph(48, seed=5)
    viewer.image = other
    at_rest(viewer)
    assert viewer.picture["width"] == 48
    assert viewer.network["input"] == [48, 48]
    assert viewer.layers[0]["size"] == [12, 12]
    assert viewer.frame["shape"] == [12, 12]
    expected = viewer.engine.predict(other).top(1)[0]
    assert viewer.prediction["top"][0]["probability"] == pytest.approx(expected.probability)
    with pytest.raises(ExplanationError):
        viewer.image = "no such file.jpg"
    assert viewer.image is other


class Gate(nn.Module):
    """A network that waits when told to, so that a test can look at what happens meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = SmallNetwork()
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Event()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.entered.set()
        self.open.wait(20)
        result: torch.Tensor = self.inner(x)
        return result


def gated() -> tuple[Gate, HeatmapViewer]:
    gate = Gate()
    return gate, HeatmapViewer(Engine(gate), photograph(), prefetch=False)


def test_handlers_only_enqueue_and_the_latest_request_wins() -> None:
    gate, viewer = gated()
    gate.open.clear()
    gate.entered.clear()
    began = time.monotonic()
    channel(viewer).change(method="occlusion")
    assert gate.entered.wait(60)
    for target in (0, 1, 2):
        channel(viewer).change(target=target)
    channel(viewer).change(method="saliency")
    assert time.monotonic() - began < 2  # nobody waited for the network
    assert viewer.status["state"] == "running"
    gate.open.set()
    at_rest(viewer)
    frames = channel(viewer).updates("frame")
    assert [(f["seq"], f["method"], f["target"]["index"]) for f in frames] == [(6, "saliency", 2)]


def test_a_refining_map_is_shown_while_it_refines_and_can_be_stopped() -> None:
    gate, viewer = gated()
    calls = Passes()

    def slowly(*_: Any) -> None:
        calls.append(1)
        time.sleep(0.03)

    gate.register_forward_pre_hook(slowly)
    viewer.engine.forget()
    channel(viewer).change(method="occlusion", parameters={"window": 2, "stride": 1})
    until(lambda: bool(channel(viewer).updates("frame")))
    until(lambda: bool(viewer.status["fraction"]))
    assert viewer.status["state"] == "running"
    assert viewer.status["remaining"] > 0
    partial = viewer.frame
    assert partial["partial"] is True
    assert 0 < partial["fraction"] < 1
    channel(viewer).message(kind="stop")
    assert viewer.status["state"] == "stopped"
    assert re.fullmatch(r"Stopped at \d+\u00a0%\.", viewer.status["message"])
    shown, made = viewer.frame, len(calls)
    worked_off(viewer.engine)
    assert len(calls) <= made + 1  # the step that was being done
    assert viewer.frame is shown
    assert viewer.status["state"] == "stopped"
    # and it is no dead end
    channel(viewer).change(method="saliency")
    at_rest(viewer)
    assert viewer.frame["method"] == "saliency"


def test_stop_at_rest_does_nothing(viewer: HeatmapViewer) -> None:
    channel(viewer).message(kind="stop")
    viewer.stop()
    assert viewer.status["state"] == "idle"
    assert channel(viewer).updates("status") == []


# Errors.


def test_what_the_browser_cannot_have_set_is_put_back_and_said_in_words(
    viewer: HeatmapViewer,
) -> None:
    channel(viewer).change(method="gradcam")
    assert viewer.method == "grad_cam"
    assert viewer.status["state"] == "error"
    assert 'Did you mean "grad_cam"?' in viewer.status["message"]
    assert viewer.status["hint"]
    assert channel(viewer).updates("method") == ["grad_cam"]
    channel(viewer).change(opacity=7)
    assert viewer.opacity == 0.7
    assert "from 0 to 1" in viewer.status["message"]


def test_an_error_of_a_method_is_a_status_with_a_way_out(viewer: HeatmapViewer) -> None:
    channel(viewer).change(method="occlusion", parameters={"window": 8, "stride": 16})
    at_rest(viewer)
    status = viewer.status
    assert status["state"] == "error"
    assert "stride=16 leaves gaps" in status["message"]
    assert status["hint"]
    assert viewer.frame["method"] == "grad_cam"  # what was shown is still shown
    channel(viewer).change(parameters={})
    at_rest(viewer)
    assert viewer.status["state"] == "idle"


def test_a_network_that_fails_is_reported_not_raised() -> None:
    class Broken(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("size mismatch at layer 7")

    viewer = HeatmapViewer(Engine(Broken()), photograph())
    assert viewer.status["state"] == "error"
    assert "size mismatch at layer 7" in viewer.status["message"]
    assert viewer.status["hint"]
    data, _ = viewer._repr_mimebundle_()
    assert data["image/png"]  # the photograph itself
    assert [card["name"] for card in viewer.cards] == list(viewer.engine.methods)


def test_an_observer_that_fails_is_reported_and_stops_nothing(viewer: HeatmapViewer) -> None:
    def fail(_: Any) -> None:
        raise KeyError("mine")

    viewer.observe(fail, "attribution")
    viewer.method = "saliency"
    until(lambda: viewer.status["state"] == "error")
    assert "mine" in viewer.status["message"]
    viewer.unobserve(fail, "attribution")
    viewer.method = "hires_cam"
    at_rest(viewer)
    assert viewer.frame["method"] == "hires_cam"


def test_an_observer_that_fails_does_not_keep_a_change_of_the_browser_from_being_shown(
    viewer: HeatmapViewer,
) -> None:
    def fail(_: Any) -> None:
        raise KeyError("mine")

    viewer.observe(fail, "target")
    seen = []
    viewer.observe(lambda change: seen.append(change["new"]["message"]), "status")
    channel(viewer).change(target=2)
    at_rest(viewer)
    until(lambda: viewer.frame["target"]["index"] == 2)
    assert any("mine" in message for message in seen)


def test_methods_a_network_does_not_allow_say_why() -> None:
    network = SmallNetwork()
    network.relu = network.relu2 = nn.Sigmoid()
    viewer = HeatmapViewer(Engine(network), photograph())
    reasons = {card["name"]: card["unavailable"] for card in viewer.cards}
    assert reasons["saliency"] is None
    assert "rectifier" in reasons["guided_backprop"]
    viewer.method = "guided_backprop"
    at_rest(viewer)
    assert viewer.status["state"] == "error"
    assert "rectifier" in viewer.status["message"]


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"method": "gradcam"}, ValueError, 'Did you mean "grad_cam"?'),
        ({"method": 3}, ValueError, "expected a name such as 'grad_cam'"),
        ({"target": "green frg"}, ValueError, 'Did you mean "green frog"?'),
        ({"target": 3}, ValueError, "0 to 2"),
        ({"target": -1}, ValueError, "0 to 2"),
        ({"target": True}, ValueError, "class index"),
        ({"target": 1.5}, ValueError, "class index"),
        ({"layer": "relu_2"}, ValueError, 'Did you mean "relu2"?'),
        ({"opasity": 1}, TypeError, 'Did you mean "opacity"?'),
        ({"windw": 8}, TypeError, 'Did you mean "window"?'),
        ({"frame": {}}, TypeError, "no keyword 'frame'"),
        ({"colormap": "infern"}, ValueError, 'Did you mean "inferno"?'),
        ({"opacity": 1.1}, ValueError, "from 0 to 1"),
        ({"opacity": "1"}, ValueError, "from 0 to 1"),
        ({"clip": 50}, ValueError, "from 90 to 100"),
        ({"sign": "plus"}, ValueError, "both, positive, negative"),
        ({"arrangement": "swip"}, ValueError, 'Did you mean "swipe"?'),
        ({"parameters": {"windw": 3}}, ValueError, 'Did you mean "window"?'),
    ],
)
def test_a_wrong_argument_is_refused_with_the_right_spelling(
    engine: Engine, given: dict[str, Any], kind: type[Exception], words: str
) -> None:
    before = len(ipywidgets.widgets.widget._instances)
    with pytest.raises(kind, match=re.escape(words)):
        HeatmapViewer(engine, photograph(), **given)
    assert len(ipywidgets.widgets.widget._instances) == before


def test_a_wrong_picture_is_refused_where_it_is_given(engine: Engine) -> None:
    with pytest.raises(ExplanationError):
        HeatmapViewer(engine, "no such file.jpg")


def test_a_wrong_value_leaves_a_trait_as_it_was(viewer: HeatmapViewer) -> None:
    for name, value in [("method", "x"), ("target", "x"), ("layer", "x"), ("opacity", 2)]:
        before = getattr(viewer, name)
        with pytest.raises(ExplanationError):
            setattr(viewer, name, value)
        assert getattr(viewer, name) == before
    assert viewer.status["state"] == "idle"


def test_a_map_of_zeros_is_said_in_words() -> None:
    network = SmallNetwork()
    nn.init.zeros_(network.head.weight)
    viewer = HeatmapViewer(Engine(network), photograph())
    assert viewer.frame["state"] == "zero"
    assert "zero everywhere" in viewer.frame["message"]
    assert viewer.to_png()


# Prefetching.


def test_quick_methods_are_sent_ahead_once(engine: Engine) -> None:
    viewer = HeatmapViewer(engine, photograph())
    quick = quick_methods(engine)
    until(lambda: len(channel(viewer).custom()) == len(quick) - 1)
    for content, buffers in channel(viewer).custom():
        frame = content["frame"]
        assert content["kind"] == "prefetched"
        assert "data" not in frame
        assert len(buffers) == 1
        expected = engine.explain(viewer.image, frame["method"])
        values = expected.values if expected.space == "layer" else expected.heatmap()
        np.testing.assert_allclose(
            dequantise({**frame, "data": buffers[0]}), values, atol=float(frame["peak"]) * 0.009
        )
    assert {c["frame"]["method"] for c, _ in channel(viewer).custom()} == {*quick} - {"grad_cam"}
    # Switching to them, and naming the class and layer that are shown anyway, sends none again.
    viewer.method = "saliency"
    at_rest(viewer)
    viewer.target = viewer.prediction["top"][0]["index"]
    at_rest(viewer)
    viewer.layer = viewer.layers[0]["name"]
    at_rest(viewer)
    worked_off(engine)
    assert len(channel(viewer).custom()) == len(quick) - 1
    # Another class brings them for that class.
    viewer.target = viewer.prediction["top"][1]["index"]
    until(lambda: len(channel(viewer).custom()) == 2 * (len(quick) - 1))


def test_a_view_that_begins_to_listen_gets_what_was_sent_before(engine: Engine) -> None:
    viewer = HeatmapViewer(engine, photograph())
    quick = quick_methods(engine)
    until(lambda: len(channel(viewer).custom()) == len(quick) - 1)
    channel(viewer).message(kind="ready")
    since = [c for c, _ in channel(viewer).custom()[len(quick) - 1 :]]
    assert {c["frame"]["method"] for c in since if c["kind"] == "prefetched"} == {*quick}


def test_nothing_is_sent_ahead_when_not_wanted(engine: Engine, viewer: HeatmapViewer) -> None:
    viewer.method = "saliency"
    at_rest(viewer)
    worked_off(engine)
    assert channel(viewer).custom() == []


@pytest.mark.parametrize("wrong", [True, False, np.bool_(True)])
def test_truth_is_no_class(viewer: HeatmapViewer, wrong: Any) -> None:
    viewer.target = 1
    with pytest.raises(Exception, match="target"):
        viewer.target = wrong
    assert viewer.target == 1


def test_the_shown_method_is_the_first_that_is_looked_ahead_for(viewer: HeatmapViewer) -> None:
    expected = [card["name"] for card in viewer.cards
                if not card["anytime"] and not card.get("unavailable")]  # fmt: skip
    for method in ("grad_cam", "saliency", "guided_backprop"):
        viewer.method = method
        quick = [request.method for request in viewer._quick()]
        assert quick[0] == method
        assert sorted(quick) == sorted(expected)


def test_the_time_left_is_that_of_the_part_that_is_not_done(
    viewer: HeatmapViewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_rest(viewer)
    monkeypatch.setattr(type(viewer._jobs), "seconds", 6.0)
    for fraction, left in ((0.25, 18.0), (0.5, 6.0), (0.75, 2.0), (1.0, 0.0), (None, None),
                           (0, None)):  # fmt: skip
        viewer._say("running", "words", "hint", fraction)
        assert (viewer.status["fraction"], viewer.status["remaining"]) == (fraction, left)
        assert (viewer.status["message"], viewer.status["hint"]) == ("words", "hint")
