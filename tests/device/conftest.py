"""The devices that the tests of this folder run on: every accelerator of the machine, or the CPU.

Without an accelerator the same tests run on the CPU, where they show that they are right; those
that need two devices are skipped.
"""

from __future__ import annotations

import os

import pytest
import torch

# Convolutions of NVIDIA's cards round to ten binary digits unless they are told not to, and these
# tests compare with the CPU's numbers. Read when the first of their libraries is loaded.
os.environ.setdefault("NVIDIA_TF32_OVERRIDE", "0")


def accelerators() -> list[str]:
    """The names of this machine's accelerators."""
    names = [f"cuda:{i}" for i in range(torch.cuda.device_count())][:2]
    return names + (["mps"] if torch.backends.mps.is_available() else [])


@pytest.fixture(params=accelerators() or ["cpu"])
def device(request: pytest.FixtureRequest) -> torch.device:
    return torch.device(request.param)


@pytest.fixture
def accelerator() -> torch.device:
    """The first accelerator; the test is skipped where there is none."""
    names = accelerators()
    if not names:
        pytest.skip("needs a GPU (CUDA or MPS), and this machine has none")
    return torch.device(names[0])
