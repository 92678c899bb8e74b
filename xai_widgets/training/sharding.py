"""A batch in parts that any number of processes may share, with the same result."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError
from xai_widgets.training.batches import STEP, chance
from xai_widgets.training.processes import place, summed
from xai_widgets.training.terms import Terms

__all__ = ["Shards"]


class Shards:
    """Runs a step's `loss` on `count` equal parts of the batch and leaves, in the parameters'
    `.grad`, the gradient of the mean over them.

    Each part has BatchNorm statistics of its own, which start from the same running ones; the
    running ones become the mean over the parts. So what a step does depends on the number of parts
    and not on that of processes, which must divide it: two processes give the weights that one
    gives, but for the rounding of sums. With one part this is a plain step.

    Raises ExplanationError for a number of processes that does not divide that of parts.
    """

    def __init__(
        self, count: int, seed: int, loss: Callable[[nn.Module, Tensor, Tensor], Terms]
    ) -> None:
        rank, processes = place()
        if count % processes:
            raise ExplanationError(
                f"shards={count} with {processes} processes; expected a multiple of {processes}"
            )
        share = count // processes
        self.count, self.own = count, range(rank * share, (rank + 1) * share)
        self._seed, self._loss = seed, loss

    def run(
        self, model: nn.Module, inputs: Tensor, labels: Tensor, place_in_time: tuple[int, int]
    ) -> dict[str, float]:
        """The means of the terms over the parts, and "right": how many pictures were."""
        model.train()
        device = next(model.parameters()).device
        buffers = list(model.buffers()) if self.count > 1 else []
        before = [buffer.clone() for buffer in buffers]
        after = [torch.zeros_like(buffer, dtype=torch.float64) for buffer in buffers]
        numbers = torch.zeros(4, dtype=torch.float64, device=device)
        pairs = list(zip(inputs.chunk(self.count), labels.chunk(self.count), strict=True))
        for shard in self.own:
            for buffer, value in zip(buffers, before, strict=True):
                buffer.copy_(value)
            x, y = (part.to(device) for part in pairs[shard])
            with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
                # Dropout draws from the generator of all.
                torch.manual_seed(chance(self._seed, STEP, *place_in_time, shard).initial_seed())
                terms = self._loss(model, x, y)
                (terms.total / self.count).backward()
            for total, buffer in zip(after, buffers, strict=True):
                total += buffer.double() / self.count
            parts = (terms.total, terms.classification, terms.regularization)
            numbers[:3] += torch.stack([part.detach().double() for part in parts]) / self.count
            numbers[3] += (terms.logits.argmax(1) == y).sum()
        trained = [p.grad for p in model.parameters() if p.grad is not None]
        summed([*trained, *after, numbers])
        for buffer, value in zip(buffers, after, strict=True):
            buffer.copy_(value if buffer.is_floating_point() else value.round())
        names = ("total", "classification", "regularization", "right")
        found = dict(zip(names, numbers.tolist(), strict=True))
        return {name: value for name, value in found.items() if value == value}  # no nan
