"""A network is left as it was found: what a probe could disturb is saved before and put back after.

A probe runs the network in evaluation mode, in this thread only, under the network's own lock. On
the way out, also after an exception: training flags, buffers, PyTorch's modes and random generators
are what they were. Parameters' `.grad` is never written because every backward goes through
`torch.autograd.grad`; hooks are removed by the code that set them.

Interrupts wait while anything is put aside, except where the network itself is called, by
`interruptible` (see `xai_widgets.interrupts`).
"""

from __future__ import annotations

import operator
import threading
import weakref
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import _get_current_function_mode_stack

from xai_widgets.interrupts import deferred
from xai_widgets.locks import OrderedLock, Rank
from xai_widgets.probe.fingerprint import AS_FOUND, modules_of
from xai_widgets.probe.functions import FunctionMode
from xai_widgets.probe.generators import randomness_restored
from xai_widgets.probe.memory import memory_kept

_locks: weakref.WeakKeyDictionary[nn.Module, OrderedLock] = weakref.WeakKeyDictionary()
_locks_guard = threading.Lock()


def lock_of(model: nn.Module) -> OrderedLock:
    """The one lock of a network, shared by all engines bound to it: a network runs one probe at a
    time. It is the last one taken (the order is in this room's README).
    """
    lock = _locks.get(model)
    if lock is None:
        with _locks_guard:
            lock = _locks.setdefault(model, OrderedLock(Rank.NETWORK, model))
    return lock


def unwrap(model: nn.Module) -> nn.Module:
    """The eager network, whose layers can be seen, inside `torch.compile` and `DataParallel`
    wrappers.
    """
    while True:
        inner = getattr(model, "_orig_mod", None)
        if inner is None and isinstance(model, nn.DataParallel):
            inner = model.module
        if not isinstance(inner, nn.Module):
            return model
        model = inner


@contextmanager
def ordinary_modes(*, grad: bool = False) -> Iterator[None]:
    """Inference mode and autocast off, gradients on or off, in this thread, whatever the caller
    had. Afterwards the modes are what they were, also where a network has left some of its own.
    """
    with (
        deferred(),
        _modes_restored(),
        torch.inference_mode(False),
        torch.autocast("cpu", enabled=False),
        torch.autocast("cuda", enabled=False),
    ):
        _set_grad(grad)
        yield


@contextmanager
def _modes_restored() -> Iterator[None]:
    grad, modes = torch.is_grad_enabled(), _get_current_function_mode_stack()
    try:
        yield
    finally:
        now = _get_current_function_mode_stack()
        if len(now) != len(modes) or not all(map(operator.is_, now, modes)):
            for _ in now:
                torch._C._pop_torch_function_stack()
            for mode in modes:
                torch._C._push_on_torch_function_stack(mode)
        _set_grad(grad)


def _set_grad(enabled: bool) -> None:
    # It is itself a function that modes meet, a caller's own among them, which may raise.
    with torch._C.DisableTorchFunction():
        torch._C._set_grad_enabled(enabled)


@contextmanager
def autograd_ready(model: nn.Module, *, grad: bool = True) -> Iterator[None]:
    """The same with gradients on, the network locked, and freed memory kept for the next pass."""
    with lock_of(model), ordinary_modes(grad=grad), memory_kept():
        yield


@contextmanager
def as_found(
    model: nn.Module, mode: FunctionMode | None = None, *, grad: bool = True
) -> Iterator[None]:
    """Run the network inside this, in evaluation mode; afterwards it is as it was found. `mode`
    meets the functions that it calls.
    """
    with autograd_ready(model, grad=grad):
        modules = modules_of(model)
        with (
            attributes_restored(modules),
            buffers_aside(modules),
            parameters_restored(modules),
            _evaluating(modules),
            randomness_restored(mode or FunctionMode()),
        ):
            yield


@contextmanager
def _evaluating(modules: list[nn.Module]) -> Iterator[None]:
    # A frozen graph has no such attribute.
    found = [(module, getattr(module, "training", False)) for module in modules]
    try:
        # The attribute, not `.eval()`: networks override that method and do more in it than
        # switching.
        for module, training in found:
            if training:
                module.training = False
        yield
    finally:
        for module, training in found:
            if getattr(module, "training", training) != training:
                module.training = training


@contextmanager
def _shown_to_others(found: list[tuple[dict[str, Any], dict[str, Any]]]) -> Iterator[None]:
    """Let whoever looks at the network's state meanwhile see each dictionary as it was found; the
    outermost pass counts.
    """
    noted = {id(store): own for store, own in found if id(store) not in AS_FOUND}
    try:
        AS_FOUND.update(noted)
        yield
    finally:
        for number in noted:
            AS_FOUND.pop(number, None)


