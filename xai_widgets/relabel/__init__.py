"""Re-label distillation, and the variational autoencoders it moves pictures through."""

from xai_widgets.relabel.checkpoint import load_vae, save_vae
from xai_widgets.relabel.convolutional_vae import ConvolutionalVAE
from xai_widgets.relabel.diffusion import from_diffusers
from xai_widgets.relabel.fitting import fit_vae, vae_loss
from xai_widgets.relabel.progress import FitProgress
from xai_widgets.relabel.spatial_vae import SpatialVAE
from xai_widgets.relabel.vae import VAE, kl_divergence, reconstruct

__all__ = [
    "VAE",
    "ConvolutionalVAE",
    "FitProgress",
    "SpatialVAE",
    "fit_vae",
    "from_diffusers",
    "kl_divergence",
    "load_vae",
    "reconstruct",
    "save_vae",
    "vae_loss",
]
