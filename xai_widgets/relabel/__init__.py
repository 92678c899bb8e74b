"""Re-label distillation, and the variational autoencoders that make its synthetic pictures.

    import xai_widgets as xw

    distillation = xw.relabel.RelabelDistillation(engine, vae, samples=1000)
    explanation = distillation.explain("cat.jpg")
    print(explanation.sentence, *explanation.warnings)

    xw.relabel.bind(engine, vae)  # from now on a method like any other
    engine.explain("cat.jpg", "relabel_distillation")

Reconstructed from the public description of Hua, Ge, Zhang 2021 (arXiv 2409.13137).
"""

import warnings
from typing import Any

from xai_widgets.relabel.autoencoders.fitting import FitStep, fit_vae, stream_fit_vae
from xai_widgets.relabel.autoencoders.networks import (
    ConvolutionalVAE,
    SpatialVAE,
    load_vae,
    save_vae,
)
from xai_widgets.relabel.autoencoders.vae import (
    VAE,
    from_diffusers,
    kl_divergence,
    reconstruct,
    vae_loss,
)
from xai_widgets.relabel.distillation import RelabelDistillation, RelabelProgress, bind
from xai_widgets.relabel.explanation import (
    Counterfactual,
    Directions,
    Exemplars,
    RelabelExplanation,
    rank_stability,
)
from xai_widgets.relabel.surrogate import DistillationOptions

__all__ = [
    "VAE",
    "ConvolutionalVAE",
    "Counterfactual",
    "Directions",
    "DistillationOptions",
    "Exemplars",
    "FitStep",
    "RelabelDistillation",
    "RelabelExplanation",
    "RelabelProgress",
    "SpatialVAE",
    "bind",
    "fit_vae",
    "from_diffusers",
    "kl_divergence",
    "load_vae",
    "rank_stability",
    "reconstruct",
    "save_vae",
    "stream_fit_vae",
    "vae_loss",
]

_RENAMED = {"FitProgress": FitStep, "Recipe": DistillationOptions}


def __getattr__(name: str) -> Any:
    if name not in _RENAMED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    new = _RENAMED[name]
    warnings.warn(f"relabel.{name} is now {new.__name__}", DeprecationWarning, stacklevel=2)
    return new


def __dir__() -> list[str]:
    return sorted(__all__)
