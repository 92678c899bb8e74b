"""Autoencoders in safetensors files: weights alone, or with what a training needs to go on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from xai_widgets.archive import write_whole
from xai_widgets.errors import ExplanationError
from xai_widgets.relabel.convolutional_vae import ConvolutionalVAE
from xai_widgets.relabel.spatial_vae import SpatialVAE

__all__ = ["KINDS", "load_vae", "read_training", "save_vae", "write_training"]

KINDS: dict[str, type[ConvolutionalVAE] | type[SpatialVAE]] = {
    "convolutional": ConvolutionalVAE,
    "spatial": SpatialVAE,
}
_FORMAT, _VERSION = "xai_widgets.vae", "1"
_WEIGHT, _MOMENT = "vae.", "optimizer."


def save_vae(vae: nn.Module, path: str | os.PathLike[str], *, half: bool = False) -> None:
    """Write an autoencoder's weights, in half precision if wanted; the whole file or none of it.

    A module of your own is written too, and `load_vae` takes it back with `vae=`.
    """
    weights = {
        name: tensor.half() if half and tensor.is_floating_point() else tensor
        for name, tensor in vae.state_dict().items()
    }
    _write(Path(path), vae, weights, {}, None)


def load_vae(path: str | os.PathLike[str], *, vae: nn.Module | None = None) -> Any:
    """Read what `save_vae` or the checkpoint of `fit_vae` holds: in evaluation mode, frozen.

    `vae` takes the weights; left out, the file says which of this package's autoencoders it is.
    Raises ExplanationError for a file of another kind, or weights that do not fit.
    """
    metadata, tensors = _read(Path(path))
    if vae is None:
        kind = KINDS.get(metadata["kind"])
        if kind is None:
            raise ExplanationError(
                f'"{path}" holds the weights of a {metadata["kind"]}, which is none of this '
                "package's autoencoders; make one and pass it: load_vae(path, vae=...)"
            )
        vae = kind(**json.loads(metadata["settings"]))
    _put_weights(Path(path), vae, tensors)
    return vae.eval().requires_grad_(False)


def write_training(
    path: Path, vae: nn.Module, optimizer: torch.optim.Optimizer, state: Mapping[str, Any]
) -> None:
    """Write weights, the optimizer's moments, and a `state` that JSON can hold."""
    moments = {
        f"{index}.{name}": torch.as_tensor(value)
        for index, slot in optimizer.state_dict()["state"].items()
        for name, value in slot.items()
    }
    _write(path, vae, vae.state_dict(), moments, state)


def read_training(
    path: Path, vae: nn.Module, optimizer: torch.optim.Optimizer, expected: Mapping[str, Any]
) -> dict[str, Any]:
    """Put weights and moments back and return the state; its entries must be as `expected`."""
    metadata, tensors = _read(path)
    if "training" not in metadata:
        raise ExplanationError(
            f'checkpoint is "{path}", which holds weights but no training to go on with; to start '
            "from them pass vae=load_vae(path), and another file for the checkpoint"
        )
    state: dict[str, Any] = json.loads(metadata["training"])
    wanted = {**expected, "kind": _kind(vae), "settings": _settings(vae)}
    had = {**state, "kind": metadata["kind"], "settings": json.loads(metadata["settings"])}
    for name, value in wanted.items():
        if had.get(name) != value:
            raise ExplanationError(
                f'checkpoint is "{path}", a training with {name}={had.get(name)!r}, and now '
                f"{name} is {value!r}; expected the same, or another file"
            )
    _put_weights(path, vae, tensors)
    saved = optimizer.state_dict()
    slots: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        if key.startswith(_MOMENT):
            index, name = key.removeprefix(_MOMENT).split(".", 1)
            slots.setdefault(int(index), {})[name] = tensor
    optimizer.load_state_dict({**saved, "state": slots})
    return state


def _write(
    path: Path,
    vae: nn.Module,
    weights: Mapping[str, Tensor],
    moments: Mapping[str, Tensor],
    state: Mapping[str, Any] | None,
) -> None:
    tensors = {
        prefix + name: tensor.detach().cpu().contiguous().clone()  # a copy shares no memory
        for prefix, some in ((_WEIGHT, weights), (_MOMENT, moments))
        for name, tensor in some.items()
    }
    metadata = {
        "format": _FORMAT,
        "version": _VERSION,
        "kind": _kind(vae),
        "settings": json.dumps(_settings(vae)),
    }
    if state is not None:
        metadata["training"] = json.dumps(dict(state))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, save(tensors, metadata))
    except OSError as error:
        raise ExplanationError(f'"{path}" cannot be written: {error}') from error


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  # no mapping
    except (OSError, SafetensorError) as error:
        raise ExplanationError(
            f'"{path}" cannot be read ({error}); expected a safetensors file of save_vae or fit_vae'
        ) from error
    if metadata.get("format") != _FORMAT or metadata.get("version") != _VERSION:
        raise ExplanationError(
            f'"{path}" is not an autoencoder that this xai_widgets wrote: its format is '
            f"{metadata.get('format')!r}, version {metadata.get('version')!r}; expected "
            f"{_FORMAT!r}, version {_VERSION!r}"
        )
    return metadata, tensors


def _put_weights(path: Path, vae: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    weights = {
        key.removeprefix(_WEIGHT): tensor
        for key, tensor in tensors.items()
        if key.startswith(_WEIGHT)
    }
    try:
        vae.load_state_dict(weights)  # copied into float32 where they were stored in half
    except RuntimeError as error:
        raise ExplanationError(
            f'the weights in "{path}" do not fit {type(vae).__name__}: {error}'
        ) from error


def _kind(vae: nn.Module) -> str:
    return next((name for name, kind in KINDS.items() if type(vae) is kind), type(vae).__name__)


def _settings(vae: nn.Module) -> dict[str, Any]:
    return dict(getattr(vae, "settings", {}))
