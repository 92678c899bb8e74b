"""Training an autoencoder on any pictures, step by step; an interrupted training can be continued
and ends with the same bits.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import KW_ONLY, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor, nn
from typing_extensions import Unpack

from xai_widgets import files
from xai_widgets.errors import ExplanationError, brief, nearest
from xai_widgets.interrupts import deferred
from xai_widgets.progress import Progress, with_progress_bar
from xai_widgets.relabel.autoencoders.networks import (
    FORMAT,
    KINDS,
    ConvolutionalVAE,
    SpatialVAE,
    identity,
    metadata_of,
    read_vae,
)
from xai_widgets.relabel.autoencoders.pictures import Pictures
from xai_widgets.relabel.autoencoders.vae import (
    VAE,
    Error,
    Features,
    VAELoss,
    reconstruct,
    vae_loss,
)

_LARGEST_WHOLE = 64  # pixels; larger pictures get a grid of latents
_WARM_UP = 0.05  # of the steps
_LAST_RATE = 0.01  # of the learning rate
_CLIP = 1.0  # the gradient's largest norm
_ORDER, _BATCH = 0, 1  # purposes of random generators


class FitOptions(TypedDict, total=False):
    """The options of `fit_vae` and `stream_fit_vae`."""

    vae: str | nn.Module | None
    size: int | None
    steps: int | None
    epochs: float | None
    batch_size: int
    learning_rate: float
    beta: float
    error: Error
    features: Features | None
    feature_weight: float
    seed: int
    checkpoint: str | os.PathLike[str] | None
    checkpoint_every: int
    preview: int


@dataclass(frozen=True, eq=False)
class FitStep:
    """One step of a training.

    `loss` is the loss of this step's batch; `error` its mean error per pixel value, `features` its
    distance between features (0 without any), `divergence` the Kullback-Leibler divergence in nats
    of one picture. `vae` is the module in training. `preview`, now and then, is a picture (H, W, 3)
    uint8: originals above, their reconstructions below.
    """

    step: int
    steps: int
    loss: float
    error: float
    features: float
    divergence: float
    seconds: float
    vae: nn.Module
    preview: npt.NDArray[np.uint8] | None = None

    @property
    def fraction(self) -> float:
        """The share of the steps done."""
        return self.step / self.steps

    def __str__(self) -> str:
        features = f", features {self.features:.3f}" if self.features else ""
        return (
            f"step {self.step} of {self.steps} · loss {self.loss:.4f} (error {self.error:.4f}"
            f"{features}, divergence {self.divergence:.0f} nats)"
        )


def fit_vae(
    data: Any, *, progress: bool | Callable[[FitStep], object] = True, **options: Unpack[FitOptions]
) -> Any:
    """Train a variational autoencoder on pictures; returns it in evaluation mode, frozen.

    `data` is a folder of pictures, an array of them, or a data set of pictures or (picture, label)
    pairs. Options, with their defaults:

    vae: "convolutional" (one latent vector; whole pictures brought to `size`), "spatial" (a grid of
    latents; crops of `size` from anywhere, mirrored half the time), or a module of your own with
    `encode` and `decode`; None takes the first kind for pictures of up to 64 pixels, else the
    second. steps, or epochs (20 where neither is given); batch_size=16. learning_rate=1e-3, of
    AdamW, with a warm-up and a cosine decay. beta=0.01, error="absolute" (or "squared"),
    features=None and feature_weight=1.0: see `vae_loss`. preview=8: pictures in a preview, 0 for
    none. seed=0: everything random of step t comes from (seed, t).

    checkpoint: a safetensors file, written every `checkpoint_every=200` steps, whole or not at all.
    An interrupted training is continued from it: on a CPU its weights end as those of one never
    interrupted, bit for bit, unless the data set itself draws random numbers.

    progress: whether a bar is shown in a terminal or below a notebook's cell, where previews are
    shown too. A function that takes each `FitStep` is deprecated: use `stream_fit_vae`.

    Raises ExplanationError for data that cannot be trained on, or a checkpoint of another training.
    """
    fit = _Fit(data, **options)
    steps = fit.stream()
    if callable(progress):
        message = "fit_vae(progress=function) is deprecated: use stream_fit_vae"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        for step in steps:
            progress(step.result)
    elif progress and _in_notebook():
        _show_previews(with_progress_bar(steps, "fit_vae"))
    else:
        shown = progress and sys.stderr.isatty()
        for _ in with_progress_bar(steps, "fit_vae") if shown else steps:
            pass
    return fit.finished()


def stream_fit_vae(data: Any, **options: Unpack[FitOptions]) -> Iterator[Progress[FitStep]]:
    """Like `fit_vae`, yielding every step. The last has fraction 1 and the trained module as its
    `result.vae`. Options and data are checked at once, before the first step.

    A training that its checkpoint says is finished yields one step, whose loss is nan.
    """
    fit = _Fit(data, **options)
    if fit.done < fit.total:
        return fit.stream()
    last = FitStep(fit.total, fit.total, *(math.nan,) * 4, fit.seconds, fit.finished())
    return iter([Progress(1.0, last, "finished already")])


@dataclass
class _Fit:
    """A training of `vae` with the options of `fit_vae`, `done` steps of `total`."""

    data: Any
    _: KW_ONLY
    vae: Any = None  # a module from __post_init__ on
    size: int | None = None
    steps: int | None = None
    epochs: float | None = None
    batch_size: int = 16
    learning_rate: float = 1e-3
    beta: float = 0.01
    error: Error = "absolute"
    features: Features | None = None
    feature_weight: float = 1.0
    seed: int = 0
    checkpoint: str | os.PathLike[str] | None = None
    checkpoint_every: int = 200
    preview: int = 8

    def __post_init__(self) -> None:
        self.pictures = Pictures(self.data)
        self.vae, self._whole = _model(self.vae, self.pictures, self.size, self.seed)
        self._side = _side(self.vae, self.size)
        self._channels = int(getattr(self.vae, "channels", self.pictures.channels))
        self.total = _steps(self.steps, self.epochs, len(self.pictures), self.batch_size)
        self._trained = [p for p in self.vae.parameters() if p.requires_grad]
        if not self._trained:
            self.vae.requires_grad_(True)
            self._trained = list(self.vae.parameters())
        self._optimizer = torch.optim.AdamW(self._trained, lr=self.learning_rate)
        names = ("batch_size", "learning_rate", "beta", "error", "feature_weight", "seed")
        self._settings = {
            "steps": self.total, **{name: getattr(self, name) for name in names},
            "size": self._side, "pictures": self.pictures.fingerprint(),
        }  # fmt: skip
        self._path = None
        if self.checkpoint is not None:
            self._path = files.path_of(self.checkpoint, "checkpoint")
        self.done, self.seconds = 0, 0.0
        if self._path is not None and files.irregular(self._path) != "no file":
            self._restore(self._path)

    def _restore(self, path: Path) -> None:
        groups, metadata = read_vae(path)
        if "training" not in metadata:
            raise ExplanationError(
                f'checkpoint is "{path}", which holds weights but no training to go on with; to '
                "start from them pass vae=load_vae(path), and another file for the checkpoint"
            )
        where = f'checkpoint is "{path}", which'
        state = files.parsed_object(metadata, "training", where)
        settings = files.parsed_object(metadata, "settings", where)
        stored = {**state, **metadata, "settings": settings}
        expected = {**self._settings, **identity(self.vae)}
        files.check_settings(path, stored, expected, otherwise="another file")
        done, seconds = state.get("step"), state.get("seconds")
        if type(done) is not int or not 0 <= done <= self.total:
            raise ExplanationError(
                f"{where} is damaged: its step is {brief(done)}; expected 0 to {self.total}"
            )
        if not isinstance(seconds, (int, float)) or not 0 <= seconds < math.inf:
            raise ExplanationError(f"{where} is damaged: its seconds are {brief(seconds)}")
        files.load_moments(path, self._optimizer, groups.get("optimizer", {}))
        files.load_weights(path, self.vae, groups.get("vae", {}))
        self.done, self.seconds = done, float(seconds)

    def _keep(self, path: Path, seconds: float) -> None:
        state = {**self._settings, "step": self.done, "seconds": seconds}
        groups = {"vae": self.vae.state_dict(), "optimizer": files.moments_of(self._optimizer)}
        metadata = {**metadata_of(self.vae), "training": json.dumps(state)}
        files.save_tensors(path, FORMAT, groups, metadata)

    def stream(self) -> Iterator[Progress[FitStep]]:
        """The steps that are left."""
        device = self._trained[0].device
        first = self._batch(0)[0][: self.preview].to(device) if self.preview > 0 else None
        started = time.perf_counter() - self.seconds
        self.vae.train()
        while self.done < self.total:
            with deferred():  # a step is done whole, or it would be done again
                terms = self._step(device)
                self.done += 1
            due = self.done % self.checkpoint_every == 0 or self.done == self.total
            if self._path is not None and due:
                self._keep(self._path, time.perf_counter() - started)
            picture = None
            if first is not None and _due(self.done, self.total):
                picture = _preview(self.vae, first)
            if self.done == self.total:
                self.finished()
            step = FitStep(
                self.done, self.total, float(terms.total.detach()), float(terms.error),
                float(terms.features), float(terms.divergence), time.perf_counter() - started,
                self.vae, picture,
            )  # fmt: skip
            yield Progress(step.fraction, step, str(step))

    def finished(self) -> Any:
        """The trained module, in evaluation mode and frozen."""
        return self.vae.eval().requires_grad_(False)

    def _step(self, device: torch.device) -> VAELoss:
        pixels, chance = self._batch(self.done)
        generator = torch.Generator().manual_seed(int(chance.integers(2**62)))
        for group in self._optimizer.param_groups:
            group["lr"] = self.learning_rate * _schedule(self.done, self.total)
        terms = vae_loss(
            self.vae, pixels.to(device),
            lambda mean: torch.randn(mean.shape, generator=generator, device="cpu").to(mean),
            beta=self.beta, error=self.error, features=self.features,
            feature_weight=self.feature_weight,
        )  # fmt: skip
        self._optimizer.zero_grad()
        terms.total.backward()
        nn.utils.clip_grad_norm_(self._trained, _CLIP)
        self._optimizer.step()
        return terms

    def _batch(self, step: int) -> tuple[Tensor, np.random.Generator]:
        chance = np.random.default_rng([self.seed, _BATCH, step])
        count = len(self.pictures)
        numbers = range(step * self.batch_size, (step + 1) * self.batch_size)
        chosen = [int(_order(self.seed, n // count, count)[n % count]) for n in numbers]
        if self._whole:
            return self.pictures.whole(chosen, self._side, self._channels), chance
        return self.pictures.crops(chosen, self._side, self._channels, chance), chance


@lru_cache(maxsize=2)
def _order(seed: int, epoch: int, count: int) -> Any:
    return np.random.default_rng([seed, _ORDER, epoch]).permutation(count)


def _model(
    vae: str | nn.Module | None, pictures: Pictures, size: int | None, seed: int
) -> tuple[nn.Module, bool]:
    """The module to train, and whether it takes whole pictures instead of crops."""
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
            f"vae={brief(vae)}; expected one of {', '.join(map(repr, KINDS))}, or a module."
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
        raise ExplanationError(f"size={brief(size)}; expected at least 8 pixels")
    return side


def _steps(steps: int | None, epochs: float | None, count: int, batch_size: int) -> int:
    if steps is not None and epochs is not None:
        raise ExplanationError(f"steps={steps} and epochs={epochs}; expected one of them")
    if batch_size < 1:
        raise ExplanationError(f"batch_size={batch_size}; expected at least 1")
    total = math.ceil((20 if epochs is None else epochs) * count / batch_size)
    total = total if steps is None else steps
    if total < 1:
        raise ExplanationError(f"steps={steps}, epochs={epochs}; expected at least one step")
    return total


def _schedule(step: int, steps: int) -> float:
    """The share of the learning rate: a linear warm-up, then a cosine decay."""
    warm = max(_WARM_UP * steps, 1)
    if step < warm:
        return (step + 1) / (warm + 1)
    down = 0.5 * (1 + math.cos(math.pi * (step - warm) / max(steps - warm, 1)))
    return _LAST_RATE + (1 - _LAST_RATE) * down


def _due(step: int, steps: int) -> bool:
    """Whether a preview is due: after 10 steps, then after half as many again each time, and at the
    end.
    """
    times = [math.floor(math.log(max(n, 10) / 10, 1.5)) for n in (step - 1, step)]
    return step in (10, steps) or times[0] < times[1]


def _preview(model: Any, pixels: Tensor) -> npt.NDArray[np.uint8]:
    """Pictures (N, C, H, W) in [0, 1] in a row above their reconstructions: (2 H, N W, 3)."""
    with deferred():
        model.eval()
        try:
            with torch.no_grad():
                both = (pixels, reconstruct(model, pixels))
        finally:
            model.train()
    grid = torch.cat([torch.cat(list(row), dim=-1) for row in both], dim=-2).cpu().clamp(0, 1)
    if grid.shape[0] != 3:
        grid = grid.mean(0, keepdim=True).expand(3, -1, -1)
    levels = (255 * grid + 0.5).floor().to(torch.uint8)
    return np.ascontiguousarray(levels.permute(1, 2, 0).numpy())


def _show_previews(steps: Iterator[Progress[FitStep]]) -> None:
    """Show previews in a notebook's cell, each in place of the one before."""
    from IPython.display import display

    handle: Any = None
    for step in steps:
        if step.result.preview is not None:
            picture = Image.fromarray(step.result.preview)
            if handle is None:
                handle = display(picture, display_id=True)  # type: ignore[no-untyped-call]  # IPython has no types
            else:
                handle.update(picture)


def _in_notebook() -> bool:
    """Whether this runs in a kernel; IPython is not imported to find out."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and hasattr(shell, "kernel")
