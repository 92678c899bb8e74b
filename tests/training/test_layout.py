"""Networks that cannot take channels innermost, or read strides, are trained right all the same."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.networks import seeded
from tests.training.test_losses import gradients
from xai_widgets.training import (
    input_gradient_penalty,
    interpretable_gradient_loss,
    saliency_guided,
)
from xai_widgets.training.passes import TrainingPass

CLASSES = 5


class Views(nn.Module):
    """Flattens by `view`, as many tutorials do, behind a norm and dropout."""

    reshaped = False

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.dropout, self.head = nn.Dropout(0.5), nn.Linear(4 * 64, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.dropout(self.norm(self.conv(x)).relu())
        return self.head(x.reshape(len(x), -1) if self.reshaped else x.view(len(x), -1))


class ViewsInTraining(Views):
    """Has a second head, only in training."""

    def forward(self, x: Tensor) -> Tensor:
        x = self.dropout(self.norm(self.conv(x)).relu())
        if self.training and not self.reshaped:
            return self.head(x.view(len(x), -1))
        return self.head(x.reshape(len(x), -1))


class Strided(nn.Module):
    """Cuts patches by strides written by hand, right for contiguous inputs alone."""

    by_strides = True

    def __init__(self) -> None:
        super().__init__()
        self.first, self.head = nn.Linear(48, 8), nn.Linear(8, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        if self.by_strides:
            strides = (c * h * w, 4 * w, 4, h * w, w, 1)
            patches = torch.as_strided(x, (n, h // 4, w // 4, c, 4, 4), strides)
        else:
            patches = x.view(n, c, h // 4, 4, w // 4, 4).permute(0, 2, 4, 1, 3, 5)
        return self.head(self.first(patches.flatten(3)).relu().mean((1, 2)))


def _batch() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(5)
    return torch.rand(3, 3, 8, 8, generator=generator), torch.tensor([0, 3, 1])


def _twins(name: str) -> tuple[nn.Module, nn.Module]:
    """A network, and one that computes the same without minding the layout."""
    kinds: dict[str, Any] = {"views": Views, "in_training": ViewsInTraining, "strided": Strided}
    network = seeded(kinds[name]()).train()
    other = copy.deepcopy(network)
    other.reshaped, other.by_strides = True, False
    return network, other


@pytest.mark.parametrize("name", ["views", "in_training", "strided"])
@pytest.mark.parametrize("loss", [input_gradient_penalty, interpretable_gradient_loss])
def test_the_loss_and_its_gradient_are_those_of_any_layout(name: str, loss: Any) -> None:
    network, other = _twins(name)
    for module in (network, other):
        for part in module.modules():
            if isinstance(part, nn.Dropout):
                part.p = 0.0  # its masks are drawn in the order of memory
    x, y = _batch()
    terms, expected = (loss(one, x, y) for one in (network, other))
    terms.total.backward()
    expected.total.backward()
    assert terms.numbers() == pytest.approx(expected.numbers(), rel=1e-4)
    torch.testing.assert_close(gradients(network), gradients(other), rtol=1e-3, atol=1e-6)
    for ours, theirs in zip(network.buffers(), other.buffers(), strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("name", ["views", "in_training"])
def test_dropout_and_norms_are_those_of_one_pass(name: str) -> None:
    network, _ = _twins(name)
    plain = copy.deepcopy(network)
    x, y = _batch()
    torch.manual_seed(3)
    expected = F.cross_entropy(plain(x), y, reduction="none")
    after = torch.get_rng_state()
    torch.manual_seed(3)
    run = TrainingPass(network, x, y)
    torch.testing.assert_close(run.losses, expected)
    assert torch.equal(torch.get_rng_state(), after)
    for ours, theirs in zip(network.buffers(), plain.buffers(), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_what_runs_the_network_again_takes_the_same_layout() -> None:
    network, _ = _twins("views")
    x, y = _batch()
    last = x.contiguous(memory_format=torch.channels_last)
    for inputs in (x, last):
        for reference in ("smooth_grad", "integrated_gradients"):
            terms = interpretable_gradient_loss(network, inputs, y, reference=reference)
            assert terms.total.isfinite()
        assert saliency_guided(network, inputs, y).total.isfinite()


def test_a_network_that_fails_in_every_layout_raises_its_own_error() -> None:
    class Fails(Views):
        def forward(self, x: Tensor) -> Tensor:
            raise ValueError("not today")

    with pytest.raises(ValueError, match="not today"):
        TrainingPass(Fails(), *_batch())
