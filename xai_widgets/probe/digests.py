"""Checksums of the memory of tensors and arrays, to see whether anything was written there."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import numpy as np
import torch
import xxhash
from torch import Tensor

_View: TypeAlias = "Callable[[], int]"


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
    """How to read the checksum of each tensor's memory, memory that several share once."""
    views: dict[Any, _View] = {}
    with torch.no_grad():
        for tensor in tensors:
            for part in _dense_parts(tensor):
                if part.is_meta or not part.numel():
                    continue
                storage = part.untyped_storage()
                views.setdefault((part.device, storage.data_ptr()), _view(storage))
    return list(views.values())


def _dense_parts(tensor: Tensor) -> list[Tensor]:
    """The tensors with memory of their own that a tensor is made of."""
    if tensor.layout == torch.sparse_coo:
        return [tensor._indices(), tensor._values()]
    if tensor.layout != torch.strided:
        return [tensor.values()] if hasattr(tensor, "values") else []
    return [tensor]


def _view(storage: torch.UntypedStorage) -> _View:
    octets = torch.tensor([], dtype=torch.uint8, device=storage.device).set_(storage)
    if storage.device.type == "cpu":
        array = octets.numpy()
        return functools.partial(xxhash.xxh3_64_intdigest, array.data)
    return functools.partial(_digest_on_device, octets)


_ROW = 4096


def _digest_on_device(octets: Tensor) -> int:
    """A checksum worked out where the memory is: Σ v[i] r[i] modulo 2⁶⁴, r odd and random."""
    width = 4 if octets.numel() % 4 == 0 else 1
    numbers = octets.view(torch.int32 if width == 4 else torch.uint8)
    generator = torch.Generator("cpu").manual_seed(0)
    weights = torch.randint(-(2**62), 2**62, (2, _ROW), generator=generator, device="cpu") * 2 + 1
    columns, rows = weights.to(octets.device)
    total = 0
    whole = numbers.numel() // _ROW * _ROW
    # A block of rows at a time, so that the 64-bit products take little memory.
    for start in range(0, whole, _ROW * _ROW):
        block = numbers[start : min(start + _ROW * _ROW, whole)].view(-1, _ROW)
        sums = (block.long() * columns).sum(1)
        total = total * 3 + int((sums * rows[: len(sums)]).sum())
    rest = numbers[whole:].long()
    return total * 3 + int((rest * columns[: len(rest)]).sum())


def digest_of_array(array: np.ndarray[Any, Any]) -> int:
    if array.dtype.hasobject:
        return id(array)
    return int(xxhash.xxh3_64_intdigest(np.ascontiguousarray(array).data.cast("B")))
