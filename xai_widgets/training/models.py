"""Networks for pictures of about 32 pixels: ResNets and MobileNet-V2 in their CIFAR forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor, nn

from xai_widgets.errors import check_choice
from xai_widgets.interrupts import deferred


class _Block(nn.Module):
    """Two convolutions of 3 x 3 with a shortcut around them."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outside)
        self.conv2 = nn.Conv2d(outside, outside, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outside)
        self.shortcut = nn.Sequential()
        if stride != 1 or inside != outside:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inside, outside, 1, stride=stride, bias=False), nn.BatchNorm2d(outside)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


class ResNet(nn.Module):
    """Basic blocks on a stem of 3 x 3 that keeps the resolution; each stage but the first halves
    it. Source: He, Zhang, Ren, Sun 2016, section 4.2.

    stem: the stem's stride.
    """

    def __init__(
        self, channels: int, classes: int, widths: Sequence[int], blocks: int, stem: int = 1
    ) -> None:
        super().__init__()
        width = widths[0]
        self.conv = nn.Conv2d(channels, width, 3, stride=stem, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        stages: list[nn.Module] = []
        for number, outside in enumerate(widths):
            for block in range(blocks):
                stages.append(_Block(width, outside, 2 if number and not block else 1))
                width = outside
        self.blocks = nn.Sequential(*stages)
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        y = self.blocks(F.relu(self.norm(self.conv(x))))
        scores: Tensor = self.head(y.mean((2, 3)))
        return scores


class _Inverted(nn.Module):
    """An inverted residual: expand, filter each channel, project; with ReLU6."""

    def __init__(self, inside: int, outside: int, stride: int, expansion: int) -> None:
        super().__init__()
        width = inside * expansion
        layers: list[nn.Module] = []
        if expansion != 1:
            layers += _rectified(inside, width, 1)
        layers += _rectified(width, width, 3, stride, groups=width)
        layers += [nn.Conv2d(width, outside, 1, bias=False), nn.BatchNorm2d(outside)]
        self.layers = nn.Sequential(*layers)
        self.residual = stride == 1 and inside == outside

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return x + y if self.residual else y


class MobileNetV2(nn.Sequential):
    """Inverted residuals with strides for pictures of 32 pixels: a map of 4 x 4 at the end.

    Source: Sandler, Howard, Zhu, Zhmoginov, Chen 2018, table 2; the first two strides are 1.
    """

    def __init__(self, channels: int, classes: int) -> None:
        # expansion, width, repetitions, stride
        table = ((1, 16, 1, 1), (6, 24, 2, 1), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
                 (6, 160, 3, 2), (6, 320, 1, 1))  # fmt: skip
        layers = _rectified(channels, 32, 3)
        width = 32
        for expansion, outside, repetitions, stride in table:
            for repetition in range(repetitions):
                layers.append(_Inverted(width, outside, 1 if repetition else stride, expansion))
                width = outside
        layers += _rectified(width, 1280, 1)
        head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1280, classes)]
        super().__init__(*layers, *head)


def _rectified(
    inside: int, outside: int, kernel: int, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    conv = nn.Conv2d(
        inside, outside, kernel, stride, padding=kernel // 2, groups=groups, bias=False
    )
    return [conv, nn.BatchNorm2d(outside), nn.ReLU6(inplace=True)]


MODELS: Mapping[str, Callable[[int, int], nn.Module]] = MappingProxyType(
    {
        "resnet18": partial(ResNet, widths=(64, 128, 256, 512), blocks=2),
        "mobilenet_v2": MobileNetV2,
        "small_resnet": partial(ResNet, widths=(16, 32, 64), blocks=1, stem=2),
    }
)


def build(name: str, channels: int, classes: int, seed: int = 0) -> Any:
    """A network with weights drawn on the CPU from a seed; the global generator is left as it was.

    Raises ExplanationError with the nearest spelling for an unknown name.
    """
    check_choice("model", name, MODELS)
    with deferred(), torch.device("cpu"), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return MODELS[name](channels, classes)
