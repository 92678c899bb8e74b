"""Backward rules of rectifiers: standard, guided, deconvnet.

With u the rectifier's input, f'(u) its derivative and g the gradient that arrives from above:

    standard   f'(u) * g                the derivative
    guided     f'(u) * max(g, 0)        Springenberg et al. 2015, "Striving for Simplicity"
    deconvnet          max(g, 0)        Zeiler and Fergus 2014, "Visualizing and Understanding"

Rectifiers are caught as *functions* while the network runs, so modules, functional calls, in-place
and shared rectifiers, and those written inside `forward` are all met. The network's own operations
run unchanged; only the backward node that autograd made for each is given a hook, which asks the
trace's rule when a backward passes it. Those that are written by hand are recognised by their
values (`handwritten`); those that no function shows, by the name of their node in the graph.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor

from xai_widgets.probe.functions import Function
from xai_widgets.probe.handwritten import (
    GATES,
    JOINS,
    LARGER,
    LOOKS,
    SMOOTH,
    SWITCH,
    Handwritten,
    Rule,
    against_zero,
    rectified_by_hand,
    tensors_of,
    writes,
)
from xai_widgets.probe.nodes import is_marked, is_own, is_rectifier, is_suspicious, mark, nodes_of
from xai_widgets.probe.norms import NORMS, NormMode

__all__ = ["RectifierMode", "Rule"]

_Gradients: TypeAlias = tuple[Tensor | None, ...]
_Test: TypeAlias = Callable[[tuple[Any, ...], dict[str, Any]], bool]


class RectifierMode(NormMode):
    """Active while a network runs forward: meets every rectifier, and lets `rule` decide its
    backward later.

    `rule` belongs to this object, not to a thread: autograd may run hooks in threads of its own.
    `met` counts the rectifiers, `smooth` other activations by name. Norms are met too.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rule: Rule = "standard"
        self.applied = 0  # how many rectifiers a backward has passed under another rule
        self.met = 0
        self.smooth: Counter[str] = Counter()
        # The names of nodes that may be a part of a rectifier which is not under the rule. Not the
        # nodes: their hooks hold this object.
        self.unexplained: list[str] = []
        self._handwritten = Handwritten()
        self._inside: list[tuple[Tensor, Any, Tensor]] = []
        self._is_complete = False

    def __exit__(self, *exc: Any) -> None:
        self._settle()
        self._handwritten.forget()
        super().__exit__(*exc)

    def call(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._inside and torch.is_grad_enabled():
            self._settle()
        meet = _MEETINGS.get(func)
        return func(*args, **kwargs) if meet is None else meet(self, func, args, kwargs)

    def is_rectifier(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether a function is one of PyTorch's rectifiers, given these arguments."""
        test = _RECTIFIERS.get(func)
        return test is not None and test(args, kwargs)

    def _meet_rectifier(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if _RECTIFIERS[func](args, kwargs):
            return self.rectify(func, args, kwargs)
        return self._meet_look(func, args, kwargs)

    def _meet_look(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        joins = func in JOINS
        result = self._meet_join(func, args, kwargs) if joins else func(*args, **kwargs)
        self._handwritten.look((*args, *kwargs.values()))
        return result

    def _meet_smooth(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        given = next(tensors_of((*args, *kwargs.values())), None)
        if given is not None and given.requires_grad and torch.is_grad_enabled():
            name = SMOOTH[func]
            if name not in GATES or _is_map(given):
                self.smooth[name] += 1
        return func(*args, **kwargs)

    def _meet_join(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        given = (*args, *kwargs.values())
        if not self._handwritten.is_possible(func, args, kwargs):
            return func(*args, **kwargs)
        with torch._C.DisableTorchFunction():
            if torch.is_grad_enabled() and writes(func) and args[0].requires_grad:
                given = (args[0].clone(), *given[1:])
        result = func(*args, **kwargs)
        written = args[0] if writes(func) else result
        if not isinstance(written, Tensor) or not written.is_floating_point():
            return result
        with torch._C.DisableTorchFunction():
            certain = func in LARGER and len(given) > 1 and against_zero(given)
            source = self._handwritten.source(written, given, certain)
            if source is None:
                return result
            u, scale = source
            if not torch.is_grad_enabled():
                self._inside.append((u, u.grad_fn, written))
                return result
            self.met += self._handwritten.is_new(u)
            rectified = rectified_by_hand(self, scale, u, written)
            if not writes(func):
                return rectified
            written.copy_(rectified)
        return result

    def _settle(self) -> None:
        """Put what was rectified inside an autograd function of the network's own under the rule:
        r has become its result, or not.
        """
        inside, self._inside = self._inside, []
        with torch._C.DisableTorchFunction():
            for u, made_by, r in inside:
                node: Any = r.grad_fn
                if node is None or not is_own(node):
                    continue
                for place, (behind, _) in enumerate(node.next_functions):
                    leaf = getattr(behind, "variable", None)
                    if behind is not None and (behind is made_by or leaf is u):
                        self._hook_own(node, r.output_nr, place)
                        break

    def _hook_own(self, node: Any, out: int, place: int) -> None:
        """Put an autograd function of the network's own under the rule: what arrives at its result
        `out`, and what leaves it at its argument `place`.
        """

        def before(gradients: _Gradients) -> _Gradients | None:
            g = gradients[out]
            if self.rule == "standard" or g is None:
                return None
            return (*gradients[:out], g.clamp_min(0), *gradients[out + 1 :])

        def after(made: _Gradients, gradients: _Gradients) -> _Gradients | None:
            if self.rule != "deconvnet":
                return None
            return (*made[:place], gradients[out], *made[place + 1 :])

        self.met += 1
        node.register_prehook(before)
        node.register_hook(after)
        mark(node)

    def complete(self, outputs: Any) -> None:
        """Find the rectifiers in the graph of a pass that no function showed, as those of scripted
        code: they are put under the rule, and what may be one and cannot is `unexplained`.
        """
        if self._is_complete:
            return
        self._is_complete = True
        with torch._C.DisableTorchFunction():
            for node in nodes_of(outputs, lambda node: node.name() == SWITCH, only=2):
                name = node.name()
                if name == SWITCH or is_marked(node):
                    continue
                if is_rectifier(node):
                    self._put_under_rule(node, learned_slope="Prelu" in name)
                elif is_suspicious(node):
                    self.suspect(node)

    def suspect(self, node: Any) -> None:
        """Take note of a node that may be a part of a rectifier which is not under the rule."""
        self.unexplained.append(node.name())

    def rectify(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result of a rectifier, its backward node under this mode's rule."""
        given = args[0] if args else kwargs["input"]
        if not (isinstance(given, Tensor) and given.requires_grad):
            return func(*args, **kwargs)
        if not torch.is_grad_enabled():
            made_by = given.grad_fn
            result = func(*args, **kwargs)
            self._inside.append((given, made_by, result))
            return result
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
            self._put_under_rule(node, func in _LEARNED_SLOPE)

    def _put_under_rule(self, node: Any, learned_slope: bool) -> None:
        self.met += 1
        node.register_hook(self._backward_prelu if learned_slope else self._backward)
        mark(node)

    def _backward(self, grad_inputs: _Gradients, grad_outputs: _Gradients) -> _Gradients | None:
        if self.rule == "standard" or grad_inputs[0] is None:
            return None
        self.applied += 1
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
        self.applied += 1
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
        if isinstance(bound, Tensor):
            return not bool(bound.any())
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
        "relu6_": _always,
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


def _is_map(x: Tensor) -> bool:
    """Whether a value has several channels at several positions, as gates do not."""
    return x.ndim > 2 and min(x.shape[1], x[0, 0].numel()) > 1


_RECTIFIERS = _table()
_LEARNED_SLOPE = frozenset(home.prelu for home in (torch, F, Tensor) if hasattr(home, "prelu"))
_MEETINGS: dict[Function, Any] = {
    **dict.fromkeys(SMOOTH, RectifierMode._meet_smooth),
    **dict.fromkeys(JOINS, RectifierMode._meet_join),
    **dict.fromkeys(LOOKS, RectifierMode._meet_look),
    **dict.fromkeys(NORMS, RectifierMode.meet_norm),
    **dict.fromkeys(_RECTIFIERS, RectifierMode._meet_rectifier),
}
