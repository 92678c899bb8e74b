"""A preprocessing given as numbers: resize, crop, scale to [0, 1], normalise.

Equal, bit for bit, to torchvision's ``ImageClassification`` transform on a PIL image; written out
because importing torchvision takes 1.1 s, which the first engine would have to wait for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from xai_widgets.errors import ExplanationError, brief, nearest
from xai_widgets.images.loaded import Loaded
from xai_widgets.images.normalisation import Normalisation

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ResizeCropNormalise"]

_KEYS = ("size", "crop", "mean", "std", "interpolation")
_INTERPOLATIONS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


@dataclass(frozen=True)
class ResizeCropNormalise:
    """``size``: length of the shorter side, or (height, width); ``crop``: of the centre."""

    size: tuple[int, ...] | None = None
    crop: tuple[int, int] | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    interpolation: str = "bilinear"

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> ResizeCropNormalise:
        """Make one from a mapping. Raises ``ExplanationError`` for wrong keys and values."""
        for key in settings:
            if key not in _KEYS:
                raise ExplanationError(
                    f"preprocessing has the key {brief(key)}; known are {', '.join(_KEYS)}."
                    f"{nearest(key, _KEYS)}"
                )
        size, crop = _lengths(settings, "size"), _lengths(settings, "crop")
        mean, std = _floats(settings, "mean"), _floats(settings, "std")
        if (mean is None) != (std is None):
            given, absent = ("std", "mean") if mean is None else ("mean", "std")
            raise ExplanationError(
                f"preprocessing has {given} but no {absent}; expected both or neither."
            )
        if mean is not None and std is not None:
            if len(mean) != len(std):
                raise ExplanationError(
                    f"preprocessing has {len(mean)} means and {len(std)} stds; "
                    "expected one of each per channel."
                )
            if min(std) <= 0:
                raise ExplanationError(f"preprocessing std is {std}; expected numbers above 0.")
            if max(mean) > 2:
                raise ExplanationError(
                    f"preprocessing mean is {mean}; expected numbers for pictures in [0, 1]: "
                    "divide mean and std by 255."
                )
        interpolation = getattr(settings.get("interpolation"), "value", None) or settings.get(
            "interpolation", "bilinear"
        )
        if interpolation not in _INTERPOLATIONS:
            raise ExplanationError(
                f"preprocessing interpolation is {brief(interpolation)}; expected one of "
                f"{', '.join(_INTERPOLATIONS)}.{nearest(interpolation, _INTERPOLATIONS)}"
            )
        square = (crop[0], crop[-1]) if crop else None
        return cls(size, square, mean, std, str(interpolation))

    def __call__(self, loaded: Loaded, channels: int) -> Tensor:
        """Return model input (C, H, W) float32 of a picture as so many channels.

        Eight bits are resized as Pillow does, rounded to levels; deeper pictures in floats. Raises
        ``ExplanationError`` for another number of channels than there are means.
        """
        import torch

        if self.mean is not None and len(self.mean) not in (1, channels):
            raise ExplanationError(
                f"the preprocessing has {len(self.mean)} means and stds, and {loaded.name} has "
                f"{loaded.in_words}; expected one of each per channel."
            )
        levels = loaded.levels(channels)
        pixels = self._sized(loaded.unit(channels) if levels is None else levels)
        channels_first = np.array(pixels.transpose(2, 0, 1), order="C")
        x = torch.from_numpy(channels_first).to(torch.float32)
        if levels is not None:
            x = x / 255
        if self.mean is not None and self.std is not None:
            x = (x - _column(self.mean, x)) / _column(self.std, x)
        return x

    def __str__(self) -> str:
        lengths = (("size", self.size), ("crop", self.crop and tuple(dict.fromkeys(self.crop))))
        parts = [f"{key} {' x '.join(map(str, value))}" for key, value in lengths if value]
        return ", ".join([*parts, "mean and std" if self.mean else "no mean and std"])

    def _sized(self, pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The picture (H, W, C), uint8 or float32, resized and cropped."""
        height, width = pixels.shape[:2]
        wanted = (width, height) if self.size is None else self._resized(width, height)
        if wanted != (width, height):
            pixels = _resize(pixels, wanted, _INTERPOLATIONS[self.interpolation])
        return pixels if self.crop is None else _centre_crop(pixels, *self.crop)

    def window(self, height: int, width: int) -> tuple[float, float, float, float] | None:
        """The part of a picture that is left, in shares: left, top, width, height; None where it is
        smaller than the crop.
        """
        across, down = (width, height) if self.size is None else self._resized(width, height)
        tall, wide = self.crop or (down, across)
        if tall > down or wide > across:
            return None
        y, x = _corner(down, tall), _corner(across, wide)
        return x / across, y / down, wide / across, tall / down

    def normalisation(self, channels: int) -> Normalisation | None:
        """What is done to the colours of so many channels; None where the means are others'."""
        mean, std = self.mean or (0.0,), self.std or (1.0,)
        if len(mean) not in (1, channels):
            return None
        wide = channels // len(mean)
        return Normalisation(mean * wide, std * wide)

    def _resized(self, width: int, height: int) -> tuple[int, int]:
        assert self.size is not None
        if len(self.size) == 2:
            return self.size[1], self.size[0]
        shorter = self.size[0]
        if width <= height:
            return shorter, int(shorter * height / width)
        return int(shorter * width / height), shorter


