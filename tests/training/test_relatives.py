"""The relatives against their formulas written out, and on drawn shapes."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import xai_widgets as xw
from tests import networks
from tests.training.test_loss import batch, gradients
from xai_widgets.demo.shapes_network import as_input
from xai_widgets.training import (
    Terms,
    input_gradient_penalty,
    jacobian_regularization,
    right_for_the_right_reasons,
    saliency_guided,
)


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
    x = as_input(np.stack([shape.pixels for shape in drawn]))
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
