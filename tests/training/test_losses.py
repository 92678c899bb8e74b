"""The losses against slow ones, written out."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import xai_widgets as xw
from tests import networks
from tests.training import slow
from xai_widgets.demo.networks import shapes_input
from xai_widgets.training import (
    Terms,
    input_gradient_penalty,
    interpretable_gradient_loss,
    jacobian_regularization,
    right_for_the_right_reasons,
    saliency_guided,
)
from xai_widgets.training.losses import DISTANCES, REFERENCES, Sampling
from xai_widgets.training.passes import TrainingPass

ERRORS = list(DISTANCES)
SPELLINGS = ["module", "functional", "functional_in_place", "new_module_each_time",
             "slices_in_place", "chunks", "clamp"]  # fmt: skip


def batch(count: int = 3, size: int = 10) -> tuple[Tensor, Tensor]:
    x = torch.cat([networks.picture(3, size, seed) for seed in range(count)]).double()
    return x, torch.arange(count) % networks.CLASSES


def gradients(network: nn.Module) -> Tensor:
    found = [
        parameter.grad.flatten() for parameter in network.parameters() if parameter.grad is not None
    ]
    network.zero_grad()
    return torch.cat(found)


def network_of(spelling: str, top: float) -> networks.Cnn:
    made = networks.cnn(spelling) if math.isinf(top) else networks.cnn6(spelling)
    return made.double().train()


def check(spelling: str, top: float, error: str) -> None:
    network = network_of(spelling, top)
    x, y = batch()
    terms = interpretable_gradient_loss(network, x, y, weight=0.7, error=error)
    terms.total.backward()
    ours = gradients(network)
    reference = slow.gradient(slow.twin(network, top, guided=True), x, y)
    total = slow.loss(network, x, y, top=top, weight=0.7, error=error, reference=reference)
    total.backward()
    torch.testing.assert_close(ours, gradients(network), rtol=1e-5, atol=1e-9)
    assert float(terms.total) == pytest.approx(float(total.detach()), rel=1e-7)
    assert float(terms.regularization) > 0.01
    plain = slow.gradient(slow.twin(network, top, guided=False), x, y)
    assert not torch.allclose(plain, reference)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_it_is_the_slow_one(spelling: str) -> None:
    check(spelling, math.inf, "cosine")


@pytest.mark.parametrize("spelling", ["module", "in_place_module", "functional", "clamp"])
def test_it_is_the_slow_one_where_rectifiers_saturate(spelling: str) -> None:
    check(spelling, 6.0, "cosine")


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_is_the_slow_one(error: str) -> None:
    check("functional", math.inf, error)


@pytest.mark.parametrize("top", [math.inf, 6.0])
def test_its_derivative_is_that_of_finite_differences(top: float) -> None:
    network = network_of("functional", top)
    x, y = batch()
    reference = slow.gradient(slow.twin(network, top, guided=True), x, y)

    def total() -> float:
        found = slow.loss(network, x, y, top=top, weight=0.7, error="cosine", reference=reference)
        return float(found.detach())

    interpretable_gradient_loss(network, x, y, weight=0.7).total.backward()
    found = gradients(network)
    directions = torch.randn(3, len(found), generator=torch.Generator().manual_seed(0)).double()
    start = nn.utils.parameters_to_vector(network.parameters()).detach().clone()
    h = 1e-6
    for v in directions:
        values = []
        for sign in (1, -1):
            nn.utils.vector_to_parameters(start + sign * h * v, network.parameters())
            values.append(total())
        assert float(found @ v) == pytest.approx((values[0] - values[1]) / (2 * h), rel=1e-5)


@pytest.mark.parametrize("reference", list(REFERENCES))
@pytest.mark.parametrize("error", ERRORS)
def test_every_error_with_every_reference(error: str, reference: str) -> None:
    network = networks.seeded(networks.Normalised()).train()
    x, y = batch(4, 12)
    terms = interpretable_gradient_loss(
        network, x.float(), y, weight=0.5, error=error, reference=reference
    )
    terms.total.backward()
    assert float(terms.total) == pytest.approx(
        float(terms.classification) + 0.5 * float(terms.regularization)
    )
    assert 0 < float(terms.regularization) < 5
    assert gradients(network).isfinite().all()
    assert int(network.norm1.num_batches_tracked) == 1


def test_a_mean_squared_error_of_one_power_is_twice_the_cosine_error() -> None:
    network, (x, y) = network_of("module", math.inf), batch()
    cosine, mse = (
        float(interpretable_gradient_loss(network, x, y, error=error).regularization)
        for error in ("cosine", "mse")
    )
    assert mse == pytest.approx(2 * cosine)


def test_a_linear_network_has_nothing_to_guide_but_noise_changes_nothing_either() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(300, 2)).double()
    x, y = batch()
    terms = interpretable_gradient_loss(network, x, y % 2, reference="smooth_grad")
    assert abs(float(terms.regularization)) < 1e-9  # p − y scales each noisy gradient, no more


def test_references_that_are_means_are_the_slow_means() -> None:
    network, (x, y) = network_of("functional", math.inf), batch()
    run = TrainingPass(network, x, y)
    generator = torch.Generator().manual_seed(5)
    found = REFERENCES["smooth_grad"](run, Sampling(3, 0.2, generator=generator))
    again = torch.Generator().manual_seed(5)
    spread = torch.stack([0.2 * (one.max() - one.min()) for one in x])[:, None, None, None]
    noisy = [
        slow.gradient(network, x + spread * torch.randn(x.shape, generator=again, dtype=x.dtype), y)
        for _ in range(3)
    ]
    torch.testing.assert_close(found, torch.stack(noisy).mean(0))
    path = REFERENCES["integrated_gradients"](run, Sampling(steps=2))
    expected = (slow.gradient(network, x / 4, y) + slow.gradient(network, x * 3 / 4, y)) / 2
    torch.testing.assert_close(path, expected)


def test_a_weight_of_0_measures_and_trains_plainly() -> None:
    network, (x, y) = network_of("module", math.inf), batch()
    terms = interpretable_gradient_loss(network, x, y, weight=0.0)
    terms.total.backward()
    found = gradients(network)
    F.cross_entropy(network(x), y).backward()
    torch.testing.assert_close(found, gradients(network))
    assert float(terms.regularization) > 0
    assert not terms.regularization.requires_grad


def test_it_learns_what_it_says() -> None:
    network, (x, y) = networks.cnn().train(), batch(4, 10)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05)
    values = []
    for _ in range(30):
        terms = interpretable_gradient_loss(network, x.float(), y, weight=1.0)
        optimizer.zero_grad()
        terms.total.backward()
        optimizer.step()
        values.append(float(terms.regularization.detach()))
    assert values[-1] < 0.8 * values[0]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"error": "cosin"}, 'Did you mean "cosine"'),
        ({"reference": "guide"}, 'Did you mean "guided"'),
        ({"reference": "smoothgrad"}, 'Did you mean "smooth_grad"'),
        ({"samples": 0}, "samples=0; expected at least 1"),
        ({"sigma": -1.0}, "sigma=-1.0; expected 0 or more"),
    ],
)
def test_what_is_asked_wrongly_is_said(asked: dict[str, object], words: str) -> None:
    x, y = batch()
    with pytest.raises(xw.ExplanationError, match=words):
        interpretable_gradient_loss(networks.cnn(), x.float(), y, **asked)  # type: ignore[arg-type]  # the point of the test


def setting() -> tuple[nn.Module, Tensor, Tensor]:
    return networks.cnn("functional").double().train(), *batch()


def same(terms: Terms, expected: Tensor, network: nn.Module) -> None:
    """Value and gradient are those of the formula."""
    terms.total.backward()
    ours = gradients(network)
    expected.backward()
    torch.testing.assert_close(ours, gradients(network), rtol=1e-6, atol=1e-10)
    assert float(terms.total.detach()) == pytest.approx(float(expected.detach()))


def jacobian(network: nn.Module, x: Tensor) -> Tensor:
    """(C, D) of one picture, with its graph."""
    x = x[None].clone().requires_grad_(True)
    z = network(x)[0]
    return torch.stack([torch.autograd.grad(k, x, create_graph=True)[0].flatten() for k in z])


def test_the_input_gradient_penalty() -> None:
    network, x, y = setting()
    terms = input_gradient_penalty(network, x, y, weight=0.3)
    powers = []
    for one, label in zip(x, y, strict=True):
        p = network(one[None]).softmax(1)[0] - F.one_hot(label, networks.CLASSES)
        powers.append((p @ jacobian(network, one)).square().sum())
    same(terms, F.cross_entropy(network(x), y) + 0.3 * torch.stack(powers).mean(), network)


def test_the_jacobians_expectation_and_one_projection() -> None:
    network, x, y = setting()
    generator = torch.Generator().manual_seed(2)
    terms = jacobian_regularization(network, x, y, weight=0.3, generator=generator)
    again = torch.Generator().manual_seed(2)
    v = F.normalize(torch.randn(3, networks.CLASSES, generator=again, dtype=x.dtype), dim=1)
    powers = [(v[i] @ jacobian(network, x[i])).square().sum() for i in range(3)]
    expected = 0.5 * networks.CLASSES * torch.stack(powers).mean()
    same(terms, F.cross_entropy(network(x), y) + 0.3 * expected, network)
    many = jacobian_regularization(network, x, y, projections=400, generator=generator)
    norm = torch.stack([0.5 * jacobian(network, one).square().sum() for one in x]).mean()
    assert float(many.regularization) == pytest.approx(float(norm.detach()), rel=0.1)


def test_right_for_the_right_reasons() -> None:
    network, x, y = setting()
    masks = torch.rand(3, *x.shape[2:], generator=torch.Generator().manual_seed(0)) > 0.5
    terms = right_for_the_right_reasons(network, x, y, masks, weight=0.3)
    powers = []
    for one, mask in zip(x, masks, strict=True):
        # ∂ Σ ln p_k = Σ_k J_k − C Σ_j p_j J_j
        j = jacobian(network, one)
        p = network(one[None]).softmax(1)[0]
        g = (j.sum(0) - len(p) * (p @ j)).view_as(one)
        powers.append((g * ~mask).square().sum())
    same(terms, F.cross_entropy(network(x), y) + 0.3 * torch.stack(powers).mean(), network)
    seen = right_for_the_right_reasons(network, x, y, torch.ones_like(masks))
    assert float(seen.regularization) == 0
    with pytest.raises(xw.ExplanationError, match=r"expected \(3, 10, 10\)"):
        right_for_the_right_reasons(network, x, y, masks[:2])


def test_masks_of_drawn_shapes_keep_the_gradient_on_the_shape() -> None:
    drawn = xw.demo.shapes(12, seed=5)
    x = shapes_input(np.stack([shape.pixels for shape in drawn]))
    y = torch.tensor([shape.label for shape in drawn])
    masks = torch.from_numpy(np.stack([shape.mask for shape in drawn]))
    network = copy.deepcopy(xw.demo.shapes_engine().model).train()
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3)
    values = []
    for _ in range(4):
        terms = right_for_the_right_reasons(network, x, y, masks, weight=0.1)
        optimizer.zero_grad()
        terms.total.backward()
        optimizer.step()
        values.append(float(terms.regularization.detach()))
    assert values[-1] < 0.9 * values[0]


def test_saliency_guided_training() -> None:
    network, x, y = setting()
    generator = torch.Generator().manual_seed(2)
    terms = saliency_guided(network, x, y, weight=0.3, share=0.25, generator=generator)
    noise = torch.rand(x.shape, generator=torch.Generator().manual_seed(2), dtype=x.dtype)
    x = x.contiguous()
    masked = x.clone()
    for i in range(3):
        one = x[i : i + 1].clone().requires_grad_(True)
        loss = F.cross_entropy(network(one), y[i : i + 1])
        size = torch.autograd.grad(loss, one)[0].flatten().abs()
        least = size.argsort()[: size.numel() // 4]
        drawn = x[i].min() + (x[i].max() - x[i].min()) * noise[i].flatten()
        masked[i].view(-1)[least] = drawn[least]
    p, q = network(x).softmax(1), network(masked).softmax(1)
    apart = (p * (p.log() - q.log())).sum(1).mean()
    same(terms, F.cross_entropy(network(x), y) + 0.3 * apart, network)
    with pytest.raises(xw.ExplanationError, match="share=2"):
        saliency_guided(network, x, y, share=2)


def test_saliency_guided_training_updates_batch_norm_once() -> None:
    network = networks.seeded(networks.Normalised()).train()
    x, y = batch()
    saliency_guided(network, x.float(), y).total.backward()
    assert int(network.norm1.num_batches_tracked) == 1
    assert gradients(network).isfinite().all()
