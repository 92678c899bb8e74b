"""The pictures an autoencoder is trained on: any data set, array or folder, as square batches."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageOps
from torch import Tensor

from xai_widgets.datasets.labelled import SUFFIXES, picture_files
from xai_widgets.engine.cache import BoundedCache
from xai_widgets.errors import ExplanationError
from xai_widgets.images import load

Pixels = npt.NDArray[np.uint8]
_HELD_BYTES = 2**30  # decoded pictures of a folder kept for the next epoch


class Pictures:
    """Pictures by number, cut to `size` x `size`, as tensors in [0, 1].

    `data` is a folder (searched to its leaves), an array or tensor of pictures along its first
    axis, or anything with a length and numbered items: a picture as `images.load` takes it, or a
    tuple that starts with one. Raises ExplanationError for other data, or data with no picture.
    """

    def __init__(self, data: Any) -> None:
        self._items: Sequence[Any] = data
        self._cache: BoundedCache[Pixels] | None = None
        if isinstance(data, (str, os.PathLike)):
            self._items = _files(Path(data))
            self._cache = BoundedCache(_HELD_BYTES)
        elif not hasattr(data, "__len__") or not hasattr(data, "__getitem__"):
            raise ExplanationError(
                f"data is a {type(data).__name__}; expected a folder of pictures, an array of "
                "them, or a data set with a length and numbered items"
            )
        if not len(self._items):
            raise ExplanationError("data holds no picture")

    def __len__(self) -> int:
        return len(self._items)

    @property
    def channels(self) -> int:
        """The channels of the first picture: 1 or 3."""
        return int(load(self._item(0)).array.shape[2])

    def fingerprint(self) -> str:
        """Identifies these pictures by their number and by the first and the last."""
        digest = hashlib.blake2b(str(len(self)).encode(), digest_size=8)
        for index in (0, len(self) - 1):
            digest.update(np.ascontiguousarray(self.picture(index, 3)).data)
        return digest.hexdigest()

    def picture(self, index: int, channels: int) -> Pixels:
        """One picture at its own size, (H, W, channels) uint8."""
        cached = None if self._cache is None else self._cache.get((index, channels))
        if cached is not None:
            return cached
        loaded = load(self._item(index))
        plain = loaded.array.dtype == np.uint8 and loaded.array.shape[2] == channels
        pixels: Pixels = loaded.array if plain else np.asarray(loaded.image(channels))
        pixels = pixels.reshape(*pixels.shape[:2], channels)
        if self._cache is not None:
            self._cache.put((index, channels), pixels, pixels.nbytes)
        return pixels

    def whole(self, indices: Sequence[int], size: int, channels: int) -> Tensor:
        """The middle square of each picture, resized to `size`: (N, channels, size, size)."""
        pictures = [_image(self.picture(index, channels)) for index in indices]
        bicubic = Image.Resampling.BICUBIC
        fitted = [ImageOps.fit(picture, (size, size), bicubic) for picture in pictures]
        return _stacked([np.asarray(square).reshape(size, size, channels) for square in fitted])

    def crops(
        self, indices: Sequence[int], size: int, channels: int, chance: np.random.Generator
    ) -> Tensor:
        """A square of `size` from anywhere in each picture, mirrored half the time.

        Pictures that are too small are enlarged.
        """
        squares = []
        for index in indices:
            pixels = _at_least(self.picture(index, channels), size)
            top, left = (int(chance.integers(side - size + 1)) for side in pixels.shape[:2])
            square = pixels[top : top + size, left : left + size]
            squares.append(square[:, ::-1] if chance.random() < 0.5 else square)
        return _stacked(squares)

    def _item(self, index: int) -> Any:
        item = self._items[index]
        return item[0] if isinstance(item, (tuple, list)) else item


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ExplanationError(f'there is no folder "{folder}"; expected a folder of pictures')
    files = picture_files(folder)
    if not files:
        raise ExplanationError(
            f'"{folder}" holds no picture; expected files ending in {", ".join(sorted(SUFFIXES))}'
        )
    return files


def _at_least(pixels: Pixels, size: int) -> Pixels:
    """The picture, enlarged where its shorter side is shorter than `size`."""
    shorter = min(pixels.shape[:2])
    if shorter >= size:
        return pixels
    height, width = (max(round(side * size / shorter), size) for side in pixels.shape[:2])
    resized = _image(pixels).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(resized).reshape(height, width, pixels.shape[2])


def _image(pixels: Pixels) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def _stacked(squares: list[Pixels]) -> Tensor:
    """Squares (H, W, C) uint8 as one float32 tensor (N, C, H, W) in [0, 1]."""
    return torch.from_numpy(np.stack(squares)).permute(0, 3, 1, 2).float() / 255
