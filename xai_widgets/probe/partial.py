"""A pass of which only a part is recorded: from one layer on, or only the input and the output.

A CAM needs a layer's map and what the network makes of it. Below the layer, a network run without a
graph gives the same map, to the last bit, for less time and memory. Which call of which layer that
is, and that everything in the network sees the picture whole, was learned from a whole pass. A
partial pass counts only if it went the same way: the same functions in the same order, which gave
the same shapes. Otherwise the pass is recorded whole.

For data sets there is a quicker kind with the network's batch norms folded into its convolutions:
the same numbers up to rounding.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn

from xai_widgets.interrupts import interruptible
from xai_widgets.probe.calls import LayerMap, Piece
from xai_widgets.probe.folding import is_between
from xai_widgets.probe.functions import RANDOM, Function, FunctionMode, Step, step_of
from xai_widgets.probe.guard import as_found
from xai_widgets.probe.layers import Recorded
from xai_widgets.probe.nodes import is_opaque, is_own, nodes_of
from xai_widgets.probe.norms import NORMS, NormMode, keep_norm_layout
from xai_widgets.probe.recorder import exchanged, first_tensor
from xai_widgets.targets.parts import parts_of

# What will be read of a pass: the map of one layer and gradients to it; the gradient to the input;
# or anything.
Needs: TypeAlias = Literal["layer", "input", "everything"]
_Folding: TypeAlias = AbstractContextManager[Any]
_SHORT = 64  # nodes: looking at more takes longer than being careful


@dataclass(frozen=True)
class Start:
    """The layer from which passes are recorded: its map's `name`, and the call that gives it out,
    as a record without its values. The network writes into what the layer gives out if it is
    `overwritten`. `steps` are those of a whole pass of `batch` pictures.
    """

    name: str
    record: Recorded
    overwritten: bool
    steps: Sequence[Step]
    batch: int

    @classmethod
    def of(
        cls, layer: LayerMap, overwritten: bool, steps: Sequence[Step], batch: int
    ) -> Start | None:
        """From a layer's map in a whole pass; None for one made of several calls."""
        if len(layer.pieces) != 1 or layer.pieces[0].place is not None or layer.warning:
            return None
        values = torch.empty(0, device="cpu")
        record = replace(layer.pieces[0].record, tensor=values, copy=None, version=0)
        return cls(layer.name, record, overwritten, steps, batch)

    def is_way_of(self, steps: Sequence[Step], batch: int) -> bool:
        """Whether a pass of so many pictures that took these steps went the same way."""
        if len(steps) != len(self.steps):
            return False
        for (one, shape), (other, expected) in zip(steps, self.steps, strict=True):
            if one != other:
                return False
            if shape != expected and not _alike(shape, batch, expected, self.batch):
                return False
        return True

    def map_of(self, values: Tensor) -> LayerMap:
        """The layer's map, in the graph of a pass that begins at its values."""
        record = replace(self.record, tensor=values)
        return LayerMap(self.name, (Piece(record),), record.layout.size)


@dataclass(frozen=True)
class PartialPass:
    """A forward pass on (N, C, H, W) that was recorded from `map` on, or, where that is None, as
    one step from the input `x`, which is then a leaf of the graph. `runs_own_code` says whether
    code of the network's own may run in a backward, as in a checkpoint or a hook. With `folded`
    batch norms it is the network's pass up to rounding.
    """

    x: Tensor
    output: Any
    map: LayerMap | None
    mode: FunctionMode
    runs_own_code: bool = True
    folded: bool = False

    @property
    def nbytes(self) -> int:
        """About how many bytes the pass holds; what autograd keeps of a head is not known."""
        return self.x.nbytes + (0 if self.map is None else 4 * self.map.tensors[0].nbytes)


class RefusedError(Exception):
    """The network cannot be recorded from this layer on."""


class UnfoldedError(Exception):
    """The layer gives out what is computed between a convolution and its batch norm."""


