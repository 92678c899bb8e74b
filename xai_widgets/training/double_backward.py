"""Convolution, rectifier and batch norm whose second derivatives are fast.

PyTorch's own second derivatives are right, but slow on a CPU: that of a convolution computes the
kernel's gradient as a convolution whose kernel is as large as the map, and that of batch norm is a
dozen passes over the map. Here they use the kernels of the first derivative:

    y = w ∗ x,  gx = wᵀ ∗ g     ⟹   ∂⟨v, gx⟩/∂g = w ∗ v,   ∂⟨v, gx⟩/∂w = the kernel's gradient at
                                     input v and output gradient g
    gx = γ r (g − ḡ − x̂ mean(g x̂))  is linear and symmetric in g, so its derivative with respect
                                     to g is itself, applied to v

with r = 1/√(var + ε), x̂ = r (x − mean x), all means over batch and positions of a channel. Where
the statistics are taken for constants, gx = γ r g.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor, autograd
from torch.autograd.function import once_differentiable

from xai_widgets.probe.functions import Function
from xai_widgets.probe.norms import keep_layout
from xai_widgets.probe.rectifiers import RectifierMode

# The arguments in their order, with their defaults.
_CONV: dict[str, Any] = {
    "input": None, "weight": None, "bias": None, "stride": 1, "padding": 0, "dilation": 1,
    "groups": 1,
}  # fmt: skip
_NORM: dict[str, Any] = {
    "input": None, "running_mean": None, "running_var": None, "weight": None, "bias": None,
    "training": False, "momentum": 0.1, "eps": 1e-5,
}  # fmt: skip
_FEW = 4  # channels of a picture
_backward: Any = torch.ops.aten.convolution_backward.default
_threshold_backward: Any = torch.ops.aten.threshold_backward.default
_RELU = frozenset((torch.relu, F.relu, Tensor.relu))
_norm: Any = torch.ops.aten.native_batch_norm.default
_norm_backward: Any = torch.ops.aten.native_batch_norm_backward.default


class DoubleBackwardMode(RectifierMode):
    """Active while a network runs forward: handles every rectifier, and replaces convolutions and,
    in training, batch norm by the fast forms.

    While `to_inputs` is set, a backward goes to the inputs alone; with `fixed`, it takes the
    statistics of batch norm for constants. Both belong to this object, not to a thread: autograd
    has threads of its own.
    """

    def __init__(self) -> None:
        super().__init__()
        self.to_inputs = False
        self.fixed = False
        self.source: Any = None  # the autograd node of the network's input

    def call(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if func is torch.conv2d:
            given = {**_CONV, **dict(zip(_CONV, args, strict=False)), **kwargs}
            x = given["input"]
            if x.requires_grad and x.ndim == 4 and not isinstance(given["padding"], str):
                pairs = [_pair(given[name]) for name in ("stride", "padding", "dilation")]
                geometry = (*pairs, given["groups"])
                return _applied(_Convolution, x, given["weight"], given["bias"], geometry, self)
        if func is F.batch_norm:
            given = {**_NORM, **dict(zip(_NORM, args, strict=False)), **kwargs}
            x, weight = given["input"], given["weight"]
            several = x.ndim > 1 and x.numel() > x.shape[1]  # of one value PyTorch has an error
            if given["training"] and x.requires_grad and several:
                weight = x.new_ones(x.shape[1]) if weight is None else weight
                y = _applied(_BatchNorm,
                    x, weight, given["bias"], given["running_mean"], given["running_var"],
                    given["momentum"], given["eps"], self,
                )  # fmt: skip
                if len(x) == 1:
                    keep_layout(y)
                return y
        return super().call(func, args, kwargs)

    def rectify(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        x = args[0] if args else kwargs["input"]
        in_place = kwargs.get("inplace", len(args) > 1 and args[1])
        if func not in _RELU or in_place or not torch.is_grad_enabled() or not x.requires_grad:
            return super().rectify(func, args, kwargs)
        y = _applied(_Relu, x)
        self.hook(y, func)
        return y


class _Convolution(autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, w: Tensor, bias: Tensor | None, geometry: Any, mode: DoubleBackwardMode
    ) -> Tensor:
        ctx.save_for_backward(x, w)
        ctx.geometry, ctx.mode = geometry, mode
        ctx.bias = None if bias is None else list(bias.shape)
        stride, padding, dilation, groups = geometry
        return torch.conv2d(x, w, bias, stride, padding, dilation, groups)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        x, w = ctx.saved_tensors
        wanted = list(ctx.needs_input_grad[:3])
        if ctx.mode.to_inputs:
            return _applied(_ConvolutionBackward, g, x, w, ctx.geometry), None, None, None, None
        # The derivative of the training loss by the picture itself, unchanged, is not needed.
        is_picture = ctx.mode.source is not None and x.grad_fn is ctx.mode.source
        wanted[0] = wanted[0] and not is_picture
        gradients = _convolution_backward(g, x, w, ctx.bias, ctx.geometry, wanted)
        return *gradients, None, None


class _ConvolutionBackward(autograd.Function):
    """wᵀ ∗ g."""

    @staticmethod
    def forward(ctx: Any, g: Tensor, x: Tensor, w: Tensor, geometry: Any) -> Any:
        ctx.save_for_backward(g, w)
        ctx.geometry = geometry
        stride, padding, dilation, groups = geometry
        if w.shape[1] > _FEW or groups > 1 or g.device.type != "cpu":
            return _convolution_backward(g, x, w, None, geometry, [True, False, False])[0]
        # Measured: for a picture of few channels, a matrix product and `fold` take half to a fifth
        # of the kernel's time on a CPU.
        columns = torch.matmul(w.flatten(1).T, g.flatten(2))
        return F.fold(columns, x.shape[2:], w.shape[2:], dilation, padding, stride)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, v: Tensor) -> Any:
        g, w = ctx.saved_tensors
        stride, padding, dilation, groups = ctx.geometry
        by_g = by_w = None
        if ctx.needs_input_grad[0]:
            by_g = torch.conv2d(v, w, None, stride, padding, dilation, groups)
        if ctx.needs_input_grad[2]:
            by_w = _convolution_backward(g, v, w, None, ctx.geometry, [False, True, False])[1]
        return by_g, None, by_w, None


def _convolution_backward(
    g: Tensor, x: Tensor, w: Tensor, bias: list[int] | None, geometry: Any, wanted: list[bool]
) -> Any:
    stride, padding, dilation, groups = geometry
    return _backward(g, x, w, bias, stride, padding, dilation, False, [0, 0], groups, wanted)


class _Relu(autograd.Function):
    """PyTorch's own form has a second derivative that adds zeros to the gradient of the map."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        y = x.relu()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        return _threshold_backward(g, ctx.saved_tensors[0].detach(), 0)


