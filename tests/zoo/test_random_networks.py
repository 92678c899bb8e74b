"""Random networks, random pictures: saliency, Grad-CAM and batches against slow references.

`make zoo` runs 2,000 examples of each, every other run 100 (the profiles are in conftest.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given

from tests.condition import Condition
from tests.zoo import slow
from tests.zoo.random_networks import Recipe, recipes
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError


def _near(found: Any, expected: Any, scale: float | None = None) -> None:
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    assert found.shape == expected.shape
    largest = np.abs(expected).max() if scale is None else scale
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * max(largest, 1e-6))


@given(recipes)
def test_saliency_is_the_gradient(recipe: Recipe) -> None:
    x, network = recipe.picture(), recipe.build()
    before = Condition.of(network)
    found = Engine(network).explain(x, "saliency", target=1)
    assert before.differences(Condition.of(network)) == []
    _near(found.values, slow.gradient(recipe.build(), x, 1, recipe.scores))


@given(recipes)
def test_the_prediction_is_the_networks(recipe: Recipe) -> None:
    x = recipe.picture()
    with torch.no_grad():
        expected = recipe.scores(recipe.build()(x[None]))[0].softmax(0)
    found = Engine(recipe.build()).predict(x).probabilities
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)


@given(recipes)
def test_grad_cam_places_every_call_over_the_picture(recipe: Recipe) -> None:
    """By the body's name: the calls are as many as the views. Views of which one is wholly inside
    another, or that differ in size, are views like any other.
    """
    x = recipe.picture()
    expected = slow.grad_cam(
        recipe.build(), "body", x, 1, recipe.scores, recipe.grid, recipe.places
    )
    try:
        found = Engine(recipe.build()).explain(x, "grad_cam", target=1, layer="body")
    except ExplanationError as error:
        # A refusal offers the calls one by one, and these must be right.
        assert len(recipe.views) > 1, error
        assert "#0" in str(error)
        _each_call(recipe)
        return
    if any(view.corner is not None for view in recipe.views):
        # Crops may be joined on a grid of the crops' own extent: compared over the picture.
        _near_over_the_picture(recipe, found.values, expected)
    else:
        _near(found.values, expected)


def _near_over_the_picture(recipe: Recipe, found: Any, expected: torch.Tensor) -> None:
    if found.shape == expected.shape:
        _near(found, expected)
        return
    pytest.fail(f"a map of {found.shape} positions over the picture, expected {expected.shape}")


def _each_call(recipe: Recipe) -> None:
    x, network = recipe.picture(), recipe.build()
    calls: list[torch.Tensor] = []
    network.body.register_forward_hook(lambda module, args, output: calls.append(output))
    score = recipe.scores(network(x[None].clone().requires_grad_(True)))[0, 1]
    engine = Engine(recipe.build())
    gradients = torch.autograd.grad(score, calls)
    for i, (output, gradient) in enumerate(zip(calls, gradients, strict=True)):
        alpha = gradient.mean((2, 3), keepdim=True)
        expected = (alpha * output.detach()).sum(1)[0].relu()
        found = engine.explain(x, "grad_cam", target=1, layer=f"body#{i}")
        _near(found.values, expected)


@given(recipes)
def test_the_default_layer_has_a_map(recipe: Recipe) -> None:
    engine = Engine(recipe.build())
    found = engine.explain(recipe.picture(), "grad_cam", target=1)
    assert found.values.shape[0] > 1
    assert np.isfinite(found.values).all()
    assert str(found.layer).startswith("block" if recipe.repeats else "body")


@given(recipes)
def test_a_batch_is_its_pictures(recipe: Recipe) -> None:
    pictures = [recipe.picture(i) for i in range(3)]
    targets = [0, 1, 0]
    for method in ("saliency", "grad_cam"):
        options = {"layer": "body"} if method == "grad_cam" and len(recipe.views) == 1 else {}
        if method == "grad_cam" and not options:
            continue
        engine = Engine(recipe.build())
        together = engine.explain_batch(pictures, method, targets=targets, **options)
        for picture, target, found in zip(pictures, targets, together, strict=True):
            alone = Engine(recipe.build()).explain(picture, method, target=target, **options)
            _near(found.values, alone.values)