def _resize(
    pixels: npt.NDArray[Any], size: tuple[int, int], how: Image.Resampling
) -> npt.NDArray[Any]:
    """Resize (H, W, C) to (width, height), band by band; floats stay in [0, 1]."""
    if pixels.dtype == np.uint8 and pixels.shape[2] == 3:
        return np.asarray(Image.fromarray(pixels).resize(size, how))
    bands = [
        np.asarray(Image.fromarray(np.ascontiguousarray(pixels[..., band])).resize(size, how))
        for band in range(pixels.shape[2])
    ]
    resized = np.stack(bands, axis=2)
    return resized if pixels.dtype == np.uint8 else np.clip(resized, 0, 1)


def _centre_crop(pixels: npt.NDArray[Any], height: int, width: int) -> npt.NDArray[Any]:
    """Crop the centre, with black around it where the picture is smaller."""
    down, across = height - pixels.shape[0], width - pixels.shape[1]
    if down > 0 or across > 0:
        sides = ((n // 2, n - n // 2) if n > 0 else (0, 0) for n in (down, across))
        pixels = np.pad(pixels, (*sides, (0, 0)))
    y, x = _corner(pixels.shape[0], height), _corner(pixels.shape[1], width)
    return pixels[y : y + height, x : x + width]


def _corner(length: int, cropped: int) -> int:
    """Where a crop of the centre begins."""
    return round((length - cropped) / 2)


def _column(values: tuple[float, ...], like: Tensor) -> Tensor:
    return like.new_tensor(values)[:, None, None]


def _lengths(settings: Mapping[str, Any], key: str) -> tuple[int, ...] | None:
    value = settings.get(key)
    if value is None:
        return None
    lengths = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    whole = all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in lengths)
    if not whole or len(lengths) not in (1, 2) or min(lengths) < 1:
        raise ExplanationError(
            f"preprocessing {key} is {brief(value)}; "
            "expected a number of pixels or (height, width)."
        )
    return tuple(int(n) for n in lengths)


def _floats(settings: Mapping[str, Any], key: str) -> tuple[float, ...] | None:
    value = settings.get(key)
    if value is None:
        return None
    try:
        numbers = tuple(float(v) for v in np.asarray(value, dtype=np.float64).reshape(-1))
    except (TypeError, ValueError):
        numbers = ()
    if not numbers or not np.isfinite(numbers).all():
        raise ExplanationError(
            f"preprocessing {key} is {brief(value)}; expected one finite number per channel."
        )
    return numbers
