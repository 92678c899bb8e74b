"""A recorded layer shows what it gave out, whatever happened to it afterwards."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.networks import CLASSES, RELU_SPELLINGS, Cnn, TwoNames, cnn, picture, seeded
from xai_widgets.errors import ExplanationError
from xai_widgets.probe.network import Network
from xai_widgets.probe.trace import Trace
from xai_widgets.targets import Target

CLASS = Target(1, "class 1")


class GivesPair(nn.Module):
    """A layer whose map comes first in a container, as attention layers give it out."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3)
        self.kind = kind

    def forward(self, x: Tensor) -> Any:
        made = self.conv(x) * 1
        pairs = {"tuple": (made, x), "list": [made, x], "dict": {"map": made, "x": x}}
        return pairs[self.kind]


@pytest.mark.parametrize("kind", ["tuple", "list", "dict"])
def test_a_map_in_a_container_is_safe_as_well(kind: str) -> None:
    class Unpacks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.pair = GivesPair(kind)
            self.head = nn.Linear(6, CLASSES)

        def forward(self, x: Tensor) -> Tensor:
            given = self.pair(x)
            made = given["map"] if kind == "dict" else given[0]
            made.relu_()
            return self.head(made.mean((2, 3)))

    model = seeded(Unpacks())
    expected = model.pair.conv(picture())
    network = Network(model)
    for trace in (Trace(network, picture()), Trace(network, picture())):
        assert torch.equal(trace.activation("pair"), expected)
        y = expected.detach().requires_grad_(True)
        (gradient,) = torch.autograd.grad(model.head(y.relu().mean((2, 3)))[0, 1], y)
        assert torch.equal(trace.layer_gradient(CLASS, "pair"), gradient)


def true_outputs(network: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """What each layer gave out the last time it was called, cloned at once."""
    outputs: dict[str, Tensor] = {}
    handles = [
        module.register_forward_hook(
            lambda module, args, output, name=name: outputs.__setitem__(name, output.clone())
        )
        for name, module in network.named_modules()
        if name
    ]
    with torch.no_grad():
        network(x)
    for handle in handles:
        handle.remove()
    return outputs


@pytest.mark.parametrize("spelling", RELU_SPELLINGS)
def test_a_layer_before_a_rectifier_shows_what_it_gave_out(spelling: str) -> None:
    network = cnn(spelling)
    outputs = true_outputs(network, picture())
    reference = Trace(Network(cnn("module")), picture())
    traces = Network(network)
    for trace in (Trace(traces, picture()), Trace(traces, picture())):  # the second copies less
        for layer in ("conv1", "conv2"):
            assert torch.equal(trace.activation(layer), outputs[layer])
            assert outputs[layer].min() < 0
            assert torch.equal(
                trace.layer_gradient(CLASS, layer), reference.layer_gradient(CLASS, layer)
            )


def test_layers_overwritten_in_place_are_found_out_and_only_those_copied() -> None:
    network = Network(cnn("in_place_module"))
    first = Trace(network, picture())
    assert first.recorder.overwritten() == {"conv1", "conv2"}
    second = Trace(network, picture(seed=1))
    copied = {name for name, r in second.recorder.records.items() if r.copy is not None}
    assert copied == {"conv1", "conv2"}


@pytest.mark.parametrize("seed", range(3))
def test_a_network_that_overwrites_only_sometimes_is_still_right(seed: int) -> None:
    class Sometimes(Cnn):
        def forward(self, x: Tensor) -> Tensor:
            x = self.conv1(x)
            x = F.relu(x, inplace=bool(x.mean() > self.conv1.bias.mean()))
            return self.head(F.relu(self.conv2(x)).mean((2, 3)))

    model = seeded(Sometimes(nn.ReLU()))
    network = Network(model)
    for each in range(4):
        x = picture(seed=10 * seed + each)
        trace = Trace(network, x)
        assert torch.equal(trace.activation("conv1"), true_outputs(model, x)["conv1"])


def test_a_skip_connection_added_in_place() -> None:
    class Residual(Cnn):
        def forward(self, x: Tensor) -> Tensor:
            x = self.conv1(x)
            y = self.conv2(x)
            y += x
            y.relu_()
            return self.head(y.mean((2, 3)))

    model = seeded(Residual(nn.ReLU()))
    outputs = true_outputs(model, picture())
    trace = Trace(Network(model), picture())
    for layer in ("conv1", "conv2"):
        assert torch.equal(trace.activation(layer), outputs[layer])
    x = outputs["conv2"].requires_grad_(True)
    score = model.head((x + outputs["conv1"].detach()).relu().mean((2, 3)))[0, 1]
    (expected,) = torch.autograd.grad(score, x)
    assert torch.equal(trace.layer_gradient(CLASS, "conv2"), expected)


def test_a_layer_called_twice_shows_its_last_call() -> None:
    model = seeded(TwoNames())
    outputs = true_outputs(model, picture())
    trace = Trace(Network(model), picture())
    assert torch.equal(trace.activation("block"), outputs["block"])
    assert outputs["block"].shape == (1, 6, 8, 8)


def test_a_layer_with_two_names_goes_by_either() -> None:
    trace = Trace(Network(seeded(TwoNames())), picture())
    names = [layer.name for layer in trace.layers]
    assert names[0] == "block"
    assert not any(name.startswith("again") for name in names)
    assert torch.equal(trace.activation("again"), trace.activation("block"))
    assert torch.equal(trace.activation("again.0"), trace.activation("block.0"))
    assert torch.equal(trace.layer_gradient(CLASS, "again"), trace.layer_gradient(CLASS, "block"))
    assert trace.map("again").name == "block"


def test_layers_that_hand_on_one_tensor_are_listed_once() -> None:
    class Nested(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stage = nn.Sequential(
                nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.Identity(), nn.ReLU(inplace=True)),
                nn.Dropout(),
            )
            self.pool = nn.AdaptiveAvgPool2d(1)
            self.head = nn.Linear(4, CLASSES)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.pool(self.stage(x)).flatten(1))

    trace = Trace(Network(seeded(Nested())), picture())
    # `stage.0.0` is another value: before the rectifier.
    assert [layer.name for layer in trace.layers] == ["stage", "stage.0.0"]


