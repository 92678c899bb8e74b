"""Ground floor: what this package writes to disk, each file whole or not at all.

An attribution is a folder: a manifest in JSON beside plain files. The manifest comes last and holds
the checksum of the values, so a folder half-written, or half-replaced, is never taken for a result.
Weights and checkpoints are safetensors files: tensors in named groups, and metadata that name the
format and its version. Torch is imported on use: an attribution can be read without it.
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
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

import xai_widgets
from xai_widgets.errors import ExplanationError
from xai_widgets.render import encode_png

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.optim import Optimizer

__all__ = [
    "Groups",
    "Record",
    "check_settings",
    "load_moments",
    "load_record",
    "load_tensors",
    "load_weights",
    "moments_of",
    "save_record",
    "save_tensors",
    "write_whole",
]


def write_whole(file: Path, content: bytes) -> None:
    """Write aside, then rename: a reader sees the old file or the new one, never half of one."""
    aside = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        aside.write_bytes(content)
        os.replace(aside, file)
    finally:
        aside.unlink(missing_ok=True)


# Attributions, each in a folder of its own.

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


def save_record(folder: Path, record: Record, overlay: npt.NDArray[np.uint8]) -> None:
    """Write a record into a folder, which is made if need be; the manifest last.

    Raises ExplanationError where the folder cannot be made.
    """
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


def load_record(folder: Path, keys: Iterable[str]) -> Record:
    """Read the record in a folder, whose manifest must hold ``keys``.

    Raises ExplanationError where something is missing, damaged or of another version.
    """
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
    raw = _read(folder, _MANIFEST)
    try:
        manifest = json.loads(raw)
    except ValueError as error:
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


# Weights and checkpoints.

# Tensors by group and name; in the file, the two are joined by a dot. Group names hold no dot.
Groups: TypeAlias = "Mapping[str, Mapping[str, Tensor]]"
_TENSORS_VERSION = "1"


def save_tensors(path: Path, file_format: str, groups: Groups, metadata: Mapping[str, str]) -> None:
    """Write tensors, in their groups, and metadata. Raises ExplanationError where the file cannot
    be written.
    """
    from safetensors.torch import save

    tensors = {
        f"{group}.{name}": tensor.detach().cpu().contiguous().clone()  # a copy shares no memory
        for group, members in groups.items()
        for name, tensor in members.items()
    }
    head = {"format": file_format, "version": _TENSORS_VERSION, **metadata}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, save(tensors, head))
    except OSError as error:
        raise ExplanationError(f'"{path}" cannot be written: {error}') from error


def load_tensors(
    path: Path, file_format: str, *, what: str, maker: str
) -> tuple[dict[str, dict[str, Tensor]], dict[str, str]]:
    """The tensors, by group and name, and the metadata of a file that `maker` wrote and that holds
    `what` (both for the words of an error).

    Raises ExplanationError for a file that cannot be read, or is of another format.
    """
    from safetensors import SafetensorError, safe_open

    groups: dict[str, dict[str, Tensor]] = {}
    try:
        with safe_open(path, framework="pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
            for key in file.keys():  # noqa: SIM118  # no mapping
                group, _, name = key.partition(".")
                groups.setdefault(group, {})[name] = file.get_tensor(key)
    except (OSError, SafetensorError) as error:
        raise ExplanationError(
            f'"{path}" cannot be read ({error}); expected a safetensors file of {maker}'
        ) from error
    if metadata.get("format") != file_format or metadata.get("version") != _TENSORS_VERSION:
        raise ExplanationError(
            f'"{path}" is not {what} that this xai_widgets wrote: its format is '
            f"{metadata.get('format')!r}, version {metadata.get('version')!r}; expected "
            f"{file_format!r}, version {_TENSORS_VERSION!r}"
        )
    return groups, metadata


def load_weights(path: Path, module: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Copy weights that were read from `path` into a module. Raises ExplanationError where they do
    not fit.
    """
    try:
        module.load_state_dict(weights)  # copied into float32 where they were stored in half
    except RuntimeError as error:
        raise ExplanationError(
            f'the weights in "{path}" do not fit {type(module).__name__}: {error}'
        ) from error


def moments_of(optimizer: Optimizer) -> dict[str, Tensor]:
    """What an optimizer remembers of each parameter, by the parameter's index and the moment's
    name.
    """
    import torch

    return {
        f"{index}.{name}": torch.as_tensor(value, device="cpu")
        for index, moments in optimizer.state_dict()["state"].items()
        for name, value in moments.items()
        if value is not None
    }


def load_moments(optimizer: Optimizer, moments: Mapping[str, Tensor]) -> None:
    """Give an optimizer back what `moments_of` gave."""
    state: dict[int, dict[str, Any]] = {}
    for key, tensor in moments.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def check_settings(
    path: Path, stored: Mapping[str, Any], settings: Mapping[str, Any], *, otherwise: str
) -> None:
    """Raise ExplanationError for a checkpoint that was stored by a training with other settings,
    naming the first that differs; `otherwise` is what to use instead, such as "another file".
    """
    for name, value in settings.items():
        if stored.get(name) != value:
            raise ExplanationError(
                f'"{path}" is the checkpoint of a training with {name}={stored.get(name)!r}, and '
                f"now {name} is {value!r}; expected the same, or {otherwise}"
            )
