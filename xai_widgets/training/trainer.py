"""A training that reports every step, and goes on after any interruption as if there was none."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError
from xai_widgets.training.batches import _LOOKS, _STEP, Batches, augmented, chance
from xai_widgets.training.loss import interpretable_gradient_loss
from xai_widgets.training.passes import TrainingPass
from xai_widgets.training.recipe import Recipe
from xai_widgets.training.report import Report
from xai_widgets.training.terms import Terms

__all__ = ["Loss", "Trainer"]

Loss = Callable[[nn.Module, Tensor, Tensor], Terms]
_MEASURED = 256  # test pictures whose two gradients are compared at an epoch's end


class Trainer:
    """Trains `model` on `train` by a recipe, and measures it on `test` after every epoch.

        trainer = Trainer(model, xw.demo.fashion("train"), xw.demo.fashion(), recipe=Recipe(epochs=5))
        for report in trainer.reports():
            print(report)

    train, test: what `Batches` takes. loss: instead of the recipe's, a function of the network,
    inputs and targets that gives `Terms`. folder: where a checkpoint is kept, written whole or not
    at all at each epoch's end; a trainer made anew on the same folder goes on from there, and on a
    CPU ends with the same bits. Everything random of a step comes from (seed, epoch, step).

    Raises ExplanationError for data or a folder that do not fit.
    """

    def __init__(
        self,
        model: nn.Module,
        train: Any,
        test: Any,
        *,
        recipe: Recipe,
        loss: Loss | None = None,
        folder: str | os.PathLike[str] | None = None,
        measured: int = _MEASURED,
    ) -> None:
        self.model, self.recipe = model, recipe
        self.train = Batches(train)
        self.test = Batches(test, mean=self.train.mean, std=self.train.std)
        self.folder = None if folder is None else Path(folder)
        self.measured = measured
        self._loss = loss or _loss_of(recipe)
        self.optimizer = torch.optim.SGD(
            model.parameters(),
            lr=recipe.learning_rate,
            momentum=recipe.momentum,
            weight_decay=recipe.weight_decay,
        )
        self.steps = self.train.steps(recipe.batch_size)
        self.epoch = 0  # how many are done
        self._restore()

    @property
    def finished(self) -> bool:
        """Whether all epochs are done."""
        return self.epoch >= self.recipe.epochs

    @property
    def preprocessing(self) -> dict[str, Any]:
        """How an `Engine` over the network prepares pictures: `Engine(model, preprocessing=...)`."""
        return {"size": self.train.shape[1:], "mean": self.train.mean, "std": self.train.std}

    def reports(self) -> Iterator[Report]:
        """Train, one report per step, until all epochs are done.

        Closing the generator (or leaving the loop over it) stops after the step; what the epoch
        under way had learned since its start is kept in the network, and not in the folder.
        """
        while not self.finished:
            yield from self._epoch()

    def _epoch(self) -> Iterator[Report]:
        right = seen = 0
        for step in range(self.steps):
            rate = self.recipe.rate(self.epoch * self.steps + step, self.steps)
            terms, labels = self._step(step, rate)
            right += int((terms.logits.argmax(1).cpu() == labels).sum())
            seen += len(labels)
            numbers = {k: v for k, v in terms.numbers().items() if v == v}
            report = Report(self.epoch, step + 1, self.steps, numbers, rate, right / seen)
            if step + 1 < self.steps:
                yield report
        accuracy, cosine = self.measure()
        self.epoch += 1
        self._keep()
        yield Report(**{**vars(report), "test_accuracy": accuracy, "cosine": cosine})

    def _step(self, step: int, rate: float) -> tuple[Terms, Tensor]:
        seed, epoch = self.recipe.seed, self.epoch
        chosen = self.train.batch(seed, epoch, step, self.recipe.batch_size)
        pixels = augmented(
            self.train.pixels[chosen].float() / 255,
            chance(seed, _LOOKS, epoch, step),
            crop=self.recipe.crop,
            flip=self.recipe.flip,
            rotation=self.recipe.rotation,
        )
        inputs, labels = self.train.normalised(pixels), self.train.labels[chosen]
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.model.train()
        with torch.random.fork_rng(devices=[]):  # dropout draws from the generator of all
            torch.manual_seed(chance(seed, _STEP, epoch, step).initial_seed())
            terms = self._loss(self.model, inputs, labels)
            self.optimizer.zero_grad()
            terms.total.backward()
        self.optimizer.step()
        return terms, labels

    def measure(self) -> tuple[float, float | None]:
        """Accuracy on the test pictures, and the mean cosine between plain and guided gradient on
        the first of them; None for a network without rectifiers.
        """
        self.model.eval()
        try:
            right = 0
            with torch.no_grad():
                for numbers in torch.arange(len(self.test)).split(500):
                    said = self.model(self.test.inputs(numbers)).argmax(1)
                    right += int((said == self.test.labels[numbers]).sum())
            return right / len(self.test), self._cosine()
        finally:
            self.model.train()

    def _cosine(self) -> float | None:
        found = []
        for numbers in torch.arange(min(self.measured, len(self.test))).split(64):
            run = TrainingPass(self.model, self.test.inputs(numbers), self.test.labels[numbers])
            try:
                pair = [run.gradient(rule=rule).flatten(1) for rule in ("standard", "guided")]
            except ExplanationError:
                return None
            found.append(F.cosine_similarity(*(v / v.norm(dim=1, keepdim=True) for v in pair)))
        known = torch.cat(found) if found else torch.zeros(0)
        return float(known[known.isfinite()].mean())

    def _keep(self) -> None:
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        state = {
            "recipe": self.recipe.plain(),
            "epoch": self.epoch,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        aside = self.folder / f".checkpoint.{os.getpid()}.part"
        torch.save(state, aside)
        os.replace(aside, self.folder / "checkpoint.pt")

    def _restore(self) -> None:
        path = None if self.folder is None else self.folder / "checkpoint.pt"
        if path is None or not path.exists():
            return
        state = torch.load(path, weights_only=True)
        if state["recipe"] != self.recipe.plain():
            raise ExplanationError(
                f'"{path}" is of another training; expected the same recipe, or another folder'
            )
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch = state["epoch"]


def _loss_of(recipe: Recipe) -> Loss:
    def plain(model: nn.Module, inputs: Tensor, targets: Tensor) -> Terms:
        logits = model(inputs)
        loss = F.cross_entropy(logits, targets, label_smoothing=recipe.label_smoothing)
        return Terms(loss, loss, loss.new_tensor(float("nan")), logits.detach())

    def regularised(model: nn.Module, inputs: Tensor, targets: Tensor) -> Terms:
        return interpretable_gradient_loss(
            model,
            inputs,
            targets,
            weight=recipe.weight,
            error=recipe.error,
            reference=recipe.reference,
            label_smoothing=recipe.label_smoothing,
        )

    return regularised if recipe.weight else plain
