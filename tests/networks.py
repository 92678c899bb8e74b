"""Small networks in the many ways people write them, with seeded random weights."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

CLASSES = 5
Rectifier = Callable[[Tensor], Tensor]
Network = TypeVar("Network", bound=nn.Module)


def seeded(network: Network, seed: int = 0) -> Network:
    """The network in evaluation mode with every parameter drawn from one seed, biases included: the
    same on any device, and whatever the default one is.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            fan_in = max(parameter[0].numel(), 1) if parameter.ndim > 1 else 4
            drawn = torch.randn(parameter.shape, generator=generator, device="cpu")
            parameter.copy_(drawn / fan_in**0.5)
    return network.eval()


def picture(channels: int = 3, size: int | tuple[int, int] = 16, seed: int = 0) -> Tensor:
    """A model input (1, C, H, W) of seeded noise, laid out as the probe lays it out: what a network
    makes of it can be compared bit for bit.
    """
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(1, channels, height, width, generator=generator, device="cpu")
    return x.contiguous(memory_format=torch.channels_last)


class Cnn(nn.Module):
    """Two convolutions, each followed by `rectify`, then the mean over positions and a linear head.

    All networks here that differ only in how the rectifier is spelled have the same weights.
    """

    def __init__(self, rectify: Rectifier | nn.Module, channels: int = 3) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 8, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1)
        self.head = nn.Linear(8, CLASSES)
        self.rectify = rectify

    def forward(self, x: Tensor) -> Tensor:
        x = self.rectify(self.conv1(x))
        x = self.rectify(self.conv2(x))
        return self.head(x.mean((2, 3)))


def _relu_in_a_slice(x: Tensor) -> Tensor:
    """Rectify in place through views that together are the whole tensor."""
    x[:, :3].relu_()
    F.relu(x[:, 3:], inplace=True)
    return x


def _relu_of_chunks(x: Tensor) -> Tensor:
    return torch.cat([torch.relu(part) for part in x.chunk(2, dim=1)], dim=1)


# Every way to write max(u, 0).
RELU_SPELLINGS: dict[str, Callable[[], Rectifier]] = {
    "module": nn.ReLU,
    "in_place_module": lambda: nn.ReLU(inplace=True),
    "functional": lambda: F.relu,
    "functional_in_place": lambda: lambda x: F.relu(x, inplace=True),
    "torch": lambda: torch.relu,
    "torch_in_place": lambda: torch.relu_,
    "method": lambda: lambda x: x.relu(),
    "method_in_place": lambda: lambda x: x.relu_(),
    "keyword": lambda: lambda x: F.relu(input=x),
    "new_module_each_time": lambda: lambda x: nn.ReLU()(x),
    "clamp": lambda: lambda x: x.clamp(min=0),
    "clamp_in_place": lambda: lambda x: x.clamp_(min=0.0),
    "clamp_positional": lambda: lambda x: torch.clamp(x, 0),
    "clamp_min": lambda: lambda x: torch.clamp_min(x, 0),
    "clip": lambda: lambda x: x.clip(0),
    "threshold": lambda: nn.Threshold(0, 0),
    "leaky_with_slope_0": lambda: nn.LeakyReLU(0.0),
    "slices_in_place": lambda: _relu_in_a_slice,
    "chunks": lambda: _relu_of_chunks,
}

# Every way to write min(max(u, 0), 6).
RELU6_SPELLINGS: dict[str, Callable[[], Rectifier]] = {
    "module": nn.ReLU6,
    "in_place_module": lambda: nn.ReLU6(inplace=True),
    "functional": lambda: F.relu6,
    "hardtanh": lambda: nn.Hardtanh(0, 6),
    "hardtanh_in_place": lambda: nn.Hardtanh(0.0, 6.0, inplace=True),
    "hardtanh_functional": lambda: lambda x: F.hardtanh(x, 0, 6),
    "hardtanh_keywords": lambda: lambda x: F.hardtanh(x, min_val=0, max_val=6),
    "clamp": lambda: lambda x: x.clamp(0, 6),
    "clamp_keywords": lambda: lambda x: torch.clamp(x, min=0, max=6),
}


def cnn(spelling: str = "module", seed: int = 0) -> Cnn:
    """The common small network, its rectifiers spelled in one of the ways above."""
    return seeded(Cnn(RELU_SPELLINGS[spelling]()), seed)


