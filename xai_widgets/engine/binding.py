"""What an engine looks at when it binds to a network: where it is, what it takes, what it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from xai_widgets.errors import ExplanationError


def check_device(model: nn.Module, device: str | torch.device | None) -> None:
    here = next((p.device for p in model.parameters()), torch.device("cpu"))
    wanted = here if device is None else torch.device(device)
    if wanted.type != here.type or wanted.index not in (None, here.index):
        raise ExplanationError(
            f"device={str(device)!r}, but the network is on {str(here)!r}; "
            f"move it first with model.to({str(device)!r})"
        )


def input_channels(model: nn.Module) -> int | None:
    """The channels of the network's first convolution, if that is where pictures enter."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            return module.in_channels if module.in_channels in (1, 3) else None
    return None


def class_names_of(
    given: Sequence[str] | Mapping[int, str] | None, preprocessing: Any
) -> list[str] | None:
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
