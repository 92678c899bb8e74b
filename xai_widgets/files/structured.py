"""JSON that somebody else may have written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from xai_widgets.errors import ExplanationError, a_kind

__all__ = ["parsed", "parsed_object"]


def parsed(text: str | bytes) -> Any:
    """What a JSON text says. Raises ValueError for one that is broken, nested too deep, or has a
    number that is too large.
    """
    try:
        return json.loads(text, parse_float=_finite)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def parsed_object(metadata: Mapping[str, str], name: str, where: str) -> dict[str, Any]:
    """The JSON object that a file's metadata hold under a name. Raises ExplanationError, which
    begins with `where`, such as '"a.safetensors"'.
    """
    if name not in metadata:
        raise ExplanationError(f"{where} says nothing of its {name}; it is no whole file")
    try:
        found = parsed(metadata[name])
    except ValueError as error:
        raise ExplanationError(f"{where} is damaged: its {name} is no JSON ({error})") from error
    if not isinstance(found, dict):
        raise ExplanationError(
            f"{where} is damaged: its {name} is {a_kind(found)}; expected an object"
        )
    return found


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"the number {text[:40]} is too large")
    return number
