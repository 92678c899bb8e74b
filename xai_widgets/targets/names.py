"""Class names in the forms that people have them in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np

from xai_widgets.errors import ExplanationError, brief, readable

_WNID = re.compile(r"n\d{8}")


def class_names_of(given: Any, preprocessing: Any = None) -> list[str] | None:
    """Class names by index: those given, else those of the preprocessing's weights, else None.

    Taken: a sequence of names; a mapping from index to name, also with the indices as text, as JSON
    has them; a mapping from name to index (`dataset.class_to_idx`); ImageNet's pairs of number and
    name. Raises ExplanationError for anything else, or a mapping that leaves an index out.
    """
    if given is None:
        given = (getattr(preprocessing, "meta", None) or {}).get("categories")
    if given is None:
        return None
    if isinstance(given, (str, bytes)):
        raise ExplanationError(
            f"class_names={brief(given)} is one string; expected a sequence of names"
        )
    if isinstance(given, AbstractSet) and not isinstance(given, Mapping):
        raise ExplanationError(
            "class_names is a set, which has no order; expected a list in the order of the "
            "network's outputs"
        )
    if isinstance(given, Mapping):
        given = _of_mapping(given)
    if not isinstance(given, Iterable):
        classes = getattr(given, "classes", None)
        hint = "; pass its .classes" if classes is not None else ""
        raise ExplanationError(
            f"class_names is a {type(given).__name__}; expected a sequence of names{hint}"
        )
    names = [_name(name) for name in given]
    if not names:
        raise ExplanationError("class_names is empty; expected one name per class, or None")
    return names


def _of_mapping(given: Mapping[Any, Any]) -> list[Any]:
    """The names in the order of their indices."""
    by_index = {_index(key): name for key, name in given.items()}
    if None in by_index and all(_index(value) is not None for value in given.values()):
        by_index = {_index(index): name for name, index in given.items()}
        if len(by_index) < len(given):
            raise ExplanationError(
                "class_names maps names to numbers, and several names have the same number; "
                "expected one name for each"
            )
    missing = next((i for i in range(len(by_index)) if i not in by_index), None)
    if missing is not None:
        background = " Is there a background class at 0?" if missing == 0 else ""
        raise ExplanationError(
            f"class_names has {len(given)} entries but none for index {missing}.{background}"
        )
    return [by_index[i] for i in range(len(by_index))]


def _index(key: Any) -> int | None:
    if isinstance(key, (int, np.integer)) and not isinstance(key, bool):
        return int(key)
    if isinstance(key, str) and key.strip().isdecimal():
        return int(key)
    return None


def _name(name: Any) -> str:
    pair = isinstance(name, (list, tuple)) and len(name) == 2
    if pair and isinstance(name[0], str) and _WNID.fullmatch(name[0]):
        return readable(str(name[1]))
    return readable(str(name))


def nearest_cause(classes: int, names: Sequence[str]) -> str:
    """Why there may be more or fewer names than scores, in a sentence."""
    if len(names) + 1 == classes:
        return (
            " One is missing: some networks have a background class, mostly at 0; then pass "
            'class_names=["background", *names].'
        )
    if len(names) - 1 == classes:
        return f" One is too many: is {names[0]!r} a background class that this network lacks?"
    if len(set(names)) == classes:
        return " As many of the names are different: some are there twice."
    if classes == 1:
        return " Names for a single score are one, or two: no and yes."
    return " Are they the names of another data set, or is it not the scores that it returns?"
