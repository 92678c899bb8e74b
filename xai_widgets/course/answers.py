"""What exercises are judged with: is it there, has it the form, is it right, and if not, which of
the typical mistakes is it? Each raises `Wrong` with hints in steps, or `NotYet`.
"""

from __future__ import annotations

import dis
import inspect
import math
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from xai_widgets.attribution import Attribution
from xai_widgets.course.registry import NotYet, Wrong
from xai_widgets.errors import a_kind, brief, nearest

__all__ = ["alike", "array", "call", "choice", "function", "is_open", "number", "same", "shaped"]

Floats = npt.NDArray[np.float64]
# Words of an error that PyTorch or Python raise, and what to do.
_ERRORS = {
    "spatial dimensions": "interpolate wants (batch, channel, height, width): cam[None, None].",
    "must match the size": "Two tensors do not fit. Has one an axis too few (keepdim=True, or "
    "[:, None, None], keeps it), or a size that you have written down? Sizes are those of what the "
    "function is given: .shape.",
    "could not be broadcast": "Two arrays do not fit: print shapes. keepdims=True keeps axes.",
    "Boolean value of Tensor": "Python's max, min and if want one number. torch has relu, clamp "
    "and where.",
    "truth value of an array": "Python's max, min and if want one number. NumPy has maximum, clip "
    "and where.",
    "Can't call numpy()": ".detach() first, then .numpy().",
    "Tensors does not require grad": "What you differentiate by is cut off from the score. A "
    "picture wants x.requires_grad_() before the forward pass. A layer's output has to be kept as "
    "it is: .detach() is for what you return.",
    "to not have been used": "The score was not computed from that tensor. Keep the very one that "
    "goes on through the network, not a copy.",
    "can't retain_grad": "That tensor is cut off from the score: was it detached, or computed "
    "under no_grad?",
    "does not require grad": "Nothing was told to be differentiated: x.requires_grad_() before the "
    "forward pass, and no torch.no_grad() around it.",
    "graph a second time": "The graph is used up: retain_graph=True, or a new forward pass.",
    "leaf variable": "Work on a copy of your own: x.detach().clone().",
    "leaf Variable": "Work on a copy of your own: x.detach().clone().",
    "floating point": "Bytes have no gradients: .float() first.",
    "'NoneType' object": "Something is None: .grad is, where nothing was differentiated, and for a "
    "layer's output without .retain_grad() before backward(). torch.autograd.grad(score, output) "
    "needs neither.",
    "out of bounds for dimension 0": "The first axis is the batch: y[0, target].",
    "list index out of range": "A list is shorter than you thought. Was it a hook that should have "
    "filled it? It runs when its layer does, in the network that the function is given.",
}
_ARRAYS = (np.ndarray, torch.Tensor)
# A wrong answer that is typical, and its hints.
Mistake = tuple[Any, ...]
_CLOSE = 1e-3  # of the largest value: float32 and another order of sums differ by less


def is_open(answer: object) -> bool:
    """Whether an answer is not there yet: None, `...`, or a list or dict that has one of these."""
    if answer is None or answer is ...:
        return True
    if isinstance(answer, Mapping):
        return any(is_open(value) for value in answer.values())
    return isinstance(answer, (list, tuple)) and any(is_open(value) for value in answer)


def number(
    answer: Any,
    right: float,
    mistakes: Sequence[Mistake] = (),
    *,
    tolerance: float = 1e-3,
    closeness: float | None = None,
    what: str = "a number",
) -> float:
    """The answer as a number, if it is right within `tolerance` (in its own units). closeness: the
    same for mistakes, where that is less.
    """
    given = _one_number(answer, what)
    if abs(given - right) <= tolerance:
        return given
    close = tolerance if closeness is None else closeness
    for wrong, *steps in mistakes:
        if abs(given - float(wrong)) <= close:
            raise Wrong(*steps)
    if abs(given / 100 - right) <= close:
        raise Wrong("That is in per cent. Give the share: 50 % is 0.5.")
    if abs(given + right) <= close:
        raise Wrong("The size is right, the sign is not.", "Which of the two is taken from which?")
    if abs(1 - given - right) <= close:
        raise Wrong("That is one minus the answer: you have counted the others.")
    if _rounded(given, right):
        raise Wrong(
            "Nearly: that looks rounded.", "Give more decimals, or the number as it was computed."
        )
    raise Wrong(
        f"{given:.4g} is too {'large' if given > right else 'small'}.",
        "Go through the sentence of the exercise word by word: what of what, over which pictures, "
        "with which unit?",
    )


