"""Checksums of the memory of tensors and arrays, to see whether anything was written there."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import numpy as np
import torch
import torch.nn.functional as F  # the field's name for it
import xxhash
from torch import Tensor

_View: TypeAlias = "Callable[[], Any]"


class Digests:
    """Checksums of tensors' bytes. Views into their memory are taken once, and again where a tensor
    lies elsewhere than before; they show what is written there later.
    """

    def __init__(self) -> None:
        self._places: list[Any] = []
        self._views: list[_View] = []

    def __call__(self, tensors: list[Tensor]) -> list[Any]:
        """For each tensor where it lies, its form and version, and the checksums of all memory."""
        places = [place for tensor in tensors for place in _place(tensor)]
        if places != self._places:
            self._views = _views(tensors)
            self._places = places
        versions = [version_of(tensor) for tensor in tensors]
        return [*places, *versions, *(view() for view in self._views)]


def _place(tensor: Tensor) -> tuple[Any, ...]:
    try:
        return (tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype)
    except RuntimeError:  # sparse, or without storage
        return (id(tensor), tensor.shape, None, tensor.dtype)


def version_of(tensor: Tensor) -> int:
    try:
        return tensor._version
    except RuntimeError:  # inference tensors count no versions
        return -1


def _views(tensors: Iterable[Tensor]) -> list[_View]:
    """How to read the checksums of the tensors' memory, memory that several share once: one by one
    on the CPU, together on each other device.
    """
    memory: dict[torch.device, dict[int, Tensor]] = {}
    with torch.no_grad():
        for tensor in tensors:
            for part in _dense_parts(tensor):
                if part.is_meta or not part.numel():
                    continue
                storage = part.untyped_storage()
                there = memory.setdefault(part.device, {})
                if storage.data_ptr() not in there:
                    there[storage.data_ptr()] = _octets(storage)
        views: list[_View] = []
        for device, there in memory.items():
            if device.type == "cpu":
                views += [
                    functools.partial(xxhash.xxh3_64_intdigest, octets.numpy().data)
                    for octets in there.values()
                ]
            else:
                views.append(functools.partial(_digests_on_device, _packs(there.values())))
        return views


def _dense_parts(tensor: Tensor) -> list[Tensor]:
    """The tensors with memory of their own that a tensor is made of."""
    if tensor.layout == torch.sparse_coo:
        return [tensor._indices(), tensor._values()]
    if tensor.layout != torch.strided:
        return [tensor.values()] if hasattr(tensor, "values") else []
    return [tensor]


def _octets(storage: torch.UntypedStorage) -> Tensor:
    return torch.tensor([], dtype=torch.uint8, device=storage.device).set_(storage)


_ROW = 4096
_PACK = 1024 * _ROW  # numbers whose 64-bit products are in memory at once


def _packs(memory: Iterable[Tensor]) -> list[list[Tensor]]:
    """Views of the octets, four of them as one number, in lists of at most _PACK numbers."""
    packs: list[list[Tensor]] = [[]]
    room = _PACK
    for octets in memory:
        whole = octets.numel() // 4 * 4
        for numbers in (octets[:whole].view(torch.int32), octets[whole:]):
            while numbers.numel():
                packs[-1].append(numbers[:room])
                numbers, room = numbers[room:], room - packs[-1][-1].numel()
                if not room:
                    packs.append([])
                    room = _PACK
    return [pack for pack in packs if pack]


def _digests_on_device(packs: list[list[Tensor]]) -> list[int]:
    """Checksums of packs, worked out where their memory is and fetched in one go:
    Σ v[i] r[i] modulo 2⁶⁴, r odd and random.
    """
    columns, rows = _weights(packs[0][0].device)
    sums = []
    for pack in packs:
        numbers = torch.cat(pack)
        block = F.pad(numbers, (0, -len(numbers) % _ROW)).view(-1, _ROW)
        sums.append(((block * columns).sum(1) * rows[: len(block)]).sum())
    digests: list[int] = torch.stack(sums).tolist()
    return digests


@functools.cache
def _weights(device: torch.device) -> tuple[Tensor, Tensor]:
    generator = torch.Generator("cpu").manual_seed(0)
    drawn = torch.randint(-(2**62), 2**62, (2, _ROW), generator=generator, device="cpu") * 2 + 1
    columns, rows = drawn.to(device)
    return columns, rows


def digest_of_array(array: np.ndarray[Any, Any]) -> int:
    if array.dtype.hasobject:
        return id(array)
    return int(xxhash.xxh3_64_intdigest(np.ascontiguousarray(array).data.cast("B")))
