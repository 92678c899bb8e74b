"""A network's fingerprint: it tells passes recorded before the network changed from later ones.

What is compared is the network's whole state, not a sign of it: which modules, classes, hooks and
functions it is made of, the value of every attribute, and every byte of its weights and buffers.
Functions are followed into their closures, defaults and the global names that they use. What
lies behind compiled code, or in the state of another library, is not seen; where the network is run
anyway, `Trace` compares what it gives out with what it gave out before.
"""

from __future__ import annotations

import argparse
import functools
import sys
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MethodType,
    ModuleType,
    SimpleNamespace,
)
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from xai_widgets.interrupts import deferred
from xai_widgets.probe.digests import Digests, digest_of_array

Structure: TypeAlias = tuple[tuple[int, type], ...]

_PLAIN = frozenset(
    {
        *(int, float, bool, str, bytes, complex, type(None), type(Ellipsis), range, slice),
        *(torch.dtype, torch.device, torch.Size, torch.memory_format),
    }
)
_SEQUENCES = (tuple, list, set, frozenset, deque)
# Told apart by their identity alone.
_OPAQUE = (type, ModuleType, BuiltinFunctionType, CodeType)
# The network always runs in evaluation mode; the last three are compared on their own.
_SKIPPED = frozenset({"training", "_parameters", "_buffers", "_modules"})
# Libraries whose functions nobody changes between two cells.
_LIBRARIES = ("torch", "torchvision", "numpy", "builtins", "xai_widgets")
_HOOKS = frozenset(name for name in vars(nn.Module()) if "hooks" in name)
# Whose own hooks are gone when a pass ends.
_PROBE = tuple(f"xai_widgets.probe.{name}" for name in ("recorder", "tail", "partial", "unmet"))
_DEPTH = 6  # of objects inside objects
_MOST = 50_000  # objects compared by what they hold; further ones by identity
_GLOBAL_HOOKS = (
    "_global_forward_hooks",
    "_global_forward_pre_hooks",
    "_global_buffer_registration_hooks",
)
_FEW = 256  # plain values in something that a function uses from outside
_STANDARD = sys.stdlib_module_names - {"__main__"}
_NAMESPACES = (SimpleNamespace, argparse.Namespace)
_Names: TypeAlias = tuple[str, ...]


# While a pass runs, a network's parameters, buffers and attributes as they were found, by the id()
# of the dictionary that holds them: what another thread sees of it meanwhile is not its state.
AS_FOUND: dict[int, dict[str, Any]] = {}


