"""Checking an answer: right, not yet, or a hint, which says more each time it is needed again."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any, Literal

from xai_widgets.course.answers import is_open
from xai_widgets.course.registry import NotYet, Wrong, find
from xai_widgets.errors import ExplanationError, brief, strict_keywords

__all__ = ["Verdict", "check", "verdict"]

# (exercise, hint) -> how often it was given since this process began. Nothing is written anywhere.
_given: dict[tuple[str, str], int] = {}
_NOT_YET = "Not yet: replace the dots by your answer, and run the cell again."
_NONE = "Not yet: the answer is None. If a function gave it, is there a return missing?"
_COLOURS = {"right": "#1a7f37", "wrong": "#bc4c00", "not yet": "#656d76"}


@dataclass(frozen=True)
class Verdict:
    """What was found of an answer: "right", "wrong" or "not yet"; said of it if it is right; and
    otherwise hints in steps.
    """

    number: str
    state: Literal["right", "wrong", "not yet"]
    said: str = ""
    steps: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.state == "right"

    def sentence(self, step: int = 0) -> str:
        """What a student reads, with the hints up to `step`, from 0."""
        if self.state == "right":
            return f"{self.number} Right. {self.said}".rstrip()
        if self.state == "not yet":
            return f"{self.number} {self.steps[0] if self.steps else _NOT_YET}"
        hints = self.steps[: step + 1]
        more = len(self.steps) - len(hints)
        again = " (Check again for a further hint.)" if more else ""
        return f"{self.number} Not right yet. {' '.join(hints)}{again}"


class _Said:
    """A sentence as notebooks and terminals show it."""

    def __init__(self, sentence: str, state: str) -> None:
        self.sentence, self.state = sentence, state

    def __repr__(self) -> str:
        return self.sentence

    def _repr_html_(self) -> str:
        style = f"border-left: 4px solid {_COLOURS[self.state]}; padding: 0.3em 0.8em"
        return f'<div role="status" style="{style}">{html.escape(self.sentence)}</div>'


@strict_keywords
def verdict(number: str, answer: Any, *, deal: int = 0) -> Verdict:
    """Judge an answer and say nothing; the same answer always gets the same verdict.

    deal: of a game or a data set. Raises ExplanationError for an unknown exercise, with the nearest
    number, and for a deal that is not a whole number of 0 or more, or of an exercise that has none.
    """
    found = find(number)
    if isinstance(deal, bool) or not isinstance(deal, int) or deal < 0:
        raise ExplanationError(f"deal={brief(deal)}; expected a whole number, 0 or more")
    if deal and not found.dealt:
        raise ExplanationError(
            f"{found.number} is the same for everybody, and has no deal; leave deal= out"
        )
    if is_open(answer):
        return Verdict(found.number, "not yet", steps=(_NONE,) if answer is None else ())
    try:
        said = found.judge(answer, deal) if found.dealt else found.judge(answer)
    except NotYet:
        return Verdict(found.number, "not yet")
    except Wrong as wrong:
        return Verdict(found.number, "wrong", steps=wrong.steps)
    return Verdict(found.number, "right", said)


@strict_keywords
def check(number: str, answer: Any, *, deal: int = 0) -> None:
    """Say whether an answer is right, and otherwise what is wrong with it: a hint, and a further
    one each time that the same is wrong again.

        xw.course.check("2.3", saliency)

    An answer that is None or `...` is "not yet" there. Everything happens in this process; nothing
    is recorded or sent. deal: the number that a game or a data set was dealt with. Errors as of
    `verdict`.
    """
    found = verdict(number, answer, deal=deal)
    step = 0
    if found.state == "wrong":
        key = (found.number, found.steps[0])
        step = min(_given.get(key, 0), len(found.steps) - 1)
        _given[key] = step + 1
    _show(_Said(found.sentence(step), found.state))


def _show(said: _Said) -> None:
    try:
        from IPython import get_ipython  # type: ignore[attr-defined, unused-ignore]
        from IPython.display import display
    except ImportError:
        print(said)
        return
    if get_ipython() is None:  # type: ignore[no-untyped-call, unused-ignore]
        print(said)
    else:
        display(said)  # type: ignore[no-untyped-call, unused-ignore]
