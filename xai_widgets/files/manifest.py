"""What the fields of an attribution's manifest must be."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from xai_widgets.errors import ExplanationError, brief

__all__ = ["check_manifest"]

_MOST_PIXELS = 2**27  # of a model input


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _number(value: Any) -> bool:
    """Whether it is a number, or the text that stands for one which JSON lacks."""
    if isinstance(value, str):
        return value.lower() in ("nan", "inf", "-inf")
    return isinstance(value, float) or (type(value) is int and abs(value) < 2**53)


def _size(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 2:
        return False
    return all(type(n) is int and n > 0 for n in value) and math.prod(value) <= _MOST_PIXELS


def _target(value: Any) -> bool:
    if not isinstance(value, dict) or not _text(value.get("name")):
        return False
    index = value.get("index")
    return index is None or (type(index) is int and index >= 0)


def _or_none(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or check(value)


_FIELDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(
        ("method", "title", "model", "picture_name", "picture_digest"), (_text, "text")
    ),
    "layer": (_or_none(_text), "text or null"),
    "parameters": (lambda value: isinstance(value, dict), "an object"),
    "score": (_number, "a number"),
    "probability": (_or_none(_number), "a number or null"),
    "completeness_gap": (_or_none(_number), "a number or null"),
    "seconds": (lambda value: _number(value) and 0 <= float(value) < math.inf, "a number"),
    "seed": (_or_none(lambda value: type(value) is int), "a whole number or null"),
    "input_size": (_size, f"height and width, of {_MOST_PIXELS} pixels at most"),
    "space": (lambda value: value in ("input", "layer"), '"input" or "layer"'),
    "unit": (lambda value: value in ("probability", "number"), '"probability" or "number"'),
    "signed": (_or_none(lambda value: isinstance(value, bool)), "true, false or null"),
    "target": (_target, "an index or null, and a name"),
    "warnings": (
        lambda value: isinstance(value, list) and all(map(_text, value)),
        "a list of sentences",
    ),
}


def check_manifest(where: str, manifest: Mapping[str, Any]) -> None:
    """Raise ExplanationError, which begins with `where`, for the first field that is not what
    `save` writes. Fields that are missing are no matter here.
    """
    for name, (check, expected) in _FIELDS.items():
        if name in manifest and not check(manifest[name]):
            raise ExplanationError(
                f"{where} is damaged: its {name} is {brief(manifest[name])}; expected {expected}."
            )
