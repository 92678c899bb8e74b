"""The cache: bounded in bytes, least recently used goes first, safe between threads."""

from __future__ import annotations

import random
import threading
from collections import OrderedDict

import pytest

from xai_widgets.engine.cache import BoundedCache


def cache_of(limit: int, *sizes: tuple[str, int]) -> BoundedCache[str]:
    cache: BoundedCache[str] = BoundedCache(limit)
    for name, size in sizes:
        cache.put(name, name.upper(), size)
    return cache


def kept(cache: BoundedCache[str], names: str) -> str:
    """Which of the one-letter names are held, without using any."""
    return "".join(name for name in names if name in cache._values)


def test_values_come_back() -> None:
    cache = cache_of(100, ("a", 10), ("b", 10))
    assert cache.get("a") == "A"
    assert cache.get("b") == "B"
    assert cache.get("c") is None
    assert len(cache) == 2


def test_the_least_recently_used_goes_first() -> None:
    cache = cache_of(30, ("a", 10), ("b", 10), ("c", 10))
    assert kept(cache, "abc") == "abc"
    cache.get("a")
    cache.put("d", "D", 10)
    assert kept(cache, "abcd") == "acd"
    cache.put("e", "E", 20)
    assert kept(cache, "abcde") == "de"


def test_asking_for_what_is_not_there_uses_nothing() -> None:
    cache = cache_of(20, ("a", 10), ("b", 10))
    assert cache.get("z") is None
    cache.put("c", "C", 10)
    assert kept(cache, "abc") == "bc"


def test_the_latest_is_kept_even_when_too_large() -> None:
    cache = cache_of(30, ("a", 10), ("b", 100))
    assert kept(cache, "ab") == "b"
    cache.put("c", "C", 5)
    assert kept(cache, "abc") == "c"
    assert cache_of(0, ("a", 1)).get("a") == "A"


def test_putting_again_replaces_value_and_size() -> None:
    cache = cache_of(30, ("a", 20), ("b", 10))
    cache.put("a", "new", 5)
    assert cache.get("a") == "new"
    cache.put("c", "C", 15)
    assert kept(cache, "abc") == "abc"
    cache.put("d", "D", 1)
    assert kept(cache, "abcd") == "acd"


def test_the_latest_used() -> None:
    cache = cache_of(100)
    assert cache.latest() is None
    for name in "abc":
        cache.put(name, name.upper(), 1)
    assert cache.latest() == "C"
    cache.get("a")
    assert cache.latest() == "A"


def test_clear_gives_all_room_back() -> None:
    cache = cache_of(30, ("a", 10), ("b", 20))
    cache.clear()
    assert len(cache) == 0
    assert cache.latest() is None
    for name in "cde":
        cache.put(name, name.upper(), 10)
    assert kept(cache, "cde") == "cde"


@pytest.mark.parametrize("seed", range(5))
def test_any_sequence_of_uses_agrees_with_a_plain_list(seed: int) -> None:
    generator = random.Random(seed)
    cache: BoundedCache[int] = BoundedCache(50)
    plain: OrderedDict[int, tuple[int, int]] = OrderedDict()
    for turn in range(500):
        key = generator.randrange(12)
        if generator.random() < 0.5:
            found = plain.get(key)
            if found is not None:
                plain.move_to_end(key)
            assert cache.get(key) == (None if found is None else found[0])
        else:
            size = generator.randrange(1, 60)
            plain.pop(key, None)
            plain[key] = turn, size
            while len(plain) > 1 and sum(held for _, held in plain.values()) > 50:
                plain.popitem(last=False)
            cache.put(key, turn, size)
        assert list(cache._values) == list(plain)


def test_many_threads() -> None:
    cache: BoundedCache[int] = BoundedCache(40)
    wrong: list[int] = []

    def use(seed: int) -> None:
        generator = random.Random(seed)
        for _ in range(2000):
            key = generator.randrange(10)
            cache.put(key, key, generator.randrange(1, 15))
            found = cache.get(generator.randrange(10))
            if found is not None and not 0 <= found < 10:
                wrong.append(found)

    threads = [threading.Thread(target=use, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert cache._nbytes == sum(size for _, size in cache._values.values()) <= 40
