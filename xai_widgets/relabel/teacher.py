"""The teacher: a network that labels the pictures a VAE makes near one picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError
from xai_widgets.interrupts import interruptible
from xai_widgets.probe.guard import as_found, like_parameters, ordinary_modes
from xai_widgets.probe.network import Network
from xai_widgets.relabel.autoencoders.vae import VAE
from xai_widgets.targets import Readout, Target

Reference = Literal["image", "reconstruction"]
Detail = Literal["auto", "none", "kept", "faded"]
Result = TypeVar("Result")

# Values of the pictures decoded at a time: on CPUs eight of 224 x 224 run quickest; small ones go
# by the hundred, so that the fixed cost of a call is shared.
_VALUES = 8 * 3 * 224 * 224
_AT_ONCE = 128


class Teacher:
    """A network that labels what a VAE makes near one picture.

    pixels: the picture, (1, C, H, W) in [0, 1]. mean, log_variance: of its latents.
    reconstruction: decode(mean), (1, C, H, W). label: the reference label, the most probable class
    of the image or of the reconstruction.

    detail: what happens to the detail that the VAE loses of the picture, x − decode(mean): "none",
    it stays lost; "kept", every synthetic picture has it; "faded", a picture has the less of it at
    a position the more the latents there are disturbed. "auto" is faded on a grid of latents, else
    kept.

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
        labels = self.classify(torch.cat([pixels, self.reconstruction]))[1].tolist()
        self.image_label, self.reconstruction_label = (int(label) for label in labels)
        self.label = self.image_label if reference == "image" else self.reconstruction_label

    @property
    def at_a_time(self) -> int:
        """How many synthetic pictures are best decoded and classified together."""
        return max(1, min(_VALUES // self.pixels[0].numel(), _AT_ONCE))

    def pictures(self, latents: Tensor, faded: Tensor | None = None) -> Tensor:
        """Decoded latents (k, ...), with as much of the detail that the VAE loses as `detail` says;
        `faded` (k, 1, h, w) is how much each position was disturbed.
        """
        decoded = self._decoded(latents)
        if self.detail == "none":
            return decoded
        residual = self._residual
        if self.detail == "faded" and faded is not None:
            size = (decoded.shape[-2], decoded.shape[-1])
            wide = F.interpolate(faded.to(residual), size=size, mode="bilinear")
            residual = residual * (1 - wide)
        return (decoded + residual).clamp_(0, 1)

    def classify(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """The network's answers for pictures (k, C, H, W) in [0, 1]: the log odds, at the
        temperature, of the target against its strongest rival, (k,) float64, and the most probable
        class, (k,).
        """
        output = self.network.outputs(self._to_input(pixels))
        with ordinary_modes():
            readout, index = self.network.readout, self.target.index
            label = _labels(readout, output, len(pixels), index)
            if index is None:
                margin = self.target.score(output, batch=len(pixels)).cpu().double()
                return margin / self.temperature, label
            log_p = readout.log_probabilities(readout.logits(output, len(pixels)).cpu())
            if readout.meaning(log_p.shape[1]) == "softmax":
                log_p = log_p / self.temperature
                others = torch.cat([log_p[:, :index], log_p[:, index + 1 :]], dim=1)
                return log_p[:, index] - others.amax(1), label
            # Of a class that is there or not, whatever the others are, the rival is its absence.
            own = log_p[:, index].clamp_max(-1e-12)
            return (own - torch.log(-torch.expm1(own))) / self.temperature, label

    def cycle_error(self, latents: Tensor) -> float:
        """The root mean square difference of latents and their encoding once decoded."""
        errors = [self._encoded(self._decoded(z[None]))[0] - z[None] for z in latents]
        return float(torch.cat(errors).square().mean().sqrt())

    def _encoded(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        try:
            mean, log_variance = _evaluated(self.vae, self.vae.encode, pixels)
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
        decoded = _evaluated(self.vae, self.vae.decode, latents)
        height, width = self.pixels.shape[-2:]
        decoded = decoded[..., :height, :width].float().clamp(0, 1)
        if decoded.shape[1:] != self.pixels.shape[1:]:
            raise ExplanationError(
                f"the VAE decodes to {tuple(decoded.shape[1:])}; expected pictures as large as the "
                f"network's, {tuple(self.pixels.shape[1:])}"
            )
        return decoded.to(self.pixels.device)


def _labels(readout: Readout, output: Any, count: int, index: int | None) -> Tensor:
    """The most probable classes (N,); 0 for an output that has none. Where classes do not exclude
    each other, the class `index` where it is more probable than not, else −1.

    Raises ExplanationError where the scores are no probabilities, so that there is no label.
    """
    try:
        logits = readout.logits(output, count)
    except ExplanationError:
        return torch.zeros(count, dtype=torch.int64, device="cpu")
    classes = logits.shape[1]
    if index is not None and readout.unit(classes) == "number":
        raise ExplanationError(
            "relabel_distillation asks whether pictures keep their class, and the engine's "
            "activation says that the network gives numbers of another kind; explain them by "
            "another method"
        )
    if index is None and classes == 1:
        return (logits[:, 0] > 0).long().cpu() - 1
    if index is None or (classes > 1 and readout.meaning(classes) == "softmax"):
        return logits.argmax(1).cpu()
    there = readout.of_logits(logits)[:, index] > 0.5
    return torch.where(there, index, -1).cpu()


def _evaluated(vae: VAE, method: Callable[[Tensor], Result], x: Tensor) -> Result:
    """The result of a method of the VAE in evaluation mode, without gradients, for x on its device
    and of its type. The VAE is left as it was found.
    """
    if isinstance(vae, nn.Module):
        with as_found(vae), torch.no_grad():
            return interruptible(method, like_parameters(x, vae))
    with ordinary_modes():
        return interruptible(method, x)


class InterruptibleVAE:
    """A VAE that calls `before_decoding(count)` before it decodes so many latents, so that more
    urgent work can come first; the call may raise.
    """

    def __init__(self, vae: VAE, before_decoding: Callable[[int], None]) -> None:
        self._vae, self._before_decoding = vae, before_decoding

    def encode(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """As the VAE's own."""
        return _evaluated(self._vae, self._vae.encode, pixels)

    def decode(self, latents: Tensor) -> Tensor:
        """As the VAE's own, after the call."""
        self._before_decoding(len(latents))
        return _evaluated(self._vae, self._vae.decode, latents)
