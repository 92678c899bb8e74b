"""A network's fingerprint: it tells passes recorded before the network changed from later ones."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

Structure: TypeAlias = tuple[tuple[int, type], ...]
_Views: TypeAlias = "list[Any]"  # of tensors or of arrays
_SAMPLES = 8  # values read of each tensor


class Fingerprint:
    """Calling it gives a value that changes when a module, parameter or buffer of the network is
    replaced or written.

    Writes through `.data` and by fused optimizers are not in PyTorch's own count of versions, so a
    few values of each tensor are read as well.
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._samples: tuple[tuple[int, ...], list[_Views]] = ((), [])

    def __call__(self) -> Hashable:
        modules = modules_of(self._model)
        tensors = [
            tensor
            for module in modules
            for store in (module._parameters, module._buffers)
            if store
            for tensor in store.values()
            if tensor is not None
        ]
        addresses = _addresses(tensors)
        sampled, samples = self._samples
        if sampled != addresses:
            # Views into the tensors' memory, taken once: they show what is written there later.
            samples = _samples(tensors)
            self._samples = addresses, samples
        values = tuple(map(_read, samples))
        return _structure(modules), addresses, _versions(tensors), values


def structure_of(model: nn.Module) -> Structure:
    """Which modules a network is made of."""
    return _structure(modules_of(model))


def modules_of(model: nn.Module) -> list[nn.Module]:
    """All modules, each once; ten times quicker than `named_modules`."""
    modules, seen = [model], {model}
    for module in modules:  # the list grows meanwhile
        for child in module._modules.values():
            if child is not None and child not in seen:
                seen.add(child)
                modules.append(child)
    return modules


def _structure(modules: list[nn.Module]) -> Structure:
    return tuple(zip(map(id, modules), map(type, modules), strict=True))


def _addresses(tensors: list[Tensor]) -> tuple[int, ...]:
    try:
        return tuple([tensor.data_ptr() for tensor in tensors])
    except RuntimeError:  # one of them is sparse, or without storage
        return tuple(map(id, tensors))


def _versions(tensors: list[Tensor]) -> tuple[int, ...]:
    try:
        return tuple([tensor._version for tensor in tensors])
    except RuntimeError:  # inference tensors count no versions
        return tuple(-1 if tensor.is_inference() else tensor._version for tensor in tensors)


def _read(views: _Views) -> bytes:
    if isinstance(views[0], Tensor):
        with torch.no_grad():
            return torch.cat(views).view(torch.uint8).cpu().numpy().tobytes()
    return np.concatenate(views).tobytes()


def _samples(tensors: Iterable[Tensor]) -> list[_Views]:
    """Views of some values of each tensor, spread over it, grouped by type and device. As arrays
    where NumPy has the type: it joins small ones six times quicker.
    """
    groups: dict[tuple[torch.dtype, torch.device], list[Tensor]] = {}
    with torch.no_grad():
        for tensor in tensors:
            if tensor.layout != torch.strided or tensor.is_meta or not tensor.numel():
                continue
            # In the order of memory, whatever the strides, so that no tensor is copied as a whole.
            start = tensor.storage_offset()
            stored = tensor.untyped_storage().nbytes() // tensor.itemsize - start
            span = min(tensor.numel(), stored)
            step = max((span - 1) // (_SAMPLES - 1), 1)
            sample = tensor.detach().as_strided(((span - 1) // step + 1,), (step,), start)
            groups.setdefault((tensor.dtype, tensor.device), []).append(sample)
    return [
        [sample.numpy() for sample in group] if _in_numpy(group[0]) else group
        for group in groups.values()
    ]


def _in_numpy(sample: Tensor) -> bool:
    try:
        sample.numpy()
    except (TypeError, RuntimeError):  # another device, bfloat16, conjugated, quantised
        return False
    return True
