"""A network that refuses a size without a word is quoted, and the size that it takes is named."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from tests.networks import CLASSES, seeded
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError


class Asserts(nn.Module):
    """Takes pictures of one size, and says nothing of it."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size, self.conv, self.head = size, nn.Conv2d(3, 4, 3), nn.Linear(4, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        torch._assert(x.shape[-1] == self.size, "")
        return self.head(self.conv(x).relu().mean((2, 3)))


class Inside(nn.Module):
    """The same by a layer of it."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.body = Asserts(size)

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)


@pytest.mark.parametrize("kind", [Asserts, Inside])
@pytest.mark.parametrize("size", [64, 320, 352])
def test_a_bare_assertion_names_the_size(kind: type[nn.Module], size: int) -> None:
    engine = Engine(seeded(kind(size)))
    with pytest.raises(ExplanationError) as raised:
        engine.explain(torch.rand(3, 40, 40), "saliency")
    said = str(raised.value)
    assert "cannot take this picture of 40 x 40 pixels" in said
    assert 'AssertionError: torch._assert(x.shape[-1] == self.size, "")' in said
    assert f"It takes {size} x {size}" in said


def test_a_size_that_is_not_found_is_asked_for() -> None:
    engine = Engine(seeded(Asserts(37)))
    with pytest.raises(ExplanationError, match=r"It takes the size that it was trained with"):
        engine.predict(torch.rand(3, 40, 40))


def test_an_assertion_about_something_else_stays_one() -> None:
    class Strict(Asserts):
        def forward(self, x: Tensor) -> Tensor:
            torch._assert(bool((x >= 0.5).all()), "")
            return super().forward(x)

    with pytest.raises(AssertionError) as raised:
        Engine(seeded(Strict(40))).predict(torch.rand(3, 40, 40))
    assert "raised by the network itself, Strict, test_failures.py line" in str(
        getattr(raised.value, "__notes__", "")
    )
