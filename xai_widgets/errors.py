"""Ground floor: the one error that every room raises, and how its message is written.

An error names the thing, the value it had, what was expected, and the nearest right spelling.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["ExplanationError", "check_choice", "nearest"]


class ExplanationError(ValueError):
    """An explanation could not be made as requested. The message says why, and what to do."""


def nearest(value: object, names: Iterable[str], *, limit: int = 3) -> str:
    """Return ``' Did you mean "x"?'`` for the spelling nearest to ``value``, or ``''``.

    Spellings that contain every word of ``value`` win (``"cat"`` finds ``"Egyptian cat"`` and
    ``"tiger cat"``, never ``"cab"``); then the one most similar letter by letter. Upper and
    lower case are the same, and the leading space lets the answer follow any sentence.
    """
    wanted = str(value).casefold().strip()
    spellings = list(dict.fromkeys(names))
    if not wanted or not spellings:
        return ""
    words = set(_words(wanted))
    matches = [name for name in spellings if words and words <= set(_words(name))][:limit]
    if not matches:
        by_folded = {name.casefold(): name for name in reversed(spellings)}
        close = difflib.get_close_matches(wanted, by_folded, n=1, cutoff=0.6)
        matches = [by_folded[name] for name in close]
    if not matches:
        return ""
    quoted = [f'"{name}"' for name in matches]
    listed = quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
    return f" Did you mean {listed}?"


def check_choice(name: str, value: object, choices: Iterable[str]) -> None:
    """Raise ExplanationError, with the nearest spelling, unless `value` is one of the choices."""
    if value not in (choices := tuple(choices)):
        expected = ", ".join(map(repr, choices))
        raise ExplanationError(
            f"{name}={value!r}; expected one of {expected}.{nearest(value, choices)}"
        )


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in text.casefold()).split()
