"""A recording comm in place of a browser, and a small network whose explanations take no time."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import comm
import ipywidgets
import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import nn

from xai_widgets import HeatmapViewer
from xai_widgets.engine import Engine


class RecordingComm:
    """The kernel's end of a channel, with everything that was sent over it."""

    kernel = "a kernel"

    def __init__(self, data: Any = None, buffers: Any = None, comm_id: str = "", **_: Any) -> None:
        self.comm_id = comm_id or f"comm-{id(self)}"
        self.opened: dict[str, Any] = data or {}
        self.open_buffers = [bytes(b) for b in buffers or []]
        self.sent: list[tuple[dict[str, Any], list[Any]]] = []
        self.closed = False
        self._handler: Callable[[Any], None] | None = None

    def send(self, data: Any = None, metadata: Any = None, buffers: Any = None) -> None:
        for buffer in buffers or []:
            assert memoryview(buffer).contiguous
        self.sent.append((data, list(buffers or [])))

    def on_msg(self, handler: Callable[[Any], None] | None) -> None:
        self._handler = handler

    def close(self, *_: Any, **__: Any) -> None:
        self.closed = True

    def receive(self, data: dict[str, Any]) -> None:
        """What the browser sends."""
        assert self._handler is not None
        self._handler({"content": {"data": data}, "buffers": []})

    def change(self, **state: Any) -> None:
        self.receive({"method": "update", "state": state, "buffer_paths": []})

    def message(self, **content: Any) -> None:
        self.receive({"method": "custom", "content": content})

    def updates(self, name: str) -> list[Any]:
        """The values of a trait that were sent since the channel was opened."""
        return [
            data["state"][name]
            for data, _ in self.sent
            if data["method"] == "update" and name in data["state"]
        ]

    def custom(self) -> list[tuple[dict[str, Any], list[Any]]]:
        return [(d["content"], b) for d, b in self.sent if d["method"] == "custom"]


@pytest.fixture(autouse=True)
def _recorded_comms(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(comm, "create_comm", lambda **given: RecordingComm(**given))
    before = set(ipywidgets.widgets.widget._instances)
    yield
    for key, widget in list(ipywidgets.widgets.widget._instances.items()):
        if key not in before:
            widget.close()
    gc.collect()


class SmallNetwork(nn.Module):
    """Three classes that are the mean red, green and blue, seen through two convolutions."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.first = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.relu = nn.ReLU()
        self.second = nn.Conv2d(4, 5, 3, stride=2, padding=1)
        self.relu2 = nn.ReLU()
        self.head = nn.Linear(5, 3)
        with torch.no_grad():
            for parameter in self.parameters():
                drawn = torch.randn(parameter.shape, generator=generator, device="cpu")
                parameter.copy_(drawn * 0.3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.relu2(self.second(self.relu(self.first(x))))
        return self.head(x.mean((2, 3)))


def photograph(size: int = 32, seed: int = 0) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)


@contextmanager
def busy(engine: Engine) -> Iterator[None]:
    """Within this context the engine's worker gets on with nothing."""
    entered, leave = threading.Event(), threading.Event()

    def wait() -> Iterator[None]:
        entered.set()
        leave.wait(60)
        yield None

    engine.internals.worker.submit(object(), wait, urgent=True)
    assert entered.wait(30)
    try:
        yield
    finally:
        leave.set()


@pytest.fixture
def engine() -> Engine:
    return Engine(SmallNetwork(), class_names=["red fox", "green frog", "blue whale"], name="Small")


@pytest.fixture
def viewer(engine: Engine) -> HeatmapViewer:
    return HeatmapViewer(engine, photograph(), prefetch=False)
