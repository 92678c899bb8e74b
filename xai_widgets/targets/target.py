"""Which number of a network's output is explained."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from xai_widgets.errors import ExplanationError, brief, nearest, readable
from xai_widgets.targets.outputs import scores_in
from xai_widgets.targets.parts import parts_of, shape_in_words

if TYPE_CHECKING:
    from torch import Tensor


class _Reads(Protocol):
    """What a target needs of a `Readout`."""

    def logits(self, raw: Any, batch: int | None = None) -> Tensor: ...


@dataclass(frozen=True)
class Target:
    """What is explained: class ``index`` of the logits, or ``function`` of the raw output.

    ``readout`` finds the logits in the raw output: an engine gives each target its own, and without
    one they are found as `outputs.locate` does.
    """

    index: int | None
    name: str
    # Left out of the hash: a function of the user's own may have none.
    function: Callable[[Any], Tensor] | None = field(default=None, hash=False)
    readout: _Reads | None = field(default=None, compare=False, repr=False)

    def score(self, output: Any, *, batch: int | None = None) -> Tensor:
        """Return the differentiable scalar per picture, (N,), that attributions are taken of.

        ``batch`` is the number of pictures, needed for networks that squeeze their output.

        For a class it is the logit, not the probability: a probability also rises when the
        evidence for other classes falls, and its gradient vanishes where the network is confident.
        """
        if self.function is not None:
            return score_of(self.function, output, self.name, batch)
        if self.index is None:
            raise ExplanationError(
                f"the target {self.name!r} was a function of the output, which is not kept when a "
                "result is saved; pass the function again as target="
            )
        if self.readout is None:
            return scores_in(output, batch)[:, self.index]
        return self.readout.logits(output, batch)[:, self.index]

    @property
    def alone(self) -> Target:
        """The target for inputs other than those of a recorded pass."""
        return self

    def of(self, item: int) -> Target:
        """The target of one picture of a recorded pass."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # A function may not be picklable, and a readout belongs to an engine of this process.
        return Target, (self.index, self.name)

    def __copy__(self) -> Target:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Target:
        return self


# What a caller may write: a class index, a class name, a function of the output, or None (top-1).
TargetLike: TypeAlias = "int | str | Callable[[Any], Tensor] | Target | None"


def index_of(name: str, class_names: Sequence[str] | None, classes: int) -> int:
    """The class of that name. Raises ExplanationError with the nearest spelling."""
    if class_names is None:
        raise ExplanationError(
            f"target is {name!r}, but the engine was given no class_names. Pass the index of the "
            f"class (0 to {classes - 1}), or give the engine class_names."
        )
    other = ""
    if classes == 1 and len(class_names) == 2:
        if name.casefold().strip() == class_names[0].casefold().strip():
            other = (
                f" The network gives one score, which is that of {class_names[1]!r}: explain that; "
                f"what counts against it counts for {class_names[0]!r}."
            )
        class_names = [class_names[1]]
    name = readable(name)  # as the class names are
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
            f"{number or other or nearest(name, class_names)}"
        )
    return checked_index(matches[0], classes)


def checked_index(target: Any, classes: int) -> int:
    """The index of a class. Raises ExplanationError for one that there is not."""
    expected = f"a class index (0 to {classes - 1}), a class name, a function of the output or None"
    if isinstance(target, (bool, np.bool_)):
        raise ExplanationError(f"target is {target!r}; expected {expected}.")
    try:
        index = operator.index(target)
    except (TypeError, ValueError):
        kind = "" if hasattr(target, "shape") else f" ({type(target).__name__})"
        raise ExplanationError(
            f"target is {brief(target)}{kind}; expected {expected}.{_vector(target, classes)}"
        ) from None
    if not 0 <= index < classes:
        raise ExplanationError(
            f"target is {index}, but the network has {classes} classes: "
            f"expected 0 to {classes - 1}."
        )
    return index


def _vector(target: Any, classes: int) -> str:
    """What to pass instead of one number for each class, or of several classes."""
    try:
        values = np.asarray(target, dtype=np.float64).ravel()
    except (TypeError, ValueError):
        return ""
    if values.size < 2:
        return ""
    if values.size == classes and np.count_nonzero(values) == 1 and values.max() == 1:
        return f" This is one-hot: pass the index {int(values.argmax())}."
    return " For several classes call it once for each, or use explain_batch(targets=[...])."


def score_of(
    function: Callable[[Any], Any], output: Any, name: str, batch: int | None = None
) -> Tensor:
    """A target function's score (N,) of a raw output, checked.

    Raises ExplanationError for anything but one differentiable number per picture.
    """
    import torch

    what = f"the target function {name!r}"
    try:
        score = function(output)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ExplanationError(
            f"{what} failed on the network's output, {brief(output)}: {type(error).__name__}: "
            f"{error}"
        ) from error
    if not isinstance(score, torch.Tensor):
        raise ExplanationError(
            f"{what} returned {type(score).__name__}; expected a tensor with one number per "
            "picture, still tied to the network (no .item(), no numpy)."
        )
    tensors = [part.tensor for part in parts_of(output)]
    if batch is None:
        batch = next((len(t) for t in tensors if t.ndim), 1)
    if score.ndim == 0 and batch == 1:
        score = score.reshape(1)
    if score.shape != (batch,) or not score.is_floating_point():
        raise ExplanationError(
            f"{what} returned {shape_in_words(score)} for {batch} picture(s); expected floating "
            f"point ({batch},): one number per picture."
        )
    tied = any(t.requires_grad for t in tensors)
    if tied and torch.is_grad_enabled() and not score.requires_grad:
        raise ExplanationError(
            f"{what} returned a number that is cut off from the network, so it has no gradient: "
            "leave out detach(), argmax() and torch.no_grad()."
        )
    return score
