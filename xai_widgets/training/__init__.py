"""Training networks whose plain input gradients are worth looking at.

    from xai_widgets.training import interpretable_gradient_loss

    terms = interpretable_gradient_loss(model, inputs, targets, weight=7.5e-3)
    terms.total.backward()  # in anybody's loop

Reconstructed from the public description of Torres Figueroa, Zhang, Sicre, Avrithis, Ayache 2024
(arXiv 2404.15024).
"""

from xai_widgets.training.loss import interpretable_gradient_loss
from xai_widgets.training.models import build
from xai_widgets.training.recipe import Recipe
from xai_widgets.training.relatives import (
    input_gradient_penalty,
    jacobian_regularization,
    right_for_the_right_reasons,
    saliency_guided,
)
from xai_widgets.training.report import Report
from xai_widgets.training.terms import Terms
from xai_widgets.training.trainer import Trainer

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
