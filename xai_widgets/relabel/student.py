"""The linear student: a two-class softmax that mimics how the network labels the neighbours.

Only the difference of its two weight vectors counts, d = W[kept] − W[shifted], and with a penalty
on W the optimum has W[shifted] = −W[kept] = −d/2. So with the margin m = d · x̂ + b the student's
probability of "kept" is σ(m), at temperature T it is σ(m / T), and |W|² is |d|² / 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor

# Penalties tried, in mean squares of a neighbour's (standardised) features.
DECAYS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
_FOLDS = 3
_ALIKE = 1e-8  # variance of soft labels below which there is nothing to explain
_FLOOR = 0.1  # of the mean deviation: features that hardly move must not get large weights
_EXACT = 40  # where softplus is its argument to the last bit of float64
_SMALL = 128  # features up to which the Hessian is solved as it is
HELD_OUT = 5  # every fifth neighbour is kept from the student


@dataclass(frozen=True)
class Objective:
    """What the student minimises: α T² KL(p ‖ σ(m/T)) + (1 − α) CE(h, σ(m)), mean over neighbours,
    both classes weighing the same, + λ |W|².

    Source: Hinton, Vinyals, Dean 2015, "Distilling the Knowledge in a Neural Network", section 2.
    """

    alpha: float = 0.5
    temperature: float = 2.0
    balanced: bool = True

    def loss(self, margin: Tensor, soft: Tensor, hard: Tensor) -> Tensor:
        """The mean over neighbours of margin (n,), soft target p (n,) and hard label h (n,)."""
        t = self.temperature
        cross = F.binary_cross_entropy_with_logits(margin / t, soft, reduction="none")
        entropy = F.binary_cross_entropy(soft, soft, reduction="none")
        hardly = F.binary_cross_entropy_with_logits(margin, hard, reduction="none")
        each = self.alpha * t**2 * (cross - entropy) + (1 - self.alpha) * hardly
        return (each * self.weights(hard)).mean()

    def weights(self, hard: Tensor) -> Tensor:
        """What each neighbour counts, 1 on average."""
        share = hard.mean()
        if not self.balanced or not 0 < float(share) < 1:
            return torch.ones_like(hard)
        return torch.where(hard > 0.5, 0.5 / share, 0.5 / (1 - share))


@dataclass(frozen=True, eq=False)
class Student:
    """A fitted student. d: (F,) float64, in the features' own units, and b.

    decay: the λ it was fitted with. margins: m of all neighbours, (n,). coordinate: the
    neighbours' first principal coordinate, (n,). accuracy: balanced, and soft_r2: the share of the
    soft targets' variance that it explains, both on the neighbours kept from it; nan where those
    are of one class, or their soft targets all alike.
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
    """Fit the student on four fifths of the neighbours and judge it on the rest.

    features: (n, F). soft: the network's probability of "kept" at the temperature, (n,). hard: 1
    for kept, (n,). decay: λ; None takes the one of `DECAYS` whose students do best on parts of the
    training neighbours that they have not seen.

    The features are standardised. With more features than neighbours the solution is a sum of
    neighbours, so it is looked for among those (the dual form): the neighbours' Gram matrix is
    split into principal coordinates, in which the problem is small and well scaled.
    """
    soft, hard = soft.double(), hard.double()
    place = torch.arange(len(features))
    train = place % HELD_OUT != HELD_OUT - 1
    mean = features[train].mean(0, dtype=torch.float64)
    spread = features[train].double().var(0, correction=0)
    deviation = (spread + _FLOOR**2 * spread.mean().clamp_min(1e-300)).sqrt()
    standard = (features.double() - mean) / deviation
    basis, power = _principal(standard[train])
    scores = standard @ basis
    known, p, h = scores[train], soft[train], hard[train]
    if decay is None:
        decay = _chosen(known, p, h, power, objective)
    (student,) = solve(known, p, h, power, objective, decay * float(power.sum()))
    u, b = student[:-1], float(student[-1])
    margins = scores @ u + b
    accuracy, r2 = judged(margins[~train], soft[~train], hard[~train], objective.temperature)
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


def _chosen(x: Tensor, soft: Tensor, hard: Tensor, power: Tensor, objective: Objective) -> float:
    """The penalty whose students have the least loss on neighbours they were not fitted on: from
    the heaviest on, as long as a lighter one is better.
    """
    inside = torch.arange(len(x)) % _FOLDS != torch.arange(_FOLDS)[:, None]
    least, chosen, students = float("inf"), DECAYS[-1], None
    for decay in reversed(DECAYS):
        students = solve(
            x, soft, hard, power, objective, decay * float(power.sum()),
            parts=inside, start=students, tolerance=1e-4,
        )  # fmt: skip
        loss = 0.0
        for student, seen in zip(students, inside, strict=True):
            margin = x[~seen] @ student[:-1] + student[-1]
            loss += float(objective.loss(margin, soft[~seen], hard[~seen]))
        if loss >= least:
            break
        least, chosen = loss, decay
    return chosen


