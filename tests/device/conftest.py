"""The devices that the tests of this folder run on: every accelerator of the machine, or where
there is none a simulated one, which refuses to mix devices as a GPU does.
"""

from __future__ import annotations

import os

import pytest
import torch

from tests.device.simulated import GPU

# Convolutions of NVIDIA's cards round to ten binary digits unless they are told not to, and these
# tests compare with the CPU's numbers. Read when the first of their libraries is loaded.
os.environ.setdefault("NVIDIA_TF32_OVERRIDE", "0")


def accelerators() -> list[str]:
    """The names of this machine's accelerators."""
    names = [f"cuda:{i}" for i in range(torch.cuda.device_count())][:2]
    return names + (["mps"] if torch.backends.mps.is_available() else [])


DEVICES = accelerators() or [str(GPU)]


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest) -> torch.device:
    # With its index, as tensors have it.
    return torch.empty(0, device=request.param).device


@pytest.fixture
def accelerator() -> torch.device:
    """The first of them."""
    return torch.empty(0, device=DEVICES[0]).device
