"""What is observed of pictures together is what the engine says of each alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tests.networks import cnn, picture
from xai_widgets import Engine, methods
from xai_widgets.methods import registry
from xai_widgets.study.observing import Observer

PICTURES = [picture(seed=seed) for seed in range(5)]
METHODS: dict[str, dict[str, Any]] = {
    "grad_cam": {},
    "score_cam": {},  # looks at changed pictures
    "saliency": {},
    "integrated_gradients": {"steps": 4},
    "smooth_grad": {"samples": 3},
    "occlusion": {"window": 8, "stride": 8},
    "by_hand": {},
}


def by_hand(network: torch.nn.Module, x: torch.Tensor, index: int) -> torch.Tensor:
    """A method of somebody's own, of whose need for passes its card says nothing."""
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(network(x)[:, index].sum(), x)
    return gradient * x.detach()


@pytest.mark.parametrize("rule", ["prediction", "label"])
@pytest.mark.parametrize("name", METHODS)
def test_maps_are_those_of_each_picture_alone(name: str, rule: str) -> None:
    methods.from_callable("by_hand", by_hand)
    try:
        engine, labels = Engine(cnn()), [0, 1, 2, -1, 1]
        observer = Observer(Engine(cnn()), name, rule, None, METHODS[name])
        pictures = [engine.picture(one) for one in PICTURES]
        seen = dict(observer.observe(pictures, labels))
        assert sorted(seen) == list(range(5))
        for place, one in seen.items():
            top = engine.predict(PICTURES[place]).top(1)[0].index
            target = labels[place] if rule == "label" and labels[place] >= 0 else top
            alone = engine.explain(PICTURES[place], name, target=target, **METHODS[name])
            assert (one.prediction, one.target) == (top, target)
            assert one.score == pytest.approx(alone.score, rel=1e-4, abs=1e-5)
            scale = np.abs(alone.grid()).max()
            np.testing.assert_allclose(one.map, alone.grid(), rtol=1e-3, atol=1e-3 * scale)
            assert one.warnings == alone.warnings
    finally:
        registry._methods.pop("by_hand")


def test_batches_do_not_depend_on_the_rows_that_came_first() -> None:
    """A block is the same to the last bit whoever computes it."""
    pictures = [Engine(cnn()).picture(one) for one in PICTURES]
    fresh = Observer(Engine(cnn()), "grad_cam", "prediction", None, {})
    used = Observer(Engine(cnn()), "grad_cam", "prediction", None, {})
    list(used.observe(pictures[:3], [0] * 3))
    for (i, one), (j, other) in zip(
        fresh.observe(pictures, [0] * 5), used.observe(pictures, [0] * 5), strict=True
    ):
        assert i == j
        np.testing.assert_array_equal(one.map, other.map)
        np.testing.assert_array_equal(one.features, other.features)
        np.testing.assert_array_equal(one.logits, other.logits)
