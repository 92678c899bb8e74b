"""Norms of a single picture, whose backward PyTorch has wrong on a CPU: against differences."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn

from tests.networks import CLASSES, seeded
from xai_widgets.engine import Engine
from xai_widgets.probe.network import Network
from xai_widgets.probe.norms import NormMode
from xai_widgets.probe.trace import Trace
from xai_widgets.targets import Target

CLASS = Target(1, "class 1")
NORMS: dict[str, Callable[[], nn.Module]] = {
    "batch": lambda: nn.BatchNorm2d(8),
    "batch_not_affine": lambda: nn.BatchNorm2d(8, affine=False),
    "batch_statistics": lambda: nn.BatchNorm2d(8, track_running_stats=False),
    "instance": lambda: nn.InstanceNorm2d(8),
    "instance_affine": lambda: nn.InstanceNorm2d(8, affine=True),
    "instance_tracking": lambda: nn.InstanceNorm2d(8, track_running_stats=True),
    "group": lambda: nn.GroupNorm(2, 8),
}


class Tokens(nn.Module):
    """A norm between a convolution and tokens; `contiguous` cannot take channels last."""

    def __init__(self, norm: nn.Module, contiguous: bool) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 8, 4, 4), norm
        self.contiguous = contiguous
        self.mix = nn.Conv2d(8, 8, 3, padding=1)
        self.weights = nn.Parameter(torch.zeros(16))
        self.head = nn.Linear(8, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        if self.contiguous:
            x = x.view(len(x), -1).view(x.shape)
        x = self.norm(x).relu()
        tokens = (x + self.mix(x).tanh()).flatten(2).transpose(1, 2)
        return self.head((tokens * self.weights[:, None]).sum(1))


def tokens(norm: str, contiguous: bool) -> Tokens:
    return seeded(Tokens(NORMS[norm](), contiguous)).double()


def x_of(count: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(count, 3, 16, 16, generator=generator, dtype=torch.float64)


def differences(network: nn.Module, x: Tensor, step: float = 1e-6) -> Tensor:
    """∂y/∂x by central differences, all at once: rows of a batch."""
    steps = step * torch.eye(x.numel(), dtype=x.dtype).view(-1, *x.shape[1:])
    with torch.no_grad():
        rise = torch.cat([network(part) for part in (x + steps).split(256)])
        fall = torch.cat([network(part) for part in (x - steps).split(256)])
    return ((rise - fall)[:, CLASS.index] / (2 * step)).view(x.shape)


@pytest.mark.parametrize("contiguous", [True, False])
@pytest.mark.parametrize("norm", [name for name in NORMS if name != "batch_statistics"])
def test_the_gradient_is_that_of_differences_and_of_a_batch_of_two(
    norm: str, contiguous: bool
) -> None:
    network, x = tokens(norm, contiguous), x_of()
    expected = differences(network, x)
    trace = Trace(Network(network), x)
    torch.testing.assert_close(trace.gradient(CLASS), expected, rtol=1e-5, atol=1e-8)
    both = Trace(Network(network), torch.cat([x, x]))
    torch.testing.assert_close(both.gradient(CLASS)[:1], expected, rtol=1e-5, atol=1e-8)
    _, found = Network(network).gradients(x, CLASS)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-8)

    def outside(model: nn.Module, given: Tensor) -> Tensor:
        given.requires_grad_(True)
        (gradient,) = torch.autograd.grad(model(given)[:, CLASS.index].sum(), given)
        return gradient

    torch.testing.assert_close(trace.with_network(outside), expected, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("contiguous", [True, False])
def test_the_engine_in_single_precision(contiguous: bool) -> None:
    for norm in ("batch", "instance"):
        expected = differences(tokens(norm, contiguous), x_of())[0]
        network = tokens(norm, contiguous).float()
        found = torch.tensor(
            Engine(network).explain(x_of()[0].float(), "saliency", target=1).values
        )
        assert (found - expected).abs().max() <= 1e-4 * expected.abs().max()


def test_layer_gradients_and_guided_ones() -> None:
    network, x = tokens("instance", True), x_of()
    single, double = (Trace(Network(network), z) for z in (x, torch.cat([x, x])))
    for rule in ("standard", "guided"):
        one = single.layer_gradient(CLASS, "conv", rule)
        torch.testing.assert_close(one, double.layer_gradient(CLASS, "conv", rule)[:1])


def laid_out(shape: tuple[int, ...], seed: int) -> Iterator[Tensor]:
    """The same values in every order of strides."""
    values = torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    for order in itertools.permutations(range(len(shape))):
        inverse = [order.index(i) for i in range(len(shape))]
        yield values.permute(order).contiguous().permute(inverse)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("kind", ["batch", "instance"])
def test_every_layout_of_map_and_gradient(kind: str, training: bool) -> None:
    norm = NORMS[kind]().double().train(training)
    seeded(norm).train(training)
    shape, expected = (1, 8, 4, 5), None
    for x in laid_out(shape, 1):
        for g in laid_out(shape, 2):
            x = x.detach().requires_grad_(True)
            with NormMode():
                y = norm(x)
            (found,) = torch.autograd.grad(y, x, g)
            expected = found if expected is None else expected  # contiguous both
            torch.testing.assert_close(found, expected)
