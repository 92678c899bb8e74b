"""Right and typical wrong answers of lesson 5, each with words of the hint that it gets."""

from __future__ import annotations

import tempfile
from typing import Any

import numpy as np

import xai_widgets as xw


def answers() -> list[tuple[str, Any, str]]:
    handed = xw.course.handed_over()
    folder = tempfile.TemporaryDirectory()
    studies = []
    for name, engine in (("one", handed.engine), ("other", handed.other)):
        studies.append(xw.Study(engine, handed.data, folder=f"{folder.name}/{name}"))
        studies[-1].run(wait=True, progress=False)
    study, other = studies
    correct, night = study.rows["correct"], study.rows["shift"] == "night"

    def quarters(study: Any, rows: Any) -> Any:
        return study.mean_map(rows)[0].reshape(2, 8, 2, 8).sum((1, 3))

    maps = quarters(study, study.right)
    shares = maps / maps.sum()

    def of(study: Any, rows: Any) -> Any:
        cut = quarters(study, rows)
        return cut / cut.sum()

    box = (1, 1, 9, 9)
    first = study.right[:120]
    covered = study.cover(first, box, fill="paste", controls=4)
    swapped = study.swap(first, box, controls=4)
    blurred = study.cover(first, box, controls=4)
    theirs = other.cover(first, box, fill="paste", controls=4)
    of_wrong = study.cover(study.wrong, box, fill="paste", controls=4)
    of_all = study.cover(range(300), box, fill="paste", controls=4)
    of_rows = [
        (of(study, study.wrong), "answered wrong"),
        (of(study, range(300)), "all pictures"),
        (of(study, np.flatnonzero(~night)), "of the day"),
        (of(study, first), "first 120"),
        (of(other, other.right), "other network"),
    ]
    folder.cleanup()
    effect, control = covered.effect, covered.control
    return [
        ("5.1", correct[night].mean(), ""),
        ("5.1", 1 - correct[night].mean(), "share of errors"),
        ("5.1", correct[~night].mean() - correct[night].mean(), "lies below the day"),
        ("5.1", correct.mean(), "all pictures"),
        ("5.1", correct[~night].mean(), "day shift"),
        ("5.1", night[~correct].mean(), "errors that are of the night"),
        ("5.1", correct[night].sum(), "count"),
        ("5.1", 100 * correct[night].mean(), "per cent"),
        ("5.1", correct[night], "numbers"),
        ("5.1", (correct & night).mean(), "not by all"),
        ("5.1", night.mean(), "night's share of the pictures"),
        ("5.1", np.float64("nan"), "mean of nothing"),
        ("5.1", -correct[night].mean(), "never below 0"),
        ("5.1", True, "That is True"),
        ("5.1", "0.27", "without quotes"),
        ("5.2", "c", ""),
        ("5.2", "a", "Somebody else"),
        ("5.2", "b", "labels were wrong"),
        ("5.2", "d", "from nothing"),
        ("5.3", shares, ""),
        ("5.3", shares.round(2), ""),
        ("5.3", shares.tolist(), ""),
        ("5.3", shares / 64, "not to 1"),
        ("5.3", 3 * shares, "They add up to 3"),
        ("5.3", shares.ravel(), "in a row"),
        ("5.3", shares.T, "lower left are exchanged"),
        ("5.3", shares[::-1], "Upside down"),
        ("5.3", shares[:, ::-1], "Left and right"),
        ("5.3", shares[::-1, ::-1], "[0][0] is the upper left"),
        ("5.3", [[1, 0], [0, 0]], "everything in one quarter"),
        *(("5.3", answer, words) for answer, words in of_rows),
        ("5.3", 100 * shares, "per cent"),
        ("5.3", -shares, "never below 0"),
        ("5.3", [[0.25, 0.25], [0.25, 0.25]], "other shares"),
        ("5.3", [["0.97", "0.01"], ["0.01", "0.01"]], "without quotes"),
        ("5.3", [[np.nan, 0], [0, 0]], "NaN"),
        ("5.4", box, ""),
        ("5.4", [0, 0, 10, 10], ""),
        ("5.4", np.array([2, 2, 8, 8]), ""),
        ("5.4", (0.5, 0.5, 8.5, 8.5), ""),
        ("5.4", (0, 0, 32, 32), "25\N{NO-BREAK SPACE}% of the picture. Smaller"),
        ("5.4", (0, 0, 24, 24), "Smaller"),
        ("5.4", (0, 0, 16, 16), "It contains the place"),
        ("5.4", (1, 1, 7, 7), "too small"),
        ("5.4", (0, 0, 7, 7), "misses another"),
        ("5.4", (2, 2, 7, 7), "too small"),
        ("5.4", (3, 3, 7, 7), "too small"),
        ("5.4", (4, 4, 16, 16), "Nearly"),
        ("5.4", (55, 55, 63, 63), "opposite corner"),
        ("5.4", (55, 1, 63, 9), "Upside down"),
        ("5.4", (1, 55, 9, 63), "The other side"),
        ("5.4", (0.25, 0.25, 2.25, 2.25), "cells of the map"),
        ("5.4", (0, 0, 2, 2), "cells of the map"),
        ("5.4", (0, 0, 0.14, 0.14), "shares of the picture"),
        ("5.4", (1, 9, 1, 9), "(top, bottom, left, right)"),
        ("5.4", (9, 9, 1, 1), "corner comes first"),
        ("5.4", (9, 1, 1, 30), "empty"),
        ("5.4", (20, 20, 44, 44), "shapes themselves"),
        ("5.4", (30, 5, 40, 12), "Not there"),
        ("5.4", (0, 0, 70, 70), "outside"),
        ("5.4", (-1, -1, 9, 9), "negative"),
        ("5.4", (-9, -9, -1, -1), "negative"),
        ("5.4", (np.nan, 1, 9, 9), "NaN"),
        ("5.4", (True, True, 9, 9), "True and False"),
        ("5.4", np.array([True, True, False, False]), "True and False"),
        ("5.4", ("1", "1", "9", "9"), "without quotes"),
        ("5.4", "top left", "That is a str"),
        ("5.5", (effect, control), ""),
        ("5.5", np.array([effect, control]).round(2), ""),
        ("5.5", effect, "without its control"),
        ("5.5", effect - control, "without its control"),
        ("5.5", (control, effect), "effect comes first"),
        ("5.5", (effect, effect), "The effect is right"),
        ("5.5", (control, control), "Nothing falls"),
        ("5.5", (theirs.effect, theirs.control), "Nothing falls"),
        ("5.5", (-effect, control), "never below 0"),
        ("5.5", (1 - effect, control), "is left"),
        ("5.5", (100 * effect, control), "per cent"),
        ("5.5", covered, "whole experiment"),
        ("5.5", (blurred.effect, blurred.control), "with a blur"),
        ("5.5", (of_wrong.effect, of_wrong.control), "answered wrong"),
        ("5.5", (of_all.effect, of_all.control), "all pictures"),
        ("5.5", (swapped.effect, swapped.control), "swap's"),
        ("5.5", 120, "took part"),
        ("5.5", True, "That is True"),
        ("5.5", float("nan"), "That is nan"),
        ("5.6", swapped.effect, ""),
        ("5.6", effect, "what cover gives"),
        ("5.6", 1.0, "Every single one"),
        ("5.6", True, "That is True"),
        ("5.6", swapped.control, "No answer moves"),
        ("5.6", 1 - swapped.effect, "that stay"),
        ("5.6", -swapped.effect, "never below 0"),
        ("5.6", 100 * swapped.effect, "per cent"),
        ("5.6", 120 * swapped.effect, "count"),
        ("5.6", 120, "took part"),
        ("5.7", correct[night].mean(), ""),
        ("5.7", 1 / 6, ""),
        ("5.7", correct.mean(), "today's"),
        ("5.7", 0, "one in six"),
        ("5.7", 1.0, "day shift, or the other network"),
        ("5.7", 0.5, "too large"),
        ("5.7", 100 * correct[night].mean(), "per cent"),
        ("5.7", 1 - correct[night].mean(), "will be wrong"),
        ("5.7", correct[night].sum(), "count"),
        ("5.7", -0.2, "never below 0"),
        ("5.7", float("nan"), "mean of nothing"),
        ("5.7", True, "That is True"),
    ]
