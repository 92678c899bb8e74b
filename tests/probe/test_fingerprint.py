"""The fingerprint stays while a network stays, and changes when it changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from tests.networks import Normalised, cnn, picture, seeded
from xai_widgets.probe.fingerprint import Fingerprint
from xai_widgets.probe.network import Network
from xai_widgets.probe.trace import Trace
from xai_widgets.targets import Target


def _half(model: Normalised) -> None:
    model.half()


def _layer(model: Normalised) -> None:
    model.relu = nn.ReLU(inplace=True)


def _buffer(model: Normalised) -> None:
    model.norm1.running_mean[0] += 1


def _no_buffer(model: Normalised) -> None:
    model.norm1.running_mean = None


def _shared_weight(model: Normalised) -> None:
    model.norm2.weight = model.norm1.weight


def _data(model: Normalised) -> None:
    model.conv2.weight.data.mul_(1.01)


def _frozen_data(model: Normalised) -> None:
    model.head[1].bias.requires_grad_(False).data.add_(1)


@pytest.mark.parametrize(
    "change", [_half, _layer, _buffer, _no_buffer, _shared_weight, _data, _frozen_data]
)
def test_a_change_changes_it(change: Callable[[Normalised], None]) -> None:
    model = seeded(Normalised())
    fingerprint = Fingerprint(model)
    before = fingerprint()
    assert fingerprint() == before
    assert hash(fingerprint()) == hash(before)
    change(model)
    after = fingerprint()
    assert after != before
    assert fingerprint() == after


def test_what_leaves_the_network_as_it_is_leaves_the_fingerprint() -> None:
    model = seeded(Normalised())
    fingerprint = Fingerprint(model)
    before = fingerprint()
    model.train()
    model.eval()
    model(picture()).sum().backward()
    model.zero_grad()
    model.requires_grad_(False)
    model.to(torch.float32).to("cpu")
    with torch.inference_mode():
        model(picture())
        assert fingerprint() == before
    Trace(Network(model), picture()).gradient(Target(0, "class 0"))
    assert fingerprint() == before


def test_tensors_of_every_kind_are_taken() -> None:
    class Kinds(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            base = torch.arange(24.0)
            self.register_buffer("scalar", torch.tensor(1.5))
            self.register_buffer("empty", torch.empty(0, 3))
            self.register_buffer("expanded", torch.ones(1).expand(100, 100))
            self.register_buffer("transposed", base.reshape(4, 6).T)
            self.register_buffer("end_of_another", base[20:])
            self.register_buffer("strided", base[::7])
            self.register_buffer("whole", torch.arange(5))
            self.register_buffer("bits", torch.tensor([True, False]))
            self.register_buffer("bfloat", torch.ones(9, dtype=torch.bfloat16))
            self.register_buffer("complex", torch.ones(3, dtype=torch.complex64))
            self.register_buffer("nan", torch.full((3,), float("nan")))
            self.register_buffer("meta", torch.empty(3, device="meta"))
            self.register_buffer("sparse", torch.eye(3).to_sparse())
            self.register_buffer("none", None)
            with torch.inference_mode():
                self.register_buffer("inference", torch.ones(3))
            self.last = nn.Conv2d(4, 4, 3).to(memory_format=torch.channels_last)

    model = Kinds()
    fingerprint = Fingerprint(model)
    before = fingerprint()
    assert fingerprint() == before
    for name in ("scalar", "expanded", "strided", "whole", "bits", "bfloat", "complex"):
        buffer = getattr(model, name)
        before = fingerprint()
        place = buffer.data[0, :1] if name == "expanded" else buffer.data
        place.copy_(~place if name == "bits" else place + 1)
        assert fingerprint() != before, name


def test_a_module_that_knows_its_parent() -> None:
    model = cnn()
    model.conv1.parent = model  # a circle: PyTorch makes the parent its child's module
    assert Fingerprint(model)() == Fingerprint(model)()


def test_what_was_learned_of_a_network_is_forgotten_when_it_is_rebuilt() -> None:
    model = cnn("in_place_module")
    network = Network(model)
    assert [layer.name for layer in Trace(network, picture()).layers] == [
        "rectify after conv2",
        "conv2",
        "conv1",
    ]
    model.conv2 = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8))
    model.eval()
    trace = Trace(network, picture())
    names = [layer.name for layer in trace.layers]
    assert names == ["rectify after conv2", "conv2", "conv2.0", "conv1"]
    assert trace.activation("conv2.0").shape == (1, 8, 8, 8)
    assert trace.recorder.overwritten() == {"conv1", "conv2", "conv2.1"}
