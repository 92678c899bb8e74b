"""Ground floor: which output of a network is explained, and what the network predicts.

Torch is imported on use: a finished explanation can be read without it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from xai_widgets.errors import ExplanationError, nearest

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "ClassScore",
    "Prediction",
    "Target",
    "TargetLike",
    "class_name",
    "logits_of",
    "probabilities_of",
    "resolve",
    "tensors_in",
]

_CALLABLE_HINT = (
    "For anything else pass a function of the output as target, which returns one number per "
    'picture, such as target=lambda output: output["out"][:, 15].mean((1, 2)).'
)


@dataclass(frozen=True)
class Target:
    """What is explained: class ``index`` of the logits, or ``function`` of the raw output."""

    index: int | None
    name: str
    # Left out of the hash: a function of the user's own may have none.
    function: Callable[[Any], Tensor] | None = field(default=None, hash=False)

    def score(self, output: Any, *, batch: int | None = None) -> Tensor:
        """Return the differentiable scalar per picture, (N,), that attributions are taken of.

        ``batch`` is the number of pictures, needed for networks that return (N,) (``logits_of``).

        For a class it is the logit, not the probability: a probability also rises when the
        evidence for other classes falls, and its gradient vanishes where the network is confident.
        """
        if self.function is None:
            assert self.index is not None
            return logits_of(output, batch=batch)[:, self.index]
        return _score_of(self.function, output, self.name)


# What a caller may write: a class index, a class name, a function of the output, or None (top-1).
TargetLike: TypeAlias = "int | str | Callable[[Any], Tensor] | Target | None"


@dataclass(frozen=True)
class ClassScore:
    """One class and the probability the network gives it."""

    index: int
    name: str
    probability: float


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the network predicts for one picture: ``probabilities`` (C,) float32."""

    probabilities: npt.NDArray[np.float32]
    class_names: Sequence[str] | None = None

    def top(self, k: int = 5) -> list[ClassScore]:
        """Return the ``k`` most probable classes, best first; ties keep the order of indices."""
        order = np.argsort(-self.probabilities, kind="stable")[: max(0, k)]
        count = len(self.probabilities)
        return [
            ClassScore(
                int(i), class_name(int(i), self.class_names, count), float(self.probabilities[i])
            )
            for i in order
        ]

    def __repr__(self) -> str:
        lines = [f"  {s.probability:6.1%}  {s.name} ({s.index})" for s in self.top(5)]
        return "\n".join([f"Prediction of {len(self.probabilities)} classes:", *lines])


def class_name(index: int, class_names: Sequence[str] | None, classes: int) -> str:
    """Return the name of class ``index`` of ``classes``, or ``"class 7"`` where there is none.

    A network of one logit (``classes`` 1) with two names answers "is it the second?".
    """
    if class_names is None:
        return f"class {index}"
    if classes == 1 and len(class_names) == 2:
        return class_names[1]
    return class_names[index] if index < len(class_names) else f"class {index}"


def logits_of(output: Any, *, batch: int | None = None) -> Tensor:
    """Return the logits (N, C) inside what a network returns.

    Understood: a tensor; a mapping, dataclass or named tuple with ``logits`` or ``out`` (Hugging
    Face, torchvision); otherwise the first floating (N, C) tensor of a tuple, list or mapping.
    (N, C, 1, 1) is flattened. A network of one number per picture may return (N,), when ``batch``
    says that N is the number of pictures, or when N is 1.

    Raises ``ExplanationError`` for anything else, such as the dense output of a segmentation.
    """
    tensor, place = _logit_tensor(output)
    if not tensor.is_floating_point():
        raise ExplanationError(
            f"the network's {place} holds {_words(tensor)}, and scores must be floating point: "
            f"class numbers have no gradient. {_CALLABLE_HINT}"
        )
    if tensor.ndim > 2 and all(n == 1 for n in tensor.shape[2:]):
        return tensor.flatten(1)
    if tensor.ndim == 1 and len(tensor) == (1 if batch is None else batch):
        return tensor[:, None]
    if tensor.ndim != 2 or tensor.shape[1] == 0:
        raise ExplanationError(
            f"the network's {place} is {_words(tensor)}, which is not one score per class and "
            f"picture: expected (N, C). {_CALLABLE_HINT}"
        )
    return tensor


def probabilities_of(logits: Tensor) -> Tensor:
    """Return probabilities (N, C) float32: softmax; sigmoid where C is 1.

    Rows that already are probabilities (none below 0, each sum 1 within 1e-3) stay as they are.
    """
    values = logits.float()
    if values.shape[1] == 1:
        return values.sigmoid()
    sums = values.sum(1)
    if bool((values >= 0).all()) and bool(((sums - 1).abs() < 1e-3).all()):
        return values
    return values.softmax(1)


