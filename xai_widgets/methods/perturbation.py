"""Methods that change the picture and watch the score: no gradient, but many forward passes."""

from __future__ import annotations

from itertools import chain, product
from typing import Annotated, Literal

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor

from xai_widgets.baselines import Baseline, baseline_like
from xai_widgets.errors import ExplanationError
from xai_widgets.methods.path import spread
from xai_widgets.methods.registry import Range, Steps, method
from xai_widgets.methods.segments import Count, Game, Regions
from xai_widgets.probe.trace import Trace
from xai_widgets.progress import Progress
from xai_widgets.targets import Target

Shape = Literal["rectangle", "ellipse"]


@method(
    title="Occlusion",
    family="Perturbation",
    cost="1 forward per window position",
    formula="y(x) − y(x with the window covered), averaged where windows overlap",
    citation="Zeiler, Fergus 2014",
    url="https://arxiv.org/abs/1311.2901",
    shows="How much the class score falls when a window of the picture is covered.",
    limits="One window size; a covered picture is an unusual one; misses evidence shown twice.",
)
def occlusion(
    trace: Trace,
    target: Target,
    *,
    window: Annotated[int, Range(2, 256, 2, "px", "height of the cover")] = 32,
    width: Annotated[int, Range(0, 256, 2, "px", "of the cover; 0: as wide as high")] = 0,
    shape: Shape = "rectangle",
    stride: Annotated[int, Range(1, 128, 1, "px", "distance between positions")] = 16,
    baseline: Baseline = "zero",
) -> Steps:
    """The score's fall under a sliding cover, (N, 1, H, W), overlaps averaged: a number per pixel,
    in units of the score. Source: Zeiler and Fergus 2014, 4.2.

    Windows start at multiples of `stride`, as many as it takes to cover the picture, the last cut
    off by its edge. Positions are visited from coarse to fine, so that the map covers the whole
    picture early and then sharpens. An ellipse fills its window; pixels that none reaches, in the
    picture's corners, have 0. Raises ExplanationError where covers would leave gaps between them.
    """
    x, size = trace.input, trace.input.shape[-2:]
    sides = (window, width or window)
    _check_no_gaps(*sides, shape, stride)
    rectangle = torch.ones(sides, dtype=torch.bool, device="cpu")
    cover = (rectangle if shape == "rectangle" else _ellipse(*sides)).to(x.device)
    rows, columns = (1 + max(-(-(n - s) // stride), 0) for n, s in zip(size, sides, strict=True))
    covered = baseline_like(x, baseline, trace.black)
    whole = trace.score(target)
    # The network may give out another type than it takes.
    precise = torch.promote_types(whole.dtype, torch.float32)
    fall = torch.zeros((len(x), rows, columns), dtype=precise, device=x.device)
    visited = torch.zeros(rows, columns, dtype=torch.bool, device="cpu")
    order = _coarse_to_fine(rows, columns)
    at_a_time = trace.variants()
    for begin in range(0, len(order), at_a_time):
        cells = order[begin : begin + at_a_time]
        batch = trace.empty_inputs(len(cells)).copy_(x)
        for picture, (r, c) in zip(batch, cells, strict=True):
            top, left = r * stride, c * stride
            place = (..., slice(top, top + sides[0]), slice(left, left + sides[1]))
            hidden = cover[: size[0] - top, : size[1] - left]
            picture[place] = torch.where(hidden, covered[place], picture[place])
        down, across = map(list, zip(*cells, strict=True))
        scores = trace.scores(batch.flatten(0, 1), target).view(len(cells), len(x))
        fall[:, down, across] = (whole - scores).T.to(fall)
        visited[down, across] = True
        fine = _mean_of_covers(_filled(fall, visited), cover, shape, stride, size)
        yield Progress((begin + len(cells)) / len(order), fine[:, None])


def _check_no_gaps(height: int, width: int, shape: Shape, stride: int) -> None:
    """Raises ExplanationError where covers that far apart leave gaps. Discs around the points of a
    square grid leave none if their diameter is at least √2 of the grid's distance; an ellipse, if
    its smaller diameter is.
    """
    largest = min(height, width)
    if shape == "ellipse":
        largest = int(largest / 2**0.5)
    if stride > largest:
        raise ExplanationError(
            f"occlusion: stride={stride} leaves gaps between covers of {height} x {width} px "
            f"({shape}, window={height}); expected stride <= {largest}",
            parameter="stride",
            instead={"stride": largest},
        )


def _ellipse(height: int, width: int) -> Tensor:
    """The pixels of a window whose centres are inside the ellipse that fills it, bool."""
    down, across = ((torch.arange(n, device="cpu") + 0.5) * (2 / n) - 1 for n in (height, width))
    return down[:, None] ** 2 + across**2 <= 1


def _mean_of_covers(
    fall: Tensor, cover: Tensor, shape: Shape, stride: int, size: torch.Size
) -> Tensor:
    """The mean of `fall` (N, rows, columns) over the covers that hid a pixel, (N, H, W), or 0."""
    if shape == "rectangle":
        # A product of a row span and a column span: the sums are two small matrix products.
        sides = zip(fall.shape[1:], cover.shape, size, strict=True)
        down, across = (_spans(count, stride, *side).to(fall) for count, *side in sides)
        total = down @ fall @ across.T
        return total / (down.sum(1)[:, None] * across.sum(1)[None, :])
    mask = cover.to(fall)[None, None]
    total, times = (
        F.conv_transpose2d(field[:, None], mask, stride=stride)[:, 0, : size[0], : size[1]]
        for field in (fall, torch.ones_like(fall[:1]))
    )
    return torch.where(times > 0, total / times.clamp(min=1), 0)


def _spans(count: int, stride: int, side: int, length: int) -> Tensor:
    """Which of `length` places each span of `side` holds, one every `stride`, (length, count)."""
    away = torch.arange(length, device="cpu")[:, None] - stride * torch.arange(count, device="cpu")
    return (away >= 0) & (away < side)


def _coarse_to_fine(rows: int, columns: int) -> list[tuple[int, int]]:
    """All cells of a grid, the coarsest sub-grid first, every further level halving its step."""
    levels = 1
    while 2 ** (levels + 1) < max(rows, columns):
        levels += 1
    steps = (2**level for level in reversed(range(levels)))
    grids = (product(range(0, rows, step), range(0, columns, step)) for step in steps)
    return list(dict.fromkeys(chain.from_iterable(grids)))


def _filled(fall: Tensor, visited: Tensor) -> Tensor:
    """Cells not visited yet take the value of the nearest visited one."""
    if bool(visited.all()):
        return fall
    places = visited.nonzero()
    cells = torch.cartesian_prod(
        torch.arange(fall.shape[1], device="cpu"), torch.arange(fall.shape[2], device="cpu")
    )
    nearest = places[torch.cdist(cells.float(), places.float()).argmin(dim=1)]
    return fall[:, nearest[:, 0], nearest[:, 1]].view_as(fall)


@method(
    title="Feature ablation",
    family="Perturbation",
    cost="1 forward per segment",
    formula="y(x) − y(x with the segment covered)",
    citation="Zeiler, Fergus 2014; Ribeiro et al. 2016 for segments",
    url="https://arxiv.org/abs/1311.2901",
    shows="How much the class score falls when a piece cut along the picture's shapes is covered.",
    limits="Misses evidence shown twice, or in several segments; depends on how they are cut.",
)
def feature_ablation(
    trace: Trace,
    target: Target,
    *,
    regions: Regions = "slic",
    count: Count = 50,
    baseline: Baseline = "zero",
) -> Steps:
    """The score's fall when one segment is covered, for every pixel of it, (N, 1, H, W).

    Segments that have not been covered yet have the mean of those that have.
    """
    game = Game(trace, target, regions, count, baseline)
    total = max(game.players)
    fall = torch.zeros(len(game.players), total, dtype=torch.float64, device="cpu")
    order = spread(total)
    for begin in range(0, total, game.at_a_time):
        covered = torch.tensor(order[begin : begin + game.at_a_time], device="cpu")
        numbers = [torch.arange(players, device="cpu") for players in game.players]
        shown = [players != covered[:, None] for players in numbers]
        fall[:, covered] = game.whole[:, None] - game.scores(shown).T
        done = begin + len(covered)
        fall[:, order[done:]] = fall[:, order[:done]].mean(1, keepdim=True)
        shares = [f[:p] for f, p in zip(fall, game.players, strict=True)]
        yield Progress(done / total, game.paint(shares))


@method(
    title="RISE",
    family="Perturbation",
    cost="1 forward per sample",
    formula="Σ y(x ⊙ m) m / (p · samples), m random masks",
    citation="Petsiuk, Das, Saenko 2018",
    url="https://arxiv.org/abs/1806.07421",
    shows="Where the picture has to be seen for the class score to be high, over many masks.",
    limits="Noisy with few masks, as coarse as their grid; masked pictures are unusual ones.",
)
def rise(
    trace: Trace,
    target: Target,
    *,
    samples: Annotated[int, Range(2, 10000, 1, "", "masks")] = 1000,
    grid: Annotated[int, Range(2, 32, 1, "", "cells of a mask across the picture")] = 7,
    keep: Annotated[float, Range(0.05, 0.95, 0.05, "", "probability that a cell is shown")] = 0.5,
    centred: bool = True,
    baseline: Baseline = "zero",
    seed: Annotated[int, Range(0, 9999, 1, "", "of the random masks")] = 0,
) -> Steps:
    """Mean of y(x ⊙ m) m / p over random masks m, (N, 1, H, W). Source: Petsiuk et al. 2018, eq. 6.

    A mask is a grid of cells, each 1 with probability p, made larger bilinearly, each cell to one
    of ⌈H / grid⌉ × ⌈W / grid⌉ pixels, and shifted at random by up to a cell. `centred` takes the
    masked pictures' mean score off y: scores are not probabilities, and one far from 0 would cover
    the map with a constant (times the masks' mean).
    """
    x, size, shape = trace.input, trace.variants(), trace.input.shape[-2:]
    total = trace.zeros()[:, 0].flatten(1)
    masks = Masks((shape[0], shape[1]), samples, grid, keep, seed).to(total)
    shown, hidden = trace.empty_inputs(2)
    hidden.copy_(baseline_like(x, baseline, trace.black))
    shown.copy_(x).sub_(hidden)
    # Scores are counted from here, so that few digits are lost when their mean is taken off.
    origin = trace.score(target).to(total) if centred else total.new_zeros(len(x))
    plain, sums = torch.zeros_like(total[0]), total.new_zeros(len(x), 1)
    for begin in range(0, samples, size):
        mask = masks(begin, begin + size)
        batch = trace.empty_inputs(len(mask))
        torch.mul(shown, mask[:, None, None].to(x), out=batch)
        if baseline != "zero":
            batch += hidden
        scores = trace.scores(batch.flatten(0, 1), target).to(total).view(len(mask), -1) - origin
        total.addmm_(scores.T, mask.flatten(1))
        plain += mask.flatten(1).sum(0)
        sums += scores.sum(0)[:, None]
        done = begin + len(mask)
        values = total - sums / done * plain if centred else total
        yield Progress(done / samples, (values / (keep * done)).view(-1, 1, *shape))


class Masks:
    """RISE's random masks, made when they are needed, (k, H, W).

    Bilinear in rows and columns apart, a mask is two thin matrices around its grid of cells.
    """

    def __init__(
        self, shape: tuple[int, int], samples: int, grid: int, keep: float, seed: int
    ) -> None:
        generator = torch.Generator().manual_seed(seed)
        drawn = torch.rand(samples, grid, grid, generator=generator, device="cpu")
        self._cells = (drawn < keep).float()
        sides = [-(-length // grid) for length in shape]
        self._shifts = [
            torch.randint(side, (samples,), generator=generator, device="cpu") for side in sides
        ]
        self._larger = [_larger(grid, n, side) for n, side in zip(shape, sides, strict=True)]

    def to(self, like: Tensor) -> Masks:
        """These masks in the type and on the device of a tensor."""
        self._cells = self._cells.to(like)
        self._larger = [matrices.to(like) for matrices in self._larger]
        return self

    def __call__(self, begin: int, end: int) -> Tensor:
        down, across = (
            matrices[shifts[begin:end].to(matrices.device)]
            for matrices, shifts in zip(self._larger, self._shifts, strict=True)
        )
        return down @ self._cells[begin:end] @ across.mT


def _larger(grid: int, length: int, side: int) -> Tensor:
    """What makes `grid` cells (grid + 1) · side pixels, bilinearly, and leaves out all but `length`
    of them from a shift on, for each shift, (side, length, grid).
    """
    cells = torch.eye(grid, device="cpu")[None]
    wide = F.interpolate(cells, size=(grid + 1) * side, mode="linear")[0].T
    return torch.stack([wide[shift : shift + length] for shift in range(side)])
