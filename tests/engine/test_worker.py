"""The worker: the latest request wins, progress, cancel, errors as values."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.jobs import Events, Gate, wait_for, work_of
from xai_widgets.engine.worker import Job, Worker


def test_steps_are_reported_in_order_and_the_last_is_the_result() -> None:
    events = Events()
    job = Worker().submit("me", work_of(1, 2, 3), **events.callbacks())
    wait_for(job)
    assert events.calls == [("on_step", 1), ("on_step", 2), ("on_step", 3), ("on_done", 3)]
    assert job.state == "done"
    assert job.error is None


def test_work_without_steps_is_done_with_nothing() -> None:
    events = Events()
    wait_for(Worker().submit("me", work_of(), **events.callbacks()))
    assert events.calls == [("on_done", None)]


def test_callbacks_and_work_run_on_the_one_worker_thread() -> None:
    worker = Worker("resnet18")
    threads: set[threading.Thread] = set()

    def work() -> Iterator[int]:
        threads.add(threading.current_thread())
        yield 1

    def note(value: Any) -> None:
        threads.add(threading.current_thread())

    wait_for(*(worker.submit(i, work, on_step=note, on_done=note) for i in range(4)))
    (thread,) = threads
    assert thread is not threading.current_thread()
    assert thread.name == "xai_widgets resnet18"
    assert thread.daemon


def test_jobs_of_different_owners_are_all_done_in_order() -> None:
    worker, events = Worker(), Events()
    wait_for(
        *(worker.submit(i, work_of(i), on_done=events.callbacks()["on_done"]) for i in range(20))
    )
    assert events.calls == [("on_done", i) for i in range(20)]


def test_the_latest_request_of_an_owner_wins() -> None:
    worker, events, gate = Worker(), Events(), Gate()
    running = worker.submit("me", gate, **events.callbacks("first "))
    gate.wait()
    waiting = [worker.submit("me", work_of(i), **events.callbacks(f"{i} ")) for i in range(5)]
    assert [job.state for job in waiting] == ["cancelled"] * 4 + ["queued"]
    gate.open_for()
    wait_for(running, *waiting)
    assert gate.done == [0]
    assert gate.closed.is_set()
    assert running.state == "cancelled"
    assert events.calls == [("4 on_step", 4), ("4 on_done", 4)]


def test_another_owner_is_not_cancelled() -> None:
    worker, events, gate = Worker(), Events(), Gate(2)
    mine = worker.submit("me", gate, **events.callbacks("mine "))
    gate.wait()
    yours = worker.submit("you", work_of("y"), **events.callbacks("yours "))
    gate.open_for(2)
    wait_for(mine, yours)
    assert events.calls == [
        ("mine on_step", 0),
        ("mine on_step", 1),
        ("mine on_done", 1),
        ("yours on_step", "y"),
        ("yours on_done", "y"),
    ]


@pytest.mark.parametrize("how", ["job", "worker"])
def test_cancelled_between_steps(how: str) -> None:
    worker, events, gate = Worker(), Events(), Gate()
    job = worker.submit("me", gate, **events.callbacks())
    gate.open_for()
    gate.wait()
    gate.wait()
    job.cancel() if how == "job" else worker.cancel("me")
    gate.open_for(2)
    wait_for(job)
    assert job.state == "cancelled"
    # The step that was being made ended, was not reported, and no other was begun.
    assert gate.done == [0, 1]
    assert gate.closed.is_set()
    assert events.calls == [("on_step", 0)]


def test_cancelled_before_it_began() -> None:
    worker, events, gate = Worker(), Events(), Gate(1)
    first = worker.submit("first", gate)
    gate.wait()
    begun: list[int] = []

    def work() -> Iterator[int]:
        begun.append(1)
        yield 1

    by_worker = worker.submit("me", work, **events.callbacks())
    worker.cancel("me")
    assert by_worker.state == "cancelled"
    assert by_worker.wait(0)
    by_itself = worker.submit("me", work, **events.callbacks())
    by_itself.cancel()
    gate.open_for()
    wait_for(first, by_itself)
    assert by_itself.state == "cancelled"
    assert begun == []
    assert events.calls == []


def test_what_is_urgent_is_done_between_two_steps_of_something_else() -> None:
    worker, events, gate = Worker(), Events(), Gate(3)
    long = worker.submit("long", gate, **events.callbacks("long "))
    gate.wait()
    waiting = worker.submit("waiting", work_of(1), **events.callbacks("waiting "))
    first = worker.submit("brush", work_of(1), urgent=True, **events.callbacks("first "))
    second = worker.submit("part", work_of(1), urgent=True, **events.callbacks("second "))
    gate.open_for(3)
    wait_for(long, waiting, first, second)
    assert [event for event, _ in events.calls] == [
        "long on_step",
        "first on_step",
        "first on_done",
        "second on_step",
        "second on_done",
        "long on_step",
        "long on_step",
        "long on_done",
        "waiting on_step",
        "waiting on_done",
    ]


def test_cancelling_what_is_over_or_was_never_there() -> None:
    worker = Worker()
    job = worker.submit("me", work_of(1))
    wait_for(job)
    job.cancel()
    worker.cancel("me")
    worker.cancel("nobody")
    assert job.state == "done"
    again = worker.submit("me", work_of(1))
    wait_for(again)
    assert again.state == "done"


def test_a_cancel_out_of_a_callback() -> None:
    worker, gate = Worker(), Gate()
    steps: list[int] = []
    job: list[Job] = []
    gate.open_for(3)

    def stop(value: int) -> None:
        steps.append(value)
        worker.cancel("me")

    job.append(worker.submit("me", gate, on_step=stop))
    wait_for(*job)
    assert steps == [0]
    assert job[0].state == "cancelled"


def test_a_new_request_out_of_a_callback() -> None:
    worker, events = Worker(), Events()
    jobs: list[Job] = []

    def again(value: Any) -> None:
        jobs.append(worker.submit("me", work_of("second"), **events.callbacks()))

    wait_for(worker.submit("me", work_of("first"), on_done=again))
    wait_for(*jobs)
    assert events.calls == [("on_step", "second"), ("on_done", "second")]


@pytest.mark.parametrize("error", [ValueError("of the work"), KeyboardInterrupt(), SystemExit(3)])
def test_errors_are_values(error: BaseException) -> None:
    worker, events = Worker(), Events()

    def work() -> Iterator[int]:
        yield 1
        raise error

    job = worker.submit("me", work, **events.callbacks())
    wait_for(job)
    assert job.state == "failed"
    assert job.error is error
    assert events.calls == [("on_step", 1), ("on_error", error)]
    after = worker.submit("me", work_of(2))
    wait_for(after)
    assert after.state == "done"


def test_an_error_before_the_first_step() -> None:
    def work() -> Iterator[int]:
        raise LookupError("no such method")

    events = Events()
    job = Worker().submit("me", work, **events.callbacks())
    wait_for(job)
    assert job.state == "failed"
    assert [event for event, _ in events.calls] == ["on_error"]


def test_an_error_after_a_cancellation_is_not_reported() -> None:
    worker, events, gate = Worker(), Events(), Gate(1)

    def work() -> Iterator[int]:
        yield from gate()
        raise ValueError

    gate_open = worker.submit("me", work, **events.callbacks())
    gate.wait()
    gate_open.cancel()
    gate.open_for()
    wait_for(gate_open)
    assert gate_open.state == "cancelled"
    assert events.calls == []


@pytest.mark.parametrize("error", [RuntimeError("in a callback"), SystemExit(1)])
def test_a_callback_that_fails_is_logged_and_stops_nothing(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Worker()

    def fails(value: Any) -> None:
        raise error

    job = worker.submit("me", work_of(1, 2), on_step=fails, on_done=fails)
    wait_for(job)
    assert job.state == "done"
    assert [record.getMessage() for record in caplog.records] == [
        "a worker's on_step callback failed",
        "a worker's on_step callback failed",
        "a worker's on_done callback failed",
    ]
    after = worker.submit("me", work_of(1))
    wait_for(after)


def test_an_error_while_closing_is_logged_and_stops_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    worker, gate = Worker(), Gate()

    def work() -> Iterator[int]:
        try:
            yield from gate()
        finally:
            raise RuntimeError("while closing")

    job = worker.submit("me", work)
    gate.open_for()
    gate.wait()
    gate.wait()
    job.cancel()
    gate.open_for()
    wait_for(job)
    assert job.state == "cancelled"
    assert "a worker's job failed while it was closed" in caplog.text
    after = worker.submit("me", work_of(1))
    wait_for(after)
    assert after.state == "done"


def test_what_is_urgent_is_done_in_the_middle_of_a_long_step() -> None:
    worker, order, gave = Worker(), [], []
    begun, go_on = threading.Event(), threading.Event()

    def long() -> Iterator[str]:
        begun.set()
        assert go_on.wait(60)
        gave.append(worker.give_way())
        order.append("long")
        yield "long"

    def urgent() -> Iterator[str]:
        gave.append(worker.give_way())  # it gives way to nothing
        order.append("urgent")
        yield "urgent"

    job = worker.submit("a", long)
    assert begun.wait(60)
    other = worker.submit("b", urgent, urgent=True)
    go_on.set()
    assert job.wait(60)
    assert other.wait(60)
    assert order == ["urgent", "long"]
    assert gave == [False, True]
    assert (job.state, other.state) == ("done", "done")
    assert not worker.give_way()  # on another thread


def test_a_cancelled_job_ends_in_the_middle_of_its_step() -> None:
    worker, reached = Worker(), threading.Event()
    begun = threading.Event()

    def long() -> Iterator[None]:
        begun.set()
        for _ in range(1000):
            time.sleep(0.005)
            worker.give_way()
        reached.set()
        yield None

    def cancels() -> Iterator[None]:
        worker.cancel("a")  # the one that has been interrupted
        yield None

    job = worker.submit("a", long)
    assert begun.wait(60)
    worker.submit("b", cancels, urgent=True)
    assert job.wait(60)
    assert job.state == "cancelled"
    assert not reached.is_set()
