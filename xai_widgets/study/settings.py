"""The arguments of a study, checked and as its manifest holds them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError, brief, check_choice, nearest
from xai_widgets.study.observing import TargetRule
from xai_widgets.study.source import Source

__all__ = ["RESERVED", "block_size", "classes_of", "folder_path", "plain_setting", "target_rule"]

_TRIED = 5  # pictures, until one can be read
# Columns that a study makes itself.
RESERVED = frozenset(
    {
        *("key", "label", "prediction", "target", "probability", "loss", "score", "correct"),
        *("done", "error", "digest", "brightness", "contrast", "saturation", "sharpness"),
        *("width", "height", "aspect", "verdict"),
    }
)


def plain_setting(value: Any) -> Any:
    """A setting as JSON holds it, so that it reads back the same."""
    if isinstance(value, (bool, int, float, str)) or value is None:
        return value
    if isinstance(value, (list, tuple)):
        return [plain_setting(v) for v in value]
    if callable(value):
        return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', '')}"
    return brief(value)


def folder_path(folder: Any) -> Path:
    if not isinstance(folder, (str, os.PathLike)):
        raise ExplanationError(f'folder is {brief(folder)}; expected a path, "photos.study"')
    return Path(folder).expanduser()


def block_size(block: Any) -> int:
    if isinstance(block, bool) or not isinstance(block, int) or not 1 <= block <= 2**16:
        raise ExplanationError(f"block is {brief(block)}; expected a number of rows, 1 to 65536")
    return block


def target_rule(target: Any, names: Sequence[str] | None, count: int) -> TargetRule:
    """ "prediction", "label", or a class."""
    if target in ("prediction", "label") and isinstance(target, str):
        return str(target)
    if isinstance(target, str) and names is not None and target in names:
        return list(names).index(target)
    if isinstance(target, str):
        if names is None or nearest(target, ("prediction", "label")):
            check_choice("target", target, ("prediction", "label"))
        raise ExplanationError(
            f"target is {target!r}; expected 'prediction', 'label', or one of the network's "
            f"classes.{nearest(target, names or ())}"
        )
    try:
        index = int(np.asarray(target).item()) if not isinstance(target, bool) else -1
    except (TypeError, ValueError):
        index = -1
    if not 0 <= index < count:
        raise ExplanationError(
            f"target is {brief(target)}; expected 'prediction', 'label', or a class, 0 to "
            f"{count - 1}"
        )
    return index


def classes_of(engine: Engine, source: Source) -> tuple[int, list[str] | None]:
    """How many classes the network has, found with the first picture that can be read, and their
    names.
    """
    problem: Exception | None = None
    for row in range(min(_TRIED, source.count)):
        try:
            image, _ = source.read(row)
            prediction = engine.predict(image)
        except Exception as error:  # a user's data set may raise anything
            problem = problem or error
            continue
        if prediction.unit != "probability":
            raise ExplanationError(
                'the network gives numbers, not classes (activation="identity"); a study is of '
                "classifiers"
            )
        names = engine.class_names
        if len(prediction) > 1:
            return len(prediction), names
        if names is not None and len(names) == 2:
            return 2, names
        return 2, None if names is None else [f"not {names[0]}", names[0]]
    raise ExplanationError(
        f"none of the first {min(_TRIED, source.count)} pictures of {source.kind} can be used: "
        f"{problem}"
    ) from problem
