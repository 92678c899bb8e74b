"""Rectifiers written by hand, recognised by their values: what goes in, and what comes out.

    r = c u where u > 0,   r = s u where u < 0,   |s| < c

is a rectifier of u, in however many functions it is written: `where(x > 0, x, 0)`,
`x * (x > 0)`, `maximum(x, 0)`, `x[x < 0] = 0`, `(x + x.abs()) / 2`, `relu(x) - a * relu(-x)`. A few
functions *look at* a value (comparisons, signs, magnitudes), a few *join* it with something else;
only what these are given is ever compared. The network's own result goes on; a node behind it
decides, by the rule, whether the gradient passes through what is written by hand or straight to u.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, Protocol

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor, autograd

from xai_widgets.probe.functions import Function

Rule = Literal["standard", "guided", "deconvnet"]

# What libraries add to PyTorch.
_CUSTOM = (torch._ops.OpOverload, torch._ops.OpOverloadPacket)
_FEWEST = 4  # values on either side of zero that show a slope other than 1 and 0
_LOOKED = 6  # values that are remembered at a time
_PATIENCE = 12  # functions after which they are forgotten
_ULPS = 16


class Ruled(Protocol):
    """Whoever knows the rule of the backward that is running."""

    rule: Rule


class _RectifiedByHand(autograd.Function):
    """r as it is. Backward: through what was written by hand; under a rule, straight to u, by the
    derivative f'(u) = r / u.
    """

    @staticmethod
    def forward(ctx: Any, owner: Ruled, scale: float, u: Tensor, r: Tensor) -> Tensor:
        ctx.owner, ctx.scale = owner, scale
        ctx.derivative = u > 0
        if scale != 1 or bool(r[u < 0].any()):
            ctx.derivative = (r / u).where(u != 0, torch.zeros_like(u))
        return r.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        (g,) = gradients
        if ctx.owner.rule == "standard":
            return None, None, None, g
        slope = ctx.scale if ctx.owner.rule == "deconvnet" else ctx.derivative
        return None, None, slope * g.clamp_min(0), None


SWITCH = "_RectifiedByHandBackward"  # the name of its nodes: u is what their third edge leads to


def scale_of(u: Tensor, r: Tensor, certain: bool = False) -> float | None:
    """c, where r is a rectifier of u; None where it is not.

    Slopes other than 1 and 0 are believed where there are several values of either sign, and a u
    of one sign only where it is `certain` otherwise that it is rectified.
    """
    u, r = u.detach(), r.detach()
    above, below = u > 0, u < 0
    up, down = int(above.sum()), int(below.sum())
    if not (up and down):
        plain = torch.equal(r[above], u[above]) and not bool(r[below].any())
        return 1.0 if certain and plain and up + down else None
    few = min(up, down) < _FEWEST
    c = _slope(u[above], r[above])
    if c is None or c <= 0 or (few and c != 1):
        return None
    if not bool(r[below].any()):
        return c
    s = None if few else _slope(u[below], r[below])
    if s is None:
        return c if not few and _slopes_by_channel(u, r, below, c) else None
    return c if abs(s) < c * 0.999 else None


def _slope(u: Tensor, r: Tensor) -> float | None:
    """The one factor between u and r, both (n,); None where there is none."""
    if torch.equal(u, r):
        return 1.0
    most = u.abs().argmax()
    slope = r[most] / u[most]
    return float(slope) if _close(r, slope * u) else None


def _close(r: Tensor, expected: Tensor) -> bool:
    numbers = torch.finfo(r.dtype)
    return bool(((r - expected).abs() <= _ULPS * (numbers.eps * r.abs() + numbers.tiny)).all())


def _slopes_by_channel(u: Tensor, r: Tensor, below: Tensor, c: float) -> bool:
    """Whether each channel, the second or the last dimension, has one slope below zero."""
    safe = torch.where(below, u, torch.ones_like(u))
    ratio = torch.where(below, r / safe, torch.full_like(u, torch.nan))
    for channels in {1, u.ndim - 1} if u.ndim > 1 else ():
        columns = ratio.movedim(channels, 0).flatten(1)
        slopes = columns.nan_to_num(-torch.inf).amax(1, keepdim=True)
        slopes = slopes.where(slopes.isfinite(), torch.zeros_like(slopes))
        expected = slopes * u.movedim(channels, 0).flatten(1)
        seen = below.movedim(channels, 0).flatten(1)
        fits = _close(r.movedim(channels, 0).flatten(1)[seen], expected[seen])
        if fits and bool((slopes.abs() < c).all()):
            return True
    return False


class Handwritten:
    """What a running network has looked at lately, and the rectifiers that came of it."""

    def __init__(self) -> None:
        self._looked: deque[tuple[Tensor, int]] = deque(maxlen=_LOOKED)
        self._patience = 0
        self._last: Tensor | None = None

    def forget(self) -> None:
        """Keep no value alive any longer."""
        self._looked.clear()
        self._last = None

    def is_new(self, u: Tensor) -> bool:
        """Whether a rectifier of u is another than the last one: what is written in several steps,
        as (x + x.abs()) / 2, is one after each of them.
        """
        last, self._last = self._last, u
        return last is not u

    def look(self, args: Iterable[Any]) -> None:
        """Remember the values that a function looks at."""
        for value in args:
            if isinstance(value, Tensor) and value.requires_grad and value.is_floating_point():
                self._looked.append((value, value._version))
                self._patience = _PATIENCE

    def is_possible(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether the result of a function that joins values may be a rectifier; at no cost for
        what ordinary networks multiply and add.
        """
        if self._looked:
            self._patience -= 1
            if self._patience < 0:
                self._looked.clear()
        if func in _ARITHMETIC and not self._looked:
            return func in _PRODUCTS and _is_masked(args)
        if func is Tensor.__setitem__:
            index = args[1] if isinstance(args[1], tuple) else (args[1],)
            return all(isinstance(part, Tensor) for part in index)
        if func in _FILLS:
            return not any(isinstance(value, (int, float)) and value != 0 for value in args)
        return True

    def source(
        self, result: Tensor, given: Iterable[Any], certain: bool = False
    ) -> tuple[Tensor, float] | None:
        """The u that a result is a rectifier of, among what a function was given and what was
        looked at before, and c.
        """
        looked = [value for value, version in self._looked if value._version == version]
        known = {id(value) for value in looked}
        seen: set[int] = set()
        for u in [*given, *looked]:
            if not (isinstance(u, Tensor) and u.requires_grad and u.shape == result.shape):
                continue
            if id(u) in seen or u is result or u.dtype != result.dtype:
                continue
            seen.add(id(u))
            c = scale_of(u, result, certain or id(u) in known)
            if c is not None:
                return u, c
        return None


