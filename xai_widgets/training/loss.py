"""Training a network so that its plain input gradient resembles a clearer one."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xai_widgets.training.distances import distance_of
from xai_widgets.training.passes import TrainingPass
from xai_widgets.training.references import Sampling, reference_of
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
    statistics: str = "batch",
    samples: int = 4,
    sigma: float = 0.15,
    steps: int = 4,
    generator: torch.Generator | None = None,
) -> Terms:
    """L = L_C + λ · mean_i E(g_i, r_i): g_i = ∂L_C,i/∂x_i is the plain gradient of each picture's
    cross-entropy, r_i a clearer version of it held constant, and E = 1 − cosine.

    model: any classifier in training; it is run once. inputs (N, C, H, W); targets (N,) class
    numbers or (N, C) probabilities. weight: λ; with 0 the regularization is measured, not trained.
    error: "cosine"; "mae", "mse" of gradients scaled to one power; "histogram_intersection".
    reference: "guided", "deconvnet"; "smooth_grad", the mean over `samples` pictures under noise of
    `sigma` of their range; "integrated_gradients", that over `steps` points of the path from 0;
    both run the network again. statistics: "batch" differentiates through BatchNorm's means and
    variances, as autograd does; "fixed" takes them for constants in g and r, so that each is what
    the picture alone gives, as in evaluation, where gradients are looked at. generator: of
    noise; None is the generator of all, as for dropout.
    Call ``.total.backward()`` on what comes back, as on any loss; it can be done once.

    A picture whose gradient vanishes counts as 0. Raises ExplanationError for unknown names, a
    compiled network, or one without rectifiers under a rule that changes them. Source: Torres
    Figueroa, Zhang, Sicre, Avrithis, Ayache 2024 (arXiv 2404.15024), reconstructed from the public
    description.
    """
    distance, refer = distance_of(error), reference_of(reference)
    sampling = Sampling(samples, sigma, steps, generator)

    def regularise(run: TrainingPass) -> Tensor:
        # First, so that what the plain gradient leaves is still in the cache when it is derived.
        r = refer(run, sampling)
        return distance(run.gradient(create_graph=weight != 0), r)

    run = TrainingPass(model, inputs, targets, label_smoothing, statistics=statistics)
    return run.terms(weight, regularise)