def resolve(target: TargetLike, output: Any, class_names: Sequence[str] | None = None) -> Target:
    """Return the ``Target`` that ``target`` means for a network with this ``output``.

    None is the class with the highest logit of the first picture. A name is taken exactly, then
    ignoring case where that leaves one class. A function is called once, to check it. Raises
    ``ExplanationError`` for anything else.
    """
    if isinstance(target, Target):
        return target
    if callable(target):
        name = getattr(target, "__name__", type(target).__name__)
        resolved = Target(None, "custom target" if name == "<lambda>" else name, target)
        resolved.score(output)
        return resolved
    logits = logits_of(output)
    classes = logits.shape[1]
    if target is None:
        first = logits.detach()[0]
        if not bool(first.isfinite().all()):
            raise ExplanationError(
                "the network's output is not finite (NaN or infinity), so there is no top-1 class. "
                "Check the preprocessing and the weights."
            )
        index = int(first.argmax())
    elif isinstance(target, str):
        index = _index_of(target, class_names, classes)
    else:
        index = _checked_index(target, classes)
    return Target(index, class_name(index, class_names, classes))


def _index_of(name: str, class_names: Sequence[str] | None, classes: int) -> int:
    if class_names is None:
        raise ExplanationError(
            f"target is {name!r}, but the engine was given no class_names. Pass the index of the "
            f"class (0 to {classes - 1}), or give the engine class_names."
        )
    if classes == 1 and len(class_names) == 2:
        class_names = [class_names[1]]
    folded = name.casefold().strip()
    matches = [i for i, other in enumerate(class_names) if other == name] or [
        i for i, other in enumerate(class_names) if other.casefold().strip() == folded
    ]
    if len(matches) > 1:
        listed = ", ".join(f"{i} ({class_names[i]!r})" for i in matches)
        raise ExplanationError(
            f"target {name!r} is the name of several classes: {listed}. Pass the index instead."
        )
    if not matches:
        number = f" For the class of that number pass {folded}, not a text." * folded.isdecimal()
        raise ExplanationError(
            f"target is {name!r}, which is none of the {len(class_names)} class names."
            f"{number or nearest(name, class_names)}"
        )
    return _checked_index(matches[0], classes)


def _checked_index(target: Any, classes: int) -> int:
    expected = f"a class index (0 to {classes - 1}), a class name, a function of the output or None"
    if isinstance(target, (bool, np.bool_)):
        raise ExplanationError(f"target is {target!r}; expected {expected}.")
    try:
        index = operator.index(target)
    except (TypeError, ValueError):
        raise ExplanationError(
            f"target is {target!r} ({type(target).__name__}); expected {expected}."
        ) from None
    if not 0 <= index < classes:
        raise ExplanationError(
            f"target is {index}, but the network has {classes} classes: "
            f"expected 0 to {classes - 1}."
        )
    return index


def _score_of(function: Callable[[Any], Any], output: Any, name: str) -> Tensor:
    import torch

    score = function(output)
    what = f"the target function {name!r}"
    if not isinstance(score, torch.Tensor):
        raise ExplanationError(
            f"{what} returned {type(score).__name__}; expected a tensor with one number per "
            "picture, still tied to the network (no .item(), no numpy)."
        )
    tensors = list(tensors_in(output))
    batch = next((len(t) for t in tensors if t.ndim), 1)
    if score.ndim == 0 and batch == 1:
        score = score.reshape(1)
    if score.shape != (batch,) or not score.is_floating_point():
        raise ExplanationError(
            f"{what} returned {_words(score)} for {batch} picture(s); expected floating point "
            f"({batch},): one number per picture."
        )
    tied = any(t.requires_grad for t in tensors)
    if tied and torch.is_grad_enabled() and not score.requires_grad:
        raise ExplanationError(
            f"{what} returned a number that is cut off from the network, so it has no gradient: "
            "leave out detach(), argmax() and torch.no_grad()."
        )
    return score


def _logit_tensor(output: Any) -> tuple[Tensor, str]:
    """Return the tensor that holds the logits, and its place in the output, in words."""
    import torch

    if isinstance(output, torch.Tensor):
        return output, "output"
    for key in ("logits", "out"):
        held = output.get(key) if isinstance(output, Mapping) else getattr(output, key, None)
        if isinstance(held, torch.Tensor):
            return held, f"output {key!r}"
    tensors = list(tensors_in(output, depth=1))
    if not tensors:
        raise ExplanationError(
            f"the network returned {_kind(output)}, in which there are no logits: expected a "
            f"tensor (N, C), or one under the name logits or out. {_CALLABLE_HINT}"
        )
    fitting = [t for t in tensors if t.ndim == 2 and t.is_floating_point()]
    return (fitting or tensors)[0], f"output ({_kind(output)}, first tensor)"


def tensors_in(output: Any, depth: int = 8) -> Iterable[Tensor]:
    """Yield the tensors inside an output, in order, ``depth`` containers deep."""
    import torch

    if isinstance(output, torch.Tensor):
        yield output
        return
    if depth == 0:
        return
    if isinstance(output, Mapping):
        inner: Iterable[Any] = output.values()
    elif isinstance(output, (tuple, list)):
        inner = output
    elif is_dataclass(output) and not isinstance(output, type):
        inner = [getattr(output, field.name) for field in fields(output)]
    else:
        return
    for item in inner:
        yield from tensors_in(item, depth - 1)


def _kind(output: Any) -> str:
    keys = f" with {', '.join(map(str, output))}" if isinstance(output, Mapping) and output else ""
    return f"{type(output).__name__}{keys}"


def _words(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"
