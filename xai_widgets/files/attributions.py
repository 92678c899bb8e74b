"""Attributions on disk, each in a folder of its own: a manifest in JSON beside plain files.

The manifest comes last and holds the checksum of the values, so a folder half-written, or
half-replaced, is never taken for a result.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import sys
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

import xai_widgets
from xai_widgets.errors import ExplanationError, brief, readable
from xai_widgets.files.manifest import check_manifest
from xai_widgets.files.regular import irregular
from xai_widgets.files.structured import checked_format, parsed
from xai_widgets.files.whole import write_file
from xai_widgets.render import encode_png

__all__ = ["Record", "load_record", "save_record"]

_FORMAT = "xai_widgets.attribution"
_VERSION = 1
_MANIFEST, _VALUES, _PICTURE, _OVERLAY = (
    "attribution.json",
    "values.npy",
    "picture.png",
    "overlay.png",
)
_LONGEST_MANIFEST = 2**24  # bytes; own parameters are in it
_LONGEST_HEADER = 2**14  # bytes before the values themselves
_MOST_PIXELS = 2**27


@dataclass(frozen=True)
class Record:
    """What a folder holds: a ``manifest`` that JSON can hold, float32 ``values``, ``pixels``."""

    manifest: Mapping[str, Any]
    values: npt.NDArray[np.float32]
    pixels: npt.NDArray[np.uint8] | None


def save_record(folder: Path, record: Record, overlay: npt.NDArray[np.uint8]) -> None:
    """Write a record into a folder, which is made if need be; the manifest last.

    Raises ExplanationError where the folder cannot be made, or a file in it not written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:  # ValueError: a NUL inside
        raise ExplanationError(f'the folder "{folder}" cannot be made: {error}.') from error
    buffer = io.BytesIO()
    np.save(buffer, record.values)
    values = buffer.getvalue()
    manifest = {
        "format": _FORMAT,
        "version": _VERSION,
        **_plain(record.manifest),
        "shape": list(record.values.shape),
        "values": {"file": _VALUES, "sha256": hashlib.sha256(values).hexdigest()},
        "picture": None if record.pixels is None else _PICTURE,
        "software": _software(),
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False)
    contents = {_VALUES: values}
    if record.pixels is not None:
        contents[_PICTURE] = encode_png(record.pixels)
    contents[_OVERLAY] = encode_png(overlay)
    contents[_MANIFEST] = readable(text).encode() + b"\n"
    for name, content in contents.items():
        write_file(folder / name, content, "the file of an attribution")


def load_record(folder: Path, keys: Iterable[str]) -> Record:
    """Read the record in a folder, whose manifest must hold ``keys``.

    Raises ExplanationError where something is missing, damaged or of another version.
    """
    found = irregular(folder)
    if found != "a folder":
        what = "no folder" if found == "no file" else f"no folder, but {found or 'a file'},"
        raise ExplanationError(f'there is {what} "{folder}"; expected one made by save().')
    manifest = _manifest(folder)
    missing = [key for key in (*keys, "values", "picture") if key not in manifest]
    if missing:
        raise ExplanationError(f'"{folder / _MANIFEST}" says nothing of {", ".join(missing)}.')
    check_manifest(f'"{folder / _MANIFEST}"', manifest)
    values = _values(folder, manifest)
    pixels = None if manifest["picture"] is None else _pixels(folder)
    return Record(manifest, values, pixels)


def _manifest(folder: Path) -> dict[str, Any]:
    raw = _read(folder, _MANIFEST, _LONGEST_MANIFEST)
    try:
        manifest = parsed(raw)
    except ValueError as error:
        raise ExplanationError(f'"{folder / _MANIFEST}" is not JSON: {error}.') from error
    return checked_format(manifest, f'"{folder / _MANIFEST}"', "an attribution", _FORMAT, _VERSION)


def _values(folder: Path, manifest: Mapping[str, Any]) -> npt.NDArray[np.float32]:
    """The values, whose size is compared with the manifest before the file is read."""
    shape, stored = manifest.get("shape"), manifest["values"]
    if (
        not isinstance(shape, list)
        or len(shape) not in (2, 3)
        or not all(type(n) is int and n > 0 for n in shape)
        or not isinstance(stored, dict)
    ):
        raise ExplanationError(
            f'"{folder / _MANIFEST}" is damaged: the shape of its values is {brief(shape)}.'
        )
    raw = _read(folder, _VALUES, 4 * math.prod(shape) + _LONGEST_HEADER)
    if hashlib.sha256(raw).hexdigest() != stored.get("sha256"):
        raise ExplanationError(
            f'"{folder / _VALUES}" does not belong to "{_MANIFEST}" beside it (another '
            "checksum): the folder was changed, or saving was cut short. Save it again."
        )
    try:
        kept = _shape_and_type(raw)
    except Exception as error:  # numpy's reader raises nearly every type on a broken header
        raise ExplanationError(
            f'"{folder / _VALUES}" is no file of values ({type(error).__name__}: {error}).'
        ) from error
    if kept != (tuple(shape), np.dtype(np.float32)) or len(raw) < 4 * math.prod(shape):
        raise ExplanationError(
            f'"{folder / _VALUES}" holds {kept[1]} values of shape {kept[0]}; expected float32 of '
            f"{tuple(shape)}, as the manifest says."
        )
    values: npt.NDArray[np.float32] = np.load(io.BytesIO(raw), allow_pickle=False)
    return values


def _shape_and_type(raw: bytes) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """What the header of a .npy file says; nothing is allocated."""
    file = io.BytesIO(raw)
    version = np.lib.format.read_magic(file)
    reader = {(1, 0): np.lib.format.read_array_header_1_0}.get(
        version, np.lib.format.read_array_header_2_0
    )
    shape, _, dtype = reader(file)
    return tuple(shape), dtype


def _pixels(folder: Path) -> npt.NDArray[np.uint8]:
    encoded = _read(folder, _PICTURE, 4 * _MOST_PIXELS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(encoded), formats=["PNG"])
        width, height = picture.size
        if width * height > _MOST_PIXELS:
            raise ExplanationError(f"it has {width} x {height} pixels")
        with picture:
            return np.asarray(picture.convert("RGB"))
    except Exception as error:  # Pillow's decoders raise nearly every type on a broken file
        raise ExplanationError(f'"{folder / _PICTURE}" is damaged: {error}.') from error


def _read(folder: Path, name: str, longest: int) -> bytes:
    """The content of a file in the folder, of no more than `longest` bytes."""
    file = folder / name
    found = irregular(file)
    if found is None:
        try:
            size = file.stat().st_size
            if size > longest:
                raise ExplanationError(
                    f'"{file}" has {size} bytes; expected no more than {longest}: it is not what '
                    "save() wrote."
                )
            return file.read_bytes()
        except OSError as error:
            found = f"a file that cannot be read ({error.strerror})"
    if found != "no file":
        raise ExplanationError(f'"{file}" is {found}; expected a folder made by save().')
    held = ", ".join(sorted(p.name for p in folder.iterdir())) or "nothing"
    raise ExplanationError(
        f'"{folder}" holds no readable {file.name}; expected a folder made by save(). '
        f"It holds {held[:200]}."
    )


def _plain(value: Any) -> Any:
    """Return ``value`` as JSON holds it; what JSON has no word for becomes its repr."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)  # JSON knows no NaN
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return repr(value)


def _software() -> dict[str, str]:
    torch = sys.modules.get("torch")
    versions = {"xai_widgets": xai_widgets.__version__, "numpy": np.__version__}
    return versions if torch is None else {**versions, "torch": str(torch.__version__)}
