"""Cascading randomisation and random logit; the user's network stays as it is."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

import xai_widgets as xw
from tests.metrics.linear import input_of, linear_engine, weights
from tests.networks import Normalised, Sequence, cnn, picture, seeded
from xai_widgets import metrics


def test_the_network_is_not_touched() -> None:
    model = seeded(Normalised()).train()
    before = copy.deepcopy(model.state_dict())
    engine = xw.Engine(model)
    x = picture()
    kept = engine.explain(x, "grad_cam").values
    state = torch.get_rng_state()
    metrics.model_randomization(engine, x, "grad_cam", seed=4)
    assert torch.equal(torch.get_rng_state(), state)
    assert model.training
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    assert not any(m._forward_pre_hooks for m in model.modules())
    engine.forget()
    np.testing.assert_array_equal(engine.explain(x, "grad_cam").values, kept)


def test_stages_go_from_the_top_down_and_every_layer_once() -> None:
    engine, x = xw.Engine(seeded(Sequence())), picture()
    cascade = metrics.model_randomization(engine, x, "saliency", stages=None)
    assert [stage.layers for stage in cascade.stages] == [(), ("6",), ("2",), ("0",)]
    assert cascade.stages[0].spearman == pytest.approx(1)
    assert cascade.stages[0].ssim == pytest.approx(1)
    assert all(abs(stage.spearman) < 0.9 for stage in cascade.stages[1:])
    assert cascade.spearman == pytest.approx(np.mean([s.spearman for s in cascade.stages[1:]]))
    two = metrics.model_randomization(engine, x, "saliency", stages=2)
    assert [stage.layers for stage in two.stages] == [(), ("6", "2"), ("0",)]
    # The same layers, in the same order, from the same seed: the same network at the end.
    np.testing.assert_array_equal(
        two.stages[-1].attribution.values, cascade.stages[-1].attribution.values
    )
    assert "Spearman" in repr(cascade)


def test_layers_come_in_the_order_they_are_entered() -> None:
    class Backwards(nn.Module):
        """Registered in the other order than it runs; a parameter of its own."""

        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Linear(4, 3)
            self.stem = nn.Conv2d(3, 4, 3)
            self.shift = nn.Parameter(torch.ones(1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.stem(x + self.shift).relu().mean((2, 3)))

    cascade = metrics.model_randomization(
        xw.Engine(seeded(Backwards())), picture(), "saliency", stages=None
    )
    assert [stage.layers for stage in cascade.stages[1:]] == [("head",), ("stem",), ("",)]


def test_a_stage_is_what_a_network_randomised_by_hand_gives() -> None:
    model, x = cnn(), picture()
    engine = xw.Engine(model)
    cascade = metrics.model_randomization(engine, x, "saliency", target=1, stages=None, seed=7)
    twin = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for p in (twin.head.weight, twin.head.bias):
            drawn = torch.randn(p.shape, generator=generator, dtype=torch.float64)
            p.copy_(p.double().mean() + p.double().std() * drawn)
    by_hand = xw.Engine(twin).explain(x, "saliency", target=1)
    stage = cascade.stages[1]
    np.testing.assert_array_equal(stage.attribution.values, by_hand.values)
    first = engine.explain(x, "saliency", target=1)
    assert stage.spearman == pytest.approx(metrics.spearman(first.grid(), by_hand.grid()))
    assert stage.ssim == pytest.approx(metrics.ssim(first.grid(), by_hand.grid()))


def test_a_map_that_ignores_the_network_is_found_out() -> None:
    def edges(engine: xw.Engine, picture: object, target: object) -> np.ndarray:
        x = picture.input[0].sum(0).numpy()
        return np.abs(np.gradient(x)[0])

    engine, x = xw.Engine(cnn()), picture()
    assert metrics.model_randomization(engine, x, edges).spearman == pytest.approx(1)
    assert metrics.random_logit(engine, x, edges).ssim == pytest.approx(1)


def test_random_logit_on_a_linear_network() -> None:
    engine, x = linear_engine(1), input_of(1)
    found = metrics.random_logit(engine, x, "saliency", target=1, seed=0)
    other = found.other.target.index
    assert other in (0, 2)
    wanted = metrics.spearman(weights(engine, 1)[0], weights(engine, other)[0])
    assert found.spearman == pytest.approx(wanted, abs=1e-6)
    magnitude = metrics.random_logit(engine, x, "saliency", target=1, seed=0, absolute=True)
    wanted = metrics.spearman(np.abs(weights(engine, 1)[0]), np.abs(weights(engine, other)[0]))
    assert magnitude.spearman == pytest.approx(wanted, abs=1e-6)
    drawn = {
        metrics.random_logit(engine, x, "saliency", target=1, seed=s).other.target.index
        for s in range(12)
    }
    assert drawn == {0, 2}


def test_bad_requests() -> None:
    engine, x = linear_engine(), input_of()
    with pytest.raises(xw.ExplanationError, match="stages is 0; expected a whole number"):
        metrics.model_randomization(engine, x, "saliency", stages=0)
    with pytest.raises(xw.ExplanationError, match='Did you mean "saliency"'):
        metrics.random_logit(engine, x, "salience")

    class Mean(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.mean((2, 3))

    with pytest.raises(xw.ExplanationError, match="has no parameters"):
        metrics.model_randomization(xw.Engine(Mean()), x, "saliency")
    one = xw.Engine(nn.Sequential(nn.Flatten(), nn.Linear(60, 1)))
    with pytest.raises(xw.ExplanationError, match="has 1 class; expected at least 2"):
        metrics.random_logit(one, x, "saliency")
