"""A GradientComparison as messages, as one picture, and as what a page without a kernel shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from xai_widgets.attribution import Attribution
from xai_widgets.render import encode_png, grid
from xai_widgets.widgets.base.photos import Pixels, within
from xai_widgets.widgets.comparison.answers import Answer, Asked, Cell, Known, Measured, Place, Said
from xai_widgets.widgets.comparison.networks import Row
from xai_widgets.widgets.comparison.work import comparing

_LEVELS = (0.05, 0.1, 0.2, 0.3)  # of noise, in a saved page
_MOST_ANSWERS = 12
_SMALL, _LARGE = 96, 320  # pixels of a cell
_STILL_COLOURS = 128


def told_of(step: Said | Cell | Measured) -> tuple[dict[str, Any], list[bytes]]:
    """A step as a message, and its buffers."""
    if isinstance(step, Measured):
        row, method = step.place
        return {"kind": "measured", "row": row, "method": method, "values": step.values}, []
    if isinstance(step, Cell):
        frame = dict(step.frame)
        data = frame.pop("data", None)
        return {"kind": "cell", "frame": frame}, [] if data is None else [data]
    told = dict(step.told)
    photo = dict(told.pop("photo", {}))
    data = photo.pop("data", None)
    if data is None:
        return {"kind": "said", "told": told}, []
    return {"kind": "said", "told": {**told, "photo": photo}}, [data]


def comparison_png(
    rows: Sequence[Row],
    methods: Sequence[str],
    pixels: Pixels,
    answer: Answer,
    drawn: Callable[..., Pixels],
    title: str,
    *,
    small: bool,
) -> bytes:
    """All cells, `drawn(pixels, attribution, side, signed=...)`, with what each network says."""
    side = _SMALL if small else _LARGE

    def cell(place: Place) -> Pixels | str:
        found = answer.cells.get(place)
        if found is None:
            return within(pixels, side)
        if found.attribution is None:
            return str(found.frame["error"])
        own: Attribution = found.attribution
        seen = pixels if own.pixels is None else own.pixels
        return drawn(seen, own, side, signed=found.frame["signed"])

    cards = rows[0].engine.methods
    made = grid(
        [[cell((number, name)) for name in methods] for number in range(len(rows))],
        [_words(row, answer.said.get(number)) for number, row in enumerate(rows)],
        [cards[name].title for name in methods],
        side=side,
        title=title,
    )
    return encode_png(made, colors=_STILL_COLOURS if small else None)


def _words(row: Row, said: Said | None) -> list[str]:
    words = [row.name]
    if row.accuracy is not None:
        words.append(f"{row.accuracy:.1%} right")
    top = said.told.get("top") if said is not None else None
    if top:
        words += [top[0]["name"], f"{top[0]['probability']:.1%}"]
    return words


def answers_within(
    seconds: float,
    rows: Sequence[Row],
    images: Sequence[Any],
    asked: Asked,
    methods: Sequence[str],
    parameters: Mapping[str, Any],
    known: Known,
) -> list[dict[str, Any]]:
    """What a saved page can switch between: the pictures, and noise on the shown one. What takes
    many passes is made for the pictures alone, as much of it as the worker makes in that time.
    """
    cards = rows[0].engine.methods
    quick = [name for name in methods if not cards[name].anytime]
    noisy = [replace(asked, noise=level) for level in (0.0, *_LEVELS, asked.noise)]
    others = [replace(asked, place=place, noise=0.0) for place in range(len(images))]
    wanted = list(dict.fromkeys([asked, *noisy, *others]))[:_MOST_ANSWERS]

    def work() -> Iterator[Any]:
        for each in wanted:
            names = methods if each in others or each == asked else quick
            yield from comparing(
                rows, images[each.place], each, names, parameters, known, with_facts=False
            )

    job = rows[0].engine.worker.submit(object(), work)
    job.wait(seconds)
    job.cancel()
    return [_saved(each, known.answer(each)) for each in wanted]


def _saved(asked: Asked, answer: Answer) -> dict[str, Any]:
    return {
        "key": asked.key,
        "place": asked.place,
        "noise": asked.noise,
        "said": [said.told for said in answer.said.values()],
        "cells": [cell.frame for cell in answer.cells.values()],
        "measures": [
            {"row": row, "method": method, "values": values}
            for (row, method), values in answer.measures.items()
        ],
    }
