"""Record what comes out of every layer during one forward pass, protected from later changes."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from xai_widgets.probe.layers import (
    Recorded,
    is_attention,
    layout_of,
    makes_no_features,
    was_written,
)


@dataclass(slots=True)
class _Output:
    """What one call of a layer gave out. `given` is what it was given, where that may be asked for;
    `copy` is what the network went on with, where that was a copy.
    """

    name: str
    module: nn.Module
    tensor: Tensor
    version: int
    given: Any = None
    copy: Tensor | None = None

    @property
    def was_written(self) -> bool:
        """Whether the network changed this value in place after the layer had given it out."""
        return was_written(self.tensor, self.version, self.copy)


class Recorder:
    """A context manager that listens to a network's layers; leaving it removes every hook.

    A layer's output may be overwritten by what follows (a convolution before an in-place
    rectifier). So the layer's output is kept and the network goes on with a copy: for the layers
    named in `protect`, or for all (None). Only this thread's forward is recorded; another thread
    may use the network at the same time. While the network runs, outputs are only kept; which of
    them are maps is worked out on first use.
    """

    def __init__(self, model: nn.Module, x: Tensor, protect: Collection[str] | None) -> None:
        self._model = model
        self._batch, self._picture = x.shape[0], (int(x.shape[-2]), int(x.shape[-1]))
        self._input_bytes = x.nbytes
        self._protect = protect
        self._outputs: list[_Output] = []
        # By id() of tensors that `_outputs` keeps alive.
        self._copies: set[int] = set()
        self._by_tensor: dict[int, Recorded] = {}
        self._thread = threading.get_ident()
        self._handles: list[Any] = []

    def __enter__(self) -> Recorder:
        for module, name in _names(self._model).items():
            # Scripted modules take no hooks; their outputs are recorded where others give them out.
            if name and not isinstance(module, torch.jit.ScriptModule):
                self._handles.append(module.register_forward_hook(self._hook_for(name)))
        return self

    def __exit__(self, *exc: object) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def _hook_for(self, name: str) -> Any:
        def hook(module: nn.Module, args: tuple[Any, ...], output: Any) -> Any:
            if threading.get_ident() != self._thread:
                return None
            # Without this, every look at a tensor here would pass the modes that watch the network.
            with torch._C.DisableTorchFunction():
                return self._keep(name, module, args, output)

        return hook

    def _keep(self, name: str, module: nn.Module, args: tuple[Any, ...], output: Any) -> Any:
        tensor = first_tensor(output)
        if tensor is None or not tensor.is_floating_point():
            return None
        kept = _Output(name, module, tensor, tensor._version)
        if args and isinstance(module, (nn.Linear, nn.Conv2d)):
            kept.given = args[0]
        self._outputs.append(kept)
        if self._protect is not None and name not in self._protect:
            return None
        if not self._may_be_map(tensor) or id(tensor) in self._copies:
            return None
        copy = tensor.clone()
        passed_on = exchanged(output, tensor, copy)
        if passed_on is not None:
            kept.copy = copy
            self._copies.add(id(copy))
        return passed_on

    def _may_be_map(self, tensor: Tensor) -> bool:
        return tensor.requires_grad and tensor.ndim >= 3 and tensor.shape[0] == self._batch

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of what each layer gave out, by name."""
        return {output.name: tuple(output.tensor.shape) for output in self._outputs}

    def calls(self, layer: str) -> int:
        """How often a layer was called."""
        return sum(output.name == layer for output in self._outputs)

    @cached_property
    def nbytes(self) -> int:
        """The bytes of all that was recorded, copies included."""
        return self.passed + sum(o.tensor.nbytes for o in self._outputs if o.copy is not None)

    @cached_property
    def passed(self) -> int:
        """The bytes of what went from layer to layer: about what autograd keeps for a backward."""
        return sum(output.tensor.nbytes for output in self._outputs if _is_leaf(output.module))

    @cached_property
    def largest(self) -> int:
        """The bytes of the largest value in the pass."""
        return max([self._input_bytes, *(output.tensor.nbytes for output in self._outputs)])

    @cached_property
    def records(self) -> dict[str, Recorded]:
        """The outputs that are maps over the picture, by layer."""
        return {record.name: record for record in self._maps}

    @cached_property
    def _maps(self) -> list[Recorded]:
        maps: list[Recorded] = []
        grid: tuple[int, int] | None = None
        inside_attention = _inside_attention(self._model)
        for order, output in enumerate(self._outputs, start=1):
            tensor, shape = output.tensor, tuple(output.tensor.shape)
            layout = layout_of(shape, self._picture, grid) if self._may_be_map(tensor) else None
            if layout is None:
                continue
            if layout.kind == "channels_first" and min(layout.size) > 1:
                grid = layout.size
            record = Recorded(
                name=output.name,
                tensor=tensor,
                layout=layout,
                order=order,
                group=len(maps),
                version=output.version,
                no_features=_is_leaf(output.module) and makes_no_features(output.module),
                inside_attention=output.name in inside_attention,
                copy=output.copy,
            )
            self._join(record)
            maps.append(record)
        return maps

    def _join(self, record: Recorded) -> None:
        """Put a record into the group of the one whose value it repeats, if there is one."""
        tensor = record.tensor
        origin = self._origin(tensor, record.version)
        self._by_tensor[id(tensor)] = record
        if record.copy is not None:
            self._by_tensor[id(record.copy)] = record
        if origin is None:
            return
        record.group = origin.group
        if tensor is origin.copy:
            record.tensor, record.version = origin.tensor, origin.version
            record.copy = origin.copy

    def _origin(self, tensor: Tensor, version: int) -> Recorded | None:
        """The record whose value this tensor still is: the same object, or a view of all of it.
        Views share their count of versions, so `version` shows whether it was written before.
        """
        whole = tensor._base if tensor._is_view() and tensor._base is not None else tensor
        origin = self._by_tensor.get(id(tensor)) or (
            self._by_tensor.get(id(whole)) if whole.numel() == tensor.numel() else None
        )
        if origin is None:
            return None
        return origin if version == (0 if origin.copy is not None else origin.version) else None

    def overwritten(self) -> set[str]:
        """The layers whose outputs the network changed in place after they had been given out."""
        written = any(output.was_written for output in self._outputs)
        return {record.name for record in self._maps if record.was_written} if written else set()

    def biased(self) -> list[tuple[Tensor, Tensor]]:
        """What each convolution and batch norm with a bias gave out, and that bias (C,)."""
        pairs = [(output.tensor, _bias(output.module)) for output in self._outputs]
        return [(made, bias) for made, bias in pairs if bias is not None and made.requires_grad]

    def head_input(self, logits: Tensor) -> Tensor | None:
        """What the layer that made the logits was given; None where it is not clear which that is.

        It is the last linear layer of their size, or a convolution with a channel for each of them
        that no other layer with weights follows.
        """
        heads = [(o.given, o.tensor) for o in self._outputs if isinstance(o.given, Tensor)]
        for later, (given, made) in enumerate(reversed(heads)):
            linear = made.ndim < 4 and made.shape[-1] == logits.shape[-1]
            convolutional = later == 0 and made.ndim == 4 and made.shape[1] == logits.shape[-1]
            if (linear and made.numel() == logits.numel()) or convolutional:
                return given if given.requires_grad else None
        return None


