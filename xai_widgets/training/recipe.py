"""The recipe of a training: all the choices that its result depends on."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from xai_widgets.errors import ExplanationError, nearest
from xai_widgets.training.alignment import distance_of, reference_of
from xai_widgets.training.passes import fixed_of

Schedule = Literal["steps", "one_cycle"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a network is trained; the defaults are those of the CIFAR code of the paper's group.

    weight, error, reference, statistics: of `interpretable_gradient_loss`; a weight of 0 is the
    baseline arm, plain cross-entropy on the same batches. SGD with `momentum` and `weight_decay`;
    the rate falls by `gamma` at each of `milestones` (shares of all epochs) after `warm_up` epochs
    ("steps"), or rises over `warm_up` epochs and falls to zero along a cosine ("one_cycle").
    Pictures are padded by `crop` and cropped at random, mirrored half the time if `flip`, rotated
    by up to `rotation` degrees. shards: parts of a batch with BatchNorm statistics of their own,
    which may run in as many processes. seed: of the order of pictures, their augmentation, and
    dropout.
    """

    epochs: int = 200
    batch_size: int = 128
    weight: float = 7.5e-3
    error: str = "cosine"
    reference: str = "guided"
    statistics: str = "batch"
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    schedule: Schedule = "steps"
    milestones: tuple[float, ...] = (0.3, 0.6, 0.8)
    gamma: float = 0.2
    warm_up: float = 1.0
    label_smoothing: float = 0.0
    crop: int = 4
    flip: bool = True
    rotation: float = 15.0
    shards: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        distance_of(self.error)
        reference_of(self.reference)
        fixed_of(self.statistics)
        if self.schedule not in get_args(Schedule):
            raise ExplanationError(
                f"schedule={self.schedule!r}; expected one of {', '.join(get_args(Schedule))}."
                + nearest(self.schedule, get_args(Schedule))
            )
        for name in ("epochs", "batch_size", "shards"):
            if getattr(self, name) < 1:
                raise ExplanationError(f"{name}={getattr(self, name)!r}; expected at least 1")
        if self.batch_size % self.shards:
            raise ExplanationError(
                f"shards={self.shards} does not divide batch_size={self.batch_size}"
            )

    @classmethod
    def one_cycle(cls, epochs: int = 30, **options: Any) -> Recipe:
        """A shorter training: the rate rises over a tenth of the epochs, then falls to zero."""
        return cls(**{"epochs": epochs, "schedule": "one_cycle", "warm_up": epochs / 10, **options})

    def rate(self, step: int, steps: int) -> float:
        """The learning rate of step number `step` from 0, with `steps` in an epoch."""
        warm = self.warm_up * steps
        if step < warm:
            return self.learning_rate * (step + 1) / max(warm, 1.0)
        if self.schedule == "steps":
            passed = sum(step >= share * self.epochs * steps for share in self.milestones)
            return self.learning_rate * self.gamma**passed
        share = (step - warm) / max(self.epochs * steps - warm, 1.0)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))

    def plain(self) -> dict[str, Any]:
        """The recipe as JSON holds it."""
        return {**asdict(self), "milestones": list(self.milestones)}
