"""Several processes that train one network: who this one is, and sums over all of them.

PyTorch's own `DistributedDataParallel` does not take part: its hooks run in the first backward, and
this loss needs several. Gradients are summed once, when they are all there.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import torch
import torch.distributed as dist
from torch import Tensor

from xai_widgets.errors import ExplanationError

__all__ = ["agree", "join", "place", "summed"]


def join(backend: str) -> None:
    """Join the other processes that torchrun has started.

    After a restart torchrun hands out the store of the attempt before, with the addresses of its
    dead processes in it: every attempt has keys of its own here.
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


def place() -> tuple[int, int]:
    """This process's number, and how many there are."""
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank(), dist.get_world_size()
    return 0, 1


def summed(tensors: Sequence[Tensor]) -> None:
    """Replace each tensor by its sum over all processes, in one exchange for each type."""
    if place()[1] == 1:
        return
    for dtype in dict.fromkeys(tensor.dtype for tensor in tensors):
        some = [tensor for tensor in tensors if tensor.dtype == dtype]
        flat = torch.cat([tensor.detach().reshape(-1) for tensor in some])
        dist.all_reduce(flat)
        parts = flat.split([tensor.numel() for tensor in some])
        for tensor, part in zip(some, parts, strict=True):
            tensor.detach().copy_(part.view_as(tensor))


def agree(name: str, number: int) -> None:
    """Raise ExplanationError unless the number is the same in every process."""
    if place()[1] == 1:
        return
    bounds = torch.tensor([number, -number])
    if torch.cuda.is_available() and dist.get_backend() == "nccl":
        bounds = bounds.cuda()
    dist.all_reduce(bounds, op=dist.ReduceOp.MAX)
    if int(bounds[0]) != -int(bounds[1]):
        raise ExplanationError(
            f"{name} is {number} in process {place()[0]} and another number in others; expected "
            "one folder that all processes share"
        )