def _rounded(given: float, right: float) -> bool:
    """Whether a number is the right one to 1, 2 or 3 decimals, and near enough to be meant so."""
    near = abs(given - right) <= 0.05 * abs(right)
    return near and any(abs(given - round(right, n)) <= 1e-6 * abs(right) for n in (1, 2, 3))


def _one_number(answer: Any, what: str) -> float:
    if hasattr(answer, "effect") and hasattr(answer, "control"):
        raise Wrong("That is the whole experiment. Its numbers are .effect and .control.")
    if isinstance(answer, str):
        raise Wrong(f"That is a text; expected {what}, without quotes.")
    if callable(answer) and not isinstance(answer, (np.ndarray, torch.Tensor)):
        raise Wrong(f"That is a function; expected {what}: call it.")
    try:
        values = _floats(answer)
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"That is {a_kind(answer)}; expected {what}.") from None
    if values.size != 1:
        raise Wrong(
            f"That is {values.size} numbers, {values.shape}; expected {what}.",
            "Take one of them, or their mean or sum: which does the exercise ask for?",
        )
    if _yes_or_no(answer):
        raise Wrong(f"That is {bool(values.reshape(()))}, a yes or no; expected {what}.")
    given = float(values.reshape(()))
    if not math.isfinite(given):
        raise Wrong(f"That is {given}. Did you divide by nothing, or take the logarithm of 0?")
    return given


def choice(answer: Any, right: str, because: Mapping[str, str | Sequence[str]]) -> str:
    """The answer as one of several words, if it is the right one. because: hints for the others."""
    options = sorted({right, *because})
    if isinstance(answer, (set, list, tuple)) and len(answer) == 1:
        (answer,) = answer
    given = str(answer).strip().strip(".()").casefold()
    named = {option.casefold(): option for option in options}
    if not isinstance(answer, str) or given not in named:
        listed = ", ".join(f'"{option}"' for option in options)
        near = nearest(answer, options) if isinstance(answer, str) else ""
        raise Wrong(f"Expected one of {listed}; got {brief(answer)}.{near}")
    if named[given] != right:
        steps = because[named[given]]
        raise Wrong(*([steps] if isinstance(steps, str) else steps))
    return right


def array(
    answer: Any, right: npt.ArrayLike, mistakes: Sequence[Mistake] = (), **options: Any
) -> Floats:
    """The answer as an array of numbers, if shape and values are right: `shaped`, then `same`.
    tell=False, where these numbers are the answer itself: no hint has one of them.
    """
    wanted = _floats(right)
    axes = options.pop("axes", "")
    for wrong, *steps in mistakes:  # a typical mistake may have another shape
        other = _floats(wrong)
        if other.shape != wanted.shape and _alike(_or_empty(answer), other):
            raise Wrong(*steps)
    given = shaped(answer, wanted.shape, axes)
    same(given, wanted, mistakes, **options)
    return given


def _or_empty(answer: Any) -> Floats:
    try:
        return _floats(answer)
    except (TypeError, ValueError, RuntimeError):
        return np.zeros(0)


def _yes_or_no(answer: Any) -> bool:
    """Whether these are True and False, which NumPy takes for 1 and 0."""
    if isinstance(answer, torch.Tensor):
        return answer.dtype == torch.bool
    return bool(np.asarray(answer).dtype == np.bool_)


