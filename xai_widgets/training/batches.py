"""Pictures for training, as batches that depend on a seed and their number only."""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor

from xai_widgets.errors import ExplanationError

ORDER, AUGMENTATION, STEP = 0, 1, 2  # purposes of random generators


def generator_of(*numbers: int) -> torch.Generator:
    """A generator of random numbers that depends on these numbers alone."""
    drawn = int(np.random.default_rng(list(numbers)).integers(2**62))
    return torch.Generator().manual_seed(drawn)


class Batches:
    """Labelled pictures in memory, normalised for a network, in a random order.

    `data` has `pixels` (N, H, W) or (N, H, W, C) uint8 and `labels` (N,), or is a pair of the two.
    mean, std: per channel, in [0, 1]; left out, those of the pictures themselves.

    Raises ExplanationError for anything else.
    """

    def __init__(
        self, data: Any, *, mean: tuple[float, ...] = (), std: tuple[float, ...] = ()
    ) -> None:
        pixels, labels = _pair(data)
        channelled = pixels if pixels.ndim == 4 else pixels[..., None]
        self.pixels = torch.from_numpy(np.ascontiguousarray(channelled)).permute(0, 3, 1, 2)
        self.labels = torch.from_numpy(np.asarray(labels).astype(np.int64))
        if not (mean and std):
            mean, std = _mean_and_std(channelled)
        self.mean, self.std = mean, std

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of a picture."""
        channels, height, width = self.pixels.shape[1:]
        return channels, height, width

    def fingerprint(self) -> str:
        """Identifies these pictures."""
        digest = hashlib.blake2b(str(tuple(self.pixels.shape)).encode(), digest_size=8)
        digest.update(self.labels.numpy().data)
        digest.update(self.pixels[:: max(len(self) // 97, 1)].contiguous().numpy().data)
        return digest.hexdigest()

    def batch(self, seed: int, epoch: int, step: int, batch_size: int) -> Tensor:
        """The numbers of the pictures of a step."""
        return _order(seed, epoch, len(self))[step * batch_size : (step + 1) * batch_size]

    def inputs(self, chosen: Tensor) -> Tensor:
        """The network's inputs for these pictures, (N, C, H, W)."""
        return self.normalised(self.pixels[chosen].float() / 255)

    def normalised(self, pixels: Tensor) -> Tensor:
        """(pixels − mean) / std, of pixels in [0, 1]."""
        mean, std = (pixels.new_tensor(v).view(-1, 1, 1) for v in (self.mean, self.std))
        return ((pixels - mean) / std).contiguous()


def augmented(
    pixels: Tensor, seeds: tuple[int, int, int], crop: int, flip: bool, rotation: float
) -> Tensor:
    """Each picture (N, C, H, W) in [0, 1] mirrored half the time, rotated by up to `rotation`
    degrees, and shifted by up to `crop` pixels, at random by (seed, epoch, step); the outside is
    black.
    """
    seed, *step = seeds
    generator = generator_of(seed, AUGMENTATION, *step)
    count, _, height, width = pixels.shape
    angle = (2 * torch.rand(count, generator=generator, device="cpu") - 1) * math.radians(rotation)
    moves = torch.randint(-crop, crop + 1, (2, count), generator=generator, device="cpu")
    mirrored = torch.zeros(count, dtype=torch.bool, device="cpu")
    if flip:
        mirrored = torch.rand(count, generator=generator, device="cpu") < 0.5
    if rotation:
        sign = torch.where(mirrored, -1.0, 1.0)
        cos, sin, aspect = angle.cos(), angle.sin(), height / width
        x, y = 2 * moves[0] / width, 2 * moves[1] / height
        rows = [sign * cos, -sign * sin * aspect, x, sin / aspect, cos, y]
        grid = F.affine_grid(torch.stack(rows, 1).view(-1, 2, 3), list(pixels.shape), False)
        return F.grid_sample(pixels, grid, align_corners=False)
    padded = F.pad(pixels, [crop] * 4)
    across = torch.arange(width, device="cpu").expand(count, width)
    across = torch.where(mirrored[:, None], across.flip(1), across) + crop + moves[0][:, None]
    down = torch.arange(height, device="cpu") + crop + moves[1][:, None]
    item = torch.arange(count, device="cpu")[:, None, None]
    return padded[item, :, down[:, :, None], across[:, None, :]].permute(0, 3, 1, 2)


@lru_cache(maxsize=4)
def _order(seed: int, epoch: int, count: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng([seed, ORDER, epoch]).permutation(count))


def _pair(data: Any) -> tuple[Any, Any]:
    pixels: Any = getattr(data, "pixels", None)
    labels: Any = getattr(data, "labels", None)
    if pixels is None and isinstance(data, (tuple, list)) and len(data) == 2:
        pixels, labels = (np.asarray(part) for part in data)
    if getattr(pixels, "ndim", 0) not in (3, 4) or getattr(pixels, "dtype", None) != np.uint8:
        raise ExplanationError(
            f"training pictures are a {type(data).__name__}; expected pixels (N, H, W) or "
            "(N, H, W, C) uint8 with labels (N,), as xw.demo.fashion() gives them, or a pair"
        )
    if labels is None or len(pixels) != len(labels) or not len(pixels):
        count = 0 if labels is None else len(labels)
        raise ExplanationError(f"{len(pixels)} pictures with {count} labels; expected one each")
    return pixels, labels


def _mean_and_std(pixels: Any) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The mean and standard deviation of each channel, from the counts of its levels: exact for any
    number of pixels.
    """
    means, stds = [], []
    levels = np.arange(256) / 255
    for channel in range(pixels.shape[3]):
        counts = np.bincount(pixels[..., channel].ravel(), minlength=256)
        mean = float(counts @ levels / counts.sum())
        means.append(round(mean, 4))
        stds.append(round(max(float(counts @ (levels - mean) ** 2 / counts.sum()), 1e-6) ** 0.5, 4))
    return tuple(means), tuple(stds)
