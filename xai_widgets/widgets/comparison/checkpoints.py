"""Weights that may come from anywhere: files of state dicts, and what is in them.

`torch.load` is asked only for tensors (`weights_only`), and only from the version on in which no
hole is known through which a file could run code all the same (CVE-2025-32434, mended in 2.6, and
CVE-2026-24747, mended in 2.10). Before that, files are safetensors, which hold nothing but numbers.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from xai_widgets.errors import ExplanationError, brief, some_of
from xai_widgets.files import check_regular, has_header, read_safetensors

_SAFE = (2, 10)  # the first torch whose torch.load is trusted with a file of unknown origin
_WITHIN = ("state_dict", "model_state_dict", "model", "net", "network", "weights")


def read_weights(path: Path) -> Any:
    """What a file of weights holds: a safetensors file, or one of `torch.save`. Nothing in it is
    run.

    Raises ExplanationError for what is no such file, and for one of `torch.save` where torch is
    older than 2.10.
    """
    check_regular(path, "checkpoint", "a file of weights")
    try:
        safe = has_header(path)
    except OSError as problem:
        raise ExplanationError(f'the checkpoint "{path}" cannot be read: {problem}') from problem
    if safe or path.suffix.lower() == ".safetensors":
        return read_safetensors(path)[0]
    if _version(torch.__version__) < _SAFE:
        raise ExplanationError(
            f'the checkpoint "{path}" is not a safetensors file, and torch {torch.__version__} can '
            "be made to run code by files of torch.save (CVE-2025-32434, CVE-2026-24747); update "
            "torch to 2.10 or newer, or, if you trust the file, pass its content: "
            "torch.load(path, weights_only=True)"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is unusual in a file
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as problem:  # whatever the file holds
        reason = brief(str(problem).partition("\n")[0], 300)[1:-1]
        raise ExplanationError(
            f'"{path.name}" is no file of weights ({type(problem).__name__}: {reason})'
        ) from problem


def check_state_dict(what: str, weights: Any) -> None:
    """Raise ExplanationError, which begins with `what`, for what is no state dict, and for one with
    values that are no numbers.
    """
    if not isinstance(weights, Mapping):
        raise ExplanationError(f"{what} is {brief(weights)}; expected a state dict, or its file")
    tensors = {name: value for name, value in weights.items() if isinstance(value, torch.Tensor)}
    if not tensors:
        within = next((n for n in _WITHIN if isinstance(weights.get(n), Mapping)), None)
        hint = f": pass what it holds as {within!r}" if within else ""
        raise ExplanationError(
            f"{what} does not fit the network: it holds {some_of(map(str, weights)) or 'nothing'}, "
            f"and no tensors; expected a state dict{hint}"
        )
    for name, value in tensors.items():
        numbers = value.is_floating_point() and value.layout == torch.strided and value.numel()
        if numbers and bool(value.isnan().any()):
            raise ExplanationError(
                f"{what} has {int(value.isnan().sum())} values in {str(name)!r} that are no "
                "numbers (nan), as after a training that diverged; expected weights from before"
            )


def _version(text: str) -> tuple[int, int]:
    found = re.match(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)
