"""Record what comes out of every layer during one forward pass, protected from later changes."""

from __future__ import annotations

import threading
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import torch
from torch import Tensor, nn

from xai_widgets.probe.dataflow import Dataflow, Node
from xai_widgets.probe.digests import version_of
from xai_widgets.probe.guard import as_found
from xai_widgets.probe.layers import (
    Layout,
    Recorded,
    is_attention,
    layout_of,
    makes_no_features,
    was_written,
)
from xai_widgets.probe.positions import Position, Positions


@dataclass(slots=True)
class _Output:
    """What one call of a layer gave out: its `number` among the layer's calls, from 0, and its node
    in autograd's graph. `given` is what a layer with weights was given; `copy` is what the network
    went on with, where that was a copy.
    """

    name: str
    module: nn.Module
    tensor: Tensor
    version: int
    number: int
    node: Node | None
    has_weights: bool
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
    them are maps is worked out on first use, and where they lie kept in `known` for all passes.
    """

    def __init__(
        self,
        model: nn.Module,
        x: Tensor,
        protect: Collection[str] | None,
        known: dict[Hashable, dict[int, Position]] | None = None,
    ) -> None:
        self._model, self._x = model, x
        self._known = {} if known is None else known
        self.cut = False  # whether the network left the graph on the way
        self._batch, self._picture = x.shape[0], (int(x.shape[-2]), int(x.shape[-1]))
        # What the first layer with weights was given: the network may have cut the picture into
        # parts, in one batch, or to another size.
        self._entered: tuple[int, ...] | None = None
        self._input_bytes = x.nbytes
        self._protect = protect
        self._outputs: list[_Output] = []
        self._calls: dict[str, int] = {}
        # By id() of tensors that `_outputs` keeps alive.
        self._copies: set[int] = set()
        self._by_tensor: dict[int, Recorded] = {}
        self._thread = threading.get_ident()
        self._handles: list[Any] = []

    def __enter__(self) -> Recorder:
        try:
            for module, name in _names(self._model).items():
                # Scripted modules take no hooks; what they give out is recorded where others do.
                if name and not isinstance(module, torch.jit.ScriptModule):
                    self._handles.append(module.register_forward_hook(self._hook_for(name)))
        except BaseException:
            self.__exit__()
            raise
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
        number = self._calls.get(name, 0)
        self._calls[name] = number + 1
        node = None if tensor.grad_fn is None else (tensor.grad_fn, tensor.output_nr)
        has_weights = any(weight is not None for weight in module._parameters.values())
        kept = _Output(name, module, tensor, version_of(tensor), number, node, has_weights)
        if has_weights and args and isinstance(args[0], Tensor):
            kept.given = args[0]
            if self._entered is None:
                self._entered = tuple(args[0].shape)
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
        if not tensor.requires_grad or tensor.ndim < 3:
            return False
        return tensor.shape[0] == self._batch or (
            # One picture, cut into several that were put behind each other.
            self._batch == 1
            and self._entered is not None
            and len(self._entered) == 4
            and tensor.shape[0] == self._entered[0]
        )

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of what each layer gave out, by name."""
        return {output.name: tuple(output.tensor.shape) for output in self._outputs}

    @property
    def picture(self) -> tuple[int, int]:
        """(H, W) of the input."""
        return self._picture

    def fed_by(self, record: Recorded) -> str | None:
        """The name of the layer whose output a call was given, if that is one."""
        parents = self.dataflow.parents[record.order]
        return self._outputs[max(parents)].name if len(parents) == 1 else None

    def carries_all(self, head: Tensor, record: Recorded) -> bool:
        """Whether nothing of the picture reaches a later value but through this output."""
        return not self.dataflow.passes_by(head, record.order)

    def title_of(self, layer: str) -> str:
        """A layer's name as a person understands it: one rectifier that the network uses in many
        places is named with what feeds it.
        """
        calls = [i for i, output in enumerate(self._outputs) if output.name == layer]
        last = self._outputs[calls[-1]]
        if len(calls) < 2 or last.has_weights or not _is_leaf(last.module):
            return layer
        if len(self.dataflow.last(calls)) > 1:
            return layer
        feeding = self.fed_by(self.records[layer])
        return layer if feeding is None else f"{layer} after {feeding}"

    @cached_property
    def signature(self) -> int:
        """A number for the sequence of layers that ran, and the shapes that they gave out; the same
        for other numbers of pictures.
        """
        return hash(tuple(_call_of(o.name, o.tensor.shape, self._batch) for o in self._outputs))

    @cached_property
    def dataflow(self) -> Dataflow:
        """From which earlier outputs each output was computed."""
        return Dataflow(self._outputs, self._x)

    @cached_property
    def positions(self) -> Positions:
        """Which of the outputs that look like maps lie over the picture."""
        kind = tuple(self._x.shape[1:]), self._batch == 1, self.signature
        known = self._known.setdefault(kind, {})
        as_found_here = partial(as_found, self._model)
        return Positions(self._maps, self.dataflow, self._x, known, self.cut, as_found_here)

    @cached_property
    def attention_layer(self) -> tuple[str, str] | None:
        """The name and class of the first attention layer that ran; None where there was none."""
        for output in self._outputs:
            if is_attention(output.module):
                return output.name, type(output.module).__name__
        return None

    def calls(self, layer: str) -> list[Recorded]:
        """The outputs of a layer that are maps, call by call; empty for an unknown layer."""
        return [record for record in self._maps if record.name == layer]

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
        for order, output in enumerate(self._outputs):
            layout = self._layout_of(output.tensor, grid)
            if layout is None:
                continue
            if layout.kind == "channels_first" and min(layout.size) > 1:
                grid = layout.size
            record = Recorded(
                name=output.name,
                tensor=output.tensor,
                layout=layout,
                order=order,
                call=output.number,
                group=len(maps),
                version=output.version,
                no_features=_is_leaf(output.module) and makes_no_features(output.module),
                inside_attention=output.name in inside_attention,
                copy=output.copy,
            )
            self._join(record)
            maps.append(record)
        return maps

    def _layout_of(self, tensor: Tensor, grid: tuple[int, int] | None) -> Layout | None:
        if not self._may_be_map(tensor):
            return None
        shape = tuple(tensor.shape)
        layout = layout_of(shape, self._picture, grid)
        if layout is None and self._entered is not None and len(self._entered) == 4:
            layout = layout_of(shape, (self._entered[2], self._entered[3]), grid)
        return layout

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

    def biased(self) -> list[tuple[int, Tensor, Tensor]]:
        """What each convolution and batch norm with a bias gave out, its place in the order of the
        pass, and that bias (C,).
        """
        pairs = [(i, output.tensor, _bias(output.module)) for i, output in enumerate(self._outputs)]
        return [
            (i, made, bias) for i, made, bias in pairs if bias is not None and made.requires_grad
        ]

    @cached_property
    def without_gradient(self) -> set[str]:
        """The layers that gave out what could be a map, but for which no graph was recorded."""
        return {
            output.name
            for output in self._outputs
            if output.tensor.ndim >= 3 and not output.tensor.requires_grad
        }

    def head_input(self, logits: Tensor) -> Tensor | None:
        """What the layer that made the logits was given; None where it is not clear which that is.

        It is the last linear layer of their size, or a convolution with a channel for each of them
        that no other layer with weights follows.
        """
        heads = [
            (o.given, o.tensor)
            for o in self._outputs
            if isinstance(o.given, Tensor) and isinstance(o.module, (nn.Linear, nn.Conv2d))
        ]
        for later, (given, made) in enumerate(reversed(heads)):
            linear = made.ndim < 4 and made.shape[-1] == logits.shape[-1]
            convolutional = later == 0 and made.ndim == 4 and made.shape[1] == logits.shape[-1]
            if (linear and made.numel() == logits.numel()) or convolutional:
                return given if given.requires_grad else None
        return None


def _call_of(name: str, shape: tuple[int, ...], batch: int) -> Hashable:
    """A call of a layer by its name and by the shape of what it gave out, for each of the pictures
    where they lie along the first side.
    """
    if shape and shape[0] % batch == 0:
        return name, shape[0] // batch, *shape[1:]
    return name, shape


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
