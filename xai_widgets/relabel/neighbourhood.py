"""The neighbourhood of a picture in latent space: where synthetic pictures are drawn, and how far
away half of them keep the label.

Latents are z_i = mean(x) + s · a_i. The unit offset a_i depends on the seed and on i alone, so any
synthetic picture can be made again from its number and its scale, and none has to be kept. Where
patches are erased instead of moved, the scale sets how many.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor

from xai_widgets.errors import ExplanationError
from xai_widgets.shares import percent

Noise = Literal["auto", "none", "isotropic", "posterior", "uniform"]
Structure = Literal["auto", "independent", "smooth", "patches", "erased"]
Shape = Literal["auto", "even", "drawn_out"]
Draw: TypeAlias = Callable[[torch.Generator], Tensor]

# Cells across the picture, of the grids in smooth noise.
_SMOOTH = (2, 4, 7, 14)
_ALONG = 3.5  # standard deviation along the direction in which neighbours are drawn out
_AROUND = 3  # a patch is erased by the mean over a square of 1/3 of the picture
_BLOCK = 8  # pictures per generator: making one costs more than drawing their numbers
_EVEN = 0.5  # factor of the other noise there

LEAST, MOST = 0.3, 0.7  # shares of kept labels that count as two classes
_MARGIN = 0.05  # the search stays this far within those bounds
# log₂ of the threshold θ, and β, the slope of the share per octave.
_OCTAVES = torch.arange(-7, 6.01, 0.125, dtype=torch.float64, device="cpu")
_SLOPES = torch.tensor([0.75, 1.5, 3.0, 6.0], dtype=torch.float64, device="cpu")
# γ: the share that keeps its label at any distance. Moved at random, a picture crosses a plane half
# of the time at most.
_LEFT = torch.tensor([0.0, 0.2, 0.4, 0.5], dtype=torch.float64, device="cpu")
_LAPSE = 0.02  # a label may turn, or stay, for no reason of scale
_SPREAD = 3.5  # octaves: the deviation of θ before any neighbour is drawn
_EQUAL = 0.9  # share of the highest probability from which on a scale counts as equally good
_ONE_SIDED = 24  # neighbours of one class, after which the other is taken not to exist
_ENOUGH = 16  # neighbours, before the search may end
_STEP = 3.0  # octaves at most from one batch to the next


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """Offsets a_i around a latent mean, (1, d) or (1, c, h, w).

    noise: how one coefficient is drawn. ``"isotropic"``: N(0, 1). ``"posterior"``: N(0, 1) times
    the encoder's standard deviation, its root mean square divided out. ``"uniform"``: uniform in
    [−√3, √3], of variance 1 too. ``"none"``: 0, for erased patches only.

    structure: how the offsets of a latent grid are related; a latent vector has only
    ``"independent"``. ``"smooth"``: the sum of enlarged coarse grids, 2, 4, 7 and 14 cells across,
    of variance 1 in total. ``"patches"``: independent noise inside random patches and none outside:
    a mask of `cells` cells across, each 1 with probability 1/2, enlarged bilinearly after a random
    shift, as in RISE (Petsiuk et al. 2018). ``"erased"``: the latents in such patches are replaced
    by their mean over the third of the picture around them, plus the noise,
    z_i = z + m_i (z̄ + ε_i − z); a cell of m_i is 1 with probability 1 − 2^(−s): a scale of 1
    erases half of the picture, and no scale all of it.

    Drawn out along a direction v, (1, ...) of length 1, from number `turn` on: a_i becomes
    a_i / 2 + 3.5 g_i v, g_i ~ N(0, 1). Where the label turns along v, it does so at nearly the same
    position for all of them, so a linear student can separate the classes, which it cannot where
    they are spread further in all directions.
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

        Raises ExplanationError for a structure that needs a grid where the latent is one vector,
        and for neighbours that would all be equal.
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
        scale = torch.tensor(scales, device="cpu").view(-1, *[1] * len(shape))
        drawn = torch.zeros(len(numbers), *shape, device="cpu")
        if self.noise != "none":
            drawn = self._draw(numbers, "noise", lambda g: self._noise(shape, g))
        if self.structure == "erased":
            drawn = self._masks(numbers, scales) * (self.erasing + drawn)
        elif self.structure == "patches":
            drawn = scale * self._masks(numbers, scales) * drawn
        else:
            drawn = scale * drawn
        if self.along is not None:
            after = torch.tensor([number >= self.turn for number in numbers], device="cpu")
            ways = self._draw(
                numbers, "ways", lambda g: torch.randn(_BLOCK, generator=g, device="cpu")
            )
            out = _EVEN * drawn + scale * _ALONG * ways.view_as(scale) * self.along.cpu()
            drawn = torch.where(after.view_as(scale), out, drawn)
        return drawn.to(self.mean)

    def drawn_out(self, along: Tensor, turn: int) -> Neighbourhood:
        """The same neighbourhood, drawn out along a direction from this number on."""
        return replace(self, along=along / along.norm().clamp_min(1e-12), turn=turn)

    def disturbed(self, numbers: list[int], scales: list[float]) -> Tensor | None:
        """How much each position of their latents is disturbed, 0 to 1, (k, 1, h, w); None for a
        structure without patches.
        """
        if self.structure not in ("patches", "erased"):
            return None
        return self._masks(numbers, scales).to(self.mean)

    def _draw(self, numbers: list[int], purpose: str, draw: Draw) -> Tensor:
        """Random numbers by `draw` for these pictures, (k, ...)."""
        blocks = {block: i for i, block in enumerate(dict.fromkeys(n // _BLOCK for n in numbers))}
        drawn = torch.cat([draw(_generator(self.seed, purpose, block)) for block in blocks])
        return drawn[[_BLOCK * blocks[n // _BLOCK] + n % _BLOCK for n in numbers]]

    def _noise(self, shape: torch.Size, generator: torch.Generator) -> Tensor:
        draw = _smooth if self.structure == "smooth" else _white
        drawn = draw(shape, self.noise, generator)
        if self.noise == "posterior":
            deviation = (0.5 * self.log_variance[0].cpu().float()).exp()
            drawn = drawn * deviation / deviation.square().mean().sqrt()
        return drawn

    def _masks(self, numbers: list[int], scales: list[float]) -> Tensor:
        """How much each position of the latent grid is disturbed, 0 to 1, (k, 1, h, w)."""
        height, width = self.mean.shape[-2:]
        rows, columns = min(self.cells, height), min(self.cells, width)
        down, across = -(-height // rows), -(-width // columns)
        grid = (_BLOCK, rows + 1, columns + 1)
        cells = self._draw(numbers, "cells", lambda g: torch.rand(grid, generator=g, device="cpu"))
        shift = self._draw(
            numbers, "shift", lambda g: torch.rand(_BLOCK, 2, generator=g, device="cpu")
        )
        erased = self.structure == "erased"
        shares = torch.tensor(
            [1 - 2.0**-scale if erased else 0.5 for scale in scales], device="cpu"
        )
        coarse = (cells < shares[:, None, None]).float()
        size = ((rows + 1) * down, (columns + 1) * across)
        wide = F.interpolate(coarse[:, None], size=size, mode="bilinear")
        corners = (shift * torch.tensor([down, across], device="cpu")).long().tolist()
        pairs = zip(wide, corners, strict=True)
        return torch.stack([m[:, y : y + height, x : x + width] for m, (y, x) in pairs])

    @cached_property
    def erasing(self) -> Tensor:
        """What erasing adds to the latents, z̄ − z, (c, h, w)."""
        mean = self.mean.cpu()
        reach = max(1, min(mean.shape[-2:]) // (2 * _AROUND))
        return (F.avg_pool2d(mean, 2 * reach + 1, 1, reach, count_include_pad=False) - mean)[0]


def _generator(seed: int, purpose: str, block: int) -> torch.Generator:
    """A generator for each purpose and block of pictures. The seed is hashed, because generators of
    neighbouring seeds give similar numbers.
    """
    digest = hashlib.blake2b(f"{seed} {purpose} {block}".encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "little") >> 1)


def _white(shape: torch.Size, noise: Noise, generator: torch.Generator) -> Tensor:
    """Noise of variance 1 for a block of pictures, (8, ...)."""
    if noise == "uniform":
        return (2 * torch.rand(_BLOCK, *shape, generator=generator, device="cpu") - 1) * 3**0.5
    return torch.randn(_BLOCK, *shape, generator=generator, device="cpu")


def _smooth(shape: torch.Size, noise: Noise, generator: torch.Generator) -> Tensor:
    """The sum of coarse grids of noise, enlarged, of variance 1 over the picture, for a block of
    pictures, (8, c, h, w).
    """
    channels, height, width = shape
    total = torch.zeros(_BLOCK, *shape, device="cpu")
    grids = [cells for cells in _SMOOTH if cells <= max(height, width)]
    for cells in grids:
        size = torch.Size((channels, min(cells, height), min(cells, width)))
        coarse = _white(size, noise, generator)
        fine = F.interpolate(coarse, size=(height, width), mode="bicubic")
        total += fine / _deviation(size[1], size[2], height, width)
    return total / math.sqrt(len(grids))


def _deviation(rows: int, columns: int, height: int, width: int) -> float:
    """The root mean square of enlarged white noise of deviation 1."""
    grids = (torch.eye(count, device="cpu")[None, None] for count in (rows, columns))
    sizes = ((height, rows), (width, columns))
    down, across = (
        F.interpolate(grid, size=size, mode="bicubic")[0, 0]
        for grid, size in zip(grids, sizes, strict=True)
    )
    return float((down.square().sum(1).mean() * across.square().sum(1).mean()).sqrt())


@cache
def _share_table() -> Tensor:
    """P(kept) at each log₂ s, for each θ, β and γ, (s, θ, β, γ)."""
    rise = (_OCTAVES[:, None] - _OCTAVES[:, None, None])[..., None] * _SLOPES[:, None]
    return _LAPSE / 2 + (1 - _LAPSE) * (_LEFT + (1 - _LEFT) * rise.sigmoid())


def _index(scale: float) -> int:
    octave = torch.tensor(scale, dtype=torch.float64, device="cpu").log2()
    return int((_OCTAVES - octave).abs().argmin())


@cache
def _aimed_at() -> Tensor:
    """Where that share lies a margin within the bounds; (s, θ, β, γ), 1 or 0."""
    shares = _share_table()
    return ((shares > LEAST + _MARGIN) & (shares < MOST - _MARGIN)).double()


class ScaleSearch:
    """The search for the scale s at which half of the neighbours keep the label, by a model fitted
    to those drawn so far: P(kept | s) = γ + (1 − γ) σ(β (θ − log₂ s)).

    θ, β and γ have a posterior on a grid, so every neighbour counts whatever scale it was drawn at;
    the next are drawn where the share is expected to be right. Source: Watson, Pelli 1983, "QUEST:
    A Bayesian adaptive psychometric method".
    """

    def __init__(self, first: float = 1.0) -> None:
        self.first = first
        self.tried: list[tuple[float, bool]] = []
        prior = -0.5 * (_OCTAVES / _SPREAD).square()
        self._log_posterior = prior[:, None, None].expand(-1, len(_SLOPES), len(_LEFT))

    def learn(self, scale: float, kept: list[bool]) -> None:
        """Update the posterior with neighbours at a scale; `kept`: whether each keeps the label."""
        self.tried += [(scale, keeps) for keeps in kept]
        share = _share_table()[_index(scale)]
        stayed = self._log_posterior + sum(kept) * share.log()
        self._log_posterior = stayed + (len(kept) - sum(kept)) * (1 - share).log()

    def best(self) -> float:
        """The scale at which the share of kept labels is most probably within the bounds, the least
        of equals; at most three octaves from the last one tried. The first one is `first`.
        """
        if not self.tried:
            return self.first
        probable = _aimed_at().flatten(1) @ self._posterior().flatten()
        octave = float(_OCTAVES[int((probable > _EQUAL * probable.max()).nonzero()[0])])
        last = float(_OCTAVES[_index(self.tried[-1][0])])
        return float(2 ** min(max(octave, last - _STEP), last + _STEP))

    def settled(self) -> bool:
        """Whether the share at the best scale lies within the bounds with probability 3/4. It is
        checked again as neighbours come in.
        """
        if len(self.tried) < _ENOUGH:
            return False
        share = _share_table()[_index(self.best())]
        return float(self._posterior()[(share > LEAST) & (share < MOST)].sum()) > 0.75

    def _posterior(self) -> Tensor:
        return self._log_posterior.flatten().softmax(0).view_as(self._log_posterior)

    def one_sided(self) -> bool:
        """Whether all of many neighbours keep the label, or none does."""
        return len(self.tried) >= _ONE_SIDED and len({kept for _, kept in self.tried}) == 1

    def check(self) -> None:
        """Raise ExplanationError, with all that was tried, where no scale gives two classes."""
        if not self.one_sided():
            return
        shares: dict[float, list[bool]] = {}
        for scale, keeps in self.tried:
            shares.setdefault(scale, []).append(keeps)
        tried = ", ".join(
            f"{100 * sum(kept) / len(kept):.0f} % at {scale:.3g}"
            for scale, kept in sorted(shares.items())
        )
        way_out = (
            "keep the label: the VAE may not reach far enough"
            if self.tried[0][1]
            else "lose the label: the VAE may not reconstruct this picture; "
            'reference="reconstruction" takes the label of the reconstruction'
        )
        raise ExplanationError(
            "relabel_distillation: no scale of the neighbourhood gives two classes, expected "
            f"{percent(LEAST)} to {percent(MOST)} of the synthetic pictures to keep the label; "
            f"kept were {tried}. The decoded pictures all {way_out}."
        )
