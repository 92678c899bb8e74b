"""Traits that say in words what is wrong with a value, and which spelling is nearest."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import traitlets as t

from xai_widgets.errors import ExplanationError, nearest


class TraitProblem(ExplanationError, t.TraitError):
    """A trait of a widget was given a value it cannot have. It keeps the value it had."""


class Choice(t.TraitType[str, str]):
    """One of a few words."""

    def __init__(self, choices: Iterable[str], default: str) -> None:
        super().__init__(default)
        self.choices = tuple(choices)

    def validate(self, obj: Any, value: Any) -> str:
        return one_of(str(self.name), value, self.choices)


class Share(t.TraitType[float, float]):
    """A number within a range, both ends included."""

    def __init__(self, low: float, high: float, default: float) -> None:
        super().__init__(default)
        self.low, self.high = low, high

    def validate(self, obj: Any, value: Any) -> float:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not self.low <= value <= self.high:
            raise TraitProblem(
                f"{self.name} is {value!r}; expected a number from {self.low:g} to {self.high:g}."
            )
        return float(value)


class WholeNumber(t.TraitType[int, int]):
    """A whole number within a range, both ends included."""

    def __init__(self, low: int, high: int, default: int) -> None:
        super().__init__(default)
        self.low, self.high = low, high

    def validate(self, obj: Any, value: Any) -> int:
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if not whole or not self.low <= value <= self.high:
            raise TraitProblem(
                f"{self.name} is {value!r}; expected a whole number from {self.low} to {self.high}."
            )
        return int(value)


class TargetChoice(t.Any):
    """What is explained: a class index, None for the most probable class, or a function.

    A function stays in Python: the browser knows it by its name, and gives that back.
    """

    def __init__(self) -> None:
        super().__init__(None, allow_none=True)
        self.tag(to_json=self._to_json, from_json=self._from_json)

    def _to_json(self, value: Any, _widget: Any) -> Any:
        return _function_name(value) if callable(value) else value

    def _from_json(self, value: Any, widget: Any) -> Any:
        shown = getattr(widget, str(self.name))
        return shown if callable(shown) and value == _function_name(shown) else value


def _function_name(function: Any) -> str:
    # As `targets.resolve` names it, so that the browser finds its frame.
    name: str = getattr(function, "__name__", type(function).__name__)
    return "custom target" if name == "<lambda>" else name


@contextmanager
def as_trait_problem() -> Iterator[None]:
    """Errors as traits know them, so that changes made together are taken back together."""
    try:
        yield
    except ExplanationError as problem:
        raise TraitProblem(str(problem)) from problem


def one_of(name: str, value: Any, known: Iterable[str]) -> str:
    """`value`, which has to be one of `known`. `name` is what it is the value of."""
    known = tuple(known)
    if isinstance(value, str) and value in known:
        return value
    shown = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
    raise TraitProblem(f"{name} is {value!r}; expected one of {shown}.{nearest(value, known)}")


def several_of(name: str, values: Iterable[Any], known: Iterable[str]) -> list[str]:
    """`values`, at least one, each of them another one of `known`."""
    known = tuple(known)
    names = [one_of(name, value, known) for value in values]
    if not names or len(set(names)) < len(names):
        raise TraitProblem(f"{name} is {names}; expected at least one name, none twice.")
    return names


class Renamed:
    """The old name of a trait or attribute: it still works for one version, with a warning."""

    def __init__(self, new: str) -> None:
        self._new = new

    def __set_name__(self, owner: type, name: str) -> None:
        self._message = f"{owner.__name__}.{name} is now called {self._new}"

    def __get__(self, widget: Any, owner: type | None = None) -> Any:
        if widget is None:
            return self
        warnings.warn(self._message, DeprecationWarning, stacklevel=2)
        return getattr(widget, self._new)

    def __set__(self, widget: Any, value: Any) -> None:
        warnings.warn(self._message, DeprecationWarning, stacklevel=2)
        setattr(widget, self._new, value)
