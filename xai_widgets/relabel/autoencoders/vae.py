"""The protocol of variational autoencoders, encode and decode; their loss; and the autoencoders of
latent diffusion models, wrapped as one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError

Features = Callable[[Tensor], "Tensor | Sequence[Tensor]"]
Error = Literal["absolute", "squared"]


@runtime_checkable
class VAE(Protocol):
    """Pictures to a normal distribution over latents, and latents back to pictures.

    Pixels are display space, float32 (N, C, H, W) in [0, 1]. Latents are (N, d), one vector for a
    whole picture, or (N, c, h, w), a grid of them. Any object with these two methods will do.
    """

    def encode(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """The mean and the log-variance of the latents, each (N, d) or (N, c, h, w)."""
        ...

    def decode(self, latents: Tensor) -> Tensor:
        """The pictures of latents, in [0, 1]; as large as the padded ones where `encode` pads
        pictures below and to the right.
        """
        ...


def reconstruct(vae: VAE, pixels: Tensor) -> Tensor:
    """Pictures (N, C, H, W) by way of their latents' means: decode(mean(x)), at the same size."""
    mean, _ = vae.encode(pixels)
    return vae.decode(mean)[..., : pixels.shape[-2], : pixels.shape[-1]]


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(m, s²) ‖ N(0, 1)) = ½ Σ (m² + s² − 1 − log s²), in nats, of each picture: (N,).

    Source: Kingma and Welling, Auto-Encoding Variational Bayes, 2014, appendix B.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).flatten(1).sum(1)


@dataclass(frozen=True)
class VAELoss:
    """The loss of a batch and its parts."""

    total: Tensor
    error: Tensor
    features: Tensor
    divergence: Tensor


def vae_loss(
    vae: VAE,
    pixels: Tensor,
    noise: Callable[[Tensor], Tensor],
    *,
    beta: float,
    error: Error = "absolute",
    features: Features | None = None,
    feature_weight: float = 1.0,
) -> VAELoss:
    """mean |x − x̂| (or its square) + w · D(x, x̂) + β · KL / values, averaged over the batch.

    x̂ = decode(m + s ε), with ε what `noise` draws in the shape of m; KL = KL(N(m, s²) ‖ N(0, 1))
    in nats; values = C H W. So β is the scale of a Laplacian likelihood of one pixel value, or
    twice the variance of a normal one. D is the mean, over the tensors φ that `features` gives for
    a batch, of mean |φ(x) − φ(x̂)| / mean |φ(x)|: it keeps the features that a network sees in the
    picture.

    Source: Kingma and Welling, 2014; Higgins et al. (β), 2017; Johnson et al. (features), 2016.
    """
    height, width = pixels.shape[-2:]
    mean, log_variance = vae.encode(pixels)
    latents = mean + (0.5 * log_variance).exp() * noise(mean)
    decoded = vae.decode(latents)[..., :height, :width]
    difference = decoded - pixels
    distance = difference.abs().mean() if error == "absolute" else difference.square().mean()
    divergence = kl_divergence(mean, log_variance).mean()
    total = distance + beta * divergence / pixels[0].numel()
    apart = torch.zeros((), device=pixels.device)
    if features is not None:
        with torch.no_grad():
            wanted = _as_list(features(pixels))
        pairs = zip(wanted, _as_list(features(decoded)), strict=True)
        shares = [(a - b).abs().mean() / a.abs().mean().clamp(min=1e-6) for a, b in pairs]
        apart = torch.stack(shares).mean()
        total = total + feature_weight * apart
    return VAELoss(total, distance.detach(), apart.detach(), divergence.detach())


def _as_list(features: Tensor | Sequence[Tensor]) -> Sequence[Tensor]:
    return [features] if isinstance(features, Tensor) else features


def padded(pixels: Tensor, stride: int) -> Tensor:
    """Pictures whose sides are multiples of `stride`: the last row and column are repeated."""
    below, right = (-pixels.shape[-2]) % stride, (-pixels.shape[-1]) % stride
    return F.pad(pixels, (0, right, 0, below), mode="replicate") if below or right else pixels


def check_pixels(pixels: Tensor, channels: int) -> None:
    """Refuse anything but a float batch of pictures with so many channels."""
    if pixels.ndim != 4 or pixels.shape[1] != channels or 0 in pixels.shape:
        raise ExplanationError(
            f"pixels has shape {tuple(pixels.shape)}; expected (N, {channels}, height, width)"
        )
    if not pixels.is_floating_point():
        raise ExplanationError(
            f"pixels is {str(pixels.dtype).removeprefix('torch.')}; expected floating point in "
            "[0, 1]: divide by 255"
        )


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
            return mean, encoded.latent_dist.logvar.to(pixels) + 2 * math.log(self._scale)
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
