"""Run only the part of a network that lies behind a layer, on any number of altered maps at once.

Methods that ask "what if this layer had given out something else?" need not run what comes before
it. One pass up to the layer is recorded, function by function. Afterwards the network's own
`forward` is called as usual, but every function before the layer gives back what was recorded
instead of computing it; from the layer on, everything is computed, for the whole batch. So
shortcuts around the layer, code between modules and networks of any shape are followed exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError
from xai_widgets.interrupts import interruptible
from xai_widgets.probe.calls import LayerMap
from xai_widgets.probe.functions import Function, FunctionMode
from xai_widgets.probe.guard import as_found
from xai_widgets.probe.network import Network
from xai_widgets.probe.recorder import exchanged, first_tensor
from xai_widgets.targets import Target

# Maps behind a layer are mostly small: batches may be larger than those of pictures.
_BATCH = 64


class Tail:
    """What a network makes of a layer's map, for one input (1, C, H, W).

    Raises ExplanationError for a layer whose output cannot be exchanged.
    """

    def __init__(self, network: Network, x: Tensor, maps: LayerMap) -> None:
        if len(x) != 1:
            raise ValueError(f"a tail is recorded for one input, not for {len(x)}")
        self._network, self._maps = network, maps
        # The layer's calls, by their number, with the pieces of the map that each gives out.
        self._pieces: dict[int, list[int]] = {}
        for i, piece in enumerate(maps.pieces):
            self._pieces.setdefault(piece.record.call, []).append(i)
        self._layer = maps.pieces[0].record.name
        self._module = network.model.get_submodule(self._layer)
        self._x = network.copy(network.prepare(x))
        recorder = _CallRecorder()
        x = self._x.clone()
        with as_found(network.model, recorder, grad=False), self._stopping(recorder):
            interruptible(network.model, x)
        if recorder.reached is None:
            raise ExplanationError(f'the network did not come to its layer "{self._layer}" again')
        self._like = recorder.reached
        self._recorded: list[_Call] | None = recorder.calls

    def batch_size(self) -> int:
        """How many maps to give `scores` at a time within the byte budget."""
        if any(
            piece.place is not None and piece.place.item is not None for piece in self._maps.pieces
        ):
            return 1  # the parts of several inputs would be in an order that is not known
        return self._network.batch_size(self._like.nbytes, _BATCH)

    def outputs(self, maps: Tensor) -> Any:
        """The network's output for each of the layer's maps (M, C, h, w), no gradients kept."""
        try:
            return self._run(maps, _Replay(self._recorded, len(maps)))
        except _Diverged:
            # Its forward does something else for a batch than for one input: compute everything.
            self._recorded = None
            return self._run(maps, _Replay(None, len(maps)))

    def scores(self, maps: Tensor, target: Target) -> Tensor:
        """The target's score for each of the layer's maps (M, C, h, w); (M,)."""
        target, output = target.alone, self.outputs(maps)
        with torch.no_grad():
            return target.score(output, batch=len(maps)).to(self._x.device)

    def _run(self, maps: Tensor, replay: _Replay) -> Any:
        x = batched(self._x, len(maps))
        exchanging = self._exchanging(self._maps.split(maps.to(self._like)), replay)
        with as_found(self._network.model, replay, grad=False), exchanging:
            return interruptible(self._network.model, x.clone() if replay.live else x)

    @contextmanager
    def _stopping(self, recorder: _CallRecorder) -> Iterator[None]:
        def stop(call: int, output: Tensor) -> Tensor:
            recorder.reached = output
            raise _Reached

        with self._at_layer(recorder, stop):
            try:
                yield
            except _Reached:
                return

    @contextmanager
    def _exchanging(self, maps: list[Tensor], replay: _Replay) -> Iterator[None]:
        def exchange(call: int, output: Tensor) -> Tensor:
            like = output if replay.live else self._like
            if len(maps[0]) > 1 and not replay.live:
                like = batched(like, len(maps[0]))
            replay.live = True
            for i in self._pieces[call]:
                like = self._maps.pieces[i].values_of(maps[i], like)
            return like.clone()

        with self._at_layer(replay, exchange):
            yield

    @contextmanager
    def _at_layer(self, mode: FunctionMode, act: Callable[[int, Tensor], Tensor]) -> Iterator[None]:
        calls = -1

        def hook(module: nn.Module, args: Any, output: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls not in self._pieces or mode.unwinding:
                return None
            with torch._C.DisableTorchFunction():
                tensor = first_tensor(output)
                assert tensor is not None
                changed = exchanged(output, tensor, act(calls, tensor))
            if changed is None:
                raise ExplanationError(
                    f'layer "{self._layer}" gives out a {type(output).__name__}, in which its map '
                    "cannot be exchanged; choose another of engine.layers"
                )
            return changed

        handle = self._module.register_forward_hook(hook)
        try:
            yield
        finally:
            handle.remove()


def batched(x: Tensor, count: int) -> Tensor:
    """One input's value for a whole batch, in the memory of one: the first stride is 0."""
    return x.as_strided((count, *x.shape[1:]), (0, *x.stride()[1:]))


class _Reached(BaseException):
    """The recorded pass has come to the layer: what follows is not needed."""


class _Diverged(BaseException):
    """The network called another function than in the recorded pass."""


# The function, its result, and whether that was its first argument (changed in place).
_Call: TypeAlias = tuple[Function, Any, bool]


class _CallRecorder(FunctionMode):
    """Keeps what every function gives back, in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[_Call] = []
        self.reached: Tensor | None = None

    def call(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        result = super().call(func, args, kwargs)
        self.calls.append((func, result, bool(args) and result is args[0]))
        return result


class _Replay(FunctionMode):
    """Gives back what was recorded, for a batch, until the layer is reached; then `live`."""

    def __init__(self, calls: list[_Call] | None, count: int) -> None:
        super().__init__()
        self._calls = iter(calls or ())
        self._count = count
        self.live = calls is None

    def watch(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if self.live:  # before that, nothing is computed and nothing drawn
            super().watch(func, args, kwargs)

    def call(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self.live:
            if args and isinstance(args[0], Tensor):
                self._own_memory(args[0])
            return super().call(func, args, kwargs)
        recorded, result, same = next(self._calls, (None, None, False))
        if recorded is not func:
            raise _Diverged
        if isinstance(result, Tensor):
            value = self._batched(result)
            if same:
                # Others may hold the tensor that this function was asked to change.
                args[0].data = value
                return args[0]
            return value
        if isinstance(result, (tuple, list)) and any(isinstance(r, Tensor) for r in result):
            return type(result)(self._batched(r) if isinstance(r, Tensor) else r for r in result)
        # Sizes and flags are read from tensors that have this batch's shape: compute them.
        return func(*args, **kwargs)

    def _batched(self, recorded: Tensor) -> Tensor:
        if recorded.ndim == 0 or recorded.shape[0] != 1:
            return recorded
        return batched(recorded, self._count)

    def _own_memory(self, tensor: Tensor) -> None:
        """Give a recorded tensor, which stands for a whole batch in the memory of one input, memory
        of its own: it may be written to.
        """
        if tensor.ndim and tensor.shape[0] == self._count and not tensor.stride(0):
            tensor.data = tensor.clone(memory_format=torch.contiguous_format)