def _names(model: nn.Module) -> dict[nn.Module, str]:
    """As `named_modules` gives them, but in a fraction of the time."""
    names: dict[nn.Module, str] = {}

    def walk(module: nn.Module, name: str) -> None:
        names[module] = name
        prefix = f"{name}." if name else ""
        for key, child in module._modules.items():
            if child is not None and child not in names:
                walk(child, prefix + key)

    walk(model, "")
    return names


def _bias(module: nn.Module) -> Tensor | None:
    """What a layer adds to each of its channels, whatever it is given."""
    if isinstance(module, nn.Conv2d):
        return module.bias
    if isinstance(module, nn.BatchNorm2d) and module.running_mean is not None:
        assert module.running_var is not None
        scale = (module.running_var + module.eps).rsqrt()
        if not module.affine:
            return -module.running_mean * scale
        return module.bias - module.running_mean * module.weight * scale
    return None


def _is_leaf(module: nn.Module) -> bool:
    return next(module.children(), None) is None


def _inside_attention(model: nn.Module) -> set[str]:
    """The names of all layers that are parts of an attention layer."""
    attention: tuple[str, ...] = ("\0",)
    inside: set[str] = set()
    for name, module in model.named_modules():
        if name.startswith(attention):
            inside.add(name)
        elif is_attention(module):
            attention = (*attention, f"{name}.")
    return inside


def exchanged(output: Any, tensor: Tensor, copy: Tensor) -> Any:
    """What a layer gave out, with `copy` in the place of `tensor`; None where the exchange might
    break something.
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
