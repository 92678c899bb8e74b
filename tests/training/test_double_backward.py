"""Convolution and batch norm against PyTorch's own, differentiated twice."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xai_widgets.training.double_backward import DoubleBackwardMode

CONVOLUTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "bias": {"bias": True},
    "strided": {"stride": 2, "padding": 1},
    "dilated": {"dilation": 2, "padding": (1, 2)},
    "grouped": {"groups": 2, "padding": 1, "bias": True},
    "depthwise": {"groups": 4},
    "same": {"padding": "same"},
}


def second(module: nn.Module, x: Tensor, mode: DoubleBackwardMode | None) -> list[Tensor]:
    """Gradients of something curved of output and input gradient, by input and parameters."""
    module.zero_grad()
    # Not the input of the network: that needs no gradient.
    leaf = x.clone().requires_grad_(True)
    x = leaf * 1.5
    if mode is None:
        y = module(x)
    else:
        with mode:
            y = module(x)
        mode.to_inputs = True
    score = (y * torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view_as(y)).sin().sum()
    (g,) = torch.autograd.grad(score, leaf, create_graph=True)
    if mode is not None:
        mode.to_inputs = False
    (y.square().mean() + (g * leaf.detach().cos()).square().sum()).backward()
    return [leaf.grad, g.detach(), *(p.grad for p in module.parameters())]  # type: ignore[list-item]  # all there


@pytest.mark.parametrize("options", CONVOLUTIONS.values(), ids=CONVOLUTIONS)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("channels", [4, 8], ids=["few", "many"])  # a picture's, a map's
def test_a_convolution_is_pytorchs_own(
    options: dict[str, Any], layout: torch.memory_format, channels: int
) -> None:
    torch.manual_seed(0)
    module = nn.Conv2d(channels, 8, 3, **{"bias": False, **options}).double()
    x = torch.randn(2, channels, 7, 6, dtype=torch.float64).to(memory_format=layout)
    for ours, theirs in zip(
        second(module, x, DoubleBackwardMode()), second(module, x, None), strict=True
    ):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("shape", [(6, 3, 4, 5), (6, 3), (6, 3, 4)])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("affine", [True, False])
def test_batch_norm_is_pytorchs_own(shape: tuple[int, ...], training: bool, affine: bool) -> None:
    torch.manual_seed(0)
    kind = {4: nn.BatchNorm2d, 3: nn.BatchNorm1d, 2: nn.BatchNorm1d}[len(shape)]
    module = kind(3, eps=0.1, affine=affine).double().train(training)
    if affine:
        nn.init.normal_(module.weight)
        nn.init.normal_(module.bias)
    x = torch.randn(shape, dtype=torch.float64) * 2 + 1
    found = []
    for mode in (DoubleBackwardMode(), None):
        module.reset_running_stats()
        found.append([*second(module, x, mode), module.running_mean, module.running_var])
        found[-1] = [tensor.clone() for tensor in found[-1]]
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_batch_norm_of_a_single_value_is_refused_as_ever() -> None:
    module, x = nn.BatchNorm2d(3).train(), torch.randn(1, 3, 1, 1, requires_grad=True)
    with pytest.raises(ValueError, match="more than 1 value"), DoubleBackwardMode():
        module(x)


def test_other_spellings_are_met_and_a_frozen_kernel_is_left_alone() -> None:
    torch.manual_seed(0)
    w = torch.randn(4, 3, 3, 3)
    x = torch.randn(2, 3, 5, 5, requires_grad=True)
    with DoubleBackwardMode():
        y = F.conv2d(x, w, padding=1)
        z = torch.conv2d(x, w, None, 1, 1)
    assert type(y.grad_fn).__name__ == type(z.grad_fn).__name__ == "_ConvolutionBackward"
    torch.testing.assert_close(y, F.conv2d(x, w, padding=1))
    y.sum().backward()
    assert x.grad is not None


def test_a_third_derivative_is_refused() -> None:
    x = torch.randn(2, 3, 5, 5, requires_grad=True)
    w = torch.randn(4, 3, 3, 3, requires_grad=True)
    with DoubleBackwardMode() as mode:
        y = F.conv2d(x, w).square().sum()
    mode.to_inputs = True
    (g,) = torch.autograd.grad(y, x, create_graph=True)
    (h,) = torch.autograd.grad(g.square().sum(), w, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        h.sum().backward()
