"""Re-label distillation, and the variational autoencoders it moves pictures through.

    import xai_widgets as xw

    distillation = xw.relabel.RelabelDistillation(engine, vae, samples=1000)
    found = distillation.explain("cat.jpg")
    print(found.sentence, *found.warnings)

    xw.relabel.bind(engine, vae)  # from now on a method like any other
    engine.explain("cat.jpg", "relabel_distillation")

Reconstructed from the public description of Hua, Ge, Zhang 2021 (arXiv 2409.13137).
"""

from xai_widgets.relabel.autoencoders.checkpoint import load_vae, save_vae
from xai_widgets.relabel.autoencoders.convolutional import ConvolutionalVAE
from xai_widgets.relabel.autoencoders.diffusion import from_diffusers
from xai_widgets.relabel.autoencoders.fitting import fit_vae, vae_loss
from xai_widgets.relabel.autoencoders.spatial import SpatialVAE
from xai_widgets.relabel.autoencoders.vae import VAE, kl_divergence, reconstruct
from xai_widgets.relabel.binding import bind
from xai_widgets.relabel.counterfactual import Counterfactual
from xai_widgets.relabel.directions import Directions
from xai_widgets.relabel.distillation import RelabelDistillation, RelabelProgress
from xai_widgets.relabel.explanation import Exemplars, RelabelExplanation
from xai_widgets.relabel.progress import FitProgress
from xai_widgets.relabel.recipe import Recipe
from xai_widgets.relabel.stability import rank_stability

__all__ = [
    "VAE",
    "ConvolutionalVAE",
    "Counterfactual",
    "Directions",
    "Exemplars",
    "FitProgress",
    "Recipe",
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
    "vae_loss",
]
