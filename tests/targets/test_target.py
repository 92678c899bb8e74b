from __future__ import annotations

from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from xai_widgets.errors import ExplanationError
from xai_widgets.targets import (
    ClassScore,
    Prediction,
    Target,
    class_name,
    logits_of,
    probabilities_of,
    resolve,
)
from xai_widgets.targets.names import class_names_of
from xai_widgets.targets.readout import Readout
from xai_widgets.targets.target import checked_index

LOGITS = torch.tensor([[0.5, 3.0, -1.0, 2.0], [4.0, 0.0, 1.0, 2.0]])
NAMES = ["crane", "Egyptian cat", "crane", "TABBY"]
Inception = namedtuple("Inception", ["logits", "aux_logits"])


@dataclass
class Classified:
    loss: Tensor
    logits: Tensor


@dataclass
class Bare:
    hidden: Tensor
    scores: Tensor


@pytest.mark.parametrize(
    "output",
    [
        LOGITS,
        {"logits": LOGITS, "features": torch.ones(2, 9)},
        {"features": torch.ones(2, 9, 4, 4), "out": LOGITS},
        OrderedDict(loss=torch.tensor(1.0), logits=LOGITS),
        Classified(torch.tensor(1.0), LOGITS),
        Bare(torch.ones(2, 3, 4), LOGITS),
        Inception(LOGITS, torch.zeros(2, 4)),
        (LOGITS, torch.zeros(2, 4, 1, 3)),
        [torch.tensor(0.3), LOGITS],
        (torch.tensor([[1, 2], [3, 4]]), LOGITS),
        {"whatever": LOGITS},
        LOGITS[:, :, None, None],
    ],
    ids=lambda output: type(output).__name__,
)
def test_logits_are_found_in_what_networks_return(output: object) -> None:
    assert torch.equal(logits_of(output), LOGITS)


def test_a_network_of_one_number_per_picture() -> None:
    assert logits_of(torch.tensor([2.0])).tolist() == [[2.0]]
    assert logits_of(torch.tensor([2.0, 3.0]), batch=2).tolist() == [[2.0], [3.0]]
    with pytest.raises(ExplanationError, match=r"float32 \(2,\).*expected \(N, C\)"):
        logits_of(torch.tensor([2.0, 3.0]))


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (torch.zeros(1, 21, 4, 4), r"float32 \(1, 21, 4, 4\).*not one score per class"),
        ({"out": torch.zeros(1, 21, 4, 4)}, r"output 'out' is float32 \(1, 21, 4, 4\)"),
        (torch.zeros(1, 4).argmax(1, keepdim=True), r"int64 \(1, 1\).*must be floating point"),
        (None, "the network returned NoneType"),
        ("cat", "the network returned str"),
        ({"boxes": 3}, "the network returned dict with boxes"),
        ([], "the network returned list"),
        (torch.zeros(1, 0), r"float32 \(1, 0\)"),
        (torch.tensor(1.0), r"float32 \(\)"),
    ],
)
def test_other_outputs_are_refused_with_the_way_out(output: object, words: str) -> None:
    with pytest.raises(ExplanationError, match=words) as caught:
        logits_of(output)
    assert "pass a function of the output as target" in str(caught.value)


def test_probabilities_by_hand() -> None:
    e = np.exp(np.array([0.5, 3.0, -1.0, 2.0]))
    np.testing.assert_allclose(probabilities_of(LOGITS)[0], e / e.sum(), rtol=1e-6)
    one = probabilities_of(torch.tensor([[0.0], [np.log(3.0)]]))
    np.testing.assert_allclose(one, [[0.5], [0.75]], rtol=1e-6)


def test_probabilities_stay_as_they_are() -> None:
    given = torch.tensor([[0.2, 0.3, 0.5], [0.0, 0.0, 1.0]])
    assert torch.equal(probabilities_of(given), given)
    one_row_is_none = torch.tensor([[0.2, 0.3, 0.5], [0.2, 0.3, 0.6]])
    assert torch.equal(probabilities_of(one_row_is_none), one_row_is_none.softmax(1))
    assert probabilities_of(given.half()).dtype == torch.float32


