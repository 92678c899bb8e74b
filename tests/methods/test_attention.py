"""Attention methods against plain loops over a transformer's layers, heads, rows and columns."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn

from tests.networks import cnn, picture, seeded
from tests.transformers import TinyVit, tiny_vit
from xai_widgets import _torchvision
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.methods import METHODS
from xai_widgets.probe.network import Network
from xai_widgets.probe.trace import Trace
from xai_widgets.targets import Target

models = _torchvision.load().models
timm = importlib.import_module("timm")  # imports torchvision, which is loaded now
ATTENTION = [name for name, card in METHODS.items() if card.needs_attention]
CLASS = 3
Array = npt.NDArray[np.float64]


def by_hand(network: TinyVit, x: Tensor) -> tuple[list[Array], list[Array]]:
    """A and ∂y/∂A of every layer (heads, T, T), head by head, from the network's weights alone."""
    kept: list[list[Tensor]] = []
    tokens = network.patches(x).flatten(2).transpose(1, 2)
    tokens = torch.cat([network.prefix, tokens], dim=1)[0] + network.positions[0]
    for norm, layer, hidden in zip(network.norms, network.attention, network.hidden, strict=True):
        q, k, v = layer.qkv(norm(tokens)).split(8, dim=-1)
        outs, heads = [], []
        for head in (slice(0, 4), slice(4, 8)):
            logits = torch.einsum("id,jd->ij", q[:, head], k[:, head]) / 2
            a = logits.exp() / logits.exp().sum(dim=1, keepdim=True)
            a.retain_grad()
            heads.append(a)
            outs.append(a @ v[:, head])
        kept.append(heads)
        tokens = tokens + layer.out(torch.cat(outs, dim=1))
        tokens = tokens + hidden(tokens)
    read = tokens[0] if network.prefix.shape[1] else tokens.mean(dim=0)
    network.head(read)[CLASS].backward()
    matrices = [np.stack([a.detach().numpy() for a in heads]) for heads in kept]
    gradients = [np.stack([torch.as_tensor(a.grad).numpy() for a in heads]) for heads in kept]
    return matrices, gradients


def product(one: Array, other: Array) -> Array:
    count = len(one)
    result = np.zeros((count, count))
    for i in range(count):
        for j in range(count):
            for k in range(count):
                result[i, j] += one[i, k] * other[k, j]
    return result


def slow_rollout(matrices: list[Array], gradients: list[Array], heads: str = "mean") -> Array:
    rolled = np.eye(matrices[0].shape[-1])
    for a in matrices:
        fused = {"mean": a.mean(0), "max": a.max(0), "min": a.min(0)}[heads]
        mixed = fused + np.eye(len(fused))
        for row in mixed:
            row /= row.sum()
        rolled = product(mixed, rolled)
    return rolled


def slow_gradient_attention(matrices: list[Array], gradients: list[Array]) -> Array:
    relevance = np.eye(matrices[0].shape[-1])
    for a, g in zip(matrices, gradients, strict=True):
        weighted = np.zeros_like(relevance)
        for head in range(len(a)):
            weighted += np.maximum(g[head] * a[head], 0) / len(a)
        relevance = relevance + product(weighted, relevance)
    return relevance - np.eye(len(relevance))


def slow_legrad(matrices: list[Array], gradients: list[Array]) -> Array:
    """As a matrix whose every row is the map, as no row is singled out here."""
    total = np.zeros(matrices[0].shape[-1])
    for g in gradients:
        heads, count, _ = g.shape
        for head in range(heads):
            for row in range(count):
                total += np.maximum(g[head, row], 0) / (heads * count * len(gradients))
    return np.tile(total, (len(total), 1))


SLOW: dict[str, Any] = {
    "attention_rollout": slow_rollout,
    "gradient_attention": slow_gradient_attention,
    "legrad": slow_legrad,
}


def test_every_attention_method_is_tested_here() -> None:
    assert list(SLOW) == ATTENTION


def laid_out(matrix: Array, prefix: int) -> Array:
    """The first token's row, or the mean of all where there is no prefix, over the patches."""
    row = matrix[0] if prefix else matrix.mean(axis=0)
    return row[prefix:].reshape(4, 4)


@pytest.mark.parametrize("prefix", [0, 1, 2, 5])
@pytest.mark.parametrize("method", SLOW)
def test_the_map_is_that_of_plain_loops(method: str, prefix: int) -> None:
    network = tiny_vit(prefix=prefix).double()
    found = Engine(network).explain(picture(), method, target=CLASS)
    expected = laid_out(SLOW[method](*by_hand(network, picture().double())), prefix)
    assert found.values.shape == (4, 4)
    assert (found.space, found.layer) == ("layer", None)
    assert np.ptp(expected) > 1e-6
    np.testing.assert_allclose(found.values, expected, rtol=1e-5, atol=1e-7 * expected.max())
    assert found.heatmap().shape == (16, 16)


