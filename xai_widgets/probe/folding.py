"""Batch norms folded into the convolutions before them, for runs of which only the end matters.

In evaluation mode a batch norm is one multiplication and one addition for each channel:

    γ (w ∗ x + b − μ) / √(σ² + ε) + β  =  w′ ∗ x + b′,   w′ = w γ / √(σ² + ε)

A perturbation method runs a network hundreds of times; with w′ it writes and reads every map once
less, forwards and backwards. Nothing in the network is replaced: its convolutions are met as
functions while it runs, and given other weights.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
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
from xai_widgets.probe.recorder import first_tensor

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
            return _folded(run, table)
        except _Diverged:
            self._learned = key, {}
            return run(nullcontext())

    def _is_foldable(self) -> bool:
        """Whether there are batch norms, and no hooks that would see a folded convolution."""
        modules = modules_of(self._model)
        if any(m._forward_hooks or m._forward_pre_hooks for m in modules):
            return False
        return any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in modules)

    def _learn(
        self, one: Callable[[_Mode], Any], layout: torch.memory_format
    ) -> dict[int, _Folded]:
        """The folded convolutions, by id() of their weights; none where folding changes the
        network's output, or the network cannot be run on a single input.
        """
        pairs = _Pairs(self._model)
        try:
            plain = first_tensor(one(pairs))
            table = pairs.folded(layout)
            folded = first_tensor(_folded(one, table)) if table else None
        except (_Diverged, Exception):  # a network may refuse a single input in its own way
            return {}
        if plain is None or folded is None or plain.dtype not in _ROUNDING:
            return {}
        allowed = _ROUNDING[plain.dtype] * float(plain.abs().max())
        return table if bool(((folded - plain).abs() <= allowed).all()) else {}


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


@dataclass(frozen=True, slots=True)
class _Folded:
    """What a convolution is given instead of its weight and bias; its own weight is kept so that
    nothing else gets its id().
    """

    own: Tensor
    weight: Tensor
    bias: Tensor

    @classmethod
    def of(cls, weight: Tensor, bias: Tensor | None, norm: _Norm, layout: Any) -> _Folded:
        factor = norm.factor()
        w = (to_float64(weight.detach()) * factor[:, None, None, None]).to(weight)
        b = -to_float64(norm.mean.detach())
        if bias is not None:
            b = b + to_float64(bias.detach())
        b = b * factor
        if norm.shift is not None:
            b = b + to_float64(norm.shift.detach())
        return cls(weight, w.contiguous(memory_format=layout), b.to(weight))


def _convolved(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Tensor, Any] | None:
    """Weight and bias of a call of `conv2d` made the way modules make it; None for other calls."""
    if len(args) < 2 or not isinstance(args[1], Tensor):
        return None
    return args[1], args[2] if len(args) > 2 else kwargs.get("bias")


class _Pairs(FunctionMode):
    """Finds the convolutions with the network's own weights whose result goes straight into a batch
    norm.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self._own = {id(parameter) for parameter in model.parameters()}
        self._last: tuple[Any, Tensor, Any] | None = None
        self._pairs: dict[int, tuple[Tensor, Any, _Norm | None]] = {}

    def call(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        result = func(*args, **kwargs)
        if func is torch.conv2d:
            self._convolution(result, _convolved(args, kwargs))
        elif func is F.batch_norm and self._last is not None and args:
            given, weight, bias = self._last
            if args[0] is given:
                self._pairs[id(weight)] = weight, bias, _Norm.of(*args, **kwargs)
            self._last = None
        return result

    def _convolution(self, result: Tensor, given: tuple[Tensor, Any] | None) -> None:
        self._last = None
        if given is None or id(given[0]) not in self._own or given[0].dtype not in _ROUNDING:
            return
        if id(given[0]) in self._pairs:  # shared, perhaps with different norms behind it
            self._pairs[id(given[0])] = *given, None
            return
        self._last = result, *given

    def folded(self, layout: torch.memory_format) -> dict[int, _Folded]:
        """What the network's convolutions become, by id() of their weights."""
        return {
            key: _Folded.of(weight, bias, norm, layout)
            for key, (weight, bias, norm) in self._pairs.items()
            if norm is not None
        }


class _Diverged(BaseException):
    """A convolution's result went elsewhere than into its batch norm."""


def is_between(mode: _Mode) -> bool:
    """Whether a run inside this context has met a folded convolution and not yet its batch norm:
    what it holds now is not what the network computes.
    """
    return isinstance(mode, _Folds) and mode.waiting is not None


def _folded(run: Callable[[_Mode], _T], table: dict[int, _Folded]) -> _T:
    folds = _Folds(table)
    result = run(folds)
    if folds.waiting is not None:
        raise _Diverged
    return result


# What code may ask of a convolution's result before its batch norm does.
_QUESTIONS = frozenset(
    {
        Tensor.dim, Tensor.size, Tensor.is_floating_point, Tensor.ndim.__get__,  # type: ignore[attr-defined]  # descriptors
        Tensor.shape.__get__, Tensor.dtype.__get__, Tensor.device.__get__,  # type: ignore[attr-defined]  # descriptors
        Tensor.requires_grad.__get__,  # type: ignore[attr-defined]  # a descriptor
    }
)  # fmt: skip


class _Folds(FunctionMode):
    """Gives convolutions their folded weights, and skips the batch norms behind them."""

    def __init__(self, table: dict[int, _Folded]) -> None:
        super().__init__()
        self._table = table
        self.waiting: Tensor | None = None

    def call(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        waiting = self.waiting
        if waiting is not None:
            if func is F.batch_norm and args and args[0] is waiting:
                self.waiting = None
                return waiting
            if func not in _QUESTIONS and any(argument is waiting for argument in args):
                raise _Diverged
        if func is not torch.conv2d or len(args) < 2:
            return func(*args, **kwargs)
        folded = self._table.get(id(args[1]))
        if folded is None:
            return func(*args, **kwargs)
        if waiting is not None:
            raise _Diverged
        kwargs.pop("bias", None)
        self.waiting = func(args[0], folded.weight, folded.bias, *args[3:], **kwargs)
        return self.waiting