@pytest.mark.parametrize(
    ("target", "index", "name"),
    [
        (None, 1, "Egyptian cat"),
        (0, 0, "crane"),
        (np.int64(3), 3, "TABBY"),
        (torch.tensor(2), 2, "crane"),
        ("Egyptian cat", 1, "Egyptian cat"),
        ("egyptian CAT", 1, "Egyptian cat"),
        (" tabby ", 3, "TABBY"),
    ],
)
def test_a_target_is_resolved(target: object, index: int, name: str) -> None:
    found = resolve(target, LOGITS, NAMES)
    assert found == Target(index, name)
    assert found.score({"logits": LOGITS}).tolist() == LOGITS[:, index].tolist()


def test_an_exact_name_wins_over_its_other_cases() -> None:
    assert resolve("Cat", LOGITS, ["cat", "Cat", "CAT", "dog"]).index == 1


def test_names_are_optional() -> None:
    assert resolve(None, LOGITS).name == "class 1"
    assert class_name(5, ["a", "b"], 10) == "class 5"


def test_a_resolved_target_stays_itself() -> None:
    target = Target(2, "crane")
    assert resolve(target, LOGITS, NAMES) is target


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("crane", r"several classes: 0 \('crane'\), 2 \('crane'\). Pass the index instead"),
        ("egyptain cat", r"none of the 4 class names\. Did you mean \"Egyptian cat\"\?"),
        ("cat", r"Did you mean \"Egyptian cat\"\?"),
        ("3", r"For the class of that number pass 3, not a text"),
        (4, r"target is 4, but the network has 4 classes: expected 0 to 3"),
        (-1, r"target is -1, but the network has 4 classes: expected 0 to 3"),
        (True, r"target is True; expected a class index \(0 to 3\)"),
        (np.True_, r"expected a class index"),
        (1.0, r"target is 1.0 \(float\); expected a class index"),
        ([1], r"target is \[1\] \(list\)"),
        (torch.tensor([1, 2]), r"a Tensor of int64 \(2,\); expected a class index"),
    ],
)
def test_wrong_targets_are_refused_in_words(target: object, words: str) -> None:
    with pytest.raises(ExplanationError, match=words):
        resolve(target, LOGITS, NAMES)


def test_ambiguous_without_regard_to_case() -> None:
    with pytest.raises(ExplanationError, match=r"several classes: 0 \('Cat'\), 1 \('CAT'\)"):
        resolve("cat", LOGITS, ["Cat", "CAT", "dog", "bird"])


def test_a_name_needs_class_names() -> None:
    with pytest.raises(ExplanationError, match=r"given no class_names.*\(0 to 3\)"):
        resolve("cat", LOGITS)


def test_no_top_class_in_nan() -> None:
    with pytest.raises(ExplanationError, match="not finite"):
        resolve(None, torch.tensor([[1.0, float("nan")]]))


def test_one_logit_answers_for_the_second_name() -> None:
    output = torch.tensor([[0.3]])
    assert resolve(None, output, ["healthy", "ill"]) == Target(0, "ill")
    assert resolve("ill", output, ["healthy", "ill"]) == Target(0, "ill")
    with pytest.raises(ExplanationError, match=r"none of the 1 class names.*that of 'ill'"):
        resolve("healthy", output, ["healthy", "ill"])


