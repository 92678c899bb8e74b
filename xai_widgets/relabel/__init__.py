"""Re-label distillation, and the variational autoencoders it moves pictures through."""

from xai_widgets.relabel.vae import VAE

__all__ = ["VAE"]
