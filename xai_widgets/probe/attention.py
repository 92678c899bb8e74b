"""Attention matrices: which token attends to which, however the network spells its attention.

With queries Q, keys K and values V of one head of size d, attention gives out A V with

    A = softmax(Q Kᵀ / √d + mask)        (N, heads, T, T), rows add up to 1

Three spellings are caught, as *functions*, while the network runs: the fused
`scaled_dot_product_attention`, which never holds A and is replaced by this formula;
`multi_head_attention_forward`, which can return A; and explicit softmaxes over a square. An
ordinary trace only takes note of the shapes; A itself costs one more forward pass.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor
from torch.autograd.graph import GradientEdge, get_gradient_edge

from xai_widgets.errors import ExplanationError
from xai_widgets.interrupts import interruptible
from xai_widgets.probe.functions import Function, Step, step_of
from xai_widgets.probe.nodes import kind_of, nodes_behind, nodes_of
from xai_widgets.probe.rectifiers import RectifierMode
from xai_widgets.targets.activation import Met, activations_met

Attention: TypeAlias = "list[tuple[Tensor, Tensor]]"
Shape: TypeAlias = "tuple[int, ...]"

_FUSED = F.scaled_dot_product_attention
_MULTI_HEAD = F.multi_head_attention_forward
_MULTI_HEAD_SIGNATURE = inspect.signature(_MULTI_HEAD)
_SOFTMAX = frozenset({F.softmax, torch.softmax, Tensor.softmax})
_ACTIVATIONS = activations_met()
_VIEWS = ("View", "UnsafeView", "Reshape", "Squeeze", "Unsqueeze", "Alias")
_WITH_WEIGHTS = frozenset(
    {"Convolution", "MkldnnConvolution", "ConvolutionOverrideable", "Addmm", "Mm", "Linear"}
)


class TraceMode(RectifierMode):
    """Active while a network is recorded: meets every rectifier, and takes note of the shape of
    every attention matrix, and of every step.
    """

    def __init__(self) -> None:
        super().__init__()
        self.attention: list[Shape] = []
        self.activation: Met | None = None  # the last that was met
        self.steps: list[Step] = []

    def call(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        result = super().call(func, args, kwargs)
        self.steps.append(step_of(func, result))
        if func in _ACTIVATIONS and isinstance(result, Tensor):
            self.activation = Met(_ACTIVATIONS[func], result.detach())
        return result

    def watch(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().watch(func, args, kwargs)
        shape = None
        if func is _FUSED:
            query, key = _first(args, kwargs, "query", "key")
            shape = (*query.shape[:-1], key.shape[-2])
        elif func is _MULTI_HEAD:
            given = _MULTI_HEAD_SIGNATURE.bind(*args, **kwargs).arguments
            query, key = given["query"], given["key"]
            if query.ndim == 3:
                shape = (query.shape[1], given["num_heads"], query.shape[0], key.shape[0])
        elif func in _SOFTMAX and _over_last(args, kwargs):
            shape = tuple(_first(args, kwargs, "input")[0].shape)
        if shape is not None and len(shape) > 2:
            self.attention.append(shape)


class AttentionMode(RectifierMode):
    """Active while a network runs forward: attention is computed openly, its matrices kept.

    `matrices` holds each A with the place in the graph where its gradient is found, `first` the
    first of them in the graph.
    """

    def __init__(self) -> None:
        super().__init__()
        self.matrices: list[tuple[Tensor, GradientEdge]] = []
        self.first: Tensor | None = None

    def call(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if func is _FUSED:
            result, a = _openly(*args, **kwargs)
            self._keep(a)
            return result
        if func is _MULTI_HEAD:
            return self._multi_head(args, kwargs)
        result = super().call(func, args, kwargs)
        if func in _SOFTMAX and _over_last(args, kwargs):
            self._keep(result)
        return result

    def _multi_head(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        call = _MULTI_HEAD_SIGNATURE.bind(*args, **kwargs)
        call.apply_defaults()
        wanted, averaged = call.arguments["need_weights"], call.arguments["average_attn_weights"]
        call.arguments.update(need_weights=True, average_attn_weights=False)
        result, a = _MULTI_HEAD(*call.args, **call.kwargs)
        assert a is not None  # because of need_weights
        if a.ndim == 4:
            self._keep(a)
        if not wanted:
            return result, None
        return result, a.mean(dim=-3) if averaged else a

    def _keep(self, a: Tensor) -> None:
        if not (_square(tuple(a.shape)) and a.requires_grad):
            return
        # The result may be a view on which nothing depends: what it is a view of is in the graph.
        edge = get_gradient_edge(a)
        while edge.node.name().startswith(_VIEWS):
            node, place = edge.node.next_functions[0]
            assert node is not None  # A is differentiable, so what it is a view of is
            edge = GradientEdge(node, place)
        self.matrices.append((a.detach(), edge))
        self.first = a if self.first is None else self.first


@dataclass(frozen=True)
class AttentionPass:
    """One forward pass on x (N, C, H, W) with the attention matrices computed openly: the network's
    output, each matrix with the place in the graph where its gradient is found, and the first of
    them in the graph.
    """

    x: Tensor
    output: Any
    matrices: Sequence[tuple[Tensor, GradientEdge]]
    first: Tensor | None

    @property
    def batch(self) -> int:
        """N."""
        return len(self.x)

    @property
    def nbytes(self) -> int:
        """The bytes of the matrices, and of what was kept to differentiate them."""
        return 2 * sum(a.nbytes for a, _ in self.matrices)

    def layers_before(self) -> tuple[int, int]:
        """How many layers with weights the first attention is computed from, and how many the
        output.
        """
        first = [edge.node for _, edge in self.matrices[:1]]
        return _weighted(nodes_behind(first)), _weighted(nodes_of(self.output))

    def read(self, score: Tensor) -> Attention:
        """Each layer's A and ∂score/∂A, (N, heads, T, T) both, in the order of the pass.

        Raises RuntimeError where the score cannot be differentiated, and ExplanationError where it
        depends on no attention.
        """
        gradients: Sequence[Tensor | None] = ()
        if edges := [edge for _, edge in self.matrices]:
            gradients = interruptible(
                torch.autograd.grad, score.sum(), edges, retain_graph=True, allow_unused=True
            )
        if all(gradient is None for gradient in gradients):
            raise ExplanationError("the score does not depend on any attention layer")
        return [
            (self._by_head(a), self._by_head(torch.zeros_like(a) if g is None else g.view_as(a)))
            for (a, _), g in zip(self.matrices, gradients, strict=True)
        ]

    def _by_head(self, a: Tensor) -> Tensor:
        a = a.detach().reshape(self.batch, -1, *a.shape[-2:])
        return a if a.dtype == torch.float64 else a.float()


def _openly(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> tuple[Tensor, Tensor]:
    """What `scaled_dot_product_attention` gives out, and A."""
    if enable_gqa:
        groups = query.shape[-3] // key.shape[-3]
        key, value = (t.repeat_interleave(groups, dim=-3) for t in (key, value))
    logits = query @ key.transpose(-2, -1) * (query.shape[-1] ** -0.5 if scale is None else scale)
    if is_causal:
        later = torch.ones(logits.shape[-2:], dtype=torch.bool, device=logits.device).triu(1)
        logits = logits.masked_fill(later, -torch.inf)
    if attn_mask is not None and attn_mask.dtype == torch.bool:
        logits = logits.masked_fill(~attn_mask, -torch.inf)
    elif attn_mask is not None:
        logits = logits + attn_mask
    a = logits.softmax(dim=-1)
    return F.dropout(a, dropout_p) @ value if dropout_p else a @ value, a


def _weighted(nodes: Iterable[Any]) -> int:
    return sum(kind_of(node) in _WITH_WEIGHTS for node in nodes)


def _square(shape: Shape) -> bool:
    return len(shape) in (3, 4) and shape[-1] == shape[-2] > 1


def _first(args: tuple[Any, ...], kwargs: dict[str, Any], *names: str) -> list[Any]:
    return [args[i] if len(args) > i else kwargs[name] for i, name in enumerate(names)]


def _over_last(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    dim = args[1] if len(args) > 1 else kwargs.get("dim")
    given = _first(args, kwargs, "input")[0]
    return isinstance(given, Tensor) and dim in (-1, given.ndim - 1)
