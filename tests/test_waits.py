"""An interrupt ends whatever the main thread waits for, and what was waited for goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import xai_widgets as xw
from tests.jobs import Gate
from xai_widgets import interrupts, locks
from xai_widgets.engine.ahead import ahead
from xai_widgets.engine.worker import Worker
from xai_widgets.errors import ExplanationError
from xai_widgets.interrupts import ended
from xai_widgets.probe.guard import lock_of
from xai_widgets.study import Study
from xai_widgets.study.leases import Leases

_opened = threading.Event()  # what the network's passes in other threads wait for
_WAITS = ("_in_slices", "_wait_while_running", "_wait", "shutdown", "_python_exit")


class Gated(nn.Module):
    """Four classes; in another than the main thread a pass waits until it may go on."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.convolution, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        if threading.current_thread() is not threading.main_thread():
            assert _opened.wait(120)
        return self.head(self.convolution(x).relu().mean((2, 3)))


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    _opened.set()
    yield
    _opened.set()
    assert (interrupts._state.depth, interrupts._state.closed) == (0, False)
    assert interrupts._state.waiting == {}
    assert locks._held.locks == []


@pytest.fixture
def engine() -> xw.Engine:
    return xw.Engine(Gated(), preprocessing={"size": 16, "crop": 16})


def pictures(count: int) -> list[Any]:
    return list(np.random.default_rng(0).integers(0, 256, (count, 16, 16, 3), dtype=np.uint8))


def interrupted(wait: Callable[[], object]) -> None:
    """Wait, for what does not come before the interrupt; it is sent once the main thread waits."""
    main = threading.main_thread().ident or 0
    over = threading.Event()

    def waits() -> bool:
        frame = sys._current_frames().get(main)
        while frame is not None:
            if frame.f_code.co_name in _WAITS and frame.f_globals["__name__"] != __name__:
                return True
            frame = frame.f_back
        return False

    def press() -> None:
        while not waits():
            if over.wait(0.001):
                return
        signal.pthread_kill(main, signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            wait()
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("seconds", [None, 600.0])
def test_a_job(seconds: float | None) -> None:
    gate = Gate(2)
    job = Worker().submit("me", gate)
    interrupted(lambda: job.wait(seconds))
    assert not job.over
    gate.open_for(2)
    assert job.wait(60)
    assert gate.done == [0, 1]
    assert job.state == "done"


@pytest.mark.parametrize("seconds", [None, 600.0])
def test_the_end_of_a_thread_which_lives_on(seconds: float | None) -> None:
    leave = threading.Event()
    thread = threading.Thread(target=leave.wait, args=(120,))
    thread.start()
    interrupted(lambda: ended(thread, seconds))
    assert thread.is_alive()
    assert not ended(thread, 0.01)
    leave.set()
    assert ended(thread, seconds)


def test_a_network_that_another_thread_runs(engine: xw.Engine) -> None:
    picture = pictures(1)[0]
    asked = [("saliency", 1), ("grad_cam", 2)]
    expected = [engine.explain(picture, m, target=t).values for m, t in asked]
    engine.forget()
    _opened.clear()
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(engine.explain, picture, "grad_cam", target=2)
        while lock_of(engine.model)._owner is None:
            time.sleep(0.001)
        interrupted(lambda: engine.explain(picture, "saliency", target=1))
        _opened.set()
        found = [engine.explain(picture, "saliency", target=1).values, other.result(60).values]
    assert all(map(np.array_equal, found, expected))


def test_what_is_read_ahead() -> None:
    gate = threading.Event()

    def read(number: int) -> int:
        assert gate.wait(120)
        return number

    given = iter(range(100))
    interrupted(lambda: list(ahead(read, given, threads=2, count=4)))
    gate.set()
    assert list(ahead(read, given, threads=2, count=4)) == list(range(4, 100))


def test_a_viewer_and_what_is_collected_for_a_page(engine: xw.Engine) -> None:
    viewer = xw.HeatmapViewer(engine, pictures(1)[0], method="saliency", target=1, prefetch=False)
    viewer.wait()
    _opened.clear()
    engine.forget()
    viewer.target = 2
    interrupted(viewer.wait)
    interrupted(lambda: xw.HeatmapViewer(engine, pictures(2)[1], prefetch=False))

    def work() -> Iterator[Any]:
        yield engine.explain(pictures(1)[0], "grad_cam")

    interrupted(lambda: viewer.collect(work))
    assert viewer.status["state"] == "running"
    _opened.set()
    viewer.wait()
    assert viewer.status["state"] == "idle"
    assert viewer.attribution.target.index == 2
    viewer.close()


@pytest.mark.parametrize(
    ("act", "executor"),
    [("stop", False), *((act, where) for act in ("wait", "run", "study") for where in (0, 1))],
)
def test_a_study(tmp_path: Path, engine: xw.Engine, act: str, executor: bool) -> None:
    study = Study(engine, (pictures(6), [0, 1, 2, 3, 0, 1]), folder=tmp_path / "a.study")
    with ThreadPoolExecutor(1) as pool:
        _opened.clear()
        given = pool if executor else None
        run = study.run(given, progress=False)
        while lock_of(engine.model)._owner is None:
            time.sleep(0.001)
        waits = {
            "wait": run.wait,
            "stop": lambda: run.stop(600),
            "run": lambda: study.run(given, wait=True, progress=False),
            "study": lambda: study.wait(600),
        }
        interrupted(waits[act])
        assert run.state == "running"
        _opened.set()
        assert run.wait(120)
        assert run.state == ("stopped" if act == "stop" else "done")
        study.run(given, wait=True, progress=False)
    assert study.rows["done"].all()
    assert not list((study.store.folder / "leases").iterdir())


def test_a_lease_is_given_back_where_its_beginning_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leases = Leases(tmp_path / "leases")
    start = threading.Thread.start

    def interrupting(thread: threading.Thread) -> None:
        signal.raise_signal(signal.SIGINT)
        start(thread)

    before = set(threading.enumerate())
    assert leases.claim(3)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", interrupting)
        with pytest.raises(KeyboardInterrupt), leases.kept(3):
            pytest.fail("it went on")
    assert leases.claim(3)
    for thread in set(threading.enumerate()) - before:
        assert ended(thread, 60)


LEAVING = """
import signal, sys, threading
from xai_widgets.engine.worker import Worker

begun = threading.Event()

def work():
    begun.set()
    threading.Event().wait(100)
    yield 1

signal.signal(signal.SIGINT, signal.default_int_handler)
workers = [Worker(), Worker()]
for worker in workers:
    begun.clear()
    worker.submit("me", work)
    assert begun.wait(60)
print("leaving", flush=True)
"""


def test_the_end_of_the_process() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LEAVING], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "leaving\n"
        while process.poll() is None:  # the first may come before it waits
            process.send_signal(signal.SIGINT)
            try:
                process.wait(0.5)
            except subprocess.TimeoutExpired:
                continue
        assert process.stderr is not None
        assert "KeyboardInterrupt" in process.stderr.read()


