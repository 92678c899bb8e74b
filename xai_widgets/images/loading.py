"""Read a picture from a path, PIL image, array or tensor: upright, opaque, grey or RGB."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from xai_widgets.errors import ExplanationError, nearest

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["MAX_PIXELS", "Loaded", "load"]

# A file whose header says more is refused before anything is decoded.
MAX_PIXELS = 2**27
MAX_SIDE = 2**16

_OUTSIDE_PROGRAMS = {"EPS", "WMF"}  # Pillow hands these to Ghostscript or Windows
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R 601, as PIL's convert("L")


@dataclass(frozen=True, eq=False)
class Loaded:
    """An upright, opaque picture: ``array`` (H, W, 1 or 3), uint8 or float32 in [0, 1]."""

    array: npt.NDArray[Any]
    name: str

    def image(self, channels: int) -> Image.Image:
        """Return it as an 8-bit PIL image, ``"L"`` for one channel and ``"RGB"`` for three."""
        array = self.array
        if array.dtype != np.uint8:
            array = np.floor(255 * self.unit(channels) + 0.5).astype(np.uint8)
        image = Image.fromarray(array[..., 0] if array.shape[2] == 1 else array)
        return image.convert("L" if channels == 1 else "RGB")

    def unit(self, channels: int) -> npt.NDArray[np.float32]:
        """Return it as float32 (H, W, channels) in [0, 1]; grey is 0.299 R + 0.587 G + 0.114 B."""
        if self.array.dtype == np.uint8:
            pixels = np.asarray(self.image(channels), dtype=np.float32) / np.float32(255)
            return np.reshape(pixels, (*pixels.shape[:2], channels))
        array = np.asarray(self.array, dtype=np.float32)
        if array.shape[2] == channels:
            return array
        if channels == 1:
            return np.asarray(np.clip(array @ _LUMA, 0, 1)[..., None])
        return np.repeat(array, channels, axis=2)


def load(image: object) -> Loaded:
    """Read any picture.

    image: a path; a PIL image of any mode; an array (H, W), (H, W, C) or (C, H, W), uint8, uint16
    or floating in [0, 1], with 1 to 4 channels (the last of 2 or 4 is opacity); a tensor (C, H, W)
    of the same; or a batch of one of these.

    The EXIF orientation is applied, transparency is laid over white, a palette and CMYK become
    RGB, 16 bits are scaled to [0, 1] as float32, and the first frame of several is taken.

    Raises ``ExplanationError`` for anything that is not a picture.
    """
    if isinstance(image, (str, os.PathLike)):
        return _load_file(image)
    if isinstance(image, Image.Image):
        name = Path(str(getattr(image, "filename", ""))).name or "image"
        return _from_pil(image, name, f"the {image.mode} image")
    if isinstance(image, np.ndarray):
        return _from_array(image, "array", "the array")
    if is_tensor(image):
        return _from_tensor(image)
    raise ExplanationError(
        f"the image is a {type(image).__name__}; expected a path, PIL image, array or tensor."
    )


def is_tensor(image: object) -> TypeGuard[Tensor]:
    """Whether it is a torch tensor; torch is not imported to find out."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(image, torch.Tensor)


def _load_file(path: str | os.PathLike[Any]) -> Loaded:
    text = os.fsdecode(path)
    if text.startswith(("http://", "https://", "data:")):
        raise ExplanationError(
            f'the image is the address "{text[:80]}"; save the picture and pass its path.'
        )
    file = Path(text).expanduser()
    _check_file(file, text)
    what = f'the file "{file}"'
    try:
        with Image.open(file, formats=_formats()) as opened:
            return _from_pil(opened, file.name, what)
    except UnidentifiedImageError:
        raise ExplanationError(f"{what} is not a picture in a format that Pillow reads.") from None
    except Image.DecompressionBombError as error:
        raise ExplanationError(f"{what} is too large: {error}") from None
    except ExplanationError:
        raise
    except Exception as error:  # Pillow's decoders raise nearly every type on a broken file
        raise _unreadable(what, error) from error


def _formats() -> list[str]:
    Image.init()
    return [name for name in Image.OPEN if name not in _OUTSIDE_PROGRAMS]


def _check_file(file: Path, text: str) -> None:
    try:
        if not file.exists():
            folder = file.parent
            if not folder.is_dir():
                raise ExplanationError(
                    f'there is no file "{text}": the folder "{folder}" does not exist.'
                )
            hint = nearest(file.name, sorted(os.listdir(folder)))
            raise ExplanationError(
                f'there is no file "{text}" (looked in {folder.resolve()}).{hint}'
            )
        if not file.is_file():
            kind = "a folder" if file.is_dir() else "no regular file"
            raise ExplanationError(f'the image "{text}" is {kind}; expected a picture file.')
        if file.stat().st_size == 0:
            raise ExplanationError(f'the file "{text}" is empty (0 bytes).')
    except (OSError, ValueError) as error:  # not allowed, a name too long, a NUL inside
        if isinstance(error, ExplanationError):
            raise
        raise ExplanationError(f'the image "{text[:80]}" cannot be read: {error}.') from error


