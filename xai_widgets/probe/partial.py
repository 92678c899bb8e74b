"""A pass of which only a part is recorded: from one layer on, or only the input and the output.

A CAM needs a layer's map and what the network makes of it. Below the layer, a network run without a
graph gives the same map, to the last bit, for less time and memory. Which call of which layer that
is, and that everything in the network sees the picture whole, was learned from a whole pass. A
partial pass counts only if the same layers ran in the same order and gave out the same shapes;
otherwise the pass is recorded whole.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn

from xai_widgets.probe.calls import LayerMap, Piece
from xai_widgets.probe.guard import FunctionMode, as_found
from xai_widgets.probe.layers import Recorded
from xai_widgets.probe.norms import NormMode
from xai_widgets.probe.recorder import call_of, exchanged, first_tensor, names_of
from xai_widgets.targets.parts import parts_of

# What will be read of a pass: the map of one layer and gradients to it; the gradient to the input;
# or anything.
Needs: TypeAlias = Literal["layer", "input", "everything"]


@dataclass(frozen=True)
class Start:
    """The layer from which passes are recorded: its map's `name`, the call that gives it out, as a
    record without its values, and the `signature` of passes that run alike. The network writes into
    what the layer gives out if it is `overwritten`.
    """

    name: str
    record: Recorded
    signature: int
    overwritten: bool

    @classmethod
    def of(cls, layer: LayerMap, signature: int, overwritten: bool) -> Start | None:
        """From a layer's map in a whole pass; None for one made of several calls."""
        if len(layer.pieces) != 1 or layer.pieces[0].place is not None or layer.warning:
            return None
        values = torch.empty(0, device="cpu")
        record = replace(layer.pieces[0].record, tensor=values, copy=None, version=0)
        return cls(layer.name, record, signature, overwritten)

    def map_of(self, values: Tensor) -> LayerMap:
        """The layer's map, in the graph of a pass that begins at its values."""
        record = replace(self.record, tensor=values)
        return LayerMap(self.name, (Piece(record),), record.layout.size)


@dataclass(frozen=True)
class PartialPass:
    """A forward pass on (N, C, H, W) that was recorded from `map` on, or, where that is None, as
    one step from the input `x`, which is then a leaf of the graph.
    """

    x: Tensor
    output: Any
    map: LayerMap | None
    mode: FunctionMode

    @property
    def nbytes(self) -> int:
        """About how many bytes the pass holds; what autograd keeps of a head is not known."""
        return self.x.nbytes + (0 if self.map is None else 4 * self.map.tensors[0].nbytes)


class RefusedError(Exception):
    """The network cannot be recorded from this layer on."""


def run_from_layer(model: nn.Module, x: Tensor, given: Tensor, start: Start) -> PartialPass:
    """Run a network on `given`, a copy of x (N, C, H, W), without a graph as far as a layer.

    Raises RefusedError where it does not run as in the whole pass.
    """
    mode = NormMode()
    cut = _Cut(start, len(x))
    with as_found(model, mode), torch.no_grad(), cut.listening(model):
        output = model(given)
        goes_on = torch.is_grad_enabled()
    leaf = cut.leaf
    if leaf is None or not goes_on or leaf._version != cut.version:
        raise RefusedError
    if hash(tuple(cut.calls)) != start.signature:
        raise RefusedError
    if not any(part.tensor.requires_grad for part in parts_of(output)):
        raise RefusedError
    return PartialPass(x, output, start.map_of(leaf), mode)


def run_from_input(model: nn.Module, x: Tensor, given: Tensor) -> PartialPass:
    """Run a network on `given`, a copy of the leaf x (N, C, H, W), keeping the graph alone."""
    mode = NormMode()
    with as_found(model, mode):
        output = model(given)
    return PartialPass(x, output, None, mode)


class _Cut:
    """Listens to a network's layers, and begins the graph at one of their calls."""

    def __init__(self, start: Start, batch: int) -> None:
        self._start, self._batch = start, batch
        self._thread = threading.get_ident()
        self._seen = 0
        self.calls: list[Hashable] = []
        self.leaf: Tensor | None = None
        self.version = 0

    @contextmanager
    def listening(self, model: nn.Module) -> Iterator[None]:
        """Meet every layer's output; afterwards every hook is removed."""
        handles: list[Any] = []
        try:
            for module, name in names_of(model).items():
                if name and not isinstance(module, torch.jit.ScriptModule):
                    handles.append(module.register_forward_hook(self._hook_for(name)))
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _hook_for(self, name: str) -> Any:
        here, number = name == self._start.record.name, self._start.record.call + 1

        def hook(module: nn.Module, args: Any, output: Any) -> Any:
            if threading.get_ident() != self._thread:
                return None
            with torch._C.DisableTorchFunction():
                tensor = first_tensor(output)
                if tensor is None or not tensor.is_floating_point():
                    return None
                self.calls.append(call_of(name, tensor.shape, self._batch))
                if not here:
                    return None
                self._seen += 1
                return self._cut(output, tensor) if self._seen == number else None

        return hook

    def _cut(self, output: Any, tensor: Tensor) -> Any:
        self.leaf = tensor.detach().requires_grad_(True)
        self.version = self.leaf._version
        torch._C._set_grad_enabled(True)
        given = self.leaf.clone() if self._start.overwritten else self.leaf
        passed_on = exchanged(output, tensor, given)
        if passed_on is None:
            raise RefusedError
        return passed_on
