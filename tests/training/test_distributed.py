"""A step on parts of a batch: the gradient, statistics and numbers of the mean over them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.training.data import network
from xai_widgets.training import Terms
from xai_widgets.training.distributed import Shards

X = torch.rand(12, 3, 8, 8, generator=torch.Generator().manual_seed(0))
Y = torch.arange(12) % 3


def plainly(model: nn.Module, x: Tensor, y: Tensor) -> Terms:
    logits = model(x)
    loss = F.cross_entropy(logits, y)
    size = logits.square().mean()
    return Terms(loss + 0.5 * size, loss, size, logits)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_step_is_the_mean_over_its_parts(count: int) -> None:
    model, other = network(), network()
    for made in (model, other):
        made[3].p = 0.0  # type: ignore[index]  # dropout, which draws for each part
        made[1].num_batches_tracked += 4  # type: ignore[index]
        made[1].running_var *= 2  # type: ignore[index]
    start = {name: value.clone() for name, value in other.named_buffers()}
    numbers = Shards(count, 0, plainly).run(model, X, Y, (1, 2))

    gradients = [torch.zeros_like(p) for p in other.parameters()]
    buffers = {name: torch.zeros_like(value, dtype=torch.float64) for name, value in start.items()}
    right, terms = 0, torch.zeros(3)
    other.train()
    for x, y in zip(X.chunk(count), Y.chunk(count), strict=True):
        for name, value in other.named_buffers():
            value.copy_(start[name])
        logits = other(x)
        loss, size = F.cross_entropy(logits, y), logits.square().mean()
        found = torch.autograd.grad(loss + 0.5 * size, list(other.parameters()))
        gradients = [a + b / count for a, b in zip(gradients, found, strict=True)]
        terms += torch.stack([loss + 0.5 * size, loss, size]).detach() / count
        right += int((logits.argmax(1) == y).sum())
        for name, value in other.named_buffers():
            buffers[name] += value.double() / count

    for parameter, expected in zip(model.parameters(), gradients, strict=True):
        torch.testing.assert_close(parameter.grad, expected)
    for name, value in model.named_buffers():
        torch.testing.assert_close(value.double(), buffers[name], msg=name)
    means = dict(zip(("total", "classification", "regularization"), terms.tolist(), strict=True))
    assert numbers == pytest.approx({**means, "right": right})


def test_dropout_of_each_part_and_step_is_its_own_and_the_generator_is_left_alone() -> None:
    drawn: list[Tensor] = []

    def loss(model: nn.Module, x: Tensor, y: Tensor) -> Terms:
        drawn.append(torch.rand(3))
        return plainly(model, x, y)

    before = torch.get_rng_state()
    for seed, step in ((0, (1, 2)), (0, (2, 1)), (0, (1, 3)), (5, (1, 2)), (0, (1, 2))):
        Shards(2, seed, loss).run(network(), X, Y, step)
    assert torch.equal(torch.get_rng_state(), before)
    assert len({str(value) for value in drawn[:-2]}) == 8
    assert str(drawn[-2:]) == str(drawn[:2])


def test_numbers_that_are_not_there_are_left_out() -> None:
    def loss(model: nn.Module, x: Tensor, y: Tensor) -> Terms:
        terms = plainly(model, x, y)
        return replace(terms, regularization=torch.tensor(float("nan")))

    assert set(Shards(1, 0, loss).run(network(), X, Y, (0, 0))) == {
        "total", "classification", "right",
    }  # fmt: skip
