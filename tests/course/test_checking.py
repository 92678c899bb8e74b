"""The register, the hints in steps, and what a check never does."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

import xai_widgets as xw
from xai_widgets.course import answers, checking
from xai_widgets.course.registry import NotYet, Wrong

RIGHT = np.arange(2.0, 8).reshape(2, 3)


@pytest.fixture
def own() -> Iterator[str]:
    @xw.course.exercise("9.1", "How many channels?")
    def channels(answer: Any) -> str:
        xw.course.number(answer, 3, [(1, "That is a grey picture.", "Yours has colours.")])
        return "Red, green, blue."

    yield "9.1"
    xw.course.remove("9.1")


@pytest.fixture(autouse=True)
def nothing_given() -> None:
    checking._given.clear()


def test_a_teachers_own_exercise_is_one_function(own: str, capsys: pytest.CaptureFixture) -> None:
    xw.course.check(own, 3)
    assert capsys.readouterr().out == "9.1 Right. Red, green, blue.\n"
    assert xw.course.EXERCISES[own].title == "How many channels?"
    assert xw.course.EXERCISES[own].lesson == "9"


def test_hints_come_in_steps(own: str, capsys: pytest.CaptureFixture) -> None:
    for said in (
        "9.1 Not right yet. That is a grey picture. (Check again for a further hint.)\n",
        "9.1 Not right yet. That is a grey picture. Yours has colours.\n",
        "9.1 Not right yet. That is a grey picture. Yours has colours.\n",
    ):
        xw.course.check(own, 1)
        assert capsys.readouterr().out == said


def test_another_mistake_begins_with_its_first_hint(
    own: str, capsys: pytest.CaptureFixture
) -> None:
    xw.course.check(own, 1)
    xw.course.check(own, 4)
    assert capsys.readouterr().out.splitlines()[1] == (
        "9.1 Not right yet. 4 is too large. (Check again for a further hint.)"
    )


def test_a_verdict_gives_nothing_away_and_forgets(own: str) -> None:
    one, other = xw.course.verdict(own, 1), xw.course.verdict(own, 1)
    assert one == other
    assert not one
    assert one.steps == ("That is a grey picture.", "Yours has colours.")
    assert checking._given == {}


def test_not_yet(own: str, capsys: pytest.CaptureFixture) -> None:
    xw.course.check(own, ...)
    assert capsys.readouterr().out.startswith("9.1 Not yet: replace the dots")
    xw.course.check(own, None)
    assert "the answer is None. If a function gave it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("2.9", "there is no exercise '2.9'. Did you mean \"2"),
        ("23", 'Did you mean "2.3"'),
        ("2,3", 'Did you mean "2.3"'),
        ("exercise 2-3", 'Did you mean "2.3"'),
        (2.3, 'a text, in quotes; got 2.3. Did you mean "2.3"'),
        (2, 'Did you mean "1.2"'),
        (None, "a text, in quotes; got None"),
    ],
)
def test_an_unknown_number_is_told_with_the_nearest(number: Any, words: str) -> None:
    with pytest.raises(xw.ExplanationError) as caught:
        xw.course.check(number, 1)
    assert words in str(caught.value)


def test_a_number_is_given_once_and_is_a_text(own: str) -> None:
    with pytest.raises(xw.ExplanationError, match=r"there is an exercise \"9.1\" already"):
        xw.course.exercise(own, "again")
    with pytest.raises(xw.ExplanationError, match="expected a text such as"):
        xw.course.exercise(9.1, "a number")  # type: ignore[arg-type]  # the point of the test


@pytest.mark.parametrize("deal", [-1, 1.5, True, "1"])
def test_a_deal_is_a_whole_number(deal: Any) -> None:
    for asked in (
        lambda: xw.course.verdict("1.7", "A", deal=deal),
        lambda: xw.course.game("1.7", deal=deal),
        lambda: xw.course.handed_over(deal=deal),
    ):
        with pytest.raises(xw.ExplanationError, match="expected a whole number, 0 or more"):
            asked()


def test_what_is_the_same_for_everybody_has_no_deal() -> None:
    with pytest.raises(xw.ExplanationError, match="the same for everybody"):
        xw.course.check("1.1", (1, 1), deal=3)


def test_a_game_holds_no_answer() -> None:
    game = xw.course.game("1.7", deal=3)
    assert repr(game) == "Game 1.7, deal 3: A, B, C, D (ndarray)"
    assert sorted(vars(game)) == ["deal", "number", "things"]
    with pytest.raises(xw.ExplanationError, match="none of A, B, C, D"):
        game["E"]
    with pytest.raises(xw.ExplanationError, match=r"there is no game '1.1'"):
        xw.course.game("1.1")
    names = {engine.name for engine in xw.course.game("3.8").values()}
    assert names == {"a network"}
    assert {engine.name for engine in xw.course.game("5.8").values()} == {"a sorter"}


def test_clothes_are_the_same_each_time() -> None:
    first = xw.course.clothes(3)
    torch.testing.assert_close(first, xw.course.clothes(400)[:3])
    first.zero_()
    assert xw.course.clothes(3).max() > 0.5
    with pytest.raises(xw.ExplanationError, match="whole number from 1"):
        xw.course.clothes(0)


def test_a_function_that_fails_is_told_with_its_line() -> None:
    def broken(x: Any) -> Any:
        return x.no_such_name

    with pytest.raises(Wrong) as caught:
        answers.call(broken, "broken(x)", np.zeros(3))
    assert "stopped with AttributeError" in caught.value.steps[0]
    assert "return x.no_such_name" in caught.value.steps[0]


@pytest.mark.parametrize(
    ("made", "hint"),
    [
        (lambda x: x.mean(1) * x, "keepdim=True"),
        (lambda x: x.numpy().mean(1) * x.numpy(), "keepdims=True"),
        (lambda x: max(x, 0), "relu, clamp"),
        (lambda x: max(x.numpy(), 0), "maximum, clip"),
        (lambda x: x.clone().requires_grad_().numpy(), ".detach() first"),
        (lambda x: x.sum().backward(), "x.requires_grad_()"),
        (lambda x: torch.autograd.grad(x.clone().requires_grad_().sum(), x), "cut off"),
        (
            lambda x: torch.autograd.grad((w := x.clone().requires_grad_()).sum(), w.clone()),
            "not a copy",
        ),
        (lambda x: x.retain_grad(), "under no_grad"),
        (lambda x: [][0], "Was it a hook"),
        (lambda x: torch.zeros(16, 16) + x, "written down"),
        (lambda x: torch.tensor([1]).requires_grad_(), ".float() first"),
        (lambda x: x.grad[0], "Something is None"),
        (lambda x: x[None][4], "first axis is the batch"),
        (lambda x: torch.nn.functional.interpolate(x, (4, 4), mode="bilinear"), "[None, None]"),
        (lambda x: x.requires_grad_().mul_(2), "x.detach().clone()"),
        (lambda x: x.clone().requires_grad_().mul(1).requires_grad_(False), "x.detach().clone()"),
    ],
)
def test_an_error_of_the_students_function_has_its_own_hint(made: Any, hint: str) -> None:
    with pytest.raises(Wrong) as caught:
        answers.call(made, "f(x)", torch.rand(3, 5))
    assert "stopped with" in caught.value.steps[0]
    assert hint in caught.value.steps[1]


@pytest.mark.parametrize("given", [np.ones((2, 3)), torch.ones(2, 3), torch.full((2, 3), math.nan)])
def test_a_function_does_not_change_what_it_is_given(given: Any) -> None:
    def changes(x: Any, y: Any) -> Any:
        y *= 2
        y[0] = 1
        return x

    assert answers.call(lambda x, y: y * 2, "f(x, y)", given, given) is not given
    with pytest.raises(Wrong, match=r"f\(x, y\) changes its own y"):
        answers.call(changes, "f(x, y)", 1, given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (1.23, "looks rounded"),
        (1.2, "looks rounded"),
        (1.25, "too large"),
        (True, "That is True, a yes or no"),
        (torch.tensor(False), "That is False, a yes or no"),
        (np.bool_(False), "That is False, a yes or no"),
        (math.nan, "divide by nothing"),
    ],
)
def test_a_number_is_a_number_and_whole(given: Any, words: str) -> None:
    with pytest.raises(Wrong) as caught:
        answers.number(given, 1.2345)
    assert words in " ".join(caught.value.steps)


def test_a_function_without_a_body_is_not_yet() -> None:
    def dots(x: Any) -> Any: ...

    def documented(x: Any) -> Any:
        """What it will do."""

    def passes(x: Any) -> Any:
        pass

    def returns_dots(x: Any) -> Any:
        return ...

    def returns_a_pair(x: Any) -> Any:
        return x, ...

    for made in (dots, documented, passes, returns_dots, returns_a_pair):
        with pytest.raises(NotYet):
            answers.call(made, "f(x)", 1)

    def forgets(x: Any) -> Any:
        x + 1

    with pytest.raises(Wrong, match="returns nothing"):
        answers.call(forgets, "f(x)", 1)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (RIGHT.T, "in another order"),
        (RIGHT[None], "An axis of length 1 is left"),
        (RIGHT.ravel(), "an axis too few"),
        (np.stack([RIGHT, RIGHT]), "an axis too many"),
        (-RIGHT, "but for the sign"),
        (2 * RIGHT, "2 times the answer"),
        ((RIGHT - 2) / 5, "rescaled the values to 0 to 1"),
        (RIGHT + 1, "A constant was added"),
        (np.full((2, 3), math.nan), "NaN"),
        (np.ones((3, 3)), "Is a size written down"),
        (RIGHT > 3, "True and False"),
        (torch.tensor(RIGHT) > 3, "True and False"),
        (RIGHT.astype(str), "texts among them"),
        ("text", "That is a str"),
    ],
)
def test_usual_mistakes_are_found_by_themselves(given: Any, words: str) -> None:
    with pytest.raises(Wrong) as caught:
        answers.array(given, RIGHT)
    assert words in " ".join(caught.value.steps)


def test_a_hint_names_no_value_of_an_answer_that_is_the_array_itself() -> None:
    with pytest.raises(Wrong) as caught:
        answers.array(RIGHT + np.eye(2, 3), RIGHT, tell=False)
    assert caught.value.steps[1] == "They are furthest off at (0, 0): 3 is too large."
    with pytest.raises(Wrong) as caught:
        answers.array(RIGHT + np.eye(2, 3), RIGHT)
    assert caught.value.steps[1] == "They are furthest off at (0, 0): 3 instead of 2."


def test_numbers_in_quotes_are_told() -> None:
    with pytest.raises(Wrong, match="without quotes"):
        answers.array([["2", "3", "4"], ["5", "6", "7"]], RIGHT)


def test_a_check_writes_no_file_and_opens_no_connection(tmp_path: Any) -> None:
    code = (
        "import socket\n"
        "def refuse(*args, **kwargs): raise AssertionError('network')\n"
        "socket.socket.connect = refuse\n"
        "import xai_widgets as xw\n"
        "xw.course.check('2.2', 4); xw.course.check('3.4', (0, 1)); xw.course.check('4.4', 'b')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 3
    assert list(tmp_path.iterdir()) == []


def test_the_package_does_not_import_the_course() -> None:
    code = "import sys, xai_widgets; print('xai_widgets.course' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
