"""A single picture that somebody waits for leaves a core to the browser."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import pytest
import torch

from xai_widgets.probe import cores
from xai_widgets.probe.cores import one_core_left


@pytest.fixture(autouse=True)
def three_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("there", "used"), [(1, 1), (2, 1), (3, 2), (4, 3), (64, 3)])
def test_one_core_is_left(monkeypatch: pytest.MonkeyPatch, there: int, used: int) -> None:
    monkeypatch.setattr(cores, "_cores", lambda: there)
    with one_core_left():
        assert torch.get_num_threads() == used
    assert torch.get_num_threads() == 3


def test_other_threads_and_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "_cores", lambda: 2)
    seen: list[int] = []

    def live() -> None:
        with contextlib.suppress(ValueError), one_core_left():
            seen.append(torch.get_num_threads())
            raise ValueError
        seen.append(torch.get_num_threads())

    thread = threading.Thread(target=live)
    thread.start()
    thread.join()
    assert seen == [1, 3]
    assert torch.get_num_threads() == 3
