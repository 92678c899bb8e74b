"""What is known of a training after a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Report:
    """One step of a training.

    `epoch` counts from 0, `step` from 1 to `steps` within it. `terms` are the parts of this step's
    loss: "total", "classification" and, where there is one, "regularization". `accuracy` is that
    on the epoch's training pictures so far, as they were when they were seen. At an epoch's end,
    `test_accuracy` is that on the test pictures, and `cosine` the mean cosine between plain and
    guided gradient on some of them; None before.
    """

    epoch: int
    step: int
    steps: int
    terms: Mapping[str, float]
    learning_rate: float
    accuracy: float | None = None
    test_accuracy: float | None = None
    cosine: float | None = None

    @property
    def ends_epoch(self) -> bool:
        """Whether this is the epoch's last step."""
        return self.step == self.steps

    def __str__(self) -> str:
        terms = ", ".join(f"{name} {value:.4f}" for name, value in self.terms.items())
        known = {"accuracy": self.accuracy, "test accuracy": self.test_accuracy,
                 "cosine": self.cosine}  # fmt: skip
        rest = "".join(f" · {name} {v:.3f}" for name, v in known.items() if v is not None)
        return f"epoch {self.epoch + 1}, step {self.step} of {self.steps} · {terms}{rest}"
