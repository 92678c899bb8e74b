"""What has to be known of a network's numbers before they are believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xai_widgets.targets.activation import Applied

if TYPE_CHECKING:
    from torch import Tensor

_ONE_UNSEEN = (
    "It cannot be seen whether this network ends in a sigmoid; its output is taken for a logit. "
    'Otherwise pass Engine(..., activation="identity").'
)
_ONE = (
    "This network gives one number, which is taken for the logit of a yes-or-no question and put "
    "through a sigmoid. For a quantity, such as an age, pass "
    'Engine(..., activation="identity"); otherwise activation="sigmoid".'
)
_UNSEEN = (
    "It cannot be seen what this network ends with, and all of its output lies within 0 to 1; it "
    "is taken for logits and put through a softmax. If these are probabilities already, pass "
    'Engine(..., activation="identity").'
)
_LOPSIDED = (
    "All scores lie on one side of 0, as those of labels that may hold together often do (training "
    "with softmax keeps their mean near 0), and are put through a softmax all the same. "
    'If several labels may hold, pass Engine(..., activation="sigmoid"); otherwise "softmax".'
)
_MANY = 8  # scores of fewer classes lie to one side by chance


def doubts(
    probabilities: Tensor,
    applied: Applied | None,
    guessed: bool,
    *,
    exclusive: bool,
    two: bool,
    scores: Tensor | None = None,
) -> tuple[str, ...]:
    """Sentences about one picture's numbers (C,), and the scores (C,) they were made of. guessed:
    nobody said what they mean; exclusive: they are those of a softmax; two: there are two class
    names.
    """
    said: list[str] = []
    one = len(probabilities) == 1
    if guessed and applied == "unseen":
        said.append(_ONE_UNSEEN if one else _UNSEEN)
    elif guessed and one and not two and applied in ("plain", None):
        said.append(_ONE)
    if guessed and exclusive and applied == "plain" and scores is not None and _lopsided(scores):
        said.append(_LOPSIDED)
    total = float(probabilities.sum())
    if exclusive and not one and total > 1.01:
        said.append(
            f"The probabilities add up to {total:.3g}: the network's softmax is not over the "
            "classes (is its dim right?), or it is several side by side."
        )
    if not bool(probabilities.isfinite().all()):
        said.append("The network's output is not finite (NaN or infinity).")
    return tuple(said)


def _lopsided(scores: Tensor) -> bool:
    """Whether scores (C,) all lie on one side of 0, their mean more than their standard deviation
    away from it. The gradient of softmax's cross-entropy adds up to 0 over the classes, so that
    training leaves the mean about where it began.
    """
    if len(scores) < _MANY:
        return False
    values = scores.detach().float()
    one_sided = bool((values > 0).all()) or bool((values < 0).all())
    return one_sided and bool(values.mean().abs() > values.std())
