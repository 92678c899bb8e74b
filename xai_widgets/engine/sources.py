"""Where networks come from: torchvision and timm by name, with the preprocessing and class names of
their weights; and what an engine reads from any network it binds to.
"""

from __future__ import annotations

import importlib
from typing import Any

import torch
from torch import nn

from xai_widgets import _torchvision
from xai_widgets.errors import ExplanationError, nearest


def from_torchvision(name: str, weights: str | None) -> dict[str, Any]:
    """What `Engine` needs for a torchvision classifier; `weights=None` means random weights.

    Raises ExplanationError for a name or weights that torchvision does not have.
    """
    models = _torchvision.load().models
    names = models.list_models(module=models)
    if name not in names:
        raise ExplanationError(f'torchvision has no classifier "{name}".{nearest(name, names)}')
    available = models.get_model_weights(name)
    wanted = "DEFAULT" if weights is None else weights
    if wanted not in available.__members__:
        entries = list(available.__members__)
        raise ExplanationError(
            f'torchvision has no weights "{wanted}" for {name}; expected one of '
            f"{', '.join(entries)}.{nearest(wanted, entries)}"
        )
    entry = available[wanted]
    model = models.get_model(name, weights=None if weights is None else entry)
    return {
        "model": model.eval(),
        "preprocessing": entry.transforms(),
        "class_names": entry.meta["categories"],
        "name": name,
        "activation": "softmax",
    }


def from_timm(name: str, pretrained: bool) -> dict[str, Any]:
    """What `Engine` needs for a timm classifier.

    Raises ExplanationError for a name that timm does not have, or where timm is not installed.
    """
    _torchvision.load()
    try:
        timm: Any = importlib.import_module("timm")
    except ImportError as error:
        raise ExplanationError(
            "Engine.from_timm needs timm; install it with: pip install timm"
        ) from error
    if not timm.is_model(name.split(".")[0]):
        raise ExplanationError(
            f'timm has no classifier "{name}".{nearest(name, timm.list_models())}'
        )
    model = timm.create_model(name, pretrained=pretrained).eval()
    config = timm.data.resolve_model_data_config(model)
    names = timm.data.ImageNetInfo().label_descriptions() if model.num_classes == 1000 else None
    return {
        "model": model,
        "preprocessing": timm.data.create_transform(**config, is_training=False),
        "class_names": names,
        "name": name,
        # ImageNet's classes exclude each other, also where training took them one by one.
        "activation": None if names is None else "softmax",
    }


def check_device(model: nn.Module, device: str | torch.device | None) -> None:
    """Raise ExplanationError where a network is not on the device it is said to be on."""
    here = next((p.device for p in model.parameters()), torch.device("cpu"))
    wanted = here if device is None else torch.device(device)
    if wanted.type != here.type or wanted.index not in (None, here.index):
        raise ExplanationError(
            f"device={str(device)!r}, but the network is on {str(here)!r}; "
            f"move it first with model.to({str(device)!r})"
        )


def input_channels(model: nn.Module) -> int | None:
    """The channels of the network's first convolution, where those are a picture's (1 or 3)."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            return module.in_channels if module.in_channels in (1, 3) else None
    return None


def problem_of(model: nn.Module) -> str | None:
    """The task that a Hugging Face configuration inside the network names, if there is one."""
    for module in model.modules():
        problem = getattr(getattr(module, "config", None), "problem_type", None)
        if isinstance(problem, str):
            return problem
    return None
