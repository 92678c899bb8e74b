"""Gradients laid out in memory as batch and instance norm need them.

PyTorch's backward of batch norm on a CPU is wrong (seen in 2.13, float32 and float64) where
the batch is of one and the gradient's strides are of another order than the input's: channels first
in the one, channels last in the other. A picture alone whose maps become tokens meets it, and so
does every instance norm behind which channels lie last, which is batch norm on a batch of one
inside. A gradient in the layout of what the norm gave out is safe.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor

from xai_widgets.probe.functions import Function, FunctionMode

_BATCH: frozenset[Function] = frozenset({F.batch_norm, torch.batch_norm, torch.native_batch_norm})
_INSTANCE: frozenset[Function] = frozenset({F.instance_norm, torch.instance_norm})
NORMS = _BATCH | _INSTANCE


class NormMode(FunctionMode):
    """Active while a network runs forward: its norms' backwards will be right."""

    def call(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if func in NORMS:
            return self.meet_norm(func, args, kwargs)
        return super().call(func, args, kwargs)

    def meet_norm(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result of a norm, its gradient laid out as it is."""
        result = func(*args, **kwargs)
        keep_norm_layout(func, result)
        return result


def keep_norm_layout(func: Function, result: Any) -> None:
    """Lay the gradient of what a norm gave out as its backward needs it."""
    made = result[0] if isinstance(result, tuple) else result
    if func in _INSTANCE or len(made) == 1:
        keep_layout(made)


def keep_layout(made: Tensor) -> None:
    """Give the node that made a norm's result its gradient in the layout of that result."""
    node, shape, stride = made.grad_fn, made.shape, made.stride()
    if node is None or made.ndim < 4 or made.device.type == "cuda":
        return

    def before(gradients: tuple[Tensor | None, ...]) -> tuple[Tensor | None, ...] | None:
        g = gradients[0]
        if g is None or g.stride() == stride or g.shape != shape:
            return None
        laid_out = torch.empty_strided(g.shape, stride, dtype=g.dtype, device=g.device)
        return (laid_out.copy_(g), *gradients[1:])

    node.register_prehook(before)
