"""Networks by name from torchvision and timm, with the preprocessing and class names that belong to
their weights.
"""

from __future__ import annotations

import importlib
from typing import Any

from xai_widgets import _torchvision
from xai_widgets.errors import ExplanationError, nearest


def from_torchvision(name: str, weights: str | None) -> dict[str, Any]:
    """What `Engine` needs for a torchvision classifier; `weights=None` means random weights.

    Raises ExplanationError for a name or weights that torchvision does not have.
    """
    models = _torchvision.load().models
    known = models.list_models(module=models)
    if name not in known:
        raise ExplanationError(f'torchvision has no classifier "{name}".{nearest(name, known)}')
    available = models.get_model_weights(name)
    wanted = "DEFAULT" if weights is None else weights
    if wanted not in available.__members__:
        names = list(available.__members__)
        raise ExplanationError(
            f'torchvision has no weights "{wanted}" for {name}; expected one of {", ".join(names)}.'
            + nearest(wanted, names)
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
