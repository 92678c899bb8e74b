"""Read a picture from a path, PIL image, array or tensor: upright, at its own depth."""

from __future__ import annotations

import os
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from xai_widgets.errors import ExplanationError, brief, nearest, readable
from xai_widgets.files import irregular
from xai_widgets.images.arrays import from_array, from_tensor, opaque, plain
from xai_widgets.images.loaded import Loaded
from xai_widgets.images.tiff import is_tiff, load_tiff

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["MAX_PIXELS", "MAX_SIDE", "is_tensor", "load"]

# A file whose header says more is refused before anything is decoded.
MAX_PIXELS = 2**27
MAX_SIDE = 2**16

_USUAL_PIXELS = 2**26  # of cameras; for more, what they cost is said

_OUTSIDE_PROGRAMS = {"EPS", "WMF"}  # Pillow hands these to Ghostscript or Windows


def load(image: object, bands: int | None = None) -> Loaded:
    """Read any picture.

    image: a path; a PIL image of any mode; an array (H, W), (H, W, C) or (C, H, W), uint8, uint16
    or floating in [0, 1]; a tensor (C, H, W) of the same; or a batch of one of these. With 2 or 4
    channels the last may be opacity, with more than 4 they are bands.
    bands: the number of bands that is looked for, where axes could be read in two ways.

    The EXIF orientation is applied, transparency is laid over white, a palette and CMYK become
    RGB, 16 bits are scaled to [0, 1] as float32, and the first frame of several is taken.

    Raises ``ExplanationError`` for anything that is not a picture.
    """
    if isinstance(image, (str, os.PathLike)):
        return _load_file(image, bands)
    if isinstance(image, Image.Image):
        name = readable(Path(str(getattr(image, "filename", ""))).name) or "image"
        return _from_pil(image, name, f"the {image.mode} image")
    if isinstance(image, np.ndarray):
        return from_array(image, "array", "the array", wanted=bands)
    if is_tensor(image):
        return from_tensor(image, bands)
    many = isinstance(image, (list, tuple)) and image and not np.isscalar(image[0])
    raise ExplanationError(
        f"the image is a {type(image).__name__}; expected a path, PIL image, array or tensor."
        + " Several pictures are explained with engine.explain_batch." * bool(many)
    )


