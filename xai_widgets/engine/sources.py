"""Where networks come from: torchvision and timm by name, with the preprocessing and class names of
their weights; and what an engine reads from any network it binds to.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
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


def class_names_of(
    given: Sequence[str] | Mapping[int, str] | None, preprocessing: Any
) -> list[str] | None:
    """Class names by index: those given, else those of the preprocessing's weights, else None.

    Raises ExplanationError for a single string, or a mapping that leaves an index out.
    """
    if given is None:
        given = (getattr(preprocessing, "meta", None) or {}).get("categories")
    if given is None:
        return None
    if isinstance(given, str):
        raise ExplanationError(f"class_names={given!r} is one string; expected a sequence of names")
    if isinstance(given, Mapping):
        missing = next((i for i in range(len(given)) if i not in given), None)
        if missing is not None:
            raise ExplanationError(
                f"class_names has {len(given)} entries but none for index {missing}"
            )
        given = [given[i] for i in range(len(given))]
    return [str(name) for name in given]
