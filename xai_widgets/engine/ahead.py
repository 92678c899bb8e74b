"""Work done ahead by threads, in order, a bounded number of items at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from xai_widgets.interrupts import deferred, result_of

T = TypeVar("T")
R = TypeVar("R")


def ahead(
    function: Callable[[T], R], items: Iterable[T], *, threads: int, count: int
) -> Iterator[R]:
    """What a function gives for each item, in their order; up to `count` items ahead of the one
    that is asked for are worked on by `threads` threads.

    The items themselves are taken in the caller's thread. What the function raises for an item is
    raised in its place. Closing the iterator stops the work.
    """
    given = iter(items)
    pool = ThreadPoolExecutor(threads, thread_name_prefix="xai_widgets_reader")
    waiting: deque[Future[R]] = deque()

    def submit(items: Iterable[T]) -> None:
        for item in items:
            with deferred():
                waiting.append(pool.submit(function, item))

    try:
        submit(islice(given, count))
        while waiting:
            done = result_of(waiting.popleft())
            submit(islice(given, 1))
            yield done
    finally:
        with deferred():
            pool.shutdown(wait=False, cancel_futures=True)
