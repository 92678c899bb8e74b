"""The autoencoders of latent diffusion models, wrapped as a VAE."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError
from xai_widgets.relabel.autoencoders.vae import VAE, check_pixels, padded


def from_diffusers(model: Any) -> VAE:
    """Wrap diffusers' `AutoencoderKL` or `AutoencoderTiny`; diffusers itself is not imported.

    Those work on pictures in [−1, 1]; ours are in [0, 1]. Their `scaling_factor` s and
    `shift_factor` b are applied as the diffusion models apply them, z = s (m − b), so that latents
    have about unit variance. Pictures whose sides are not multiples of the model's stride
    are padded below and to the right. `AutoencoderTiny` has no variance: its log-variance is 0
    everywhere, and noise scaled by it is plain noise. The model is not moved, and not written to;
    results have the dtype and device of the input.

    Raises ExplanationError for a model of another interface.
    Source: Rombach et al., 2022 (arXiv 2112.10752); the models' configurations in diffusers.
    """
    missing = [name for name in ("encode", "decode", "config") if not hasattr(model, name)]
    if missing:
        raise ExplanationError(
            f"model is a {type(model).__name__} without {', '.join(missing)}; expected diffusers' "
            "AutoencoderKL or AutoencoderTiny"
        )
    return _DiffusionVAE(model)


class _DiffusionVAE:
    def __init__(self, model: Any) -> None:
        self._model = model
        config = model.config
        self._scale = float(_setting(config, "scaling_factor") or 1.0)
        self._shift = float(_setting(config, "shift_factor") or 0.0)
        blocks = _setting(config, "encoder_block_out_channels", "block_out_channels")
        if blocks is None:
            raise ExplanationError(
                f"the configuration of {type(model).__name__} has no block_out_channels, which "
                "tell its stride; expected diffusers' AutoencoderKL or AutoencoderTiny"
            )
        self.stride = int(2 ** (len(blocks) - 1))
        self.channels = int(_setting(config, "in_channels") or 3)

    def encode(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        check_pixels(pixels, self.channels)
        encoded = self._model.encode(self._placed(2 * padded(pixels, self.stride) - 1))
        if hasattr(encoded, "latent_dist"):
            mean = (encoded.latent_dist.mean.to(pixels) - self._shift) * self._scale
            spread = encoded.latent_dist.logvar.to(pixels) + 2 * math.log(self._scale)
            return mean, spread
        mean = (encoded.latents.to(pixels) - self._shift) * self._scale
        return mean, torch.zeros_like(mean)

    def decode(self, latents: Tensor) -> Tensor:
        decoded = self._model.decode(self._placed(latents / self._scale + self._shift)).sample
        pixels: Tensor = ((decoded.to(latents) + 1) / 2).clamp(0, 1)
        return pixels

    def _placed(self, values: Tensor) -> Tensor:
        """On the model's device and of its type, such as half precision."""
        weights = self._model.parameters() if isinstance(self._model, nn.Module) else iter(())
        first = next(weights, None)
        return values if first is None else values.to(first)

    def __repr__(self) -> str:
        return f"from_diffusers({type(self._model).__name__})"


def _setting(config: Any, *names: str) -> Any:
    for name in names:
        value = config.get(name) if isinstance(config, dict) else getattr(config, name, None)
        if value is not None:
            return value
    return None