class Fingerprint:
    """Calling it gives a number that is a new one whenever the network has changed: a module,
    parameter, buffer, hook, attribute or method was replaced or written, in whatever way. `form` is
    the number as it was when anything but the values of tensors changed last.
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._lock = threading.Lock()
        self._number = 0
        self.form = 0
        self._state: _State | None = None
        self._weights: list[Any] = []
        self._digests = Digests()

    def __call__(self) -> int:
        with deferred(), self._lock:
            state = _State(self._model)
            weights = self._digests(state.tensors)
            reformed = self._state is None or state.values != self._state.values
            if reformed or weights != self._weights:
                self._number += 1
            if reformed:
                self.form = self._number
            # It holds what the ids in it stand for, so that none of them is used again.
            self._state, self._weights = state, weights
            return self._number


def structure_of(model: nn.Module) -> Structure:
    """Which modules a network is made of."""
    modules = modules_of(model)
    return tuple(zip(map(id, modules), map(type, modules), strict=True))


def modules_of(model: nn.Module) -> list[nn.Module]:
    """All modules, each once; ten times quicker than `named_modules`."""
    modules, seen = [model], {model}
    for module in modules:  # the list grows meanwhile
        for child in module._modules.values():
            if child is not None and child not in seen:
                seen.add(child)
                modules.append(child)
    return modules


class _State:
    """All that decides what a network does, as plain values and identities (`values`) and as
    tensors (`tensors`), collected from it; `held` keeps what the identities stand for alive.
    """

    def __init__(self, model: nn.Module) -> None:
        self.values: list[Any] = []
        self.tensors: list[Tensor] = []
        self.held: list[Any] = []
        self._seen: set[int] = set()
        self._classes: dict[type, None] = {}
        self._seen_classes: set[type] = {object, nn.Module}
        modules = [model]
        self._modules = modules
        self._met = {id(model)}
        for module in modules:  # the list grows meanwhile
            self._module(module)
        for kind in self._classes:
            self._class(kind)
        for name in _GLOBAL_HOOKS:
            for hook in getattr(nn.modules.module, name, {}).values():
                self._visit(hook, 0)

    def _module(self, module: nn.Module) -> None:
        values = self.values
        kind = type(module)
        values.append(id(module))
        self.held.append(module)
        self._classes[kind] = None
        if isinstance(module, torch.jit.ScriptModule):
            self.tensors += [*module.parameters(), *module.buffers()]
            return
        for store in (module._parameters, module._buffers):
            for name, tensor in list(AS_FOUND.get(id(store), store).items()):
                values.append(name)
                if tensor is None:
                    values.append(None)
                else:
                    self.tensors.append(tensor)
        for name, child in list(module._modules.items()):
            values.append(name)
            if child is not None:
                values.append(id(child))
                if id(child) not in self._met:
                    self._met.add(id(child))
                    self._modules.append(child)
        attributes = AS_FOUND.get(id(module.__dict__), module.__dict__)
        for name, value in list(attributes.items()):
            if name in _SKIPPED:
                continue
            if type(value) in _PLAIN:
                values.append(name)
                values.append(value)
            elif name in _HOOKS:
                for hook in list(value.values()):
                    if getattr(hook, "__module__", None) not in _PROBE:
                        self._visit(hook, 0)
            else:
                values.append(name)
                self._visit(value, 0)

    def _class(self, kind: type) -> None:
        """What a class and those it is derived from define: methods may be patched."""
        for base in kind.__mro__:
            if base in self._seen_classes:
                continue
            self._seen_classes.add(base)
            if base.__module__.startswith("torch."):
                # Of a library's class, the methods that the call of a module goes through.
                for name in ("forward", "__call__", "_call_impl"):
                    self._identity(base.__dict__.get(name))
                continue
            for value in list(base.__dict__.values()):
                if isinstance(value, FunctionType):
                    self._function(value, 0)
                elif type(value) in _PLAIN:
                    self.values.append(value)
                else:
                    self._identity(value)

    def _identity(self, value: Any) -> None:
        self.values.append(id(value))
        self.held.append(value)

    def _visit(self, value: Any, depth: int) -> None:
        """Add a value of any kind, by what it holds as far as that can be seen."""
        kind = type(value)
        if kind in _PLAIN:
            self.values.append(value)
            return
        if isinstance(value, Tensor):
            self.tensors.append(value)
            return
        if isinstance(value, nn.Module):
            # Also one that is registered nowhere: kept in a list, a closure or a global name.
            self.values.append(id(value))
            if id(value) not in self._met:
                self._met.add(id(value))
                self._modules.append(value)
            return
        self._identity(value)
        if depth > _DEPTH or id(value) in self._seen or len(self._seen) > _MOST:
            return
        self._seen.add(id(value))
        if isinstance(value, FunctionType):
            self._function(value, depth)
        elif isinstance(value, MethodType):
            self._visit(value.__func__, depth + 1)
            self._visit(value.__self__, depth + 1)
        elif isinstance(value, functools.partial):
            self._all((value.func, value.args, value.keywords), depth)
        elif isinstance(value, _SEQUENCES):
            self.values.append(len(value))
            self._all(value, depth)
        elif isinstance(value, Mapping):
            self.values.append(len(value))
            self._all(list(value.keys()), depth)
            self._all(list(value.values()), depth)
        elif isinstance(value, np.ndarray):
            self.values.append(digest_of_array(value))
        elif not isinstance(value, _OPAQUE):
            self._object(value, depth)

    def _all(self, values: Iterable[Any], depth: int) -> None:
        for value in values:
            if type(value) in _PLAIN:
                self.values.append(value)
            else:
                self._visit(value, depth + 1)

    def _object(self, value: Any, depth: int) -> None:
        attributes = _attributes_of(value)
        if attributes is not None:
            self._all(list(attributes.keys()), depth)
            self._all(list(attributes.values()), depth)
        for base in type(value).__mro__:
            for name in _slots_of(base):
                self._all((getattr(value, name, None),), depth)

    def _function(self, function: FunctionType, depth: int) -> None:
        """A function: its code, defaults, closure, attributes and the global names that it uses."""
        code = function.__code__
        self._identity(function)
        self._identity(code)
        if function.__module__ is not None and function.__module__.startswith(_LIBRARIES):
            return
        self._seen.add(id(function))
        self._all((function.__defaults__, function.__kwdefaults__), depth)
        if function.__dict__:
            self._all(list(function.__dict__.values()), depth)
        for cell in function.__closure__ or ():
            with suppress(ValueError):  # an empty cell
                self._used(cell.cell_contents, depth)
        if depth <= _DEPTH:
            present = function.__globals__
            for name in _names_in(code):
                if name in present:
                    self._used(present[name], depth)

    def _used(self, value: Any, depth: int) -> None:
        """What a function uses from outside. Of a container or an object only the plain values it
        holds: hooks collect in such what they see, and what a pass of ours leaves there is no
        change of the network.
        """
        if type(value) in _PLAIN:
            self.values.append(value)
        elif isinstance(value, (Tensor, nn.Module, FunctionType, MethodType, functools.partial)):
            self._visit(value, depth + 1)
        elif not isinstance(value, _OPAQUE):
            self._identity(value)
            held = value if isinstance(value, Mapping) else _attributes_of(value)
            if isinstance(held, Mapping) and len(held) <= _FEW:
                items = list(held.items())
                self.values += [v for item in items for v in item if type(v) in _PLAIN]
            elif isinstance(value, (tuple, list)) and len(value) <= _FEW:
                self.values += [item for item in value if type(item) in _PLAIN]


def _attributes_of(value: Any) -> dict[str, Any] | None:
    """The attributes of an object of the user's own; None for one of Python's library, such as a
    lock or a logger, which has a life of its own.
    """
    if type(value).__module__.partition(".")[0] in _STANDARD and type(value) not in _NAMESPACES:
        return None
    attributes = getattr(value, "__dict__", None)
    return attributes if isinstance(attributes, dict) else None


@functools.lru_cache(maxsize=4096)
def _names_in(code: CodeType) -> _Names:
    """The names that a function's code looks up, inner functions included."""
    inner = [_names_in(const) for const in code.co_consts if isinstance(const, CodeType)]
    return tuple(dict.fromkeys([*code.co_names, *(name for names in inner for name in names)]))


@functools.lru_cache(maxsize=1024)
def _slots_of(kind: type) -> _Names:
    slots = kind.__dict__.get("__slots__", ())
    names = (slots,) if isinstance(slots, str) else tuple(slots)
    return tuple(name for name in names if not name.startswith("__"))
