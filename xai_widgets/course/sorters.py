"""The data set and the sorters of lesson 5: what is handed over, and what its judges know of it."""

from __future__ import annotations

import functools
import tempfile
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from xai_widgets import demo
from xai_widgets.course.scenes import Floats, twin
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError, brief, strict_keywords
from xai_widgets.study import Study

__all__ = [
    "SIDE",
    "HandedOver",
    "accuracy_without_marks",
    "experiment",
    "flipped",
    "handed_over",
    "place_of_mark",
    "studies",
]

_COUNT, _SEED, _SHARE = 300, 15, 0.92
SIDE = 64
_UPRIGHT = 3  # a deal whose pictures are not mirrored


@dataclass(frozen=True, eq=False)
class HandedOver:
    """What a customer gives you: two networks and a data set, as `Study` takes it."""

    engine: Engine
    other: Engine
    data: dict[str, Any] = field(repr=False)


def _mirrored(network: nn.Module, axes: tuple[int, ...]) -> nn.Module:
    """The network that says of a mirrored picture what this one says of the picture: its kernels
    are mirrored, and where it strides, so is the padding.
    """
    layers: list[nn.Module] = []
    for layer in network.children():
        if not isinstance(layer, nn.Conv2d):
            layers.append(layer)
            continue
        conv = nn.Conv2d(layer.in_channels, layer.out_channels, 3, layer.stride[0], device="cpu")
        with torch.no_grad():
            conv.weight.copy_(layer.weight.flip(axes) if axes else layer.weight)
            if conv.bias is not None and layer.bias is not None:
                conv.bias.copy_(layer.bias)
        across, down = ((1, 1 if layer.stride == (1, 1) else 0) for _ in range(2))
        across = across[::-1] if -1 in axes else across
        down = down[::-1] if -2 in axes else down
        layers += [nn.ZeroPad2d((*across, *down)), conv]
    return nn.Sequential(*layers).eval()


def _axes(deal: int) -> tuple[int, ...]:
    return ((-2, -1), (-1,), (-2,), ())[deal % 4]


@functools.lru_cache(maxsize=2)
def _pictures(deal: int) -> tuple[list[Any], Floats]:
    """The drawn shapes, and the mark's place (H, W) as 0 and 1; neither is mirrored yet."""
    shapes = demo.shapes(_COUNT, seed=_SEED + deal, shortcut=True, share=_SHARE)
    marked = next(s.shortcut for s in shapes if s.shortcut is not None)
    return shapes, marked.astype(np.float64)


def flipped(values: npt.NDArray[Any], deal: int) -> npt.NDArray[Any]:
    """An array (H, W, ...), mirrored as the deal's pictures are."""
    axes = tuple(axis + 2 for axis in _axes(deal))
    return np.ascontiguousarray(np.flip(values, axes)) if axes else values


@strict_keywords
def handed_over(*, deal: int = 0) -> HandedOver:
    """The data set of lesson 5 and two networks for it. Another `deal` is another data set.

    Raises ExplanationError for a deal that is not a whole number of 0 or more.
    """
    if isinstance(deal, bool) or not isinstance(deal, int) or deal < 0:
        raise ExplanationError(f"deal={brief(deal)}; expected a whole number, 0 or more")
    return _made(deal, deal)


def _made(deal: int, turned: int) -> HandedOver:
    """The pictures of a deal, and networks for them, mirrored as those of the deal `turned`."""
    shapes, _ = _pictures(deal)
    chance = np.random.default_rng([_SEED, deal])
    engines = []
    for shortcut, name in ((True, "Sorter"), (False, "The other sorter")):
        whole = demo.shapes_engine(shortcut=shortcut)
        axes = _axes(turned)
        network = _mirrored(whole.model, axes)
        engines.append(twin(whole, network, name))
    names = engines[0].class_names or []
    data = {
        "image": [flipped(s.pixels, turned) for s in shapes],
        "label": [names[s.label] for s in shapes],
        "shift": ["night" if s.shortcut is None else "day" for s in shapes],
        "belt": [f"belt {k}" for k in chance.integers(1, 5, len(shapes))],
    }
    return HandedOver(engines[0], engines[1], data)


@functools.lru_cache(maxsize=2)
def studies(deal: int) -> tuple[Study, Study]:
    """Studies of both networks, of pictures that are not mirrored, which takes a third of the time.
    Their folder goes with the process.
    """
    handed = _made(deal, _UPRIGHT)
    folder = tempfile.TemporaryDirectory(prefix="xai_widgets_course_")
    made = []
    for name, engine in (("one", handed.engine), ("other", handed.other)):
        study = Study(engine, handed.data, folder=f"{folder.name}/{name}")
        study.run(wait=True, progress=False)
        made.append(study)
    made[0]._course_folder = folder  # type: ignore[attr-defined]  # kept as long as the study is
    return made[0], made[1]


def place_of_mark(deal: int, turned: int) -> tuple[int, int, int, int]:
    """The mark's place (top, left, bottom, right) in pictures of a deal, mirrored as those of the
    deal `turned`.
    """
    mark = flipped(_pictures(deal)[1], turned)
    rows, columns = np.flatnonzero(mark.any(1)), np.flatnonzero(mark.any(0))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


@functools.lru_cache(maxsize=16)
def experiment(deal: int, kind: str, which: int = 0, rows: str = "right") -> tuple[float, float]:
    """Effect and control of an experiment on the mark's place; which: 0 or 1, whose study; rows:
    "right" (the first 120 of them), "wrong" or "all".
    """
    study = studies(deal)[which]
    every = np.arange(_COUNT)
    chosen = {"right": study.right[:120], "wrong": study.wrong, "all": every}[rows]
    region = place_of_mark(deal, _UPRIGHT)
    done = (
        study.swap(chosen, region, controls=4)
        if kind == "swap"
        else study.cover(chosen, region, fill=kind, controls=4)
    )
    return float(done.effect), float(done.control)


@functools.lru_cache(maxsize=4)
def accuracy_without_marks(deal: int) -> float:
    """The network's accuracy on the same pictures, none of them marked."""
    engine = demo.shapes_engine(shortcut=True)
    shapes = demo.shapes(_COUNT, seed=_SEED + deal)
    x = torch.cat([engine.input(s.pixels) for s in shapes])
    with torch.no_grad():
        said = engine.model(x).argmax(1).numpy()
    return float((said == [s.label for s in shapes]).mean())
