"""The worker: background work steps aside, nothing is kept alive, threads come and go."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from tests.jobs import PATIENCE, Events, Gate, wait_for, work_of
from xai_widgets.engine import worker as worker_module
from xai_widgets.engine.worker import Job, Worker


def test_background_work_runs_when_nothing_else_waits() -> None:
    worker, events, gate = Worker(), Events(), Gate(1)
    first = worker.submit("first", gate)
    gate.wait()
    behind = worker.submit("b", work_of("b"), background=True, **events.callbacks("b "))
    front = worker.submit("f", work_of("f"), **events.callbacks("f "))
    gate.open_for()
    wait_for(first, behind, front)
    assert [event for event, _ in events.calls] == [
        "f on_step",
        "f on_done",
        "b on_step",
        "b on_done",
    ]


@pytest.mark.parametrize("asked", ["before", "meanwhile"])
def test_background_work_waits_until_nobody_has_asked_for_a_while(
    monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    monkeypatch.setattr(worker_module, "_REST_SECONDS", rest := 0.4)
    worker, began = Worker(), []

    def quiet() -> Iterator[int]:
        began.append(time.monotonic())
        yield 1

    if asked == "before":
        wait_for(worker.submit("a", work_of(1)))
    last = time.monotonic()
    behind = worker.submit("b", quiet, background=True)
    if asked == "meanwhile":
        time.sleep(rest / 2)
        last = time.monotonic()
        front = worker.submit("a", work_of(1))
        wait_for(front)
        assert time.monotonic() - last < rest  # it does not wait for anything
    wait_for(behind)
    assert began[0] - last >= rest


def test_background_work_steps_aside_between_steps_and_goes_on_where_it_was() -> None:
    worker, events, gate = Worker(), Events(), Gate(3)
    behind = worker.submit("b", gate, background=True, **events.callbacks("b "))
    gate.wait()
    front = worker.submit("f", work_of("f"), **events.callbacks("f "))
    gate.open_for(3)
    wait_for(behind, front)
    assert events.calls == [
        ("b on_step", 0),
        ("f on_step", "f"),
        ("f on_done", "f"),
        ("b on_step", 1),
        ("b on_step", 2),
        ("b on_done", 2),
    ]
    assert gate.done == [0, 1, 2]


def test_background_work_that_stepped_aside_can_be_cancelled() -> None:
    worker, behind, front = Worker(), Gate(3), Gate(1)
    job = worker.submit("b", behind, background=True)
    behind.wait()
    other = worker.submit("f", front)
    behind.open_for()
    front.wait()
    # Now it waits half-way, behind the other's work.
    worker.cancel("b")
    assert job.state == "cancelled"
    assert behind.closed.is_set()
    front.open_for()
    wait_for(job, other)
    assert behind.done == [0]


def test_a_background_job_cancels_only_background_jobs() -> None:
    worker, gate = Worker(), Gate(1)
    running = worker.submit("me", gate)
    gate.wait()
    old = worker.submit("me", work_of(1), background=True)
    new = worker.submit("me", work_of(2), background=True)
    gate.open_for()
    wait_for(running, old, new)
    assert [job.state for job in (running, old, new)] == ["done", "cancelled", "done"]


def test_a_request_cancels_the_background_jobs_of_its_owner_too() -> None:
    worker, gate = Worker(), Gate()
    behind = worker.submit("me", gate, background=True)
    gate.wait()
    front = worker.submit("me", work_of(1))
    gate.open_for(3)
    wait_for(behind, front)
    assert [behind.state, front.state] == ["cancelled", "done"]
    assert gate.done == [0]


class Owner:
    """Something that must not be kept alive: a widget, say."""

    def note(self, value: Any) -> None:
        pass

    def work(self) -> Iterator[int]:
        yield 1
        yield 2

    def failing(self) -> Iterator[int]:
        yield 1
        raise ValueError("of the work")


def _gone(reference: weakref.ref[Any]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while reference() is not None and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.001)
    return reference() is None


@pytest.mark.parametrize("background", [False, True])
def test_nothing_is_kept_alive_by_work_that_is_done(background: bool) -> None:
    worker, owner = Worker(), Owner()
    job = worker.submit(
        owner, owner.work, on_step=owner.note, on_done=owner.note, background=background
    )
    wait_for(job)
    reference = weakref.ref(owner)
    del owner
    assert _gone(reference)
    assert job.state == "done"


def test_nothing_is_kept_alive_by_work_that_failed() -> None:
    worker, owner = Worker(), Owner()
    job = worker.submit(owner, owner.failing, on_error=owner.note)
    wait_for(job)
    reference = weakref.ref(owner)
    del owner, job
    assert _gone(reference)


def test_nothing_is_kept_alive_by_work_that_was_cancelled() -> None:
    worker, owner, gate = Worker(), Owner(), Gate(1)
    first = worker.submit("first", gate)
    gate.wait()
    waiting = worker.submit(owner, owner.work, on_step=owner.note)
    worker.cancel(owner)
    reference = weakref.ref(owner)
    del owner
    assert _gone(reference)
    gate.open_for()
    wait_for(first, waiting)


def test_an_idle_worker_ends_its_thread_and_starts_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "_IDLE_SECONDS", 0.02)
    worker = Worker()
    threads: list[threading.Thread] = []

    def work() -> Iterator[int]:
        threads.append(threading.current_thread())
        yield 1

    for _ in range(3):
        wait_for(worker.submit("me", work))
        threads[-1].join(PATIENCE)
        assert not threads[-1].is_alive()
    assert len(set(threads)) == 3
    reference = weakref.ref(worker)
    del worker
    assert _gone(reference)


def test_a_thread_that_ends_just_as_a_request_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "_IDLE_SECONDS", 0.0)
    worker = Worker()
    for i in range(300):
        job = worker.submit("me", work_of(i))
        assert job.wait(PATIENCE)
        assert job.state == "done"


def test_many_threads_submitting() -> None:
    worker = Worker()
    done: dict[tuple[int, int], int] = {}
    jobs: dict[tuple[int, int], Job] = {}
    start = threading.Barrier(8)

    def submit(owner: int) -> None:
        start.wait()
        for i in range(50):
            key = owner, i
            jobs[key] = worker.submit(
                owner, work_of(i), on_done=lambda value, key=key: done.__setitem__(key, value)
            )
            if i % 10 == 3:
                worker.cancel(owner)

    threads = [threading.Thread(target=submit, args=(owner,)) for owner in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_for(*jobs.values())
    assert len(jobs) == 400
    for key, job in jobs.items():
        # Done and reported, or cancelled and silent; never anything between.
        assert job.state in ("done", "cancelled")
        if job.state == "done":
            assert done[key] == key[1]
        else:
            assert key not in done or done[key] == key[1]
    for owner in range(8):
        assert jobs[owner, 49].state == "done"
        assert done[owner, 49] == 49


def test_waiting_takes_no_longer_than_asked() -> None:
    worker, gate = Worker(), Gate(1)
    job = worker.submit("me", gate)
    gate.wait()
    assert not job.wait(0.01)
    assert job.state == "running"
    gate.open_for()
    wait_for(job)


def test_a_process_that_ends_in_the_middle_of_a_job_ends_in_peace() -> None:
    """A thread inside PyTorch while Python takes itself down would abort the process."""
    script = """
import threading, torch
from xai_widgets.engine.worker import Worker

begun = threading.Event()
def work():
    x = torch.rand(400, 400, requires_grad=True)
    while True:
        torch.autograd.grad((x @ x @ x @ x).sum(), x)
        begun.set()
        yield

worker = Worker()
worker.submit(object(), work)
begun.wait()
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
