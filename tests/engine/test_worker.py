"""The worker: the latest request wins, progress, cancel, errors as values."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.jobs import Gate, Heard, over, quick
from xai_widgets.engine.worker import Job, Worker


def test_steps_are_reported_in_order_and_the_last_is_the_result() -> None:
    heard = Heard()
    job = Worker().submit("me", quick(1, 2, 3), **heard.callbacks())
    over(job)
    assert heard.events == [("on_step", 1), ("on_step", 2), ("on_step", 3), ("on_done", 3)]
    assert job.state == "done"
    assert job.error is None


def test_work_without_steps_is_done_with_nothing() -> None:
    heard = Heard()
    over(Worker().submit("me", quick(), **heard.callbacks()))
    assert heard.events == [("on_done", None)]


def test_callbacks_and_work_run_on_the_one_worker_thread() -> None:
    worker = Worker("resnet18")
    threads: set[threading.Thread] = set()

    def work() -> Iterator[int]:
        threads.add(threading.current_thread())
        yield 1

    def note(value: Any) -> None:
        threads.add(threading.current_thread())

    over(*(worker.submit(i, work, on_step=note, on_done=note) for i in range(4)))
    (thread,) = threads
    assert thread is not threading.current_thread()
    assert thread.name == "xai_widgets resnet18"
    assert thread.daemon


def test_jobs_of_different_owners_are_all_done_in_order() -> None:
    worker, heard = Worker(), Heard()
    over(*(worker.submit(i, quick(i), on_done=heard.callbacks()["on_done"]) for i in range(20)))
    assert heard.events == [("on_done", i) for i in range(20)]


def test_the_latest_request_of_an_owner_wins() -> None:
    worker, heard, gate = Worker(), Heard(), Gate()
    running = worker.submit("me", gate, **heard.callbacks("first "))
    gate.wait()
    waiting = [worker.submit("me", quick(i), **heard.callbacks(f"{i} ")) for i in range(5)]
    assert [job.state for job in waiting] == ["cancelled"] * 4 + ["queued"]
    gate.let()
    over(running, *waiting)
    assert gate.done == [0]
    assert gate.closed.is_set()
    assert running.state == "cancelled"
    assert heard.events == [("4 on_step", 4), ("4 on_done", 4)]


def test_another_owner_is_not_cancelled() -> None:
    worker, heard, gate = Worker(), Heard(), Gate(2)
    mine = worker.submit("me", gate, **heard.callbacks("mine "))
    gate.wait()
    yours = worker.submit("you", quick("y"), **heard.callbacks("yours "))
    gate.let(2)
    over(mine, yours)
    assert heard.events == [
        ("mine on_step", 0),
        ("mine on_step", 1),
        ("mine on_done", 1),
        ("yours on_step", "y"),
        ("yours on_done", "y"),
    ]


@pytest.mark.parametrize("how", ["job", "worker"])
def test_cancelled_between_steps(how: str) -> None:
    worker, heard, gate = Worker(), Heard(), Gate()
    job = worker.submit("me", gate, **heard.callbacks())
    gate.let()
    gate.wait()
    gate.wait()
    job.cancel() if how == "job" else worker.cancel("me")
    gate.let(2)
    over(job)
    assert job.state == "cancelled"
    # The step that was being made ended, was not reported, and no other was begun.
    assert gate.done == [0, 1]
    assert gate.closed.is_set()
    assert heard.events == [("on_step", 0)]


def test_cancelled_before_it_began() -> None:
    worker, heard, gate = Worker(), Heard(), Gate(1)
    first = worker.submit("first", gate)
    gate.wait()
    begun: list[int] = []

    def work() -> Iterator[int]:
        begun.append(1)
        yield 1

    by_worker = worker.submit("me", work, **heard.callbacks())
    worker.cancel("me")
    assert by_worker.state == "cancelled"
    assert by_worker.wait(0)
    by_itself = worker.submit("me", work, **heard.callbacks())
    by_itself.cancel()
    gate.let()
    over(first, by_itself)
    assert by_itself.state == "cancelled"
    assert begun == []
    assert heard.events == []


def test_what_is_urgent_is_done_between_two_steps_of_something_else() -> None:
    worker, heard, gate = Worker(), Heard(), Gate(3)
    long = worker.submit("long", gate, **heard.callbacks("long "))
    gate.wait()
    waiting = worker.submit("waiting", quick(1), **heard.callbacks("waiting "))
    first = worker.submit("brush", quick(1), urgent=True, **heard.callbacks("first "))
    second = worker.submit("part", quick(1), urgent=True, **heard.callbacks("second "))
    gate.let(3)
    over(long, waiting, first, second)
    assert [event for event, _ in heard.events] == [
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
    job = worker.submit("me", quick(1))
    over(job)
    job.cancel()
    worker.cancel("me")
    worker.cancel("nobody")
    assert job.state == "done"
    again = worker.submit("me", quick(1))
    over(again)
    assert again.state == "done"


def test_a_cancel_out_of_a_callback() -> None:
    worker, gate = Worker(), Gate()
    steps: list[int] = []
    job: list[Job] = []
    gate.let(3)

    def stop(value: int) -> None:
        steps.append(value)
        worker.cancel("me")

    job.append(worker.submit("me", gate, on_step=stop))
    over(*job)
    assert steps == [0]
    assert job[0].state == "cancelled"


def test_a_new_request_out_of_a_callback() -> None:
    worker, heard = Worker(), Heard()
    jobs: list[Job] = []

    def again(value: Any) -> None:
        jobs.append(worker.submit("me", quick("second"), **heard.callbacks()))

    over(worker.submit("me", quick("first"), on_done=again))
    over(*jobs)
    assert heard.events == [("on_step", "second"), ("on_done", "second")]


@pytest.mark.parametrize("error", [ValueError("of the work"), KeyboardInterrupt(), SystemExit(3)])
def test_errors_are_values(error: BaseException) -> None:
    worker, heard = Worker(), Heard()

    def work() -> Iterator[int]:
        yield 1
        raise error

    job = worker.submit("me", work, **heard.callbacks())
    over(job)
    assert job.state == "failed"
    assert job.error is error
    assert heard.events == [("on_step", 1), ("on_error", error)]
    after = worker.submit("me", quick(2))
    over(after)
    assert after.state == "done"


def test_an_error_before_the_first_step() -> None:
    def work() -> Iterator[int]:
        raise LookupError("no such method")

    heard = Heard()
    job = Worker().submit("me", work, **heard.callbacks())
    over(job)
    assert job.state == "failed"
    assert [event for event, _ in heard.events] == ["on_error"]


def test_an_error_after_a_cancellation_is_not_reported() -> None:
    worker, heard, gate = Worker(), Heard(), Gate(1)

    def work() -> Iterator[int]:
        yield from gate()
        raise ValueError

    gate_open = worker.submit("me", work, **heard.callbacks())
    gate.wait()
    gate_open.cancel()
    gate.let()
    over(gate_open)
    assert gate_open.state == "cancelled"
    assert heard.events == []


@pytest.mark.parametrize("error", [RuntimeError("in a callback"), SystemExit(1)])
def test_a_callback_that_fails_is_logged_and_stops_nothing(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Worker()

    def fails(value: Any) -> None:
        raise error

    job = worker.submit("me", quick(1, 2), on_step=fails, on_done=fails)
    over(job)
    assert job.state == "done"
    assert [record.getMessage() for record in caplog.records] == [
        "a worker's on_step callback failed",
        "a worker's on_step callback failed",
        "a worker's on_done callback failed",
    ]
    after = worker.submit("me", quick(1))
    over(after)


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
    gate.let()
    gate.wait()
    gate.wait()
    job.cancel()
    gate.let()
    over(job)
    assert job.state == "cancelled"
    assert "a worker's job failed while it was closed" in caplog.text
    after = worker.submit("me", quick(1))
    over(after)
    assert after.state == "done"


def test_what_is_urgent_is_done_in_the_middle_of_a_long_step() -> None:
    worker, order, gave = Worker(), [], []
    begun, go_on = threading.Event(), threading.Event()

    def long() -> Iterator[str]:
        begun.set()
        assert go_on.wait(10)
        gave.append(worker.give_way())
        order.append("long")
        yield "long"

    def urgent() -> Iterator[str]:
        gave.append(worker.give_way())  # it gives way to nothing
        order.append("urgent")
        yield "urgent"

    job = worker.submit("a", long)
    assert begun.wait(10)
    other = worker.submit("b", urgent, urgent=True)
    go_on.set()
    assert job.wait(10)
    assert other.wait(10)
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
    assert begun.wait(10)
    worker.submit("b", cancels, urgent=True)
    assert job.wait(3)
    assert job.state == "cancelled"
    assert not reached.is_set()
