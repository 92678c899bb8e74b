"""The linear student: a two-class softmax that mimics how the network labels the neighbours.

Only the difference of its two weight vectors counts, d = W[kept] − W[shifted], and with a penalty
on W the optimum has W[shifted] = −W[kept] = −d/2. So with the margin m = d · x̂ + b the student's
probability of "kept" is σ(m), at temperature T it is σ(m / T), and |W|² is |d|² / 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor

Array: TypeAlias = npt.NDArray[np.float64]

# Penalties tried, in mean squares of a neighbour's (standardised) features.
DECAYS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
_FOLDS = 3
_ALIKE = 1e-8  # variance of soft labels below which there is nothing to explain
_FLOOR = 0.1  # of the mean deviation: features that hardly move must not get large weights
_SMALL = 128  # features up to which the Hessian is solved directly
_CELLS = 14  # of a latent grid, at most, on which the student's weights are found
HELD_OUT = 5  # every fifth neighbour is not trained on


@dataclass(frozen=True)
class Objective:
    """The student's objective: α T² KL(p ‖ σ(m/T)) + (1 − α) CE(h, σ(m)), mean over neighbours,
    both classes weighing the same, + λ |W|².

    Source: Hinton, Vinyals, Dean 2015, "Distilling the Knowledge in a Neural Network", section 2.
    """

    alpha: float = 0.5
    temperature: float = 2.0
    balanced: bool = True

    def weights(self, hard: Tensor) -> Tensor:
        """The weight of each neighbour, 1 on average."""
        share = hard.mean()
        if not self.balanced or not 0 < float(share) < 1:
            return torch.ones_like(hard)
        return torch.where(hard > 0.5, 0.5 / share, 0.5 / (1 - share))


@dataclass(frozen=True, eq=False)
class Student:
    """A fitted student. d: (F,) float64, in the features' own units, and b.

    decay: the λ it was fitted with. margins: m of all neighbours, (n,). coordinate: the
    neighbours' first principal coordinate, (n,). accuracy: balanced, and soft_r2: the share of the
    soft targets' variance that it explains, both on the held-out neighbours; nan where those are
    of one class, or their soft targets all equal.
    """

    d: Tensor
    b: float
    decay: float
    margins: Tensor
    coordinate: Tensor
    accuracy: float
    soft_r2: float


def fit(
    features: Tensor, soft: Tensor, hard: Tensor, objective: Objective, decay: float | None = None
) -> Student:
    """Fit the student on four fifths of the neighbours and test it on the rest.

    features: (n, F). soft: the network's probability of "kept" at the temperature, (n,). hard: 1
    for kept, (n,). decay: λ; None takes the one of `DECAYS` whose students do best on parts of the
    training neighbours that they were not fitted to.

    The features are standardised. With more features than neighbours the solution is a sum of
    neighbours, so it is sought among those (the dual form): the neighbours' Gram matrix is
    split into principal coordinates, in which the problem is small and well scaled.
    """
    soft, hard = soft.double(), hard.double()
    train = torch.arange(len(features), device="cpu") % HELD_OUT != HELD_OUT - 1
    mean = features[train].mean(0, dtype=torch.float64)
    spread = features[train].double().var(0, correction=0)
    deviation = (spread + _FLOOR**2 * spread.mean().clamp_min(1e-300)).sqrt()
    standard = (features.double() - mean) / deviation
    basis, power = _principal(standard[train])
    scores = standard @ basis
    x, p, h = scores[train], soft[train], hard[train]
    if decay is None:
        decay = _chosen_decay(x, p, h, power, objective)
    (student,) = solve(x, p, h, power, objective, decay * float(power.sum()))
    u, b = student[:-1], float(student[-1])
    margins = scores @ u + b
    m, p, h = margins[~train], soft[~train], hard[~train]
    accuracy, r2 = accuracy_and_r2(m, p, h, objective.temperature)
    d = basis @ u / deviation
    return Student(d, b - float(mean @ d), decay, margins, scores[:, 0].clone(), accuracy, r2)


def _principal(x: Tensor) -> tuple[Tensor, Tensor]:
    """Directions (F, r) and the mean square along each (r,), largest first, r ≤ min(n, F)."""
    count, width = x.shape
    dual = width > count
    power, axes = torch.linalg.eigh(x @ x.T if dual else x.T @ x)
    keep = power > 1e-9 * power.max().clamp_min(1e-300)
    keep[-1] = True
    power, axes = power[keep].flip(0).clamp_min(1e-300), axes[:, keep].flip(1)
    return (x.T @ axes / power.sqrt() if dual else axes), power / count


def _chosen_decay(
    x: Tensor, soft: Tensor, hard: Tensor, power: Tensor, objective: Objective
) -> float:
    """The penalty whose students have the least loss on neighbours they were not fitted to: from
    the heaviest, for as long as a lighter one is better.
    """
    folds = torch.arange(_FOLDS, device="cpu")[:, None]
    seen = torch.arange(len(x), device="cpu") % _FOLDS != folds
    weights = _weights(hard, seen, objective)
    unseen = _weights(hard, ~seen, objective)
    held_out = _Problem(x.numpy(), soft.numpy(), hard.numpy(), unseen.numpy(), objective, 0.0)
    least, chosen, students = float("inf"), DECAYS[-1], None
    for decay in reversed(DECAYS):
        students = solve(
            x, soft, hard, power, objective, decay * float(power.sum()),
            weights=weights, start=students, tolerance=1e-4,
        )  # fmt: skip
        loss = float(held_out.at(students.numpy())[0].sum())
        if loss >= least:
            break
        least, chosen = loss, decay
    return chosen


def _weights(hard: Tensor, parts: Tensor, objective: Objective) -> Tensor:
    """The weight of each neighbour in each part, (k, n), with a sum of 1 over every part (k, n)."""
    weights = torch.zeros(parts.shape, dtype=torch.float64, device="cpu")
    for row, part in zip(weights, parts, strict=True):
        row[part] = objective.weights(hard[part]) / part.sum()
    return weights


def solve(
    x: Tensor,
    soft: Tensor,
    hard: Tensor,
    power: Tensor,
    objective: Objective,
    decay: float,
    *,
    weights: Tensor | None = None,
    start: Tensor | None = None,
    tolerance: float = 1e-12,
) -> Tensor:
    """The minimiser of the objective + λ |d|² / 2 over features x (n, r): d, then b, (1, r + 1).

    weights: of the neighbours, (k, n); k problems are solved at once, (k, r + 1).

    Newton's method, from zero or from `start`, which is for speed only: the problem is convex. Each
    step is found by conjugate gradients, whose preconditioner `power`, about the mean square of
    each feature, is nearly the Hessian where features are principal coordinates. It stops where a
    step would gain less than the tolerance.
    """
    if weights is None:
        weights = objective.weights(hard)[None] / len(x)
    # In NumPy from here on: there are many small steps, and each costs a quarter of what it does in
    # torch.
    problem = _Problem(x.numpy(), soft.numpy(), hard.numpy(), weights.numpy(), objective, decay)
    v = np.zeros((len(weights), x.shape[1] + 1)) if start is None else start.numpy()
    preconditioner = np.append(power.numpy(), 1.0)
    now, slope, curve = problem.at(v)
    for _ in range(100):
        gradient = slope @ problem.x + problem.ridge * v
        step = _newton_step(problem.x, curve, problem.ridge, preconditioner, gradient)
        gain = -(gradient * step).sum(1)
        size = (gain >= tolerance).astype(float)
        while True:
            then, slope, curve = problem.at(v + size[:, None] * step)
            short = (then > now - 1e-4 * size * gain) & (size > 1e-6)
            if not short.any():
                break
            size[short] /= 2
        better = then < now  # converged, or within rounding errors
        if not better.any():
            break
        v, now = v + (size * better)[:, None] * step, np.where(better, then, now)
    return torch.from_numpy(v)


class _Problem:
    """k objectives of the same n neighbours, each with its own weights (k, n), without the soft
    labels' entropy, which is constant.
    """

    def __init__(
        self, x: Array, soft: Array, hard: Array, weights: Array, objective: Objective, decay: float
    ) -> None:
        self.x = np.column_stack([x, np.ones(len(x))])  # the last is the intercept's feature
        self.ridge = np.append(np.full(x.shape[1], decay), 0.0)
        self._weights, self._soft, self._hard = weights, soft, hard
        self._t, self._alpha = objective.temperature, objective.alpha

    def at(self, v: Array) -> tuple[Array, Array, Array]:
        """The objectives (k,) at v (k, r + 1), and their first and second derivatives along each
        neighbour's margin, (k, n) both.
        """
        t, alpha, soft, hard = self._t, self._alpha, self._soft, self._hard
        margin = v @ self.x.T
        cool, kept = _softplus(margin)
        warm, kept_warm = (cool, kept) if t == 1 else _softplus(margin / t)
        losses = alpha * t * (t * warm - soft * margin) + (1 - alpha) * (cool - hard * margin)
        slope = alpha * t * (kept_warm - soft) + (1 - alpha) * (kept - hard)
        curve = alpha * kept_warm * (1 - kept_warm) + (1 - alpha) * kept * (1 - kept)
        value = (self._weights * losses).sum(1) + 0.5 * (self.ridge * v * v).sum(1)
        return value, slope * self._weights, curve * self._weights


def _softplus(margin: Array) -> tuple[Array, Array]:
    """log(1 + eᵐ) and its derivative σ(m), exact for any m."""
    small = np.exp(-np.abs(margin))
    sigmoid = np.where(margin >= 0, 1.0, small) / (1 + small)
    return np.maximum(margin, 0) + np.log1p(small), sigmoid


def _newton_step(x: Array, curve: Array, ridge: Array, power: Array, gradient: Array) -> Array:
    """−H⁻¹ g for each H = Xᵀ diag(c) X + diag(ridge), c (k, n) and g (k, r + 1): solved where it is
    small, by preconditioned conjugate gradients where it is not.
    """
    total = np.maximum(curve.sum(1, keepdims=True), 1e-12)
    if x.shape[1] <= _SMALL:
        hessian = (x.T * curve[:, None]) @ x + np.diag(ridge)
        hessian[:, -1, -1] = total[:, 0]
        direct: Array = np.linalg.solve(hessian, -gradient[..., None])[..., 0]
        return direct
    scale = total * power + ridge
    step, residual = np.zeros_like(gradient), -gradient
    way = residual / scale
    before = (residual * way).sum(1, keepdims=True)
    enough = 1e-8 * before
    for _ in range(200):
        if (before <= enough).all():
            break
        image = (curve * (way @ x.T)) @ x + ridge * way
        length = before / np.maximum((way * image).sum(1, keepdims=True), 1e-300)
        step, residual = step + length * way, residual - length * image
        z = residual / scale
        now = (residual * z).sum(1, keepdims=True)
        way, before = z + (now / np.maximum(before, 1e-300)) * way, now
    return step


def accuracy_and_r2(
    margin: Tensor, soft: Tensor, hard: Tensor, temperature: float
) -> tuple[float, float]:
    """Balanced accuracy, and R² of the soft targets, of margins (n,)."""
    right = (margin > 0) == (hard > 0.5)
    recalls = [right[of].double().mean() for of in (hard > 0.5, hard <= 0.5) if bool(of.any())]
    accuracy = float(sum(recalls)) / 2 if len(recalls) == 2 else float("nan")
    spread = float((soft - soft.mean()).square().sum()) if len(soft) else 0.0
    missed = float(((margin / temperature).sigmoid() - soft).square().sum())
    varied = spread > _ALIKE * max(len(soft), 1)
    return accuracy, 1 - missed / spread if varied else float("nan")


def latent_weights(
    offsets: Tensor, soft: Tensor, hard: Tensor, objective: Objective, decay: float | None = None
) -> Tensor:
    """The weights of a student of the latents' offsets (n, ...) as a direction (1, ...) in latent
    space, along which the label is kept. soft, hard: labels (n,). decay: as for `fit`.
    """
    shape = offsets.shape[1:]
    size = (min(shape[-2], _CELLS), min(shape[-1], _CELLS)) if len(shape) == 3 else None
    rows = offsets if size is None else F.adaptive_avg_pool2d(offsets, size)
    d = fit(rows.flatten(1).cpu(), soft, hard, objective, decay).d.to(offsets)
    if size is None:
        return d[None]
    grid = d.view(1, shape[0], *size)
    return F.interpolate(grid, size=(shape[-2], shape[-1]), mode="bilinear")
