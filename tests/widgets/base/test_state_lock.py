"""One writer at a time; a worker never waits for the lock."""

from __future__ import annotations

import signal
import threading

import pytest

from tests.interruption import EveryStep
from xai_widgets.widgets.base import state_lock


def test_a_change_is_made_at_once_when_nobody_writes() -> None:
    made: list[int] = []
    state_lock.post(lambda: made.append(1))
    assert made == [1]


def test_a_change_posted_while_another_thread_writes_is_made_when_it_has_finished() -> None:
    made: list[str] = []
    with state_lock.held():
        worker = threading.Thread(
            target=lambda: state_lock.post(lambda: made.append(threading.current_thread().name))
        )
        worker.start()
        worker.join(5)
        assert not worker.is_alive()  # it did not wait
        assert made == []
    assert made == [threading.current_thread().name]


def test_the_writer_can_ask_for_what_was_posted() -> None:
    made: list[int] = []
    with state_lock.held():
        state_lock.post(lambda: made.append(1))
        assert made == []
        state_lock.deliver()
        assert made == [1]


def test_a_writer_that_fails_leaves_no_change_behind() -> None:
    made: list[int] = []

    def write() -> None:
        with state_lock.held():
            worker = threading.Thread(target=lambda: state_lock.post(lambda: made.append(1)))
            worker.start()
            worker.join(5)
            raise KeyError("mine")

    with pytest.raises(KeyError):
        write()
    assert made == [1]


def test_a_change_that_fails_is_logged_and_harms_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    made: list[int] = []
    with state_lock.held():
        state_lock.post(lambda: made.append(1 // 0))
        state_lock.post(lambda: made.append(2))
    assert made == [2]
    assert "ZeroDivisionError" in caplog.text


def test_changes_posted_by_changes_come_after_them_without_deep_recursion() -> None:
    made: list[int] = []

    def change(left: int) -> None:
        made.append(left)
        if left:
            state_lock.post(lambda: change(left - 1))

    state_lock.post(lambda: change(5000))
    assert made == list(range(5000, -1, -1))


def test_nothing_is_lost_between_many_threads() -> None:
    made: list[int] = []

    def worker(start: int) -> None:
        for i in range(500):
            state_lock.post(lambda i=i: made.append(start + i))

    threads = [threading.Thread(target=worker, args=(1000 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(500):
        with state_lock.held():
            pass
    for thread in threads:
        thread.join(10)
    assert len(made) == 2000
    for n in range(4):  # and each thread's changes came in its order
        own = [m for m in made if m // 1000 == n]
        assert own == sorted(own)


def test_an_interrupt_while_a_widget_is_written_to_comes_when_it_has_been() -> None:
    done: list[str] = []

    def write() -> None:
        with state_lock.held():
            state_lock.post(lambda: done.append("posted"))
            signal.raise_signal(signal.SIGINT)
            done.append("written")

    with pytest.raises(KeyboardInterrupt):
        write()
    assert done == ["written", "posted"]
    state_lock.post(lambda: done.append("later"))
    assert done[-1] == "later"


def test_at_every_step_of_writing_an_interrupt_leaves_nothing_behind() -> None:
    def write(log: list[str]) -> None:
        with state_lock.held():
            state_lock.post(lambda: log.append("posted"))
            log.append("written")

    with EveryStep() as counted:
        write([])
    assert counted.steps > 100
    for number in range(counted.steps):
        log: list[str] = []
        with pytest.raises(KeyboardInterrupt), EveryStep(number):
            write(log)
        assert log in ([], ["written", "posted"]), number
        assert not state_lock._posted, number
        assert state_lock._depth == 0, number
