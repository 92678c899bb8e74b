"""Losses on input gradients: that of interpretable gradients, and others of the same interface.

Gradient alignment trains an input gradient g towards a reference r, a clearer version of it that is
held constant, by a distance between the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError, brief, check_choice
from xai_widgets.training.passes import Terms, TrainingPass

Distance = Callable[[Tensor, Tensor], Tensor]
# Where the network is certain, the gradient is rounding errors, or zero: its direction is noise.
_VANISHED = 1e-12


def cosine(g: Tensor, r: Tensor) -> Tensor:
    """1 − ⟨g, r⟩ / (‖g‖ ‖r‖); (N,) from (N, ...) twice."""
    return 1 - _sum(g * r) / _sum(g.square()).sqrt() / _sum(r.square()).sqrt()


def mae(g: Tensor, r: Tensor) -> Tensor:
    """mean |ĝ − r̂|, each gradient first scaled to a root mean square of 1.

    Unscaled gradients of a loss are so small that their difference, around 1e-5, and its square,
    around 1e-9, would do nothing beside the loss.
    """
    return (_unit_power(g) - _unit_power(r)).abs().mean(_values(g))


def mse(g: Tensor, r: Tensor) -> Tensor:
    """mean (ĝ − r̂)², scaled as in `mae`: 2 · (1 − cosine)."""
    return (_unit_power(g) - _unit_power(r)).square().mean(_values(g))


def histogram_intersection(g: Tensor, r: Tensor) -> Tensor:
    """1 − Σ min(|g| / Σ|g|, |r| / Σ|r|): the part of their magnitude that does not overlap."""
    return 1 - _sum(torch.minimum(_share(g), _share(r)))


DISTANCES: Mapping[str, Distance] = MappingProxyType(
    {f.__name__: f for f in (cosine, mae, mse, histogram_intersection)}
)


def _distance(name: str, g: Tensor, r: Tensor) -> Tensor:
    """The distance of that name between gradients (N, ...), 0 where either of them vanishes."""
    r = r.detach()
    sizes = torch.stack([v.detach().abs().amax(_values(v)) for v in (g, r)])
    usable = ((sizes > _VANISHED) & sizes.isfinite()).all(0)
    # Pictures left out are replaced before they are divided by: 0 · ∞ is not 0.
    kept = usable.view(-1, *[1] * (g.ndim - 1))
    g, r = torch.where(kept, g, 1.0), torch.where(kept, r, 1.0)
    return torch.where(usable, DISTANCES[name](g, r), 0.0)


# Over all axes but the first: flattening a map whose channels are innermost would be a copy.
def _values(v: Tensor) -> tuple[int, ...]:
    return tuple(range(1, v.ndim))


def _sum(v: Tensor, keepdim: bool = False) -> Tensor:
    return v.sum(_values(v), keepdim=keepdim)


def _unit_power(v: Tensor) -> Tensor:
    return v / v.square().mean(_values(v), keepdim=True).sqrt()


def _share(v: Tensor) -> Tensor:
    return v.abs() / _sum(v.abs(), keepdim=True)


@dataclass(frozen=True)
class Sampling:
    """The number of noisy pictures, or of points of a path, that a reference is the mean over."""

    samples: int = 4
    sigma: float = 0.15
    steps: int = 4
    generator: torch.Generator | None = None

    def __post_init__(self) -> None:
        for name in ("samples", "steps"):
            if getattr(self, name) < 1:
                raise ExplanationError(f"{name}={getattr(self, name)!r}; expected at least 1")
        if not self.sigma >= 0:
            raise ExplanationError(f"sigma={self.sigma!r}; expected 0 or more")


Reference = Callable[[TrainingPass, Sampling], Tensor]


def guided(run: TrainingPass, sampling: Sampling) -> Tensor:
    """The gradient by guided backpropagation. Source: Springenberg et al. 2015."""
    return run.gradient(rule="guided")


def deconvnet(run: TrainingPass, sampling: Sampling) -> Tensor:
    """The gradient by the deconvnet rule. Source: Zeiler and Fergus 2014."""
    return run.gradient(rule="deconvnet")


def smooth_grad(run: TrainingPass, sampling: Sampling) -> Tensor:
    """(1/n) Σ g(x + nᵢ), nᵢ ~ N(0, σ² (max x − min x)²). Source: Smilkov et al. 2017."""
    x = run.inputs.detach()
    flat = x.flatten(1)
    spread = (flat.amax(1) - flat.amin(1)).view(-1, *[1] * (x.ndim - 1)) * sampling.sigma
    total = torch.zeros_like(x)
    for _ in range(sampling.samples):
        total += run.gradient_at(x + spread * drawn_like(x, sampling.generator, torch.randn))
    return total / sampling.samples


def integrated_gradients(run: TrainingPass, sampling: Sampling) -> Tensor:
    """(1/n) Σ g(αᵢ x), αᵢ = (i − ½)/n: the mean gradient on the straight path from the network's
    own zero, before it is multiplied by x. Source: Sundararajan, Taly, Yan 2017.

    In evaluation mode: BatchNorm in training would undo the scaling by α.
    """
    x = run.inputs.detach()
    total = torch.zeros_like(x)
    for i in range(sampling.steps):
        total += run.gradient_at(x * ((i + 0.5) / sampling.steps), evaluating=True)
    return total / sampling.steps


REFERENCES: Mapping[str, Reference] = MappingProxyType(
    {f.__name__: f for f in (guided, deconvnet, smooth_grad, integrated_gradients)}
)


def drawn_like(x: Tensor, generator: torch.Generator | None, draw: Callable[..., Tensor]) -> Tensor:
    """Random numbers in the shape of x; from the global generator where none is given."""
    device = x.device if generator is None else generator.device
    return draw(x.shape, generator=generator, dtype=x.dtype, device=device).to(x.device)


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
    check_choice("error", error, DISTANCES)
    check_choice("reference", reference, REFERENCES)
    sampling = Sampling(samples, sigma, steps, generator)

    def regularise(run: TrainingPass) -> Tensor:
        # First, so that the maps of the plain gradient are still in the cache when it is
        # differentiated.
        r = REFERENCES[reference](run, sampling)
        return _distance(error, run.gradient(create_graph=weight != 0), r)

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
    run = TrainingPass(model, inputs, targets, label_smoothing)
    return run.terms(weight, lambda run: _power(run.gradient(create_graph=weight != 0)))


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
        raise ExplanationError(f"projections={brief(projections)}; expected at least 1")

    def regularise(run: TrainingPass) -> Tensor:
        z = run.logits
        power = run.inputs.new_zeros(len(z), dtype=z.dtype)
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
        raise ExplanationError(f"share={brief(share)}; expected 0 to 1")

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
