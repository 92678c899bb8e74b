"""A GPU for machines that have none: tensors that say they are elsewhere, are computed on the CPU,
and refuse to meet tensors of another device in the words of PyTorch.

It shows where devices are mixed, and where what needs the CPU (NumPy, files) is not brought there.
What a GPU rounds, sorts or draws differently it does not show. `Simulated` is a tensor subclass:
every operation reaches `__torch_dispatch__` behind autograd, those of backward too, in any thread.
Its device is called "lazy": every build of PyTorch has what autograd needs of one, and none has
kernels for it, while for "cuda" a build without CUDA has neither.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map

GPU = torch.device("lazy", 0)
_HOST = torch.device("cpu")
_aten = torch.ops.aten

# They take tensors of two devices: copies, and the places of an index.
_CROSSING = {_aten.copy_.default, _aten._to_copy.default}
_INDEXED = {
    _aten.index.Tensor, _aten.index_put.default, _aten.index_put_.default,
    _aten._index_put_impl_.default, _aten._unsafe_index.Tensor,
}  # fmt: skip


class Simulated(Tensor):
    """A tensor of the simulated GPU; its numbers are in `host`, on the CPU."""

    host: Tensor

    @staticmethod
    def __new__(cls, host: Tensor) -> Simulated:
        made: Simulated = Tensor._make_wrapper_subclass(
            cls, host.shape, host.stride(), host.storage_offset(), dtype=host.dtype,
            layout=host.layout, device=GPU, requires_grad=False,
        )  # fmt: skip
        made.host = host
        return made

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return _computed(func, args, kwargs or {})

    # What is read without an operation.
    def numpy(self, *, force: bool = False) -> Any:
        if force:
            return self.detach().cpu().numpy()
        raise TypeError(
            f"can't convert {self.device} device type tensor to numpy. Use Tensor.cpu() to copy "
            "the tensor to host memory first."
        )

    def tolist(self) -> Any:
        return self.host.tolist()

    @property
    def data(self) -> Tensor:
        return torch._C.TensorBase.data.__get__(self)  # type: ignore[attr-defined]

    @data.setter
    def data(self, new: Tensor) -> None:
        torch._C.TensorBase.data.__set__(self, new)  # type: ignore[attr-defined]
        assert isinstance(new, Simulated)
        self.host = new.host

    def data_ptr(self) -> int:
        return self.host.data_ptr()

    def untyped_storage(self) -> torch.UntypedStorage:
        return self.host.untyped_storage()

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if id(self) not in memo:
            copied = Simulated(self.host.detach().clone())
            if isinstance(self, torch.nn.Parameter):
                copied = torch.nn.Parameter(copied, self.requires_grad)
            memo[id(self)] = copied.requires_grad_(self.requires_grad)
        return memo[id(self)]

    def __repr__(self, **_: Any) -> str:
        return f"Simulated({self.host!r})"


def _computed(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The result of an operation, computed on the CPU, on the device where it is."""
    given = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
    device = _device_of_result(func, args, kwargs, given)
    made = func(*tree_map(_to_host, args), **tree_map(_to_host, kwargs))
    written = _written(func, args, kwargs)
    if written:
        if any(isinstance(w, Simulated) and w.shape != w.host.shape for w in written):
            raise NotImplementedError(f"the simulated GPU cannot change a shape in place ({func})")
        return written[0] if len(written) == 1 else tuple(written)
    return tree_map(_to_gpu, made) if device == GPU else made


def _device_of_result(
    func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], given: list[Tensor]
) -> torch.device:
    """Where the result is. Raises RuntimeError for tensors of two devices, but for numbers of the
    CPU, copies and places; and for a generator, which would be one of the CPU.
    """
    asked = kwargs.get("device")
    if asked is not None:
        return GPU if torch.device(asked).type == GPU.type else _HOST
    if func in _CROSSING:
        return GPU if isinstance(args[0], Simulated) else _HOST
    if func in _INDEXED:
        self_, places, *values = args
        if not isinstance(self_, Simulated) and any(isinstance(p, Simulated) for p in places):
            raise RuntimeError(
                "indices should be either on cpu or on the same device as the indexed tensor (cpu)"
            )
        given = [self_, *(v for v in values if isinstance(v, Tensor))]
    on_gpu = [isinstance(tensor, Simulated) for tensor in given]
    on_host = [not there and tensor.ndim > 0 for there, tensor in zip(on_gpu, given, strict=True)]
    if any(on_gpu) and any(on_host):
        raise RuntimeError(
            "Expected all tensors to be on the same device, but found at least two devices, "
            f"{GPU} and cpu! ({func})"
        )
    generators = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Generator)]
    if any(on_gpu) and generators:
        raise RuntimeError(f"Expected a '{GPU.type}' device type for generator but found 'cpu'")
    return GPU if any(on_gpu) else _HOST


def _written(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """The arguments that an operation gives back, because it writes into them."""
    schema = func._schema
    names = [a.name for a in schema.arguments]
    found = []
    for result in schema.returns:
        if result.alias_info is None or not result.alias_info.is_write:
            return []
        for name, argument in zip(names, schema.arguments, strict=True):
            alias = argument.alias_info
            if alias is not None and alias.before_set == result.alias_info.before_set:
                at = names.index(name)
                found.append(args[at] if at < len(args) else kwargs[name])
    return found


def _empty(size: Any, *, dtype: Any = None, memory_format: Any = None, **_: Any) -> Tensor:
    return Simulated(torch.empty(size, dtype=dtype, memory_format=memory_format, device=_HOST))


def _empty_strided(size: Any, stride: Any, *, dtype: Any = None, **_: Any) -> Tensor:
    return Simulated(torch.empty_strided(size, stride, dtype=dtype, device=_HOST))


def _made_here(func: Any) -> Any:
    def make(*args: Any, device: Any = None, pin_memory: Any = None, **kwargs: Any) -> Tensor:
        return Simulated(func(*args, device=_HOST, **kwargs))

    return make


def _copy_from(source: Tensor, to: Tensor, non_blocking: bool = False) -> Tensor:
    _to_host(to).copy_(_to_host(source))
    return to


# From these PyTorch makes and fills all new tensors of a device.
_KERNELS = torch.library.Library("aten", "IMPL")
_KERNELS.impl("empty.memory_format", _empty, "Lazy")
_KERNELS.impl("empty_strided", _empty_strided, "Lazy")
_KERNELS.impl("_copy_from", _copy_from, "Lazy")
# Those that do not begin with memory of the right shape.
for _name in ("arange", "arange.start", "arange.start_step", "eye", "eye.m"):
    _packet, _, _overload = _name.partition(".")
    _func = getattr(getattr(_aten, _packet), _overload or "default")
    _KERNELS.impl(_name, _made_here(_func), "Lazy")


def _to_host(value: Any) -> Any:
    if isinstance(value, Simulated):
        return value.host
    if isinstance(value, torch.device) and value.type == GPU.type:
        return _HOST
    return value


def _to_gpu(value: Any) -> Any:
    return Simulated(value) if isinstance(value, Tensor) and type(value) is not Simulated else value