def cnn6(spelling: str = "module", seed: int = 0) -> Cnn:
    """The same with rectifiers that saturate at 6, which is reached."""
    network = seeded(Cnn(RELU6_SPELLINGS[spelling]()), seed)
    with torch.no_grad():
        network.conv1.weight.mul_(8)
    return network


class Sequence(nn.Sequential):
    """A plain chain with a Grad-CAM kind of head: convolutions, mean over positions, linear."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(
            nn.Conv2d(3, 8, 3, stride=2, padding=1),
            nn.ReLU(inplace=inplace),
            nn.Conv2d(8, 6, 3, padding=1),
            nn.ReLU(inplace=inplace),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(6, CLASSES),
        )


class Normalised(nn.Module):
    """BatchNorm, dropout and a residual connection: what behaves otherwise in training."""

    def __init__(self, classes: int = CLASSES) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.norm1 = nn.BatchNorm2d(8)
        self.relu = nn.ReLU(inplace=True)
        self.drop = nn.Dropout2d(0.5)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1)
        self.norm2 = nn.BatchNorm2d(8)
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(8, classes))
        generator = torch.Generator().manual_seed(1)
        for norm in (self.norm1, self.norm2):
            mean = torch.randn(8, generator=generator, device="cpu")
            variance = torch.rand(8, generator=generator, device="cpu") + 0.5
            norm.running_mean, norm.running_var = mean.to(norm.weight), variance.to(norm.weight)

    def forward(self, x: Tensor) -> Tensor:
        x = self.drop(self.relu(self.norm1(self.conv1(x))))
        x = self.relu(self.norm2(self.conv2(x)) + x)
        return self.head(x.mean((2, 3)))


class BatchStatistics(Cnn):
    """BatchNorm that keeps no running statistics: those of the batch, also in evaluation."""

    def __init__(self) -> None:
        super().__init__(nn.ReLU())
        self.norm = nn.BatchNorm2d(8, track_running_stats=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.rectify(self.norm(self.conv1(x)))
        return self.head(self.rectify(self.conv2(x)).mean((2, 3)))


class Gelu(Cnn):
    """No rectifier at all."""

    def __init__(self) -> None:
        super().__init__(nn.GELU())


_ONES = torch.ones(1, 1, 8, 8)
_MULTIHEAD = nn.MultiheadAttention(8, 2, dropout=0.5).train()

# Every way a network may draw random numbers while it runs.
DRAWS: dict[str, Callable[[], object]] = {
    "torch.rand": lambda: torch.rand(()),
    "torch.randn_like": lambda: torch.randn_like(_ONES),
    "torch.randint": lambda: torch.randint(3, (2,)),
    "torch.bernoulli": lambda: torch.bernoulli(_ONES / 2),
    "torch.multinomial": lambda: torch.multinomial(torch.ones(4), 2),
    "torch.binomial": lambda: torch.binomial(torch.ones(4), torch.ones(4) / 2),
    "Tensor.uniform_": lambda: torch.empty(()).uniform_(),
    "Tensor.bernoulli": lambda: _ONES.div(2).bernoulli(),
    "init.normal_": lambda: nn.init.normal_(torch.empty(3)),
    "init.trunc_normal_": lambda: nn.init.trunc_normal_(torch.empty(3)),
    "init.kaiming_uniform_": lambda: nn.init.kaiming_uniform_(torch.empty(3, 3)),
    "Normal": lambda: torch.distributions.Normal(0.0, 1.0).sample(),
    "Gamma": lambda: torch.distributions.Gamma(torch.ones(2), torch.ones(2)).sample(),
    "dropout": lambda: F.dropout(_ONES),
    "dropout2d": lambda: F.dropout2d(_ONES, 0.5, True),
    "torch.dropout": lambda: torch.dropout(_ONES, 0.5, True),
    "alpha_dropout": lambda: F.alpha_dropout(_ONES, training=True),
    "Dropout": lambda: nn.Dropout().train()(_ONES),
    "rrelu": lambda: F.rrelu(-_ONES, training=True),
    "gumbel_softmax": lambda: F.gumbel_softmax(_ONES),
    "fractional_max_pool2d": lambda: F.fractional_max_pool2d(_ONES, 2, output_size=3),
    "FractionalMaxPool2d": lambda: nn.FractionalMaxPool2d(2, 3, return_indices=True)(_ONES),
    "attention": lambda: F.scaled_dot_product_attention(_ONES, _ONES, _ONES, dropout_p=0.5),
    "MultiheadAttention": lambda: _MULTIHEAD(_ONES[0], _ONES[0], _ONES[0]),
    "numpy": lambda: np.random.rand(),  # noqa: NPY002  # what such networks call
    "random": random.random,
}


class Stochastic(Cnn):
    """Draws random numbers in evaluation too, from one of the global generators."""

    def __init__(self, source: str) -> None:
        super().__init__(nn.ReLU())
        self.draw = DRAWS[source]

    def forward(self, x: Tensor) -> Tensor:
        drawn = self.draw()
        return super().forward(x) + (drawn.float().mean() if isinstance(drawn, Tensor) else 0)


class DropoutAlways(Cnn):
    """Monte Carlo dropout: drops in evaluation too."""

    def __init__(self) -> None:
        super().__init__(nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.dropout(x, 0.2, training=True))


@dataclass
class Output:
    logits: Tensor
    hidden: Tensor | None = None


class Named(NamedTuple):
    logits: Tensor
    hidden: Tensor


OUTPUTS: dict[str, Callable[[Tensor, Tensor], Any]] = {
    "dict": lambda logits, hidden: {"out": logits, "aux": hidden},
    "dict_of_logits": lambda logits, hidden: {"loss": None, "logits": logits},
    "tuple": lambda logits, hidden: (logits, hidden),
    "dataclass": Output,
    "namedtuple": Named,
}


class WrappedOutput(Cnn):
    """Gives its logits out inside something."""

    def __init__(self, kind: str) -> None:
        super().__init__(nn.ReLU())
        self.wrap = OUTPUTS[kind]

    def forward(self, x: Tensor) -> Any:
        hidden = self.rectify(self.conv2(self.rectify(self.conv1(x))))
        return self.wrap(self.head(hidden.mean((2, 3))), hidden)


class Fails(Cnn):
    """Raises after its first convolution, when `failing` is set."""

    def __init__(self) -> None:
        super().__init__(nn.ReLU())
        self.failing = True

    def forward(self, x: Tensor) -> Tensor:
        if self.failing:
            self.conv1(x)
            raise RuntimeError("the network failed half-way")
        return super().forward(x)


class OverwritesInput(Cnn):
    """Normalises its input in place."""

    def __init__(self) -> None:
        super().__init__(nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        x.sub_(0.5).mul_(2)
        return super().forward(x)


class TwoNames(nn.Module):
    """One block registered under two names and run twice."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, stride=2, padding=1)
        self.block = nn.Sequential(nn.Conv2d(6, 6, 3, padding=1), nn.ReLU())
        self.again = self.block
        self.head = nn.Linear(6, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.again(self.block(self.stem(x))).mean((2, 3)))


