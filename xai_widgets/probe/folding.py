"""Batch norms folded into the convolutions before them, for runs of which only the end matters.

In evaluation mode a batch norm is one multiplication and one addition for each channel:

    γ (w ∗ x + b − μ) / √(σ² + ε) + β  =  w′ ∗ x + b′,   w′ = w γ / √(σ² + ε)

A perturbation method runs a network hundreds of times; with w′ it writes and reads every map once
less, forwards and backwards. Nothing in the network is replaced: its convolutions are met as
functions while it runs, and given other weights.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor, nn

from xai_widgets.precision import to_float64
from xai_widgets.probe.fingerprint import modules_of
from xai_widgets.probe.functions import Function, FunctionMode
from xai_widgets.probe.guard import lock_of
from xai_widgets.targets.parts import floating, parts_of

# Hooks for every module there is.
_EVERY_MODULE = (
    nn.modules.module._global_forward_hooks,
    nn.modules.module._global_forward_pre_hooks,
)
_T = TypeVar("_T")
_Mode = AbstractContextManager[Any]
# Largest difference between folded and plain outputs, in parts of the largest output.
_ROUNDING = {torch.float32: 1e-4, torch.float64: 1e-10}


class Folding:
    """Which of a network's batch norms can be folded, and runs with them folded.

    That is learned, in two runs on a single input, before the first run with the present weights:
    all runs with the same weights are alike, to the last bit.
    """

    def __init__(self, model: nn.Module, fingerprint: Callable[[], Hashable]) -> None:
        self._model = model
        self._fingerprint = fingerprint
        self._learned: tuple[Hashable, dict[int, _Folded]] = (None, {})

    def run(
        self,
        run: Callable[[_Mode], _T],
        one: Callable[[_Mode], Any],
        layout: torch.memory_format = torch.contiguous_format,
    ) -> _T:
        """What `run` gives, which runs the network inside the context that it is given; `one` runs
        it on a single input; `layout` is the weights' layout in memory.
        """
        with lock_of(self._model):  # another thread's pass replaces buffers and sets hooks
            key = (self._fingerprint(), layout) if self._is_foldable() else None
        if key is None:
            return run(nullcontext())
        learned, table = self._learned
        if learned != key:
            table = self._learn(one, layout)
            self._learned = key, table
        if not table:
            return run(nullcontext())
        try:
            return _folded(self._model, run, table)
        except _Diverged:
            self._learned = key, {}
            return run(nullcontext())

    def _is_foldable(self) -> bool:
        """Whether there are batch norms, and no hooks that would see a folded convolution."""
        modules = modules_of(self._model)
        if any(m._forward_hooks or m._forward_pre_hooks for m in modules):
            return False
        if any(_EVERY_MODULE):
            return False
        return any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in modules)

    def _learn(
        self, one: Callable[[_Mode], Any], layout: torch.memory_format
    ) -> dict[int, _Folded]:
        """The folded convolutions, by id() of their weights; none where folding changes the
        network's output, or the network cannot be run on a single input.
        """
        pairs = _Pairs(self._model, layout)
        try:
            plain = one(pairs)
            table = pairs.folded(plain)
            folded = _folded(self._model, one, table) if table else None
        except (_Diverged, Exception):  # a network may refuse a single input in its own way
            return {}
        return table if _is_close(folded, plain) else {}


def _is_close(folded: Any, plain: Any) -> bool:
    """Whether two outputs hold the same numbers but for the rounding of folded weights."""
    pairs = list(zip(_floating(folded), _floating(plain), strict=False))
    if not pairs or any(b.dtype not in _ROUNDING for _, b in pairs):
        return False
    return all(
        a.shape == b.shape
        and bool(((a - b).abs() <= _ROUNDING[b.dtype] * float(b.abs().max())).all())
        for a, b in pairs
    )


def _floating(output: Any) -> list[Tensor]:
    return [part.tensor for part in parts_of(output) if floating(part) and part.tensor.numel()]


@dataclass(frozen=True, slots=True)
class _Norm:
    """A batch norm's numbers: γ, β, μ, σ² and ε."""

    scale: Tensor | None
    shift: Tensor | None
    mean: Tensor
    variance: Tensor
    epsilon: float

    @classmethod
    def of(
        cls,
        input: Tensor,
        running_mean: Tensor | None,
        running_var: Tensor | None,
        weight: Tensor | None = None,
        bias: Tensor | None = None,
        training: bool = False,
        momentum: float = 0.1,
        eps: float = 1e-5,
    ) -> _Norm | None:
        """From the arguments of `batch_norm`; None where it would use the batch's statistics."""
        if training or running_mean is None or running_var is None:
            return None
        return cls(weight, bias, running_mean, running_var, eps)

    def factor(self) -> Tensor:
        """γ / √(σ² + ε), float64: so that the folded weights are rounded once."""
        factor = (to_float64(self.variance.detach()) + self.epsilon).rsqrt()
        return factor if self.scale is None else factor * to_float64(self.scale.detach())

    def key(self, buffers: Mapping[int, Hashable]) -> Hashable:
        """The same for the same norm in another run, where the network has other copies of its
        buffers, called `buffers`, by their id().
        """
        tensors = (self.scale, self.shift, self.mean, self.variance)
        return (self.epsilon, *(_key(tensor, buffers) for tensor in tensors))