def _from_pil(image: Image.Image, name: str, what: str) -> Loaded:
    width, height = image.size
    if width < 1 or height < 1:
        raise ExplanationError(f"{what} is empty: {width} x {height} pixels.")
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise ExplanationError(
            f"{what} has {width} x {height} pixels; expected no more than {MAX_PIXELS // 10**6} "
            f"million, and {MAX_SIDE} a side. Make it smaller first."
        )
    try:
        image.load()
        upright = _upright(image)
        if upright.mode in ("F", "I") or upright.mode.startswith("I;"):
            return _from_array(_deep(upright, what), name, what)
        return Loaded(_opaque(upright), name)
    except ExplanationError:
        raise
    except Exception as error:  # a decoder met broken data
        raise _unreadable(what, error) from error


def _upright(image: Image.Image) -> Image.Image:
    """Apply the EXIF orientation; one that cannot be read counts as none."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # broken EXIF around a sound picture
        return image


def _opaque(image: Image.Image) -> npt.NDArray[np.uint8]:
    """Return (H, W, 1 or 3) uint8 of an 8-bit image of any mode, over white where transparent."""
    grey = image.mode in ("1", "L", "LA", "La")
    if image.has_transparency_data:
        # premultiplied modes convert to nothing but their plain twins
        plain = image.convert({"RGBa": "RGBA", "La": "LA"}.get(image.mode, image.mode))
        layer = plain.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        image = Image.alpha_composite(white, layer).convert("RGB")
    if image.mode == "LAB":
        to_rgb = ImageCms.buildTransform(
            ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB"
        )
        image = ImageCms.applyTransform(image, to_rgb) or image
    pixels = np.asarray(image.convert("L" if grey else "RGB"), dtype=np.uint8)
    return pixels.reshape(*pixels.shape[:2], -1)


def _deep(image: Image.Image, what: str) -> npt.NDArray[Any]:
    """Return (H, W) uint8, uint16 or float32 of an image with more than 8 bits."""
    if image.mode == "F":
        return np.asarray(image, dtype=np.float32)
    values = np.asarray(image).astype(np.int64)
    if image.mode != "I":
        return values.astype(np.uint16)
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > 65535:
        raise ExplanationError(
            f"{what} has 32-bit values from {low} to {high}; expected 0 to 255, or to 65535. "
            "Scale it to [0, 1] and pass it as a float array."
        )
    return values.astype(np.uint8 if high <= 255 else np.uint16)


def _from_tensor(image: Tensor) -> Loaded:
    wide = image.detach().float() if image.is_floating_point() else image.detach()
    return _from_array(wide.cpu().numpy(), "tensor", "the tensor", channels_first=True)


def _from_array(
    array: npt.NDArray[Any], name: str, what: str, *, channels_first: bool = False
) -> Loaded:
    pixels = _height_width_channels(array, what, channels_first)
    pixels = _known_range(pixels, what)
    if pixels.dtype == np.uint8:
        image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
        return Loaded(_opaque(image), name)
    if pixels.shape[2] in (2, 4):
        opacity = pixels[..., -1:]
        pixels = pixels[..., :-1] * opacity + (1 - opacity)
    return Loaded(np.ascontiguousarray(pixels), name)


def _height_width_channels(
    array: npt.NDArray[Any], what: str, channels_first: bool
) -> npt.NDArray[Any]:
    shape = array.shape
    if array.size == 0:
        raise ExplanationError(f"{what} is empty: its shape is {shape}.")
    if array.ndim == 4:
        if shape[0] != 1:
            raise ExplanationError(
                f"{what} holds {shape[0]} pictures, shape {shape}; explain them one at a time."
            )
        array = array[0]
    if array.ndim == 2:
        return np.ascontiguousarray(array[..., None])
    if array.ndim == 3:
        last, first = array.shape[2] in (1, 2, 3, 4), array.shape[0] in (1, 2, 3, 4)
        if first and (channels_first or not last):
            array, last = np.moveaxis(array, 0, 2), True
        if last:
            return np.ascontiguousarray(array)
    raise ExplanationError(
        f"{what} has shape {shape}; expected (height, width), (height, width, channels) or "
        "(channels, height, width) with 1 to 4 channels."
    )


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


def _unreadable(what: str, error: Exception) -> ExplanationError:
    reason = str(error).strip().splitlines()
    return ExplanationError(
        f"{what} cannot be decoded; it is damaged or cut short "
        f"({type(error).__name__}{': ' + reason[0][:120] if reason else ''})."
    )
