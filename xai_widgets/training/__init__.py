"""Training networks for interpretable input gradients.

    from xai_widgets.training import interpretable_gradient_loss

    terms = interpretable_gradient_loss(model, inputs, targets, weight=7.5e-3)
    terms.total.backward()  # in any training loop

Reconstructed from the public description of Torres Figueroa, Zhang, Sicre, Avrithis, Ayache 2024
(arXiv 2404.15024).
"""

from xai_widgets.training.losses import (
    input_gradient_penalty,
    interpretable_gradient_loss,
    jacobian_regularization,
    right_for_the_right_reasons,
    saliency_guided,
)
from xai_widgets.training.models import build
from xai_widgets.training.passes import Terms
from xai_widgets.training.reports import Report
from xai_widgets.training.trainer import Recipe, Trainer

__all__ = [
    "Recipe",
    "Report",
    "Terms",
    "Trainer",
    "build",
    "input_gradient_penalty",
    "interpretable_gradient_loss",
    "jacobian_regularization",
    "right_for_the_right_reasons",
    "saliency_guided",
]


def __dir__() -> list[str]:
    return sorted(__all__)
