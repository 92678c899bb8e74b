"""Trainings in safetensors files: the network, what the optimizer remembers, and how far it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from xai_widgets import weights
from xai_widgets.errors import ExplanationError

__all__ = ["NAME", "read_training", "write_training"]

NAME = "checkpoint.safetensors"
_FORMAT = "xai_widgets.training"
_NETWORK, _MOMENT = "network.", "optimizer."


def write_training(
    path: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    settings: Mapping[str, Any],
    progress: Mapping[str, Any],
) -> None:
    """Write all that a training needs to go on; both mappings hold what JSON can hold."""
    groups = {_NETWORK: model.state_dict(), _MOMENT: weights.moments_of(optimizer)}
    metadata = {"settings": json.dumps(settings), "progress": json.dumps(progress)}
    weights.write(path, _FORMAT, groups, metadata)


def read_training(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Put network and optimizer back, and return the progress.

    Raises ExplanationError for a file of a training with other settings, naming the first.
    """
    metadata, tensors = weights.read(path, _FORMAT, what="a training", maker="a Trainer")
    had: dict[str, Any] = json.loads(metadata["settings"])
    for name, value in settings.items():
        if had.get(name) != value:
            raise ExplanationError(
                f'"{path}" is of a training with {name}={had.get(name)!r}, and now {name} is '
                f"{value!r}; expected the same, or another folder"
            )
    weights.put_weights(path, model, weights.group(tensors, _NETWORK))
    weights.put_moments(optimizer, weights.group(tensors, _MOMENT))
    progress: dict[str, Any] = json.loads(metadata["progress"])
    return progress
