"""The work of a GradientComparison, free of the widget: cell by cell, the quick ones first.

Every network is run under its own lock, so the rows' other engines may be at work elsewhere
meanwhile.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, cast

import numpy as np

from xai_widgets.attribution import Attribution
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.images import Picture
from xai_widgets.metrics import cosine, noisy, sparseness, total_variation
from xai_widgets.progress import Progress
from xai_widgets.targets import class_name
from xai_widgets.widgets.base.explaining import Facts, Request, explanation, facts
from xai_widgets.widgets.base.maps import finite
from xai_widgets.widgets.base.photos import picture_to_json
from xai_widgets.widgets.base.wire import ClassScore
from xai_widgets.widgets.comparison.networks import Row
from xai_widgets.widgets.comparison.wire import CellFrame, MeasureDescription, NetworkPrediction

_TOP = 5
_SHORTLY = 0.01  # seconds
_KEPT = 24  # answers, with a map of 50 KB for each cell
GUIDED = "guided_backprop"
# What SmoothGrad can average, and so what smoothing can be measured of.
SMOOTHED = ("saliency", "input_x_gradient", GUIDED)
SMOOTHING_SAMPLES = 10
MEASURES: tuple[MeasureDescription, ...] = (
    {
        "name": "sparseness",
        "title": "Sparseness",
        "help": "Gini index of |map|: 0 spread evenly, 1 all in one pixel",
    },
    {
        "name": "variation",
        "title": "Total variation",
        "help": "Steps between neighbours over the sum of all values: low is smooth",
    },
    {
        "name": "guided",
        "title": "Cosine to guided",
        "help": "How much the map points the way the guided gradient does: 1 is the same way",
    },
    {
        "name": "smoothing",
        "title": "Smoothing changes",
        "help": f"1 - cosine to its own SmoothGrad of {SMOOTHING_SAMPLES} noisy pictures: "
        "0 is not changed at all",
    },
    {
        "name": "survival",
        "title": "Survives the noise",
        "help": "Cosine to the map without noise: 1 is not changed at all",
    },
)
_NO_NUMBERS = {"sparseness": None, "variation": None, "guided": None, "survival": None}

Numbers = dict[str, "float | None"]
CellKey = tuple[int, str]  # a cell: its row, and its column's method


@dataclass(frozen=True)
class ComparisonRequest:
    """One of the pictures; the class (of the first network), None for its most probable one, or
    `own` for each network's own; and how much noise.
    """

    picture_index: int
    target: int | None
    own: bool
    noise: float
    seed: int = 0

    @property
    def key(self) -> str:
        """What the browser knows it by."""
        target = "" if self.target is None or self.own else self.target
        return f"{self.picture_index}|{target}|{int(self.own)}|{self.noise:.3f}"


@dataclass(frozen=True, eq=False)
class RowPrediction:
    """What a network says of the picture, as the browser receives it."""

    row: int
    frame: NetworkPrediction


@dataclass(frozen=True, eq=False)
class Cell:
    """A map, or None and in `frame` the reason. `frame` is what shows it."""

    key: CellKey
    attribution: Attribution | None
    frame: CellFrame


@dataclass(frozen=True, eq=False)
class Measured:
    """Measures of a cell, by name."""

    key: CellKey
    values: Numbers


Part = RowPrediction | Cell | Measured


@dataclass
class Answer:
    """What has been computed for a request."""

    predictions: dict[int, RowPrediction] = field(default_factory=dict)
    cells: dict[CellKey, Cell] = field(default_factory=dict)
    measures: dict[CellKey, Numbers] = field(default_factory=dict)

    def add(self, part: Part) -> None:
        if isinstance(part, RowPrediction):
            self.predictions[part.row] = part
        elif isinstance(part, Cell):
            self.cells[part.key] = part
        else:
            self.measures[part.key] = {**self.measures.get(part.key, {}), **part.values}

    def parts(self) -> list[Part]:
        measured = [Measured(key, values) for key, values in list(self.measures.items())]
        return [*list(self.predictions.values()), *list(self.cells.values()), *measured]

    def attribution(self, key: CellKey) -> Attribution | None:
        cell = self.cells.get(key)
        return None if cell is None else cell.attribution

    def lacks(self, key: CellKey) -> bool:
        cell = self.cells.get(key)
        return cell is None or bool(cell.frame.get("partial"))


class AnswerCache:
    """The answers about the same pictures so far, and which class each network gave each; the least
    recently asked for go first.
    """

    def __init__(self) -> None:
        self._answers: OrderedDict[ComparisonRequest, Answer] = OrderedDict()
        self.classes: dict[tuple[int, int], int] = {}  # (picture, row) -> the most probable class

    def answer(self, request: ComparisonRequest) -> Answer:
        answer = self._answers.setdefault(request, Answer())
        self._answers.move_to_end(request)
        while len(self._answers) > _KEPT:
            self._answers.popitem(last=False)
        return answer

    def with_key(self, key: str) -> Answer | None:
        """The answer that the browser knows by that key."""
        return next((a for request, a in list(self._answers.items()) if request.key == key), None)


@dataclass(frozen=True)
class Comparison:
    """One request to these networks: `image` is its picture, `parameters` are those of methods."""

    rows: Sequence[Row]
    image: Any
    request: ComparisonRequest
    methods: Sequence[str]
    parameters: Mapping[str, Any]
    cache: AnswerCache

    @property
    def answer(self) -> Answer:
        return self.cache.answer(self.request)

    def picture(self, row: int) -> Picture:
        """What a network is given: the picture, with the noise."""
        engine = self.rows[row].engine
        return noisy(engine, engine.picture(self.image), self.request.noise, self.request.seed)


def compare(
    comparison: Comparison, *, with_facts: bool
) -> Iterator[Progress[RowPrediction | Cell | Facts | None]]:
    """What is asked for and not yet in the cache: the quick cells of all rows, then the refining
    ones. What cannot be computed says so in its cell, and is passed over. A fraction of 0 and no
    words: the step tells nothing about how far the cells have come.
    """
    answer = comparison.answer
    for step in _steps(comparison, answer, with_facts=with_facts):
        if isinstance(step.result, (RowPrediction, Cell)):
            answer.add(step.result)
        yield step


def _steps(
    comparison: Comparison, answer: Answer, *, with_facts: bool
) -> Iterator[Progress[RowPrediction | Cell | Facts | None]]:
    rows, methods = comparison.rows, comparison.methods
    cards = rows[0].engine.methods
    quick = [name for name in methods if not cards[name].anytime]
    missing = [
        (number, name)
        for names in (quick, [name for name in methods if name not in quick])
        for number in range(len(rows))
        for name in names
        if answer.lacks((number, name))
    ]
    pictures: dict[int, Picture] = {}
    done = 0

    def cell(key: CellKey) -> Iterator[Progress[Cell | None]]:
        row, fraction = rows[key[0]], done / len(missing)
        words = f"{row.engine.methods[key[1]].title}, {row.name}"
        yield Progress(fraction, None, words)
        for step in _cell(key, row, pictures, answer, comparison.parameters):
            yield Progress(fraction, step, words)

    for number in range(len(rows)):
        try:
            pictures[number] = comparison.picture(number)
            if number not in answer.predictions:
                prediction = _prediction(number, comparison, pictures[number], answer)
                yield Progress(0.0, RowPrediction(number, prediction))
        except ExplanationError as problem:
            yield Progress(0.0, RowPrediction(number, {"row": number, "error": str(problem)}))
        for key in missing:
            if key[0] == number and key[1] in quick:
                yield from cell(key)
                done += 1
    if with_facts and 0 in pictures:
        yield Progress(0.0, facts(rows[0].engine, pictures[0]))
    for key in missing[done:]:
        yield from cell(key)
        done += 1
    yield Progress(1.0, None)


def _cell(
    key: CellKey,
    row: Row,
    pictures: Mapping[int, Picture],
    answer: Answer,
    parameters: Mapping[str, Any],
) -> Iterator[Cell | None]:
    """The map as it refines, or why there is none; None where the work can be stopped."""
    number, name = key
    prediction = answer.predictions[number].frame
    if "error" in prediction:
        yield _empty(key, prediction["error"])
        return
    try:
        target = prediction["target"]["index"]
        request = Request.of(row.engine, name, target, None, parameters)
        for step in explanation(row.engine, pictures[number], request):
            explained = step.result
            if explained is None:
                yield None
            else:
                frame = cast(CellFrame, {"row": number, **explained.frame})
                yield Cell(key, explained.attribution, frame)
    except ExplanationError as problem:
        yield _empty(key, str(problem))


def _empty(key: CellKey, error: str) -> Cell:
    number, name = key
    return Cell(key, None, cast(CellFrame, {"row": number, "method": name, "error": error}))


def _prediction(
    number: int, comparison: Comparison, picture: Picture, answer: Answer
) -> NetworkPrediction:
    engine = comparison.rows[number].engine
    target = _target(number, comparison)
    prediction = engine.predict(picture)
    count = len(prediction.probabilities)
    if not 0 <= target < count:
        raise ExplanationError(
            f"this network has {count} classes and none of number {target}; explain each network's "
            "own class instead"
        )
    frame: NetworkPrediction = {
        "row": number,
        "input": (picture.input.shape[-2], picture.input.shape[-1]),
        "top": [cast(ClassScore, asdict(score)) for score in prediction.top(_TOP)],
        "target": {
            "index": target,
            "name": class_name(target, engine.class_names, count),
            "probability": finite(float(prediction.probabilities[target])),
        },
        "exact": picture.exact,
    }
    photo = picture_to_json(picture.pixels, picture.name)
    first = answer.predictions.get(0)
    shown = None if first is None else first.frame.get("photo")
    if shown is None or shown["data"] != photo["data"]:
        frame["photo"] = photo
    return frame


def _target(number: int, comparison: Comparison) -> int:
    """The class that is explained: noise does not change it. Networks that know their classes by
    name agree by name.
    """
    rows, request, classes = comparison.rows, comparison.request, comparison.cache.classes

    def most_probable(row: int) -> int:
        if (request.picture_index, row) not in classes:
            engine = rows[row].engine
            index = engine.internals.resolve_target(engine.picture(comparison.image)).index
            assert index is not None
            classes[request.picture_index, row] = index
        return classes[request.picture_index, row]

    if request.own:
        return most_probable(number)
    target = most_probable(0) if request.target is None else request.target
    first, own = rows[0].engine.class_names, rows[number].engine.class_names
    if not first or not own or first == own:
        return target
    name = class_name(target, first, max(target + 1, 2))
    named = own.items() if isinstance(own, Mapping) else enumerate(own)
    index = next((int(i) for i, own_name in named if own_name == name), None)
    if index is None:
        raise ExplanationError(f"this network has no class {name!r}")
    return index


def measure(comparison: Comparison, pause: float = 0.0) -> Iterator[Progress[Measured | None]]:
    """The measures of all cells that there are, and last, since it takes many passes, how much
    smoothing changes the maps of which SmoothGrad can be taken.

    pause: seconds before it begins, in which the maps get on the screen; it needs all cores.
    """
    begin = time.monotonic() + pause
    while time.monotonic() < begin:
        time.sleep(_SHORTLY)
        yield Progress(0.0, None)
    answer, rows = comparison.answer, comparison.rows
    keys = [(number, name) for number in range(len(rows)) for name in comparison.methods]
    keys = [key for key in keys if answer.attribution(key) is not None]
    pictures = {number: comparison.picture(number) for number in {key[0] for key in keys}}
    total = 2 * len(keys)
    for done, key in enumerate(keys, 1):
        if "sparseness" not in answer.measures.get(key, {}):
            values = _numbers(key, comparison, pictures[key[0]], answer)
            yield Progress(done / total, Measured(key, values))
    for done, key in enumerate(keys, len(keys)):
        if "smoothing" in answer.measures.get(key, {}):
            continue
        number, name = key
        attribution, change = answer.attribution(key), None
        assert attribution is not None
        if name in SMOOTHED:
            for step in rows[number].engine.stream(
                pictures[number],
                "smooth_grad",
                target=attribution.target.index,
                samples=SMOOTHING_SAMPLES,
                base=name,
            ):
                smooth = step.attribution
                if step.fraction < 1:
                    yield Progress(done / total, None)
            change = _number(1 - cosine(attribution, smooth))
        yield Progress((done + 1) / total, Measured(key, {"smoothing": change}))


def _numbers(key: CellKey, comparison: Comparison, picture: Picture, answer: Answer) -> Numbers:
    """The quick measures of a cell; None for what is not defined."""
    attribution = answer.attribution(key)
    if attribution is None or not np.isfinite(attribution.values).all():
        return dict(_NO_NUMBERS)
    numbers: Numbers = {
        **_NO_NUMBERS,
        "sparseness": _number(sparseness(attribution)),
        "variation": _number(total_variation(attribution)),
    }
    if attribution.space == "input":
        try:
            engine: Engine = comparison.rows[key[0]].engine
            guided = answer.attribution((key[0], GUIDED)) or engine.explain(
                picture, GUIDED, target=attribution.target.index
            )
            numbers["guided"] = _number(cosine(attribution, guided))
        except ExplanationError:
            pass  # a network without rectifiers, or a map with one channel
    if comparison.request.noise:
        without = comparison.cache.answer(replace(comparison.request, noise=0.0))
        clear = without.attribution(key)
        if clear is not None and clear.values.shape == attribution.values.shape:
            numbers["survival"] = _number(cosine(attribution, clear))
    return numbers


def _number(value: float) -> float | None:
    number = finite(value)
    return None if number is None else round(number, 5)
