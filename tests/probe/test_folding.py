"""Folded batch norms: the same numbers, fewer functions, and the network as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrizations
from torch.overrides import TorchFunctionMode

from tests.networks import CLASSES, BatchStatistics, Normalised, picture
from xai_widgets.errors import ExplanationError
from xai_widgets.probe.network import Network
from xai_widgets.targets import Target, resolve


class Chain(nn.Module):
    """Convolutions and batch norms, put together by `how`."""

    def __init__(self, how: Callable[[Chain, Tensor], Tensor], **norm: Any) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.how = how
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.norm, self.other = nn.BatchNorm2d(3, **norm), nn.BatchNorm2d(3)
        for one in (self.norm, self.other):
            if one.running_mean is not None and one.running_var is not None:
                one.running_mean.uniform_(-1, 1)
                one.running_var.uniform_(0.3, 3)
        self.head = nn.Linear(3, CLASSES)
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.how(self, x).relu().mean((2, 3)))


def plain(net: Chain, x: Tensor) -> Tensor:
    return net.norm(net.conv(x))


def shared_convolution(net: Chain, x: Tensor) -> Tensor:
    return net.other(net.conv(net.norm(net.conv(x))))


def two_readers(net: Chain, x: Tensor) -> Tensor:
    c = net.conv(x)
    return net.norm(c) + c


def asked_first(net: Chain, x: Tensor) -> Tensor:
    c = net.conv(x)
    assert c.ndim == 4
    assert c.shape[1] == 3
    return net.norm(c)


def never_normed_when_bright(net: Chain, x: Tensor) -> Tensor:
    c = net.conv(x)
    return c if float(x.mean()) > 10 else net.norm(c)


def pictures(count: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.cat([picture(seed=i) for i in range(count)]).to(dtype)


class Count(TorchFunctionMode):
    """How many batch norms are computed."""

    def __init__(self) -> None:
        super().__init__()
        self.norms = 0

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        self.norms += func is F.batch_norm
        return func(*args, **(kwargs or {}))


def check(model: nn.Module, norms: int, dtype: torch.dtype = torch.float64) -> None:
    """Learned, the network computes `norms` batch norms and gives what it gives by itself."""
    model = model.to(dtype).eval()
    network, x = Network(model), pictures(3, dtype)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    target = resolve(1, model(x))
    network.outputs(x[:1])
    with torch.no_grad():
        expected = model(x)
    with Count() as count:
        folded = network.outputs(x)
    assert count.norms == norms
    scores, folded_gradient = network.gradients(x, target)
    tolerance = {torch.float64: 1e-12, torch.float32: 1e-5, torch.bfloat16: 0.0}[dtype]
    close = {"rtol": tolerance, "atol": tolerance}
    torch.testing.assert_close(folded, expected, **close)
    torch.testing.assert_close(scores, expected[:, 1], **close)
    torch.testing.assert_close(folded_gradient, plain_gradient(model, x, target), **close)
    for name, value in model.state_dict().items():
        assert torch.equal(value, state[name]), name


def plain_gradient(model: nn.Module, x: Tensor, target: Target) -> Tensor:
    x = x.clone().requires_grad_(True)
    return torch.autograd.grad(target.score(model(x), batch=len(x)).sum(), x)[0]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_a_residual_network(dtype: torch.dtype) -> None:
    check(Normalised(), 0, dtype)


@pytest.mark.parametrize("norm", [{}, {"affine": False}, {"eps": 0.1}])
def test_kinds_of_norms(norm: dict[str, Any]) -> None:
    check(Chain(plain, **norm), 0)


def test_questions_do_not_matter() -> None:
    check(Chain(asked_first), 0)


@pytest.mark.parametrize(
    ("model", "norms"),
    [
        pytest.param(Chain(shared_convolution), 2, id="two norms behind one convolution"),
        pytest.param(Chain(two_readers), 1, id="two readers"),
    ],
)
def test_what_cannot_be_folded_is_left(model: nn.Module, norms: int) -> None:
    check(model, norms)


def test_statistics_of_the_batch_are_not_folded_and_each_picture_is_taken_alone() -> None:
    model, x = BatchStatistics().double().eval(), pictures(3, torch.float64)
    network, target = Network(model), resolve(1, model(x))
    network.outputs(x)  # learns that nothing can be folded
    with Count() as count, torch.no_grad():
        torch.testing.assert_close(network.outputs(x), model(x), rtol=1e-12, atol=1e-12)
    assert count.norms == 2  # ours and that of the plain network
    singles = torch.stack([model(one[None])[0, 1] for one in x])
    torch.testing.assert_close(network.scores(x, target), singles.detach(), rtol=1e-12, atol=1e-12)


def test_half_precision_is_left() -> None:
    check(Chain(plain), 1, torch.bfloat16)


def test_computed_weights_are_left() -> None:
    model = Chain(plain)
    parametrizations.weight_norm(model.conv)
    check(model, 1)


def test_a_network_that_turns_elsewhere() -> None:
    network = Network(Chain(never_normed_when_bright).double())
    dark, bright = pictures(2), pictures(2) + 20
    for _ in range(3):
        network.outputs(dark)
    for _ in range(2):
        with torch.no_grad():
            torch.testing.assert_close(network.outputs(bright), network.model(bright))
            torch.testing.assert_close(network.outputs(dark), network.model(dark))


def test_new_weights_are_folded_anew() -> None:
    model = Chain(plain).double()
    network, x = Network(model), pictures(2)
    for change in (model.conv.weight, model.norm.bias, model.norm.running_var):
        for _ in range(3):
            network.outputs(x)
        with torch.no_grad():
            change.mul_(1.5).add_(0.1)
            for _ in range(3):
                torch.testing.assert_close(network.outputs(x), model(x))


def test_listeners_hear_the_convolution_itself() -> None:
    model = Chain(plain).double()
    network, x = Network(model), pictures(2)
    for _ in range(3):
        network.outputs(x)
    heard: list[Tensor] = []
    model.conv.register_forward_hook(lambda module, args, output: heard.append(output.clone()))
    network.outputs(x)
    with torch.no_grad():
        expected = F.conv2d(x, model.conv.weight, model.conv.bias, padding=1)
    torch.testing.assert_close(heard, [expected])


def test_a_network_for_pairs_only() -> None:
    def pairs_only(net: Chain, x: Tensor) -> Tensor:
        if len(x) % 2:
            raise ExplanationError("pairs only")
        return plain(net, x)

    model = Chain(pairs_only).double()
    network, x = Network(model), pictures(2)
    for _ in range(3):
        with torch.no_grad():
            torch.testing.assert_close(network.outputs(x), model(x))


def by_size(net: Chain, x: Tensor) -> Tensor:
    return (net.norm if x.shape[-1] <= 32 else net.other)(net.conv(x))


def by_brightness(net: Chain, x: Tensor) -> Tensor:
    c = net.conv(x)
    bright = (x.mean((1, 2, 3)) > 10)[:, None, None, None]
    return torch.where(bright, net.norm(c) + c, net.norm(c))


def read_again(net: Chain, x: Tensor) -> Tensor:
    c = net.conv(x)
    z = net.norm(c)
    return torch.cat([z, c]).chunk(2)[0] + (x.mean((1, 2, 3)) > 10)[:, None, None, None] * c


def second_norm(net: Chain, x: Tensor) -> Tensor:
    c = net.conv(x)
    bright = (x.mean((1, 2, 3)) > 10)[:, None, None, None]
    return torch.where(bright, net.other(c), net.norm(c))


def normed_by_the_picture(net: Chain, x: Tensor) -> Tensor:
    scale = net.norm.weight * (x.shape[-1] / 32)
    return F.batch_norm(
        net.conv(x), net.norm.running_mean, net.norm.running_var, scale, net.norm.bias
    )


def statistics_of_the_picture(net: Chain, x: Tensor) -> Tensor:
    assert net.norm.running_mean is not None
    net.norm.running_mean.fill_(x.shape[-1] / 32)
    return net.norm(net.conv(x))


def other_bias(net: Chain, x: Tensor) -> Tensor:
    bias = net.conv.bias if x.shape[-1] <= 32 else net.other.bias
    return net.norm(F.conv2d(x, net.conv.weight, bias, padding=1))


def catches_everything(net: Chain, x: Tensor) -> Tensor:
    c = net.conv(x)
    z = net.norm(c)
    try:
        return z if float(x.mean()) <= 10 else z + c
    except BaseException:
        return z


class ByHand(torch.autograd.Function):
    """A function of autograd, which is not met as others are."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.square()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return gradients[0]


