"""What a training is measured by after an epoch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError
from xai_widgets.probe.guard import as_found
from xai_widgets.targets import logits_of
from xai_widgets.training.batches import Batches
from xai_widgets.training.passes import TrainingPass
from xai_widgets.training.processes import place, summed

__all__ = ["accuracy_of", "cosine_of"]

_BATCH, _GRADIENT_BATCH = 500, 64


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[torch.device]:
    with as_found(model):
        yield next(model.parameters()).device


def accuracy_of(model: nn.Module, data: Batches) -> float:
    """The share of pictures whose class the network names; processes share the work."""
    rank, count = place()
    with _evaluating(model) as device, torch.no_grad():
        right = torch.zeros((), dtype=torch.float64, device=device)
        for numbers in torch.arange(len(data)).split(_BATCH)[rank::count]:
            said = logits_of(model(data.inputs(numbers).to(device)), batch=len(numbers)).argmax(1)
            right += (said.cpu() == data.labels[numbers]).sum().to(device)
        summed([right])
    return float(right) / len(data)


def cosine_of(model: nn.Module, data: Batches, pictures: int) -> float | None:
    """The mean cosine between plain and guided gradient of the losses of so many pictures, spread
    over the data, which may be sorted by class; those that vanish are left out. None for a network
    without rectifiers.
    """
    found = []
    count = min(pictures, len(data))
    spread = torch.arange(count) * len(data) // max(count, 1)
    with _evaluating(model) as device:
        for numbers in spread.split(_GRADIENT_BATCH):
            run = TrainingPass(model, data.inputs(numbers).to(device), data.labels[numbers])
            try:
                g, r = (_unit(run.gradient(rule=rule)) for rule in ("standard", "guided"))
            except ExplanationError:
                return None
            found.append((g * r).sum(1))
    cosines = torch.cat(found)
    known = cosines[cosines.isfinite()]
    return float(known.mean()) if len(known) else None


def _unit(gradient: Tensor) -> Tensor:
    flat = gradient.flatten(1)
    flat = flat / flat.abs().amax(1, keepdim=True)  # of squares, small ones would vanish
    return flat / flat.square().sum(1, keepdim=True).sqrt()
