"""Numbers as pictures: which axis holds the channels, what range they have, what is opacity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from xai_widgets.errors import ExplanationError
from xai_widgets.images.loaded import Loaded

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["from_array", "from_tensor", "opaque", "plain"]


def from_tensor(image: Tensor, bands: int | None = None) -> Loaded:
    """Read a tensor (C, H, W), (H, W) or, where only that can be, (H, W, C)."""
    wide = image.detach().float() if image.is_floating_point() else image.detach()
    return from_array(wide.cpu().numpy(), "tensor", "the tensor", channels_first=True, wanted=bands)


def from_array(
    array: npt.NDArray[Any],
    name: str,
    what: str,
    *,
    channels_first: bool = False,
    last: bool | None = None,
    wanted: int | None = None,
    pages: bool = False,
) -> Loaded:
    """Read an array of numbers.

    channels_first: as in a tensor. last: whether the channels are on the last axis, where that is
    known. wanted: the number of bands that is looked for, where axes could be read in two ways.
    pages: channels are pages, and the first of them is the picture.

    Raises ``ExplanationError`` for anything that is not one picture.
    """
    pixels = _height_width_channels(array, what, channels_first, last, wanted)
    sixteen = pixels.dtype == np.uint16
    pixels = _known_range(pixels, what)
    channels = pixels.shape[2]
    if pages:
        return Loaded(np.ascontiguousarray(pixels[..., :1]), name, pixels, sixteen)
    if channels not in (2, 4):
        return Loaded(pixels, name, None, sixteen)
    if pixels.dtype == np.uint8:
        return Loaded(opaque(Image.fromarray(pixels)), name, pixels)
    opacity = pixels[..., -1:]
    over_white = pixels[..., :-1] * opacity + (1 - opacity)
    return Loaded(np.ascontiguousarray(over_white), name, pixels, sixteen)


def opaque(image: Image.Image) -> npt.NDArray[np.uint8]:
    """Return (H, W, 1 or 3) uint8 of an 8-bit image of any mode, over white where transparent."""
    grey = image.mode in ("1", "L", "LA", "La")
    if image.has_transparency_data:
        layer = plain(image).convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        image = Image.alpha_composite(white, layer).convert("RGB")
    if image.mode == "LAB":
        to_rgb = ImageCms.buildTransform(
            ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB"
        )
        image = ImageCms.applyTransform(image, to_rgb) or image
    pixels = np.asarray(image.convert("L" if grey else "RGB"), dtype=np.uint8)
    return pixels.reshape(*pixels.shape[:2], -1)


def plain(image: Image.Image) -> Image.Image:
    """The image in a mode that is not premultiplied, which converts to nothing but its twin."""
    return image.convert({"RGBa": "RGBA", "La": "LA"}.get(image.mode, image.mode))


def _height_width_channels(
    array: npt.NDArray[Any], what: str, channels_first: bool, last: bool | None, wanted: int | None
) -> npt.NDArray[Any]:
    shape = array.shape
    if array.size == 0:
        raise ExplanationError(f"{what} is empty: its shape is {shape}.")
    if array.ndim == 4:
        if shape[0] != 1:
            raise ExplanationError(
                f"{what} holds {shape[0]} pictures, shape {shape}; explain them one at a time, or "
                "together with engine.explain_batch."
            )
        array = array[0]
    if array.ndim == 2:
        return np.ascontiguousarray(array[..., None])
    if array.ndim == 3:
        if _last_axis(array.shape, channels_first, wanted) if last is None else last:
            return np.ascontiguousarray(array)
        return np.ascontiguousarray(np.moveaxis(array, 0, 2))
    volume = ", which is a volume or a video" if array.ndim > 4 else ""
    raise ExplanationError(
        f"{what} has shape {shape}{volume}; expected one picture: (height, width), "
        "(height, width, channels) or (channels, height, width)."
    )


def _last_axis(shape: tuple[int, ...], channels_first: bool, wanted: int | None) -> bool:
    """Whether the channels are on the last axis of three, not on the first.

    One to four are channels rather than pixels, and of two possibilities the usual one counts;
    among bands the number that is looked for, else the shorter axis of an array.
    """
    first, last = shape[0], shape[2]
    for first_fits, last_fits in ((first <= 4, last <= 4), (first == wanted, last == wanted)):
        if first_fits != last_fits:
            return last_fits
        if first_fits:
            return not channels_first
    return not channels_first and last <= first


def _known_range(pixels: npt.NDArray[Any], what: str) -> npt.NDArray[Any]:
    """Return uint8, or float32 in [0, 1]."""
    kind = pixels.dtype.kind
    if pixels.dtype == np.uint8:
        return pixels
    if kind == "b":
        return np.array(pixels, dtype=np.uint8) * 255
    if pixels.dtype == np.uint16:
        return np.asarray(pixels.astype(np.float32) / np.float32(65535))
    if kind not in "iuf":
        raise ExplanationError(f"{what} is {pixels.dtype}; expected uint8, uint16 or float.")
    if kind == "f" and not np.isfinite(pixels).all():
        bad = int((~np.isfinite(pixels)).sum())
        raise ExplanationError(f"{what} holds {bad} values that are not finite (NaN or infinity).")
    low, high = pixels.min(), pixels.max()
    if kind in "iu":
        if low < 0 or high > 255:
            raise ExplanationError(
                f"{what} is {pixels.dtype} with values from {low} to {high}; expected 0 to 255, "
                "or uint16 for 16-bit pictures."
            )
        return pixels.astype(np.uint8)
    if low < -1e-6 or high > 1 + 1e-6:
        way_out = "Divide it by 255, or convert it to uint8."
        if low < 0 or high > 255:
            way_out = (
                "If it is already normalised, undo that, or pass it as a tensor to an engine "
                "with preprocessing=None."
            )
        raise ExplanationError(
            f"{what} holds floats from {low:.4g} to {high:.4g}; expected 0 to 1. {way_out}"
        )
    return np.clip(pixels.astype(np.float32), 0, 1)
