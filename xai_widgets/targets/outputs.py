"""Where the classes' scores are in what a network returns, and how they lie there.

A network may return a tensor, or any nesting of tuples, lists, mappings and dataclasses. A part can
hold the scores if it is floating point and has one row per picture: (N, C), the same with axes of
length 1, or (C,) and () for one picture where the network squeezes. Which part does is taken for
certain where only one can, by the number of class names, or by the names `logits` and `out`;
otherwise it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from xai_widgets.errors import ExplanationError, brief, nearest
from xai_widgets.interrupts import deferred
from xai_widgets.targets.parts import (
    Part,
    Path,
    floating,
    items_of,
    kind_of,
    listed,
    parts_of,
    shape_in_words,
    step_into,
)

if TYPE_CHECKING:
    from torch import Tensor

# A key or an attribute, an index, a path of both, or a function of the raw output.
OutputLike: TypeAlias = "str | int | tuple[str | int, ...] | Callable[[Any], Any] | None"
Fitting: TypeAlias = "list[tuple[Part, Tensor]]"  # parts, and their rows (N, C)

CALLABLE_HINT = (
    "For anything else pass a function of the output as target, which returns one number per "
    'picture, such as target=lambda output: output["out"][:, 15].mean((1, 2)).'
)
_NAMES = ("logits", "out")  # of Hugging Face's and torchvision's outputs


@dataclass(frozen=True)
class Place:
    """Where the scores are: the way to them, and whether they lie there as (C, N)."""

    path: Path
    turned: bool = False

    def read(self, raw: Any, batch: int | None) -> Tensor | None:
        """The scores (N, C); None where there are none in this place."""
        import torch

        try:
            for key in self.path:
                raw = step_into(raw, key)
        except (KeyError, IndexError, TypeError, AttributeError):
            return None
        if not isinstance(raw, torch.Tensor) or not raw.is_floating_point():
            return None
        return rows_of(raw, batch, turned=self.turned)


def check_output(output: Any) -> None:
    """Raise ExplanationError for anything that cannot name a part of a raw output."""
    path = output if isinstance(output, tuple) else (output,)
    named = all(isinstance(key, (str, int)) and not isinstance(key, bool) for key in path)
    if output is not None and not callable(output) and not (named and path):
        raise ExplanationError(
            f"output={brief(output)} ({type(output).__name__}); "
            "expected a key, an index, or a function "
            'of what the network returns, such as output="logits" or output=1'
        )


def rows_of(tensor: Tensor, batch: int | None, *, turned: bool = False) -> Tensor | None:
    """One row of scores per picture, (N, C), out of a tensor; None for one that has none.

    `batch` is the number of pictures N. Axes of length 1 are left out; (C,) and () are what a
    network that squeezes gives for one picture, (N,) what it gives for several of one score each.
    Where N is not known, only (N, C, 1 ...) and (1,) are taken. `turned` reads (C, N).
    """
    if tensor.numel() == 0:
        return None
    if turned:
        fits = tensor.ndim == 2 and batch in (None, tensor.shape[1])
        return tensor.T if fits else None
    if tensor.ndim < 2:
        if batch is None:
            return tensor[:, None] if tuple(tensor.shape) == (1,) else None
        if batch == 1:
            return tensor.reshape(1, -1)
        return tensor[:, None] if tuple(tensor.shape) == (batch,) else None
    if batch is not None and tensor.shape[0] != batch:
        tensor = tensor.squeeze()
        if batch == 1 or tensor.ndim != 2 or tensor.shape[0] != batch:
            return None
    if sum(length > 1 for length in tensor.shape[1:]) > 1:
        return None
    return tensor.flatten(1)


def scores_in(raw: Any, batch: int | None = None, names: int | None = None) -> Tensor:
    """The classes' scores (N, C) in a raw output; arguments and errors are those of `locate`."""
    scores = locate(raw, batch, names).read(raw, batch)
    assert scores is not None  # that is where they were found
    return scores


def locate(raw: Any, batch: int | None, names: int | None) -> Place:
    """Where the classes' scores are in a raw output for `batch` pictures.

    names: how many class names there are. Raises ExplanationError, listing what was returned, where
    there are no scores or it is not certain which they are.
    """
    parts = list(parts_of(raw))
    if not parts:
        raise ExplanationError(
            f"the network returned {kind_of(raw)}, in which there are no logits: expected a "
            f"tensor (N, C), or one under the name logits or out. {CALLABLE_HINT}"
        )
    shown = [(part, rows_of(part.tensor, batch)) for part in parts if floating(part)]
    fitting = [(part, rows) for part, rows in shown if rows is not None]
    named = [part for part in parts if len(part.path) == 1 and part.path[0] in _NAMES]
    if named and not any(part in named for part, _ in fitting):
        fitting = []  # what is called the logits is something else: nothing else is taken for them
    if names is not None:
        exact = _of_classes(fitting, names)
        turned = [p for p in parts if batch is not None and tuple(p.tensor.shape) == (names, batch)]
        if not exact and len(turned) == 1 and floating(turned[0]):
            return Place(turned[0].path, turned=True)
        fitting = exact or fitting
    if not fitting:
        raise _no_scores(raw, parts, batch)
    chosen = _one_of(fitting)
    if len(chosen) > 1 or (not named and _ranked(*chosen[0], parts)):
        raise _which(raw, [part for part, _ in chosen], names)
    return Place(chosen[0][0].path)


