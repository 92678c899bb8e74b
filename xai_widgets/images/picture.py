"""A picture, ready to be explained."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import xxhash

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Picture"]


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture, ready to be explained.

    ``input`` (1, C, H, W) float32 on the CPU, what the model is given; ``pixels`` (H, W, 3) uint8,
    the same as a person sees it, de-normalised. ``exact`` is False where the pixels are not all of
    it, and ``shows`` says then what they are: three bands of several, or the input stretched from
    its minimum to its maximum, where the normalisation is unknown. ``black`` is a black pixel as
    the input has it, one number per channel, or None where that is unknown. ``warnings``: what of
    the picture did not reach the input, in words.
    """

    input: Tensor
    pixels: npt.NDArray[np.uint8]
    name: str
    exact: bool = True
    black: tuple[float, ...] | None = None
    shows: str = ""
    warnings: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> bytes:
        """A checksum of the input's values."""
        return xxhash.xxh3_128_digest(self.input.contiguous().numpy().data)
