"""A GradientComparison as messages, as one picture, and as what a page without a kernel shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

from xai_widgets.attribution import Attribution
from xai_widgets.progress import Progress
from xai_widgets.render import encode_png, grid
from xai_widgets.widgets.base.photos import Pixels, within
from xai_widgets.widgets.comparison.networks import Row
from xai_widgets.widgets.comparison.wire import (
    CellMessage,
    ComparisonSaved,
    MeasuresMessage,
    PredictionMessage,
)
from xai_widgets.widgets.comparison.work import (
    Answer,
    Cell,
    CellKey,
    Comparison,
    Measured,
    Part,
    RowPrediction,
    compare,
)

_LEVELS = (0.05, 0.1, 0.2, 0.3)  # of noise, in a saved page
_MOST_ANSWERS = 12
_SMALL, _LARGE = 96, 320  # pixels of a cell
_STILL_COLOURS = 128

Message = PredictionMessage | CellMessage | MeasuresMessage


def message_of(key: str, part: Part) -> tuple[Message, list[bytes]]:
    """A part of the answer with this key as a message, and its buffers."""
    if isinstance(part, Measured):
        row, method = part.key
        return {
            "kind": "measures", "key": key, "row": row, "method": method, "values": part.values
        }, []  # fmt: skip
    frame: dict[str, Any] = {**part.frame}
    if isinstance(part, Cell):
        data = frame.pop("data", None)
        message = cast(Message, {"kind": "cell", "key": key, "frame": frame})
    else:
        photo = dict(frame.get("photo", {}))
        data = photo.pop("data", None)
        if data is not None:
            frame["photo"] = photo
        message = cast(Message, {"kind": "prediction", "key": key, "prediction": frame})
    return message, [] if data is None else [data]


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

    def drawn_cell(key: CellKey) -> Pixels | str:
        cell = answer.cells.get(key)
        if cell is None:
            return within(pixels, side)
        attribution: Attribution | None = cell.attribution
        if attribution is None:
            return cell.frame["error"]
        seen = pixels if attribution.pixels is None else attribution.pixels
        return drawn(seen, attribution, side, signed=cell.frame["signed"])

    cards = rows[0].engine.methods
    made = grid(
        [[drawn_cell((number, name)) for name in methods] for number in range(len(rows))],
        [_words(row, answer.predictions.get(number)) for number, row in enumerate(rows)],
        [cards[name].title for name in methods],
        side=side,
        title=title,
    )
    return encode_png(made, colors=_STILL_COLOURS if small else None)


def _words(row: Row, prediction: RowPrediction | None) -> list[str]:
    words = [row.name]
    if row.accuracy is not None:
        words.append(f"{row.accuracy:.1%} right")
    top = prediction.frame.get("top") if prediction is not None else None
    if top:
        words += [top[0]["name"], f"{top[0]['probability']:.1%}"]
    return words


def saved_comparisons(comparison: Comparison, images: Sequence[Any]) -> list[Comparison]:
    """What a saved page can switch between: the pictures, and noise on the shown one. Methods that
    take many passes are for the pictures alone.
    """
    cards = comparison.rows[0].engine.methods
    quick = [name for name in comparison.methods if not cards[name].anytime]
    request = comparison.request
    noisy = [replace(request, noise=level) for level in (0.0, *_LEVELS, request.noise)]
    others = [replace(request, picture_index=index, noise=0.0) for index in range(len(images))]
    wanted = list(dict.fromkeys([request, *noisy, *others]))[:_MOST_ANSWERS]
    return [
        replace(
            comparison,
            request=item,
            image=images[item.picture_index],
            methods=comparison.methods if item in others or item == request else quick,
        )
        for item in wanted
    ]


def compare_all(comparisons: Sequence[Comparison]) -> Iterator[Progress[Any]]:
    """All of these, one after the other."""
    for done, comparison in enumerate(comparisons):
        for step in compare(comparison, with_facts=False):
            yield Progress((done + step.fraction) / len(comparisons), None, step.words)


def saved_of(comparison: Comparison) -> ComparisonSaved:
    """What is known of a comparison, as a saved page keeps it."""
    answer, request = comparison.answer, comparison.request
    return {
        "key": request.key,
        "picture_index": request.picture_index,
        "noise": request.noise,
        "predictions": [prediction.frame for prediction in answer.predictions.values()],
        "cells": [cell.frame for cell in answer.cells.values()],
        "measures": [
            {"row": row, "method": method, "values": values}
            for (row, method), values in answer.measures.items()
        ],
    }
