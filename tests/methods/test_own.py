"""Methods from elsewhere become methods like any other, and leave the network as found."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
import zennit.composites
from captum import attr
from torch import Tensor, nn

import xai_widgets as xw
from tests.condition import Condition
from tests.networks import cnn, picture
from xai_widgets.methods import registry

X = picture()


@pytest.fixture(autouse=True)
def forget_afterwards() -> Iterator[None]:
    before = dict(registry._methods)
    yield
    registry._methods.clear()
    registry._methods.update(before)


def squares(network: nn.Module, x: Tensor, index: int) -> Tensor:
    x.requires_grad_(True)
    (gradient,) = torch.autograd.grad(network(x)[:, index].sum(), x)
    return gradient**2


def test_a_plain_function_is_a_method() -> None:
    card = xw.methods.from_callable("squares", squares, signed=False)
    engine = xw.Engine(cnn("module"))
    engine.model.train()
    before = Condition.of(engine.model)
    found = engine.explain(X, "squares", target=3)
    assert before.differences(Condition.of(engine.model)) == []
    saliency = engine.explain(X, "saliency", target=3).values
    np.testing.assert_allclose(found.values, saliency**2, atol=1e-5 * (saliency**2).max())
    assert engine.methods["squares"] is card
    assert (card.family, card.title) == ("Own", "Squares")


def test_a_function_defined_anew_takes_the_place_of_the_former() -> None:
    engine = xw.Engine(cnn("module"))
    xw.methods.from_callable("squares", squares)
    first = engine.explain(X, "squares", target=3).values
    xw.methods.from_callable("squares", lambda network, x, index: 2 * squares(network, x, index))
    np.testing.assert_allclose(engine.explain(X, "squares", target=3).values, 2 * first)


def test_a_coarse_map_of_ones_own() -> None:
    xw.methods.from_callable("coarse", lambda n, x, i: x.mean(1)[:, ::4, ::4], space="layer")
    values = xw.Engine(cnn("module")).explain(X, "coarse", target=0).values
    np.testing.assert_allclose(values, X.mean(1)[0, ::4, ::4].numpy())


@pytest.mark.parametrize("name", ["saliency", "no name"])
def test_names_that_are_taken_or_none(name: str) -> None:
    with pytest.raises(xw.ExplanationError, match=name):
        xw.methods.from_callable(name, squares)


def test_what_is_returned_is_checked() -> None:
    engine = xw.Engine(cnn("module"))
    xw.methods.from_callable("flat", lambda network, x, index: x.flatten(1))
    with pytest.raises(xw.ExplanationError, match=r"flat returned values of shape \(1, 768\)"):
        engine.explain(X, "flat", target=0)
    xw.methods.from_callable("none", lambda network, x, index: None)  # type: ignore[arg-type, return-value]  # what is refused
    with pytest.raises(xw.ExplanationError, match="none returned a NoneType"):
        engine.explain(X, "none", target=0)
    xw.methods.from_callable("squares", squares)
    with pytest.raises(xw.ExplanationError, match="class name or index"):
        engine.explain(X, "squares", target=lambda output: output[:, 0])


def test_captum() -> None:
    model = cnn("module")
    xw.methods.from_captum("deep_lift", attr.DeepLift, multiply_by_inputs=True)
    xw.methods.from_captum("their_gradient", attr.Saliency, abs=False)
    engine = xw.Engine(model)
    before = Condition.of(model)
    found = engine.explain(X, "their_gradient", target=3).values
    saliency = engine.explain(X, "saliency", target=3).values
    np.testing.assert_allclose(found, saliency, atol=1e-5 * np.abs(saliency).max())
    assert before.differences(Condition.of(model)) == []


def test_zennit_hands_the_whole_score_back() -> None:
    """On a network without biases LRP-epsilon keeps the sum, and no hook stays behind."""

    model = nn.Sequential(
        nn.Conv2d(3, 6, 3, bias=False), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(6, 4, bias=False),
    ).eval()  # fmt: skip
    with torch.no_grad():
        model[4].weight.abs_()
    xw.methods.from_zennit("lrp", zennit.composites.EpsilonPlus)
    before = Condition.of(model)
    found = xw.Engine(model).explain(X, "lrp", target=2)
    assert before.differences(Condition.of(model)) == []
    assert found.values.sum() == pytest.approx(found.score, rel=1e-4)
