"""HeatmapViewer beside other widgets, in other hosts, between threads, and where no kernel is."""

from __future__ import annotations

import base64
import io
import json
import re
import threading
from typing import Any

import ipywidgets
import numpy as np
import pytest
from PIL import Image

from tests.widgets.conftest import RecordingComm, photograph
from tests.widgets.heatmap.test_viewer import at_rest, channel, quick_methods, until
from xai_widgets import HeatmapViewer
from xai_widgets.engine import Engine


def test_appearance_costs_no_computation(viewer: HeatmapViewer) -> None:
    channel(viewer).change(
        opacity=0.25, clip=95, colormap="viridis", sign="positive", arrangement="swipe"
    )
    viewer.threshold = 0.5
    viewer.blend = "multiply"
    assert (viewer.opacity, viewer.clip, viewer.colormap) == (0.25, 95.0, "viridis")
    assert channel(viewer).updates("status") == []
    assert channel(viewer).updates("threshold") == [0.5]


def test_the_old_names_still_work_and_say_the_new_ones(engine: Engine) -> None:
    with pytest.warns(DeprecationWarning, match="arrangement"):
        viewer = HeatmapViewer(engine, photograph(), prefetch=False, view="swipe")
    assert viewer.arrangement == "swipe"
    with pytest.warns(DeprecationWarning, match="arrangement"):
        viewer.view = "overlay"
    with pytest.warns(DeprecationWarning, match="arrangement"):
        assert viewer.view == "overlay"
    with pytest.warns(DeprecationWarning, match="cards"):
        assert viewer.methods == viewer.cards
    assert viewer.arrangement == "overlay"


def test_it_works_with_jslink_and_in_boxes(viewer: HeatmapViewer) -> None:
    slider = ipywidgets.FloatSlider(min=0, max=1)
    link = ipywidgets.jslink((viewer, "opacity"), (slider, "value"))
    assert link.source[0] is viewer
    box = ipywidgets.HBox([viewer, slider])
    state = box.get_state()
    assert state["children"][0] == f"IPY_MODEL_{viewer.model_id}"
    for widget in (link, box, slider):
        widget.close()


def test_traits_are_observable(viewer: HeatmapViewer) -> None:
    seen: list[Any] = []
    viewer.observe(lambda change: seen.append(change["new"].method), "attribution")
    viewer.method = "saliency"
    at_rest(viewer)
    until(lambda: bool(seen))
    assert seen == ["saliency"]
    with pytest.raises(Exception, match="follows by itself"):
        viewer.attribution = None


def test_a_host_may_open_the_channel_itself(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As marimo does, before there is anything to show."""

    def opened(widget: Any) -> None:
        widget.comm = RecordingComm(data={"state": widget.get_state()}, comm_id="marimo's")

    monkeypatch.setattr(ipywidgets.Widget, "_widget_construction_callback", staticmethod(opened))
    viewer = HeatmapViewer(engine, photograph())
    assert viewer.model_id == "marimo's"
    assert viewer.frame["method"] == "grad_cam"
    assert channel(viewer).updates("frame")[0]["method"] == "grad_cam"


def test_the_browsers_other_messages_reach_the_user(viewer: HeatmapViewer) -> None:
    heard: list[Any] = []
    viewer.on_msg(lambda _, content, buffers: heard.append(content))
    channel(viewer).message(kind="mine", value=3)
    assert heard == [{"kind": "mine", "value": 3}]


def test_answers_of_the_browser_are_not_tied_to_the_thread_that_sent(
    viewer: HeatmapViewer,
) -> None:
    comm = channel(viewer)
    comm._reply_subshell_id = None  # what ipykernel 7.4 notes
    viewer.opacity = 0.1
    assert "_reply_subshell_id" not in vars(comm)


def test_many_threads_may_write(engine: Engine) -> None:
    viewer = HeatmapViewer(engine, photograph(), prefetch=True)
    names = ["saliency", "grad_cam", "hires_cam", "input_x_gradient"]
    problems: list[BaseException] = []

    def write(start: int) -> None:
        try:
            for i in range(25):
                if start % 2:
                    channel(viewer).change(method=names[(start + i) % 4], target=i % 3)
                else:
                    viewer.method = names[(start + i) % 4]
                    viewer.opacity = i / 25
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert problems == []
    at_rest(viewer)
    assert viewer.status["state"] == "idle"
    assert viewer.frame["method"] == viewer.method
    assert viewer.frame["target"]["index"] == viewer.target
    assert channel(viewer).updates("frame")[-1] == {
        k: v for k, v in viewer.frame.items() if k != "data"
    }


def test_an_observer_may_wait_for_the_engine(viewer: HeatmapViewer) -> None:
    seen: list[str] = []

    def look(change: Any) -> None:
        job = viewer.engine.internals.worker.submit("me", lambda: iter([1]), on_done=lambda _: None)
        seen.append(f"{change['new']} {job.wait(10)}")

    viewer.observe(look, "method")
    viewer.method = "saliency"
    channel(viewer).change(method="hires_cam")
    assert seen == ["saliency True", "hires_cam True"]


def test_the_still_picture_and_the_words_are_what_is_shown(viewer: HeatmapViewer) -> None:
    data, metadata = viewer._repr_mimebundle_()
    assert metadata == {}
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == viewer.model_id
    top = viewer.prediction["top"][0]
    assert data["text/plain"] == repr(viewer)
    assert data["text/plain"].startswith(f"HeatmapViewer(Grad-CAM of {top['name']}")
    png = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert png.format == "PNG"
    exact = np.asarray(Image.open(io.BytesIO(viewer.to_png(what="picture"))).convert("RGB"))
    assert (exact != photograph()).any()
    viewer.opacity = 0
    without = np.asarray(Image.open(io.BytesIO(viewer.to_png(what="picture"))).convert("RGB"))
    np.testing.assert_array_equal(without, photograph())


def test_a_saved_page_holds_every_frame_it_can_switch_to(engine: Engine, tmp_path: Any) -> None:
    viewer = HeatmapViewer(engine, photograph(), "saliency", opacity=0.4)
    page = viewer.to_html(tmp_path / "cat.html").read_text(encoding="utf-8")
    found = re.search(r'id="xw-document">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    document = json.loads(found[1])
    state = document["state"]
    assert document["esm"] == viewer._esm
    assert document["css"] == viewer._css
    assert state["frozen"] is True
    assert state["opacity"] == 0.4
    assert state["status"]["state"] == "idle"
    quick = set(quick_methods(engine))
    shown = [(f["method"], f["target"]["index"]) for f in state["frames"]]
    top = [c["index"] for c in viewer.prediction["top"]]
    assert len(shown) == len(set(shown)) == len(quick) + 2
    assert {m for m, target in shown if target == top[0]} == quick
    assert {target for m, target in shown if m == "saliency"} == set(top)
    pixels = base64.b64decode(state["picture"]["data"]["$bytes"])
    assert pixels == viewer.picture["data"]
    data = base64.b64decode(state["frame"]["data"]["$bytes"])
    assert data == viewer.frame["data"]
    assert not any(name.startswith("_") or name == "layout" for name in state)
    assert viewer.frames == []
    assert viewer.frozen is False
