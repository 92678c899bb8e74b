"""What lies behind a layer, run alone, gives what the whole network gives."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from tests.condition import Condition
from tests.networks import CLASSES, RELU_SPELLINGS, cnn, picture, seeded
from xai_widgets.engine.sources import from_timm, from_torchvision
from xai_widgets.errors import ExplanationError
from xai_widgets.probe.network import Network
from xai_widgets.probe.recorder import exchanged, first_tensor
from xai_widgets.probe.trace import Trace
from xai_widgets.targets import Target

CLASS = Target(2, "class 2")


def whole(trace: Trace, layer: str, maps: Tensor) -> Tensor:
    """The score by the plain way: the whole network, for one map after another."""
    (piece,), scores = trace.map(layer).pieces, []
    record = piece.record
    for one in maps:
        calls = 0

        def hook(module: Any, args: Any, output: Any, one: Tensor = one) -> Any:
            nonlocal calls
            calls += 1
            if calls - 1 != record.call:
                return None
            like = first_tensor(output)
            assert like is not None
            return exchanged(output, like, record.layout.from_map(one[None], like).clone())

        handle = trace.network.model.get_submodule(record.name).register_forward_hook(hook)
        scores.append(trace.scores(trace.input, CLASS))
        handle.remove()
    return torch.cat(scores)


def altered(trace: Trace, layer: str, count: int) -> Tensor:
    maps = trace.activation(layer)
    factors = torch.rand(count, maps.shape[1], 1, 1, generator=torch.Generator().manual_seed(0))
    return maps * (factors > 0.3)


def check(trace: Trace, layer: str, tolerance: float = 1e-4) -> None:
    tail = trace.tail(layer)
    for count in (3, 1):
        maps = altered(trace, layer, count)
        expected = whole(trace, layer, maps)
        for _ in range(2):  # what was recorded is not used up or written to
            close = {"rtol": tolerance, "atol": tolerance * float(expected.abs().max() + 1e-6)}
            torch.testing.assert_close(tail.scores(maps, CLASS), expected, **close)
    same = tail.scores(trace.activation(layer), CLASS)
    torch.testing.assert_close(same, trace.score(CLASS), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("spelling", RELU_SPELLINGS)
def test_every_spelling_of_a_rectifier(spelling: str) -> None:
    trace = Trace(Network(cnn(spelling)), picture())
    for layer in ("conv1", "conv2"):
        check(trace, layer)


TORCHVISION = (
    "resnet18", "densenet121", "mobilenet_v2", "mobilenet_v3_small", "squeezenet1_1", "vgg11",
    "efficientnet_b0", "shufflenet_v2_x0_5", "swin_t", "convnext_tiny", "regnet_y_400mf",
)  # fmt: skip


@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvisions_networks(name: str) -> None:
    torch.manual_seed(0)
    model = from_torchvision(name, None)["model"].eval()
    trace = Trace(Network(model), picture(size=64))
    layers = trace.layers
    for layer in {layers[0].name, layers[len(layers) // 2].name, layers[-1].name}:
        check(trace, layer)


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "deit_tiny_distilled_patch16_224"])
def test_tokens_keep_their_prefix(name: str) -> None:
    torch.manual_seed(0)
    model = from_timm(name, False)["model"].eval()
    trace = Trace(Network(model), picture(size=224))
    check(trace, trace.layers[0].name)


def test_a_shortcut_over_the_layer_and_a_write_behind_it() -> None:
    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
            self.head = nn.Linear(4, CLASSES)

        def forward(self, x: Tensor) -> Tensor:
            a = self.one(x)
            b = self.two(a)
            a += b  # writes to what was recorded before the layer
            b.relu_()
            return self.head((a * b).mean((2, 3)))

    check(Trace(Network(seeded(Residual())), picture()), "two")


def test_the_last_of_several_calls_is_meant() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.head = nn.Conv2d(3, 3, 3, padding=1), nn.Linear(3, CLASSES)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.conv(self.conv(x).relu()).relu().mean((2, 3)))

    check(Trace(Network(seeded(Twice())), picture()), "conv")


def test_a_forward_that_treats_a_batch_differently_is_run_whole() -> None:
    class Different(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.head = nn.Conv2d(3, 3, 3, padding=1), nn.Linear(3, CLASSES)

        def forward(self, x: Tensor) -> Tensor:
            x = F.relu(x) if len(x) > 1 else x.clamp_min(0)
            return self.head(self.conv(x).mean((2, 3)))

    check(Trace(Network(seeded(Different())), picture()), "conv")


def test_what_comes_before_the_layer_is_not_computed_again() -> None:
    trunk = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3))
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, CLASSES))
    model = seeded(nn.Sequential(trunk, head))
    trace = Trace(Network(model), picture())
    tail = trace.tail("0")
    ran: list[str] = []

    class Spy(TorchDispatchMode):
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            ran.append(str(func))
            return func(*args, **(kwargs or {}))

    with Spy():
        tail.scores(altered(trace, "0", 3), CLASS)
    assert not any("convolution" in name for name in ran)
    assert any("addmm" in name for name in ran)


def test_a_tail_leaves_the_network_as_found() -> None:
    model = cnn("in_place_module")
    network = Network(model)
    trace = Trace(network, picture())
    before = Condition.of(model)
    trace.tail("conv2").scores(altered(trace, "conv2", 2), CLASS)
    assert before.differences(Condition.of(model)) == []


def test_a_container_that_cannot_be_refilled_is_refused_in_words() -> None:
    class Odd(tuple):  # type: ignore[type-arg]  # a container of its own kind
        __slots__ = ()

    class Gives(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 3)

        def forward(self, x: Tensor) -> Any:
            return Odd((self.conv(x) * 1,))

    class Takes(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gives, self.head = Gives(), nn.Linear(3, CLASSES)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.gives(x)[0].mean((2, 3)))

    trace = Trace(Network(seeded(Takes())), picture())
    tail = trace.tail("gives")
    with pytest.raises(ExplanationError, match="cannot be exchanged"):
        tail.scores(trace.activation("gives"), CLASS)
