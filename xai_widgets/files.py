"""Ground floor: attributions in a folder. A manifest in JSON beside plain files.

Each file is written aside and renamed, the manifest last, with the checksum of the values: a folder
half-written, or half-replaced, is never taken for a result.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

import xai_widgets
from xai_widgets.errors import ExplanationError
from xai_widgets.render.raster import encode_png

__all__ = ["Record", "read", "write", "write_whole"]

_FORMAT = "xai_widgets.attribution"
_VERSION = 1
_MANIFEST, _VALUES, _PICTURE, _OVERLAY = (
    "attribution.json",
    "values.npy",
    "picture.png",
    "overlay.png",
)


@dataclass(frozen=True)
class Record:
    """What a folder holds: a ``manifest`` that JSON can hold, float32 ``values``, ``pixels``."""

    manifest: Mapping[str, Any]
    values: npt.NDArray[np.float32]
    pixels: npt.NDArray[np.uint8] | None


def write(folder: Path, record: Record, overlay: npt.NDArray[np.uint8]) -> None:
    """Write ``record`` into ``folder``, which is made if need be; the manifest last."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
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
    write_whole(folder / _VALUES, values)
    if record.pixels is not None:
        write_whole(folder / _PICTURE, encode_png(record.pixels))
    write_whole(folder / _OVERLAY, encode_png(overlay))
    text = json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False)
    write_whole(folder / _MANIFEST, text.encode() + b"\n")


def read(folder: Path, keys: Iterable[str]) -> Record:
    """Read the record in ``folder``, whose manifest must hold ``keys``."""
    if not folder.is_dir():
        raise ExplanationError(f'there is no folder "{folder}"; expected one made by save().')
    manifest = _manifest(folder)
    missing = [key for key in (*keys, "values", "picture") if key not in manifest]
    if missing:
        raise ExplanationError(f'"{folder / _MANIFEST}" says nothing of {", ".join(missing)}.')
    raw = _read(folder, _VALUES)
    if hashlib.sha256(raw).hexdigest() != manifest["values"].get("sha256"):
        raise ExplanationError(
            f'"{folder / _VALUES}" does not belong to "{_MANIFEST}" beside it (another '
            "checksum): the folder was changed, or saving was cut short. Save it again."
        )
    pixels = None
    if manifest["picture"] is not None:
        encoded = _read(folder, _PICTURE)
        try:
            with Image.open(io.BytesIO(encoded)) as picture:
                pixels = np.asarray(picture.convert("RGB"))
        except Exception as error:  # Pillow's decoders raise nearly every type on a broken file
            raise ExplanationError(f'"{folder / _PICTURE}" is damaged: {error}.') from error
    return Record(manifest, np.load(io.BytesIO(raw), allow_pickle=False), pixels)


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(_read(folder, _MANIFEST))
    except ValueError as error:
        if isinstance(error, ExplanationError):
            raise
        raise ExplanationError(f'"{folder / _MANIFEST}" is not JSON: {error}.') from error
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        raise ExplanationError(f'"{folder / _MANIFEST}" is not the manifest of an attribution.')
    if manifest.get("version") != _VERSION:
        raise ExplanationError(
            f'"{folder / _MANIFEST}" has version {manifest.get("version")}, and this xai_widgets '
            f"reads version {_VERSION}."
        )
    return manifest


def _read(folder: Path, name: str) -> bytes:
    file = folder / name
    try:
        return file.read_bytes()
    except OSError:
        held = ", ".join(sorted(p.name for p in folder.iterdir())) or "nothing"
        raise ExplanationError(
            f'"{folder}" holds no readable {file.name}; expected a folder made by save(). '
            f"It holds {held[:200]}."
        ) from None


def write_whole(file: Path, content: bytes) -> None:
    """Write aside, then rename: a reader sees the old file or the new one, never half of one."""
    aside = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        aside.write_bytes(content)
        os.replace(aside, file)
    finally:
        aside.unlink(missing_ok=True)


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
