"""The parts of a raw output: its tensors, their places, and what they are in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor

Path: TypeAlias = "tuple[Any, ...]"

_DEPTH = 6
_LISTED = 8


@dataclass(frozen=True, eq=False)
class Part:
    """A tensor inside a raw output, and the way to it."""

    path: Path
    tensor: Tensor

    def __str__(self) -> str:
        return f"{place(self.path)} {shape_in_words(self.tensor)}".strip()


def parts_of(raw: Any, path: Path = (), depth: int = _DEPTH) -> Iterator[Part]:
    """The tensors inside a raw output, in order, each once."""
    seen: set[int] = set()
    for part in _walk(raw, path, depth):
        if id(part.tensor) not in seen:
            seen.add(id(part.tensor))
            yield part


def _walk(raw: Any, path: Path, depth: int) -> Iterator[Part]:
    import torch

    if isinstance(raw, torch.Tensor):
        yield Part(path, raw)
        return
    if depth > 0:
        for key, item in items_of(raw):
            yield from _walk(item, (*path, key), depth - 1)


def items_of(raw: Any) -> list[tuple[Any, Any]]:
    """What a container holds, with the keys, fields or indices."""
    if isinstance(raw, Mapping):
        return list(raw.items())
    if isinstance(raw, tuple) and hasattr(raw, "_fields"):
        return list(zip(raw._fields, raw, strict=True))
    if isinstance(raw, (tuple, list)):
        return list(enumerate(raw))
    if isinstance(raw, type):
        return []
    if is_dataclass(raw):
        return [(field.name, getattr(raw, field.name)) for field in fields(raw)]
    return list(vars(raw).items()) if hasattr(raw, "__dict__") else []


def step_into(raw: Any, key: Any) -> Any:
    """What a container holds under a key, field or index. Raises what Python raises."""
    if isinstance(raw, Mapping) and key in raw:
        return raw[key]
    if isinstance(key, str) and not isinstance(raw, Mapping):
        return getattr(raw, key)
    if isinstance(raw, Mapping) and isinstance(key, int):
        return list(raw.values())[key]
    if isinstance(raw, (tuple, list)):
        return raw[key]
    raise KeyError(key)


def listed(raw: Any) -> str:
    """What a network returned, with the place and shape of every tensor, in words."""
    parts = list(parts_of(raw))
    if not parts or not parts[0].path:
        return shape_in_words(parts[0].tensor) if parts else kind_of(raw)
    more = f" and {len(parts) - _LISTED} more" if len(parts) > _LISTED else ""
    return f"{type(raw).__name__} of {', '.join(map(str, parts[:_LISTED]))}{more}"


def place(path: Path) -> str:
    """The way to a part as it is written in Python: ``["head"][1]``."""
    return "".join(f"[{key!r}]" for key in path)


def floating(part: Part) -> bool:
    """Whether a part may hold scores."""
    return part.tensor.is_floating_point()


def kind_of(raw: Any) -> str:
    """The type of what was returned, and its keys."""
    keys = f" with {', '.join(map(str, raw))}" if isinstance(raw, Mapping) and raw else ""
    return f"{type(raw).__name__}{keys}"


def shape_in_words(tensor: Tensor) -> str:
    """``float32 (1, 10)``."""
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"