def run_from_layer(
    model: nn.Module, x: Tensor, given: Tensor, start: Start, folding: _Folding
) -> PartialPass:
    """Run a network on `given`, a copy of x (N, C, H, W), without a graph as far as a layer, inside
    `folding`.

    Raises RefusedError where it does not run as in the whole pass, and UnfoldedError where what the
    layer gives out is not there when batch norms are folded.
    """
    mode = _StepMode()
    cut = _Cut(start, mode, folding)
    # Without hooks on what autograd keeps, which checkpoints set: they run code in a backward.
    no_hooks = torch.autograd.graph.disable_saved_tensors_hooks("recorded in part")
    # Folding is met last: what the network calls is noted as it calls it.
    with folding, as_found(model, mode), torch.no_grad(), no_hooks, cut.listening(model):
        mode.steps.clear()
        output = interruptible(model, given)
        goes_on, steps = torch.is_grad_enabled(), tuple(mode.steps)
    leaf = cut.leaf
    if leaf is None or not goes_on or leaf._version != cut.version:
        raise RefusedError
    if not start.is_way_of(steps, len(x)):
        raise RefusedError
    if not any(part.tensor.requires_grad for part in parts_of(output)):
        raise RefusedError
    runs_own_code = mode.hooks or not _is_short_and_plain(output)
    return PartialPass(x, output, start.map_of(leaf), mode, runs_own_code)


def run_from_input(model: nn.Module, x: Tensor, given: Tensor, folding: _Folding) -> PartialPass:
    """Run a network on `given`, a copy of the leaf x (N, C, H, W), inside `folding`, keeping the
    graph alone.
    """
    mode = NormMode()
    with folding, as_found(model, mode):
        output = interruptible(model, given)
    return PartialPass(x, output, None, mode)


def _is_short_and_plain(output: Any) -> bool:
    """Whether there are few nodes in an output's graph, all of them PyTorch's own."""
    for count, node in enumerate(nodes_of(output)):
        if count == _SHORT or is_own(node) or is_opaque(node):
            return False
    return True


def _alike(shape: torch.Size | None, batch: int, expected: torch.Size | None, other: int) -> bool:
    """Whether shapes differ only by the number of pictures, along their first side."""
    if shape is None or expected is None or len(shape) != len(expected) or not shape:
        return False
    return shape[1:] == expected[1:] and shape[0] * other == expected[0] * batch


class _StepMode(FunctionMode):
    """Takes note of every step, and of norms behind the cut, which have a backward."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Step] = []
        self.behind = False
        self.hooks = False  # of the network's own, which run in a backward

    def watch(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if func in RANDOM:
            super().watch(func, args, kwargs)
        elif func is Tensor.register_hook:
            self.hooks = True

    def call(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        result = func(*args, **kwargs)
        if self.behind and func in NORMS:
            keep_norm_layout(func, result)
        self.steps.append(step_of(func, result))
        return result


class _Cut:
    """Begins the graph at one call of a layer."""

    def __init__(self, start: Start, mode: _StepMode, folding: _Folding) -> None:
        self._start, self._mode, self._folding = start, mode, folding
        self._thread = threading.get_ident()
        self._seen = 0
        self.leaf: Tensor | None = None
        self.version = 0

    @contextmanager
    def listening(self, model: nn.Module) -> Iterator[None]:
        """Meet what the layer gives out; afterwards its hook is removed."""
        handle = None
        try:
            layer = model.get_submodule(self._start.record.name)
            handle = layer.register_forward_hook(self._hook)
            yield
        finally:
            if handle is not None:
                handle.remove()

    def _hook(self, module: nn.Module, args: Any, output: Any) -> Any:
        if threading.get_ident() != self._thread:
            return None
        with torch._C.DisableTorchFunction():
            tensor = first_tensor(output)
            if tensor is None or not tensor.is_floating_point():
                return None
            self._seen += 1
            return self._cut(output, tensor) if self._seen == self._start.record.call + 1 else None

    def _cut(self, output: Any, tensor: Tensor) -> Any:
        if is_between(self._folding):
            raise UnfoldedError
        self.leaf = tensor.detach().requires_grad_(True)
        self.version = self.leaf._version
        torch._C._set_grad_enabled(True)
        self._mode.behind = True
        given = self.leaf.clone() if self._start.overwritten else self.leaf
        passed_on = exchanged(output, tensor, given)
        if passed_on is None:
            raise RefusedError
        return passed_on
