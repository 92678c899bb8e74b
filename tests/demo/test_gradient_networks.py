"""The pair of networks with and without training for gradients."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

import xai_widgets as xw
from xai_widgets.training.passes import TrainingPass


def test_the_pair_is_what_its_recipes_say() -> None:
    baseline, regularised = xw.demo.gradient_pair()
    recipes = [xw.demo.gradient_recipe(arm) for arm in ("baseline", "regularised")]
    first, second = (dict(recipe["recipe"]) for recipe in recipes)
    assert (first.pop("weight"), second.pop("weight")) == (0.0, 7.5e-3)
    assert first == second
    for engine, recipe in zip((baseline, regularised), recipes, strict=True):
        assert not engine.model.training
        assert engine.class_names == recipe["class_names"]
        assert recipe["accuracy"] > 0.85
        assert sum(p.numel() for p in engine.model.parameters()) == recipe["parameters"]


def test_the_trained_one_has_gradients_nearer_to_guided_ones() -> None:
    """On Fashion-MNIST's test pictures, where the machine has them."""
    try:
        pixels = xw.demo.fashion("test", 48).pixels
    except xw.ExplanationError as error:
        pytest.skip(str(error))
    found = []
    for engine in xw.demo.gradient_pair():
        x = torch.cat([engine.input(picture) for picture in pixels])
        with torch.no_grad():
            y = engine.model(x).argmax(1)
        run = TrainingPass(engine.model, x, y)
        g, r = (run.gradient(rule=rule).flatten(1) for rule in ("standard", "guided"))  # type: ignore[arg-type]  # rules
        found.append(float(F.cosine_similarity(g * 1e6, r * 1e6).mean()))
    assert found[1] > found[0]
