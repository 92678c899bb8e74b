"""A training by a recipe, which is all the choices that its result depends on. It reports every
step, and continues after an interruption as if there had been none.
"""

from __future__ import annotations

import json
import math
import os
import time
import warnings
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor, nn

from xai_widgets import files
from xai_widgets.errors import ExplanationError, check_choice
from xai_widgets.interrupts import deferred
from xai_widgets.probe.guard import lock_of, unwrap
from xai_widgets.progress import Progress
from xai_widgets.training.batches import Batches, augmented
from xai_widgets.training.checkpoints import StoredProgress
from xai_widgets.training.distributed import Shards, agree, rank_and_count
from xai_widgets.training.losses import DISTANCES, REFERENCES, interpretable_gradient_loss
from xai_widgets.training.passes import STATISTICS, Terms
from xai_widgets.training.reports import Report, accuracy_of, cosine_of

Loss = Callable[[nn.Module, Tensor, Tensor], Terms]
Schedule = Literal["steps", "one_cycle"]
CHECKPOINT = "checkpoint.safetensors"
_FORMAT = "xai_widgets.training"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a network is trained; the defaults are those of the CIFAR code of the paper's group.

    weight, error, reference, statistics: of `interpretable_gradient_loss`; a weight of 0 is the
    baseline arm, plain cross-entropy on the same batches. SGD with `momentum` and `weight_decay`;
    the rate falls by `gamma` at each of `milestones` (shares of all epochs) after `warm_up` epochs
    ("steps"), or rises over `warm_up` epochs and falls to zero along a cosine ("one_cycle").
    Pictures are padded by `crop` and cropped at random, mirrored half the time if `flip`, rotated
    by up to `rotation` degrees. shards: parts of a batch with BatchNorm statistics of their own,
    which may run in as many processes. seed: of the order of pictures, their augmentation, and
    dropout.
    """

    epochs: int = 200
    batch_size: int = 128
    weight: float = 7.5e-3
    error: str = "cosine"
    reference: str = "guided"
    statistics: str = "batch"
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    schedule: Schedule = "steps"
    milestones: tuple[float, ...] = (0.3, 0.6, 0.8)
    gamma: float = 0.2
    warm_up: float = 1.0
    label_smoothing: float = 0.0
    crop: int = 4
    flip: bool = True
    rotation: float = 15.0
    shards: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        check_choice("error", self.error, DISTANCES)
        check_choice("reference", self.reference, REFERENCES)
        check_choice("statistics", self.statistics, STATISTICS)
        check_choice("schedule", self.schedule, get_args(Schedule))
        for name in ("epochs", "batch_size", "shards"):
            if getattr(self, name) < 1:
                raise ExplanationError(f"{name}={getattr(self, name)!r}; expected at least 1")
        if self.batch_size % self.shards:
            raise ExplanationError(
                f"shards={self.shards} does not divide batch_size={self.batch_size}"
            )

    @classmethod
    def one_cycle(cls, epochs: int = 30, **options: Any) -> Recipe:
        """A shorter training: the rate rises over a tenth of the epochs, then falls to zero."""
        return cls(**{"epochs": epochs, "schedule": "one_cycle", "warm_up": epochs / 10, **options})

    def rate(self, step: int, steps: int) -> float:
        """The learning rate of step number `step` from 0, with `steps` in an epoch."""
        warm = self.warm_up * steps
        if step < warm:
            return self.learning_rate * (step + 1) / max(warm, 1.0)
        if self.schedule == "steps":
            passed = sum(step >= share * self.epochs * steps for share in self.milestones)
            return self.learning_rate * self.gamma**passed
        share = (step - warm) / max(self.epochs * steps - warm, 1.0)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))

    def plain(self) -> dict[str, Any]:
        """The recipe as JSON holds it."""
        return {**asdict(self), "milestones": list(self.milestones)}


class Trainer:
    """Trains `model` on `train` by a recipe, and measures it on `test` after every epoch.

        trainer = Trainer(model, xw.demo.fashion("train"), xw.demo.fashion(), recipe=Recipe())
        for progress in trainer.stream():
            print(progress.result)

    train, test: data for `Batches`. loss: instead of the recipe's, a function of the network,
    inputs and targets that returns `Terms`. folder: where a checkpoint is kept, written whole or
    not at all at each epoch's end, when the stream is closed, and every `checkpoint_every` steps; a
    new trainer on the same folder continues from there, and on a CPU ends with the same bits.
    measured: the number of test pictures whose two gradients are compared; 0 compares none.
    Everything random of a step comes from (seed, epoch, step). Processes joined by
    `torch.distributed` share each batch (see `Shards`).

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
        checkpoint_every: int | None = None,
        measured: int = 256,
    ) -> None:
        self.model, self.recipe = model, recipe
        self.train = Batches(train)
        self.test = Batches(test, mean=self.train.mean, std=self.train.std)
        self.folder = None if folder is None else Path(folder)
        if measured < 0:
            raise ExplanationError(f"measured={measured}; expected a number of pictures, or 0")
        self.checkpoint_every, self.measured = checkpoint_every, measured
        self.optimizer = torch.optim.SGD(
            [parameter for parameter in model.parameters() if parameter.requires_grad],
            lr=recipe.learning_rate,
            momentum=recipe.momentum,
            weight_decay=recipe.weight_decay,
        )
        self._shards = Shards(recipe.shards, recipe.seed, loss or _loss_of(recipe))
        self.steps = max(len(self.train) // recipe.batch_size, 1)  # whole batches in an epoch
        self.epoch = 0  # epochs done
        self.step = 0  # steps done of the present epoch
        self.history: list[dict[str, float]] = []
        self._sums: dict[str, float] = {}  # over the present epoch
        self._latest: tuple[dict[str, float], float] = ({}, 0.0)  # step's terms and rate
        self._restore()

    @property
    def finished(self) -> bool:
        """Whether all epochs are done."""
        return self.epoch >= self.recipe.epochs

    @property
    def preprocessing(self) -> dict[str, Any]:
        """The preprocessing of an `Engine` over the network."""
        return {"size": self.train.shape[1:], "mean": self.train.mean, "std": self.train.std}

    def stream(self) -> Generator[Progress[Report], None, None]:
        """Train, one report per step, until all epochs are done.

        Closing the generator, or leaving the loop over it, stops after the step and keeps a
        checkpoint; another stream continues from there.
        """
        total = self.recipe.epochs * self.steps
        while not self.finished:
            report = self._train_step()
            if self.checkpoint_every and self.step and self.step % self.checkpoint_every == 0:
                self._keep()
            done = report.epoch * self.steps + report.step
            try:
                yield Progress(done / total, report, str(report))
            except GeneratorExit:
                if self.step:  # at an epoch's end there is one already
                    self._keep()
                raise

    def reports(self) -> Generator[Report, None, None]:
        """Deprecated: `stream` yields the same reports, as the results of `Progress`."""
        warnings.warn("Trainer.reports is now .stream", DeprecationWarning, stacklevel=2)
        return self._reports()

    def _reports(self) -> Generator[Report, None, None]:
        with closing(self.stream()) as steps:
            for progress in steps:
                yield progress.result

    def _train_step(self) -> Report:
        if self.step < self.steps:  # else the epoch was interrupted while it was measured
            with deferred():  # a step is done whole, or it would be done again
                self._latest = self._learn()
        numbers, rate = self._latest
        epoch, step = self.epoch, self.step
        so_far = self._sums["right"] / self._sums["pictures"]
        if step < self.steps:
            return Report(epoch, step, self.steps, numbers, rate, so_far)
        accuracy, cosine = self.measure()
        others = ("right", "pictures", "seconds")
        terms = {n: value / self.steps for n, value in self._sums.items() if n not in others}
        entry = {"epoch": epoch, "learning_rate": rate, **terms, "accuracy": so_far}
        entry.update(test_accuracy=accuracy, seconds=round(self._sums["seconds"], 2))
        with deferred():
            self.history.append(entry if cosine is None else {**entry, "cosine": cosine})
            self.epoch, self.step, self._sums = epoch + 1, 0, {}
            self._keep()
        return Report(epoch, step, self.steps, numbers, rate, so_far, accuracy, cosine)

    def _learn(self) -> tuple[dict[str, float], float]:
        """One step: the means of its terms, and the learning rate."""
        started = time.perf_counter()
        epoch, step, recipe = self.epoch, self.step, self.recipe
        rate = recipe.rate(epoch * self.steps + step, self.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        chosen = self.train.batch(recipe.seed, epoch, step, recipe.batch_size)
        seeds = (recipe.seed, epoch, step)
        pixels = self.train.pixels[chosen].float() / 255
        pixels = augmented(pixels, seeds, recipe.crop, recipe.flip, recipe.rotation)
        inputs, labels = self.train.normalised(pixels), self.train.labels[chosen]
        with lock_of(unwrap(self.model)):  # a widget may look at the network between two steps
            self.optimizer.zero_grad()
            numbers = self._shards.run(self.model, inputs, labels, (epoch, step))
            self.optimizer.step()
        right = numbers.pop("right")
        for name, value in (*numbers.items(), ("right", right), ("pictures", len(labels))):
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._sums["seconds"] = self._sums.get("seconds", 0.0) + time.perf_counter() - started
        self.step += 1
        return numbers, rate

    def measure(self) -> tuple[float, float | None]:
        """The accuracy on the test pictures, and the mean cosine between plain and guided gradient
        on a sample of them; None for a network without rectifiers, or of no pictures.
        """
        with lock_of(unwrap(self.model)):
            accuracy = accuracy_of(self.model, self.test)
            return accuracy, cosine_of(self.model, self.test, self.measured)

    @property
    def _settings(self) -> dict[str, Any]:
        data = {"network": type(self.model).__name__, "pictures": self.train.fingerprint()}
        return {**self.recipe.plain(), **data}

    def _keep(self) -> None:
        if self.folder is None or rank_and_count()[0] != 0:
            return
        progress = {"epoch": self.epoch, "step": self.step, "sums": self._sums,
                    "history": self.history}  # fmt: skip
        files.save_tensors(
            self.folder / CHECKPOINT,
            _FORMAT,
            {"network": self.model.state_dict(), "optimizer": files.moments_of(self.optimizer)},
            {"settings": json.dumps(self._settings), "progress": json.dumps(progress)},
        )

    def _restore(self) -> None:
        path = None if self.folder is None else self.folder / CHECKPOINT
        if path is not None and files.irregular(path) != "no file":
            groups, metadata = files.load_tensors(
                path, _FORMAT, what="a training", maker="a Trainer"
            )
            where = f'"{path}"'
            settings = files.parsed_object(metadata, "settings", where)
            files.check_settings(path, settings, self._settings, otherwise="another folder")
            stored = files.parsed_object(metadata, "progress", where)
            progress = StoredProgress.of(stored, where, self.recipe.epochs, self.steps)
            files.load_moments(path, self.optimizer, groups.get("optimizer", {}))
            files.load_weights(path, self.model, groups.get("network", {}))
            self.epoch, self.step = progress.epoch, progress.step
            self._sums, self.history = progress.sums, progress.history
        agree("the number of steps done", self.epoch * self.steps + self.step)


def _loss_of(recipe: Recipe) -> Loss:
    if recipe.weight < 0:
        raise ExplanationError(f"weight={recipe.weight!r}; expected 0 or more")
    if recipe.weight == 0:
        return partial(_cross_entropy, label_smoothing=recipe.label_smoothing)
    names = ("weight", "error", "reference", "statistics", "label_smoothing")
    options = {name: getattr(recipe, name) for name in names}
    return partial(interpretable_gradient_loss, **options)


def _cross_entropy(
    model: nn.Module, inputs: Tensor, targets: Tensor, *, label_smoothing: float
) -> Terms:
    logits = model(inputs)
    loss = F.cross_entropy(logits, targets, label_smoothing=label_smoothing)
    return Terms(loss, loss, torch.full_like(loss.detach(), torch.nan), logits.detach())