def _floats(answer: Any) -> Floats:
    """Any array, tensor, attribution or list of numbers as float64. Raises Wrong for a list
    of texts and TypeError for one, which NumPy would read.
    """
    if isinstance(answer, Attribution):
        answer = answer.values
    if isinstance(answer, (list, tuple)) and any(isinstance(v, torch.Tensor) for v in answer):
        answer = [_floats(value) for value in answer]
    if isinstance(answer, torch.Tensor):
        answer = answer.detach().cpu().double().numpy()
    values = np.asarray(answer)
    if values.dtype.kind in "SU" and values.ndim:
        raise Wrong("There are texts among them; expected numbers, without quotes.")
    if values.dtype.kind in "SU":
        raise TypeError("a text")
    return values.astype(np.float64)


def shaped(answer: Any, shape: tuple[int, ...], axes: str = "") -> Floats:
    """The answer as an array of that shape. axes: what they are, in words."""
    wanted = f"{shape}{f', {axes}' if axes else ''}"
    if callable(answer) and not isinstance(answer, torch.Tensor):
        raise Wrong(f"That is a function; expected numbers of shape {wanted}: call it.")
    if isinstance(answer, tuple) and hasattr(answer, "indices"):
        raise Wrong(
            "That is a pair: torch's max over an axis gives values and their places.",
            "Take .values, or use amax.",
        )
    try:
        given = _floats(answer)
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(
            f"That is {a_kind(answer)}; expected an array or tensor of shape {wanted}."
        ) from None
    if given.shape != shape:
        raise Wrong(f"The shape is {given.shape}; expected {wanted}.", _other_shape(given, shape))
    if _yes_or_no(answer):
        raise Wrong("Those are True and False. Expected are numbers.")
    if not np.isfinite(given).all():
        raise Wrong("Some values are NaN or infinite.", "Look for a division by 0, or log of 0.")
    return given


def _other_shape(given: Floats, shape: tuple[int, ...]) -> str:
    if given.squeeze().shape == tuple(n for n in shape if n != 1):
        if given.ndim > len(shape):
            return "An axis of length 1 is left: take its only element, x[0]."
        return "An axis of length 1 is missing: x[None] puts one in front."
    if sorted(given.shape) == sorted(shape):
        return "The axes are all there, in another order: see permute or transpose."
    if given.ndim > len(shape):
        return "There is an axis too many: over which one do you have to sum, or choose?"
    if given.ndim < len(shape):
        return "There is an axis too few: over which one did you sum, without being asked?"
    return (
        "Look at the shape after every line: print(x.shape). Is a size written down that should "
        "come from what the function is given?"
    )


def same(
    given: Floats,
    right: Floats,
    mistakes: Sequence[Mistake] = (),
    *,
    tolerance: float = _CLOSE,
    tell: bool = True,
) -> None:
    """Whether two arrays of one shape have the same values, within `tolerance` of the largest; if
    not, which mistake explains it. tell: whether a hint may name a right value.
    """
    if _alike(given, right, tolerance):
        return
    for wrong, *steps in mistakes:
        if _alike(given, _floats(wrong), tolerance):
            raise Wrong(*steps)
    for wrong, *steps in _usual_mistakes(given, right):
        if _alike(given, wrong, tolerance):
            raise Wrong(*steps)
    far = np.abs(given - right).argmax()
    place = tuple(int(i) for i in np.unravel_index(far, right.shape))
    off = f"{given[place]:.4g} instead of {right[place]:.4g}"
    if not tell:
        off = f"{given[place]:.4g} is too {'large' if given[place] > right[place] else 'small'}"
    raise Wrong(
        "The shape is right, the values are not.", f"They are furthest off at {place}: {off}."
    )


def alike(answer: Any, right: npt.ArrayLike) -> bool:
    """Whether an answer has the right shape and values, where the hint is the judge's own."""
    return _alike(_or_empty(answer), _floats(right))


