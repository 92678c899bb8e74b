"""Autoencoders in safetensors files: their weights, alone or with the state of a training."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError
from xai_widgets.files import (
    check_settings,
    load_moments,
    load_tensors,
    load_weights,
    moments_of,
    save_tensors,
)
from xai_widgets.relabel.autoencoders.convolutional import ConvolutionalVAE
from xai_widgets.relabel.autoencoders.spatial import SpatialVAE

KINDS: Mapping[str, type[ConvolutionalVAE] | type[SpatialVAE]] = {
    "convolutional": ConvolutionalVAE,
    "spatial": SpatialVAE,
}
_FORMAT = "xai_widgets.vae"


def save_vae(vae: nn.Module, path: str | os.PathLike[str], *, half: bool = False) -> None:
    """Write an autoencoder's weights, in half precision if wanted; the whole file or none of it.

    A module of your own is written too, and `load_vae` takes it back with `vae=`.
    """
    values = {
        name: tensor.half() if half and tensor.is_floating_point() else tensor
        for name, tensor in vae.state_dict().items()
    }
    _save(Path(path), vae, values, {}, None)


def load_vae(path: str | os.PathLike[str], *, vae: nn.Module | None = None) -> Any:
    """Read a file of `save_vae`, or the checkpoint of `fit_vae`: in evaluation mode, frozen.

    `vae` takes the weights; left out, the file says which of this package's autoencoders it is.
    Raises ExplanationError for a file of another kind, or weights that do not fit.
    """
    groups, metadata = _load(Path(path))
    if vae is None:
        kind = KINDS.get(metadata["kind"])
        if kind is None:
            raise ExplanationError(
                f'"{path}" holds the weights of a {metadata["kind"]}, which is none of this '
                "package's autoencoders; make one and pass it: load_vae(path, vae=...)"
            )
        vae = kind(**json.loads(metadata["settings"]))
    load_weights(Path(path), vae, groups.get("vae", {}))
    return vae.eval().requires_grad_(False)


def load_training(
    path: Path, vae: nn.Module, optimizer: torch.optim.Optimizer, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Put weights and moments back and return the state, whose settings must be these."""
    groups, metadata = _load(path)
    if "training" not in metadata:
        raise ExplanationError(
            f'checkpoint is "{path}", which holds weights but no training to go on with; to start '
            "from them pass vae=load_vae(path), and another file for the checkpoint"
        )
    state: dict[str, Any] = json.loads(metadata["training"])
    stored = {**state, "kind": metadata["kind"], "settings": json.loads(metadata["settings"])}
    expected = {**settings, "kind": _kind(vae), "settings": _settings(vae)}
    check_settings(path, stored, expected, otherwise="another file")
    load_weights(path, vae, groups.get("vae", {}))
    load_moments(optimizer, groups.get("optimizer", {}))
    return state


def save_training(
    path: Path, vae: nn.Module, optimizer: torch.optim.Optimizer, state: Mapping[str, Any]
) -> None:
    """Write weights, the optimizer's moments, and a `state` that JSON can hold."""
    _save(path, vae, vae.state_dict(), moments_of(optimizer), state)


def _save(
    path: Path,
    vae: nn.Module,
    values: Mapping[str, Tensor],
    moments: Mapping[str, Tensor],
    state: Mapping[str, Any] | None,
) -> None:
    metadata = {"kind": _kind(vae), "settings": json.dumps(_settings(vae))}
    if state is not None:
        metadata["training"] = json.dumps(dict(state))
    save_tensors(path, _FORMAT, {"vae": values, "optimizer": moments}, metadata)


def _load(path: Path) -> tuple[dict[str, dict[str, Tensor]], dict[str, str]]:
    return load_tensors(path, _FORMAT, what="an autoencoder", maker="save_vae or fit_vae")


def _kind(vae: nn.Module) -> str:
    return next((name for name, kind in KINDS.items() if type(vae) is kind), type(vae).__name__)


def _settings(vae: nn.Module) -> dict[str, Any]:
    return dict(getattr(vae, "settings", {}))
