"""The base of the widgets: messages and their fields, work beside the main one, how far it is."""

from __future__ import annotations

import functools
import gc
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import traitlets as t

from tests.widgets.conftest import RecordingComm, busy, photograph
from tests.widgets.five_maps.viewer import FiveMaps
from xai_widgets.engine import Engine
from xai_widgets.progress import Progress
from xai_widgets.widgets.base.channel import message
from xai_widgets.widgets.base.jobs import Work, in_one_step
from xai_widgets.widgets.base.maps import dequantise
from xai_widgets.widgets.base.widget import EngineWidget


class Counter(EngineWidget):
    """Counts to three, and remembers what it is told."""

    _esm = "export default {}\n"
    count = t.Int(0).tag(sync=True, keyword=True)

    def __init__(self, engine: Engine, **options: Any) -> None:
        self.heard: list[Any] = []
        self.steps: list[Progress[int | None]] = [
            Progress(0.0, 7),
            Progress(0.25, None, "One"),
            Progress(0.5, 2),
            Progress(1.0, 3),
        ]
        super().__init__(engine, **options)

    def _work(self) -> tuple[str, Work[int | None]]:
        steps = list(self.steps)
        return "Counting", lambda: iter(steps)

    def _show(self, result: int) -> None:
        self.count = result

    def _picture_png(self, *, small: bool) -> bytes:
        return b"png"

    def _in_words(self) -> str:
        return str(self.count)

    def _heard(self, seen: list[Any], more: int, number: int) -> None:
        seen.append(number + more)

    @message("add")
    def _add(self, a: int, b: int = 10, *, buffers: list[Any]) -> None:
        self.heard.append((a, b, [bytes(buffer) for buffer in buffers]))

    @message("anything")
    def _anything(self, **fields: Any) -> None:
        self.heard.append(fields)


class Louder(Counter):
    """Overrides one handler by its name, and another by its kind."""

    def _anything(self, word: str = "") -> None:
        self.heard.append(word.upper())

    @message("stop")
    def pause(self) -> None:
        self.heard.append("paused")


@pytest.fixture
def counter(engine: Engine) -> Iterator[Counter]:
    with Counter(engine) as widget:
        yield widget


def channel(widget: EngineWidget) -> RecordingComm:
    comm = widget.comm
    assert isinstance(comm, RecordingComm)
    return comm


def send(widget: EngineWidget, buffers: list[bytes], **content: Any) -> None:
    comm = channel(widget)
    assert comm._handler is not None
    comm._handler(
        {"content": {"data": {"method": "custom", "content": content}}, "buffers": buffers}
    )


# Messages.


def test_a_handler_gets_its_fields_and_no_others(counter: Counter) -> None:
    send(counter, [b"x"], kind="add", a=1, b=2, c=3)
    send(counter, [], kind="add", a=4)
    send(counter, [b"y"], kind="anything", a=5, kindly=True)
    assert counter.heard == [(1, 2, [b"x"]), (4, 10, []), {"a": 5, "kindly": True}]


def test_a_field_that_is_missing_is_said(counter: Counter) -> None:
    send(counter, [], kind="add", b=2)
    assert counter.heard == []
    assert counter.status["state"] == "error"
    assert "'a'" in counter.status["message"]


def test_handlers_are_overridden_by_name_and_by_kind(engine: Engine) -> None:
    with Louder(engine) as widget:
        send(widget, [], kind="anything", word="hear", other=1)
        send(widget, [], kind="stop")
        assert widget.heard == ["HEAR", "paused"]


# How far the work is.


def test_the_status_follows_from_the_steps(counter: Counter) -> None:
    channel(counter).message(kind="resume")
    counter.wait(10)
    assert channel(counter).updates("count") == [7, 2, 3]
    told = [(s["state"], s["message"], s["fraction"]) for s in channel(counter).updates("status")]
    assert told == [
        ("running", "Counting", None),
        ("running", "One", 0.25),
        ("running", "Counting", 0.5),
        ("idle", "", None),
    ]
    last = [set(d["state"]) for d, _ in channel(counter).sent if d["method"] == "update"][-1]
    assert last == {"count", "status"}  # the result and the rest after it are one message


def test_many_steps_are_few_statuses(counter: Counter) -> None:
    counter.steps = [Progress(i / 5000, None) for i in range(5000)]
    channel(counter).message(kind="resume")
    counter.wait(60)
    assert counter.status["state"] == "idle"
    assert len(channel(counter).updates("status")) < 100


