"""What several lessons look at: made once, the same in the lessons and in their checks."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from xai_widgets import demo
from xai_widgets.engine import Engine

Floats = npt.NDArray[np.float64]
ESPRESSO, GOLDFISH = "espresso", "goldfish"


@functools.cache
def photographs() -> Engine:
    """The demo network for photographs."""
    return demo.engine()


@functools.cache
def drawn() -> Engine:
    """The demo network for drawn shapes."""
    return demo.shapes_engine()


@functools.cache
def one_shape() -> Any:
    """The drawn shape of lessons 2 and 3: a cross."""
    return demo.shapes(12, seed=3)[4]


@functools.cache
def a_star() -> Any:
    """The drawn shape of lesson 2's game."""
    return demo.shapes(12, seed=3)[9]


def heatmap(engine: Engine, image: Any, method: str, target: Any, **parameters: Any) -> Floats:
    """A map as float64 (H, W)."""
    return engine.explain(image, method, target=target, **parameters).heatmap().astype(np.float64)


def probability(model: nn.Module, x: Tensor, target: int) -> float:
    """The softmax probability of a class for one input (1, C, H, W)."""
    with torch.no_grad():
        return float(torch.softmax(model(x), 1)[0, target])


def practice() -> nn.Sequential:
    """A network with batch norm and dropout, as students find theirs: in training mode."""
    torch_state = torch.get_rng_state()
    torch.manual_seed(3)
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.AdaptiveAvgPool2d(4),
        nn.Flatten(),
        nn.Linear(128, 5),
    )
    torch.set_rng_state(torch_state)
    return model.train()


def gradient_of(model: nn.Module, x: Tensor, read: Callable[[Tensor], Tensor]) -> Tensor:
    """The derivative of a number that is read off the output, (3, H, W)."""
    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(read(model(x)), x)[0][0]


def recorded(
    model: nn.Module, place: int, x: Tensor, read: Callable[[Tensor], Tensor]
) -> tuple[Tensor, Tensor]:
    """What a layer of a sequence gives, and the derivative of a number that is read off the output
    with respect to it: (C, h, w) each.
    """
    layers = list(model.children())
    with torch.no_grad():
        a: Tensor = nn.Sequential(*layers[: place + 1])(x)
    return a[0], gradient_of(nn.Sequential(*layers[place + 1 :]), a, read)


def randomised(engine: Engine, seed: int = 0, name: str = "a network") -> Engine:
    """An engine over a copy whose weights are drawn anew, each tensor's values shuffled."""
    model = copy.deepcopy(engine.model)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            flat = parameter.flatten()
            parameter.copy_(
                flat[torch.randperm(len(flat), generator=generator, device="cpu")].view_as(
                    parameter
                )
            )
    return twin(engine, model, name)


def twin(engine: Engine, model: nn.Module, name: str) -> Engine:
    """An engine over another network with the same preprocessing and classes."""
    return Engine(
        model, preprocessing=engine.preprocessing, class_names=engine.class_names, name=name
    )
