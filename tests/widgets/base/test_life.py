"""A widget that is closed is gone, and a notebook that holds one stays small."""

from __future__ import annotations

import base64
import gc
import io
import json
import threading
import weakref

import ipywidgets
import pytest
from PIL import Image

from tests.widgets.conftest import RecordingComm, SmallNetwork, photograph
from xai_widgets import HeatmapViewer, demo
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.render.stand_in import stand_in
from xai_widgets.widgets.base.stills import poster


def test_of_fifty_closed_widgets_none_is_left(engine: Engine) -> None:
    before = set(ipywidgets.widgets.widget._instances)
    viewers = []
    for seed in range(50):
        viewer = HeatmapViewer(engine, photograph(seed=seed))
        viewer.observe(lambda change: None, "attribution")
        viewer.method = "saliency"  # still being computed when it is closed
        viewers.append(weakref.ref(viewer))
        viewer.close()
        del viewer
    engine.internals.worker.submit("last", lambda: iter([1])).wait(10)
    gc.collect()
    assert sum(viewer() is not None for viewer in viewers) == 0
    assert set(ipywidgets.widgets.widget._instances) == before


def test_close_is_final_and_can_be_repeated(engine: Engine) -> None:
    viewer = HeatmapViewer(engine, photograph())
    comm, layout = viewer.comm, viewer.layout
    assert isinstance(comm, RecordingComm)
    viewer.close()
    viewer.close()
    assert comm.closed
    assert layout.comm is None
    assert repr(viewer) == "HeatmapViewer(closed)"
    assert viewer.frame == {}
    assert viewer.attribution is None
    with pytest.raises(ExplanationError, match="closed"):
        viewer.to_png()
    with pytest.raises(ExplanationError, match="closed"):
        viewer.to_html("never.html")
    with pytest.raises(ExplanationError, match="closed"):
        viewer.method = "saliency"
    sent = len(comm.sent)
    comm.message(kind="ready")  # a view that had not heard yet
    comm.message(kind="stop")
    assert len(comm.sent) == sent


def test_closing_leaves_a_layout_that_was_given_alone(engine: Engine) -> None:
    layout = ipywidgets.Layout(width="50%")
    HeatmapViewer(engine, photograph(), layout=layout).close()
    assert layout.comm is not None
    layout.close()


def test_a_closed_widget_lets_go_of_its_network() -> None:
    engine = Engine(SmallNetwork())
    viewer = HeatmapViewer(engine, photograph())
    network = weakref.ref(engine.model)
    viewer.close()
    worker = engine.internals.worker
    worker.submit("last", lambda: iter([1])).wait(10)
    del engine, worker
    gc.collect()
    assert network() is None  # although `viewer`, as the notebook's Out does, is still held
    assert viewer.comm is None


def test_it_is_a_context_manager(engine: Engine) -> None:
    with HeatmapViewer(engine, photograph()) as viewer:
        assert viewer.attribution.method == "grad_cam"
        comm = viewer.comm
    assert isinstance(comm, RecordingComm)
    assert comm.closed


def test_closing_while_it_computes_cancels_the_work(engine: Engine) -> None:
    viewer = HeatmapViewer(engine, photograph(64), prefetch=False)
    viewer.parameters = {"window": 2, "stride": 1}
    viewer.method = "occlusion"
    viewer.close()
    done = threading.Event()
    engine.internals.worker.submit("next", lambda: iter([1]), on_done=lambda _: done.set())
    assert done.wait(5)


def test_the_first_map_of_a_slow_method_is_not_waited_for_long(engine: Engine) -> None:
    viewer = HeatmapViewer(engine, photograph(128), "occlusion", window=2, stride=1)
    assert viewer.frame["method"] == "occlusion"
    assert viewer.frame["partial"] is True
    assert viewer.status["state"] == "running"
    data, _ = viewer._repr_mimebundle_()
    assert data["image/png"]
    viewer.close()


@pytest.mark.parametrize("method", ["grad_cam", "saliency"])
def test_a_notebook_grows_by_at_most_256_kibibytes(method: str) -> None:
    viewer = HeatmapViewer(demo.engine(), demo.photo("cat"), method)
    assert viewer.network["input"] == [224, 224]
    data, metadata = viewer._repr_mimebundle_()
    assert len(data["image/png"]) * 3 / 4 <= 60_000
    state = ipywidgets.Widget.get_manager_state(widgets=[viewer, viewer.layout])
    output = {"output_type": "display_data", "data": data, "metadata": metadata}
    assert len(json.dumps(output)) + len(json.dumps(state)) <= 2**18


@pytest.mark.parametrize("method", ["grad_cam", "saliency"])
def test_what_stands_in_for_the_view_adds_at_most_40_kilobytes(method: str) -> None:
    viewer = HeatmapViewer(demo.engine(), demo.photo("cat"), method)
    content, mime = poster(viewer._card)
    assert len(stand_in(content, mime, size=(600, 400), words=repr(viewer))) <= 40_000


def test_the_still_picture_stays_small_for_large_and_noisy_pictures(engine: Engine) -> None:
    viewer = HeatmapViewer(engine, photograph(700), "saliency")
    data, _ = viewer._repr_mimebundle_()
    assert len(base64.b64decode(data["image/png"])) <= 60_000
    assert len(viewer.picture["data"]) < 700 * 700 * 3 / 2
    assert Image.open(io.BytesIO(viewer.to_png(what="picture"))).size == (700, 700)
