"""Noisy linear imputation: pixels that were taken away, filled in from those around them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from xai_widgets.errors import ExplanationError
from xai_widgets.metrics.relevance import Floats

_DIRECT, _DIAGONAL = 1 / 6, 1 / 12
_ROUNDS = 5_000
# About how much a hat over a hole without edges changes from pixel to pixel: Σ w_ij (φ_i − φ_j)².
_ENERGY = 0.5
Grid: TypeAlias = "tuple[Floats, Floats]"


def linear_imputation(
    pictures: npt.ArrayLike, missing: npt.ArrayLike, tolerance: float = 1e-7
) -> Floats:
    """Pictures (C, H, W) whose missing pixels are weighted means of their eight neighbours.

    missing: bool (M, H, W), one set of pixels for each result; returns (M, C, H, W) float64.
    Every missing pixel satisfies x_i = Σ_j w_ij x_j / Σ_j w_ij over its neighbours inside the
    picture, w = 1/6 beside and above, 1/12 across the corner; the others stay. Source: Rong et
    al. 2022 (ROAD), section 4.2.

    The equations are symmetric and positive definite. Conjugate gradients solve them, begun from a
    coarse-to-fine guess, until the preconditioned residual is `tolerance` times the values' range.
    Raises ExplanationError where a set has no pixel left.
    """
    known = np.asarray(pictures, dtype=np.float64)
    gone = np.asarray(missing, dtype=bool)
    if gone.all(axis=(1, 2)).any():
        raise ExplanationError("every pixel is missing; expected at least one to fill in from")
    grids = _grids(*known.shape[1:])
    weight = _neighbours(np.ones(known.shape[1:]))  # of the neighbours inside the picture
    # One set at a time: its arrays stay in the processor's cache.
    return np.stack([_filled(known, hole, weight, grids, tolerance) for hole in gone])


def _filled(
    known: Floats, hole: npt.NDArray[np.bool_], weight: Floats, grids: list[Grid], tolerance: float
) -> Floats:
    unknown = hole.astype(np.float64)
    right = unknown * _neighbours(known * ~hole)
    guess = unknown * _coarse_guess(known * ~hole, (1 - unknown)[None])
    towards_known = unknown * _neighbours(1 - unknown)
    levels = [
        (
            down,
            across,
            1
            / (
                _ENERGY * (down.T @ unknown @ across) / _share(down, across)
                + (down**2).T @ towards_known @ across**2
                + 1e-9
            ),
        )
        for down, across in grids
    ]

    def precondition(residual: Floats) -> Floats:
        z = residual / weight
        for down, across, scale in levels:
            z += down @ (scale * (down.T @ residual @ across)) @ across.T
        z *= unknown
        return z

    def apply(v: Floats) -> Floats:
        image = weight * v - _neighbours(v)
        image *= unknown
        return image

    solution = _conjugate_gradients(apply, precondition, guess, right, tolerance * np.ptp(known))
    return np.where(hole, solution, known)


def _neighbours(v: Floats) -> Floats:
    """Σ_j w_ij v_j over the eight neighbours, zero outside the picture.

    The weights are (1/12)·[1 2 1]ᵀ[1 2 1] without its centre 4/12.
    """
    rows = 2 * v
    rows[..., 1:, :] += v[..., :-1, :]
    rows[..., :-1, :] += v[..., 1:, :]
    both = 2 * rows
    both[..., 1:] += rows[..., :-1]
    both[..., :-1] += rows[..., 1:]
    both -= 4 * v
    both *= _DIAGONAL
    return both


def _conjugate_gradients(
    apply: Callable[[Floats], Floats],
    precondition: Callable[[Floats], Floats],
    x: Floats,
    right: Floats,
    enough: float,
) -> Floats:
    """Solve apply(x) = right for every channel (C, H, W) by itself."""
    residual = right - apply(x)
    direction = z = precondition(residual)
    rz = _dot(residual, z)
    for _ in range(_ROUNDS):
        if np.abs(z).max() <= enough:
            break
        image = apply(direction)
        step = _ratio(rz, _dot(direction, image))
        x = x + step * direction
        residual = residual - step * image
        z = precondition(residual)
        before, rz = rz, _dot(residual, z)
        direction = z + _ratio(rz, before) * direction
    return x


def _dot(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.einsum("chw,chw->c", a, b))[:, None, None]


def _ratio(a: Floats, b: Floats) -> Floats:
    """a/b, and 0 where b is: a channel that is solved already."""
    return np.divide(a, b, out=np.zeros_like(a), where=b > 0)


def _grids(height: int, width: int) -> list[Grid]:
    """Grids of half, a quarter ... of the points each way, as hats over the pixels: (H, h), (W, w).

    They let a correction cross a large hole in one round instead of pixel by pixel.
    """
    grids, spacing = [], 2
    while spacing < 2 * max(height, width):
        grids.append((_hats(height, spacing), _hats(width, spacing)))
        spacing *= 2
    return grids


def _hats(length: int, spacing: int) -> Floats:
    centres = np.arange(0, length + spacing - 1, spacing)
    distance = np.abs(np.arange(length)[:, None] - centres[None]) / spacing
    return np.asarray(np.maximum(1 - distance, 0))


def _share(down: Floats, across: Floats) -> Floats:
    """How many pixels each hat weighs."""
    return np.maximum(np.outer(down.sum(0), across.sum(0)), 1e-9)


def _coarse_guess(values: Floats, present: Floats) -> Floats:
    """Holes take the mean of what is there in the smallest enclosing square of side 2, 4, 8 ..."""
    height, width = present.shape[-2:]
    if min(height, width) == 1 or bool((present > 0).all()):
        total = present.sum((-1, -2), keepdims=True)
        mean = values.sum((-1, -2), keepdims=True) / np.maximum(total, 1e-300)
        return np.where(present > 0, values / np.maximum(present, 1e-300), mean)
    pad = [(0, 0), (0, height % 2), (0, width % 2)]
    above = _coarse_guess(_halved(np.pad(values, pad)), _halved(np.pad(present, pad)))
    coarse = above.repeat(2, axis=-2).repeat(2, axis=-1)[..., :height, :width]
    return np.where(present > 0, values / np.maximum(present, 1e-300), coarse)


def _halved(v: Floats) -> Floats:
    height, width = v.shape[-2] // 2, v.shape[-1] // 2
    return np.asarray(v.reshape(len(v), height, 2, width, 2).sum((2, 4)))
