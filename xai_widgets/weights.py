"""Ground floor: weights in safetensors files, alone or with what a training needs to go on.

A file is written whole or not at all. Its metadata name the format and its version; tensors are in
groups, each under a prefix.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError
from xai_widgets.files import write_whole

__all__ = ["group", "moments_of", "put_moments", "put_weights", "read", "write"]

_VERSION = "1"


def write(
    path: Path,
    file_format: str,
    groups: Mapping[str, Mapping[str, Tensor]],
    metadata: Mapping[str, str],
) -> None:
    """Write groups of tensors, by prefix. Raises ExplanationError where that is not possible."""
    tensors = {
        prefix + name: tensor.detach().cpu().contiguous().clone()  # a copy shares no memory
        for prefix, some in groups.items()
        for name, tensor in some.items()
    }
    head = {"format": file_format, "version": _VERSION, **metadata}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, save(tensors, head))
    except OSError as error:
        raise ExplanationError(f'"{path}" cannot be written: {error}') from error


def read(
    path: Path, file_format: str, *, what: str, maker: str
) -> tuple[dict[str, str], dict[str, Tensor]]:
    """The metadata and all tensors of a file that `maker` wrote, which holds `what`.

    Raises ExplanationError for a file that cannot be read, or of another format.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  # no mapping
    except (OSError, SafetensorError) as error:
        raise ExplanationError(
            f'"{path}" cannot be read ({error}); expected a safetensors file of {maker}'
        ) from error
    if metadata.get("format") != file_format or metadata.get("version") != _VERSION:
        raise ExplanationError(
            f'"{path}" is not {what} that this xai_widgets wrote: its format is '
            f"{metadata.get('format')!r}, version {metadata.get('version')!r}; expected "
            f"{file_format!r}, version {_VERSION!r}"
        )
    return metadata, tensors


def group(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors of one group, without its prefix."""
    return {
        key.removeprefix(prefix): tensor
        for key, tensor in tensors.items()
        if key.startswith(prefix)
    }


def put_weights(path: Path, module: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Copy weights into a module. Raises ExplanationError where they do not fit."""
    try:
        module.load_state_dict(weights)  # copied into float32 where they were stored in half
    except RuntimeError as error:
        raise ExplanationError(
            f'the weights in "{path}" do not fit {type(module).__name__}: {error}'
        ) from error


def moments_of(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """What an optimizer remembers of each parameter."""
    return {
        f"{index}.{name}": torch.as_tensor(value)
        for index, slot in optimizer.state_dict()["state"].items()
        for name, value in slot.items()
        if value is not None
    }


def put_moments(optimizer: torch.optim.Optimizer, moments: Mapping[str, Tensor]) -> None:
    """Give an optimizer back what `moments_of` gave."""
    slots: dict[int, dict[str, Any]] = {}
    for key, tensor in moments.items():
        index, name = key.split(".", 1)
        slots.setdefault(int(index), {})[name] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": slots})
