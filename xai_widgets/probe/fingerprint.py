"""A network's fingerprint: it tells recorded passes of it as it was from those of it as it is."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import TypeAlias

import torch
from torch import Tensor, nn

Structure: TypeAlias = tuple[tuple[int, type], ...]
_SAMPLES = 8  # values looked at in each tensor


class Fingerprint:
    """Called, it gives a value that changes when a module, parameter or buffer of the network is
    replaced or written.

    Writes through `.data` and by fused optimizers pass PyTorch's own count of versions by, so a few
    values of each tensor are looked at as well.
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._samples: tuple[tuple[int, ...], list[list[Tensor]]] = ((), [])

    def __call__(self) -> Hashable:
        tensors = list(_tensors(self._model))
        places = tuple(map(_place, tensors))
        versions = tuple(-1 if tensor.is_inference() else tensor._version for tensor in tensors)
        known, samples = self._samples
        if known != places:
            # Views into the tensors' memory, taken once: they show what is written there later.
            samples = _samples(tensors)
            self._samples = places, samples
        with torch.no_grad():
            joined = [torch.cat(group).view(torch.uint8).cpu() for group in samples]
        values = tuple(sample.numpy().tobytes() for sample in joined)
        return structure_of(self._model), places, versions, values


def structure_of(model: nn.Module) -> Structure:
    """Which modules a network is made of."""
    return tuple((id(module), type(module)) for module in _modules(model))


def _modules(model: nn.Module) -> Iterator[nn.Module]:
    """All modules, each once; ten times quicker than asking for them with their names."""
    modules, met = [model], {id(model)}
    while modules:
        module = modules.pop()
        yield module
        for child in module._modules.values():
            if child is not None and id(child) not in met:
                met.add(id(child))
                modules.append(child)


def _tensors(model: nn.Module) -> Iterator[Tensor]:
    """All parameters and buffers."""
    for module in _modules(model):
        for held in (module._parameters, module._buffers):
            yield from (tensor for tensor in held.values() if tensor is not None)


def _place(tensor: Tensor) -> int:
    try:
        return tensor.data_ptr()
    except RuntimeError:  # sparse, or without storage
        return id(tensor)


def _samples(tensors: Iterable[Tensor]) -> list[list[Tensor]]:
    """Views of some values of each tensor, spread over it, grouped by type and device."""
    groups: dict[tuple[torch.dtype, torch.device], list[Tensor]] = {}
    with torch.no_grad():
        for tensor in tensors:
            if tensor.layout != torch.strided or tensor.is_meta or not tensor.numel():
                continue
            # In the order of memory, whatever the strides, so that nothing is copied as a whole.
            start = tensor.storage_offset()
            held = tensor.untyped_storage().nbytes() // tensor.itemsize - start
            span = min(tensor.numel(), held)
            step = max((span - 1) // (_SAMPLES - 1), 1)
            sample = tensor.detach().as_strided(((span - 1) // step + 1,), (step,), start)
            groups.setdefault((tensor.dtype, tensor.device), []).append(sample)
    return list(groups.values())