def _key(tensor: Tensor | None, buffers: Mapping[int, Hashable]) -> Hashable:
    if tensor is None or isinstance(tensor, nn.Parameter):
        return id(tensor)
    # A buffer that was written into during the run is not what it was before.
    version = 0 if tensor.is_inference() else tensor._version
    return buffers.get(id(tensor), id(tensor)), version


def _buffers(model: nn.Module) -> dict[int, Hashable]:
    """The places of a network's present buffers, by their id()."""
    return {
        id(buffer): (id(module), name)
        for module in modules_of(model)
        if not isinstance(module, torch.jit.ScriptModule)
        for name, buffer in module._buffers.items()
    }


@dataclass(frozen=True, slots=True)
class _Folded:
    """What a convolution is given instead of its own weight and bias, and the norm behind it.
    Its own are kept so that nothing else gets their id().
    """

    own: Tensor
    own_bias: Tensor | None
    norm: _Norm
    norm_key: Hashable
    weight: Tensor
    bias: Tensor

    @classmethod
    def of(
        cls, weight: Tensor, bias: Tensor | None, norm: _Norm, norm_key: Hashable, layout: Any
    ) -> _Folded:
        factor = norm.factor()
        w = (to_float64(weight.detach()) * factor[:, None, None, None]).to(weight)
        b = -to_float64(norm.mean.detach())
        if bias is not None:
            b = b + to_float64(bias.detach())
        b = b * factor
        if norm.shift is not None:
            b = b + to_float64(norm.shift.detach())
        w = w.contiguous(memory_format=layout)
        return cls(weight, bias, norm, norm_key, w, b.to(weight))


def _convolved(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Tensor, Any] | None:
    """Weight and bias of a call of `conv2d` made the way modules make it; None for other calls."""
    if len(args) < 2 or not isinstance(args[1], Tensor):
        return None
    return args[1], args[2] if len(args) > 2 else kwargs.get("bias")


