"""Noisy linear imputation: pixels that were taken away, filled in from those around them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from xai_widgets.errors import ExplanationError
from xai_widgets.metrics.relevance import Floats

_ROUNDS = 5_000
# About how much a hat over a hole without edges changes from pixel to pixel: Σ w_ij (φ_i − φ_j)².
_ENERGY = 0.5
_SQUARE = 4 / 9  # Σ φ² / Σ φ of a hat over the plane


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
    weight = _neighbours(np.ones(known.shape[1:]))  # of the neighbours inside the picture
    # One set and channel at a time: its arrays stay in the processor's cache.
    return np.stack([_filled(known, hole, weight, tolerance) for hole in gone])


def _filled(known: Floats, hole: npt.NDArray[np.bool_], weight: Floats, tolerance: float) -> Floats:
    unknown = hole.astype(np.float64)
    guess = _coarse_guess(known * ~hole, (1 - unknown)[None])
    scales = _scales(unknown)

    def precondition(residual: Floats) -> Floats:
        z = residual / weight
        z += _corrections(residual, scales)
        z *= unknown
        return z

    def apply(v: Floats) -> Floats:
        image = weight * v - _neighbours(v)
        image *= unknown
        return image

    filled: Floats = known.copy()
    for channel, begin in zip(filled, guess, strict=True):
        right = unknown * _neighbours(channel * ~hole)
        enough = tolerance * float(np.ptp(channel))
        solution = _conjugate_gradients(apply, precondition, unknown * begin, right, enough)
        channel[hole] = solution[hole]
    return filled


def _neighbours(v: Floats) -> Floats:
    """Σ_j w_ij v_j over the eight neighbours, zero outside the picture.

    1/6 beside and above and 1/12 across the corner are (1/12)·[1 2 1]ᵀ[1 2 1] without its centre.
    """
    rows = 2 * v
    rows[..., 1:, :] += v[..., :-1, :]
    rows[..., :-1, :] += v[..., 1:, :]
    both = 2 * rows
    both[..., 1:] += rows[..., :-1]
    both[..., :-1] += rows[..., 1:]
    both -= 4 * v
    both /= 12
    return both


def _conjugate_gradients(
    apply: Callable[[Floats], Floats],
    precondition: Callable[[Floats], Floats],
    x: Floats,
    right: Floats,
    enough: float,
) -> Floats:
    """Solve apply(x) = right, begun from x; (H, W)."""
    residual = right - apply(x)
    direction = z = precondition(residual)
    rz = _dot(residual, z)
    for _ in range(_ROUNDS):
        if float(np.abs(z).max()) <= enough or rz == 0:
            break
        image = apply(direction)
        step = rz / _dot(direction, image)
        x = x + step * direction
        residual = residual - step * image
        z = precondition(residual)
        before, rz = rz, _dot(residual, z)
        direction = z + rz / before * direction
    return x


def _dot(a: Floats, b: Floats) -> float:
    return float(np.vdot(a, b))


def _scales(unknown: Floats) -> list[Floats]:
    """For grids of half, a quarter ... of the points each way: one over what the equations make of
    a hat function around each point, about. Corrections on those grids cross a large hole in one
    round, where the pixels alone take as many rounds as the hole is wide.
    """
    share, hole, edge = np.ones_like(unknown), unknown, unknown * _neighbours(1 - unknown)
    scales = []
    while max(share.shape) > 3:
        share, hole, edge = _gathered(share), _gathered(hole), _gathered(edge)
        scales.append(1 / (_ENERGY * hole / share + _SQUARE * edge + 1e-9))
    return scales


def _corrections(residual: Floats, scales: list[Floats]) -> Floats:
    """What all coarser grids add to this one."""
    if not scales:
        return np.zeros_like(residual)
    coarse = _gathered(residual)
    return _enlarged(scales[0] * coarse + _corrections(coarse, scales[1:]), residual.shape)


def _gathered(v: Floats) -> Floats:
    """The sums of v under hats around every other point, (h, w) to (h//2 + 1, w//2 + 1)."""
    for axis in (-1, -2):
        v = np.swapaxes(v, axis, -2)
        even, odd = v[..., 0::2, :], v[..., 1::2, :] / 2
        sums = np.zeros((*v.shape[:-2], v.shape[-2] // 2 + 1, v.shape[-1]))
        sums[..., : even.shape[-2], :] = even
        sums[..., : odd.shape[-2], :] += odd
        sums[..., 1 : 1 + odd.shape[-2], :] += odd
        v = np.swapaxes(sums, axis, -2)
    return v


def _enlarged(v: Floats, shape: tuple[int, ...]) -> Floats:
    """The sum of hats of height v, the transpose of `_gathered`, (..., h, w) to `shape`."""
    for axis in (-2, -1):
        v = np.swapaxes(v, axis, -2)
        length = shape[axis]
        out = np.empty((*v.shape[:-2], length, v.shape[-1]))
        out[..., 0::2, :] = v[..., : (length + 1) // 2, :]
        odd = length // 2
        np.add(v[..., :odd, :], v[..., 1 : 1 + odd, :], out=out[..., 1::2, :])
        out[..., 1::2, :] /= 2
        v = np.swapaxes(out, axis, -2)
    return v


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
