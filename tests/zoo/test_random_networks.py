"""Random networks, random pictures: saliency, Grad-CAM and batches against slow references.

`make zoo` runs 2,000 examples of each, every other run 100 (the profiles are in conftest.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np
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
    """By the body's name: it is called once for each view. Where they cannot be put together, the
    refusal offers them one by one.
    """
    refusal = ""
    try:
        found, expected = _grad_cams(recipe, torch.float32)
        if not _is_near(found, expected):  # what cancels out leaves rounding: not in double
            found, expected = _grad_cams(recipe, torch.float64)
        _near(found, expected)
    except ExplanationError as error:
        refusal = str(error)
    if refusal:
        assert len(recipe.views) > 1
        if not recipe.in_one_batch:
            assert "#0" in refusal
            _each_call(recipe)


def _grad_cams(recipe: Recipe, dtype: torch.dtype) -> tuple[Any, torch.Tensor]:
    """The body's map as the engine finds it, and by the slow reference."""
    x, network = recipe.picture().to(dtype), recipe.build().to(dtype)
    expected = slow.grad_cam(network, "body", x, 1, recipe.scores, recipe.grid, recipe.places)
    engine = Engine(recipe.build().to(dtype))
    return engine.explain(x, "grad_cam", target=1, layer="body").values, expected


def _is_near(found: Any, expected: Any) -> bool:
    try:
        _near(found, expected)
    except AssertionError:
        return False
    return True


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
        together = Engine(recipe.build()).explain_batch(pictures, method, targets=targets)
        for picture, target, found in zip(pictures, targets, together, strict=True):
            alone = Engine(recipe.build()).explain(picture, method, target=target)
            assert found.layer == alone.layer
            _near(found.values, alone.values)