@pytest.mark.parametrize("scale", [1.0, 1e-9, 1e-14])
def test_contributions_of_any_size_are_kept(scale: float) -> None:
    """Networks that scale their layers down have gradients far below float32's part of 1."""
    network = tiny_vit()
    with torch.no_grad():
        network.head.weight.mul_(scale)
    found = Engine(network).explain(picture(), "gradient_attention", target=CLASS).values
    network.double()
    with torch.no_grad():
        network.head.weight.div_(scale)
    expected = laid_out(slow_gradient_attention(*by_hand(network, picture().double())), 1)
    if scale < 1:  # then only the first order is left of the product
        first = sum(
            (g * a).clip(0).mean(0)
            for a, g in zip(*by_hand(network, picture().double()), strict=True)
        )
        expected = laid_out(np.asarray(first), 1)
    np.testing.assert_allclose(found / scale, expected, rtol=1e-3, atol=1e-5 * expected.max())


@pytest.mark.parametrize("method", SLOW)
def test_attention_that_comes_late_is_said(method: str) -> None:
    network = tiny_vit()
    x = picture()
    assert Engine(network).explain(x, method, target=CLASS).warnings == ()
    stem = [nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.ReLU()) for _ in range(5)]
    network.patches = nn.Sequential(*map(seeded, stem), network.patches)  # type: ignore[assignment]
    layers = 5 + 1 + 4 * len(network.attention) + 1
    (warning,) = Engine(network).explain(x, method, target=CLASS).warnings
    assert warning.startswith(f"7 of this network's {layers} layers with weights come before")
    frozen = network.requires_grad_(False)
    assert Engine(frozen).explain(x, method, target=CLASS).warnings == (warning,)
    batch = Engine(network).explain_batch([x[0], x[0]], method, targets=CLASS)
    assert [found.warnings for found in batch] == [(warning,)] * 2


@pytest.mark.parametrize("heads", ["mean", "max", "min"])
def test_rollout_fuses_heads(heads: str) -> None:
    network = tiny_vit().double()
    found = Engine(network).explain(picture(), "attention_rollout", target=CLASS, heads=heads)
    expected = laid_out(slow_rollout(*by_hand(network, picture().double()), heads), 1)
    np.testing.assert_allclose(found.values, expected, rtol=1e-5)


def test_rollout_is_a_share_and_the_same_for_every_class() -> None:
    engine = Engine(tiny_vit())
    maps = [engine.explain(picture(), "attention_rollout", target=i).values for i in range(5)]
    for values in maps:
        np.testing.assert_allclose(values, maps[0], rtol=1e-5)
        assert 0 < values.sum() < 1  # the rest is the class token's own
    whole = Engine(tiny_vit(prefix=0)).explain(picture(), "attention_rollout").values
    assert whole.sum() == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize("method", ["gradient_attention", "legrad"])
def test_the_others_tell_classes_apart(method: str) -> None:
    engine = Engine(tiny_vit())
    one, other = (engine.explain(picture(), method, target=i).values for i in (0, 3))
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] < 0.99
    assert min(one.min(), other.min()) >= 0


def test_a_patch_that_alone_is_looked_at_is_the_only_one_on_the_map() -> None:
    """One layer, whose keys make the class token look at the brightest patch and nowhere else."""
    network = tiny_vit(depth=1)
    layer = network.attention[0]
    with torch.no_grad():
        for tensor in (network.prefix, network.positions, layer.qkv.bias, network.patches.bias):
            tensor.zero_()
        network.norms[0] = nn.Identity()  # type: ignore[assignment]  # norms hide brightness
        network.patches.weight.fill_(1 / 48)
        layer.qkv.weight.zero_()
        layer.qkv.weight[8:] = torch.eye(8).repeat(2, 1)  # keys and values are the tokens
        layer.qkv.bias[:8] = 100  # all queries
    x = torch.zeros(1, 3, 16, 16)
    x[..., 4:8, 8:12] = 1
    found = Engine(network).explain(x, "attention_rollout").values
    expected = np.zeros((4, 4))
    expected[1, 2] = 0.5  # the other half stays with the class token
    np.testing.assert_allclose(found, expected, atol=1e-6)


def torchvision_vit() -> nn.Module:
    network = models.VisionTransformer(
        image_size=32, patch_size=8, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=24,
        num_classes=10,
    )  # fmt: skip
    nn.init.normal_(network.heads.head.weight)  # zero to begin with
    return network


@pytest.mark.parametrize("method", ATTENTION)
def test_a_batch_is_its_pictures_one_by_one(method: str) -> None:
    torch.manual_seed(0)
    network = torchvision_vit().eval()
    pictures = [picture(size=32, seed=seed) for seed in range(3)]
    target = Target(2, "class 2")
    card = METHODS[method]
    together = card.function(Trace(Network(network), torch.cat(pictures)), target)
    for i, x in enumerate(pictures):
        alone = card.function(Trace(Network(network), x), target)
        torch.testing.assert_close(together[i : i + 1], alone, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("method", ATTENTION)
def test_networks_without_attention_are_refused_in_words(method: str) -> None:
    with pytest.raises(ExplanationError, match="needs attention layers; this network has none"):
        Engine(cnn()).explain(picture(), method)
