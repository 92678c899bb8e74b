"""The neighbourhood of a picture in latent space: where synthetic pictures are drawn from.

Latents are z_i = mean(x) + s · a_i. The unit offset a_i depends on the seed and on i alone, so any
synthetic picture can be made again from its number and its scale, and none has to be kept. Where
places are erased instead of moved, the scale says how many of them.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor

from xai_widgets.errors import ExplanationError

Noise = Literal["auto", "none", "isotropic", "posterior", "uniform"]
Structure = Literal["auto", "independent", "smooth", "patches", "erased"]
Shape = Literal["auto", "even", "drawn_out"]
Draw: TypeAlias = Callable[[torch.Generator], Tensor]

# Cells across the picture of the grids that smooth noise is the sum of.
_SMOOTH = (2, 4, 7, 14)
_ALONG = 3.5  # standard deviation of what is added along that direction
_AROUND = 3  # a place is erased by the mean of a square of this part of the picture
_BLOCK = 8  # pictures whose random numbers one generator draws: each costs more than they do
_EVEN = 0.5  # ρ: what is left of the even noise where neighbours are drawn out along a direction


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """Offsets a_i around a latent mean, (1, d) or (1, c, h, w).

    noise: how one coefficient is drawn. ``"isotropic"``: N(0, 1). ``"posterior"``: N(0, 1) times
    the encoder's standard deviation, its root mean square divided out. ``"uniform"``: uniform in
    [−√3, √3], of variance 1 too. ``"none"``: 0, which only erased places can do without.

    structure: how the offsets of a latent grid hang together; a latent vector knows only
    ``"independent"``. ``"smooth"``: the sum of coarse grids of 2, 4, 7 and 14 cells across, each
    enlarged, of variance 1 in all. ``"patches"``: independent noise inside random patches
    and nothing outside: a mask of `cells` cells across, each 1 with probability 1/2, enlarged
    bilinearly after a random shift, as in RISE (Petsiuk et al. 2018). ``"erased"``: the latents in
    such patches are replaced, by their mean over the third of the picture around and the noise,
    z_i = z + m_i (z̄ + ε_i − z); a cell of m_i is 1 with probability 1 − 2^(−s), so that a scale of
    1 erases half of the picture and none all of it.

    Drawn out along a direction v, (1, ...) of length 1, from number `turn` on: a_i becomes
    a_i / 2 + 3.5 g_i v, g_i ~ N(0, 1). Where the label turns along v, it turns at nearly the same
    place for all of them, so a line can tell them apart; further out in all directions it cannot.
    """

    mean: Tensor
    log_variance: Tensor
    noise: Noise
    structure: Structure
    cells: int
    seed: int
    along: Tensor | None = None
    turn: int = 0

    @classmethod
    def around(
        cls, mean: Tensor, log_variance: Tensor, noise: Noise, structure: Structure, cells: int,
        seed: int,
    ) -> Neighbourhood:  # fmt: skip
        """A neighbourhood whose structure fits the latents: "auto" is erased on a grid, and its
        noise none.

        Raises ExplanationError for a structure over the picture where the latent is one vector, and
        for neighbours that would all be alike.
        """
        spatial = mean.ndim == 4
        if structure == "auto":
            structure = "erased" if spatial else "independent"
        if noise == "auto":
            noise = "none" if structure == "erased" else "isotropic"
        if structure != "independent" and not spatial:
            raise ExplanationError(
                f'structure="{structure}" needs a VAE whose latents lie over the picture, '
                f"(N, c, h, w); this one has {mean.shape[1]} numbers for all of it; expected "
                '"independent"'
            )
        if noise == "none" and structure != "erased":
            raise ExplanationError(
                f'noise="none" leaves all synthetic pictures alike with structure="{structure}"; '
                'expected structure="erased", or another noise'
            )
        return cls(mean, log_variance, noise, structure, cells, seed)

    def offsets(self, numbers: list[int], scales: list[float]) -> Tensor:
        """The offsets s a_i of the synthetic pictures of these numbers and scales, (k, d) or
        (k, c, h, w).
        """
        shape = self.mean.shape[1:]
        scale = torch.tensor(scales).view(-1, *[1] * len(shape))
        drawn = torch.zeros(len(numbers), *shape)
        if self.noise != "none":
            drawn = self._several(numbers, "noise", partial(self._noise, shape))
        if self.structure == "erased":
            drawn = self._masks(numbers, scales) * (self.erasing + drawn)
        elif self.structure == "patches":
            drawn = scale * self._masks(numbers, scales) * drawn
        else:
            drawn = scale * drawn
        if self.along is not None:
            after = torch.tensor([number >= self.turn for number in numbers]).view_as(scale)
            ways = self._several(numbers, "ways", _normal).view_as(scale)
            out = _EVEN * drawn + scale * _ALONG * ways * self.along.cpu()
            drawn = torch.where(after, out, drawn)
        return drawn.to(self.mean)

    def drawn_out(self, along: Tensor, turn: int) -> Neighbourhood:
        """The same, drawn out along a direction from this number on."""
        return replace(self, along=along / along.norm().clamp_min(1e-12), turn=turn)

    def disturbed(self, numbers: list[int], scales: list[float]) -> Tensor | None:
        """How much each place of their latents is disturbed, 0 to 1, (k, 1, h, w); None where all
        are alike.
        """
        if self.structure not in ("patches", "erased"):
            return None
        return self._masks(numbers, scales).to(self.mean)

    def _several(self, numbers: list[int], what: str, draw: Draw) -> Tensor:
        """What `draw` gives for each of these numbers, (k, ...)."""
        blocks = {block: i for i, block in enumerate(dict.fromkeys(n // _BLOCK for n in numbers))}
        drawn = torch.cat([draw(_generator(self.seed, what, block)) for block in blocks])
        return drawn[[_BLOCK * blocks[n // _BLOCK] + n % _BLOCK for n in numbers]]

    def _noise(self, shape: torch.Size, generator: torch.Generator) -> Tensor:
        draw = _smooth if self.structure == "smooth" else _drawn
        drawn = draw(shape, self.noise, generator)
        if self.noise == "posterior":
            deviation = (0.5 * self.log_variance[0].cpu().float()).exp()
            drawn = drawn * deviation / deviation.square().mean().sqrt()
        return drawn

    def _masks(self, numbers: list[int], scales: list[float]) -> Tensor:
        """How much each place of the latent grid is disturbed, 0 to 1, (k, 1, h, w)."""
        height, width = self.mean.shape[-2:]
        rows, columns = min(self.cells, height), min(self.cells, width)
        down, across = -(-height // rows), -(-width // columns)
        cells = self._several(numbers, "cells", partial(_uniform, (rows + 1, columns + 1)))
        shift = self._several(numbers, "shift", partial(_uniform, (2,)))
        erased = self.structure == "erased"
        shares = torch.tensor([1 - 2.0**-scale if erased else 0.5 for scale in scales])
        coarse = (cells < shares[:, None, None]).float()
        size = ((rows + 1) * down, (columns + 1) * across)
        wide = F.interpolate(coarse[:, None], size=size, mode="bilinear")
        corners = (shift * torch.tensor([down, across])).long().tolist()
        pairs = zip(wide, corners, strict=True)
        return torch.stack([m[:, y : y + height, x : x + width] for m, (y, x) in pairs])

    @cached_property
    def erasing(self) -> Tensor:
        """What erasing adds to the latents, z̄ − z, (c, h, w)."""
        mean = self.mean.cpu()
        reach = max(1, min(mean.shape[-2:]) // (2 * _AROUND))
        return (F.avg_pool2d(mean, 2 * reach + 1, 1, reach, count_include_pad=False) - mean)[0]


def _generator(seed: int, what: str, block: int) -> torch.Generator:
    """A generator of its own for each kind of number and few pictures: neighbouring seeds of one
    kind look alike.
    """
    digest = hashlib.blake2b(f"{seed} {what} {block}".encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "little") >> 1)


def _uniform(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.rand(_BLOCK, *shape, generator=generator)


def _normal(generator: torch.Generator) -> Tensor:
    return torch.randn(_BLOCK, generator=generator)


def _drawn(shape: torch.Size, noise: Noise, generator: torch.Generator) -> Tensor:
    """Noise of variance 1 for a block of pictures, (8, ...)."""
    if noise == "uniform":
        return (2 * _uniform(shape, generator) - 1) * 3**0.5
    return torch.randn(_BLOCK, *shape, generator=generator)


def _smooth(shape: torch.Size, noise: Noise, generator: torch.Generator) -> Tensor:
    """The sum of coarse grids of noise, enlarged, of variance 1 over the picture, for a block of
    pictures, (8, c, h, w).
    """
    channels, height, width = shape
    total = torch.zeros(_BLOCK, *shape)
    grids = [cells for cells in _SMOOTH if cells <= max(height, width)]
    for cells in grids:
        size = torch.Size((channels, min(cells, height), min(cells, width)))
        coarse = _drawn(size, noise, generator)
        fine = F.interpolate(coarse, size=(height, width), mode="bicubic")
        total += fine / _deviation(size[1], size[2], height, width)
    return total / math.sqrt(len(grids))


def _deviation(rows: int, columns: int, height: int, width: int) -> float:
    """The root mean square of enlarged white noise of deviation 1."""
    down = F.interpolate(torch.eye(rows)[None, None], size=(height, rows), mode="bicubic")[0, 0]
    across = F.interpolate(torch.eye(columns)[None, None], size=(width, columns), mode="bicubic")
    return float((down.square().sum(1).mean() * across[0, 0].square().sum(1).mean()).sqrt())