# What can never come is not waited for.


def test_a_worker_does_not_wait_for_itself() -> None:
    worker, said = Worker("shapes"), list[str]()

    def work() -> Iterator[int]:
        for seconds in (None, 600.0):
            with pytest.raises(ExplanationError, match="thread xai_widgets shapes would wait") as e:
                behind.wait(seconds)
            said.append(str(e.value))
        yield 1

    gate = Gate(1)
    first = worker.submit("first", gate)
    gate.wait()
    job = worker.submit("me", work)
    behind = worker.submit("behind", lambda: iter([2]))
    gate.open_for()
    assert all(each.wait(60) for each in (first, job, behind))
    assert [each.state for each in (first, job, behind)] == ["done"] * 3
    assert len(said) == 2


def test_an_observer_on_the_worker_is_told_not_to_wait_there(engine: xw.Engine) -> None:
    """The engine's own thread makes a widget's changes; another viewer's are made by it as well."""
    said = list[str]()
    other = xw.HeatmapViewer(engine, pictures(2)[1], method="saliency", prefetch=False)
    other.wait()
    viewer = xw.HeatmapViewer(engine, pictures(1)[0], method="saliency", prefetch=False)
    viewer.wait()
    told = threading.Event()

    def observe(_: Any) -> None:
        if threading.current_thread() is threading.main_thread() or told.is_set():
            return
        other.target = 3
        try:
            other.wait()
        except ExplanationError as error:
            said.append(str(error))
        told.set()

    viewer.observe(observe, "frame")
    viewer.target = 2
    assert told.wait(60)
    for each in (viewer, other):
        each.wait()
        assert each.status["state"] == "idle"
    assert len(said) == 1
    assert "wait in a cell, or in a thread of your own" in said[0]
    assert other.attribution.target.index == 3
    for each in (viewer, other):
        each.close()


def test_what_a_cancelled_job_closes_may_ask_the_worker_and_be_waited_for() -> None:
    worker, gate = Worker(), Gate(1)

    def begun() -> Iterator[int]:
        try:
            yield 1
            gate()
            yield 2
        finally:
            other = threading.Thread(target=worker.cancel, args=("nobody",))
            other.start()
            other.join(60)
            closed.append(not other.is_alive())

    closed: list[bool] = []
    front = Gate(1)
    reached = threading.Event()

    def steps() -> Iterator[int]:
        iterator = begun()
        try:
            for step in iterator:
                reached.set()
                assert release.wait(60)
                yield step
        finally:
            iterator.close()

    release = threading.Event()
    job = worker.submit("b", steps, background=True)
    assert reached.wait(60)
    ahead_of_it = worker.submit("f", front)
    release.set()
    front.wait()  # the background job was put back, after its first step
    worker.cancel("b")
    assert closed == [True]
    assert job.state == "cancelled"
    front.open_for()
    assert ahead_of_it.wait(60)
