"""A prediction as a sequence with names."""

from __future__ import annotations

import re

import numpy as np
import pytest

from xai_widgets.errors import ExplanationError
from xai_widgets.targets import ClassScore, Prediction

NAMES = ["tabby", "lynx", "crane", "crane"]
P = Prediction(np.array([0.1, 0.6, 0.05, 0.25], dtype=np.float32), NAMES, activation="softmax")


def test_a_sequence_with_names() -> None:
    assert len(P) == 4
    assert list(P) == pytest.approx([0.1, 0.6, 0.05, 0.25])
    assert P["lynx"] == P["LYNX "] == P[1] == P[np.int64(1)] == P[-3] == pytest.approx(0.6)
    assert (P.name, P.index) == ("lynx", 1)
    assert P.probability == pytest.approx(0.6)
    assert P.top(1) == [ClassScore(1, "lynx", pytest.approx(0.6))]
    assert max(P) == pytest.approx(0.6)
    np.testing.assert_array_equal(np.asarray(P), P.probabilities)


def test_names_and_indices_that_there_are_not() -> None:
    with pytest.raises(ExplanationError, match=r"'lynks' is none of the 4 classes\. Did.*\"lynx\""):
        P["lynks"]
    with pytest.raises(ExplanationError, match="'crane' is the name of several classes"):
        P["crane"]
    with pytest.raises(IndexError):
        P[4]
    with pytest.raises(TypeError):
        P[0.5]  # type: ignore[index]


@pytest.mark.parametrize(("p", "answer"), [(0.2, "healthy"), (0.8, "ill")])
def test_one_score_with_two_names(p: float, answer: str) -> None:
    found = Prediction(np.array([p], dtype=np.float32), ["healthy", "ill"], activation="sigmoid")
    assert found.name == answer
    assert found["ill"] == pytest.approx(p)
    assert found["healthy"] == pytest.approx(1 - p)
    assert found.probability == pytest.approx(max(p, 1 - p))
    assert repr(found).splitlines()[0] == "Prediction of 1 class, sigmoid:"


def test_numbers_that_are_no_probabilities() -> None:
    age = Prediction(
        np.array([37.13], dtype=np.float32), ["age"], activation="identity", unit="number",
        warnings=("A word of warning.",),
    )  # fmt: skip
    assert age["age"] == age.probability == pytest.approx(37.13)
    assert repr(age) == ("Prediction of 1 output, identity:\n   37.13  age (0)\nA word of warning.")
    assert "%" not in repr(age)


def test_only_one_score_answers_for_two_names() -> None:
    for numbers, unit in (([0.2, 0.7], "probability"), ([0.2], "number")):
        found = Prediction(
            np.array(numbers, dtype=np.float32), ["same", "same"], activation="sigmoid", unit=unit
        )
        if len(numbers) == 2:
            with pytest.raises(ExplanationError, match="'same' is the name of several classes"):
                found["same"]
    age = Prediction(
        np.array([37.0], dtype=np.float32), ["young", "old"], activation="identity", unit="number"
    )
    with pytest.raises(ExplanationError, match="'young' is none of the 1 classes"):
        age["young"]


def test_a_notebook_shows_the_likeliest_classes_as_bars() -> None:
    names = ["<b>cat</b>", "dog & fox", "c", "d", "e", "f"]
    shares = np.array([0.5, 0.3, 0.1, 0.06, 0.03, 0.01], np.float32)
    shown = Prediction(shares, names, warnings=("<i>beware</i>",))._repr_html_()
    assert "&lt;b&gt;cat&lt;/b&gt;" in shown
    assert "dog &amp; fox" in shown
    assert "&lt;i&gt;beware&lt;/i&gt;" in shown
    assert re.findall(r"background-size:([\d.]+)%", shown) == [
        "50.00", "30.00", "10.00", "6.00", "3.00",
    ]  # fmt: skip
    assert re.findall(r">(<?[\d.]+)\N{NO-BREAK SPACE}%<", shown)[:2] == ["50.0", "30.0"]


def test_a_number_that_is_no_share_has_no_bar() -> None:
    ages = Prediction(np.array([37.13, float("nan")], np.float32), ["age", "x"], unit="number")
    shown = ages._repr_html_()
    assert "37.1" in shown
    assert re.findall(r"background-size:([\d.]+)%", shown) == ["0.00", "0.00"]
