"""The register of exercises: each is a number, a title, and one function that judges an answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from xai_widgets.errors import ExplanationError, brief, nearest

__all__ = ["EXERCISES", "Exercise", "NotYet", "Wrong", "exercise", "find", "remove"]

# Judges an answer (and, in a game, the deal): raises Wrong or NotYet, or returns what is said of a
# right one.
Judge = TypeVar("Judge", bound=Callable[..., str])
_NUMBER = re.compile(r"[^\W_]+\.[^\W_]+")
_registered: dict[str, Exercise] = {}


class Wrong(Exception):
    """An answer that is not right, and hints in steps: the first says least."""

    def __init__(self, *steps: str) -> None:
        super().__init__(*steps)
        self.steps = steps


class NotYet(Exception):
    """There is no answer yet: it is None or `...`, or a function that returns one of these."""


@dataclass(frozen=True)
class Exercise:
    """An exercise: its number ("2.3": the third of lesson 2), its title, the function that judges
    an answer, whether it is a game, and whether its answer depends on the deal, as a game's does.
    """

    number: str
    title: str
    judge: Callable[..., str]
    game: bool = False
    dealt: bool = False

    @property
    def lesson(self) -> str:
        """What stands before the point of the number."""
        return self.number.partition(".")[0]


def exercise(
    number: str, title: str, *, game: bool = False, dealt: bool = False
) -> Callable[[Judge], Judge]:
    """Register an exercise: a decorator of the function that judges an answer.

        @xw.course.exercise("7.1", "How many channels?")
        def channels(answer):
            xw.course.number(answer, 3, [(1, "That is a grey picture. Yours has colours.")])
            return "Red, green, blue."

    The function raises `Wrong` with hints in steps, by hand or through `number`, `choice`, `array`
    and `call`, and returns a sentence for whoever got it right. With `game` or `dealt` it is
    given the deal, too.

    Raises ExplanationError for a number that is no text "lesson.place", or is taken.
    """
    if not isinstance(number, str) or not _NUMBER.fullmatch(number):
        raise ExplanationError(f'number={brief(number)}; expected a text such as "7.1"')
    if number in _registered:
        raise ExplanationError(
            f'there is an exercise "{number}" already: {_registered[number].title!r}; take another '
            f'number, or take that one out first: xw.course.remove("{number}")'
        )

    def register(judge: Judge) -> Judge:
        _registered[number] = Exercise(number, title, judge, game, game or dealt)
        return judge

    return register


def remove(number: str) -> Exercise:
    """Take an exercise out of the register, and return it. Errors as of `find`."""
    found = find(number)
    del _registered[found.number]
    return found


def find(number: object) -> Exercise:
    """The exercise of that number. Raises ExplanationError with the nearest spelling."""
    if isinstance(number, str) and number.strip() in _registered:
        return _registered[number.strip()]
    known = ", ".join(_registered)
    if not isinstance(number, str):
        raise ExplanationError(
            f"the number of an exercise is a text, in quotes; got {brief(number)}."
            f"{nearest(number, _registered)} There are {known}."
        )
    spelled = number.casefold().removeprefix("exercise").strip().replace(",", ".")
    near = nearest(spelled.replace("-", ".").replace("_", "."), _registered)
    raise ExplanationError(f"there is no exercise {brief(number)}.{near} There are {known}.")


# By number, in the order of registration.
EXERCISES: Mapping[str, Exercise] = MappingProxyType(_registered)
