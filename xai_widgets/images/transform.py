"""A preprocessing given as numbers: resize, crop, scale to [0, 1], normalise.

Equal, bit for bit, to torchvision's ``ImageClassification`` transform on a PIL image; written out
because importing torchvision takes 1.1 s, which the first engine would have to wait for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from xai_widgets.errors import ExplanationError, brief, nearest

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

    def __call__(self, image: Image.Image) -> Tensor:
        """Return model input (C, H, W) float32 of an "L" or "RGB" image."""
        import torch

        if self.size is not None:
            width, height = self._resized(image.width, image.height)
            if (width, height) != image.size:
                image = image.resize((width, height), _INTERPOLATIONS[self.interpolation])
        if self.crop is not None:
            image = _centre_crop(image, *self.crop)
        pixels = torch.from_numpy(np.array(image, dtype=np.uint8))
        pixels = pixels.reshape(image.height, image.width, -1).permute(2, 0, 1).contiguous()
        x = pixels.to(torch.float32) / 255
        if self.mean is not None and self.std is not None:
            mean, std = (
                torch.tensor(v, dtype=torch.float32, device="cpu") for v in (self.mean, self.std)
            )
            x = (x - mean[:, None, None]) / std[:, None, None]
        return x

    def _resized(self, width: int, height: int) -> tuple[int, int]:
        assert self.size is not None
        if len(self.size) == 2:
            return self.size[1], self.size[0]
        shorter = self.size[0]
        if width <= height:
            return shorter, int(shorter * height / width)
        return int(shorter * width / height), shorter


def _centre_crop(image: Image.Image, height: int, width: int) -> Image.Image:
    """Crop the centre, with black around it where the image is smaller."""
    left = (width - image.width) // 2 if width > image.width else 0
    top = (height - image.height) // 2 if height > image.height else 0
    if left or top or width > image.width or height > image.height:
        padded = Image.new(image.mode, (max(width, image.width), max(height, image.height)))
        padded.paste(image, (left, top))
        image = padded
        if image.size == (width, height):
            return image
    x, y = round((image.width - width) / 2), round((image.height - height) / 2)
    return image.crop((x, y, x + width, y + height))


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
