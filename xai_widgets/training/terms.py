"""What a loss is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class Terms:
    """The loss of a batch in its parts, each a number with its gradient.

    total = classification + weight · regularization is what to minimise; `regularization` is the
    mean over the batch, not yet weighted. `logits` (N, C) are the network's scores, detached.
    """

    total: Tensor
    classification: Tensor
    regularization: Tensor
    logits: Tensor

    def numbers(self) -> Mapping[str, float]:
        """The three terms as plain numbers."""
        return {
            "total": float(self.total.detach()),
            "classification": float(self.classification.detach()),
            "regularization": float(self.regularization.detach()),
        }
