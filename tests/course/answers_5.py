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
    theirs = quarters(other, other.right)
    wrong = quarters(study, study.wrong)
    box = (1, 1, 9, 9)
    first = study.right[:120]
    covered = study.cover(first, box, fill="paste", controls=4)
    swapped = study.swap(first, box, controls=4)
    blurred = study.cover(first, box, controls=4).effect
    folder.cleanup()
    return [
        ("5.1", correct[night].mean(), ""),
        ("5.1", 1 - correct[night].mean(), "share of errors"),
        ("5.1", correct.mean(), "all pictures"),
        ("5.1", correct[~night].mean(), "day shift's"),
        ("5.1", correct[night].sum(), "count"),
        ("5.1", 100 * correct[night].mean(), "per cent"),
        ("5.1", correct[night], "numbers"),
        ("5.1", (correct & night).mean(), "not by all"),
        ("5.2", "c", ""),
        ("5.2", "a", "Somebody else"),
        ("5.2", "b", "labels were wrong"),
        ("5.2", "d", "from nothing"),
        ("5.3", shares, ""),
        ("5.3", shares / 64, "means of each quarter"),
        ("5.3", shares.ravel(), "in a row"),
        ("5.3", wrong / wrong.sum(), "answered wrong"),
        ("5.3", theirs / theirs.sum(), "other network"),
        ("5.3", shares[::-1], "Upside down"),
        ("5.3", 100 * shares, "per cent"),
        ("5.4", box, ""),
        ("5.4", [0, 0, 10, 10], ""),
        ("5.4", np.array([2, 2, 8, 8]), ""),
        ("5.4", (0, 0, 32, 32), "Smaller"),
        ("5.4", (0, 0, 24, 24), "Smaller"),
        ("5.4", (55, 55, 63, 63), "opposite corner"),
        ("5.4", (0.25, 0.25, 2.25, 2.25), "cells of the map"),
        ("5.4", (0, 0, 0.14, 0.14), "shares of the picture"),
        ("5.4", (20, 20, 44, 44), "shapes themselves"),
        ("5.4", (4, 4, 16, 16), "Nearly"),
        ("5.4", (30, 5, 40, 12), "Not there"),
        ("5.4", "top left", "That is a str"),
        ("5.5", covered.effect - covered.control, ""),
        ("5.5", covered.control, "Nothing falls"),
        ("5.5", covered.control - covered.effect, "sign"),
        ("5.5", 1 - covered.effect, "is left"),
        ("5.5", 100 * covered.effect, "per cent"),
        ("5.5", covered, "whole experiment"),
        ("5.5", blurred, "with a blur"),
        ("5.5", 120, "took part"),
        ("5.6", swapped.effect, ""),
        ("5.6", swapped.control, "No answer moves"),
        ("5.6", 1 - swapped.effect, "that stay"),
        ("5.6", 120 * swapped.effect, "count"),
        ("5.6", 120, "took part"),
        ("5.7", correct[night].mean(), ""),
        ("5.7", 1 / 6, ""),
        ("5.7", correct.mean(), "today's"),
        ("5.7", 0, "one in six"),
        ("5.7", 1.0, "other network"),
        ("5.7", 0.5, "too large"),
    ]
