"""LatentExplorer: sliders through a latent space, and the network's answer."""
