"""A target of its own for each picture of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from xai_widgets.targets.target import Target

if TYPE_CHECKING:
    from torch import Tensor


class SeparateError(Exception):
    """What is asked needs one target, so each picture of the batch has to be explained alone."""


class JointTarget(Target):
    """Picture i of a recorded pass is explained for ``members[i]``.

    Its score is that of each picture's own member, so one backward of their sum gives every
    picture's own gradient. Whatever needs one target for inputs other than those of the pass raises
    SeparateError.
    """

    members: tuple[Target, ...]

    def __init__(self, members: Sequence[Target]) -> None:
        object.__setattr__(self, "members", tuple(members))
        object.__setattr__(self, "name", "each picture's own target")
        object.__setattr__(self, "readout", members[0].readout)

    @property
    def index(self) -> NoReturn:
        raise SeparateError

    @property
    def function(self) -> NoReturn:
        raise SeparateError

    @property
    def alone(self) -> NoReturn:
        raise SeparateError

    def of(self, item: int) -> Target:
        return self.members[item]

    def score(self, output: Any, *, batch: int | None = None) -> Tensor:
        """Return each picture's score for its own member, (N,)."""
        import torch

        if batch != len(self.members):
            raise SeparateError
        indices = [member.index for member in self.members]
        if self.readout is not None and all(index is not None for index in indices):
            logits = self.readout.logits(output, batch)
            return logits[list(range(batch)), indices]
        scores = {member: member.score(output, batch=batch) for member in set(self.members)}
        return torch.stack([scores[member][i] for i, member in enumerate(self.members)])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JointTarget) and self.members == other.members

    def __hash__(self) -> int:
        return hash(self.members)


def joint(targets: Sequence[Target]) -> Target:
    """One target for a batch whose pictures have these: the same, or each its own."""
    return targets[0] if len(set(targets)) == 1 else JointTarget(targets)
