"""Training a network so that its plain input gradient resembles a clearer one."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xai_widgets.probe.guard import ordinary_modes
from xai_widgets.training.distances import distance_of
from xai_widgets.training.passes import TrainingPass
from xai_widgets.training.references import reference_of
from xai_widgets.training.terms import Terms

__all__ = ["interpretable_gradient_loss"]


def interpretable_gradient_loss(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    *,
    weight: float = 7.5e-3,
    error: str = "cosine",
    reference: str = "guided",
    label_smoothing: float = 0.0,
) -> Terms:
    """L = L_C + λ · mean_i E(g_i, r_i), with g_i = ∂L_C,i/∂x_i the plain gradient of each
    picture's cross-entropy, r_i the same by guided backpropagation, held constant, and E = 1 −
    cosine.

    model: any classifier in training; it is run once. inputs (N, C, H, W); targets (N,) class
    numbers or (N, C) probabilities. weight: λ. error: "cosine", "mae", "mse" (the latter two of
    gradients scaled to one power) or "histogram_intersection". reference: "guided", "deconvnet".
    Call ``.total.backward()`` on what comes back, as on any loss.

    A picture whose gradient vanishes counts as 0. Raises ExplanationError for unknown names, a
    compiled network or one without rectifiers. Source: Torres Figueroa, Zhang, Sicre, Avrithis,
    Ayache 2024 (arXiv 2404.15024), reconstructed from the public description.
    """
    distance, refer = distance_of(error), reference_of(reference)
    run = TrainingPass(model, inputs, targets, label_smoothing)
    g = run.gradient(create_graph=weight != 0)
    r = refer(run)
    with ordinary_modes(), torch.enable_grad():
        regularization = distance(g, r).mean()
        classification = run.losses.mean()
        total = classification + weight * regularization if weight else classification
    return Terms(total, classification, regularization, run.logits.detach())
