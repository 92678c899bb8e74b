"""Every exercise: right answers pass, and typical wrong ones each get their own hint."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

import xai_widgets as xw

LESSONS = sorted({exercise.lesson for exercise in xw.course.EXERCISES.values()})
_tables: dict[str, list[tuple[str, Any, str]]] = {}


def table(lesson: str) -> list[tuple[str, Any, str]]:
    if lesson not in _tables:
        module = importlib.import_module(f"tests.course.answers_{lesson}")
        _tables[lesson] = module.answers()
    return _tables[lesson]


EXERCISES = [e for e in xw.course.EXERCISES.values() if not e.game]
GAMES = [e for e in xw.course.EXERCISES.values() if e.game]


def test_there_are_six_lessons_of_five_exercises_or_more_and_a_game() -> None:
    assert LESSONS == ["1", "2", "3", "4", "5", "6"]
    assert len(EXERCISES) + len(GAMES) >= 36
    for lesson in LESSONS:
        assert sum(e.lesson == lesson for e in EXERCISES) >= 5
        assert sum(e.lesson == lesson for e in GAMES) == 1


@pytest.mark.parametrize("number", [e.number for e in EXERCISES])
def test_right_answers_pass_and_wrong_ones_get_their_own_hint(number: str) -> None:
    rows = [row for row in table(number[0]) if row[0] == number]
    hints = set()
    for _, answer, words in rows:
        found = xw.course.verdict(number, answer)
        if words:
            assert found.state == "wrong", (number, words, found)
            assert words in found.steps[0], (number, words, found.steps)
            hints.add(found.steps[0])
        else:
            assert found.state == "right", (number, answer, found.steps)
            assert found.said
    assert sum(not words for _, _, words in rows) >= 1
    assert len(hints) >= 3, hints


@pytest.mark.parametrize("number", [e.number for e in GAMES])
@pytest.mark.parametrize("deal", [0, 1, 7])
def test_games_have_one_answer_and_a_hint_for_each_other(number: str, deal: int) -> None:
    game = xw.course.game(number, deal=deal)
    found = {letter: xw.course.verdict(number, letter, deal=deal) for letter in game}
    assert sorted(v.state for v in found.values()) == ["right"] + ["wrong"] * (len(game) - 1)
    assert all(v.steps for v in found.values() if v.state == "wrong")
    assert "Expected a letter" in xw.course.verdict(number, "Z", deal=deal).steps[0]


@pytest.mark.parametrize("number", [e.number for e in GAMES])
def test_deals_shuffle(number: str) -> None:
    def answer(deal: int) -> str:
        letters = xw.course.game(number, deal=deal)
        return next(x for x in letters if xw.course.verdict(number, x, deal=deal))

    answers = [answer(deal) for deal in range(12)]
    assert len(set(answers)) >= 3
    assert answers == [answer(deal) for deal in range(12)]


@pytest.mark.parametrize("number", list(xw.course.EXERCISES))
@pytest.mark.parametrize("answer", [None, ..., [...], {"a": None}])
def test_no_answer_is_not_yet(number: str, answer: object) -> None:
    assert xw.course.verdict(number, answer).state == "not yet"


@pytest.mark.parametrize("number", list(xw.course.EXERCISES))
@pytest.mark.parametrize("answer", ["?", 1e9, [], {}, object(), lambda: None, float("nan"), "A"])
def test_nothing_crashes(number: str, answer: object) -> None:
    assert xw.course.verdict(number, answer).state in ("wrong", "right", "not yet")


def test_the_mark_is_where_the_deal_puts_it() -> None:
    places = [(1, 1, 9, 9), (1, 55, 9, 63), (55, 1, 63, 9), (55, 55, 63, 63)]
    found = [[bool(xw.course.verdict("5.4", p, deal=deal)) for p in places] for deal in range(4)]
    assert np.array(found).sum(0).tolist() == [1, 1, 1, 1]
    assert np.array(found).sum(1).tolist() == [1, 1, 1, 1]
