"""What a network predicts for one picture, in numbers and in words."""

from __future__ import annotations

import html
import math
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.errors import ExplanationError, brief, nearest, readable
from xai_widgets.shares import percent
from xai_widgets.targets.activation import Unit


@dataclass(frozen=True)
class ClassScore:
    """One class and the probability the network gives it; the number itself where it is none."""

    index: int
    name: str
    probability: float


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the network predicts for one picture: a sequence of one number per class.

        prediction["lynx"], prediction[287], prediction.name, prediction.top(3)

    probabilities: (C,) float32. activation: what made them of the network's scores, "softmax",
    "sigmoid", "identity" or a function's name. unit: "probability", or "number" where they are the
    network's own numbers, such as an age. warnings: sentences that say why they should not be
    trusted. A network of one score with two names answers "is it the second?".
    """

    probabilities: npt.NDArray[np.float32]
    class_names: Sequence[str] | None = None
    activation: str = ""
    unit: Unit = "probability"
    warnings: tuple[str, ...] = ()

    def top(self, k: int = 5) -> list[ClassScore]:
        """Return the ``k`` most probable classes, best first; ties keep the order of indices."""
        order = np.argsort(-self.probabilities, kind="stable")[: max(0, k)]
        return [ClassScore(int(i), self._name(int(i)), float(self[int(i)])) for i in order]

    @property
    def index(self) -> int:
        """The most probable class."""
        return int(np.argmax(self.probabilities))

    @property
    def name(self) -> str:
        """The name of the most probable class; of two names for one score, that of the answer."""
        if self._answers and self.unit == "probability" and self.probabilities[0] < 0.5:
            assert self.class_names is not None
            return self.class_names[0]
        return self._name(self.index)

    @property
    def probability(self) -> float:
        """The probability of the class in `name`; the number itself where it is none."""
        return self[self.name] if self._answers else float(self.probabilities[self.index])

    @property
    def _answers(self) -> bool:
        return len(self.probabilities) == 1 and len(self.class_names or ()) == 2

    def _name(self, index: int) -> str:
        return class_name(index, self.class_names, len(self.probabilities))

    def __len__(self) -> int:
        return len(self.probabilities)

    def __iter__(self) -> Iterator[float]:
        return iter(self.probabilities.tolist())

    def __getitem__(self, which: int | str) -> float:
        """The probability of a class, by name or index.

        Raises ExplanationError for a name, and IndexError for an index, that there is not.
        """
        if isinstance(which, str):
            names = [self._name(i) for i in range(len(self))]
            folded = which.casefold().strip()
            found = [i for i, name in enumerate(names) if name == which] or [
                i for i, name in enumerate(names) if name.casefold().strip() == folded
            ]
            if len(found) == 1:
                return float(self.probabilities[found[0]])
            answers = self._answers and self.unit == "probability"
            if answers and self.class_names is not None and which == self.class_names[0]:
                return 1 - float(self.probabilities[0])
            problem = "the name of several classes" if found else f"none of the {len(self)} classes"
            raise ExplanationError(f"{brief(which)} is {problem}.{nearest(which, names)}")
        return float(self.probabilities[operator.index(which)])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.array(self.probabilities, dtype=dtype)

    def __repr__(self) -> str:
        made = f", {self.activation}" if self.activation else ""
        what = "classes" if self.unit == "probability" else "outputs"
        if len(self) == 1:
            what = what.removesuffix("es") if what == "classes" else "output"
        lines = [f"Prediction of {len(self)} {what}{made}:"]
        lines += [
            f"  {in_words(s.probability, self.unit):>6}  {s.name} ({s.index})" for s in self.top(5)
        ]
        return "\n".join([*lines, *self.warnings])

    def _repr_html_(self) -> str:
        """The most probable classes as bars, in the colours of the page that they are on."""
        from xai_widgets.render.numbers import amount

        rows = "".join(
            f'<div style="{_ROW}"><span style="{_NAME};background:linear-gradient({_TINT} 0 0) '
            f'no-repeat {_SOFT};background-size:{_share(score, self.unit):.2f}%" '
            f'title="class {score.index}">{html.escape(readable(score.name))}</span>'
            f'<span style="{_NUMBER}">{amount(score.probability, self.unit)}</span></div>'
            for score in self.top(5)
        )
        notes = "".join(f'<p style="{_NOTE}">{html.escape(readable(w))}</p>' for w in self.warnings)
        return f'<div style="{_BOX}">{rows}{notes}</div>'


_BOX = "max-width:420px;font:13px/1.4 system-ui,sans-serif;font-variant-numeric:tabular-nums"
_ROW = "display:flex;gap:8px;align-items:center;margin:0 0 3px"
_NAME = (
    "flex:1;min-width:0;padding:0 8px;border-radius:5px;line-height:26px;overflow:hidden;"
    "text-overflow:ellipsis;white-space:nowrap"
)
_NUMBER = "width:64px;text-align:right"
_NOTE = "margin:6px 0 0;font-size:12px;opacity:.75"
_TINT, _SOFT = "#5878f055", "#80808020"  # half seen through: right on white and on black


def _share(score: ClassScore, unit: Unit) -> float:
    """Of the bar, in percent."""
    probability = unit == "probability" and math.isfinite(score.probability)
    return 100 * min(max(score.probability, 0), 1) if probability else 0.0


def in_words(number: float, unit: Unit = "probability", digits: int = 1) -> str:
    """``43.0 %`` for a probability, ``37.2`` for a number."""
    return percent(number, digits) if unit == "probability" else f"{number:.4g}"


def class_name(index: int, class_names: Sequence[str] | None, classes: int) -> str:
    """Return the name of class ``index`` of ``classes``, or ``"class 7"`` where there is none.

    A network of one logit (``classes`` 1) with two names answers "is it the second?".
    """
    if class_names is None:
        return f"class {index}"
    if classes == 1 and len(class_names) == 2:
        return class_names[1]
    return class_names[index] if index < len(class_names) else f"class {index}"
