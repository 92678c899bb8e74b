from __future__ import annotations

import pytest

from xai_widgets.errors import ExplanationError, nearest

CATS = ["tabby", "Egyptian cat", "tiger cat", "catamaran", "cab", "Siamese cat", "Persian cat"]


@pytest.mark.parametrize(
    ("value", "known", "words"),
    [
        ("grad_cm", ["saliency", "grad_cam"], ' Did you mean "grad_cam"?'),
        ("GRAD_CAM", ["saliency", "grad_cam"], ' Did you mean "grad_cam"?'),
        ("egyptain cat", CATS, ' Did you mean "Egyptian cat"?'),
        ("cat", CATS, ' Did you mean "Egyptian cat", "tiger cat" or "Siamese cat"?'),
        ("Cat, tiger", CATS, ' Did you mean "tiger cat"?'),
        (
            "two words",
            ["Two Words", "two Words more"],
            ' Did you mean "Two Words" or "two Words more"?',
        ),
        ("zzzzzz", CATS, ""),
        ("", CATS, ""),
        ("anything", [], ""),
        (7, ["7 up"], ' Did you mean "7 up"?'),
    ],
)
def test_nearest_names_the_right_spelling(value: object, known: list[str], words: str) -> None:
    assert nearest(value, known) == words


def test_nearest_names_each_spelling_once() -> None:
    assert nearest("crane", ["crane", "crane"]) == ' Did you mean "crane"?'


def test_every_error_of_ours_is_a_value_error() -> None:
    assert issubclass(ExplanationError, ValueError)