# No layer, or not this one


def test_a_network_without_maps_has_no_layers() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 8), nn.ReLU(), nn.Linear(8, 5))
    trace = Trace(Network(seeded(network)), picture())
    assert trace.layers == []
    with pytest.raises(ExplanationError, match=r'layer "1" gives out \(1, 8\), which is no map'):
        trace.activation("1")


def test_a_layer_the_score_does_not_depend_on() -> None:
    class Unused(Cnn):
        def __init__(self) -> None:
            super().__init__(nn.ReLU())
            self.extra = nn.Conv2d(3, 4, 3)

        def forward(self, x: Tensor) -> Any:
            self.extra(x)
            return super().forward(x)

    trace = Trace(Network(seeded(Unused())), picture())
    assert "extra" not in [layer.name for layer in trace.layers]
    with pytest.raises(ExplanationError, match='class 1 does not depend on layer "extra"'):
        trace.layer_gradient(CLASS, "extra")
    assert trace.activation("extra").shape == (1, 4, 14, 14)


def test_an_unknown_layer_is_answered_with_the_nearest_name() -> None:
    trace = Trace(Network(cnn()), picture())
    with pytest.raises(ExplanationError, match=r'unknown layer "conv_2".*Did you mean "conv2"'):
        trace.activation("conv_2")
    with pytest.raises(ExplanationError, match='layer "head" gives out'):
        trace.layer_gradient(CLASS, "head")


def test_a_backbone_run_without_gradients_says_so() -> None:
    class Cut(Cnn):
        def forward(self, x: Tensor) -> Tensor:
            with torch.no_grad():
                x = self.rectify(self.conv1(x))
            return self.head(self.rectify(self.conv2(x)).mean((2, 3)))

    trace = Trace(Network(seeded(Cut(nn.ReLU()))), picture())
    assert [layer.name for layer in trace.layers] == ["rectify", "conv2"]
    with pytest.raises(ExplanationError, match="class 1 does not depend on the picture"):
        trace.gradient(CLASS)
