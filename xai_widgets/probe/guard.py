"""A network is left as it was found: what a probe could disturb is saved before and put back after.

A probe runs the network in evaluation mode, in this thread only, under the network's own lock. On
the way out, also after an exception: training flags, buffers, PyTorch's modes and random generators
are what they were. Parameters' `.grad` is never written because every backward goes through
`torch.autograd.grad`; hooks are removed by the code that set them.

Interrupts wait while anything is put aside, except where the network itself is called, by
`interruptible` (see `xai_widgets.interrupts`).
"""

from __future__ import annotations

import inspect
import operator
import random
import sys
import threading
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode, _get_current_function_mode_stack
from typing_extensions import Self

from xai_widgets.interrupts import arrived, deferred
from xai_widgets.locks import OrderedLock, Rank
from xai_widgets.probe.fingerprint import AS_FOUND, modules_of
from xai_widgets.probe.memory import memory_kept

Function: TypeAlias = Callable[..., Any]

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
            _randomness_restored(mode or FunctionMode()),
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


_ALWAYS = (99, "", True)
# Each function that draws random numbers, and the argument (its position, name and default) without
# which it draws none.
_RANDOM_NAMES: dict[str, tuple[int, str, Any]] = {
    **dict.fromkeys(
        (
            "rand", "randn", "randint", "randperm", "rand_like", "randn_like", "randint_like",
            "bernoulli", "bernoulli_", "binomial", "normal", "normal_", "uniform_", "multinomial",
            "poisson", "exponential_", "geometric_", "cauchy_", "log_normal_", "random_",
            "_standard_gamma", "_sample_dirichlet", "gumbel_softmax", "kaiming_uniform_",
            "kaiming_normal_", "fractional_max_pool2d", "fractional_max_pool3d",
            "fractional_max_pool2d_with_indices", "fractional_max_pool3d_with_indices",
        ),
        _ALWAYS,
    ),
    **dict.fromkeys(("dropout", "dropout_", "dropout1d", "dropout2d", "dropout3d"),
                    (2, "training", True)),
    **dict.fromkeys(("alpha_dropout", "feature_alpha_dropout"), (2, "training", False)),
    "rrelu": (3, "training", False),
    "rrelu_": (3, "training", False),
    "scaled_dot_product_attention": (4, "dropout_p", 0.0),
    "multi_head_attention_forward": (13, "training", True),
}  # fmt: skip


def _random_functions() -> dict[Function, tuple[int, str, Any]]:
    homes = (torch, torch.nn.functional, torch.nn.init, Tensor)
    functions = (
        (getattr(home, name, None), argument)
        for home in homes
        for name, argument in _RANDOM_NAMES.items()
    )
    return {function: argument for function, argument in functions if function is not None}


RANDOM = _random_functions()


def _draws(func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    argument = RANDOM.get(func)
    if argument is None:
        return False
    position, name, default = argument
    return bool(args[position] if len(args) > position else kwargs.get(name, default))


_DATA = inspect.getattr_static(Tensor, "data").__get__
_DETACHING = frozenset({Tensor.detach, Tensor.detach_, torch.detach, _DATA})


def _cuts(func: Function, args: tuple[Any, ...]) -> bool:
    """Whether a function takes a value of the graph, and its result will not be in the graph."""
    if torch.is_grad_enabled() and func not in _DETACHING:
        return False
    return any(isinstance(value, Tensor) and value.requires_grad for value in args)


# A function that a network called, and the shape of what it gave; None where that was no tensor.
Step: TypeAlias = "tuple[Function, torch.Size | None]"


def step_of(func: Function, result: Any) -> Step:
    """What is remembered of a call, to tell whether another pass goes the same way."""
    return func, result.shape if type(result) is Tensor else None


class FunctionMode(TorchFunctionMode):
    """Active while a network runs in this thread: meets every function that it calls.

    The package's only `__torch_function__`. What a mode does with a function is said in `watch`,
    which only takes note, and in `call`, which gives its result. This one takes note of whether
    random numbers were drawn (`drew`), and of whether a value was cut off from the graph (`cut`).
    """

    def __init__(self) -> None:
        super().__init__()
        self.drew = False  # from PyTorch's generators
        self.moved = False  # NumPy's or Python's global generator
        self.cut = False
        self._handled: BaseException | None = None

    def __enter__(self) -> Self:
        self._handled = sys.exc_info()[1]  # by the caller, who may be at work on a former error
        super().__enter__()  # type: ignore[no-untyped-call]  # of torch
        return self

    def __exit__(self, *exc: object) -> None:
        modes = _get_current_function_mode_stack()
        if modes and modes[-1] is self:  # else one was left on; see `ordinary_modes`
            super().__exit__(*exc)  # type: ignore[no-untyped-call]  # of torch

    @property
    def unwinding(self) -> bool:
        """Whether an interrupt is on its way out of the network, through `with` and `finally` of
        its own: what those call is no part of the pass.
        """
        error = sys.exc_info()[1]
        ordinary = error is None or isinstance(error, Exception)
        return not ordinary and error is not self._handled

    @property
    def random(self) -> bool:
        """Whether random numbers were drawn, from whichever generator."""
        return self.drew or self.moved

    def __torch_function__(
        self,
        func: Function,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        arrived()
        self.watch(func, args, kwargs)
        if sys.exc_info()[1] is not None and self.unwinding:
            return func(*args, **kwargs)
        return self.call(func, args, kwargs)

    def watch(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Take note of a call that is about to be made."""
        self.drew = self.drew or _draws(func, args, kwargs)
        self.cut = self.cut or _cuts(func, args)

    def call(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result of a call; functions called in here are met no more."""
        return func(*args, **kwargs)


@contextmanager
def _randomness_restored(mode: FunctionMode) -> Iterator[None]:
    """Put the random generators back if, and only if, the network drew from them in this thread.

    Their state is global: restored without need, it would rewind a generator that another thread
    is using.
    """
    cpu = torch.get_rng_state()
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    try:
        with global_generators_restored(mode), mode:
            yield
    finally:
        if mode.drew:
            with torch._C.DisableTorchFunction():
                torch.set_rng_state(cpu)
                if cuda is not None:
                    torch.cuda.set_rng_state_all(cuda)


class _Compared:
    """Whether a probe further out compares the global generators already; main thread only."""

    now = False


@contextmanager
def global_generators_restored(mode: FunctionMode | None = None) -> Iterator[None]:
    """Put NumPy's and Python's global generators back if they were drawn from inside.

    In the main thread only, since another thread may be drawing from them; and once for all probes
    inside, since comparing them takes as long as a small layer.
    """
    if _Compared.now or threading.current_thread() is not threading.main_thread():
        yield
        return
    with deferred():
        numpys, pythons = _numpy_state(), random.getstate()
        _Compared.now = True
        try:
            yield
        finally:
            _Compared.now = False
            moved = False
            if _numpy_moved(numpys):
                np.random.set_state(numpys)  # noqa: NPY002  # the user's global generator
                moved = True
            if random.getstate() != pythons:
                random.setstate(pythons)
                moved = True
            if mode is not None:
                mode.moved = moved


def _numpy_state() -> Any:
    return np.random.get_state()  # noqa: NPY002  # the user's global generator is what we give back


def _numpy_moved(before: Any) -> bool:
    now = _numpy_state()
    same_position = now[2] == before[2] and now[3] == before[3]
    return not (same_position and np.array_equal(now[1], before[1]))


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
