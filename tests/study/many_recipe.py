"""Ten thousand small pictures and a few, for workers of an executor."""

from __future__ import annotations

import numpy as np
import torch

from tests.networks import cnn
from xai_widgets import Engine

COUNT = 10_007


def make_engine() -> Engine:
    torch.set_num_threads(1)
    return Engine(cnn())


def make_data() -> tuple[list[np.ndarray], list[int]]:
    pixels = np.random.default_rng(0).integers(0, 256, (COUNT, 16, 16, 3), dtype=np.uint8)
    return list(pixels), [number % 3 for number in range(COUNT)]
