"""Record what comes out of every layer during one forward pass, safe against whatever happens to it
afterwards.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from xai_widgets.probe.layers import Recorded, is_attention, layout_of, makes_no_features


class Recorder:
    """A context manager that listens to a network's layers; leaving it removes every hook.

    A layer's output may be overwritten by what follows (a convolution before an in-place
    rectifier). So the layer keeps its output and the network goes on with a copy: for the layers
    named in `protect`, or for all (None). Only this thread's forward is recorded; another thread
    using the network meanwhile is left alone.
    """

    def __init__(self, model: nn.Module, x: Tensor, protect: Collection[str] | None) -> None:
        self.records: dict[str, Recorded] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.nbytes = 0
        self.largest = x.nbytes
        self._model = model
        self._batch, self._picture = x.shape[0], (int(x.shape[-2]), int(x.shape[-1]))
        self._protect = protect
        self._grid: tuple[int, int] | None = None
        self._known: dict[int, Recorded] = {}  # by id() of tensors that `records` keep alive
        self._kept: list[Recorded] = []
        self._heads: list[tuple[Tensor, Tensor]] = []
        self._inside_attention: set[str] = set()
        self._thread = threading.get_ident()
        self._handles: list[Any] = []

    def __enter__(self) -> Recorder:
        attention: tuple[str, ...] = ("\0",)
        for name, module in self._model.named_modules():
            if name.startswith(attention):
                self._inside_attention.add(name)
            elif is_attention(module):
                attention = (*attention, f"{name}.")
            # Scripted modules take no hooks; what they give out to others is recorded there.
            if name and not isinstance(module, torch.jit.ScriptModule):
                self._handles.append(module.register_forward_hook(self._hook_for(name)))
        return self

    def __exit__(self, *exc: object) -> None:
        for handle in self._handles:
            handle.remove()

    def _hook_for(self, name: str) -> Any:
        def hook(module: nn.Module, args: tuple[Any, ...], output: Any) -> Any:
            if threading.get_ident() != self._thread:
                return None
            # Without this, every look at a tensor here would pass the modes that watch the network.
            with torch._C.DisableTorchFunction():
                return self._record(name, module, args, output)

        return hook

    def _record(self, name: str, module: nn.Module, args: tuple[Any, ...], output: Any) -> Any:
        tensor = first_tensor(output)
        if tensor is None or not tensor.is_floating_point():
            return None
        shape = self.shapes[name] = tuple(tensor.shape)
        leaf = next(module.children(), None) is None
        if leaf:
            self.nbytes += tensor.nbytes
            self.largest = max(self.largest, tensor.nbytes)
            if isinstance(module, (nn.Linear, nn.Conv2d)) and args and isinstance(args[0], Tensor):
                self._heads.append((args[0], tensor))
        if not tensor.requires_grad or len(shape) < 3 or shape[0] != self._batch:
            return None
        layout = layout_of(shape, self._picture, self._grid)
        if layout is None:
            return None
        if layout.kind == "channels_first" and min(layout.size) > 1:
            self._grid = layout.size
        record = Recorded(
            name,
            tensor,
            layout,
            len(self.shapes),
            len(self._kept),
            tensor._version,
            leaf and makes_no_features(module),
            name in self._inside_attention,
        )
        origin = self._origin(tensor)
        self.records[name] = record
        self._kept.append(record)
        self._known[id(tensor)] = record
        if origin is not None:
            record.group = origin.group
            if tensor is origin.handed:
                record.tensor, record.version, record.handed = (
                    origin.tensor,
                    origin.version,
                    origin.handed,
                )
            return None
        if self._protect is None or name in self._protect:
            copy = tensor.clone()
            handed = _exchanged(output, tensor, copy)
            if handed is not None:
                record.handed = copy
                self._known[id(copy)] = record
                self.nbytes += tensor.nbytes
            return handed
        return None

    def _origin(self, tensor: Tensor) -> Recorded | None:
        """The record whose value this very tensor still is: the same object, or a view of all of
        it.
        """
        whole = tensor._base if tensor._is_view() and tensor._base is not None else tensor
        origin = self._known.get(id(tensor)) or (
            self._known.get(id(whole)) if whole.numel() == tensor.numel() else None
        )
        if origin is None:
            return None
        given = origin.handed if origin.handed is not None else origin.tensor
        expected = 0 if origin.handed is not None else origin.version
        return origin if given._version == expected else None

    def overwritten(self) -> set[str]:
        """The layers whose outputs the network changed in place after they had been given out."""
        return {
            record.name
            for record in self._kept
            if (record.handed._version != 0 if record.handed is not None else record.overwritten)
        }

    def head_input(self, logits: Tensor) -> Tensor | None:
        """What the layer that made the logits was given; None if no layer can be told to be it.

        It is the last linear layer of their size, or a convolution with a channel for each of them
        that no other layer with weights follows.
        """
        for place, (given, made) in enumerate(reversed(self._heads)):
            linear = made.ndim < 4 and made.shape[-1] == logits.shape[-1]
            convolutional = place == 0 and made.ndim == 4 and made.shape[1] == logits.shape[-1]
            if (linear and made.numel() == logits.numel()) or convolutional:
                return given if given.requires_grad else None
        return None


def _exchanged(output: Any, tensor: Tensor, copy: Tensor) -> Any:
    """What a layer gave out with `copy` in the place of `tensor`; None where that is not known to
    be harmless.
    """
    if output is tensor:
        return copy
    if type(output) in (tuple, list):
        return type(output)(copy if item is tensor else item for item in output)
    if type(output) is dict:
        return {key: copy if item is tensor else item for key, item in output.items()}
    return None


def first_tensor(output: Any) -> Tensor | None:
    """The tensor a layer gives out, also where it comes first in a tuple, list or mapping."""
    if isinstance(output, Tensor):
        return output
    if isinstance(output, Mapping):
        output = tuple(output.values())
    if isinstance(output, (tuple, list)):
        return next((item for item in output if isinstance(item, Tensor)), None)
    return None
