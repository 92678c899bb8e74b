"""Backward rules of rectifiers: standard, guided, deconvnet.

With u the rectifier's input, f'(u) its derivative and g the gradient that arrives from above:

    standard   f'(u) * g                the derivative
    guided     f'(u) * max(g, 0)        Springenberg et al. 2015, "Striving for Simplicity"
    deconvnet          max(g, 0)        Zeiler and Fergus 2014, "Visualizing and Understanding"

Rectifiers are caught as *functions* while the network runs, so modules, functional calls, in-place
and shared rectifiers, and those written inside `forward` are all met. The network's own operations
run unchanged; only the backward node that autograd made for each is given a hook, which asks the
trace's rule when a backward passes it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor

from xai_widgets.probe.guard import Function, FunctionMode

Rule = Literal["standard", "guided", "deconvnet"]
_Gradients: TypeAlias = tuple[Tensor | None, ...]
_Test: TypeAlias = Callable[[tuple[Any, ...], dict[str, Any]], bool]


class RectifierMode(FunctionMode):
    """Active while a network runs forward: meets every rectifier, and lets `rule` decide its
    backward later.

    `rule` belongs to this object, not to a thread: autograd may run hooks in threads of its own.
    `met` counts the rectifiers.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rule: Rule = "standard"
        self.met = 0

    def call(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        is_rectifier = _RECTIFIERS.get(func)
        if is_rectifier is None or not is_rectifier(args, kwargs):
            return func(*args, **kwargs)
        return self.rectify(func, args, kwargs)

    def rectify(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result of a rectifier, its backward node under this mode's rule."""
        given = args[0] if args else kwargs["input"]
        if not (isinstance(given, Tensor) and torch.is_grad_enabled() and given.requires_grad):
            return func(*args, **kwargs)
        if given._is_view():
            # Written into a view, a rectifier's own node is hidden inside autograd's CopySlices:
            # work on a copy, then write the result where the network expects it.
            copy = given.clone()
            result = func(copy, *args[1:], **kwargs) if args else func(**{**kwargs, "input": copy})
            self.hook(result, func)
            if copy._version != 0:
                return given.copy_(result)
            return result
        result = func(*args, **kwargs)
        self.hook(result, func)
        return result

    def hook(self, result: Tensor, func: Function) -> None:
        """Put the backward node that made a rectifier's result under this mode's rule."""
        node = result.grad_fn
        if node is not None:
            self.met += 1
            node.register_hook(self._backward_prelu if func in _LEARNED_SLOPE else self._backward)

    def _backward(self, grad_inputs: _Gradients, grad_outputs: _Gradients) -> _Gradients | None:
        if self.rule == "standard" or grad_inputs[0] is None:
            return None
        # max(f'(u) * g, 0) is f'(u) * max(g, 0), as f'(u) >= 0.
        kept = grad_inputs[0] if self.rule == "guided" else grad_outputs[0]
        if kept is None:
            return None
        # Written into what the node has just made, which nobody else has seen yet.
        out = grad_inputs[0] if _is_own(grad_inputs[0], grad_outputs[0]) else None
        return (torch.clamp_min(kept, 0, out=out), *grad_inputs[1:])

    def _backward_prelu(
        self, grad_inputs: _Gradients, grad_outputs: _Gradients
    ) -> _Gradients | None:
        g = grad_outputs[0]
        if self.rule != "guided" or grad_inputs[0] is None or g is None:
            return self._backward(grad_inputs, grad_outputs)
        # A learned slope may be negative.
        return (grad_inputs[0] * (g > 0), *grad_inputs[1:])


def _is_own(made: Tensor, given: Tensor | None) -> bool:
    return (
        given is not None
        and not made.requires_grad
        and made.shape == given.shape
        and made.data_ptr() != given.data_ptr()
        and 0 not in made.stride()
    )


def _always(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    return True


def _argument(
    args: tuple[Any, ...], kwargs: dict[str, Any], position: int, name: str, default: Any
) -> Any:
    return args[position] if len(args) > position else kwargs.get(name, default)


def _clamps_at_zero(lower: str, default: float | None) -> _Test:
    """clamp(x, 0), clamp(x, 0, 6), hardtanh(x, 0, 6), threshold(x, 0, 0): zero below zero, the
    identity above.
    """

    def test(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        bound = _argument(args, kwargs, 1, lower, default)
        return isinstance(bound, (int, float)) and not isinstance(bound, bool) and bound == 0

    return test


def _thresholds_at_zero(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    return bool(
        _argument(args, kwargs, 1, "threshold", None) == 0
        and _argument(args, kwargs, 2, "value", None) == 0
    )


def _table() -> dict[Function, _Test]:
    """Every function of PyTorch that is a rectifier, and the arguments under which it is one."""
    table: dict[Function, _Test] = {}
    tests: dict[str, _Test] = {
        "relu": _always,
        "relu_": _always,
        "relu6": _always,
        "leaky_relu": _always,
        "leaky_relu_": _always,
        "prelu": _always,
        "rrelu": _always,
        "rrelu_": _always,
        "hardtanh": _clamps_at_zero("min_val", -1.0),
        "hardtanh_": _clamps_at_zero("min_val", -1.0),
        "clamp": _clamps_at_zero("min", None),
        "clamp_": _clamps_at_zero("min", None),
        "clip": _clamps_at_zero("min", None),
        "clip_": _clamps_at_zero("min", None),
        "clamp_min": _clamps_at_zero("min", None),
        "clamp_min_": _clamps_at_zero("min", None),
        "threshold": _thresholds_at_zero,
        "threshold_": _thresholds_at_zero,
    }
    for name, test in tests.items():
        for home in (torch, F, Tensor, torch._C._nn):
            function = getattr(home, name, None)
            if function is not None:
                table[function] = test
    return table


_RECTIFIERS = _table()
_LEARNED_SLOPE = frozenset(home.prelu for home in (torch, F, Tensor) if hasattr(home, "prelu"))
