"""The nodes of autograd's graph: which of them are rectifiers, and which may be a part of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from torch import Tensor
from torch.autograd.function import BackwardCFunction

_MARK = "xai_widgets: under the rule"
_DEPTH = 4  # of tuples in dictionaries in what a network gives out
# The nodes that autograd makes for rectifiers, and when they are one.
_RECTIFIERS: dict[str, Callable[[Any], bool]] = {
    "ReluBackward0": lambda node: True,
    "LeakyReluBackward0": lambda node: True,
    "LeakyReluBackward1": lambda node: True,
    "RreluWithNoiseBackward0": lambda node: True,
    "PreluKernelBackward0": lambda node: True,
    "HardtanhBackward0": lambda node: bool(node._saved_min_val == 0),
    "HardtanhBackward1": lambda node: bool(node._saved_min_val == 0),
    "ClampBackward0": lambda node: node._saved_min is not None and bool(node._saved_min == 0),
    "ClampMinBackward0": lambda node: bool(node._saved_min == 0),
}
# What computes nothing that a rectifier could be written with, or cannot be one alone. After
# anything else a network is looked at once more.
_HARMLESS_KINDS = (
    "AccumulateGrad Convolution ConvolutionOverrideable MkldnnConvolution NativeBatchNorm "
    "CudnnBatchNorm MiopenBatchNorm NativeLayerNorm NativeGroupNorm Add Sub Mul Div Mean Sum "
    "View Reshape ReshapeAlias UnsafeView Alias Clone Detach Permute Transpose T Mt Cat Stack "
    "Slice Select Split SplitWithSizes UnsafeSplit Unbind Narrow Expand Unsqueeze Squeeze "
    "Addmm Mm Bmm Baddbmm Linear MaxPool2DWithIndices MaxPool2D AvgPool2D AdaptiveAvgPool2D "
    "NativeDropout FusedDropout Gelu Silu Mish Elu Hardswish Hardsigmoid Sigmoid Tanh Softplus "
    "Softmax LogSoftmax Erf UpsampleNearest2D UpsampleBilinear2D UpsampleBicubic2D "
    "ConstantPadNd ReflectionPad2D ReplicationPad2D Copy CopyBackwards CopySlices ToCopy "
    "PixelShuffle Im2Col Roll Flip Repeat ScaledDotProductFlashAttention "
    "ScaledDotProductFlashAttentionForCpu ScaledDotProductEfficientAttention "
    "ScaledDotProductCudnnAttention ScaledDotProductFusedAttentionOverrideable "
    "LinalgVectorNorm Norm Var VarMean Std Rsqrt Exp Dot Einsum Index AsStrided"
)
_HARMLESS = frozenset(_HARMLESS_KINDS.split())
# Whole pieces of a network in one node.
_OPAQUE = ("Checkpoint", "Compiled", "DifferentiableGraph", "torch::jit", "AOT")


def mark(node: Any) -> None:
    """Note that a node is under the rule."""
    node.metadata[_MARK] = True


def is_marked(node: Any) -> bool:
    """Whether a node is under the rule."""
    return _MARK in node.metadata


def is_own(node: Any) -> bool:
    """Whether a node is that of an autograd function of the network's own."""
    return isinstance(node, BackwardCFunction)


def is_opaque(node: Any) -> bool:
    """Whether a node hides a piece of the network: a checkpoint, compiled or scripted code."""
    return any(word in node.name() for word in _OPAQUE)


def is_rectifier(node: Any) -> bool:
    """Whether a node is that of one of PyTorch's own rectifiers."""
    test = _RECTIFIERS.get(node.name())
    return test is not None and test(node)


def kind_of(node: Any) -> str:
    """The operation that a node is the backward of, by autograd's name: "Convolution"."""
    return str(node.name().removeprefix("torch::autograd::").split("Backward")[0])


def is_suspicious(node: Any) -> bool:
    """Whether a node may be a part of a rectifier, or hide one."""
    kind = kind_of(node)
    if kind == "Mul":
        return _is_masked_product(node)
    return kind not in _HARMLESS


def nodes_of(
    outputs: Any, narrow: Callable[[Any], bool] | None = None, only: int = 0
) -> Iterator[Any]:
    """The nodes of the graph behind what a network gave out, each once. From a node for which
    `narrow` holds, only the edge of number `only` is followed.
    """
    yield from nodes_behind([t.grad_fn for t in _tensors(outputs, _DEPTH)], narrow, only)


def nodes_behind(
    nodes: list[Any], narrow: Callable[[Any], bool] | None = None, only: int = 0
) -> Iterator[Any]:
    """The same of some nodes: they and all behind them."""
    waiting, seen = list(nodes), set[Any]()
    while waiting:
        node: Any = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        edges = node.next_functions
        if narrow is not None and narrow(node):
            edges = edges[only : only + 1]
        waiting.extend(behind for behind, _ in edges)
        yield node


def _tensors(outputs: Any, depth: int) -> list[Tensor]:
    if isinstance(outputs, Tensor):
        return [outputs]
    if isinstance(outputs, Mapping):
        outputs = list(outputs.values())
    elif not isinstance(outputs, (tuple, list)):
        outputs = list(getattr(outputs, "__dict__", {}).values())
    return [t for part in outputs for t in _tensors(part, depth - 1)] if depth else []


def _is_masked_product(node: Any) -> bool:
    """x · m, with an m as large as x that has no gradient."""
    if sum(behind is not None for behind, _ in node.next_functions) != 1:
        return False
    saved = getattr(node, "_saved_self", None)  # a product with a number keeps no such thing
    saved = getattr(node, "_saved_other", None) if saved is None else saved
    return isinstance(saved, Tensor) and saved.ndim > 1 and saved.shape[1] < saved[0].numel()
