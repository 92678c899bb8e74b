"""JSON that somebody else may have written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from xai_widgets.errors import ExplanationError, a_kind, brief

__all__ = ["checked_format", "parsed", "parsed_object"]


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


def checked_format(found: Any, where: str, kind: str, name: str, version: int) -> dict[str, Any]:
    """What a manifest says, where it is one of that format and version. Raises ExplanationError,
    which begins with `where`, and calls it the manifest of `kind`, such as "an attribution".
    """
    if not isinstance(found, dict) or found.get("format") != name:
        raise ExplanationError(f"{where} is not the manifest of {kind}.")
    if found.get("version") != version:
        raise ExplanationError(
            f"{where} has version {brief(found.get('version'))}, and this xai_widgets reads "
            f"version {version}."
        )
    return found


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"the number {text[:40]} is too large")
    return number
