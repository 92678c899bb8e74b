"""Training in several processes: a batch in parts that any number of them may share, with the same
result.

PyTorch's own `DistributedDataParallel` does not take part: its hooks run in the first backward, and
this loss needs several. Gradients are summed once, when all of them are complete.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import torch
import torch.distributed as dist
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError
from xai_widgets.precision import widest
from xai_widgets.training.batches import STEP, generator_of
from xai_widgets.training.passes import Terms


def join(backend: str) -> None:
    """Join the other processes that torchrun has started.

    After a restart torchrun hands out the store of the previous attempt, which still holds the
    addresses of its dead processes, so every attempt gets keys of its own.
    """
    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        dist.init_process_group(backend)
        return
    rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    store = dist.TCPStore(address, port, world, is_master=False)  # type: ignore[attr-defined]  # public, but not exported by name
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    own = dist.PrefixStore(f"attempt {attempt}", store)  # type: ignore[attr-defined]  # likewise
    dist.init_process_group(backend, store=own, rank=rank, world_size=world)


def rank_and_count() -> tuple[int, int]:
    """This process's number, and the number of processes."""
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank(), dist.get_world_size()
    return 0, 1


def summed(tensors: Sequence[Tensor]) -> None:
    """Replace each tensor by its sum over all processes, in one exchange for each type."""
    if rank_and_count()[1] == 1:
        return
    for dtype in dict.fromkeys(tensor.dtype for tensor in tensors):
        alike = [tensor for tensor in tensors if tensor.dtype == dtype]
        flat = torch.cat([tensor.detach().reshape(-1) for tensor in alike])
        dist.all_reduce(flat)
        parts = flat.split([tensor.numel() for tensor in alike])
        for tensor, part in zip(alike, parts, strict=True):
            tensor.detach().copy_(part.view_as(tensor))


def agree(name: str, number: int) -> None:
    """Raise ExplanationError unless the number is the same in every process."""
    if rank_and_count()[1] == 1:
        return
    bounds = torch.tensor([number, -number], device="cpu")
    if torch.cuda.is_available() and dist.get_backend() == "nccl":
        bounds = bounds.cuda()
    dist.all_reduce(bounds, op=dist.ReduceOp.MAX)
    if int(bounds[0]) != -int(bounds[1]):
        raise ExplanationError(
            f"{name} is {number} in process {rank_and_count()[0]} and another number in others; "
            "expected one folder that all processes share"
        )


class Shards:
    """Runs a step's `loss` on `count` equal parts of the batch and leaves, in the parameters'
    `.grad`, the gradient of the mean over them.

    Each part has BatchNorm statistics of its own, which start from the same running ones; the
    running ones become the mean over the parts. So a step depends on the number of parts and not on
    that of processes, which must divide it: two processes give the same weights as one, except for
    the rounding of sums. With one part this is a plain step.

    Raises ExplanationError for a number of processes that does not divide that of parts.
    """

    def __init__(
        self, count: int, seed: int, loss: Callable[[nn.Module, Tensor, Tensor], Terms]
    ) -> None:
        rank, processes = rank_and_count()
        if count % processes:
            raise ExplanationError(
                f"shards={count} with {processes} processes; expected a multiple of {processes}"
            )
        share = count // processes
        self.count, self.own = count, range(rank * share, (rank + 1) * share)
        self._seed, self._loss = seed, loss

    def run(
        self, model: nn.Module, inputs: Tensor, labels: Tensor, epoch_and_step: tuple[int, int]
    ) -> dict[str, float]:
        """The means of the terms over the parts, and "right": the number of pictures classified
        correctly.
        """
        model.train()
        device = next(model.parameters()).device
        buffers = list(model.buffers()) if self.count > 1 else []
        before = [buffer.clone() for buffer in buffers]
        after = [torch.zeros_like(buffer, dtype=widest(device)) for buffer in buffers]
        numbers = torch.zeros(4, dtype=widest(device), device=device)
        pairs = list(zip(inputs.chunk(self.count), labels.chunk(self.count), strict=True))
        for shard in self.own:
            for buffer, value in zip(buffers, before, strict=True):
                buffer.copy_(value)
            x, y = (part.to(device) for part in pairs[shard])
            with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
                # Dropout draws from the global generator.
                torch.manual_seed(
                    generator_of(self._seed, STEP, *epoch_and_step, shard).initial_seed()
                )
                terms = self._loss(model, x, y)
                (terms.total / self.count).backward()
            for total, buffer in zip(after, buffers, strict=True):
                total += buffer.to(total) / self.count
            parts = (terms.total, terms.classification, terms.regularization)
            numbers[:3] += torch.stack([part.detach().to(numbers) for part in parts]) / self.count
            numbers[3] += (terms.logits.argmax(1) == y.to(terms.logits.device)).sum().to(numbers)
        trained = [p.grad for p in model.parameters() if p.grad is not None]
        summed([*trained, *after, numbers])
        for buffer, value in zip(buffers, after, strict=True):
            buffer.copy_(value if buffer.is_floating_point() else value.round())
        names = ("total", "classification", "regularization", "right")
        means = dict(zip(names, numbers.tolist(), strict=True))
        return {name: value for name, value in means.items() if value == value}  # no nan