class CountsCalls(Cnn):
    """Keeps a count of its passes in buffers, one written in place and one replaced."""

    written: Tensor
    replaced: Tensor

    def __init__(self) -> None:
        super().__init__(nn.ReLU())
        self.register_buffer("written", torch.zeros(()))
        self.register_buffer("replaced", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        self.written += 1
        self.replaced = self.replaced + 1
        return super().forward(x)


class Passes:
    """How many pictures each forward pass was given, outside of what a probe gives back."""

    def __init__(self) -> None:
        self._counted: SimpleQueue[int] = SimpleQueue()

    def append(self, pictures: int) -> None:
        self._counted.put(pictures)

    def clear(self) -> None:
        while not self._counted.empty():
            self._counted.get()

    def __iter__(self) -> Iterator[int]:
        counted = [self._counted.get() for _ in range(self._counted.qsize())]
        for pictures in counted:
            self._counted.put(pictures)
        return iter(counted)

    def __len__(self) -> int:
        return self._counted.qsize()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, list) and list(self) == other

    def __repr__(self) -> str:
        return repr(list(self))


class Counting(nn.Module):
    """Any network, its forward passes counted: the number of pictures in each."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.passes = Passes()

    def forward(self, x: Tensor) -> Any:
        self.passes.append(len(x))
        return self.network(x)
