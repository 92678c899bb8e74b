"""What the tests of path, noise, surrogate and perturbation methods run on, and how they run it."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor, nn

from tests.networks import Cnn
from xai_widgets.methods import METHODS
from xai_widgets.probe.network import Network
from xai_widgets.probe.trace import Trace
from xai_widgets.targets import Target

CLASS = Target(3, "class 3")


class Function(nn.Module):
    """A formula as a network of one class; pictures of single pixels are its variables."""

    def __init__(self, formula: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.formula = formula

    def forward(self, x: Tensor) -> Tensor:
        return self.formula(x.flatten(1).T)[:, None]


class Smooth(Cnn):
    """A network without kinks, where quadratures converge quickly."""

    def __init__(self) -> None:
        super().__init__(F.softplus)


def run(
    model: nn.Module, x: Tensor, method: str, target: Target = CLASS, **given: object
) -> Tensor:
    """A method's final values for a batch."""
    card = METHODS[method]
    trace = Trace(Network(model), x)
    layer = trace.layers[0].name if card.takes_layer else None
    with torch.no_grad():
        return list(card.run(trace, target, layer, card.resolve(given)))[-1].result.tensor
