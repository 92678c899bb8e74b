"""Autoencoders in safetensors files: weights alone, or with what a training needs to go on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from xai_widgets import weights
from xai_widgets.errors import ExplanationError
from xai_widgets.relabel.autoencoders.convolutional import ConvolutionalVAE
from xai_widgets.relabel.autoencoders.spatial import SpatialVAE

__all__ = ["KINDS", "load_vae", "read_training", "save_vae", "write_training"]

KINDS: dict[str, type[ConvolutionalVAE] | type[SpatialVAE]] = {
    "convolutional": ConvolutionalVAE,
    "spatial": SpatialVAE,
}
_FORMAT = "xai_widgets.vae"
_WEIGHT, _MOMENT = "vae.", "optimizer."


def save_vae(vae: nn.Module, path: str | os.PathLike[str], *, half: bool = False) -> None:
    """Write an autoencoder's weights, in half precision if wanted; the whole file or none of it.

    A module of your own is written too, and `load_vae` takes it back with `vae=`.
    """
    values = {
        name: tensor.half() if half and tensor.is_floating_point() else tensor
        for name, tensor in vae.state_dict().items()
    }
    _write(Path(path), vae, values, {}, None)


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
    weights.put_weights(Path(path), vae, weights.group(tensors, _WEIGHT))
    return vae.eval().requires_grad_(False)


def write_training(
    path: Path, vae: nn.Module, optimizer: torch.optim.Optimizer, state: Mapping[str, Any]
) -> None:
    """Write weights, the optimizer's moments, and a `state` that JSON can hold."""
    _write(path, vae, vae.state_dict(), weights.moments_of(optimizer), state)


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
    weights.put_weights(path, vae, weights.group(tensors, _WEIGHT))
    weights.put_moments(optimizer, weights.group(tensors, _MOMENT))
    return state


def _write(
    path: Path,
    vae: nn.Module,
    values: Mapping[str, Tensor],
    moments: Mapping[str, Tensor],
    state: Mapping[str, Any] | None,
) -> None:
    metadata = {"kind": _kind(vae), "settings": json.dumps(_settings(vae))}
    if state is not None:
        metadata["training"] = json.dumps(dict(state))
    weights.write(path, _FORMAT, {_WEIGHT: values, _MOMENT: moments}, metadata)


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    return weights.read(path, _FORMAT, what="an autoencoder", maker="save_vae or fit_vae")


def _kind(vae: nn.Module) -> str:
    return next((name for name, kind in KINDS.items() if type(vae) is kind), type(vae).__name__)


def _settings(vae: nn.Module) -> dict[str, Any]:
    return dict(getattr(vae, "settings", {}))