class _BatchNorm(autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, running_mean: Tensor | None,
        running_var: Tensor | None, momentum: float, eps: float, mode: DoubleBackwardMode,
    ) -> Any:  # fmt: skip
        y, mean, r = _norm(x, weight, bias, running_mean, running_var, True, momentum, eps)
        ctx.save_for_backward(x, weight, mean, r)
        ctx.eps, ctx.mode = eps, mode
        return y

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        x, weight, mean, r = ctx.saved_tensors
        rest = (None,) * 5
        if ctx.mode.to_inputs and ctx.mode.fixed:
            return g * (weight * r).view(1, -1, *[1] * (x.ndim - 2)), None, None, *rest
        if ctx.mode.to_inputs:
            return _applied(_BatchNormBackward, g, x, weight, mean, r, ctx.eps), None, None, *rest
        wanted = list(ctx.needs_input_grad[:3])
        return *_norm_backward(g, x, weight, None, None, mean, r, True, ctx.eps, wanted), *rest


class _BatchNormBackward(autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, g: Tensor, x: Tensor, weight: Tensor, mean: Tensor, r: Tensor, eps: float
    ) -> Any:
        # The kernel also gives Σ g x̂ and Σ g.
        gx, by_weight, by_bias = _norm_backward(
            g, x, weight, None, None, mean, r, True, eps, [True, True, True]
        )
        ctx.save_for_backward(g, x, weight, mean, r, by_weight, by_bias)
        ctx.eps = eps
        return gx

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, v: Tensor) -> Any:
        """With S the sum over a channel's n values, a = S g / n, b = S g x̂ / n, c = S v / n,
        d = S v x̂ / n, e = S v g / n:

            by g      γ r (v − c − d x̂)
            by γ      n r (e − c a − d b)
            by x      −γ r² (d (g − a) + b (v − c) + x̂ (e − c a − 3 d b))
        """
        g, x, weight, mean, r, by_weight, by_bias = ctx.saved_tensors
        by_g, v_x, v_sum = _norm_backward(
            v, x, weight, None, None, mean, r, True, ctx.eps, [True, True, True]
        )
        n = x.numel() // x.shape[1]
        a, b, c, d = by_bias / n, by_weight / n, v_sum / n, v_x / n
        # The kernel's Σ v ĝ, with ĝ = (g − 0) · 1: one pass instead of two for a product and its
        # sum.
        zero, one = torch.zeros_like(mean), torch.ones_like(r)
        sums = [False, True, True]  # not the gradient by the input
        e = _norm_backward(v, g, one, None, None, zero, one, True, ctx.eps, sums)[1] / n
        shared = e - c * a
        scale = -weight * r * r
        of_x = scale * r * (shared - 3 * d * b)
        constant = -scale * (d * a + b * c) - of_x * mean
        terms = (constant, of_x, scale * d, scale * b)
        start, of_x, of_g, of_v = (term.view(1, -1, *[1] * (x.ndim - 2)) for term in terms)
        by_x = torch.addcmul(start, x, of_x).addcmul_(g, of_g).addcmul_(v, of_v)
        return by_g, by_x, n * r * (shared - d * b), None, None, None


def _applied(function: type[autograd.Function], *given: Any) -> Any:
    return function.apply(*given)


def _pair(value: Any) -> list[int]:
    return [value, value] if isinstance(value, int) else [int(v) for v in value]
