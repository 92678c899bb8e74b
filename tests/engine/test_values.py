"""What an engine's explanations are worth: identities, and networks of other kinds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.networks import (
    CLASSES,
    OUTPUTS,
    Cnn,
    Sequence,
    WrappedOutput,
    cnn,
    picture,
    seeded,
)
from tests.requests import EVERYWHERE
from xai_widgets.engine import Engine

QUICK = [m.name for m in EVERYWHERE.values() if not m.anytime]
X = picture()


def test_behind_a_pooled_linear_head_grad_cam_is_the_positive_part_of_hires_cam() -> None:
    engine = Engine(seeded(Sequence()))
    for target in range(CLASSES):
        grad_cam = engine.explain(X, "grad_cam", target=target, layer="3").values
        hires_cam = engine.explain(X, "hires_cam", target=target, layer="3").values
        np.testing.assert_allclose(grad_cam, np.maximum(hires_cam, 0), rtol=1e-4, atol=1e-7)
        # The weights of the head, spread over the positions: the first class activation map.
        weights = engine.model[6].weight[target].detach()
        activation = nn.Sequential(*list(engine.model)[:4])(X)[0].detach()
        by_hand = torch.einsum("k,khw->hw", weights, activation) / activation[0].numel()
        np.testing.assert_allclose(hires_cam, by_hand, rtol=1e-4, atol=1e-7)


def test_behind_a_linear_head_hires_cam_adds_up_to_the_score() -> None:
    engine = Engine(seeded(Sequence(inplace=True)))
    for target in range(CLASSES):
        found = engine.explain(X, "hires_cam", target=target, layer="3")
        bias = float(engine.model[6].bias[target].detach())
        assert found.values.sum() == pytest.approx(found.score - bias, rel=1e-4)


def test_on_a_linear_network_input_x_gradient_and_occlusion_are_exact() -> None:
    model = seeded(nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, CLASSES)))
    engine = Engine(model)
    weight = model[1].weight[2].detach().reshape(3, 16, 16)
    np.testing.assert_allclose(engine.explain(X, "saliency", target=2).values, weight, rtol=1e-6)
    share = engine.explain(X, "input_x_gradient", target=2)
    assert share.values.sum() == pytest.approx(
        share.score - float(model[1].bias[2].detach()), rel=1e-4
    )
    fall = engine.explain(X, "occlusion", target=2, window=4, stride=4).values
    blocks = (weight * X[0]).reshape(3, 4, 4, 4, 4).sum((0, 2, 4))
    np.testing.assert_allclose(
        fall[0], blocks.numpy().repeat(4, 0).repeat(4, 1), rtol=1e-3, atol=1e-5
    )
    assert fall.shape == (1, 16, 16)  # the fall is the place's, not once for each channel


@pytest.mark.parametrize("kind", OUTPUTS)
def test_outputs_in_containers(kind: str) -> None:
    engine = Engine(seeded(WrappedOutput(kind)))
    for method in QUICK:
        found = engine.explain(X, method, target=3)
        plain = Engine(cnn()).explain(X, method, target=3)
        np.testing.assert_array_equal(found.values, plain.values)
        assert found.layer == plain.layer


def test_a_one_channel_network() -> None:
    engine = Engine(seeded(Cnn(nn.ReLU(), channels=1)))
    grey = np.random.default_rng(0).integers(0, 256, (16, 16), dtype=np.uint8)
    assert engine.input(grey).shape == (1, 1, 16, 16)
    found = engine.explain(grey, "saliency", target=3)
    assert found.values.shape == (1, 16, 16)
    x = torch.from_numpy(grey).float()[None, None].div(255).requires_grad_(True)
    (gradient,) = torch.autograd.grad(engine.model(x)[0, 3], x)
    np.testing.assert_allclose(found.values, gradient[0], rtol=1e-5, atol=1e-8)
    assert found.pixels.shape == (16, 16, 3)


@pytest.mark.parametrize(("type_", "close"), [(torch.float64, 1e-5), (torch.bfloat16, 0.2)])
def test_networks_of_other_floating_point_types(type_: torch.dtype, close: float) -> None:
    engine = Engine(cnn().to(type_))
    assert engine.input(X).dtype == torch.float32
    # An ascent by many steps drifts apart on small differences.
    for method in sorted(set(EVERYWHERE) - {"extremal_perturbation"}):
        parameters: dict[str, Any] = {"window": 8, "stride": 8} if method == "occlusion" else {}
        if any(parameter.name == "regions" for parameter in EVERYWHERE[method].parameters):
            parameters["regions"] = "grid"  # superpixels of noise change with rounding
        found = engine.explain(X, method, target=3, **parameters)
        plain = Engine(cnn()).explain(X, method, target=3, **parameters)
        assert found.values.dtype == np.float32
        difference = np.abs(found.values - plain.values).max()
        # An optimiser's path amplifies what rounding changes.
        allowed = max(close, 0.01) if method == "opti_cam" else close
        assert difference <= allowed * np.abs(plain.values).max(), method


class GivesOut(nn.Module):
    """A network of one floating-point type that gives out another."""

    def __init__(self, body: nn.Module, type_: torch.dtype) -> None:
        super().__init__()
        self.body, self.type_ = body, type_

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.body(x)
        return scores.to(self.type_)


@pytest.mark.parametrize(
    ("inside", "outside", "close"),
    [
        (torch.float32, torch.float64, 1e-3),
        (torch.float64, torch.float32, 1e-3),
        (torch.float16, torch.float32, 0.1),
    ],
)
@pytest.mark.parametrize("method", ["occlusion", "rise", "ablation_cam", "var_grad", "saliency"])
def test_networks_that_give_out_another_type_than_they_take(
    method: str, inside: torch.dtype, outside: torch.dtype, close: float
) -> None:
    engine = Engine(GivesOut(cnn().to(inside), outside).eval())
    options: dict[str, Any] = {"window": 8, "stride": 8} if method == "occlusion" else {}
    found = engine.explain(X, method, target=3, **options)
    plain = Engine(cnn()).explain(X, method, target=3, **options)
    scale = float(np.abs(plain.values).max())
    np.testing.assert_allclose(found.values, plain.values, atol=close * scale)


def test_small_gradients_are_squared_in_single_precision() -> None:
    def small(type_: torch.dtype) -> nn.Module:
        torch.manual_seed(0)
        body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        return nn.Sequential(body, nn.Linear(4, 5)).to(type_).eval()

    for method in ("squared_smooth_grad", "var_grad"):
        found = Engine(small(torch.float16)).explain(X, method, target=3)
        plain = Engine(small(torch.float32)).explain(X, method, target=3)
        scale = float(plain.values.max())
        np.testing.assert_allclose(found.values, plain.values, atol=0.05 * scale)


def test_what_an_attribution_tells_of_itself() -> None:
    found = Engine(cnn(), name="Small").explain(X, "occlusion", target=3, window=8, stride=4)
    given = {"window": 8, "width": 0, "shape": "rectangle", "stride": 4, "baseline": "zero"}
    assert found.parameters == given
    assert (found.method, found.title, found.space) == ("occlusion", "Occlusion", "input")
    assert (found.layer, found.seed, found.model) == (None, None, "Small")
    assert found.input_size == (16, 16)
    assert found.heatmap().shape == (16, 16)
    assert 0 < found.seconds < 60
    assert not found.values.flags.writeable
