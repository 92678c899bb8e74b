"""Reports of a training: each step, the measures after an epoch, and the files that keep them."""

from __future__ import annotations

import csv
import importlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError
from xai_widgets.files import write_whole
from xai_widgets.interrupts import let_in
from xai_widgets.precision import widest
from xai_widgets.probe.guard import as_found
from xai_widgets.targets import logits_of
from xai_widgets.training.batches import Batches
from xai_widgets.training.distributed import rank_and_count, summed
from xai_widgets.training.passes import TrainingPass

_BATCH, _GRADIENT_BATCH = 500, 64


@dataclass(frozen=True)
class Report:
    """One step of a training.

    `epoch` counts from 0, `step` from 1 to `steps` within it. `terms` are the parts of this step's
    loss: "total", "classification" and, where there is one, "regularization". `accuracy` is that
    on the epoch's training pictures so far, each counted at its own step. At an epoch's end,
    `test_accuracy` is that on the test pictures, and `cosine` the mean cosine between plain and
    guided gradient on a sample of them; None before.
    """

    epoch: int
    step: int
    steps: int
    terms: Mapping[str, float]
    learning_rate: float
    accuracy: float | None = None
    test_accuracy: float | None = None
    cosine: float | None = None

    @property
    def ends_epoch(self) -> bool:
        """Whether this is the epoch's last step."""
        return self.step == self.steps

    def __str__(self) -> str:
        terms = ", ".join(f"{name} {value:.4f}" for name, value in self.terms.items())
        measures = {"accuracy": self.accuracy, "test accuracy": self.test_accuracy,
                    "cosine": self.cosine}  # fmt: skip
        rest = "".join(f" · {name} {v:.3f}" for name, v in measures.items() if v is not None)
        return f"epoch {self.epoch + 1}, step {self.step} of {self.steps} · {terms}{rest}"


def accuracy_of(model: nn.Module, data: Batches) -> float:
    """The share of pictures that the network classifies correctly; processes share the work."""
    rank, count = rank_and_count()
    device = next(model.parameters()).device
    with as_found(model), torch.no_grad():
        right = torch.zeros((), dtype=widest(device), device=device)
        for numbers in torch.arange(len(data), device="cpu").split(_BATCH)[rank::count]:
            let_in()
            logits = logits_of(model(data.inputs(numbers).to(device)), batch=len(numbers))
            right += (logits.argmax(1).cpu() == data.labels[numbers]).sum().to(device)
        summed([right])
    return float(right) / len(data)


def cosine_of(model: nn.Module, data: Batches, pictures: int) -> float | None:
    """The mean cosine between the plain and the guided gradient of the losses of so many pictures,
    spread evenly, as the data may be sorted by class; vanishing gradients are left out. None for a
    network without rectifiers, and of no pictures.
    """
    cosines = []
    count = min(pictures, len(data))
    if count == 0:
        return None
    spread = torch.arange(count, device="cpu") * len(data) // count
    device = next(model.parameters()).device
    with as_found(model):
        for numbers in spread.split(_GRADIENT_BATCH):
            let_in()
            run = TrainingPass(model, data.inputs(numbers).to(device), data.labels[numbers])
            try:
                g, r = (_unit(run.gradient(rule=rule)) for rule in ("standard", "guided"))
            except ExplanationError:
                return None
            cosines.append((g * r).sum(1))
    finite = torch.cat(cosines)
    finite = finite[finite.isfinite()]
    return float(finite.mean()) if len(finite) else None


def _unit(gradient: Tensor) -> Tensor:
    flat = gradient.flatten(1)
    flat = flat / flat.abs().amax(1, keepdim=True)  # small values would vanish when squared
    return flat / flat.square().sum(1, keepdim=True).sqrt()


def write_csv(path: Path, history: Sequence[Mapping[str, float]]) -> None:
    """Write a row for each epoch; the whole file or none of it."""
    columns = list(dict.fromkeys(name for entry in history for name in entry))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text.getvalue().encode())


class TensorBoard:
    """Writes epochs for TensorBoard where it is installed, and nothing where it is not."""

    def __init__(self, folder: Path, epochs_done: int) -> None:
        self._writer: Any = None
        try:
            module = importlib.import_module("torch.utils.tensorboard")
        except ImportError:
            return
        # The epochs that a killed training wrote after its last checkpoint are written again.
        self._writer = module.SummaryWriter(str(folder), purge_step=epochs_done)

    def add(self, entry: Mapping[str, float]) -> None:
        """Write an epoch's numbers."""
        if self._writer is not None:
            for name, value in entry.items():
                if name != "epoch":
                    self._writer.add_scalar(name, value, int(entry["epoch"]))
            self._writer.flush()
