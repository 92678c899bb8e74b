from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch

from xai_widgets.errors import (
    ExplanationError,
    a_kind,
    brief,
    nearest,
    some_of,
    strict_keywords,
)

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


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (7, "7"),
        ("cat", "'cat'"),
        (np.zeros((2, 3), np.uint8), "a ndarray of uint8 (2, 3)"),
        (torch.zeros(1000), "a Tensor of float32 (1000,)"),
        (torch.tensor(3), "tensor(3)"),
        (torch.nn.Linear(2, 3), "a Linear"),
        (["cat"] * 3, "['cat', 'cat', 'cat']"),
        (["cat"] * 1000, f"{str(['cat'] * 20)[:77]}... (list of 1000)"),
        ("cat " * 1000, f"'{'cat ' * 19}..."),
        (int, "<class 'int'>"),
    ],
)
def test_values_are_shortened(value: object, words: str) -> None:
    assert brief(value) == words


def test_a_value_that_cannot_be_written_is_named_by_its_kind() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError("no words")

    assert brief(Broken()) == "a Broken"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "a list"),
        (3, "an int"),
        (dict, "the class dict"),
        (len, "the function len"),
        (torch.nn.ReLU(), "a ReLU"),
        (None, "a NoneType"),
    ],
)
def test_kinds_have_their_article(value: object, words: str) -> None:
    assert a_kind(value) == words


def test_some_of_many_names() -> None:
    assert some_of("abc") == '"a", "b", "c"'
    assert some_of("abcdefgh", 2) == '"a", "b", ... (8 in all)'


@strict_keywords
def explain(image: object, method: str = "grad_cam", *, target: int = 0) -> tuple[object, str, int]:
    """Explain."""
    return image, method, target


def test_a_strict_function_is_the_function() -> None:
    assert explain(1, "saliency", target=3) == (1, "saliency", 3)
    assert list(inspect.signature(explain).parameters) == ["image", "method", "target"]
    assert (explain.__name__, explain.__doc__) == ("explain", "Explain.")


def test_a_strict_function_names_its_keywords() -> None:
    with pytest.raises(TypeError, match=r"no keyword 'targte'. Did you mean .target."):
        explain(1, targte=3)  # type: ignore[call-arg]  # the point of it
    with pytest.raises(TypeError, match=r"no keyword 'zzz'. It has image, method, target\."):
        explain(1, zzz=3)  # type: ignore[call-arg]  # the point of it
    with pytest.raises(TypeError, match=r"takes image, method by place, and was given 3 besides; "):
        explain(1, "saliency", 3)  # type: ignore[misc]  # the point of it
    with pytest.raises(TypeError, match=r"missing 1 required positional argument: 'image'"):
        explain()  # type: ignore[call-arg]  # the point of it


@pytest.mark.parametrize(
    ("value", "known", "meant"),
    [
        ("cmap", ["clip", "colormap"], "colormap"),
        ("transform", ["preprocessing", "class_names"], "preprocessing"),
        ("target_layers", ["layer", "target"], "layer"),
        ("class_idx", ["layer", "target"], "target"),
        ("n_steps", ["samples", "steps"], "steps"),
    ],
)
def test_words_of_other_libraries(value: str, known: list[str], meant: str) -> None:
    assert nearest(value, known) == f' Did you mean "{meant}"?'
