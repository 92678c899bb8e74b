"""The functions that a network calls while it runs, met one by one."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode, _get_current_function_mode_stack
from typing_extensions import Self

from xai_widgets.interrupts import arrived

Function: TypeAlias = Callable[..., Any]

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
