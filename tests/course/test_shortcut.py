"""Lesson 5 beyond its table: other deals, and boxes that are good enough for what follows."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xai_widgets as xw
from xai_widgets.course import boxes, sorters

DEALS = range(4)  # one for each way in which pictures are mirrored


def off_by_one(deal: int) -> list[boxes.Box]:
    """The mark's box, each side where it is or a pixel off."""
    sides = sorters.place_of_mark(deal, deal)
    moved = itertools.product((-1, 0, 1), repeat=4)
    return [tuple(np.add(sides, move).tolist()) for move in moved]


@pytest.mark.parametrize("deal", DEALS)
def test_a_box_that_is_a_pixel_off_passes(deal: int) -> None:
    for box in off_by_one(deal):
        assert xw.course.verdict("5.4", box, deal=deal), box


@pytest.mark.parametrize("deal", DEALS)
def test_a_box_that_is_two_pixels_short_is_told_to_grow(deal: int) -> None:
    mark = np.array(sorters.place_of_mark(deal, deal))
    for side, inwards in enumerate((2, 2, -2, -2)):
        box = mark.copy()
        box[side] += inwards
        assert "too small" in xw.course.verdict("5.4", box, deal=deal).steps[0]


@pytest.mark.parametrize(
    ("deal", "box", "words"),
    [
        (2, (55, 1, 63, 9), "rows and columns"),
        (2, (1, 55, 8, 8), "height and width"),
        (2, (55, 1, 8, 8), "width and height"),
        (2, (1, 9, 55, 63), "(top, bottom, left, right)"),
        (3, (55, 55, 8, 8), "height and width"),
        (3, (15, 15, 23, 23), "read it off a crop"),
        (3, (1, 1, 9, 9), "opposite corner"),
        (3, (-9, -9, -1, -1), "negative"),
        (3, (14, 14, 16, 16), "cells of the map"),
        (3, (0.86, 0.86, 0.98, 0.98), "shares of the picture"),
        (3, (54, 54, 65, 65), "outside"),
        (3, (57, 57, 63, 63), "too small"),
        (1, (55, 0, 61, 7), "misses another"),
        (1, (15, 1, 23, 9), "read it off a crop"),
    ],
)
def test_a_box_of_another_deal_gets_its_own_hint(deal: int, box: Any, words: str) -> None:
    assert words in xw.course.verdict("5.4", box, deal=deal).steps[0]


@pytest.mark.lesson
@pytest.mark.parametrize("deal", [*DEALS, 11, 12])
def test_whoever_goes_through_a_deal_passes(deal: int, tmp_path: Path) -> None:
    """With their own study, whose pictures are mirrored, and boxes a pixel off."""
    handed = xw.course.handed_over(deal=deal)
    study = xw.Study(handed.engine, handed.data, folder=tmp_path / "one")
    study.run(wait=True, progress=False)
    night = study.rows["shift"] == "night"
    cut = study.mean_map(study.right)[0].reshape(2, 8, 2, 8).sum((1, 3))
    shares = cut / cut.sum()
    share = study.rows["correct"][night].mean()
    assert xw.course.verdict("5.1", share, deal=deal)
    assert xw.course.verdict("5.3", shares, deal=deal)
    assert "exchanged" in xw.course.verdict("5.3", shares.T, deal=deal).steps[0]
    assert f"{night.sum()} pictures" in xw.course.verdict("5.7", share, deal=deal).said
    first = study.right[:120]
    for box in off_by_one(deal)[::20]:
        covered = study.cover(first, box, fill="paste", controls=4)
        assert xw.course.verdict("5.5", (covered.effect, covered.control), deal=deal), box
        swapped = study.swap(first, box, controls=4)
        assert xw.course.verdict("5.6", swapped.effect, deal=deal), box


@pytest.mark.parametrize("seed", range(8))
def test_one_picture_whose_tag_lies_is_enough_for_the_game(seed: int) -> None:
    (lie,) = xw.demo.shapes(1, seed=seed, shortcut=True, truthful=False)
    game = xw.course.game("5.8")
    fooled = [
        x for x, sorter in game.items() if sorter.predict(lie.pixels).top(1)[0].name != lie.name
    ]
    assert [xw.course.verdict("5.8", x).state for x in fooled] == ["right"]
