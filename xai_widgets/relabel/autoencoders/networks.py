"""The autoencoders of this package, the layers that they are built from, and the safetensors files
that hold their weights: one latent vector for a whole small picture, or a grid of latents for a
picture of any size.
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError, brief, some_of
from xai_widgets.files import (
    check_fit,
    load_tensors,
    load_weights,
    parsed_object,
    path_of,
    save_tensors,
)
from xai_widgets.interrupts import deferred
from xai_widgets.relabel.autoencoders.vae import check_pixels, padded

Made = TypeVar("Made")
Last = TypeVar("Last", nn.Conv2d, nn.Linear)
_shapes_alone: ContextVar[bool] = ContextVar("shapes_alone", default=False)
_LOG_VARIANCE = (-14.0, 6.0)  # beyond it exp overflows, or means nothing in float32


def zeroed(last: nn.Conv2d) -> nn.Conv2d:
    """A last layer whose output is zero until it has learned something."""
    assert last.bias is not None
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return last


class Residual(nn.Module):
    """x + conv(silu(conv(x))): the identity until it has learned something."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = zeroed(nn.Conv2d(channels, channels, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        residue: Tensor = self.second(F.silu(self.first(x)))
        return x + residue


class Beside(nn.Module):
    """deep(x) + straight(x): a linear layer does what it can, the deep one learns the rest."""

    def __init__(self, deep: nn.Module, straight: nn.Module) -> None:
        super().__init__()
        self.deep, self.straight = deep, straight

    def forward(self, x: Tensor) -> Tensor:
        both: Tensor = self.deep(x) + self.straight(x)
        return both


def enlarged(channels: int, wanted: int, times: int) -> nn.Sequential:
    """A sub-pixel convolution to `wanted` channels, `times` as wide and high.

    At first all pixels of one position are equal, or a checkerboard would have to be unlearned
    (Aitken et al., 2017).
    """
    convolution = nn.Conv2d(channels, wanted * times**2, 3, padding=1)
    with torch.no_grad():
        assert convolution.bias is not None
        for weights in (convolution.weight, convolution.bias):
            weights.copy_(weights[:: times**2].repeat_interleave(times**2, dim=0))
    return nn.Sequential(convolution, nn.PixelShuffle(times))


@contextmanager
def shapes_alone() -> Iterator[None]:
    """Autoencoders that are made within have the shapes of their weights, and take no memory."""
    token = _shapes_alone.set(True)
    try:
        yield
    finally:
        _shapes_alone.reset(token)


def seeded(make: Callable[[], Made], seed: int) -> Made:
    """The result of `make`, its random weights drawn on the CPU from a seed; the global generator
    stays as it is.
    """
    device = "meta" if _shapes_alone.get() else "cpu"
    with deferred(), torch.device(device), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


