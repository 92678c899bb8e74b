"""Freed memory is kept while networks run, and given back after."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from xai_widgets.probe import memory


@pytest.fixture(autouse=True)
def at_rest() -> Iterator[None]:
    memory.give_back()
    yield
    memory.give_back()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes the C library was told to keep."""
    calls: list[int] = []

    def keep_up_to(trim: int) -> bool:
        calls.append(trim)
        return True

    monkeypatch.setattr(memory, "_keep_up_to", keep_up_to)
    return calls


def test_nested_passes_keep_once_and_the_last_gives_back(
    told: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "_REST_SECONDS", 0.05)
    with memory.memory_kept():
        with memory.memory_kept():
            pass
        memory.give_back()  # not while a pass is running
        assert told == [2**31 - 1]
    until = time.monotonic() + 10
    while memory._keeper.keeping and time.monotonic() < until:
        time.sleep(0.01)
    assert told == [2**31 - 1, 2**26]


def test_an_error_ends_it_too(told: list[int]) -> None:
    with pytest.raises(ValueError, match="no"), memory.memory_kept():
        raise ValueError("no")
    memory.give_back()
    assert len(told) == 2
    assert memory._keeper.running == 0


def test_the_library_takes_what_it_is_told() -> None:
    if memory._library() is None:
        pytest.skip("another C library than GNU's, or a tuned allocator")
    with memory.memory_kept():
        assert memory._keeper.keeping


def test_programs_keep_it_for_good_and_users_settings_stand() -> None:
    code = (
        "import sys; from xai_widgets.probe import memory as m\n"
        "print(m.keep_memory())\n"
        "with m.memory_kept(): pass\n"
        "m.give_back(); print(m._keeper.keeping)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    supported = memory._library() is not None
    assert said.stdout.split() == [str(supported)] * 2
    environment = {"MALLOC_TRIM_THRESHOLD_": "131072", "PATH": "/usr/bin:/bin"}
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert said.stdout.split() == ["False", "False"]
