"""Losses on input gradients: that of interpretable gradients, and others of the same interface."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError
from xai_widgets.training.alignment import Sampling, distance_of, drawn_like, reference_of
from xai_widgets.training.passes import Terms, TrainingPass


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
    variances, as autograd does; "fixed" takes them for constants in g and r, so that each depends
    on its own picture alone, as in evaluation. generator: of
    the noise; None is the global one, as for dropout.

    Call ``.total.backward()`` on the result, as on any loss, once.

    A picture whose gradient vanishes counts as 0. Raises ExplanationError for unknown names, a
    compiled network, or one without rectifiers under a rule that changes them. Source: Torres
    Figueroa, Zhang, Sicre, Avrithis, Ayache 2024 (arXiv 2404.15024), reconstructed from the public
    description.
    """
    distance, refer = distance_of(error), reference_of(reference)
    sampling = Sampling(samples, sigma, steps, generator)

    def regularise(run: TrainingPass) -> Tensor:
        # First, so that the maps of the plain gradient are still in the cache when it is
        # differentiated.
        r = refer(run, sampling)
        return distance(run.gradient(create_graph=weight != 0), r)

    run = TrainingPass(model, inputs, targets, label_smoothing, statistics=statistics)
    return run.terms(weight, regularise)


def input_gradient_penalty(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    *,
    weight: float = 0.1,
    label_smoothing: float = 0.0,
) -> Terms:
    """L_C + λ · mean_i ‖∂L_C,i/∂x_i‖²: double backpropagation. Source: Drucker and LeCun 1992;
    Ross and Doshi-Velez 2018.
    """

    def regularise(run: TrainingPass) -> Tensor:
        return _power(run.gradient(create_graph=weight != 0))

    return TrainingPass(model, inputs, targets, label_smoothing).terms(weight, regularise)


def jacobian_regularization(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    *,
    weight: float = 0.01,
    projections: int = 1,
    label_smoothing: float = 0.0,
    generator: torch.Generator | None = None,
) -> Terms:
    """L_C + λ · mean_i ½ ‖∂z_i/∂x_i‖², z the C logits, estimated by C/n Σ ‖∂(v·z)/∂x‖² over n
    random directions v of length 1. Source: Hoffman, Roberts, Yaida 2019, algorithm 1.
    """
    if projections < 1:
        raise ExplanationError(f"projections={projections!r}; expected at least 1")

    def regularise(run: TrainingPass) -> Tensor:
        z = run.logits
        power = torch.zeros_like(run.losses)
        for _ in range(projections):
            v = F.normalize(drawn_like(z, generator, torch.randn), dim=1)
            power = power + _power(run.gradient((z * v).sum(1), create_graph=weight != 0))
        return 0.5 * z.shape[1] / projections * power

    return TrainingPass(model, inputs, targets, label_smoothing).terms(weight, regularise)


def right_for_the_right_reasons(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    masks: Tensor,
    *,
    weight: float = 1.0,
    label_smoothing: float = 0.0,
) -> Terms:
    """L_C + λ · mean_i Σ ((1 − m_i) ∂(Σ_k ln p_k)/∂x_i)²: nothing outside the mask should matter.
    Source: Ross, Hughes, Doshi-Velez 2017, equation 1.

    masks (N, H, W): 1, or True, where the network may look, such as `xw.demo.shapes` gives.
    Raises ExplanationError for masks that do not cover the inputs.
    """
    if masks.shape != (len(inputs), *inputs.shape[2:]):
        raise ExplanationError(
            f"masks are {tuple(masks.shape)} for inputs {tuple(inputs.shape)}; expected "
            f"{(len(inputs), *inputs.shape[2:])}"
        )

    def regularise(run: TrainingPass) -> Tensor:
        g = run.gradient(run.logits.log_softmax(1).sum(1), create_graph=weight != 0)
        return _power(g * (1 - masks[:, None].to(g)))

    return TrainingPass(model, inputs, targets, label_smoothing).terms(weight, regularise)


def saliency_guided(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    *,
    weight: float = 1.0,
    share: float = 0.5,
    label_smoothing: float = 0.0,
    generator: torch.Generator | None = None,
) -> Terms:
    """L_C + λ · mean_i KL(p(x_i) ‖ p(x̃_i)), with x̃ the picture whose `share` of values of
    smallest |∂L_C,i/∂x| are replaced by random ones of its range. Source: Ismail, Corrada Bravo,
    Feizi 2021, algorithm 1.

    The network is run twice; BatchNorm's running statistics are those of the pictures alone.
    Raises ExplanationError for a share outside 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ExplanationError(f"share={share!r}; expected 0 to 1")

    def regularise(run: TrainingPass) -> Tensor:
        x = run.inputs.detach().flatten(1)
        count = round(share * x.shape[1])
        order = run.gradient().flatten(1).abs().argsort(1)[:, :count]
        low, high = x.amin(1, keepdim=True), x.amax(1, keepdim=True)
        noise = low + (high - low) * drawn_like(x, generator, torch.rand)
        masked = x.scatter(1, order, noise.gather(1, order)).view_as(run.inputs)
        p, q = run.logits.log_softmax(1), run.logits_at(masked).log_softmax(1)
        return F.kl_div(q, p, reduction="none", log_target=True).sum(1)

    return TrainingPass(model, inputs, targets, label_smoothing).terms(weight, regularise)


def _power(gradient: Tensor) -> Tensor:
    return gradient.square().flatten(1).sum(1)
