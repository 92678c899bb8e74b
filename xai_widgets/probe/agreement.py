"""Whether two runs of a network gave the same answer, up to rounding."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from xai_widgets.targets.parts import parts_of

# Of the largest value: what another order of adding up may make of it, and no other answer.
_ROUNDING = {torch.float64: 1e-6, torch.float32: 5e-4, torch.float16: 5e-2, torch.bfloat16: 1e-1}

# Of that, what the same functions on one input more may change.
_EXACT = 0.1


def agree(one: Any, other: Any, share: float = 1.0) -> bool:
    """Whether two outputs hold the same numbers, up to `share` times what rounding may change."""
    pairs = list(zip(_floating(one), _floating(other), strict=False))
    return all(_close(a, b, share) for a, b in pairs)


def agree_members(together: Any, alone: tuple[Any, Any]) -> bool:
    """Whether the output for two inputs holds the outputs for each of them alone."""
    for place, member in enumerate(alone):
        for both, single in zip(_floating(together), _floating(member), strict=False):
            if both.numel() != 2 * single.numel():
                return False
            if not _close(both.reshape(2, -1)[place], single.flatten(), _EXACT):
                return False
    return True


def largest(output: Any) -> float:
    """The largest magnitude in an output."""
    return max((float(tensor.abs().max()) for tensor in _floating(output)), default=0.0)


def _floating(output: Any) -> list[Tensor]:
    tensors = (part.tensor.detach() for part in parts_of(output))
    return [tensor for tensor in tensors if tensor.is_floating_point() and tensor.numel()]


def _close(a: Tensor, b: Tensor, share: float = 1.0) -> bool:
    if a.shape != b.shape:
        return False
    allowed = share * rounding(a.dtype)
    a, b = a.float(), b.float()
    if not bool((a.isfinite() == b.isfinite()).all()):
        return False
    a, b = a.nan_to_num(0, 0, 0), b.nan_to_num(0, 0, 0)
    return bool((a - b).abs().max() <= allowed * b.abs().max() + 1e-7)


def rounding(dtype: torch.dtype) -> float:
    """What rounding may change, as a share of the largest value."""
    return _ROUNDING.get(dtype, 1e-1)


def close(a: Tensor, b: Tensor, scale: float) -> bool:
    """Whether two scores are the same up to rounding, among values of this size."""
    if bool(a.isnan()) or bool(b.isnan()):
        return bool(a.isnan()) == bool(b.isnan())
    return bool((a.float() - b.float()).abs() <= rounding(b.dtype) * scale + 1e-7)
