"""What a GradientComparison asks for, and what is known of it: cells, and what the networks say."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xai_widgets.widgets.base.explaining import Facts

if TYPE_CHECKING:
    from xai_widgets.attribution import Attribution

_KEPT = 24  # answers, with a map of 50 KB for each cell
Measures = dict[str, "float | None"]
Place = tuple[int, str]  # a cell: its row, and its column's method


@dataclass(frozen=True)
class Asked:
    """What a comparison's traits ask for: which of the pictures; the class (of the first network),
    None for its most probable one, or `own` for each network's own; and how much noise.
    """

    place: int
    target: int | None
    own: bool
    noise: float
    seed: int = 0

    @property
    def key(self) -> str:
        """What the browser knows it by."""
        target = "" if self.target is None or self.own else self.target
        return f"{self.place}|{target}|{int(self.own)}|{self.noise:.3f}"


@dataclass(frozen=True, eq=False)
class Said:
    """What a network says of the picture, as JSON; `photo` is the picture as it was given it."""

    row: int
    told: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Cell:
    """A map, or why there is none. `frame` is what shows it, all but its `seq`."""

    place: Place
    attribution: Attribution | None
    frame: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Measured:
    place: Place
    values: Measures


@dataclass(frozen=True)
class Working:
    """How far all of it has come, and with what it is busy."""

    words: str
    fraction: float


Step = Said | Cell | Measured | Working | Facts


@dataclass
class Answer:
    """What is known of a request."""

    said: dict[int, Said] = field(default_factory=dict)
    cells: dict[Place, Cell] = field(default_factory=dict)
    measures: dict[Place, Measures] = field(default_factory=dict)

    def take(self, step: Step) -> None:
        if isinstance(step, Said):
            self.said[step.row] = step
        elif isinstance(step, Cell):
            self.cells[step.place] = step
        elif isinstance(step, Measured):
            self.measures[step.place] = {**self.measures.get(step.place, {}), **step.values}

    def attribution(self, place: Place) -> Attribution | None:
        cell = self.cells.get(place)
        return None if cell is None else cell.attribution

    def lacks(self, place: Place) -> bool:
        cell = self.cells.get(place)
        return cell is None or bool(cell.frame.get("partial"))


class Known:
    """The answers about the same pictures so far, and which class each network gave each; the least
    recently asked for go first.
    """

    def __init__(self) -> None:
        self._answers: OrderedDict[Asked, Answer] = OrderedDict()
        self.classes: dict[tuple[int, int], int] = {}  # (picture, row) -> the most probable class

    def answer(self, asked: Asked) -> Answer:
        answer = self._answers.setdefault(asked, Answer())
        self._answers.move_to_end(asked)
        while len(self._answers) > _KEPT:
            self._answers.popitem(last=False)
        return answer

    def of(self, key: str) -> Answer | None:
        """The answer that the browser knows by that key."""
        return next((a for asked, a in list(self._answers.items()) if asked.key == key), None)