def _usual_mistakes(given: Floats, right: Floats) -> Iterable[Mistake]:
    yield -right, "Right but for the sign.", "Do you go up, or down? Of a score, or of a loss?"
    yield np.abs(right), "All your values are positive: is there an abs() that nobody asked for?"
    if right.ndim == 2 and right.shape[0] == right.shape[1]:
        yield right.T, "Rows and columns are exchanged.", "The first axis is the height."
    size = float((right * right).sum())
    factor = float((given * right).sum()) / size if size else 0.0
    if abs(factor) > 1e-12:
        yield (
            factor * right,
            (f"Right up to a factor: yours is {factor:.4g} times the answer."),
            "Mean or sum? Rescaled, where nobody asked for it?",
        )
    low, high = right.min(), right.max()
    if high > low:
        yield (
            (right - low) / (high - low),
            ("You have rescaled the values to 0 to 1."),
            "That throws away sign and size. Colours are the picture's business: leave it out.",
        )
    yield right + (given - right).mean(), "A constant was added to every value."


def _alike(a: Floats, b: Floats, tolerance: float = _CLOSE) -> bool:
    if a.shape != b.shape or not np.isfinite(a).all():
        return False
    largest = max(float(np.abs(b).max(initial=0)), 1e-12)
    return bool(np.abs(a - b).max(initial=0) <= tolerance * largest)


def function(answer: Any, usage: str) -> Callable[..., Any]:
    """The answer as a function. usage: how it is called, ``saliency(model, x, target)``."""
    if not callable(answer) or isinstance(answer, (torch.Tensor, type)):
        name = usage.partition("(")[0]
        raise Wrong(f"That is {a_kind(answer)}; expected the function {name} itself, uncalled.")
    made: Callable[..., Any] = answer
    return made


def call(answer: Any, usage: str, *given: Any) -> Any:
    """What the student's function returns for some arguments. Raises NotYet where that is nothing
    yet, and Wrong where it stops with an error, with the line, or changes what it was given.
    """
    made = function(answer, usage)
    before = [_floats(v).copy() if isinstance(v, _ARRAYS) else None for v in given]
    try:
        inspect.signature(made).bind(*given)
    except TypeError as error:
        raise Wrong(f"It cannot be called as {usage}: {error}.") from None
    except ValueError:  # some builtins have no signature
        pass
    try:
        result = made(*given)
    except Exception as error:
        inside = [f for f in traceback.extract_tb(error.__traceback__) if f.name == made.__name__]
        line = f", in its line {inside[-1].line!r}" if inside and inside[-1].line else ""
        raise Wrong(
            f"{usage} stopped with {type(error).__name__}: {brief(str(error), 200)}{line}.",
            next(
                (hint for words, hint in _ERRORS.items() if words in str(error)),
                "Call it yourself in a cell of its own, and print shapes on the way.",
            ),
        ) from None
    if result is None and not _is_stub(made):
        raise Wrong(f"{usage} returns nothing: its last line has to begin with return.")
    if result is None or _dots(result):
        raise NotYet
    names = usage.partition("(")[2].rstrip(")").split(", ")
    for name, value, old in zip(names, given, before, strict=False):
        if old is not None and not np.array_equal(_floats(value), old, equal_nan=True):
            raise Wrong(
                f"{usage} changes its own {name}: whoever calls it has lost what was in there.",
                "Make a new one: a * b in place of a *= b, abs() in place of abs_(); or begin with "
                "a copy, .clone() or .copy().",
            )
    return result


def _dots(result: Any) -> bool:
    return result is ... or (isinstance(result, tuple) and any(part is ... for part in result))


def _is_stub(made: Callable[..., Any]) -> bool:
    """Whether a function has no body yet: `...`, `pass`, or a docstring only."""
    code = getattr(made, "__code__", None)
    return code is not None and all(
        step.opname in ("RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE", "POP_TOP")
        for step in dis.get_instructions(code)
    )
