"""A network of the zoo: small, from configuration, its random weights at work in all its parts."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn

from xai_widgets import _torchvision

_torchvision.load()  # timm and others import it themselves

CLASSES = 10
Source = Literal["torchvision", "timm", "transformers"]
Cell = Literal["prediction", "saliency", "layer", "guided", "attention", "occlusion"]


@dataclass(frozen=True)
class Specimen:
    """How to build one network, and the pictures that it takes.

    `refuses` are the requests that cannot be answered, each with a word that the reason must have.
    A network without rectifiers may always refuse guided methods, and one without attention between
    all tokens the attention methods. `local` says that with random weights a place of its last map
    still depends most on the same place of the picture; `mixed` are layers of other resolutions of
    which that cannot be said. `quick` specimens are examined by every run
    of the tests.
    """

    family: str
    source: Source
    make: Callable[[], nn.Module]
    size: int | tuple[int, int] = 64
    channels: int = 3
    quick: bool = False
    local: bool = True
    mixed: tuple[str, ...] = ()
    refuses: dict[Cell, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What tells it from all others."""
        return f"{self.source}:{self.family}"

    def picture(self, seed: int = 0) -> Tensor:
        """A picture (C, H, W) of seeded noise in [0, 1]."""
        size = self.size if isinstance(self.size, tuple) else (self.size, self.size)
        generator = torch.Generator().manual_seed(seed)
        return torch.rand(self.channels, *size, generator=generator)

    def build(self) -> nn.Module:
        """The network in evaluation mode; the same weights every time."""
        torch.manual_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            network = self.make()
        return lively(network, torch.stack([self.picture(seed) for seed in range(4)]))


def lively(network: nn.Module, pictures: Tensor) -> nn.Module:
    """The network in evaluation mode, without parts that are silent because they are not trained.

    Layer scales of 1e-6, norms whose weight begins at 0 and positions that begin at 0 would leave
    whole blocks out of the answer. Batch norms get the statistics of the pictures (N, C, H, W), so
    that signals neither grow nor vanish on their way up.
    """
    generator = torch.Generator().manual_seed(0)
    norms = {id(p) for m in network.modules() if "Norm" in type(m).__name__ for p in _weights(m)}
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.numel() < 2 or not bool((parameter == parameter.flatten()[0]).all()):
                continue
            begins = float(parameter.flatten()[0])
            noise = torch.rand(parameter.shape, generator=generator)
            if begins == 1:
                parameter.copy_(noise + 0.5)
            elif begins == 0 and id(parameter) not in norms:
                parameter.copy_(0.2 * noise - 0.1)
            else:  # what a residual branch is multiplied with
                parameter.copy_(0.2 * noise + 0.1)
        network.eval()
        _gather_statistics(network, pictures)
    return network.requires_grad_(True)


def _weights(module: nn.Module) -> list[nn.Parameter]:
    weight = getattr(module, "weight", None)
    return [weight] if isinstance(weight, nn.Parameter) else []


def _gather_statistics(network: nn.Module, pictures: Tensor) -> None:
    norms = [
        module
        for module in network.modules()
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.running_mean is not None
    ]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean over all passes: here, of one
        norm.train()
    network(pictures)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()