def function_by_hand(net: Chain, x: Tensor) -> Tensor:
    c = net.conv(x)
    return net.norm(c) + 1e-9 * ByHand.apply(c)  # type: ignore[no-untyped-call]  # of torch


@pytest.mark.parametrize(
    "how",
    [
        by_size,
        by_brightness,
        read_again,
        second_norm,
        normed_by_the_picture,
        statistics_of_the_picture,
        other_bias,
        catches_everything,
        function_by_hand,
    ],
)
def test_what_one_picture_does_not_show_is_right_for_others(how: Any) -> None:
    model = Chain(how).double().eval()
    network, target = Network(model), resolve(1, torch.zeros(1, CLASSES))
    large = torch.nn.functional.interpolate(pictures(2), (48, 48))
    for x in (pictures(2), pictures(2)[:1], pictures(2)[:1] + 20, large, pictures(2)[1:]):
        with torch.no_grad():
            torch.testing.assert_close(network.outputs(x), model(x))
        scores, gradient = network.gradients(x, target)
        torch.testing.assert_close(scores, model(x)[:, 1])
        torch.testing.assert_close(gradient, plain_gradient(model, x, target))


class KeepsMap(nn.Module):
    """Gives out what lies between its convolution and its norm, beside the scores."""

    def __init__(self) -> None:
        super().__init__()
        self.chain = Chain(plain).double()

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        c = self.chain.conv(x)
        return {"scores": self.chain.head(self.chain.norm(c).relu().mean((2, 3))), "map": c}


def test_an_output_that_holds_the_convolution_s_result() -> None:
    model = KeepsMap().eval()
    network, x = Network(model), pictures(2)
    for _ in range(2):
        found = network.outputs(x)
        with torch.no_grad():
            expected = model(x)
        torch.testing.assert_close(found, expected)


def test_hooks_for_every_module_hear_the_convolution_itself() -> None:
    model = Chain(plain).double()
    network, x = Network(model), pictures(2)
    network.outputs(x)
    heard: list[Tensor] = []

    def hear(module: nn.Module, args: Any, output: Tensor) -> None:
        if module is model.conv:
            heard.append(output.clone())

    handle = nn.modules.module.register_module_forward_hook(hear)
    try:
        network.outputs(x)
    finally:
        handle.remove()
    with torch.no_grad():
        torch.testing.assert_close(
            heard, [F.conv2d(x, model.conv.weight, model.conv.bias, padding=1)]
        )
