"""Traits that say in words what is wrong with a value, and which spelling is nearest."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import traitlets as t

from xai_widgets.errors import ExplanationError, brief, nearest
from xai_widgets.methods import Method, find

Number = TypeVar("Number", int, float)


class TraitProblem(ExplanationError, t.TraitError):
    """A trait of a widget was given a value it cannot have. It keeps the value it had."""


class Choice(t.TraitType[str, str]):
    """One of a few words."""

    def __init__(self, choices: Iterable[str], default: str, help: str | None = None) -> None:
        super().__init__(default, help=help)
        self.choices = tuple(choices)

    def validate(self, obj: Any, value: Any) -> str:
        return one_of(str(self.name), value, self.choices)


class _Within(t.TraitType[Number, Number]):
    _type: type[Number]
    _kinds: tuple[type, ...]
    _words: str

    def __init__(self, low: Number, high: Number, default: Number, help: str | None = None) -> None:
        super().__init__(default, help=help)
        self.low: Number = low
        self.high: Number = high

    def validate(self, obj: Any, value: Any) -> Number:
        number = isinstance(value, self._kinds) and not isinstance(value, bool)
        if not number or not self.low <= value <= self.high:
            span = f"{self.low:.10g} to {self.high:.10g}"
            raise TraitProblem(
                f"{self.name} is {brief(value)}; expected a {self._words} from {span}."
            )
        return self._type(value)


class Share(_Within[float]):
    """A number within a range, both ends included."""

    _type, _kinds, _words = float, (int, float), "number"


class WholeNumber(_Within[int]):
    """A whole number within a range, both ends included."""

    _type, _kinds, _words = int, (int, np.integer), "whole number"


class TargetChoice(t.Any):
    """What is explained: a class index, None for the most probable class, or a function.

    A function stays in Python: the browser knows it by its name, and gives that back.
    """

    def __init__(self, help: str | None = None) -> None:
        super().__init__(None, allow_none=True, help=help)
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
    """Raise errors as traits expect them, so that changes made together are taken back together."""
    try:
        yield
    except ExplanationError as problem:
        raise TraitProblem(str(problem)) from problem


def one_of(name: str, value: Any, choices: Iterable[str]) -> str:
    """The value of the trait `name`, which has to be one of `choices`."""
    choices = tuple(choices)
    if isinstance(value, str) and value in choices:
        return value
    shown = ", ".join(choices[:12]) + (", ..." if len(choices) > 12 else "")
    raise TraitProblem(
        f"{name} is {brief(value)}; expected one of {shown}.{nearest(value, choices)}"
    )


def methods_of(values: Iterable[Any], methods: Mapping[str, Method]) -> list[str]:
    """The names of methods: at least one of those an engine has, none of them twice."""
    with as_trait_problem():
        names = [find(value, methods).name for value in values]
    if not names or len(set(names)) < len(names):
        raise TraitProblem(f"methods is {brief(names)}; expected at least one name, none twice.")
    return names


def method_names(methods: Any) -> list[Any]:
    """The methods that a caller means by a name, or by several in a list."""
    if isinstance(methods, str):
        return [methods]
    if not isinstance(methods, Iterable):
        raise TraitProblem(
            f"methods is {brief(methods)}; expected a list of names of engine.methods, such as "
            '["grad_cam", "saliency"].'
        )
    return list(methods)


class Renamed:
    """The old name of a trait or attribute: it works for one version more, with a warning."""

    def __init__(self, new: str) -> None:
        self.new = new

    def __set_name__(self, owner: type, name: str) -> None:
        self.message = f"{owner.__name__}.{name} is now called {self.new}"

    def __get__(self, widget: Any, owner: type | None = None) -> Any:
        if widget is None:
            return self
        warnings.warn(self.message, DeprecationWarning, stacklevel=2)
        return getattr(widget, self.new)

    def __set__(self, widget: Any, value: Any) -> None:
        warnings.warn(self.message, DeprecationWarning, stacklevel=2)
        setattr(widget, self.new, value)


def by_new_names(widget: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """The keywords given to a constructor, the old names among them by their new ones. To be called
    from the constructor itself.
    """
    named: dict[str, Any] = {}
    for name, value in given.items():
        old = getattr(widget, name, None)
        if isinstance(old, Renamed):
            message = f"{widget.__name__}({name}=...) is now called {old.new}"
            warnings.warn(message, DeprecationWarning, stacklevel=3)
        named[old.new if isinstance(old, Renamed) else name] = value
    return named
