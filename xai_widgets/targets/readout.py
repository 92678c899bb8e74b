"""Readout: how an engine reads what its network returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from xai_widgets.errors import ExplanationError
from xai_widgets.interrupts import deferred
from xai_widgets.targets.activation import (
    Activation,
    Applied,
    Met,
    Unit,
    applied_to,
    checked_activation,
)
from xai_widgets.targets.doubts import doubts
from xai_widgets.targets.names import nearest_cause
from xai_widgets.targets.outputs import (
    OutputLike,
    Place,
    check_output,
    chosen_part,
    locate,
    not_scores,
    rows_of,
    scores_in,
)
from xai_widgets.targets.parts import parts_of
from xai_widgets.targets.prediction import Prediction, class_name
from xai_widgets.targets.target import Target, TargetLike, checked_index, index_of, score_of

if TYPE_CHECKING:
    from torch import Tensor

_UNIT_OF_APPLIED: dict[Applied, str] = {
    "softmax": "softmax",
    "log_softmax": "softmax",
    "normalised": "softmax",
    "sigmoid": "sigmoid",
    "log_sigmoid": "sigmoid",
}
# What Hugging Face's configurations say of the task.
_PROBLEMS = {"multi_label_classification": "sigmoid", "regression": "identity"}


class Readout:
    """Reads the classes' scores, and their probabilities, from a network's raw output.

    output: which part holds the scores: a key, an index or a function of the raw output; None finds
    it where it is certain. activation: what makes probabilities of the scores, "softmax",
    "sigmoid", "identity" or a function (N, C) -> (N, C); None takes what the network itself ends
    with, else softmax, and sigmoid for a single score. class_names: by index; `named` says whether
    they were given for this network, and so have to fit. problem: the task in the words of a
    Hugging Face configuration, where the network has one.

    One pass of one picture teaches it, by `learn`, where the scores are and what the network has
    made of them; outputs for other numbers of pictures, and without a graph, are read accordingly.
    Raises ExplanationError for an output or activation that is neither of these.
    """

    def __init__(
        self,
        output: OutputLike = None,
        activation: Activation = None,
        class_names: Sequence[str] | None = None,
        *,
        named: bool = True,
        problem: str | None = None,
    ) -> None:
        check_output(output)
        self.output = output
        self.activation = checked_activation(activation)
        self.class_names = class_names
        self.named = named
        self.problem = problem
        self._place: Place | None = None
        self._applied: Applied | None = None
        self._kind: str | None = None  # of what a function of the user's own makes

    @property
    def learned(self) -> bool:
        """Whether a recorded pass has been seen."""
        return self._applied is not None

    def learn(self, raw: Any, batch: int, met: Met | None = None) -> None:
        """Take note of where the scores are in the output of a recorded pass, and of what the
        network has made of them. An output without scores teaches nothing.
        """
        if batch == 1:
            self._place = None
        try:
            scores = self.logits(raw, batch)
        except ExplanationError:
            return
        if self.names(scores.shape[1]) is None:
            self.class_names = None  # those of the weights are not this network's
        applied = applied_to(scores, met)
        if applied != "unseen" or self._applied is None:
            self._applied = applied
        if callable(self.activation):
            self._kind = self._kind_of(scores)

    def logits(self, raw: Any, batch: int | None = None) -> Tensor:
        """The scores (N, C) in a raw output for `batch` pictures.

        Raises ExplanationError where there are none, where it is not certain which they are, or
        where there are more or fewer than class names.
        """
        import torch

        names = None if self.class_names is None else len(self.class_names)
        rows = None
        if self.output is None:
            if self._place is not None:
                rows = self._place.read(raw, batch)
            if rows is None:
                place = locate(raw, batch, names)
                rows = place.read(raw, batch)
                if batch == 1:
                    self._place = place
        else:
            found = chosen_part(raw, self.output)
            if isinstance(found, torch.Tensor):
                rows = rows_of(found, batch) if found.is_floating_point() else None
            elif any(True for _ in parts_of(found)):
                rows = scores_in(found, batch, names)
            if rows is None:
                raise not_scores(found, self.output, batch)
        assert rows is not None
        self._check_names(rows.shape[1])
        return rows

    def names(self, classes: int) -> Sequence[str] | None:
        """The class names, where they are for a network of that many classes."""
        given = self.class_names
        fits = given is not None and len(given) in ((1, 2) if classes == 1 else (classes,))
        return given if fits or self.named else None

    def _check_names(self, classes: int) -> None:
        count = classes if self.class_names is None else len(self.class_names)
        if not self.named or count == classes or (classes == 1 and count == 2):
            return
        assert self.class_names is not None
        raise ExplanationError(
            f"class_names has {count} names, and the network gives {classes} "
            f"score{'s' * (classes != 1)} for each picture: expected one name for each."
            f"{nearest_cause(classes, self.class_names)}"
        )

    def probabilities(self, raw: Any, batch: int | None = None) -> Tensor:
        """What the scores in a raw output mean, (N, C) float32: probabilities, or the scores
        themselves where the activation is "identity".
        """
        return self.of_logits(self.logits(raw, batch))

    def of_logits(self, logits: Tensor) -> Tensor:
        """What scores (N, C) mean, float32."""
        import torch

        values = logits.float()
        if callable(self.activation):
            made = self.activation(logits)
            if not isinstance(made, torch.Tensor) or made.shape != logits.shape:
                what = tuple(made.shape) if isinstance(made, torch.Tensor) else type(made).__name__
                raise ExplanationError(
                    f"the activation function returned {what} for scores of shape "
                    f"{tuple(logits.shape)}; expected a tensor of the same shape"
                )
            return made.float()
        applied = self._applied if self._applied is not None else applied_to(logits)
        wanted = self._wanted(applied, values.shape[1])
        if wanted == "identity":
            return values
        if wanted == _UNIT_OF_APPLIED.get(applied):
            return values.exp() if applied.startswith("log_") else values
        if wanted == "sigmoid":
            return values.sigmoid()
        if values.shape[1] == 1:
            raise ExplanationError(
                'activation="softmax" over a single score is always 1; expected "sigmoid" for a '
                'yes-or-no question, or "identity" for a quantity'
            )
        return values.softmax(1)

    def log_probabilities(self, logits: Tensor) -> Tensor:
        """The logarithms of what scores (N, C) mean, (N, C) float64; for probabilities only."""
        import torch

        values, applied = logits.double(), self._applied or "plain"
        wanted = self.meaning(values.shape[1])
        if not callable(self.activation) and wanted != _UNIT_OF_APPLIED.get(applied):
            sigmoid = wanted == "sigmoid"
            return torch.nn.functional.logsigmoid(values) if sigmoid else values.log_softmax(1)
        if not callable(self.activation) and applied.startswith("log_"):
            return values
        return self.of_logits(logits).double().clamp_min(1e-12).log()

    def _wanted(self, applied: Applied, classes: int) -> str:
        if isinstance(self.activation, str):
            return self.activation
        if applied in _UNIT_OF_APPLIED:
            return _UNIT_OF_APPLIED[applied]
        if self.problem in _PROBLEMS:
            return _PROBLEMS[self.problem]
        return "sigmoid" if classes == 1 else "softmax"

    def meaning(self, classes: int) -> str:
        """The activation by name: "softmax", "sigmoid", "identity" or a function's own."""
        if callable(self.activation):
            return str(getattr(self.activation, "__name__", type(self.activation).__name__))
        return self._wanted(self._applied or "plain", classes)

    def unit(self, classes: int) -> Unit:
        """Whether the numbers shown are probabilities."""
        kind = self._kind if callable(self.activation) else self.meaning(classes)
        return "probability" if kind in ("softmax", "sigmoid") else "number"

    @property
    def ends_in(self) -> str | None:
        """What the network has applied itself, so that the score is no logit; else None."""
        return self._applied if self._applied in ("softmax", "sigmoid", "normalised") else None

    def warnings(self, probabilities: Tensor, scores: Tensor | None = None) -> tuple[str, ...]:
        """What has to be known of one picture's numbers (C,), made of these scores (C,), before
        they are believed.
        """
        classes = len(probabilities)
        guessed = self.activation is None and self.problem not in _PROBLEMS
        exclusive = self.meaning(classes) == "softmax"
        two = len(self.names(classes) or ()) == 2
        return doubts(
            probabilities, self._applied, guessed, exclusive=exclusive, two=two, scores=scores
        )

    def prediction(self, raw: Any, batch: int | None = None, item: int = 0) -> Prediction:
        """What the network says of one of the pictures."""
        scores = self.logits(raw, batch).detach()
        numbers = self.of_logits(scores)[item].cpu()
        classes = len(numbers)
        return Prediction(
            np.asarray(numbers.numpy(), dtype=np.float32),
            self.names(classes),
            activation=self.meaning(classes),
            unit=self.unit(classes),
            warnings=self.warnings(numbers, scores[item]),
        )

    def resolve(
        self, target: TargetLike, raw: Any, batch: int | None = None, item: int = 0
    ) -> Target:
        """The `Target` that ``target`` means for a network with this output, read by this readout.

        None is the class with the highest logit of picture ``item``. A name is taken exactly, then
        ignoring case where that leaves one class. A function is called once, to check it. Raises
        ``ExplanationError`` for anything else.
        """
        if isinstance(target, Target):
            if target.index is not None:
                checked_index(target.index, self.logits(raw, batch).shape[1])
            return replace(target, readout=self)
        if callable(target):
            name = getattr(target, "__name__", type(target).__name__)
            resolved = Target(None, "custom target" if name == "<lambda>" else name, target, self)
            score_of(target, raw, resolved.name, batch)
            return resolved
        logits = self.logits(raw, batch)
        classes = logits.shape[1]
        names = self.names(classes)
        if target is None:
            own = logits.detach()[item]
            if not bool(own.isfinite().all()):
                raise ExplanationError(
                    "the network's output is not finite (NaN or infinity), so there is no top-1 "
                    "class. Check the preprocessing and the weights."
                )
            index = int(own.argmax())
        elif isinstance(target, str):
            index = index_of(target, names, classes)
        else:
            index = checked_index(target, classes)
        return Target(index, class_name(index, names, classes), readout=self)

    def _kind_of(self, scores: Tensor) -> str | None:
        """Whether a function of the user's own makes probabilities, as its graph tells."""
        import torch

        with deferred(), torch.enable_grad():
            given = scores.detach().clone().requires_grad_(True)
            made = self.of_logits(given * 1.0)
        applied = applied_to(made) if made.grad_fn is not None else "plain"
        if applied == "plain" and made.equal(given.float()):
            return None
        return _UNIT_OF_APPLIED.get(applied)

    def options(self) -> dict[str, Any]:
        """What another engine over the same kind of network has to be given."""
        return {"output": self.output, "activation": self.activation}


def logits_of(output: Any, *, batch: int | None = None) -> Tensor:
    """Return the logits (N, C) inside what a network returns, as a `Readout` without names does.

    Raises ``ExplanationError`` for anything else, such as the dense output of a segmentation.
    """
    return Readout().logits(output, batch)


def probabilities_of(logits: Tensor) -> Tensor:
    """Return probabilities (N, C) float32: what the network itself ends with, else softmax; sigmoid
    where C is 1.
    """
    return Readout().of_logits(logits)


def resolve(
    target: TargetLike,
    output: Any,
    class_names: Sequence[str] | None = None,
    *,
    batch: int | None = None,
) -> Target:
    """Return the ``Target`` that ``target`` means for a network with this ``output``; see
    `Readout.resolve`.
    """
    if isinstance(target, Target):
        return target
    return Readout(class_names=class_names).resolve(target, output, batch)
