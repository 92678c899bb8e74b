"""Numbers worked out on a device, against those of the CPU."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

CPU = torch.device("cpu")


def numbers_of(found: Any) -> list[np.ndarray[Any, Any]]:
    """All numbers in a value made of tensors, arrays, numbers, sequences and mappings, in order."""
    if isinstance(found, Mapping):
        return [part for key in sorted(found) for part in numbers_of(found[key])]
    if isinstance(found, (Sequence, tuple)) and not isinstance(found, str):
        return [part for one in found for part in numbers_of(one)]
    if isinstance(found, Tensor):
        found = found.detach().cpu().double().numpy()
    return [np.asarray(found, dtype=np.float64)]


def assert_alike(found: Any, expected: Any, share: float = 1e-3, least: float = 1e-6) -> None:
    """Each of the numbers, beside the largest of its tensor or array; both nan counts as alike."""
    ours, theirs = numbers_of(found), numbers_of(expected)
    assert len(ours) == len(theirs)
    assert len(theirs) > 0
    for one, other in zip(ours, theirs, strict=True):
        assert one.shape == other.shape
        np.testing.assert_array_equal(np.isnan(one), np.isnan(other))
        largest = float(np.abs(other[~np.isnan(other)]).max(initial=0.0))
        np.testing.assert_allclose(one, other, rtol=0, atol=share * largest + least)


def on_both(
    make: Callable[[torch.device], Any], device: torch.device, share: float = 1e-3
) -> tuple[Any, Any]:
    """What is made on the device and on the CPU, whose numbers have to be alike."""
    found, expected = make(device), make(CPU)
    assert_alike(found, expected, share)
    return found, expected
