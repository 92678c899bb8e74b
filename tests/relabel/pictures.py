"""Drawn pictures that an autoencoder can learn something of in seconds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def bars(count: int, size: int = 16, channels: int = 1, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Light bars of random place, width and brightness on black: (N, size, size, channels)."""
    chance = np.random.default_rng(seed)
    pictures = np.zeros((count, size, size, channels), dtype=np.uint8)
    for picture in pictures:
        start = int(chance.integers(size - 4))
        width = int(chance.integers(2, 5))
        picture[:, start : start + width] = chance.integers(100, 256, channels)
    return pictures
