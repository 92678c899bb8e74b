"""Interrupts wait while something is put aside, and none is lost."""

# ruff: noqa: PT012  # what is interrupted is more than one statement

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
import torch

from tests.interruption import EveryStep
from xai_widgets import interrupts
from xai_widgets.interrupts import arrived, deferred, interruptible, let_in, result_of, wait_for


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


@pytest.fixture(autouse=True)
def handlers_as_found() -> Iterator[None]:
    before = [signal.getsignal(number) for number in interrupts._SIGNALS]
    yield
    assert [signal.getsignal(number) for number in interrupts._SIGNALS] == before
    assert (interrupts._state.depth, interrupts._state.closed) == (0, False)
    assert interrupts._state.waiting == {}


def test_an_interrupt_waits_for_the_end_of_the_outermost_context() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), deferred():
        with deferred():
            interrupt()
            done.append("inner")
        done.append("outer")
    assert done == ["inner", "outer"]


def test_what_is_interruptible_is_ended_at_once_and_everything_is_put_back() -> None:
    put_back = []

    def work() -> None:
        interrupt()
        pytest.fail("it went on")

    with pytest.raises(KeyboardInterrupt), deferred():
        try:
            with deferred():
                try:
                    interruptible(work)
                finally:
                    put_back.append(1)
        finally:
            put_back.append(2)
    assert put_back == [1, 2]


def test_a_second_interrupt_waits_while_the_first_is_on_its_way() -> None:
    put_back = []

    def work() -> None:
        try:
            interrupt()
        finally:
            interrupt()
            put_back.append("within")

    with pytest.raises(KeyboardInterrupt), deferred():
        try:
            interruptible(work)
        finally:
            interrupt()
            put_back.append("outside")
    assert put_back == ["within", "outside"]


def test_what_came_before_is_raised_where_work_may_be_ended() -> None:
    with pytest.raises(KeyboardInterrupt), deferred():
        interrupt()
        interruptible(lambda: pytest.fail("it was called"))


@pytest.mark.parametrize("raises", [let_in, lambda: interruptible(arrived)])
def test_what_has_arrived_can_be_let_in(raises: Callable[[], None]) -> None:
    with pytest.raises(KeyboardInterrupt), deferred():
        arrived()
        raises()
        interrupt()
        arrived()  # it is deferred here
        raises()
        pytest.fail("it was not let in")


def test_an_error_under_way_is_the_interrupts_context() -> None:
    with pytest.raises(KeyboardInterrupt) as raised, deferred():
        interrupt()
        raise ValueError("under way")
    assert str(raised.value.__context__) == "under way"


def test_handlers_that_do_not_raise_are_called_afterwards_each_once() -> None:
    heard: list[int] = []
    before = {
        n: signal.signal(n, lambda n, _: heard.append(n)) for n in (signal.SIGUSR1, signal.SIGALRM)
    }
    try:
        with deferred():
            for number in (*before, signal.SIGUSR1):
                signal.raise_signal(number)
            assert heard == []
            interruptible(signal.raise_signal, signal.SIGUSR1)  # what waited comes before it
            assert sorted(heard) == sorted([*before, signal.SIGUSR1])
            signal.raise_signal(signal.SIGALRM)  # deferred again
            assert len(heard) == 3
        assert len(heard) == 4
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_of_several_signals_none_is_lost_where_the_first_raises() -> None:
    heard: list[int] = []

    def handle(number: int, _: Any) -> None:
        heard.append(number)
        raise KeyboardInterrupt

    before = {n: signal.signal(n, handle) for n in (signal.SIGUSR1, signal.SIGUSR2)}
    try:
        with pytest.raises(KeyboardInterrupt), deferred():
            for number in before:
                signal.raise_signal(number)
        assert sorted(heard) == sorted(before)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_another_handler_that_was_set_meanwhile_stays() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    heard: list[int] = []
    signal.signal(signal.SIGUSR1, lambda n, _: heard.append(1))
    later = lambda n, _: heard.append(2)  # noqa: E731
    try:
        with deferred():
            signal.signal(signal.SIGUSR1, later)
        assert signal.getsignal(signal.SIGUSR1) is later
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_other_threads_have_no_signals_and_call_as_usual() -> None:
    seen: list[Any] = []

    def work() -> None:
        with deferred():
            seen.append(interruptible(divmod, 7, 2))
            seen.append(interrupts._state.depth)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(3, 1), 0]


def test_one_that_waits_for_long_is_let_through_by_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(interrupts, "_PATIENCE", 0.05)
    with pytest.raises(KeyboardInterrupt), deferred():
        interrupt()
        until = time.monotonic() + 0.1
        while time.monotonic() < until:
            pass
        interrupt()
        pytest.fail("it hung")


def test_a_wait_can_be_interrupted_and_leaves_the_event_whole() -> None:
    event = threading.Event()
    waiting = threading.Event()

    def press() -> None:
        waiting.wait(60)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        waiting.set()
        wait_for(event, 60)
    thread.join()
    event.set()
    assert wait_for(event)
    assert not wait_for(threading.Event(), 0.01)


def test_the_result_of_a_future_is_waited_for_likewise() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert result_of(pool.submit(divmod, 7, 2)) == (3, 1)
        with pytest.raises(ZeroDivisionError):
            result_of(pool.submit(divmod, 7, 0))
        leave, begun = threading.Event(), threading.Event()

        def work() -> str:
            begun.wait(60)
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            leave.wait(60)
            return "done"

        future = pool.submit(work)
        with pytest.raises(KeyboardInterrupt):
            begun.set()
            result_of(future)
        leave.set()
        assert result_of(future) == "done"


def work_in_turns(log: list[str]) -> None:
    """A thing put aside and put back, twice, with work inside that may be ended."""
    with deferred():
        log.append("aside")
        try:
            for _ in range(2):
                with deferred():
                    interruptible(len, ())
        finally:
            log.append("back")


def test_at_every_step_of_the_code_an_interrupt_is_raised_and_all_is_put_back() -> None:
    with EveryStep() as counted:
        work_in_turns([])
    assert counted.steps > 100
    for number in range(counted.steps):
        log: list[str] = []
        with pytest.raises(KeyboardInterrupt), EveryStep(number):
            work_in_turns(log)
        assert log in ([], ["aside", "back"]), number
        assert interrupts._state.depth == 0, number
        with suppress(KeyboardInterrupt), deferred():  # as the next request would
            pass


def test_pytorch_is_not_stopped_while_it_enters_or_leaves_a_context(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    autograd = torch._C._autograd  # type: ignore[attr-defined]
    packed: list[torch.Tensor] = []

    def pack(x: torch.Tensor) -> torch.Tensor:
        packed.append(x)
        return x

    def enter() -> None:
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
            pass

    for name in ("_push_saved_tensors_default_hooks", "_pop_saved_tensors_default_hooks"):
        original = getattr(autograd, name)

        def patched(*args: Any, original: Any = original) -> Any:
            result = original(*args)
            interrupt()
            return result

        with monkeypatch.context() as patch:
            patch.setattr(autograd, name, patched)
            with pytest.raises(KeyboardInterrupt), deferred():
                interruptible(enter)
        x = torch.ones(1, requires_grad=True)
        assert float((x * x).detach()) == 1
        assert packed == []
