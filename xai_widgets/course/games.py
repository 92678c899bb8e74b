"""Games: some things with letters, shuffled by the number of the deal; one of them is the answer.

A game holds no answer. The judge of its exercise shuffles anew, and looks.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from xai_widgets.course.registry import Wrong
from xai_widgets.errors import ExplanationError, a_kind, brief, nearest, strict_keywords

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Game", "dealt", "game", "guess"]

LETTERS = "ABCDEF"
Maker = TypeVar("Maker", bound=Callable[[], Mapping[str, Any]])
# Exercise -> the function that makes what is dealt, by hidden names.
_makers: dict[str, Callable[[], Mapping[str, Any]]] = {}


@dataclass(frozen=True, eq=False, repr=False)
class Game(Mapping[str, Any]):
    """Things by letters: ``game["B"]``. `show()` draws those that are maps."""

    number: str
    deal: int
    things: Mapping[str, Any]

    def __getitem__(self, letter: str) -> Any:
        if letter not in self.things:
            raise ExplanationError(f"{brief(letter)} is none of {', '.join(self.things)}")
        return self.things[letter]

    def __iter__(self) -> Any:
        return iter(self.things)

    def __len__(self) -> int:
        return len(self.things)

    def __repr__(self) -> str:
        kinds = {a_kind(thing).partition(" ")[2] for thing in self.things.values()}
        return (
            f"Game {self.number}, deal {self.deal}: {', '.join(self.things)} "
            f"({' or '.join(sorted(kinds))})"
        )

    def show(self) -> Figure:
        """A figure of the maps side by side, blue against, red for."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(2.4 * len(self), 2.7), layout="constrained")
        for axes, (letter, thing) in zip(
            np.atleast_1d(figure.subplots(1, len(self))), self.items(), strict=True
        ):
            values = np.asarray(thing, dtype=np.float64)
            most = np.abs(values).max() or 1.0
            axes.imshow(values, cmap="RdBu_r", vmin=-most, vmax=most)
            axes.set(title=letter, xticks=[], yticks=[])
        return figure


def dealt(number: str) -> Callable[[Maker], Maker]:
    """Register what a game deals: a decorator of a function that returns a dict of things."""

    def register(maker: Maker) -> Maker:
        _makers[number] = maker
        return maker

    return register


@strict_keywords
def game(number: str, *, deal: int = 0) -> Game:
    """Deal a game. Another `deal` shuffles anew, so that neighbours have different answers.

    Raises ExplanationError for an exercise that is no game, or a deal that is not a whole number of
    0 or more.
    """
    if isinstance(deal, bool) or not isinstance(deal, int) or deal < 0:
        raise ExplanationError(f"deal={brief(deal)}; expected a whole number, 0 or more")
    if not isinstance(number, str) or number not in _makers:
        known = ", ".join(_makers)
        raise ExplanationError(
            f"there is no game {brief(number)}.{nearest(number, _makers)} There are {known}."
        )
    things = _makers[number]()
    order = _order(number, deal, list(things))
    return Game(number, deal, MappingProxyType({k: things[name] for k, name in order.items()}))


def _order(number: str, deal: int, names: list[str]) -> dict[str, str]:
    """Letter -> hidden name."""
    chance = np.random.default_rng([zlib.crc32(number.encode()), deal, len(names)])
    return {LETTERS[i]: names[k] for i, k in enumerate(chance.permutation(len(names)))}


def guess(
    answer: Any, number: str, deal: int, right: str, because: Mapping[str, tuple[str, ...]]
) -> str:
    """The letter that was guessed, if it is that of the thing named `right`. because: hints for
    every other thing, by name.
    """
    order = _order(number, deal, [*_makers[number]()])
    given = answer.strip().strip(".()").upper() if isinstance(answer, str) else ""
    if given not in order:
        raise Wrong(f"Expected a letter, one of {', '.join(order)}; got {brief(answer)}.")
    if order[given] != right:
        raise Wrong(*because[order[given]])
    return given
