"""The work of a GradientComparison, free of the widget: cell by cell, the quick ones first.

A generator of steps for an engine's worker, and what it gives as the browser receives it. Every
network is run under its own lock, so the rows' other engines may be at work elsewhere meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from xai_widgets.errors import ExplanationError
from xai_widgets.metrics import cosine, noisy, sparseness, total_variation
from xai_widgets.targets import class_name
from xai_widgets.widgets.base.explaining import Explained, Request, explaining, facts
from xai_widgets.widgets.base.maps import finite
from xai_widgets.widgets.base.photos import picture_to_json
from xai_widgets.widgets.comparison.answers import (
    Answer,
    Asked,
    Cell,
    Known,
    Measured,
    Measures,
    Place,
    Said,
    Step,
    Working,
)
from xai_widgets.widgets.comparison.networks import Row

if TYPE_CHECKING:
    from xai_widgets.engine import Engine
    from xai_widgets.images import Picture

_TOP = 5
_SHORTLY = 0.01  # seconds
GUIDED = "guided_backprop"
# What SmoothGrad can average, and so what smoothing can be measured of.
SMOOTHED = ("saliency", "input_x_gradient", GUIDED)
SMOOTHING_SAMPLES = 10
MEASURES = (
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


def comparing(
    rows: Sequence[Row],
    image: Any,
    asked: Asked,
    methods: Sequence[str],
    parameters: Mapping[str, Any],
    known: Known,
    *,
    with_facts: bool,
) -> Iterator[Step]:
    """What is asked for and not yet known: the quick cells of all rows, then the refining
    ones. What cannot be is said in its cell, and passed over.
    """
    answer = known.answer(asked)
    for step in _steps(rows, image, asked, methods, parameters, known, answer, with_facts):
        answer.take(step)
        yield step


def _steps(
    rows: Sequence[Row],
    image: Any,
    asked: Asked,
    methods: Sequence[str],
    parameters: Mapping[str, Any],
    known: Known,
    answer: Answer,
    with_facts: bool,
) -> Iterator[Step]:
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
    for number, row in enumerate(rows):
        try:
            pictures[number] = _picture(row.engine, image, asked)
            if number not in answer.said:
                yield _said(number, rows, pictures[number], image, asked, known, answer)
        except ExplanationError as problem:
            yield Said(number, {"row": number, "error": str(problem)})
        for place in missing:
            if place[0] == number and place[1] in quick:
                yield from _cell(place, row, pictures, answer, parameters, done / len(missing))
                done += 1
    if with_facts and 0 in pictures:
        yield facts(rows[0].engine, pictures[0])
    for place in missing[done:]:
        yield from _cell(place, rows[place[0]], pictures, answer, parameters, done / len(missing))
        done += 1


def measuring(
    rows: Sequence[Row],
    image: Any,
    asked: Asked,
    methods: Sequence[str],
    known: Known,
    pause: float = 0.0,
) -> Iterator[Measured]:
    """The measures of all cells that there are, and last, since it takes many passes, how much
    smoothing changes the maps of which SmoothGrad can be taken.

    pause: seconds before it begins, in which the maps get on the screen; it needs all cores.
    """
    begin = time.monotonic() + pause
    while time.monotonic() < begin:
        time.sleep(_SHORTLY)
        yield Measured((0, ""), {})  # where it can be stopped
    answer = known.answer(asked)
    places = [(number, name) for number in range(len(rows)) for name in methods]
    places = [place for place in places if answer.attribution(place) is not None]
    pictures = {n: _picture(rows[n].engine, image, asked) for n in {place[0] for place in places}}
    for place in places:
        if "sparseness" not in answer.measures.get(place, {}):
            row = rows[place[0]]
            values = _measures(row, place, pictures[place[0]], asked, known, answer)
            yield Measured(place, values)
    for place in places:
        if "smoothing" in answer.measures.get(place, {}):
            continue
        number, name = place
        attribution, value = answer.attribution(place), None
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
                    yield Measured(place, {})  # where it can be stopped
            value = _number(1 - cosine(attribution, smooth))
        yield Measured(place, {"smoothing": value})


def _picture(engine: Engine, image: Any, asked: Asked) -> Picture:
    return noisy(engine, engine.picture(image), asked.noise, asked.seed)


def _said(
    number: int,
    rows: Sequence[Row],
    picture: Picture,
    image: Any,
    asked: Asked,
    known: Known,
    answer: Answer,
) -> Said:
    engine = rows[number].engine
    target = _target(number, rows, image, asked, known)
    prediction = engine.predict(picture)
    count = len(prediction.probabilities)
    if not 0 <= target < count:
        raise ExplanationError(
            f"this network has {count} classes and none of number {target}; explain each network's "
            "own class instead"
        )
    first = answer.said.get(0)
    photo = picture_to_json(picture.pixels, picture.name)
    same = first is not None and first.told.get("photo", {}).get("data") == photo["data"]
    return Said(
        number,
        {
            "row": number,
            "input": list(picture.input.shape[-2:]),
            "top": [asdict(score) for score in prediction.top(_TOP)],
            "target": {
                "index": target,
                "name": class_name(target, engine.class_names, count),
                "probability": finite(float(prediction.probabilities[target])),
            },
            "exact": picture.exact,
            **({} if same else {"photo": photo}),
        },
    )


def _target(number: int, rows: Sequence[Row], image: Any, asked: Asked, known: Known) -> int:
    """The class that is explained: noise does not change it. Networks that know their classes by
    name agree by name.
    """

    def likeliest(row: int) -> int:
        if (asked.place, row) not in known.classes:
            engine = rows[row].engine
            found = engine.resolve_target(engine.picture(image)).index
            assert found is not None
            known.classes[asked.place, row] = found
        return known.classes[asked.place, row]

    if asked.own:
        return likeliest(number)
    target = likeliest(0) if asked.target is None else asked.target
    first, own = rows[0].engine.class_names, rows[number].engine.class_names
    if not first or not own or first == own:
        return target
    name = class_name(target, first, max(target + 1, 2))
    named = own.items() if isinstance(own, Mapping) else enumerate(own)
    index = next((int(i) for i, each in named if each == name), None)
    if index is None:
        raise ExplanationError(f"this network has no class {name!r}")
    return index


def _cell(
    place: Place,
    row: Row,
    pictures: Mapping[int, Picture],
    answer: Answer,
    parameters: Mapping[str, Any],
    fraction: float,
) -> Iterator[Step]:
    number, name = place
    told = answer.said[number].told
    if "error" in told:
        yield Cell(place, None, {"row": number, "method": name, "error": told["error"]})
        return
    words = f"{row.engine.methods[name].title}, {row.name}"
    yield Working(words, fraction)
    try:
        request = Request.of(row.engine, name, told["target"]["index"], None, parameters)
        for step in explaining(row.engine, pictures[number], request):
            if isinstance(step, Explained):
                yield Cell(place, step.attribution, {"row": number, **step.frame})
            else:
                yield Working(words, fraction)
    except ExplanationError as problem:
        yield Cell(place, None, {"row": number, "method": name, "error": str(problem)})


def _measures(
    row: Row, place: Place, picture: Picture, asked: Asked, known: Known, answer: Answer
) -> Measures:
    """The numbers of a cell; None for what is not defined."""
    attribution = answer.attribution(place)
    if attribution is None or not np.isfinite(attribution.values).all():
        return dict(_NO_NUMBERS)
    found: Measures = {
        **_NO_NUMBERS,
        "sparseness": _number(sparseness(attribution)),
        "variation": _number(total_variation(attribution)),
    }
    if attribution.space == "input":
        try:
            guided = answer.attribution((place[0], GUIDED)) or row.engine.explain(
                picture, GUIDED, target=attribution.target.index
            )
            found["guided"] = _number(cosine(attribution, guided))
        except ExplanationError:
            pass  # a network without rectifiers, or a map with one channel
    if asked.noise:
        clear = known.answer(replace(asked, noise=0.0)).attribution(place)
        if clear is not None and clear.values.shape == attribution.values.shape:
            found["survival"] = _number(cosine(attribution, clear))
    return found


def _number(value: float) -> float | None:
    known = finite(value)
    return None if known is None else round(known, 5)
