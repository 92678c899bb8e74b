"""How strong the regularisation is beside the classification, in the networks that were trained.

    python benchmarks/gradient_strength.py

For the baselines of `interpretable_gradients.py` (which trains them; run it first): the mean
gradient of λ · E over the weights, λ = 7.5e-3, beside the mean gradient of the cross-entropy and
beside that of a single batch, which is what SGD sees of it. A mean's square is the product of the
means of two halves of the batches, which noise does not add to. Written to
benchmarks/results/gradient_strength.json.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from interpretable_gradients import ROOT, WEIGHT, runs
from keeping import keep
from torch import Tensor

from xai_widgets.datasets import dataset
from xai_widgets.training import Trainer, build, interpretable_gradient_loss

BATCH = 64
SETTINGS = ("fashion_mnist", "cifar100")


def strength(setting: str, seed: int, batches: int) -> dict[str, float]:
    """Both losses and the sizes of their gradients, of the baseline of a seed."""
    baseline = f"{setting}/arms/cosine/0/seed{seed}"
    run = next(each for each in runs(setting, seed + 1) if each.key == baseline)
    train, test = (dataset(setting, split) for split in ("train", "test"))
    channels = train.pixels.shape[3] if train.pixels.ndim == 4 else 1
    network = build("small_resnet", channels, len(train.class_names))
    folder = ROOT / "build" / "interpretable_gradients" / "full" / run.key
    trainer = Trainer(network, train, test, recipe=run.recipe, folder=Path(folder))
    if not trainer.finished:
        raise SystemExit(f"{run.key} is not trained yet: run benchmarks/interpretable_gradients.py")
    network.train()
    sums: dict[str, list[Tensor | float]] = {"R": [0.0, 0.0], "C": [0.0, 0.0]}
    losses, of_a_batch = {"R": 0.0, "C": 0.0}, 0.0
    for number in range(batches):
        chosen = trainer.train.batch(seed, 0, number, BATCH)
        x = trainer.train.normalised(trainer.train.pixels[chosen].float() / 255)
        terms = interpretable_gradient_loss(
            network, x, trainer.train.labels[chosen], weight=1.0, statistics="fixed"
        )
        both = gradient(terms.total, network)
        logits = network(x)
        loss = torch.nn.functional.cross_entropy(logits, trainer.train.labels[chosen])
        plain = gradient(loss, network)
        for name, found in (("R", both - plain), ("C", plain)):
            sums[name][number % 2] = sums[name][number % 2] + found / (batches / 2)
        losses["R"] += float(terms.regularization.detach()) / batches
        losses["C"] += float(loss.detach()) / batches
        of_a_batch += float(plain.square().sum()) / batches
    size = {name: max(float(torch.dot(*halves)), 0.0) ** 0.5 for name, halves in sums.items()}
    if not size["C"]:
        raise SystemExit(f"--batches {batches} are too few: the mean gradient is all noise")
    return {
        "regularization": round(losses["R"], 4),
        "classification": round(losses["C"], 4),
        "weighted_to_mean": round(WEIGHT * size["R"] / size["C"], 5),
        "weighted_to_batch": round(WEIGHT * size["R"] / of_a_batch**0.5, 6),
    }


def gradient(loss: Tensor, network: torch.nn.Module) -> Tensor:
    """The gradient over all weights, as one vector."""
    found = torch.autograd.grad(loss, list(network.parameters()))
    return torch.cat([each.flatten() for each in found])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=200)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    result: dict[str, Any] = {"weight": WEIGHT, "batch_size": BATCH, "batches": asked.batches}
    for setting in SETTINGS:
        result[setting] = [strength(setting, seed, asked.batches) for seed in range(3)]
        print(setting, result[setting], flush=True)
    keep("gradient_strength", result)


if __name__ == "__main__":
    main()