def _tensors(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[Tensor]:
    """The tensors that a function is given, also in a list."""
    for value in (*args, *kwargs.values()):
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from (item for item in value if isinstance(item, Tensor))


# What code may ask of a convolution's result before its batch norm does.
_QUESTIONS = frozenset(
    {
        Tensor.dim, Tensor.size, Tensor.is_floating_point, Tensor.ndim.__get__,  # type: ignore[attr-defined]  # descriptors
        Tensor.shape.__get__, Tensor.dtype.__get__, Tensor.device.__get__,  # type: ignore[attr-defined]  # descriptors
        Tensor.requires_grad.__get__,  # type: ignore[attr-defined]  # a descriptor
    }
)  # fmt: skip


class _Pairs(FunctionMode):
    """Finds the convolutions with the network's own weights whose result goes into one batch norm
    and nowhere else.
    """

    def __init__(self, model: nn.Module, layout: torch.memory_format) -> None:
        super().__init__()
        self._model, self._layout = model, layout
        self._own = {id(parameter) for parameter in model.parameters()}
        self._given: dict[int, tuple[weakref.ref[Tensor], Tensor, Any]] = {}  # by id() of a result
        self._met: dict[int, _Folded | None] = {}  # by id() of the weight; None: not to be folded

    def call(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if func not in _QUESTIONS:
            norm = _Norm.of(*args, **kwargs) if func is F.batch_norm and args else None
            for tensor in _tensors(args, kwargs):
                self._read(tensor, norm)
        result = func(*args, **kwargs)
        if func is torch.conv2d:
            self._convolution(result, _convolved(args, kwargs))
        return result

    def _read(self, tensor: Tensor, norm: _Norm | None) -> None:
        """Something other than a question takes a tensor; `norm` where it is a batch norm."""
        found = self._given.get(id(tensor))
        if found is None or found[0]() is not tensor:
            return
        _, weight, bias = self._given[id(tensor)]
        key = id(weight)
        if norm is None or key in self._met:  # a second reader
            self._met[key] = None
            return
        with torch._C.DisableTorchFunction():
            norm_key = norm.key(_buffers(self._model))
            self._met[key] = _Folded.of(weight, bias, norm, norm_key, self._layout)

    def _convolution(self, result: Tensor, given: tuple[Tensor, Any] | None) -> None:
        if given is None or id(given[0]) not in self._own or given[0].dtype not in _ROUNDING:
            return
        if any(weight is given[0] for _, weight, _ in self._given.values()):
            self._met[id(given[0])] = None  # shared, perhaps with different norms behind it
        self._given[id(result)] = weakref.ref(result), *given

    def folded(self, output: Any) -> dict[int, _Folded]:
        """What the network's convolutions become, by id() of their weights, after a run that gave
        `output`.
        """
        for part in parts_of(output):
            self._read(part.tensor, None)
        return {key: found for key, found in self._met.items() if found is not None}


class _Diverged(BaseException):
    """A convolution's result went elsewhere than into its batch norm."""


def check_folded(mode: _Mode, output: Any) -> None:
    """Leave the run of a network inside this context if its output holds what lies between a
    convolution and its batch norm.
    """
    if isinstance(mode, _Folds) and any(mode.is_between(part.tensor) for part in parts_of(output)):
        raise mode.diverged()


def is_between(mode: _Mode, tensor: Tensor) -> bool:
    """Whether a tensor of a run inside this context is what lies between a folded convolution and
    its batch norm, which is not computed.
    """
    return isinstance(mode, _Folds) and mode.is_between(tensor)


def _folded(model: nn.Module, run: Callable[[_Mode], _T], table: dict[int, _Folded]) -> _T:
    folds = _Folds(model, table)
    result = run(folds)
    if folds.has_diverged or folds.waiting:
        raise _Diverged
    return result


class _Folds(FunctionMode):
    """Gives convolutions their folded weights, and skips the batch norms behind them.

    The result waits for its batch norm. In between the network holds a stand-in of the same shape,
    all NaN: what reads it where functions are not met, as in a function of autograd written by
    hand, cannot be taken for right.
    """

    def __init__(self, model: nn.Module, table: dict[int, _Folded]) -> None:
        super().__init__()
        self._model, self._table = model, table
        self._buffers: dict[int, Hashable] | None = None  # as copied for this run
        self._stand_ins: dict[int, Tensor] = {}
        self.waiting: dict[int, tuple[Tensor, _Folded]] = {}
        self.has_diverged = False

    def is_between(self, tensor: Tensor) -> bool:
        return id(tensor) in self._stand_ins

    def diverged(self) -> _Diverged:
        self.has_diverged = True  # also where the network catches everything that is raised
        return _Diverged()

    def call(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        for tensor in _tensors(args, kwargs):
            if id(tensor) in self._stand_ins:
                return self._of_stand_in(tensor, func, args, kwargs)
        if func is not torch.conv2d or len(args) < 2:
            return func(*args, **kwargs)
        folded = self._table.get(id(args[1]))
        if folded is None:
            return func(*args, **kwargs)
        given = _convolved(args, kwargs)
        if given is None or given[1] is not folded.own_bias:
            raise self.diverged()
        kwargs.pop("bias", None)
        made = func(args[0], folded.weight, folded.bias, *args[3:], **kwargs)
        with torch._C.DisableTorchFunction():
            stand_in = torch.full((), torch.nan, dtype=made.dtype, device=made.device)
            stand_in = stand_in.expand(made.shape)
        self._stand_ins[id(stand_in)] = stand_in
        self.waiting[id(stand_in)] = made, folded
        return stand_in

    def _of_stand_in(
        self, stand_in: Tensor, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """What a function gives for what lies between a convolution and its batch norm."""
        made, folded = self.waiting.get(id(stand_in), (None, None))
        if made is None or folded is None:
            raise self.diverged()
        if func in _QUESTIONS:
            return func(made, *args[1:], **kwargs)
        norm = _Norm.of(*args, **kwargs) if func is F.batch_norm and args else None
        if norm is None or args[0] is not stand_in:
            raise self.diverged()
        with torch._C.DisableTorchFunction():
            if self._buffers is None:
                self._buffers = _buffers(self._model)
            if norm.key(self._buffers) != folded.norm_key:
                raise self.diverged()
        del self.waiting[id(stand_in)]
        return made
