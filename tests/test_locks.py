"""Locks are taken in one order, and nobody waits for what can never be had."""

from __future__ import annotations

import hashlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from xai_widgets import locks
from xai_widgets.errors import ExplanationError
from xai_widgets.locks import OrderedLock, Rank

NETWORK, OTHER = object(), object()
ORDER = list(Rank)


@pytest.fixture(autouse=True)
def nothing_held() -> Iterator[None]:
    yield
    assert locks._held.locks == []
    assert locks._waiting == {}


def is_free(lock: OrderedLock) -> bool:
    """Whether another thread could take it now."""
    with ThreadPoolExecutor(1) as pool:

        def look() -> bool:
            with lock.if_free() as taken:
                return taken

        return pool.submit(look).result()


@pytest.mark.parametrize("first", ORDER)
@pytest.mark.parametrize("second", ORDER)
def test_of_one_network_they_are_taken_in_one_order(first: Rank, second: Rank) -> None:
    outer, inner = OrderedLock(first, NETWORK), OrderedLock(second, NETWORK)
    with outer:
        if first < second:
            with inner:
                assert not is_free(inner)
        else:
            with pytest.raises(ExplanationError, match=r"it holds .* and asks for .*network\(x\)"):
                inner.__enter__()
    assert is_free(outer)
    assert is_free(inner)


def test_of_another_network_they_may_be_taken_in_between() -> None:
    with OrderedLock(Rank.NETWORK, NETWORK), OrderedLock(Rank.RECORDING, OTHER):
        pass
    with (
        OrderedLock(Rank.DATA),
        pytest.raises(ExplanationError, match="it holds data and asks for the network"),
    ):
        OrderedLock(Rank.NETWORK, OTHER).__enter__()


def test_whoever_holds_one_may_take_it_again_unless_once() -> None:
    lock, once = OrderedLock(Rank.NETWORK, NETWORK), OrderedLock(Rank.RECORDING, NETWORK, once=True)
    with once:
        with pytest.raises(ExplanationError, match="it holds recorded passes already"):
            once.__enter__()
        with lock, lock:
            with lock.if_free() as taken:
                assert taken
            assert not is_free(lock)
        assert is_free(lock)
        assert not is_free(once)
    assert is_free(once)


def in_turns(first: OrderedLock, second: OrderedLock, both: threading.Barrier) -> str:
    with first:
        both.wait()
        try:
            with second:
                return "had"
        except ExplanationError as error:
            return str(error)


def test_where_each_waits_for_the_other_one_is_refused_and_the_other_goes_on() -> None:
    a, b = OrderedLock(Rank.NETWORK, NETWORK), OrderedLock(Rank.NETWORK, OTHER)
    both = threading.Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(in_turns, *pair, both) for pair in ((a, b), (b, a))]
        said = [answer.result(60) for answer in answers]
    refused = [words for words in said if words != "had"]
    assert refused
    assert all("each waits for what another one holds" in words for words in refused)


def ask(lock: OrderedLock) -> str:
    with lock:
        return "had"


def joined(lock: OrderedLock) -> str:
    said: list[str] = []

    def work() -> None:
        try:
            said.append(ask(lock))
        except ExplanationError as error:
            said.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return said[0]


def of_a_pool(lock: OrderedLock) -> str:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(ask, lock).result()


def of_a_queue(lock: OrderedLock) -> str:
    answers: queue.Queue[Future[str]] = queue.Queue()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(ask, lock).add_done_callback(answers.put)
        return answers.get().result()


def polled(lock: OrderedLock) -> str:
    with ThreadPoolExecutor(1) as pool:
        future, done = pool.submit(ask, lock), threading.Event()
        future.add_done_callback(lambda _: done.set())
        while not done.wait(0.001):
            pass
        return future.result()


@pytest.mark.parametrize("wait", [joined, of_a_pool, of_a_queue, polled])
def test_whoever_waits_for_a_thread_that_needs_its_lock_is_told(
    wait: Callable[[OrderedLock], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "_PATIENCE", (0.2, 0.4))
    lock = OrderedLock(Rank.NETWORK, NETWORK)
    with lock:
        try:
            said = wait(lock)
        except ExplanationError as error:
            said = str(error)
    name = threading.main_thread().name
    assert f"the network is held by thread {name}, which itself waits (in {wait.__name__}" in said
    assert "call the network itself there: network(x)" in said
    assert wait(lock) == "had"


def of_a_simple_queue(lock: OrderedLock) -> str:
    answers: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=lambda: answers.put(asked(lock))).start()
    return answers.get()


def of_a_bare_lock(lock: OrderedLock) -> str:
    said, over = list[str](), threading.Lock()
    over.acquire()

    def work() -> None:
        said.append(asked(lock))
        over.release()

    threading.Thread(target=work).start()
    with over:
        return said[0]