def low_variance(last: Last, gain: float = 1.0) -> Last:
    """An encoder's last layer with a low variance at first, so that its latents are not lost in
    noise.

    `gain` brings the means from where usual random weights put them to about 1, because a latent
    that carries little at first is soon unlearned.
    """
    assert last.bias is not None
    nn.init.constant_(last.bias[len(last.bias) // 2 :], -4.0)
    with torch.no_grad():
        last.weight[: len(last.weight) // 2] *= gain
    return last


def as_distribution(values: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and log-variance: the two halves of the channels."""
    mean, log_variance = values.chunk(2, dim=1)
    return mean, log_variance.clamp(*_LOG_VARIANCE)


class ConvolutionalVAE(nn.Module):
    """Small pictures (N, C, S, S), 28 to 64 pixels, to one latent vector (N, d) and back.

    Two convolutions of stride 2 and a linear layer give mean and log-variance; a linear layer and
    two sub-pixel convolutions (Shi et al., 2016) lead back. `size` is S, a multiple of 4; `latent`
    is d. Random weights come from `seed`.

    Raises ExplanationError for another size, and for pictures of another shape.
    """

    def __init__(
        self, *, channels: int = 1, size: int = 28, latent: int = 16, width: int = 24, seed: int = 0
    ) -> None:
        super().__init__()
        if size % 4 or not 8 <= size <= 128:
            raise ExplanationError(
                f"size={size!r}; expected a multiple of 4 from 8 to 128. For larger pictures use "
                "SpatialVAE"
            )
        self.channels, self.size, self.latent, self.width = channels, size, latent, width
        self.encoder, self.decoder = seeded(self._layers, seed)

    @property
    def settings(self) -> dict[str, Any]:
        """The arguments that make another one for these weights."""
        return {name: getattr(self, name) for name in ("channels", "size", "latent", "width")}

    def encode(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """The mean and the log-variance (N, d) of pictures (N, C, S, S) in [0, 1]."""
        check_pixels(pixels, self.channels)
        if pixels.shape[-2:] != (self.size, self.size):
            raise ExplanationError(
                f"pixels has shape {tuple(pixels.shape)}; this VAE takes pictures of "
                f"{self.size} x {self.size} pixels"
            )
        return as_distribution(self.encoder(2 * pixels - 1))

    def decode(self, latents: Tensor) -> Tensor:
        """Pictures (N, C, S, S) in [0, 1] of latent vectors (N, d)."""
        if latents.ndim != 2 or latents.shape[1] != self.latent:
            raise ExplanationError(
                f"latents has shape {tuple(latents.shape)}; expected (N, {self.latent})"
            )
        return torch.sigmoid(self.decoder(latents))

    def _layers(self) -> tuple[nn.Sequential, nn.Sequential]:
        wide, quarter = 2 * self.width, self.size // 4
        encoder = nn.Sequential(
            nn.Conv2d(self.channels, self.width, 3, stride=2, padding=1),
            Residual(self.width),
            nn.SiLU(),
            nn.Conv2d(self.width, wide, 3, stride=2, padding=1),
            Residual(wide),
            nn.SiLU(),
            nn.Flatten(),
            low_variance(nn.Linear(wide * quarter**2, 2 * self.latent), gain=15),
        )
        decoder = nn.Sequential(
            nn.Linear(self.latent, wide * quarter**2),
            nn.Unflatten(1, (wide, quarter, quarter)),
            nn.SiLU(),
            Residual(wide),
            enlarged(wide, self.width, 2),
            nn.SiLU(),
            Residual(self.width),
            enlarged(self.width, self.width // 2, 2),
            nn.SiLU(),
            nn.Conv2d(self.width // 2, self.channels, 3, padding=1),
        )
        return encoder, decoder


class SpatialVAE(nn.Module):
    """Pictures (N, C, H, W) of any size to latents (N, c, ⌈H/8⌉, ⌈W/8⌉) and back.

    It is fully convolutional and takes no statistic over a picture, so a latent affects only the
    pixels around it. Most of the work is done at 1/8 and 1/4 of the size, and the last sub-pixel
    convolution (Shi et al., 2016) paints 4 x 4 pixels at once, so decoding costs less than a small
    classifier. Beside the convolutions a linear layer leads from each 8 x 8 pixels to their latents
    and back. It begins as the lowest discrete cosines, and the convolutions begin at zero, so that
    even untrained this is a coarse but working autoencoder. `latent` is c; `width` the channels
    at 1/8, `fine` those at 1/4 of the size; `depth` counts residual blocks at 1/8. Random weights
    come from `seed`.

    Raises ExplanationError for pictures with other channels.
    """

    stride = 8

    def __init__(
        self,
        *,
        channels: int = 3,
        latent: int = 8,
        width: int = 96,
        fine: int = 32,
        depth: int = 2,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.channels, self.latent = channels, latent
        self.width, self.fine, self.depth = width, fine, depth
        self.encoder, self.decoder = seeded(self._layers, seed)

    @property
    def settings(self) -> dict[str, Any]:
        """The arguments that make another one for these weights."""
        names = ("channels", "latent", "width", "fine", "depth")
        return {name: getattr(self, name) for name in names}

    def encode(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """The mean and the log-variance (N, c, ⌈H/8⌉, ⌈W/8⌉) of pictures in [0, 1].

        Pictures whose sides are not multiples of 8 are padded below and to the right.
        """
        check_pixels(pixels, self.channels)
        return as_distribution(self.encoder(2 * padded(pixels, self.stride) - 1))

    def decode(self, latents: Tensor) -> Tensor:
        """Pictures (N, C, 8 h, 8 w) in [0, 1] of latents (N, c, h, w).

        In training mode they may leave [0, 1], so that values beyond it still have a gradient.
        """
        if latents.ndim != 4 or latents.shape[1] != self.latent or 0 in latents.shape:
            raise ExplanationError(
                f"latents has shape {tuple(latents.shape)}; expected "
                f"(N, {self.latent}, height / {self.stride}, width / {self.stride})"
            )
        pixels: Tensor = (self.decoder(latents) + 1) / 2
        return pixels if self.training else pixels.clamp(0, 1)

    def _layers(self) -> tuple[nn.Module, nn.Module]:
        encoder = nn.Sequential(
            nn.PixelUnshuffle(4),
            nn.Conv2d(16 * self.channels, self.fine, 3, padding=1),
            Residual(self.fine),
            nn.SiLU(),
            nn.Conv2d(self.fine, self.width, 3, stride=2, padding=1),
            Residual(self.width),
            nn.SiLU(),
            low_variance(zeroed(nn.Conv2d(self.width, 2 * self.latent, 3, padding=1))),
        )
        decoder = nn.Sequential(
            nn.Conv2d(self.latent, self.width, 3, padding=1),
            *(Residual(self.width) for _ in range(self.depth)),
            enlarged(self.width, self.fine, 2),
            nn.SiLU(),
            Residual(self.fine),
            nn.SiLU(),
            zeroed(nn.Conv2d(self.fine, 16 * self.channels, 3, padding=1)),
            nn.PixelShuffle(4),
        )
        # The linear layers, from squares of pixels to mean and log-variance, and back.
        values = self.stride**2 * self.channels
        to = zeroed(nn.Conv2d(values, 2 * self.latent, 1))
        back = zeroed(nn.Conv2d(self.latent, values, 1))
        if not to.weight.is_meta:
            waves, scale = cosines(self.latent, self.channels, self.stride)
            with torch.no_grad():
                to.weight[: self.latent, :, 0, 0] = waves / scale[:, None]
                back.weight[:, :, 0, 0] = (waves * scale[:, None]).T
        return (
            Beside(encoder, nn.Sequential(nn.PixelUnshuffle(self.stride), to)),
            Beside(decoder, nn.Sequential(back, nn.PixelShuffle(self.stride))),
        )


# Orthonormal, close to the principal axes of natural colours: grey, red to blue, green to magenta.
_COLOURS = ((1, 1, 1), (1, 0, -1), (1, -2, 1))


def cosines(count: int, channels: int, side: int) -> tuple[Tensor, Tensor]:
    """The `count` lowest of the orthonormal cosines of a square, and a natural scale of each:
    linear features of photographs that need no training.

    a_u a_v cos(π u (2 i + 1) / 2 S) cos(π v (2 j + 1) / 2 S) times a colour, as rows
    (count, channels · S²) in the order of `PixelUnshuffle`: brightness first, in finer detail than
    colour. The scale (count,) is about the standard deviation of that coefficient in photographs
    with values in [−1, 1].

    Source: Ahmed, Natarajan and Rao, Discrete Cosine Transform, 1974.
    """
    from scipy.fft import dct

    waves = torch.from_numpy(dct(np.eye(side), axis=0, norm="ortho"))
    colours = (
        torch.tensor(_COLOURS, dtype=torch.float64, device="cpu")
        if channels == 3
        else torch.eye(channels, device="cpu")
    )
    colours = colours / colours.norm(dim=1, keepdim=True)
    frequencies = []
    for colour, u, v in product(range(len(colours)), range(side), range(side)):
        fineness = u * u + v * v
        order = 8 * fineness + 1.5 if colour and channels == 3 else fineness
        frequencies.append((order, colour, u, v))
    rows, scales = [], []
    for order, colour, u, v in sorted(frequencies)[:count]:
        square = torch.outer(waves[u], waves[v])
        rows.append((colours[colour][:, None, None] * square).flatten())
        scales.append(side * channels**0.5 / 4 / (1 + order) / (2 if colour else 1))
    return torch.stack(rows).float(), torch.tensor(scales, device="cpu")


KINDS: Mapping[str, Any] = {"convolutional": ConvolutionalVAE, "spatial": SpatialVAE}
FORMAT = "xai_widgets.vae"


def save_vae(vae: nn.Module, path: str | os.PathLike[str], *, half: bool = False) -> None:
    """Write an autoencoder's weights, in half precision if wanted; the whole file or none of it.

    A module of your own is written too, and `load_vae` takes it back with `vae=`.
    """
    values = {
        name: tensor.half() if half and tensor.is_floating_point() else tensor
        for name, tensor in vae.state_dict().items()
    }
    save_tensors(path_of(path, "save_vae(path)"), FORMAT, {"vae": values}, metadata_of(vae))


def load_vae(path: str | os.PathLike[str], *, vae: nn.Module | None = None) -> Any:
    """Read a file of `save_vae`, or the checkpoint of `fit_vae`: in evaluation mode, frozen.

    `vae` takes the weights; left out, the file says which of this package's autoencoders it is.
    Raises ExplanationError for a file of another kind, or weights that do not fit.
    """
    path = path_of(path, "load_vae(path)")
    groups, metadata = read_vae(path)
    weights = groups.get("vae", {})
    if vae is None:
        vae = _described(path, metadata, weights)
    load_weights(path, vae, weights)
    return vae.eval().requires_grad_(False)


def _described(path: Path, metadata: Mapping[str, str], weights: Mapping[str, Tensor]) -> nn.Module:
    """The autoencoder that a file describes, with random weights. What it says of it is compared
    with the weights that it holds before memory is asked for.
    """
    name = metadata.get("kind", "module")
    if (kind := KINDS.get(name)) is None:
        raise ExplanationError(
            f'"{path}" holds the weights of a {name[:80]}, which is none of this '
            "package's autoencoders; make one and pass it: load_vae(path, vae=...)"
        )
    where = f'"{path}"'
    settings = parsed_object(metadata, "settings", where)
    # Each setting is the size of some tensor, or counts layers.
    most = max([1, len(weights), *(n for tensor in weights.values() for n in tensor.shape)])
    names = inspect.signature(kind).parameters.keys() - {"seed"}
    for name, value in settings.items():
        if name not in names or type(value) is not int or value < (name != "depth"):
            raise ExplanationError(
                f"{where} is damaged: its settings have {brief(name)}={brief(value)}; expected "
                f"whole numbers for {some_of(sorted(names))}"
            )
        if value > (len(weights) if name == "depth" else most):
            raise ExplanationError(
                f"{where} is damaged: its settings have {name}={brief(value)}, and it holds "
                f"{len(weights)} tensors, of which none is wider than {most}"
            )
    try:
        with shapes_alone():
            shapes = kind(**settings)
    except ExplanationError as error:
        raise ExplanationError(f"{where} is damaged: {error}") from error
    except Exception as error:  # sizes that torch cannot count with
        raise ExplanationError(f"{where} is damaged: its settings are {settings}") from error
    check_fit(path, shapes, weights)
    made: nn.Module = kind(**settings)
    return made


def read_vae(path: Path) -> tuple[dict[str, dict[str, Tensor]], dict[str, str]]:
    """The tensors and the metadata of a file with an autoencoder's weights."""
    return load_tensors(path, FORMAT, what="an autoencoder", maker="save_vae or fit_vae")


def identity(vae: nn.Module) -> dict[str, Any]:
    """What kind of autoencoder this is, and the arguments that make another one."""
    kind = next((name for name, kind in KINDS.items() if type(vae) is kind), type(vae).__name__)
    return {"kind": kind, "settings": dict(getattr(vae, "settings", {}))}


def metadata_of(vae: nn.Module) -> dict[str, str]:
    """The same as a file's metadata."""
    described = identity(vae)
    return {**described, "settings": json.dumps(described["settings"])}
