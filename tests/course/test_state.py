"""What a function may leave behind in a network, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from xai_widgets.course.registry import Wrong
from xai_widgets.course.scenes import practice
from xai_widgets.course.state import State, left_as


def nothing(*given: object) -> None:
    """A hook that does nothing."""


def batch(model: nn.Module) -> torch.Tensor:
    made: torch.Tensor = model(torch.ones(4, 3, 20, 20))
    return made


def backwards(model: nn.Module) -> None:
    batch(model).sum().backward()


def freeze(model: nn.Module) -> None:
    next(model.parameters()).requires_grad_(False)


CHANGES: list[tuple[Callable[[nn.Module], object], str]] = [
    (lambda model: model.train(), "left in training mode"),
    (lambda model: next(model.children()).train(), "left in training mode"),
    (lambda model: next(model.children()).register_forward_hook(nothing), "your hook is still"),
    (lambda model: model.register_forward_pre_hook(nothing), "your hook is still"),
    (lambda model: model.register_full_backward_hook(nothing), "your hook is still"),
    (lambda model: model._forward_hooks.clear(), "not yours"),
    (freeze, "can learn no longer"),
    (backwards, "have a .grad"),
    (lambda model: next(model.parameters()).data.mul_(2), "are others now"),
    (lambda model: (batch(model.train()), model.eval()), "are others now"),
]


@pytest.mark.parametrize(("change", "words"), CHANGES)
def test_what_is_left_behind_is_told(change: Callable[[nn.Module], object], words: str) -> None:
    model = practice().eval()
    model.register_forward_hook(nothing)
    before = State.of(model)
    left_as(model, before)
    change(model)
    with pytest.raises(Wrong) as caught:
        left_as(model, before)
    assert words in caught.value.steps[0]


def test_what_is_put_back_is_no_change() -> None:
    model = practice().eval()
    before = State.of(model)
    backwards(model)
    left_as(model, before, gradients=False)
    model.zero_grad(set_to_none=False)
    handle = model.register_forward_hook(nothing)
    handle.remove()
    model.train()
    model.eval()
    left_as(model, before)


def test_evaluation_mode_is_told_too() -> None:
    model = practice()
    before = State.of(model)
    model.eval()
    with pytest.raises(Wrong, match="left in evaluation mode"):
        left_as(model, before)
