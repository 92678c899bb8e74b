"""A picture that has been read: its channels, their depth, and what else its pixels hold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from xai_widgets.errors import ExplanationError

__all__ = ["Loaded"]

_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R 601, as PIL's convert("L")
_ROUNDING = 1e-4  # of a level, in float32


@dataclass(frozen=True, eq=False)
class Loaded:
    """An upright picture: ``array`` (H, W, C), uint8 or float32 in [0, 1].

    C is 1 or 3 for a picture, laid over white where it was transparent, and any other number for
    bands. ``bands`` (H, W, 2 or more) is all that was there where ``array`` is only a picture of
    it: with the opacity, or with the pages after the first. ``sixteen`` is whether float32 stands
    for whole numbers from 0 to 65535. ``warnings``: what was lost in reading, in words.
    """

    array: npt.NDArray[Any]
    name: str
    bands: npt.NDArray[Any] | None = None
    sixteen: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def channels(self) -> int:
        """Those of ``array``."""
        return int(self.array.shape[2])

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.array.shape[0], self.array.shape[1]

    @property
    def in_words(self) -> str:
        """How many channels it has."""
        if self.channels not in (1, 3):
            return f"{self.channels} bands"
        also = "" if self.bands is None else f", {self.bands.shape[2]} with all it holds"
        return f"{self.channels} channel{'s' if self.channels > 1 else ''}{also}"

    def gives(self, channels: int) -> bool:
        """Whether there is a picture of that many channels, or that many bands, in it."""
        own = {self.channels} | (set() if self.bands is None else {self.bands.shape[2]})
        return channels in own or (channels in (1, 3) and self.channels in (1, 3))

    def image(self, channels: int) -> Image.Image:
        """Return it as an 8-bit PIL image, ``"L"`` for one channel and ``"RGB"`` for three."""
        array = self._array(channels)
        if array.dtype != np.uint8:
            array = _rounded(self.unit(channels))
        image = Image.fromarray(array[..., 0] if array.shape[2] == 1 else array)
        return image.convert("L" if channels == 1 else "RGB")

    def unit(self, channels: int) -> npt.NDArray[np.float32]:
        """Return it as float32 (H, W, channels) in [0, 1]; grey is 0.299 R + 0.587 G + 0.114 B."""
        array = self._array(channels)
        if array.dtype == np.uint8:
            if array.shape[2] != channels:
                array = np.asarray(self.image(channels)).reshape(*self.size, channels)
            return np.asarray(np.asarray(array, dtype=np.float32) / np.float32(255))
        if array.shape[2] == channels:
            return np.asarray(array, dtype=np.float32)
        if channels == 1:
            return np.asarray(np.clip(array @ _LUMA, 0, 1)[..., None])
        return np.repeat(array, channels, axis=2)

    def levels(self, channels: int) -> npt.NDArray[np.uint8] | None:
        """Return it as uint8 (H, W, channels), or None where that would lose some of its depth."""
        array = self._array(channels)
        exact = array if array.dtype == np.uint8 else self._exact(array)
        if exact is None:
            return None
        if exact.shape[2] == channels:
            return exact
        image = Image.fromarray(exact[..., 0] if exact.shape[2] == 1 else exact)
        converted = np.asarray(image.convert("L" if channels == 1 else "RGB"), dtype=np.uint8)
        return converted.reshape(*self.size, channels)

    def _array(self, channels: int) -> npt.NDArray[Any]:
        """The array that has that many channels, or that can be converted to them."""
        all_of_it = self.bands
        if self.channels != channels and all_of_it is not None and all_of_it.shape[2] == channels:
            return all_of_it
        if self.channels == channels or (channels in (1, 3) and self.channels in (1, 3)):
            return self.array
        raise ExplanationError(f"{self.name} has {self.in_words}; expected {channels} channel(s).")

    def _exact(self, array: npt.NDArray[Any]) -> npt.NDArray[np.uint8] | None:
        return self._picture_levels if array is self.array else _exact_levels(array)

    @cached_property
    def _picture_levels(self) -> npt.NDArray[np.uint8] | None:
        return _exact_levels(self.array)


def _exact_levels(array: npt.NDArray[Any]) -> npt.NDArray[np.uint8] | None:
    """The levels of floats that are all k / 255 up to rounding, else None."""
    scaled = np.asarray(array, dtype=np.float32) * np.float32(255)
    levels: npt.NDArray[np.float32] = np.rint(scaled)
    if np.abs(scaled - levels).max(initial=0) > _ROUNDING:
        return None
    return np.asarray(levels, dtype=np.uint8)


def _rounded(unit: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    return np.asarray(np.floor(255 * unit + 0.5), dtype=np.uint8)