def of_a_pipe(lock: OrderedLock) -> str:
    reading, writing = os.pipe()
    threading.Thread(target=lambda: os.write(writing, asked(lock).encode())).start()
    said = os.read(reading, 10_000).decode()
    os.close(reading)
    os.close(writing)
    return said


def of_a_process(lock: OrderedLock) -> str:
    """Its output ends when the thread that was asked for something has ended it."""
    program = "import sys; sys.stdout.write(sys.stdin.read())"
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    given = process.stdin

    def work() -> None:
        given.write(asked(lock).encode())
        given.close()

    threading.Thread(target=work).start()
    with process:
        return process.stdout.read().decode()


def asked(lock: OrderedLock) -> str:
    try:
        return ask(lock)
    except ExplanationError as error:
        return str(error)


@pytest.mark.skipif(
    not Path("/proc/self/task").is_dir(), reason="what a thread does is known on Linux only"
)
@pytest.mark.parametrize("wait", [of_a_simple_queue, of_a_bare_lock, of_a_pipe, of_a_process])
def test_a_wait_in_compiled_code_is_seen_too(
    wait: Callable[[OrderedLock], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "_COMPILED_PATIENCE", 0.4)
    lock = OrderedLock(Rank.NETWORK, NETWORK)
    with lock:
        said = wait(lock)
    name = threading.main_thread().name
    assert f"the network is held by thread {name}, which itself waits (in {wait.__name__}" in said
    assert wait(lock) == "had"


def test_compiled_code_that_works_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_COMPILED_PATIENCE", 0.1)
    lock = OrderedLock(Rank.NETWORK, NETWORK)
    with ThreadPoolExecutor(1) as pool:
        with lock:
            answer = pool.submit(ask, lock)
            hashlib.pbkdf2_hmac("sha256", b"", b"", 2_000_000)  # one call, which lets others run
            assert not answer.done()
        assert answer.result(60) == "had"


def test_pytorch_may_wait_for_its_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_COMPILED_PATIENCE", 0.1)
    lock = OrderedLock(Rank.NETWORK, NETWORK)
    within: dict[str, object] = {"__name__": "torch.cuda", "sleep": time.sleep}
    exec("def synchronize(): sleep(0.5)", within)
    with ThreadPoolExecutor(1) as pool:
        with lock:
            answer = pool.submit(ask, lock)
            within["synchronize"]()  # type: ignore[operator]
            assert not answer.done()
        assert answer.result(60) == "had"


def test_time_in_which_this_process_was_stopped_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(locks, "_PATIENCE", (10.0, 10.0))
    lock = OrderedLock(Rank.NETWORK, NETWORK)
    leave, held = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            leave.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(60)
    holder, clock = locks._Holder(lock), time.monotonic()
    monkeypatch.setattr(locks.time, "monotonic", lambda: clock)
    for later in (0.0, 0.5, 600.0):
        clock += later
        assert holder.problem() == ""
    said = ""
    for _ in range(12):
        clock += 1.0
        said = said or holder.problem()
    assert "which itself waits (in hold" in said
    leave.set()
    thread.join()


def test_whoever_holds_a_lock_and_works_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_PATIENCE", (0.1, 0.1))
    lock = OrderedLock(Rank.NETWORK, NETWORK)
    with ThreadPoolExecutor(1) as pool:
        with lock:
            answer = pool.submit(ask, lock)
            until = time.monotonic() + 0.5
            while time.monotonic() < until:
                pass
            assert not answer.done()
        assert answer.result(60) == "had"


def test_an_observer_of_a_widget_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_PATIENCE", (0.1, 0.1))
    lock = OrderedLock(Rank.WIDGETS)
    with ThreadPoolExecutor(1) as pool:
        with lock:
            answer = pool.submit(ask, lock)
            assert not threading.Event().wait(0.5)
            assert not answer.done()
        assert answer.result(60) == "had"


def test_many_short_waits_are_no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_PATIENCE", (0.3, 60.0))
    lock = OrderedLock(Rank.NETWORK, NETWORK)
    with ThreadPoolExecutor(2) as pool:
        with lock:
            answer = pool.submit(ask, lock)
            until = time.monotonic() + 1
            while time.monotonic() < until:
                pool.submit(time.sleep, 0.01).result()
        assert answer.result(60) == "had"


def test_waiting_can_be_interrupted() -> None:
    lock = OrderedLock(Rank.NETWORK, NETWORK)
    held, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            while not locks._waiting:
                pass
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            assert leave.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(60)
    with pytest.raises(KeyboardInterrupt):
        lock.__enter__()
    leave.set()
    thread.join()
    assert is_free(lock)
