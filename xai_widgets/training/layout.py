"""The layout in memory that a network is given its pictures in while it is trained."""

from __future__ import annotations

import weakref
from typing import Any

import torch
from torch import Tensor, nn

from xai_widgets.probe.agreement import agree
from xai_widgets.probe.guard import as_found

# What a network may raise on a layout that it cannot take.
REFUSALS = (RuntimeError, AssertionError, ValueError, TypeError)

_Size = tuple[int, ...]
_layouts: weakref.WeakKeyDictionary[nn.Module, dict[_Size, torch.memory_format]] = (
    weakref.WeakKeyDictionary()
)
# Those for which a pass in training has shown that they are right.
_settled: weakref.WeakKeyDictionary[nn.Module, set[_Size]] = weakref.WeakKeyDictionary()


def layout_for(model: nn.Module, inputs: Tensor) -> torch.memory_format:
    """The layout for inputs (N, C, H, W). Measured: on a CPU the second backward is fastest with
    channels innermost. A few networks cannot take that (`view` fails), or read strides by
    themselves and give another answer: it is tried, once for a network and a size of input, on one
    of them in evaluation mode.
    """
    if inputs.device.type != "cpu" or inputs.ndim != 4:
        return torch.preserve_format
    known = _layouts.setdefault(model, {})
    size = tuple(inputs.shape[1:])
    if size not in known:
        known[size] = torch.channels_last if _takes(model, inputs) else torch.contiguous_format
    return known[size]


def is_settled(model: nn.Module, inputs: Tensor) -> bool:
    """Whether the network has been trained on such inputs in the layout for them."""
    return tuple(inputs.shape[1:]) in _settled.get(model, ())


def settle(model: nn.Module, inputs: Tensor, layout: torch.memory_format) -> None:
    """Take this layout for such inputs from now on: the network has been trained in it."""
    size = tuple(inputs.shape[1:])
    _layouts.setdefault(model, {})[size] = layout
    _settled.setdefault(model, set()).add(size)


def _takes(model: nn.Module, inputs: Tensor) -> bool:
    plain = _answer(model, inputs, torch.contiguous_format)
    quick = _answer(model, inputs, torch.channels_last)
    if plain is None:  # it cannot be run so: seen when it is trained
        return True
    return quick is not None and agree(quick, plain)


def _answer(model: nn.Module, inputs: Tensor, layout: torch.memory_format) -> Any:
    try:
        with as_found(model), torch.no_grad():
            return model(inputs[:1].detach().clone(memory_format=layout))
    except REFUSALS:
        return None
