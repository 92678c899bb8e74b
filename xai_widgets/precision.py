"""float64 wherever tensors are: Apple's devices (MPS) have none, and compute on the CPU instead;
and where they are by default.
"""

from __future__ import annotations

import torch
from torch import Tensor

_WITHOUT = frozenset({"mps"})


def has_float64(device: torch.device) -> bool:
    """Whether a device computes in float64."""
    return device.type not in _WITHOUT


def default_device() -> torch.device:
    """Where tensors are made that name no device. Not `torch.get_default_device`, which fails in
    torch 2.5 and 2.6 once a default was set and unset, and there knows nothing of ``with device:``.
    """
    return torch.empty(0, device=None).device


def widest(device: torch.device) -> torch.dtype:
    """The most precise floating-point type of a device."""
    return torch.float64 if has_float64(device) else torch.float32


def to_float64(x: Tensor) -> Tensor:
    """The tensor in float64, on its own device, or on the CPU where that has no float64."""
    return (x if has_float64(x.device) else x.cpu()).double()


def total(x: Tensor) -> float:
    """The sum of all values, added up in float64."""
    x = x if has_float64(x.device) else x.cpu()
    return float(x.sum(dtype=torch.float64))
