"""Maps brought to [0, 1], where a method's own definition asks for it."""

from __future__ import annotations

import torch
from torch import Tensor


def to_unit(values: Tensor) -> Tensor:
    """Each item of (N, ...) as (v - min) / (max - min) over all its own values; a constant one as
    0.
    """
    inner = tuple(range(1, values.ndim))
    low, high = values.amin(dim=inner, keepdim=True), values.amax(dim=inner, keepdim=True)
    return (values - low) / (high - low).clamp_min(torch.finfo(values.dtype).tiny)
