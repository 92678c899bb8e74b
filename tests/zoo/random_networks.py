"""Random small networks of convolutions: their layers, how often and on what the body runs, their
heads, and what they give out. All of it is drawn by hypothesis, weights from a seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor, nn

from tests.networks import seeded
from tests.zoo.slow import Place

SIDE = 24  # of the pictures
CHANNELS = (1, 3, 4)
_RECTIFIERS: dict[str, Any] = {
    "relu": nn.ReLU,
    "relu_in_place": partial(nn.ReLU, inplace=True),
    "gelu": nn.GELU,
    "tanh": nn.Tanh,
    "leaky": partial(nn.LeakyReLU, 0.1),
}
_TURNS: dict[str, tuple[int, ...]] = {
    "upright": (),
    "mirrored": (-1,),
    "upside_down": (-2,),
    "both": (-2, -1),
}


@dataclass(frozen=True)
class View:
    """A part of the picture that the body sees: a box of the picture's side or two thirds of it,
    turned.
    """

    turn: str = "upright"
    corner: tuple[int, int] | None = None  # in eighths of a third of the side; None: all of it

    def of(self, x: Tensor) -> Tensor:
        """What of the pictures (N, C, H, W) is seen."""
        if self.corner is not None:
            side, (row, column) = SIDE * 2 // 3, self.corner
            x = x[..., row : row + side, column : column + side]
        return x.flip(_TURNS[self.turn]) if _TURNS[self.turn] else x

    def place(self, stride: int, item: int = 0) -> Place:
        """Where its map lies on a grid of that stride; `item` is its number in a call."""
        row, column = self.corner or (0, 0)
        turn = partial(torch.flip, dims=_TURNS[self.turn])
        return Place(row // stride, column // stride, turn, item)


@dataclass(frozen=True)
class Recipe:
    """Everything that a random network is made from."""

    seed: int
    channels: int
    widths: tuple[int, ...]
    strided: int  # which of the convolutions has stride 2
    rectifier: str
    batch_norm: bool
    residual: bool
    views: tuple[View, ...]
    repeats: int  # of a shared block behind the body, in each view
    pool: str
    hidden: bool  # whether the head has a layer of its own
    joined: str  # how the views come together
    output: str
    classes: int

    @property
    def stride(self) -> int:
        """The body's."""
        return 2 if self.strided < len(self.widths) else 1

    @property
    def grid(self) -> tuple[int, int]:
        """The size of a map of the whole picture."""
        return SIDE // self.stride, SIDE // self.stride

    @property
    def in_one_batch(self) -> bool:
        """Whether the views are put behind each other: they can be if they are of one size."""
        return self.joined == "batch" and len({view.corner is None for view in self.views}) == 1

    @property
    def places(self) -> list[list[Place]]:
        """Where each call of the body lies, item by item."""
        if self.in_one_batch:
            return [[view.place(self.stride, i) for i, view in enumerate(self.views)]]
        return [[view.place(self.stride)] for view in self.views]

    def build(self) -> RandomNetwork:
        """The network, the same each time."""
        network = seeded(RandomNetwork(self), self.seed)
        generator = torch.Generator().manual_seed(self.seed)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                size = module.num_features
                module.running_mean = torch.randn(size, generator=generator) / 4
                module.running_var = torch.rand(size, generator=generator) + 0.5
        return network

    def picture(self, offset: int = 0) -> Tensor:
        """A picture (C, H, W) of noise."""
        generator = torch.Generator().manual_seed(self.seed + 1000 + offset)
        return torch.rand(self.channels, SIDE, SIDE, generator=generator)

    def scores(self, output: Any) -> Tensor:
        """What targets mean, of what the network gives out."""
        if self.output == "dictionary":
            output = output["logits"]
        elif self.output == "tuple":
            output = output[0]
        return output.reshape(-1, self.classes)


class RandomNetwork(nn.Module):
    """A body that sees one or several views of the picture, and a head."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.recipe = recipe
        layers: list[nn.Module] = []
        before = recipe.channels
        for i, width in enumerate(recipe.widths):
            layers.append(nn.Conv2d(before, width, 3, 2 if i == recipe.strided else 1, 1))
            if recipe.batch_norm:
                layers.append(nn.BatchNorm2d(width))
            layers.append(_RECTIFIERS[recipe.rectifier]())
            before = width
        self.body = nn.Sequential(*layers)
        self.block = nn.Conv2d(before, before, 3, padding=1)
        joined = before * (len(recipe.views) if recipe.joined == "side_by_side" else 1)
        self.head = nn.Linear(joined, recipe.classes)
        if recipe.hidden:
            self.head = nn.Sequential(nn.Linear(joined, 8), nn.Tanh(), nn.Linear(8, recipe.classes))

    def features(self, x: Tensor) -> Tensor:
        """(N, channels) of one view."""
        x = self.body(x)
        for _ in range(self.recipe.repeats):
            changed = self.block(x).tanh()
            x = x + changed if self.recipe.residual else changed
        return x.amax((2, 3)) if self.recipe.pool == "max" else x.mean((2, 3))

    def forward(self, x: Tensor) -> Any:
        views = [view.of(x) for view in self.recipe.views]
        if self.recipe.in_one_batch:
            seen = list(self.features(torch.cat(views)).chunk(len(views)))
        else:
            seen = [self.features(view) for view in views]
        if self.recipe.joined == "side_by_side":
            scores = self.head(torch.cat(seen, 1))
        elif self.recipe.joined == "scores":
            scores = torch.stack([self.head(s) for s in seen]).mean(0)
        else:
            scores = self.head(torch.stack(seen).mean(0))
        return _OUTPUTS[self.recipe.output](scores)


_OUTPUTS: dict[str, Any] = {
    "plain": lambda scores: scores,
    "dictionary": lambda scores: {"logits": scores},
    "tuple": lambda scores: (scores,),
    "one_by_one": lambda scores: scores[:, :, None, None],
    "squeezed": lambda scores: scores.squeeze(),
}

_corners = st.tuples(*2 * [st.sampled_from([0, 2, 4, 8])])
_views = st.builds(View, st.sampled_from(sorted(_TURNS)), st.none() | _corners)
recipes = st.builds(
    Recipe,
    seed=st.integers(0, 10_000),
    channels=st.sampled_from(CHANNELS),
    widths=st.lists(st.sampled_from([4, 6, 8]), min_size=1, max_size=3).map(tuple),
    strided=st.integers(0, 3),
    rectifier=st.sampled_from(sorted(_RECTIFIERS)),
    batch_norm=st.booleans(),
    residual=st.booleans(),
    views=st.lists(_views, min_size=1, max_size=3).map(tuple),
    repeats=st.integers(0, 2),
    pool=st.sampled_from(["mean", "max"]),
    hidden=st.booleans(),
    joined=st.sampled_from(["features", "scores", "side_by_side", "batch"]),
    output=st.sampled_from(sorted(_OUTPUTS)),
    classes=st.integers(2, 6),
)
