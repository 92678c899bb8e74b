"""What a network has made of its scores already: a softmax, a sigmoid, or nothing.

It is read from the graph: the operations between the output and the last one that computes. Where
there is no graph, from the last activation that was met while the network ran, or the values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from xai_widgets.errors import ExplanationError, brief, nearest
from xai_widgets.interrupts import deferred

if TYPE_CHECKING:
    from torch import Tensor

# What makes the numbers that are shown of the scores; None: what the network itself ends with.
Activation: TypeAlias = (
    'Literal["softmax", "sigmoid", "identity"] | Callable[[Tensor], Tensor] | None'
)
Unit = Literal["probability", "number"]
# What the output is. `unseen`: nothing tells; `plain`: none of the others.
Applied = Literal[
    "softmax", "log_softmax", "sigmoid", "log_sigmoid", "normalised", "plain", "unseen"
]
ACTIVATIONS = ("softmax", "sigmoid", "identity")

_ENDS: dict[str, Applied] = {
    "Softmax": "softmax",
    "LogSoftmax": "log_softmax",
    "Sigmoid": "sigmoid",
    "Hardsigmoid": "sigmoid",
    "LogSigmoid": "log_sigmoid",
}
# Operations that leave every number as it is, or choose among them.
_KEEPING = frozenset(
    {
        *("View", "UnsafeView", "Reshape", "ReshapeAlias", "Squeeze", "Unsqueeze", "Select"),
        *("Slice", "Index", "IndexSelect", "Gather", "Permute", "Transpose", "T", "Clone", "Alias"),
        *("AsStrided", "ToCopy", "Expand", "Cat", "Stack", "Unbind", "Split", "SplitWithSizes"),
        *("Chunk", "Movedim", "Flip", "Narrow", "Diagonal", "Contiguous", "Unfold", "Flatten"),
    }
)
# Operations that mean or mix numbers: what comes out has to be looked at.
_MIXING = frozenset(
    {
        *("Add", "Sub", "Rsub", "Mul", "Div", "Mean", "Sum", "Clamp", "ClampMin", "ClampMax"),
        *("Maximum", "Minimum", "Max", "Min", "Amax", "Amin", "AdaptiveAvgPool2D", "AvgPool2D"),
        *("AdaptiveMaxPool2D", "MaxPool2DWithIndices", "Prod", "Where", "MaskedFill", "NanToNum"),
    }
)
_LOGS: dict[Applied, Applied] = {
    "softmax": "log_softmax",
    "sigmoid": "log_sigmoid",
    "normalised": "log_softmax",
}
_EXPS: dict[Applied, Applied] = {"log_softmax": "softmax", "log_sigmoid": "sigmoid"}
_STEPS = 200  # of a walk through the graph
_CLOSE = 5e-3  # of half precision's rounding


def checked_activation(activation: Any) -> Activation:
    """The activation, by name where it is one of PyTorch's own.

    Raises ExplanationError for anything that is no activation.
    """
    if activation is None or (isinstance(activation, str) and activation in ACTIVATIONS):
        return activation  # type: ignore[return-value]  # one of the literals
    if isinstance(activation, str) or not callable(activation):
        hint = nearest(activation, ACTIVATIONS) if isinstance(activation, str) else ""
        raise ExplanationError(
            f"activation={brief(activation)}; "
            f"expected one of {', '.join(map(repr, ACTIVATIONS))}, a "
            f"function of the scores (N, C), or None, which looks at the network.{hint}"
        )
    from torch import nn

    own = ((nn.Sigmoid, "sigmoid"), (nn.Softmax, "softmax"), (nn.Identity, "identity"))
    for layer, name in own:
        if isinstance(activation, layer) or activation is layer:
            return name  # type: ignore[return-value]  # one of the literals
    kind = activations_met().get(activation)
    return kind if kind in ("softmax", "sigmoid") else activation


@dataclass(frozen=True)
class Met:
    """The last activation that was met while a network ran, and what it gave."""

    kind: Applied
    result: Tensor


def applied_to(scores: Tensor, met: Met | None = None) -> Applied:
    """What a network has made of the scores (N, C) that it returned."""
    import torch

    with deferred(), torch.no_grad():
        values = scores.detach().float()
    node = scores.grad_fn
    if node is None:
        return _by_values(values, met)
    kind, mixed = _walked(node, [_STEPS])
    if kind in ("log_softmax", "log_sigmoid"):
        return kind if not mixed and _shares(values.exp(), kind) else "plain"
    if kind == "unseen":
        return _by_values(values, met)
    if kind == "normalised" or mixed:
        return kind if _shares(values, kind) else "plain"
    return kind


def _by_values(values: Tensor, met: Met | None) -> Applied:
    """What the values themselves say, where the graph says nothing."""
    if met is not None and met.result.numel() == values.numel():
        given = met.result.detach().to(values).reshape(values.shape)
        if bool((given - values).abs().max() <= 1e-6):
            return met.kind
    if values.shape[1] > 1 and _within(values) and _sums_to_one(values, 1e-3):
        return "softmax"
    return "unseen" if _within(values) else "plain"


def _within(values: Tensor) -> bool:
    return bool(((values >= -1e-6) & (values <= 1 + _CLOSE)).all())


def _sums_to_one(values: Tensor, tolerance: float) -> bool:
    return bool(((values.sum(1) - 1).abs() < tolerance).all())


def _shares(values: Tensor, kind: Applied) -> bool:
    """Whether rows are probabilities; of a softmax, shares of one, or of less where classes were
    left out.
    """
    if not _within(values):
        return False
    if kind == "normalised":
        return values.shape[1] > 1 and _sums_to_one(values, 1e-4)
    return "sigmoid" in kind or bool((values.sum(1) <= 1 + _CLOSE).all())


def _walked(node: Any, left: list[int]) -> tuple[Applied, bool]:
    """What all ways back from a node come from, and whether numbers were mixed on the way."""
    left[0] -= 1
    if left[0] < 0:
        return "plain", True
    name = _name(node)
    if name in _ENDS:
        return _ENDS[name], False
    if name in ("Log", "Exp"):
        kind, mixed = _walked(node.next_functions[0][0], left)
        table = _LOGS if name == "Log" else _EXPS
        return table.get(kind, "plain"), mixed and name == "Exp"
    if name in _KEEPING or name in _MIXING:
        behind = [n for n, _ in node.next_functions if n is not None]
        kinds = [_walked(n, left) for n in behind]
        mixed = name in _MIXING or any(m for _, m in kinds)
        found = {kind for kind, _ in kinds}
        if len(found) == 1:
            kind = found.pop()
            if kind != "plain" or name != "Div":
                return kind, mixed
        # A quotient of two computed numbers may be a share of their sum: the values tell.
        return ("normalised" if name == "Div" and len(behind) == 2 else "plain"), mixed
    return ("unseen" if _opaque(node) else "plain"), False


def _name(node: Any) -> str:
    return re.sub(r"Backward\d*$", "", str(node.name()).rpartition("::")[2])


def _opaque(node: Any) -> bool:
    """Whether a node holds more than one operation: a function of the user's own, a compiled part,
    or memory that was written into.
    """
    import torch

    name = str(node.name())
    own = isinstance(node, torch.autograd.function.BackwardCFunction)
    return own or "::" in name or "Compiled" in name or "CopySlices" in name


def _names(functions: str) -> frozenset[Callable[..., Any]]:
    import torch

    homes = (torch, torch.nn.functional, torch.special, torch.Tensor)
    found = (getattr(home, name, None) for home in homes for name in functions.split())
    return frozenset(function for function in found if function is not None)


def activations_met() -> dict[Callable[..., Any], Applied]:
    """The functions of PyTorch that are activations of an output, with what they make of it."""
    kinds: Iterable[tuple[str, Applied]] = (
        ("softmax softmax_", "softmax"),
        ("log_softmax", "log_softmax"),
        ("sigmoid sigmoid_ expit hardsigmoid", "sigmoid"),
        ("logsigmoid", "log_sigmoid"),
    )
    return {function: kind for names, kind in kinds for function in _names(names)}
