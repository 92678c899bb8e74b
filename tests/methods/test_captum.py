"""Every method against captum, on a network it handles: rectifiers are modules, used once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from captum import attr
from torch import Tensor, nn

import xai_widgets as xw

TARGET = 3


class Plain(nn.Module):
    """A small network with batch norm, pooling and several rectifiers, each its own module."""

    def __init__(self, rectifier: Callable[[], nn.Module] = nn.ReLU) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), rectifier())
        self.pool = nn.MaxPool2d(2)
        self.body = nn.Sequential(nn.Conv2d(8, 12, 3, padding=1), rectifier())
        self.head = nn.Sequential(nn.Linear(12 * 8 * 6, 20), rectifier(), nn.Linear(20, 7))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(self.pool(self.stem(x))).flatten(1))


@pytest.fixture(scope="module")
def network() -> Plain:
    torch.manual_seed(0)
    model = Plain().eval()
    with torch.no_grad():
        model.stem[1].running_mean.uniform_(-0.3, 0.3)
        model.stem[1].running_var.uniform_(0.5, 2)
    return model


@pytest.fixture(scope="module")
def x() -> Tensor:
    return torch.randn(1, 3, 16, 12, generator=torch.Generator().manual_seed(1))


def agree(ours: np.ndarray, theirs: Tensor, tolerance: float = 1e-5) -> None:
    theirs_ = theirs.detach().squeeze(0).numpy()
    assert ours.shape == theirs_.shape
    assert np.abs(theirs_).max() > 0
    assert np.abs(ours - theirs_).max() <= tolerance * np.abs(theirs_).max()


INPUT_ORACLES: dict[str, Callable[[nn.Module], Any]] = {
    "saliency": lambda model: lambda x: attr.Saliency(model).attribute(x, TARGET, abs=False),
    "input_x_gradient": lambda model: lambda x: attr.InputXGradient(model).attribute(x, TARGET),
    "guided_backprop": lambda model: lambda x: attr.GuidedBackprop(model).attribute(x, TARGET),
    "deconvnet": lambda model: lambda x: attr.Deconvolution(model).attribute(x, TARGET),
}


@pytest.mark.filterwarnings("ignore:Setting backward hooks on ReLU")
@pytest.mark.filterwarnings("ignore:Input Tensor")
@pytest.mark.parametrize("method", INPUT_ORACLES)
def test_input_methods(method: str, network: Plain, x: Tensor) -> None:
    ours = xw.Engine(network).explain(x, method, target=TARGET).values
    agree(ours, INPUT_ORACLES[method](network)(x.clone()))


@pytest.mark.parametrize("layer", ["stem.0", "stem.1", "stem.2", "stem", "pool", "body.0", "body"])
def test_grad_cam(layer: str, network: Plain, x: Tensor) -> None:
    module = network.get_submodule(layer)
    theirs = attr.LayerGradCam(network, module).attribute(x, TARGET, relu_attributions=True)
    agree(xw.Engine(network).explain(x, "grad_cam", target=TARGET, layer=layer).values, theirs[0])


@pytest.mark.parametrize("layer", ["stem.0", "stem", "body"])
def test_hires_cam(layer: str, network: Plain, x: Tensor) -> None:
    module = network.get_submodule(layer)
    theirs = attr.LayerGradientXActivation(network, module).attribute(x, TARGET).sum(1)
    agree(xw.Engine(network).explain(x, "hires_cam", target=TARGET, layer=layer).values, theirs)


@pytest.mark.parametrize(
    ("window", "stride"), [(4, 2), (4, 4), (5, 3), (6, 5), (12, 4), (3, 1), (16, 16)]
)
def test_occlusion(window: int, stride: int, network: Plain, x: Tensor) -> None:
    side = (3, min(window, x.shape[2]), min(window, x.shape[3]))
    theirs = attr.Occlusion(network).attribute(x, side, (3, stride, stride), target=TARGET)
    ours = xw.Engine(network).explain(x, "occlusion", target=TARGET, window=window, stride=stride)
    agree(np.broadcast_to(ours.values, theirs.shape[1:]), theirs)
    agree(ours.heatmap(), theirs[:, 0])  # the fall itself, not once for each channel


@pytest.mark.filterwarnings("ignore:Setting")
def test_guided_grad_cam_is_the_product_of_its_factors(network: Plain, x: Tensor) -> None:
    guided = attr.GuidedBackprop(network).attribute(x.clone(), TARGET)
    cam = attr.LayerGradCam(network, network.body).attribute(x, TARGET, relu_attributions=True)
    upsampled = attr.LayerAttribution.interpolate(cam, x.shape[-2:], "bilinear")
    ours = xw.Engine(network).explain(x, "guided_grad_cam", target=TARGET, layer="body")
    agree(ours.values, guided * upsampled)
