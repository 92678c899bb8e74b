"""Experiments on pictures: cover a region, or exchange it between pictures, and see what the
network answers; the same with random regions beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from xai_widgets.baselines import gaussian_blur
from xai_widgets.errors import ExplanationError, brief, check_choice
from xai_widgets.shares import percent
from xai_widgets.study.findings import Experiment, Region, Show
from xai_widgets.study.statistics import bootstrap_mean

__all__ = ["Fill", "cover", "mask_of", "partners_of", "random_regions", "swap"]

Fill = Literal["blur", "mean", "paste"]
FILLS = get_args(Fill)
Floats = npt.NDArray[np.float64]
RowNumbers = npt.NDArray[np.int64]
# Probabilities (n, classes) of model inputs (n, C, H, W).
Answer = Callable[[Tensor], Floats]
_OVERLAP = 0.1  # of a random region with the region itself, at most
_BLUR = 1 / 8  # the blur's standard deviation, in parts of the shorter side: a mark is gone


def mask_of(region: Any, size: tuple[int, int]) -> Region:
    """A region as a mask (H, W) of the model input: given as one, or as top, left, bottom, right in
    pixels of the model input.

    Raises ExplanationError for one that is empty, everything, or outside.
    """
    height, width = size
    array = np.asarray(region)
    if array.shape == (4,) and array.dtype.kind in "iuf":
        top, left, bottom, right = (round(float(v)) for v in array)
        if not (0 <= top < bottom <= height and 0 <= left < right <= width):
            raise ExplanationError(
                f"region is {brief(region)}; expected top, left, bottom, right in pixels of the "
                f"model input, {height} x {width}"
            )
        mask = np.zeros(size, bool)
        mask[top:bottom, left:right] = True
    elif array.shape == (height, width):
        mask = array.astype(bool)
    else:
        raise ExplanationError(
            f"region is {brief(region)}; expected a mask ({height}, {width}) of the model input, "
            "or (top, left, bottom, right) in its pixels"
        )
    if mask.all() or not mask.any():
        raise ExplanationError(
            f"region is {'the whole picture' if mask.all() else 'empty'}; expected a part of it"
        )
    return mask


def random_regions(region: Region, count: int, seed: int = 0) -> list[Region]:
    """The region at other places: moved at random to where its centre is as far from the picture's
    as it was, or nearly (the nearest tenth of all places, at least eight), and where it covers at
    most a tenth of itself.
    """
    height, width = region.shape
    down, across = np.flatnonzero(region.any(1)), np.flatnonzero(region.any(0))
    top, left = int(down[0]), int(across[0])
    shape = region[top : int(down[-1]) + 1, left : int(across[-1]) + 1]
    h, w = shape.shape
    tops, lefts = np.meshgrid(np.arange(height - h + 1), np.arange(width - w + 1), indexing="ij")
    centre = np.array([(height - h) / 2, (width - w) / 2])
    distance = np.hypot(tops - centre[0], lefts - centre[1])
    own = float(np.hypot(top - centre[0], left - centre[1]))
    # Overlap of bounding boxes, as a part of the region's.
    rows = np.clip(h - np.abs(tops - top), 0, None)
    columns = np.clip(w - np.abs(lefts - left), 0, None)
    apart = rows * columns <= _OVERLAP * h * w
    places = np.argwhere(apart)
    if not len(places):
        raise ExplanationError(
            f"the region covers {percent(float(region.mean()))} of the picture, so no other of its "
            "size lies apart from it, to compare with; take a smaller one"
        )
    off = np.abs(distance[apart] - own)
    nearest = places[np.argsort(off, kind="stable")[: max(8, len(places) // 10)]]
    rng = np.random.default_rng(seed)
    chosen = nearest[rng.choice(len(nearest), count, replace=len(nearest) < count)]
    found = []
    for y, x in chosen.tolist():
        moved = np.zeros_like(region)
        moved[y : y + h, x : x + w] = shape
        found.append(moved)
    return found


def partners_of(
    answers: npt.NDArray[np.integer], pool: npt.NDArray[np.integer], seed: int = 0
) -> RowNumbers:
    """For each answer (n,) the place in ``pool`` (m,) of one with another answer, at random; -1
    where there is none.
    """
    rng = np.random.default_rng(seed)
    out = np.full(len(answers), -1, np.int64)
    for answer in np.unique(answers):
        others = np.flatnonzero(pool != answer)
        own = np.flatnonzero(answers == answer)
        if len(others):
            drawn = np.concatenate(
                [rng.permutation(others) for _ in range(-(-len(own) // len(others)))]
            )
            out[own] = drawn[: len(own)]
    return out


def replaced(x: Tensor, other: Tensor, region: Region) -> Tensor:
    """x (n, C, H, W) with the region taken from ``other``."""
    return torch.where(torch.from_numpy(region).to(x.device), other, x)


def cover(
    x: Tensor,
    answer: Answer,
    rows: RowNumbers,
    region: Region,
    *,
    fill: str = "blur",
    others: Tensor | None = None,
    controls: int = 8,
    seed: int = 0,
    show: Show | None = None,
    classes: npt.NDArray[np.integer] | None = None,
) -> Experiment:
    """Cover the region of pictures x (n, C, H, W), and ``controls`` random regions beside it.

    The effect is the mean fall of the probability of each picture's own answer (or of ``classes``).
    fill: "blur" (a Gaussian of an eighth of the shorter side), "mean" (each picture's mean colour),
    "paste" (the same place of ``others``, pictures with other answers).
    """
    check_choice("fill", fill, FILLS)
    before = answer(x)
    said = before.argmax(axis=1)
    own = said if classes is None else np.asarray(classes)
    if fill == "paste":
        assert others is not None
        filling, words = others, "pasted from pictures of other answers"
    elif fill == "mean":
        filling, words = x.mean(dim=(2, 3), keepdim=True).expand_as(x), "its mean colour"
    else:
        filling = gaussian_blur(x, min(x.shape[-2:]) * _BLUR)
        words = "blurred"
    place = np.arange(len(x))

    def fall(where: Region) -> tuple[Floats, npt.NDArray[np.bool_]]:
        after = answer(replaced(x, filling, where))
        return before[place, own] - after[place, own], after.argmax(axis=1) != said

    effect, turned = fall(region)
    return _experiment("cover", rows, region, effect, turned, fall, controls, seed, words, show)


def swap(
    x: Tensor,
    others: Tensor,
    answer: Answer,
    rows: RowNumbers,
    region: Region,
    *,
    controls: int = 8,
    seed: int = 0,
    show: Show | None = None,
) -> Experiment:
    """Put the region of ``others``, pictures with other answers, into pictures x (n, C, H, W), and
    the same at ``controls`` random places beside it.

    The effect is the share of answers that turn to that of the picture which the region is from.
    """
    said, theirs = answer(x).argmax(axis=1), answer(others).argmax(axis=1)

    def turn(where: Region) -> tuple[Floats, npt.NDArray[np.bool_]]:
        after = answer(replaced(x, others, where)).argmax(axis=1)
        return (after == theirs).astype(np.float64), after != said

    effect, turned = turn(region)
    words = "exchanged with pictures of other answers"
    return _experiment("swap", rows, region, effect, turned, turn, controls, seed, words, show)


def _experiment(
    kind: str,
    rows: RowNumbers,
    region: Region,
    effect: Floats,
    turned: npt.NDArray[np.bool_],
    measure: Callable[[Region], tuple[Floats, npt.NDArray[np.bool_]]],
    controls: int,
    seed: int,
    words: str,
    show: Show | None,
) -> Experiment:
    results = [measure(where) for where in random_regions(region, controls, seed)]
    # A control at one place is one draw of a place: its interval is over places and pictures.
    by_place = np.stack([values for values, _ in results])
    return Experiment(
        kind,
        rows,
        region,
        float(effect.mean()),
        bootstrap_mean(effect, seed),
        float(by_place.mean()),
        _two_way(by_place, seed),
        float(turned.mean()),
        float(np.mean([t.mean() for _, t in results])),
        words,
        show=show,
    )


def _two_way(values: Floats, seed: int, resamples: int = 2000) -> tuple[float, float]:
    """The 95 % bootstrap interval of a mean over places and pictures (m, n), both drawn with
    replacement.
    """
    rng = np.random.default_rng(seed)
    m, n = values.shape
    places = rng.multinomial(m, np.full(m, 1 / m), size=resamples) / m
    pictures = rng.multinomial(n, np.full(n, 1 / n), size=resamples) / n
    means = np.einsum("rm,mn,rn->r", places, values, pictures, optimize=True)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def joined(inputs: Sequence[Tensor]) -> Tensor:
    """Model inputs (1, C, H, W) as one batch. Raises ExplanationError where their sizes differ."""
    shapes = {tuple(x.shape[1:]) for x in inputs}
    if len(shapes) > 1:
        raise ExplanationError(
            f"the pictures have model inputs of {len(shapes)} sizes, so one region is not one "
            "place in all of them; give the engine a preprocessing with a size, or pass rows of "
            "one size"
        )
    return torch.cat(list(inputs))
