"""Training on a device: every loss and every option of it, the trainer, checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.device.comparing import assert_alike, on_both
from tests.networks import CLASSES, Normalised, cnn, picture, seeded
from tests.training.data import QUICK, network, pictures
from xai_widgets.training import (
    Recipe,
    Terms,
    Trainer,
    input_gradient_penalty,
    interpretable_gradient_loss,
    jacobian_regularization,
    right_for_the_right_reasons,
    saliency_guided,
)
from xai_widgets.training.losses import DISTANCES, REFERENCES

X = torch.cat([picture(size=10, seed=seed) for seed in range(4)])
Y = torch.arange(4) % CLASSES
MASKS = torch.zeros(4, 10, 10)
MASKS[:, 2:7, 3:8] = 1


def normalised() -> nn.Module:
    """BatchNorm in training, and no dropout: each device draws its own."""
    model = seeded(Normalised()).train()
    for module in model.modules():
        if isinstance(module, (nn.Dropout, nn.Dropout2d)):
            module.p = 0.0
    return model


def learned(
    loss: Callable[..., Terms], where: torch.device, make: Callable[[], nn.Module], **options: Any
) -> list[Any]:
    """A loss's terms, the gradients that it gives, and the buffers that it leaves."""
    model = make().to(where)
    terms = loss(model, X.to(where), Y.to(where), **options)
    terms.total.backward()
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    assert {gradient.device for gradient in gradients} == {where}
    return [dict(terms.numbers()), terms.logits, gradients, list(model.buffers())]


@pytest.mark.parametrize(
    ("error", "statistics"), [*((error, "batch") for error in DISTANCES), ("cosine", "fixed")]
)
@pytest.mark.parametrize("reference", REFERENCES)
def test_interpretable_gradients(
    error: str, reference: str, statistics: str, device: torch.device
) -> None:
    def step(where: torch.device) -> list[Any]:
        return learned(
            interpretable_gradient_loss, where, normalised, weight=0.3, error=error, samples=2,
            reference=reference, statistics=statistics, steps=2, label_smoothing=0.1,
            generator=torch.Generator().manual_seed(0),
        )  # fmt: skip

    on_both(step, device, share=5e-3)


@pytest.mark.parametrize(
    ("loss", "options"),
    [
        (input_gradient_penalty, {}),
        (jacobian_regularization, {"projections": 2}),
        (saliency_guided, {}),
        (interpretable_gradient_loss, {"weight": 0.0}),
    ],
)
@pytest.mark.parametrize("make", [normalised, lambda: cnn("functional").train()])
def test_relatives(
    loss: Callable[..., Terms], options: dict[str, Any], make: Any, device: torch.device
) -> None:
    def step(where: torch.device) -> list[Any]:
        drawn = loss in (jacobian_regularization, saliency_guided)
        given = {"generator": torch.Generator().manual_seed(0)} if drawn else {}
        return learned(loss, where, make, **options, **given)

    on_both(step, device, share=5e-3)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_masks(elsewhere: bool, device: torch.device) -> None:
    """Masks of a data set stay on the CPU, as data loaders give them, or are moved."""

    def step(where: torch.device) -> list[Any]:
        masks = MASKS if elsewhere else MASKS.to(where)
        return learned(right_for_the_right_reasons, where, normalised, masks=masks)

    on_both(step, device, share=5e-3)


def test_pictures_and_labels_of_the_cpu(device: torch.device) -> None:
    def step(where: torch.device) -> list[Any]:
        model = normalised().to(where)
        terms = interpretable_gradient_loss(model, X, Y)
        probabilities = torch.eye(CLASSES)[Y]
        soft = interpretable_gradient_loss(model, X, probabilities)
        return [dict(terms.numbers()), dict(soft.numbers())]

    on_both(step, device, share=5e-3)


def trained(model: nn.Module, **options: Any) -> Trainer:
    trainer = Trainer(model, pictures(), pictures(12, seed=1), recipe=options.pop("recipe", QUICK),
                      measured=8, **options)  # fmt: skip
    for _ in trainer.stream():
        pass
    return trainer


def undropped() -> nn.Sequential:
    model = network()
    model[3].p = 0.0  # type: ignore[index]  # each device draws its own dropout
    return model  # type: ignore[return-value]


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(epochs=2, batch_size=16, rotation=10.0, crop=1, weight=0.05),
        Recipe(epochs=2, batch_size=16, rotation=0.0, crop=1, weight=0.0, label_smoothing=0.1),
        Recipe(epochs=2, batch_size=16, crop=1, weight=0.05, shards=2),
    ],
)
def test_a_trainer_learns_the_same(recipe: Recipe, device: torch.device) -> None:
    def history(where: torch.device) -> list[Any]:
        entries = trained(undropped().to(where), recipe=recipe).history
        return [{k: v for k, v in entry.items() if k != "seconds"} for entry in entries]

    on_both(history, device, share=0.02)


def test_a_training_goes_on_from_its_checkpoint(device: torch.device, tmp_path: Path) -> None:
    whole = trained(network().to(device))
    cut = Trainer(network().to(device), pictures(), pictures(12, seed=1), recipe=QUICK, measured=8,
                  folder=tmp_path)  # fmt: skip
    stream = cut.stream()
    for _ in range(4):
        next(stream)
    stream.close()
    again = network().to(device)
    resumed = trained(again, folder=tmp_path)
    assert {p.device for p in again.parameters()} == {device}
    assert_alike(resumed.model.state_dict(), whole.model.state_dict(), 1e-4)
    assert [entry["accuracy"] for entry in resumed.history] == [
        entry["accuracy"] for entry in whole.history
    ]


def test_a_checkpoint_is_read_on_the_other_device(device: torch.device, tmp_path: Path) -> None:
    trained(network().to(device), folder=tmp_path)
    here = network()
    read = Trainer(here, pictures(), pictures(12, seed=1), recipe=QUICK, folder=tmp_path)
    assert read.finished
    there = network().to(device)
    assert Trainer(there, pictures(), pictures(12, seed=1), recipe=QUICK, folder=tmp_path).finished
    assert_alike(there.state_dict(), here.state_dict(), 0)


def test_random_numbers_of_the_network_are_drawn_once_for_all_passes(device: torch.device) -> None:
    """The references run the network again, with the dropout that the first pass had."""

    def values(seed: int) -> list[float]:
        model = network().train().to(device)
        torch.manual_seed(seed)
        x = torch.cat([picture(size=8, seed=s) for s in range(4)]).to(device)
        terms = interpretable_gradient_loss(model, x, torch.tensor([0, 1, 2, 0]).to(device))
        drawn: Tensor = torch.rand(3, device=device)
        return [*terms.numbers().values(), *drawn.tolist()]

    first = values(0)
    assert values(0) == pytest.approx(first, rel=1e-5)
    assert not np.allclose(values(1), first)
