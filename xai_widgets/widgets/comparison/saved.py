"""What a saved page of a GradientComparison shows without a kernel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from xai_widgets.progress import Progress
from xai_widgets.widgets.comparison.wire import ComparisonSaved
from xai_widgets.widgets.comparison.work import Comparison, compare

_LEVELS = (0.05, 0.1, 0.2, 0.3)  # of noise
_MOST_ANSWERS = 12


def saved_comparisons(comparison: Comparison, images: Sequence[Any]) -> list[Comparison]:
    """What a saved page can switch between: the pictures, and noise on the shown one. Methods that
    take many passes are for the pictures alone.
    """
    request = comparison.request
    noisy = [replace(request, noise=level) for level in (0.0, *_LEVELS, request.noise)]
    others = [replace(request, picture_index=index, noise=0.0) for index in range(len(images))]
    wanted = list(dict.fromkeys([request, *noisy, *others]))[:_MOST_ANSWERS]
    return [
        replace(
            comparison,
            request=item,
            image=images[item.picture_index],
            methods=comparison.methods if item in others or item == request else comparison.quick,
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
        "predictions": list(answer.predictions.values()),
        "cells": [cell.frame for cell in answer.cells.values()],
        "measures": [
            {"row": row, "method": method, "values": values}
            for (row, method), values in answer.measures.items()
        ],
    }
