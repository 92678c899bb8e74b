"""How far a training was when its checkpoint was written, as its file says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xai_widgets.errors import ExplanationError, brief

_COUNTED = ("right", "pictures", "seconds")  # the sums that every epoch has
_MEASURED = ("epoch", "learning_rate", "accuracy", "test_accuracy", "seconds")  # after each


@dataclass(frozen=True)
class StoredProgress:
    """Whole epochs, steps of the next one, their sums so far, and what was measured after each
    epoch.
    """

    epoch: int
    step: int
    sums: dict[str, float]
    history: list[dict[str, float]]

    @classmethod
    def of(cls, stored: Mapping[str, Any], where: str, epochs: int, steps: int) -> StoredProgress:
        """The progress in a file, of a training of so many epochs with so many steps in each.

        Raises ExplanationError, which begins with `where`, such as '"a.safetensors"', for
        progress that no such training can have made.
        """
        epoch = _whole(stored, "epoch", where, epochs)
        step = _whole(stored, "step", where, steps - 1 if epoch < epochs else 0)
        sums, history = stored.get("sums"), stored.get("history")
        if not _numbers(sums, _COUNTED if step else ()) or bool(sums) != bool(step):
            raise ExplanationError(
                f"{where} is damaged: its sums over {step} steps are {brief(sums)}; expected a "
                "number for each of right, pictures, seconds and the terms of the loss"
            )
        if (
            not isinstance(history, list)
            or not all(_numbers(entry, _MEASURED) for entry in history)
            or [entry["epoch"] for entry in history] != list(range(epoch))
        ):
            raise ExplanationError(
                f"{where} is damaged: its history is {brief(history)}; expected the numbers of "
                f"{epoch} epochs"
            )
        assert isinstance(sums, dict)
        if step and not 0 <= sums["right"] <= sums["pictures"] > 0:
            raise ExplanationError(
                f"{where} is damaged: {brief(sums['right'])} of {brief(sums['pictures'])} pictures "
                "were right"
            )
        return cls(epoch, step, sums, history)


def _whole(stored: Mapping[str, Any], name: str, where: str, most: int) -> int:
    found = stored.get(name)
    if type(found) is not int or not 0 <= found <= most:
        raise ExplanationError(
            f"{where} is damaged: its {name} is {brief(found)}; expected a whole number from 0 to "
            f"{most}"
        )
    return found


def _numbers(found: Any, names: tuple[str, ...]) -> bool:
    """Whether it is an object of numbers, those of these names finite."""
    if not isinstance(found, dict) or any(type(v) not in (int, float) for v in found.values()):
        return False
    return all(name in found and math.isfinite(found[name]) for name in names)
