"""Training an autoencoder on anybody's pictures: live, interruptible, repeatable to the bit."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError, nearest
from xai_widgets.relabel.autoencoders.checkpoint import KINDS, read_training, write_training
from xai_widgets.relabel.autoencoders.convolutional import ConvolutionalVAE
from xai_widgets.relabel.autoencoders.spatial import SpatialVAE
from xai_widgets.relabel.autoencoders.vae import VAE, kl_divergence, reconstruct
from xai_widgets.relabel.pictures import Pictures
from xai_widgets.relabel.progress import FitProgress, preview_of, shown

__all__ = ["Features", "fit_vae", "vae_loss"]

Features = Callable[[Tensor], "Tensor | Sequence[Tensor]"]
Error = Literal["absolute", "squared"]
_LARGEST_WHOLE = 64  # pixels; larger pictures are given a latent for each place
_WARM_UP = 0.05  # of the steps
_LAST_RATE = 0.01  # of the learning rate
_CLIP = 1.0  # the gradient's largest norm
_ORDER, _CHANCE = 0, 1  # what a generator is for


@dataclass(frozen=True)
class Terms:
    """The loss of a batch, and what it is made of."""

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
) -> Terms:
    """mean |x − x̂| (or its square) + w · D(x, x̂) + β · KL / values, averaged over the batch.

    x̂ = decode(m + s ε), with ε what `noise` makes in the shape of m; KL = KL(N(m, s²) ‖ N(0, 1)) in
    nats; values = C H W. So β is the scale of a Laplacian likelihood of one pixel value, or twice
    the variance of a normal one. D is the mean, over the tensors φ that `features` gives for a
    batch, of mean |φ(x) − φ(x̂)| / mean |φ(x)|: it keeps what a network sees in the picture.

    Source: Kingma and Welling, 2014; Higgins et al. (β), 2017; Johnson et al. (features), 2016.
    """
    height, width = pixels.shape[-2:]
    mean, log_variance = vae.encode(pixels)
    latents = mean + (0.5 * log_variance).exp() * noise(mean)
    made = vae.decode(latents)[..., :height, :width]
    difference = made - pixels
    distance = difference.abs().mean() if error == "absolute" else difference.square().mean()
    divergence = kl_divergence(mean, log_variance).mean()
    total = distance + beta * divergence / pixels[0].numel()
    apart = torch.zeros((), device=pixels.device)
    if features is not None:
        with torch.no_grad():
            wanted = _several(features(pixels))
        pairs = zip(wanted, _several(features(made)), strict=True)
        apart = torch.stack(
            [(a - b).abs().mean() / a.abs().mean().clamp(min=1e-6) for a, b in pairs]
        ).mean()
        total = total + feature_weight * apart
    return Terms(total, distance.detach(), apart.detach(), divergence.detach())


def fit_vae(
    data: Any,
    *,
    vae: str | nn.Module | None = None,
    size: int | None = None,
    steps: int | None = None,
    epochs: float | None = None,
    batch_size: int = 16,
    learning_rate: float = 1e-3,
    beta: float = 0.01,
    error: Error = "absolute",
    features: Features | None = None,
    feature_weight: float = 1.0,
    seed: int = 0,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int = 200,
    progress: Callable[[FitProgress], object] | bool = True,
    preview: int = 8,
) -> Any:
    """Train a variational autoencoder on pictures; returns it in evaluation mode, frozen.

    `data` is a folder of pictures, an array of them, or a data set of pictures or (picture, label)
    pairs. `vae` is "convolutional" (one latent vector; whole pictures brought to `size`),
    "spatial" (a grid of latents; crops of `size` from anywhere, mirrored half the time), or a
    module of your own with `encode` and `decode`; left out, pictures up to 64 pixels get the first
    kind. AdamW takes `steps` steps, or as many as `epochs` (20 where neither is given) make, its
    rate warmed up and let down by a cosine. See `vae_loss` for what is minimised.

    `progress` is given each step's `FitProgress`, the first preview after a few steps; True shows
    it in a notebook's cell or a terminal, False nowhere. With `checkpoint`, a safetensors file is
    written every `checkpoint_every` steps, whole or not at all, and a training that was cut off
    goes on from it: on a CPU its weights end as those of one never interrupted, bit for bit, unless
    the data set itself draws random numbers. Everything random of step t comes from (`seed`, t).

    Raises ExplanationError for what cannot be trained on, or a checkpoint of another training.
    """
    pictures = Pictures(data)
    model, whole = _model(vae, pictures, size, seed)
    side = _side(model, size)
    channels = int(getattr(model, "channels", pictures.channels))
    total = _steps(steps, epochs, len(pictures), batch_size)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if not trained:
        model.requires_grad_(True)
        trained = list(model.parameters())
    optimizer = torch.optim.AdamW(trained, lr=learning_rate)
    path = None if checkpoint is None else Path(checkpoint)
    asked = {"steps": total, "batch_size": batch_size, "learning_rate": learning_rate,
             "beta": beta, "error": error, "feature_weight": feature_weight, "seed": seed,
             "size": side, "pictures": pictures.fingerprint()}  # fmt: skip
    done, before = 0, 0.0
    if path is not None and path.exists():
        state = read_training(path, model, optimizer, asked)
        done, before = state["step"], state["seconds"]

    def batch(step: int) -> tuple[Tensor, np.random.Generator]:
        chance = np.random.default_rng([seed, _CHANCE, step])
        places = range(step * batch_size, (step + 1) * batch_size)
        chosen = [int(order(place // len(pictures))[place % len(pictures)]) for place in places]
        if whole:
            return pictures.whole(chosen, side, channels), chance
        return pictures.crops(chosen, side, channels, chance), chance

    @lru_cache(maxsize=2)
    def order(epoch: int) -> Any:
        return np.random.default_rng([seed, _ORDER, epoch]).permutation(len(pictures))

    device = trained[0].device
    report = shown() if progress is True else progress or (lambda said: None)
    first = batch(0)[0][:preview].to(device) if preview > 0 else None
    started = time.perf_counter() - before
    model.train()
    for step in range(done, total):
        pixels, chance = batch(step)
        generator = torch.Generator().manual_seed(int(chance.integers(2**62)))
        rate = learning_rate * _schedule(step, total)
        for group in optimizer.param_groups:
            group["lr"] = rate
        terms = vae_loss(
            model,  # type: ignore[arg-type]  # checked by _model
            pixels.to(device),
            lambda mean, g=generator: torch.randn(mean.shape, generator=g).to(mean),  # type: ignore[misc]  # bound now
            beta=beta, error=error, features=features, feature_weight=feature_weight,
        )  # fmt: skip
        optimizer.zero_grad()
        terms.total.backward()
        nn.utils.clip_grad_norm_(trained, _CLIP)
        optimizer.step()
        step += 1
        if path is not None and (step % checkpoint_every == 0 or step == total):
            spent = time.perf_counter() - started
            write_training(path, model, optimizer, {**asked, "step": step, "seconds": spent})
        picture = _preview(model, first) if first is not None and _due(step, total) else None
        report(
            FitProgress(step, total, float(terms.total.detach()), float(terms.error),
                        float(terms.features), float(terms.divergence),
                        time.perf_counter() - started, picture)
        )  # fmt: skip
    return model.eval().requires_grad_(False)


def _model(
    vae: str | nn.Module | None, pictures: Pictures, size: int | None, seed: int
) -> tuple[nn.Module, bool]:
    """The module to train, and whether it takes whole pictures."""
    if isinstance(vae, nn.Module):
        if not isinstance(vae, VAE):
            raise ExplanationError(
                f"vae is a {type(vae).__name__} without encode and decode; expected "
                '"convolutional", "spatial", or a module with both (see xw.relabel.VAE)'
            )
        return vae, hasattr(vae, "size")
    if vae is None:
        side = size or max(pictures.picture(0, pictures.channels).shape[:2])
        vae = "convolutional" if side <= _LARGEST_WHOLE else "spatial"
    if vae not in KINDS:
        raise ExplanationError(
            f"vae={vae!r}; expected one of {', '.join(map(repr, KINDS))}, or a module."
            f"{nearest(vae, KINDS)}"
        )
    if vae == "spatial":
        return SpatialVAE(channels=pictures.channels, seed=seed), False
    side = size or min(max(pictures.picture(0, pictures.channels).shape[:2]), _LARGEST_WHOLE)
    side -= side % 4 if size is None else 0
    return ConvolutionalVAE(channels=pictures.channels, size=side, seed=seed), True


def _side(model: nn.Module, size: int | None) -> int:
    own = getattr(model, "size", None)
    if own is not None and size not in (None, own):
        raise ExplanationError(f"size={size}, but the VAE takes pictures of {own} x {own} pixels")
    side = int(own or size or 96)
    if side < 8:
        raise ExplanationError(f"size={size!r}; expected at least 8 pixels")
    return side


def _steps(steps: int | None, epochs: float | None, count: int, batch_size: int) -> int:
    if steps is not None and epochs is not None:
        raise ExplanationError(f"steps={steps} and epochs={epochs}; expected one of them")
    if batch_size < 1:
        raise ExplanationError(f"batch_size={batch_size}; expected at least 1")
    found = math.ceil((20 if epochs is None else epochs) * count / batch_size)
    found = found if steps is None else steps
    if found < 1:
        raise ExplanationError(f"steps={steps}, epochs={epochs}; expected at least one step")
    return found


def _schedule(step: int, steps: int) -> float:
    """The share of the learning rate: up in a line, down along a cosine."""
    warm = max(_WARM_UP * steps, 1)
    if step < warm:
        return (step + 1) / (warm + 1)
    down = 0.5 * (1 + math.cos(math.pi * (step - warm) / max(steps - warm, 1)))
    return _LAST_RATE + (1 - _LAST_RATE) * down


def _due(step: int, steps: int) -> bool:
    """Whether a preview is: after 10 steps, then each time half as many more, and at the end."""
    if step == steps or step == 10:
        return True
    turns = math.log(max(step, 10) / 10, 1.5)
    return step > 10 and math.floor(turns) > math.floor(math.log((step - 1) / 10, 1.5))


def _preview(model: nn.Module, pixels: Tensor) -> Any:
    model.eval()
    try:
        with torch.no_grad():
            return preview_of(pixels, reconstruct(model, pixels))  # type: ignore[arg-type]  # a VAE
    finally:
        model.train()


def _several(found: Tensor | Sequence[Tensor]) -> Sequence[Tensor]:
    return [found] if isinstance(found, Tensor) else found