def test_an_observer_that_asks_anew_is_not_overruled(counter: Counter) -> None:
    def again(change: Any) -> None:
        if change["new"] == 3:
            counter.unobserve(again, "count")
            counter.resume()

    counter.observe(again, "count")
    with busy(counter.engine):
        channel(counter).message(kind="resume")
    counter.wait(10)
    states = [(s["seq"], s["state"]) for s in channel(counter).updates("status")]
    assert (1, "idle") not in states
    assert states[-1] == (2, "idle")


# Work beside it.


def test_work_aside_is_answered_while_the_main_work_waits(counter: Counter) -> None:
    entered, leave = threading.Event(), threading.Event()

    def slowly() -> Iterator[Progress[int]]:
        entered.set()
        leave.wait(10)
        yield Progress(0.5, 1)
        yield Progress(1.0, 2)

    counter._work = lambda: ("Slowly", slowly)  # type: ignore[method-assign]
    counter.resume()
    assert entered.wait(10)
    order: list[Any] = []
    counter.observe(lambda change: order.append(change["new"]), "count")
    job = counter.aside(in_one_step(lambda: 40), functools.partial(counter._heard, order, 2))
    leave.set()
    assert job.wait(10)
    counter.wait(10)
    assert order == [1, 42, 2]


def test_the_newest_work_aside_replaces_the_one_that_waits(counter: Counter) -> None:
    seen: list[Any] = []
    with busy(counter.engine):
        for number in range(5):
            counter.aside(
                in_one_step(functools.partial(int, number)),
                functools.partial(counter._heard, seen, 0),
            )
        once = counter.aside(
            in_one_step(lambda: 9), functools.partial(counter._heard, seen, 0), once=True
        )
    assert once.wait(10)
    assert sorted(seen) == [4, 9]


def test_an_error_aside_is_said_and_one_in_the_background_is_dropped(counter: Counter) -> None:
    def fails() -> int:
        raise RuntimeError("mine")

    counter.aside(in_one_step(fails), counter._show, background=True).wait(10)
    assert counter.status == {}
    counter.aside(in_one_step(fails), counter._show).wait(10)
    assert "mine" in counter.status["message"]
    seen: list[Any] = []
    counter.aside(in_one_step(fails), counter._show, failed=seen.append).wait(10)
    assert [str(problem) for problem in seen] == ["mine"]


def test_work_aside_keeps_no_widget_alive(engine: Engine) -> None:
    widget = Counter(engine)
    with busy(engine):
        job = widget.aside(in_one_step(lambda: 1), widget._show, once=True)
        widget.close()
        kept = weakref.ref(widget)
        del widget
        gc.collect()
        assert kept() is None
    assert job.wait(10)


def test_collect_takes_what_the_worker_makes_in_that_time(counter: Counter) -> None:
    def forever() -> Iterator[Progress[int | None]]:
        yield Progress(0.0, None)
        for number in range(3):
            yield Progress(0.1, number)
        while True:
            yield Progress(0.2, None)

    assert counter.collect(lambda: iter(counter.steps)) == [7, 2, 3]
    assert counter.collect(forever, seconds=0.3) == [0, 1, 2]


# A stranger's widget.


def test_a_small_widget_of_ones_own_has_everything(engine: Engine, tmp_path: Any) -> None:
    widget = FiveMaps(engine, photograph(), opacity=0.5)
    widget.wait(60)
    assert widget.status["state"] == "idle", widget.status
    frame = widget.frame
    titles = [map_["title"] for map_ in frame["maps"]]
    assert titles == ["Saliency", "Guided backpropagation", "Grad-CAM", "LayerCAM", "Occlusion"]
    assert frame["target"]["index"] == widget.prediction["top"][0]["index"]
    assert (frame["partial"], widget.frame["seq"]) == (False, widget.status["seq"])
    for sent in frame["maps"]:
        expected = engine.explain(photograph(), sent["method"])
        values = expected.values if expected.space == "layer" else expected.heatmap()
        np.testing.assert_allclose(dequantise(sent), values, atol=float(sent["peak"]) * 0.009)
    channel(widget).change(target=2)
    widget.wait(60)
    assert {sent["target"]["name"] for sent in widget.frame["maps"]} == {"blue whale"}
    assert repr(widget) == "FiveMaps(Five maps, array, Small)"
    assert len(widget.to_png()) > len(widget._repr_mimebundle_()[0]["image/png"]) / 4
    assert widget.to_html(tmp_path / "five.html").stat().st_size > 10_000


def test_it_is_at_most_sixty_lines() -> None:
    import inspect

    from tests.widgets.five_maps import viewer

    assert len(inspect.getsource(viewer).splitlines()) <= 60