_CONTAINERS = frozenset({dict, list, set, defaultdict})
# What every module has (training, weights, hooks) is restored by who sets it.
_USUAL = tuple(vars(nn.Module()))
_RESTORED_ELSEWHERE = frozenset(_USUAL)


def _holds_containers(attributes: dict[str, Any]) -> bool:
    """Whether a module has lists, dictionaries or sets of its own; quick where it has what every
    module has first.
    """
    count = len(_USUAL)
    if tuple(islice(attributes, count)) != _USUAL:
        return True
    return not _CONTAINERS.isdisjoint(map(type, islice(attributes.values(), count, None)))


@contextmanager
def attributes_restored(modules: list[nn.Module]) -> Iterator[None]:
    """Give every attribute back its value afterwards, and every list, dictionary and set its
    content: a network may keep what it computed, and a tensor of ours in it would keep a whole pass
    alive and forbid copying the network.
    """
    found = [m.__dict__ for m in modules if not isinstance(m, torch.jit.ScriptModule)]
    kept = [(attributes, attributes.copy()) for attributes in found]
    containers = [
        (value, value.copy())
        for attributes in found
        if _holds_containers(attributes)
        for name, value in attributes.items()
        if type(value) in _CONTAINERS and name not in _RESTORED_ELSEWHERE
    ]
    with deferred(), _shown_to_others(kept):
        try:
            yield
        finally:
            for attributes, before in kept:
                if len(attributes) != len(before) or not all(
                    map(operator.is_, attributes.values(), before.values())
                ):
                    _restore_attributes(attributes, before)
            for container, content in containers:
                _restore_content(container, content)


def _restore_attributes(attributes: dict[str, Any], before: dict[str, Any]) -> None:
    for name in list(attributes):
        if name not in before:
            del attributes[name]
    for name, value in before.items():
        if attributes.get(name) is not value and name not in _RESTORED_ELSEWHERE:
            attributes[name] = value


def _restore_content(container: Any, content: Any) -> None:
    """Put back what a container held, if that is no longer what it holds."""
    if len(container) == len(content):
        pairs = zip(_items(container), _items(content), strict=True)
        if all(now is then for now, then in pairs):
            return
    container.clear()
    (container.extend if isinstance(container, list) else container.update)(content)


def _items(container: Any) -> list[Any]:
    if isinstance(container, dict):
        return [*container.keys(), *container.values()]
    return list(container)


@contextmanager
def buffers_aside(modules: list[nn.Module]) -> Iterator[None]:
    """Let the network write into copies of its buffers, then give its own back to it.

    Writing the old values back would restore the values, but autograd would find that a buffer
    which it kept for the backward has changed, and the network's fingerprint would change with
    every pass.
    """
    stores = [
        (module._buffers, dict(module._buffers))
        for module in modules
        if module._buffers and not isinstance(module, torch.jit.ScriptModule)
    ]
    copies: dict[int, Tensor] = {}
    with deferred(), _shown_to_others(stores):
        try:
            for store, own in stores:
                for name, buffer in own.items():
                    if buffer is not None:
                        store[name] = copies.setdefault(id(buffer), buffer.detach().clone())
            yield
        finally:
            for store, own in stores:
                if store.keys() != own.keys():
                    store.clear()
                store.update(own)  # one by one: another thread may be reading them


@contextmanager
def parameters_restored(modules: list[nn.Module]) -> Iterator[None]:
    """Give every parameter back its place afterwards. Whoever changes weights for a while and puts
    their values back (`load_state_dict` with `assign=True`, as zennit does since 1.0) leaves other
    objects, which the user's optimizer does not know. What the network has added stays.
    """
    stores = [
        (module._parameters, dict(module._parameters))
        for module in modules
        if module._parameters and not isinstance(module, torch.jit.ScriptModule)
    ]
    with deferred(), _shown_to_others(stores):
        try:
            yield
        finally:
            for store, own in stores:
                for name, parameter in own.items():
                    if store.get(name, store) is not parameter:
                        store[name] = parameter  # one by one, as above
                if not all(map(operator.eq, store, own)):  # the names, in their order
                    added = {name: store[name] for name in store if name not in own}
                    store.clear()
                    store.update(own | added)


def like_parameters(x: Tensor, model: nn.Module) -> Tensor:
    """`x` in the network's own floating-point type and on its device, as an ordinary (not
    inference) tensor.
    """
    reference = next((p for p in model.parameters() if p.is_floating_point()), None)
    with deferred(), torch.inference_mode(False):
        if x.is_inference():
            x = x.clone()
        if reference is None:
            return x.detach()
        return x.detach().to(device=reference.device, dtype=reference.dtype)