def test_a_function_is_a_target() -> None:
    dense = torch.arange(2 * 3 * 2 * 2.0).reshape(2, 3, 2, 2).requires_grad_()

    def bus_area(output: dict[str, Tensor]) -> Tensor:
        return output["out"][:, 1].mean((1, 2))

    target = resolve(bus_area, {"out": dense})
    assert (target.index, target.name) == (None, "bus_area")
    assert target.score({"out": dense}).tolist() == [5.5, 17.5]
    assert resolve(lambda o: o[:, 0], LOGITS).name == "custom target"
    assert resolve(lambda o: o.sum(), LOGITS[:1]).score(LOGITS[:1]).tolist() == [4.5]


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda o: 3.0, "returned float; expected a tensor"),
        (lambda o: o.sum(), r"returned float32 \(\) for 2 picture\(s\).*\(2,\)"),
        (lambda o: o, r"returned float32 \(2, 4\)"),
        (lambda o: o.argmax(1), r"returned int64 \(2,\)"),
        (lambda o: o.detach()[:, 0], "cut off from the network"),
    ],
)
def test_functions_that_give_no_score_are_refused(function: object, words: str) -> None:
    output = LOGITS.clone().requires_grad_()
    with pytest.raises(ExplanationError, match=words):
        resolve(function, output)


def test_a_function_needs_no_gradient_where_there_is_none() -> None:
    with torch.no_grad():
        assert resolve(lambda o: o[:, 0], LOGITS).score(LOGITS).tolist() == [0.5, 4.0]


def test_the_score_is_differentiable() -> None:
    x = LOGITS.clone().requires_grad_()
    resolve(3, x).score((x * x,)).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[0, 0, 0, 4], [0, 0, 0, 4]]


def test_prediction_is_ranked_and_readable() -> None:
    prediction = Prediction(np.array([0.1, 0.6, 0.1, 0.2], dtype=np.float32), NAMES)
    assert prediction.top(3) == [
        ClassScore(1, "Egyptian cat", pytest.approx(0.6)),
        ClassScore(3, "TABBY", pytest.approx(0.2)),
        ClassScore(0, "crane", pytest.approx(0.1)),
    ]
    assert prediction.top(0) == []
    assert len(prediction.top(99)) == 4
    assert repr(prediction).splitlines()[:2] == [
        "Prediction of 4 classes:",
        "  60.0\xa0%  Egyptian cat (1)",
    ]


def test_what_carries_its_classes_is_said_to() -> None:
    class Data:
        classes = ("cat", "dog")

    with pytest.raises(ExplanationError) as raised:
        class_names_of(Data())
    expected = "class_names is a Data; expected a sequence of names"
    assert str(raised.value) == f"{expected}; pass its .classes"
    with pytest.raises(ExplanationError) as raised:
        class_names_of(7)
    assert str(raised.value) == "class_names is a int; expected a sequence of names"


@pytest.mark.parametrize(
    ("target", "way_out"),
    [
        ([0, 1, 0, 0], " This is one-hot: pass the index 1."),
        ([0.0, 0.0, 1.0, 0.0], " This is one-hot: pass the index 2."),
        (["0", "0", "0", "1"], " This is one-hot: pass the index 3."),
        ([True, False, False, False], " This is one-hot: pass the index 0."),
        ([0, 0, 2, 0], " For several classes call it once"),
        ([1, 2], " For several classes call it once"),
        ([1], None),
        ([None, {}], None),
        ([[1, 0], [1]], None),
        ({"a": 1, "b": 2}, None),
        (object(), None),
    ],
)
def test_the_way_out_of_several_numbers_for_a_target(target: Any, way_out: str | None) -> None:
    with pytest.raises(ExplanationError) as raised:
        checked_index(target, 4)
    words = str(raised.value).partition("a function of the output or None.")[2]
    assert words == "" if way_out is None else words.startswith(way_out)


def test_names_that_came_with_the_weights_are_let_go_where_they_do_not_fit() -> None:
    for named, classes, kept in [(False, 5, None), (False, 3, list("abc")), (True, 3, list("abc"))]:
        readout = Readout(class_names=list("abc"), named=named)
        readout.learn(torch.randn(1, classes), 1)
        assert readout.class_names == kept
    readout = Readout(class_names=list("abc"), named=True)
    with pytest.raises(ExplanationError, match="class_names has 3 names"):
        readout.logits(torch.randn(1, 5), 1)
