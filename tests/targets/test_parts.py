"""Tensors inside a raw output: which there are, the way to each, and how they are listed."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from typing import Any

import pytest
import torch

from xai_widgets.targets.outputs import Place, locate
from xai_widgets.targets.parts import kind_of, listed, parts_of, place, step_into

A, B = torch.zeros(1, 3), torch.zeros(1, 2, dtype=torch.int64)
Pair = namedtuple("Pair", "first second")


@dataclass
class Output:
    scores: Any
    loss: Any = None


class Loose:
    def __init__(self) -> None:
        self.scores, self.name = A, "loose"


def paths(raw: Any, **options: Any) -> list[Any]:
    return [part.path for part in parts_of(raw, **options)]


def test_every_tensor_is_found_in_order_and_once() -> None:
    assert paths(A) == [()]
    assert paths({"a": A, "b": [B, A.clone()], "c": A}) == [("a",), ("b", 0), ("b", 1)]
    assert paths(Pair(A, (B, 3))) == [("first",), ("second", 0)]
    assert paths(Output(A, B)) == [("scores",), ("loss",)]
    assert paths(Loose()) == [("scores",)]
    assert paths([Output, None, 3, "words"]) == []
    nested = [[[[A]]]]
    assert paths(nested, depth=4) == [(0, 0, 0, 0)]
    assert paths(nested, depth=3) == []
    assert paths([B, A], path=("x",)) == [("x", 0), ("x", 1)]


def test_the_way_to_a_part_can_be_gone() -> None:
    raw = OrderedDict(a=[B, Pair(A, B)], b=Output(A))
    for part in parts_of(raw):
        found: Any = raw
        for key in part.path:
            found = step_into(found, key)
        assert found is part.tensor
    assert step_into(raw, 1) is raw["b"]  # as torchvision's and transformers' outputs take numbers
    assert step_into({1: A, 0: B}, 1) is A
    for wrong, key, error in [
        (raw, "c", KeyError), (raw, 2, IndexError), ([A], 1, IndexError),
        ([A], "x", AttributeError), (A, 0, KeyError), (3, 0, KeyError),
    ]:  # fmt: skip
        with pytest.raises(error):
            step_into(wrong, key)


def test_what_was_returned_is_listed_in_words() -> None:
    assert listed(A) == "float32 (1, 3)"
    assert listed(None) == "NoneType"
    assert listed({}) == "dict"
    assert listed({"a": None, "b": 3}) == "dict with a, b"
    assert listed({"a": A, "b": [B]}) == "dict of ['a'] float32 (1, 3), ['b'][0] int64 (1, 2)"
    eight = [torch.zeros(1, i) for i in range(8)]
    words = ", ".join(f"[{i}] float32 (1, {i})" for i in range(8))
    assert listed(eight) == f"list of {words}"
    assert listed((*eight, A)) == f"tuple of {words} and 1 more"
    assert listed((*eight, A, B)) == f"tuple of {words} and 2 more"
    assert kind_of({"a": A}) == "dict with a"
    assert place(("head", 1)) == "['head'][1]"
    assert [str(part) for part in parts_of(A)] == ["float32 (1, 3)"]
    assert [str(part) for part in parts_of([A])] == ["[0] float32 (1, 3)"]


def test_scores_lie_turned_only_where_their_shape_says_so() -> None:
    seven = torch.zeros(1, 7)
    assert locate(seven, 1, 5) == Place(())
    assert locate(seven, None, 5) == Place(())
    assert locate(seven, 1, 7) == Place(())
    assert locate(torch.zeros(7, 3), 3, 7) == Place((), turned=True)
    assert locate(torch.zeros(3, 7), 3, 7) == Place(())
    assert locate([torch.zeros(7, 3), torch.zeros(3, 7)], 3, 7) == Place((1,))