def is_tensor(image: object) -> TypeGuard[Tensor]:
    """Whether it is a torch tensor; torch is not imported to find out."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(image, torch.Tensor)


def _load_file(path: str | os.PathLike[Any], bands: int | None) -> Loaded:
    text = os.fsdecode(path)
    if "\0" in text:
        raise ExplanationError(f"the image is {brief(text)}, which has a NUL in it; no path has.")
    if text.startswith(("http://", "https://", "data:")):
        raise ExplanationError(
            f'the image is the address "{text[:80]}"; save the picture and pass its path.'
        )
    file = Path(text).expanduser()
    _check_file(file, text)
    what = f'the file "{file}"'
    try:
        if is_tiff(file) and (loaded := load_tiff(file, what, bands)) is not None:
            return loaded
        with _opened(file) as opened:
            sixteen = _sixteen_bit_mode(opened)
            loaded = _from_pil(opened, readable(file.name), what)
        return loaded if sixteen is None else _with_low_bytes(loaded, file, what, sixteen)
    except UnidentifiedImageError:
        raise ExplanationError(f"{what} is not a picture in a format that Pillow reads.") from None
    except Image.DecompressionBombError as error:
        raise ExplanationError(f"{what} is too large: {error}") from None
    except ExplanationError:
        raise
    except Exception as error:  # Pillow's decoders raise nearly every type on a broken file
        raise _unreadable(what, error) from error


def _opened(file: Path) -> Image.Image:
    """An open file, its header read. What Pillow warns of in large ones is said here in words."""
    Image.init()
    formats = [name for name in Image.OPEN if name not in _OUTSIDE_PROGRAMS]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(file, formats=formats)


def _check_file(file: Path, text: str) -> None:
    found = irregular(file)
    try:
        if found == "no file":
            folder = file.parent
            if not folder.is_dir():
                raise ExplanationError(
                    f'there is no file "{text}": the folder "{folder}" does not exist.'
                )
            hint = nearest(file.name, sorted(os.listdir(folder)))
            raise ExplanationError(
                f'there is no file "{text}" (looked in {folder.resolve()}).{hint}'
            )
        if found is not None:
            raise ExplanationError(f'the image "{text[:200]}" is {found}; expected a picture file.')
        if file.stat().st_size == 0:
            raise ExplanationError(f'the file "{text}" is empty (0 bytes).')
    except OSError as error:  # not allowed to look into the folder
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
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image.load()
        upright, exif = _upright(image)
        said = (*_costs(image, name), *(f"{name} {words}" for words in exif))
        if upright.mode in ("F", "I") or upright.mode.startswith("I;"):
            deep = from_array(_deep(upright, what), name, what)
            return replace(deep, warnings=(*deep.warnings, *said))
        bands = None
        if upright.mode in ("RGBA", "LA", "RGBa", "La"):
            bands = np.asarray(plain(upright), dtype=np.uint8)
        return Loaded(opaque(upright), name, bands, warnings=said)
    except ExplanationError:
        raise
    except Exception as error:  # a decoder met broken data
        raise _unreadable(what, error) from error


def _costs(image: Image.Image, name: str) -> tuple[str, ...]:
    """What reading so large a picture costs, in words; nothing for usual ones."""
    pixels = image.width * image.height
    if pixels <= _USUAL_PIXELS:
        return ()
    memory = pixels * (2 * len(image.getbands()) + 1) / 2**30
    return (
        f"{name} has {image.width} x {image.height} pixels: reading it takes about {memory:.1f} GB "
        "of memory each time. Make it smaller first.",
    )


def _upright(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """Apply the EXIF orientation, and what is wrong with it; one that cannot be read counts as
    none.
    """
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always")
        try:
            upright, broken = ImageOps.exif_transpose(image), False
        except Exception:  # broken EXIF around a sound picture
            upright, broken = image, True
    if broken or any("EXIF" in str(each.message) for each in noted):
        return upright, ("has damaged EXIF data: which way up it is may not be known.",)
    return upright, ()


def _sixteen_bit_mode(image: Image.Image) -> str | None:
    """The raw mode of a colour file with 16 bits a channel, of which Pillow reads the upper 8."""
    tiles: Any = getattr(image, "tile", None)
    raw = tiles[0][3] if tiles and len(tiles[0]) > 3 else None
    deep = isinstance(raw, str) and ";16" in raw and not image.mode.startswith("I")
    return raw if deep else None


def _with_low_bytes(high: Loaded, file: Path, what: str, raw: str) -> Loaded:
    """A colour file with 16 bits a channel, read once more for the lower 8 of them.

    Pillow keeps one byte of each value: the upper one if told the right byte order, the lower one
    if told the other.
    """
    other = raw.replace("16B", "16L") if "16B" in raw else raw.replace("16L", "16B")
    halves = []
    try:
        for mode in (raw, other):
            with _opened(file) as opened:
                opened.tile = [opened.tile[0]._replace(args=mode)]
                halves.append(np.asarray(_upright(opened)[0], dtype=np.uint16))
        return from_array(256 * halves[0] + halves[1], high.name, what, last=True)
    except Exception:  # a mode that Pillow has in one byte order only
        lost = (
            f"{high.name} has 16 bits a channel, of which Pillow reads 8; save it as TIFF, or pass "
            "an array of uint16, to have all of them explained."
        )
        return replace(high, warnings=(*high.warnings, lost))


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


def _unreadable(what: str, error: Exception) -> ExplanationError:
    reason = str(error).strip().splitlines()
    return ExplanationError(
        f"{what} cannot be decoded; it is damaged or cut short "
        f"({type(error).__name__}{': ' + reason[0][:120] if reason else ''})."
    )
