"""A VAE that stops for a moment before it decodes, so that what is urgent can come first."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from xai_widgets.probe.guard import like_parameters
from xai_widgets.relabel.autoencoders.vae import VAE
from xai_widgets.relabel.teacher import _vae_running


class Pausing:
    """`vae`, with `pause(count)` called before so many latents are decoded; it may raise."""

    def __init__(self, vae: VAE, pause: Callable[[int], None]) -> None:
        self._vae, self._pause = vae, pause

    def encode(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """As the VAE's own."""
        with _vae_running(self._vae):
            return self._vae.encode(self._placed(pixels))

    def decode(self, latents: Tensor) -> Tensor:
        """As the VAE's own, after the pause."""
        self._pause(len(latents))
        with _vae_running(self._vae):
            return self._vae.decode(self._placed(latents))

    def _placed(self, x: Tensor) -> Tensor:
        return like_parameters(x, self._vae) if isinstance(self._vae, nn.Module) else x
