"""Running, stopped, error, closed, frozen: the same in every widget."""

from __future__ import annotations

import base64
import gc
import importlib
import inspect
import io
import json
import re
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from PIL import Image

from tests.widgets.conftest import RecordingComm, busy
from tests.widgets.heatmap.test_viewer import worked_off
from tests.widgets.registry import WIDGETS, Made
from xai_widgets import TrainingMonitor
from xai_widgets.errors import ExplanationError
from xai_widgets.progress import Progress
from xai_widgets.widgets.base import state_lock
from xai_widgets.widgets.base.widget import EngineWidget


@pytest.fixture(params=WIDGETS)
def made(request: pytest.FixtureRequest) -> Made:
    return WIDGETS[request.param]


@pytest.fixture
def widget(made: Made) -> Iterator[EngineWidget]:
    widget = made.make()
    widget.wait(60)
    assert widget.status["state"] == "idle", widget.status
    yield widget
    widget.close()


def channel(widget: EngineWidget) -> RecordingComm:
    comm = widget.comm
    assert isinstance(comm, RecordingComm)
    return comm


def state_after(widget: EngineWidget, seconds: float = 60) -> str:
    widget.wait(seconds)
    return str(widget.status["state"])


def pongs(comm: RecordingComm) -> int:
    return sum(content == {"kind": "pong"} for content, _ in comm.custom())


# Messages.


@pytest.mark.parametrize("content", [{"kind": "no such"}, {"kind": 3}, {"kind": None}, {}, "stop"])
def test_an_unknown_message_changes_nothing_and_reaches_the_user(
    widget: EngineWidget, content: Any
) -> None:
    status, heard = widget.status, []
    widget.on_msg(lambda _, content, buffers: heard.append(content))
    channel(widget).receive({"method": "custom", "content": content})
    assert widget.status == status
    assert heard == [content]


def test_a_view_that_is_ready_starts_no_work(widget: EngineWidget) -> None:
    seq = widget.status["seq"]
    channel(widget).message(kind="ready")
    assert widget.status["seq"] == seq
    assert widget.status["state"] == "idle"


def test_a_ping_is_answered_at_once_while_the_worker_is_busy(widget: EngineWidget) -> None:
    comm = channel(widget)
    with busy(widget.engine):
        comm.message(kind="resume")
        assert widget.status["state"] == "running"
        comm.message(kind="ping")
        assert pongs(comm) == 1
        assert widget.status["state"] == "running"


def test_a_ping_is_answered_while_a_cell_holds_the_lock(widget: EngineWidget) -> None:
    entered, leave = threading.Event(), threading.Event()

    def write() -> None:
        with state_lock.held():
            entered.set()
            leave.wait(30)

    cell = threading.Thread(target=write)
    cell.start()
    try:
        assert entered.wait(5)
        begun = time.monotonic()
        channel(widget).message(kind="ping")
        assert pongs(channel(widget)) == 1
        assert time.monotonic() - begun < 5
    finally:
        leave.set()
        cell.join()


# Stop, and what comes after.


def test_stop_says_so_and_resume_goes_on(widget: EngineWidget) -> None:
    comm = channel(widget)
    with busy(widget.engine):
        comm.message(kind="resume")
        seq = widget.status["seq"]
        comm.message(kind="stop")
        status = widget.status
        assert status["state"] == "stopped"
        assert status["message"]
        assert status["hint"]
        comm.message(kind="stop")  # once more does nothing
        assert widget.status == status
    worked_off(widget.engine)
    assert widget.status == status  # nothing of the stopped work arrives
    comm.message(kind="resume")
    assert widget.status["seq"] > seq
    assert state_after(widget) == "idle"


def test_stop_at_rest_does_nothing(widget: EngineWidget) -> None:
    status = widget.status
    channel(widget).message(kind="stop")
    assert widget.status == status


def test_every_status_has_all_its_fields(widget: EngineWidget) -> None:
    seq = widget.status["seq"]
    channel(widget).message(kind="resume")
    assert state_after(widget) == "idle"
    statuses = [status for status in channel(widget).updates("status") if status["seq"] > seq]
    assert [statuses[0]["state"], statuses[-1]["state"]] == ["running", "idle"]
    assert statuses[0]["message"]
    for status in statuses:
        assert set(status) == {
            "seq", "state", "message", "hint", "fraction", "seconds", "remaining"
        }  # fmt: skip
        assert status["fraction"] is None or 0 <= status["fraction"] < 1
        json.dumps(status, allow_nan=False)


# Errors.


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (ExplanationError("there is no such layer"), "there is no such layer"),
        (RuntimeError("out of memory"), "RuntimeError: out of memory"),
    ],
)
@pytest.mark.parametrize("begun", [False, True])
def test_what_goes_wrong_in_the_work_is_said_with_a_way_out(
    widget: EngineWidget,
    monkeypatch: pytest.MonkeyPatch,
    problem: Exception,
    words: str,
    begun: bool,
) -> None:
    def fails() -> Iterator[Progress[None]]:
        if begun:
            yield Progress(0.5, None, "Half of it")
        raise problem

    monkeypatch.setattr(widget, "_work", lambda: ("Work", fails))
    channel(widget).message(kind="resume")
    assert state_after(widget) == "error"
    assert widget.status["message"] == words
    assert widget.status["hint"]
    assert widget.to_png()
    monkeypatch.undo()
    channel(widget).message(kind="resume")
    assert state_after(widget) == "idle"