def rectified_by_hand(owner: Ruled, scale: float, u: Tensor, r: Tensor) -> Tensor:
    """r with a node behind it that puts it under the owner's rule."""
    switched: Tensor = _RectifiedByHand.apply(owner, scale, u, r)  # type: ignore[no-untyped-call]
    return switched


def tensors_of(args: Iterable[Any]) -> Iterator[Tensor]:
    """The tensors among the arguments of a function."""
    return (value for value in args if isinstance(value, Tensor))


def writes(func: Function) -> bool:
    """Whether a function changes its first argument."""
    name = getattr(func, "__name__", "")
    return name == "__setitem__" or (name.endswith("_") and not name.endswith("__"))


_NO_WORK = frozenset(
    {
        "contiguous",
        "view",
        "view_as",
        "reshape",
        "detach",
        "clone",
        "empty",
        "empty_like",
        "__get__",
    }
)


def computes(func: Function) -> bool:
    """Whether a function is one of PyTorch's own that computes something."""
    name = getattr(func, "__name__", "")
    return name not in _NO_WORK and not isinstance(func, _CUSTOM)


def against_zero(args: Iterable[Any]) -> bool:
    """Whether one of the arguments of `maximum` is zero everywhere, and nothing to be learned."""
    return any(not t.requires_grad and not bool(t.any()) for t in tensors_of(args))


def _is_masked(args: tuple[Any, ...]) -> bool:
    """x · m with an m of x's shape that has no gradient."""
    if len(args) < 2 or not (isinstance(args[0], Tensor) and isinstance(args[1], Tensor)):
        return False
    one, other = args[0], args[1]
    return one.requires_grad != other.requires_grad and one.shape == other.shape


def _functions(names: str, *homes: Any) -> frozenset[Callable[..., Any]]:
    found = (getattr(home, name, None) for home in homes for name in names.split())
    return frozenset(function for function in found if function is not None)


_HOMES = (torch, Tensor, F)
_PRODUCTS = _functions("mul mul_ multiply multiply_", *_HOMES)
_ARITHMETIC = _PRODUCTS | _functions(
    "add add_ sub sub_ subtract subtract_ rsub __rsub__ div div_ divide divide_ true_divide "
    "true_divide_ addcmul addcmul_ lerp neg negative",
    *_HOMES,
)
LOOKS = _functions(
    "minimum min fmin gt gt_ ge lt le greater less greater_equal less_equal abs absolute sign sgn "
    "signbit heaviside neg negative clamp_max clamp_max_ square sqrt pow",
    *_HOMES,
)
_FILLS = _functions("where masked_fill masked_fill_", torch, Tensor)
LARGER = _functions("maximum max fmax", torch, Tensor)
JOINS = (
    _ARITHMETIC
    | LARGER
    | _functions(
        "where minimum min fmin masked_fill masked_fill_ masked_scatter masked_scatter_ index_put "
        "index_put_ __setitem__",
        torch,
        Tensor,
    )
)
# What is no rectifier, and is found where one may stand.
SMOOTH: dict[Function, str] = {
    function: title
    for name, title in {
        "gelu": "GELU", "silu": "SiLU", "silu_": "SiLU", "mish": "Mish", "mish_": "Mish",
        "elu": "ELU", "elu_": "ELU", "selu": "SELU", "selu_": "SELU", "celu": "CELU",
        "celu_": "CELU", "softplus": "softplus", "softsign": "softsign",
        "hardswish": "hard swish", "hardswish_": "hard swish",
        "tanh": "tanh", "tanh_": "tanh", "sigmoid": "sigmoid", "sigmoid_": "sigmoid",
        "erf": "erf", "logsigmoid": "log sigmoid",
    }.items()
    for function in _functions(name, torch, F, Tensor, torch._C._nn, torch.special)
}  # fmt: skip
# These are gates and scores as often as activations: counted on maps only.
GATES = frozenset({"tanh", "sigmoid", "erf"})