def _of_classes(fitting: Fitting, names: int) -> Fitting:
    """Those with a score for each of the names, else those of one score for two names."""
    exact = [(part, rows) for part, rows in fitting if rows.shape[1] == names]
    return exact or [(p, rows) for p, rows in fitting if names == 2 and rows.shape[1] == 1]


def _one_of(fitting: Fitting) -> Fitting:
    """One where that is certain: by name, by having an axis for the pictures, or as what another is
    the softmax or sigmoid of.
    """
    for name in _NAMES:
        called = [(p, rows) for p, rows in fitting if p.path and p.path[-1] == name]
        if called:
            shortest = min(len(part.path) for part, _ in called)
            fitting = [(part, rows) for part, rows in called if len(part.path) == shortest]
            break
    most = max(min(part.tensor.ndim, 2) for part, _ in fitting)
    fitting = [(part, rows) for part, rows in fitting if min(part.tensor.ndim, 2) == most]
    if len(fitting) == 2:
        (_, a), (_, b) = fitting
        if _activated(a, b) != _activated(b, a):
            return [fitting[0] if _activated(a, b) else fitting[1]]
    return fitting


def _ranked(part: Part, rows: Tensor, parts: list[Part]) -> bool:
    """Whether scores are sorted, with their class numbers beside them, as `topk` gives them."""
    shape = part.tensor.shape
    numbers = any(p.tensor.shape == shape and not floating(p) for p in parts)
    falling = rows.shape[1] > 1 and bool((rows.detach().diff(dim=1) <= 0).all())
    return numbers and falling


def _activated(scores: Tensor, other: Tensor) -> bool:
    """Whether `other` is softmax, log-softmax or sigmoid of the scores."""
    import torch

    if scores.shape != other.shape:
        return False
    with deferred(), torch.no_grad():
        z, y = scores.detach().float(), other.detach().float()
        made = (z.softmax(1), z.log_softmax(1), z.sigmoid())
        return any(torch.allclose(y, one, rtol=1e-3, atol=1e-6) for one in made)


def chosen_part(raw: Any, output: OutputLike) -> Any:
    """What the engine's `output` means in a raw output.

    Raises ExplanationError, listing what was returned, for a key or index that is not there.
    """
    if callable(output):
        return output(raw)
    path = output if isinstance(output, tuple) else (output,)
    found = raw
    try:
        for key in path:
            found = step_into(found, key)
    except (KeyError, IndexError, TypeError, AttributeError):
        keys = [str(key) for key, _ in items_of(found)]
        raise ExplanationError(
            f"output={brief(output)}, but the network returned {listed(raw)}; expected one of "
            f"these places, or a function of the output.{nearest(path[-1], keys)}"
        ) from None
    return found


def not_scores(found: Any, output: OutputLike, batch: int | None) -> ExplanationError:
    """Why what `output` chose holds no scores, in words."""
    what = shape_in_words(found) if hasattr(found, "dtype") else kind_of(found)
    name = getattr(output, "__name__", repr(output)) if callable(output) else repr(output)
    pictures = "" if batch is None else f" for {batch} picture(s)"
    return ExplanationError(
        f"output={name} gives {what}{pictures}; expected a floating point tensor (N, C), one "
        "score per picture and class"
    )


def _no_scores(raw: Any, parts: list[Part], batch: int | None) -> ExplanationError:
    part = parts[0]
    where = f"output {part.path[-1]!r}" if part.path else "output"
    if len(parts) > 1:
        return ExplanationError(
            f"the network returned {listed(raw)}, of which nothing is one score per class and "
            f"picture: expected floating point (N, C). {CALLABLE_HINT}"
        )
    if not floating(part):
        return ExplanationError(
            f"the network's {where} holds {shape_in_words(part.tensor)}, and scores must be "
            f"floating point: class numbers have no gradient. {CALLABLE_HINT}"
        )
    pictures = "" if batch is None else f" for {batch} picture(s)"
    shape = tuple(part.tensor.shape)
    over = ""
    if batch is not None and len(shape) == 2 and shape[1] == batch:
        over = (
            " If these are (classes, pictures), pass Engine(..., output=lambda output: output.T), "
            "or class_names for all of them."
        )
    return ExplanationError(
        f"the network's {where} is {shape_in_words(part.tensor)}{pictures}, which is not one score "
        f"per class and picture: expected (N, C).{over} {CALLABLE_HINT}"
    )


def _which(raw: Any, parts: list[Part], names: int | None) -> ExplanationError:
    known = "without class_names" if names is None else f"with {names} class_names"
    if len(parts) == 1:
        return ExplanationError(
            f"the network returned {listed(raw)}: sorted scores with their class numbers beside "
            "them. Expected a score for every class in the order of the classes; return these from "
            "the network, or pass Engine(..., output=...), a function of the output that does so"
        )
    first = parts[-1].path
    example = first[0] if len(first) == 1 else first
    return ExplanationError(
        f"the network returned {listed(raw)}, and {known} it is not certain which are the scores "
        f"of the classes: {' or '.join(map(str, parts))}. Say which: "
        f"Engine(..., output={example!r}), a key, an index, or a function of the output"
    )