def test_a_handler_that_fails_is_reported_in_the_widget(
    widget: EngineWidget, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: EngineWidget) -> None:
        raise KeyError("mine")

    monkeypatch.setattr(type(widget), "_ready", fails)
    channel(widget).message(kind="ready")
    assert widget.status["state"] == "error"
    assert "mine" in widget.status["message"]


def test_an_observer_that_fails_is_reported_and_stops_nothing(
    widget: EngineWidget, made: Made
) -> None:
    def fails(change: Any) -> None:
        widget.unobserve(fails, made.shows)
        raise KeyError("mine")

    seen: list[str] = []
    widget.observe(lambda change: seen.append(change["new"]["message"]), "status")
    widget.observe(fails, made.shows)
    channel(widget).message(kind="resume")  # in a handler nobody else would see it
    widget.wait(60)
    assert any("mine" in message for message in seen)
    channel(widget).message(kind="resume")
    assert state_after(widget) == "idle"


def test_a_value_that_the_browser_cannot_set_is_put_back(widget: EngineWidget) -> None:
    names = sorted(set(widget.trait_names(keyword=True)) & set(widget.keys))
    if isinstance(widget, TrainingMonitor):
        assert names == []  # there is nothing to set
    for name in names[:1]:
        before = getattr(widget, name)
        channel(widget).change(**{name: {"no": "such value"}})
        assert getattr(widget, name) == before
        assert widget.status["state"] == "error"
        assert widget.status["hint"] == "The control is back at its last value."
        assert channel(widget).updates(name)[-1] == before


# The end.


def test_a_widget_that_is_closed_while_it_works_is_silent_and_gone(made: Made) -> None:
    widget = made.make()
    widget.wait(60)
    comm, engine = channel(widget), widget.engine
    with busy(engine):
        comm.message(kind="resume")
        widget.close()
        assert comm.closed
        sent = len(comm.sent)
        for kind in ("ready", "stop", "resume", "ping", "no such"):
            comm.message(kind=kind)
        assert len(comm.sent) == sent
        assert repr(widget) == f"{type(widget).__name__}(closed)"
    engine.internals.worker.submit(object(), lambda: iter([1])).wait(20)
    assert len(comm.sent) == sent
    for forbidden in (widget.to_png, widget.resume, widget.wait):
        with pytest.raises(ExplanationError, match="closed"):
            forbidden()
    kept = weakref.ref(widget)
    del widget, comm, forbidden
    gc.collect()
    assert kept() is None


def test_no_kernel_no_view_but_a_picture_and_words(widget: EngineWidget) -> None:
    data, _ = widget._repr_mimebundle_()
    assert data["text/plain"] == repr(widget)
    assert data["text/plain"].startswith(f"{type(widget).__name__}(")
    png = base64.b64decode(data["image/png"])
    assert Image.open(io.BytesIO(png)).format == "PNG"
    assert len(png) < 90_000


def test_a_saved_page_is_frozen_at_rest_and_has_everything(
    widget: EngineWidget, tmp_path: Path
) -> None:
    page = widget.to_html(tmp_path / "page.html").read_text(encoding="utf-8")
    match = re.search(r'id="xw-document">(.*?)</script>', page, re.DOTALL)
    assert match is not None
    state = json.loads(match[1])["state"]
    assert state["frozen"] is True
    assert (state["status"]["state"], state["status"]["message"]) == ("idle", "")
    traits = {name for name in widget.keys if not name.startswith("_") and name != "layout"}
    assert set(state) == traits
    assert state["network"]["name"]
    assert widget.frozen is False


# The constructor.


@pytest.mark.parametrize("name", ["no_such_option", "frame", "status", "frozen"])
def test_an_unknown_keyword_is_refused(made: Made, name: str) -> None:
    with pytest.raises(TypeError, match=f"no keyword '{name}'"):
        made.make(**{name: 1})


def test_a_widget_without_a_picture_takes_no_image() -> None:
    with pytest.raises(TypeError, match="no keyword 'image'"):
        WIDGETS["training"].make(image="cat.jpg")


@pytest.mark.parametrize("name", [name for name in WIDGETS if name != "a stranger's"])
def test_editors_know_every_keyword(name: str) -> None:
    """The constructor's parameters and the TypedDict of its options are what it accepts."""
    widget = WIDGETS[name].make()
    parameters = inspect.signature(type(widget).__init__).parameters
    unpacked = re.fullmatch(r"Unpack\[(\w+)\]", parameters["options"].annotation)
    assert unpacked is not None
    options = getattr(importlib.import_module(type(widget).__module__), unpacked[1])
    named = set(parameters) - {"self", "options"}
    assert set(get_type_hints(options)) | named >= set(widget._keywords())
    assert set(get_type_hints(options)) <= set(widget._keywords())
    widget.close()
