"""The work of a GradientComparison, free of the widget: cell by cell, the quick ones first.

Every network is run under its own lock, so the rows' other engines may be at work elsewhere
meanwhile.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np

from xai_widgets.attribution import Attribution
from xai_widgets.errors import ExplanationError
from xai_widgets.images import Picture
from xai_widgets.metrics import cosine, noisy, sparseness, total_variation
from xai_widgets.progress import Progress
from xai_widgets.targets import class_name
from xai_widgets.widgets.base.explaining import Facts, Request, explanation, facts, top_of
from xai_widgets.widgets.base.maps import finite, frame_target, picture_to_json
from xai_widgets.widgets.comparison.networks import Row
from xai_widgets.widgets.comparison.wire import CellFrame, MeasureDescription, NetworkPrediction

_KEPT = 24  # answers, with a map of 50 KB for each cell
GUIDED = "guided_backprop"
# What SmoothGrad can average, and so what smoothing can be measured of.
SMOOTHED = ("saliency", "input_x_gradient", GUIDED)
SMOOTHING_SAMPLES = 10
MEASURES = [
    MeasureDescription(name=name, title=title, help=words)
    for name, title, words in (
        ("sparseness", "Sparseness", "Gini index of |map|: 0 spread evenly, 1 all in one pixel"),
        (
            "variation",
            "Total variation",
            "Steps between neighbours over the sum of all values: low is smooth",
        ),
        (
            "guided",
            "Cosine to guided",
            "How much the map points the way the guided gradient does: 1 is the same way",
        ),
        (
            "smoothing",
            "Smoothing changes",
            f"1 - cosine to its own SmoothGrad of {SMOOTHING_SAMPLES} noisy pictures: "
            "0 is not changed at all",
        ),
        (
            "survival",
            "Survives the noise",
            "Cosine to the map without noise: 1 is not changed at all",
        ),
    )
]

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
class Cell:
    """A map, or None and in `frame` the reason. `frame` is what shows it."""

    attribution: Attribution | None
    frame: CellFrame


@dataclass(frozen=True, eq=False)
class Measured:
    """Measures of a cell, by name."""

    key: CellKey
    values: Numbers


# What a network says of the picture, a cell of it, and what is measured of that.
Part = NetworkPrediction | Cell | Measured


@dataclass
class Answer:
    """What has been computed for a request."""

    predictions: dict[int, NetworkPrediction] = field(default_factory=dict)
    cells: dict[CellKey, Cell] = field(default_factory=dict)
    measures: dict[CellKey, Numbers] = field(default_factory=dict)

    def add(self, part: Part) -> None:
        if isinstance(part, Cell):
            self.cells[part.frame["row"], part.frame["method"]] = part
        elif isinstance(part, Measured):
            self.measures[part.key] = {**self.measures.get(part.key, {}), **part.values}
        else:
            self.predictions[part["row"]] = part

    def parts(self) -> list[Part]:
        measured = [Measured(key, values) for key, values in list(self.measures.items())]
        return [*list(self.predictions.values()), *list(self.cells.values()), *measured]

    def attribution(self, key: CellKey) -> Attribution | None:
        cell = self.cells.get(key)
        return None if cell is None else cell.attribution


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

    def with_key(self, key: str) -> Answer:
        """The answer that the browser knows by that key; an empty one if there is none."""
        answers = (a for request, a in list(self._answers.items()) if request.key == key)
        return next(answers, Answer())


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

    @property
    def quick(self) -> list[str]:
        """The methods that need no refining."""
        cards = self.rows[0].engine.methods
        return [name for name in self.methods if not cards[name].anytime]

    def picture(self, row: int) -> Picture:
        """What a network is given: the picture, with the noise."""
        engine = self.rows[row].engine
        return noisy(engine, engine.picture(self.image), self.request.noise, self.request.seed)

    def target(self, number: int) -> int:
        """The class that a network explains: noise does not change it. Networks that know their
        classes by name agree by name.
        """
        if self.request.own:
            return self._most_probable(number)
        target = self.request.target
        target = self._most_probable(0) if target is None else target
        first, own = self.rows[0].engine.class_names, self.rows[number].engine.class_names
        if not first or not own or first == own:
            return target
        name = class_name(target, first, max(target + 1, 2))
        named = own.items() if isinstance(own, Mapping) else enumerate(own)
        index = next((int(i) for i, own_name in named if own_name == name), None)
        if index is None:
            raise ExplanationError(f"this network has no class {name!r}")
        return index

    def _most_probable(self, row: int) -> int:
        key = self.request.picture_index, row
        if key not in self.cache.classes:
            engine = self.rows[row].engine
            index = engine.internals.resolve_target(engine.picture(self.image)).index
            assert index is not None
            self.cache.classes[key] = index
        return self.cache.classes[key]


def compare(comparison: Comparison, *, with_facts: bool) -> Iterator[Progress[Part | Facts | None]]:
    """What is asked for and not yet in the cache: the quick cells of all rows, then the refining
    ones. What cannot be computed says so in its cell, and is passed over. A fraction of 0 and no
    words: the step tells nothing about how far the cells have come.
    """
    rows, answer, quick = comparison.rows, comparison.answer, comparison.quick
    missing = [
        (number, name)
        for names in (quick, [name for name in comparison.methods if name not in quick])
        for number in range(len(rows))
        for name in names
        if (cell := answer.cells.get((number, name))) is None or cell.frame.get("partial")
    ]
    pictures: dict[int, Picture] = {}
    done = 0

    def cell_of(key: CellKey) -> Iterator[Progress[Cell | None]]:
        row, fraction = rows[key[0]], done / len(missing)
        words = f"{row.engine.methods[key[1]].title}, {row.name}"
        yield Progress(fraction, None, words)
        for made in _cell(key, comparison, pictures):
            if made is not None:
                answer.add(made)
            yield Progress(fraction, made, words)

    for number in range(len(rows)):
        prediction: NetworkPrediction | None = None
        try:
            pictures[number] = comparison.picture(number)
            if number not in answer.predictions:
                prediction = _prediction(number, comparison, pictures[number])
        except ExplanationError as problem:
            prediction = {"row": number, "error": str(problem)}
        if prediction is not None:
            answer.add(prediction)
            yield Progress(0.0, prediction)
        for key in missing:
            if key[0] == number and key[1] in quick:
                yield from cell_of(key)
                done += 1
    if with_facts and 0 in pictures:
        yield Progress(0.0, facts(rows[0].engine, pictures[0]))
    for key in missing[done:]:
        yield from cell_of(key)
        done += 1
    yield Progress(1.0, None)


def _cell(
    key: CellKey, comparison: Comparison, pictures: Mapping[int, Picture]
) -> Iterator[Cell | None]:
    """The map as it refines, or why there is none; None where the work can be stopped."""
    number, name = key
    engine, prediction = comparison.rows[number].engine, comparison.answer.predictions[number]
    try:
        if "error" in prediction:
            raise ExplanationError(prediction["error"])
        target = prediction["target"]["index"]
        request = Request.of(engine, name, target, None, comparison.parameters)
        for step in explanation(engine, pictures[number], request):
            if (made := step.result) is None:
                yield None
            else:
                frame = cast(CellFrame, {"row": number, **made.frame})
                yield Cell(made.attribution, frame)
    except ExplanationError as problem:
        frame = cast(CellFrame, {"row": number, "method": name, "error": str(problem)})
        yield Cell(None, frame)


def _prediction(number: int, comparison: Comparison, picture: Picture) -> NetworkPrediction:
    engine, target = comparison.rows[number].engine, comparison.target(number)
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
        "top": top_of(prediction),
        "target": frame_target(
            target,
            class_name(target, engine.class_names, count),
            finite(prediction[target]),
            prediction.unit,
        ),
        "exact": picture.exact,
    }
    photo = picture_to_json(picture.pixels, picture.name)
    first = comparison.answer.predictions.get(0)
    if first is None or "photo" not in first or first["photo"]["data"] != photo["data"]:
        frame["photo"] = photo
    return frame


def measure(comparison: Comparison) -> Iterator[Progress[Measured | None]]:
    """The measures of all cells that there are, and last, since it takes many passes, how much
    smoothing changes the maps of which SmoothGrad can be taken.
    """
    answer, rows = comparison.answer, comparison.rows
    keys = [(number, name) for number in range(len(rows)) for name in comparison.methods]
    maps = {key: made for key in keys if (made := answer.attribution(key)) is not None}
    pictures = {number: comparison.picture(number) for number in {key[0] for key in maps}}
    total = 2 * len(maps)
    for done, (key, attribution) in enumerate(maps.items(), 1):
        if "sparseness" not in answer.measures.get(key, {}):
            clear = yield from _without_noise(key, attribution, comparison)
            values = _numbers(key, attribution, clear, comparison, pictures[key[0]])
            yield Progress(done / total, Measured(key, values))
    for done, (key, attribution) in enumerate(maps.items(), len(maps)):
        if "smoothing" in answer.measures.get(key, {}):
            continue
        (number, name), change = key, None
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
            change = _rounded(1 - cosine(attribution, smooth))
        yield Progress((done + 1) / total, Measured(key, {"smoothing": change}))


def _without_noise(
    key: CellKey, attribution: Attribution, comparison: Comparison
) -> Generator[Progress[None], None, Attribution | None]:
    """The cell's map of the picture as it was, computed where it is not there yet; None where there
    is no noise.
    """
    if not comparison.request.noise:
        return None
    number, name = key
    cell = comparison.cache.answer(replace(comparison.request, noise=0.0)).cells.get(key)
    if cell is not None and cell.attribution is not None and not cell.frame.get("partial"):
        return cell.attribution
    engine, target = comparison.rows[number].engine, attribution.target.index
    request = Request.of(engine, name, target, None, comparison.parameters)
    clear = None
    for step in explanation(engine, engine.picture(comparison.image), request):
        clear = None if step.result is None else step.result.attribution
        yield Progress(0.0, None)
    return clear


def _numbers(
    key: CellKey,
    attribution: Attribution,
    clear: Attribution | None,
    comparison: Comparison,
    picture: Picture,
) -> Numbers:
    """The quick measures of a cell; None for what is not defined."""
    numbers: Numbers = {"sparseness": None, "variation": None, "guided": None, "survival": None}
    if not np.isfinite(attribution.values).all():
        return numbers
    numbers["sparseness"] = _rounded(sparseness(attribution))
    numbers["variation"] = _rounded(total_variation(attribution))
    if attribution.space == "input":
        try:
            engine = comparison.rows[key[0]].engine
            guided = comparison.answer.attribution((key[0], GUIDED)) or engine.explain(
                picture, GUIDED, target=attribution.target.index
            )
            numbers["guided"] = _rounded(cosine(attribution, guided))
        except ExplanationError:
            pass  # a network without rectifiers, or a map with one channel
    if clear is not None and clear.values.shape == attribution.values.shape:
        numbers["survival"] = _rounded(cosine(attribution, clear))
    return numbers


def _rounded(value: float) -> float | None:
    return None if (number := finite(value)) is None else round(number, 5)
