"""Engines as workers of an executor make them."""

from __future__ import annotations

from typing import Any

import torch

import xai_widgets as xw
from tests.networks import cnn


def make_engine(seed: int = 0, layer: str | None = None) -> xw.Engine:
    torch.set_num_threads(1)
    return xw.Engine(cnn(seed=seed), layer=layer)


def brightest(engine: xw.Engine, picture: Any, attribution: Any, target: Any) -> float:
    return float(attribution.heatmap().max())


def half_size(seed: int = 0) -> xw.Engine:
    """The same network, with a preprocessing of its own."""
    return xw.Engine(cnn(seed=seed), preprocessing=lambda image: image * 0.5)
