"""Labels are classes by name, never by accident."""

from __future__ import annotations

import pytest

from xai_widgets.errors import ExplanationError
from xai_widgets.study.labels import Classes

NAMES = ("tabby cat", "dog", "fox")


def test_names_are_matched_in_any_order_and_spelling() -> None:
    classes = Classes.of(["Dog", "tabby_cat"], ["Dog", "tabby_cat"], NAMES, 3)
    assert classes.index("Dog") == 1
    assert classes.index("tabby_cat") == 0
    assert classes.warnings == ()


def test_numbers_are_indices() -> None:
    classes = Classes.of([2, None, 0], None, NAMES, 3)
    assert classes.indices([2, None, 0], 3).tolist() == [2, -1, 0]
    with pytest.raises(ExplanationError, match="Do the labels begin at 1"):
        Classes.of([1, 2, 3], None, NAMES, 3)


def test_numbers_with_names_go_by_the_names() -> None:
    classes = Classes.of([0, 1], ["dog", "tabby cat", "fox"], NAMES, 3)
    assert classes.index(0) == 1
    assert "matched by name" in classes.warnings[0]
    other = Classes.of([0, 1], ["Hund", "Katze"], NAMES, 3)
    assert other.index(0) == 0
    assert "'Hund'" in other.warnings[0]


def test_a_label_that_is_no_class_is_told() -> None:
    with pytest.raises(ExplanationError, match=r'Did you mean "tabby cat"'):
        Classes.of(["dog", "tabby"], ["dog", "tabby"], NAMES, 3)
    found = Classes.of(["dog", "tabby"], ["dog", "tabby"], NAMES, 3, {"tabby": "tabby cat"})
    assert found.index("tabby") == 0
    with pytest.raises(ExplanationError, match="none of the network's classes"):
        Classes.of(["dog"], None, NAMES, 3, {"dog": "cow"})


def test_without_names_the_alphabet_is_said() -> None:
    classes = Classes.of(["b", "a"], ["a", "b"], None, 2)
    assert (classes.index("a"), classes.index("b")) == (0, 1)
    assert "alphabetical" in classes.warnings[0]
    with pytest.raises(ExplanationError, match="3 classes without names"):
        Classes.of(["b", "a"], ["a", "b"], None, 3)


def test_folders_named_by_numbers() -> None:
    classes = Classes.of(["10", "2"], ["10", "2"], None, 11)
    assert (classes.index("10"), classes.index("2")) == (10, 2)


def test_wordnet_numbers_in_order() -> None:
    wnids = [f"n{number:08}" for number in (1, 5, 3)]
    classes = Classes.of(wnids, wnids, NAMES, 3)
    assert classes.index("n00000005") == 2