def solve(
    x: Tensor,
    soft: Tensor,
    hard: Tensor,
    power: Tensor,
    objective: Objective,
    decay: float,
    *,
    parts: Tensor | None = None,
    start: Tensor | None = None,
    tolerance: float = 1e-12,
) -> Tensor:
    """The minimiser of the objective + λ |d|² / 2 over features x (n, r): d, then b, (1, r + 1).

    parts: (k, n); as many problems are solved at once, (k, r + 1), each on its part of the
    neighbours.

    Newton's method, from zero or from `start`, which is for speed only: the problem is convex. Each
    step is found by conjugate gradients, whose preconditioner `power`, about the mean square of
    each feature, is nearly the Hessian where features are principal coordinates. It stops where a
    step would win less than the tolerance.
    """
    if parts is None:
        parts = torch.ones(1, len(x), dtype=torch.bool)
    weights = torch.zeros(parts.shape, dtype=torch.float64)
    for row, part in zip(weights, parts, strict=True):
        row[part] = objective.weights(hard[part]) / part.sum()
    x = torch.cat([x, torch.ones(len(x), 1, dtype=x.dtype)], 1)  # the intercept's feature
    ridge = torch.full(x.shape[1:], decay, dtype=torch.float64)
    ridge[-1] = 0
    t, alpha = objective.temperature, objective.alpha
    pull = alpha * t * soft + (1 - alpha) * hard

    def value(v: Tensor) -> Tensor:
        """The objectives (k,), but for what no student changes, the soft labels' entropy."""
        margin = v @ x.T
        warm, cool = (F.softplus(m, threshold=_EXACT) for m in (margin / t, margin))
        each = alpha * t**2 * warm + (1 - alpha) * cool - pull * margin
        return (weights * each).sum(1) + 0.5 * (ridge * v.square()).sum(1)

    v = torch.zeros(len(parts), x.shape[1], dtype=torch.float64) if start is None else start
    now = value(v)
    for _ in range(100):
        margin = v @ x.T
        cool, warm = margin.sigmoid(), (margin / t).sigmoid()
        slope = (alpha * t * (warm - soft) + (1 - alpha) * (cool - hard)) * weights
        curve = (alpha * warm * (1 - warm) + (1 - alpha) * cool * (1 - cool)) * weights
        gradient = slope @ x + ridge * v
        step = _newton_step(x, curve, ridge, power, gradient)
        win = -(gradient * step).sum(1)
        size = (win >= tolerance).double()
        while True:
            then = value(v + size[:, None] * step)
            short = (then > now - 1e-4 * size * win) & (size > 1e-6)
            if not short.any():
                break
            size = torch.where(short, size / 2, size)
        better = then < now  # else it is done, or rounding is all that is left
        if not better.any():
            break
        v = torch.where(better[:, None], v + size[:, None] * step, v)
        now = torch.where(better, then, now)
    return v


def _newton_step(
    x: Tensor, curve: Tensor, ridge: Tensor, power: Tensor, gradient: Tensor
) -> Tensor:
    """−H⁻¹ g for each H = Xᵀ diag(c) X + diag(ridge), c (k, n) and g (k, r + 1): solved where it is
    small, by preconditioned conjugate gradients where it is not.
    """
    total = curve.sum(1, keepdim=True).clamp_min(1e-12)
    if x.shape[1] <= _SMALL:
        hessian = (x.T * curve[:, None]) @ x + torch.diag(ridge)
        hessian[:, -1, -1] = total[:, 0]
        direct: Tensor = torch.linalg.solve(hessian, -gradient)
        return direct
    scale = total * torch.cat([power, torch.ones_like(power[:1])]) + ridge
    step, residual = torch.zeros_like(gradient), -gradient
    way = residual / scale
    before = (residual * way).sum(1, keepdim=True)
    enough = 1e-8 * before
    for _ in range(200):
        if (before <= enough).all():
            break
        image = (curve * (way @ x.T)) @ x + ridge * way
        length = before / (way * image).sum(1, keepdim=True).clamp_min(1e-300)
        step, residual = step + length * way, residual - length * image
        z = residual / scale
        now = (residual * z).sum(1, keepdim=True)
        way, before = z + (now / before.clamp_min(1e-300)) * way, now
    return step


def judged(margin: Tensor, soft: Tensor, hard: Tensor, temperature: float) -> tuple[float, float]:
    """Balanced accuracy, and R² of the soft targets, of margins (n,)."""
    right = (margin > 0) == (hard > 0.5)
    recalls = [right[of].double().mean() for of in (hard > 0.5, hard <= 0.5) if bool(of.any())]
    accuracy = float(sum(recalls)) / 2 if len(recalls) == 2 else float("nan")
    spread = float((soft - soft.mean()).square().sum()) if len(soft) else 0.0
    missed = float(((margin / temperature).sigmoid() - soft).square().sum())
    told = spread > _ALIKE * max(len(soft), 1)
    return accuracy, 1 - missed / spread if told else float("nan")
