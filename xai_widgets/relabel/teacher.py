"""The teacher: a network asked about pictures that a VAE makes near one picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError
from xai_widgets.probe.guard import as_found, like_parameters, ordinary_modes
from xai_widgets.probe.network import Network
from xai_widgets.relabel.autoencoders.vae import VAE
from xai_widgets.targets import Target, logits_of, probabilities_of

Reference = Literal["image", "reconstruction"]
Detail = Literal["auto", "none", "kept", "faded"]

# Values of the pictures decoded at a time: on CPUs eight of 224 x 224 run quickest; of small ones,
# so many that what a call costs by itself is shared.
_VALUES = 8 * 3 * 224 * 224
_AT_ONCE = 128


@dataclass(frozen=True, eq=False)
class Answers:
    """What the network says of synthetic pictures (k of them).

    pixels: (k, C, H, W) in [0, 1]. margin: the log odds, at the temperature, of the target against
    its strongest rival, (k,) float64. label: the most probable class, (k,).
    """

    pixels: Tensor
    margin: Tensor
    label: Tensor


class Teacher:
    """A network, a VAE, and one picture between them.

    pixels: the picture, (1, C, H, W) in [0, 1]. mean, log_variance: of its latents.
    reconstruction: decode(mean), (1, C, H, W). label: the class whose keeping is asked for, the
    most probable of the image or of the reconstruction.

    detail: what becomes of what the VAE loses of the picture, x − decode(mean): "none", it is lost;
    "kept", every synthetic picture has it; "faded", it has as much of it at a place as the latents
    there were left alone. "auto" is faded on a grid of latents, else kept.

    Raises ExplanationError where the VAE cannot take the picture or gives back another size.
    """

    def __init__(
        self,
        network: Network,
        vae: VAE,
        pixels: Tensor,
        to_input: Callable[[Tensor], Tensor],
        target: Target,
        *,
        temperature: float,
        reference: Reference,
        detail: Detail,
    ) -> None:
        self.network, self.vae, self.target = network, vae, target
        self.pixels, self.temperature = pixels, temperature
        self._to_input = to_input
        self.mean, self.log_variance = self._encoded(pixels)
        if detail == "auto":
            detail = "faded" if self.mean.ndim == 4 else "kept"
        self.detail = detail
        self.reconstruction = self._decoded(self.mean)
        self._residual = pixels - self.reconstruction
        labels = self.ask(torch.cat([pixels, self.reconstruction])).label.tolist()
        self.image_label, self.reconstruction_label = (int(label) for label in labels)
        self.label = self.image_label if reference == "image" else self.reconstruction_label

    @property
    def asks_for_label(self) -> bool:
        """Whether the target is the reference label, so that "kept" is that the label stays."""
        return self.target.index == self.label

    @property
    def at_a_time(self) -> int:
        """How many synthetic pictures are best made and asked about together."""
        return max(1, min(_VALUES // self.pixels[0].numel(), _AT_ONCE))

    def synthetic(self, latents: Tensor, faded: Tensor | None = None) -> Answers:
        """Decode latents (k, ...) and ask the network; `faded` (k, 1, h, w) is how much each place
        was disturbed.
        """
        return self.ask(self.pictures(latents, faded))

    def pictures(self, latents: Tensor, faded: Tensor | None = None) -> Tensor:
        """Decoded latents, with as much of the detail that the VAE loses as is asked for."""
        decoded = self._decoded(latents)
        if self.detail == "none":
            return decoded
        residual = self._residual
        if self.detail == "faded" and faded is not None:
            size = (decoded.shape[-2], decoded.shape[-1])
            residual = residual * (1 - F.interpolate(faded, size=size, mode="bilinear"))
        return (decoded + residual).clamp_(0, 1)

    def ask(self, pixels: Tensor) -> Answers:
        """What the network says of pictures (k, C, H, W) in [0, 1]."""
        output = self.network.outputs(self._to_input(pixels))
        with ordinary_modes():
            if self.target.index is None:
                margin = self.target.score(output, batch=len(pixels)).double().cpu()
                return Answers(pixels, margin / self.temperature, self._labels(output, pixels))
            log_p = _log_probabilities(output, len(pixels)) / self.temperature
            index = min(self.target.index, log_p.shape[1] - 1)
            if len(log_p[0]) == 2 and logits_of(output, batch=len(pixels)).shape[1] == 1:
                index = 1  # a network of one logit answers "is it?"
            others = torch.cat([log_p[:, :index], log_p[:, index + 1 :]], dim=1)
            margin = log_p[:, index] - others.amax(1)
            return Answers(pixels, margin, self._labels(output, pixels))

    def cycle_error(self, latents: Tensor) -> float:
        """The root mean square by which the encoder disagrees with latents once decoded."""
        errors = [self._encoded(self._decoded(z[None]))[0] - z[None] for z in latents]
        return float(torch.cat(errors).square().mean().sqrt())

    def _labels(self, output: Any, pixels: Tensor) -> Tensor:
        try:
            logits = logits_of(output, batch=len(pixels))
        except ExplanationError:
            return torch.zeros(len(pixels), dtype=torch.int64)
        # One logit: class 0 where it says yes, as its target is called; −1 where it says no.
        return (
            logits.argmax(1).cpu() if logits.shape[1] > 1 else (logits[:, 0] > 0).long().cpu() - 1
        )

    def _encoded(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        with _vae_running(self.vae):
            try:
                mean, log_variance = self.vae.encode(self._placed(pixels))
            except RuntimeError as error:
                raise ExplanationError(
                    f"the VAE cannot encode a picture of shape {tuple(pixels.shape[1:])}: {error}"
                ) from error
        if mean.shape != log_variance.shape or mean.ndim not in (2, 4) or len(mean) != 1:
            raise ExplanationError(
                f"the VAE's encode gave {tuple(mean.shape)} and {tuple(log_variance.shape)}; "
                "expected mean and log variance, both (N, d) or (N, c, h, w)"
            )
        return mean.float(), log_variance.float()

    def _decoded(self, latents: Tensor) -> Tensor:
        with _vae_running(self.vae):
            decoded: Tensor = self.vae.decode(self._placed(latents))
        height, width = self.pixels.shape[-2:]
        decoded = decoded[..., :height, :width].float().clamp(0, 1)
        if decoded.shape[1:] != self.pixels.shape[1:]:
            raise ExplanationError(
                f"the VAE decodes to {tuple(decoded.shape[1:])}; expected pictures as large as the "
                f"network's, {tuple(self.pixels.shape[1:])}"
            )
        return decoded.to(self.pixels.device)

    def _placed(self, x: Tensor) -> Tensor:
        return like_parameters(x, self.vae) if isinstance(self.vae, nn.Module) else x


def _log_probabilities(output: Any, count: int) -> Tensor:
    """Log probabilities (N, classes) float64; of one logit, those of no and yes."""
    logits = logits_of(output, batch=count).double().cpu()
    if logits.shape[1] == 1:
        return torch.nn.functional.logsigmoid(torch.cat([-logits, logits], dim=1))
    probabilities = probabilities_of(logits)
    if torch.equal(probabilities, logits.float()):  # the network ends in a softmax of its own
        return logits.clamp_min(1e-12).log()
    return logits.log_softmax(1)


@contextmanager
def _vae_running(vae: VAE) -> Iterator[None]:
    """Run the VAE without gradients, in evaluation mode; afterwards it is as it was found."""
    if isinstance(vae, nn.Module):
        with as_found(vae), torch.no_grad():
            yield
    else:
        with ordinary_modes():
            yield
