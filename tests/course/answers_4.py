"""Right and typical wrong answers of lesson 4, each with words of the hint that it gets."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import torch


def curve(f: Any, x: Any, heatmap: Any, baseline: Any, steps: int) -> Any:
    rank = np.argsort(np.argsort(-heatmap.ravel())).reshape(heatmap.shape)
    made = []
    for k in range(steps + 1):
        removed = torch.from_numpy(rank < round(k / steps * rank.size))
        made.append(float(f(torch.where(removed, baseline, x))))
    return np.array(made)


def one_part_at_a_time(f: Any, x: Any, heatmap: Any, baseline: Any, steps: int) -> Any:
    made = [f(x)]
    for part in np.array_split(np.argsort(-heatmap, axis=None), steps):
        y = x.clone().flatten(2)
        y[:, :, part] = baseline.flatten(2)[:, :, part]
        made.append(f(y.view_as(x)))
    return made


def in_place(f: Any, x: Any, heatmap: Any, baseline: Any, steps: int) -> Any:
    right = curve(f, x, heatmap, baseline, steps)
    x[:] = baseline
    return right


def means(d: Any) -> Any:
    signs = np.array(list(itertools.product((1, -1), repeat=len(d))))
    return (signs * d).mean(1)


def holm(p: Any) -> Any:
    order = np.argsort(p)
    out = np.empty(len(p))
    out[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    return out


def not_monotone(p: Any) -> Any:
    order = np.argsort(p)
    out = np.empty(len(p))
    out[order] = p[order] * np.arange(len(p), 0, -1)
    return np.minimum(out, 1)


def error(d: Any) -> Any:
    return d.std(ddof=1) / np.sqrt(len(d))


def answers() -> list[tuple[str, Any, str]]:
    def trapezoids(x: Any, y: Any) -> Any:
        return (np.diff(x) * (y[1:] + y[:-1])).sum() / 2

    return [
        ("4.1", curve, ""),
        ("4.1", lambda f, x, h, b, n: torch.tensor(curve(f, x, h, b, n)), ""),
        ("4.1", lambda f, x, h, b, n: curve(f, x, -h, b, n), "least important"),
        ("4.1", lambda f, x, h, b, n: curve(f, b, h, x, n), "insertion"),
        ("4.1", lambda f, x, h, b, n: curve(f, x, h, b, n)[1:], "first point"),
        ("4.1", lambda f, x, h, b, n: curve(f, x, h, b, n)[:-1], "last point"),
        ("4.1", one_part_at_a_time, "its own pixels only"),
        ("4.1", lambda f, x, h, b, n: curve(f, x, h, 0 * b, n), "where the baseline"),
        ("4.1", lambda f, x, h, b, n: curve(f, x, np.abs(h), b, n), "magnitude"),
        ("4.1", in_place, "changes its own x"),
        ("4.2", trapezoids, ""),
        ("4.2", lambda x, y: y.mean(), "mean of the points"),
        ("4.2", lambda x, y: (np.diff(x) * y[:-1]).sum(), "left end"),
        ("4.2", lambda x, y: (np.diff(x) * y[1:]).sum(), "right end"),
        ("4.2", lambda x, y: y.sum(), "heights"),
        ("4.2", lambda x, y: 2 * trapezoids(x, y), "Twice"),
        ("4.2", lambda x, y: trapezoids(x[::-1], y[::-1]), "sign"),
        ("4.2", lambda x, y: ((y[1:] + y[:-1]) / 2).sum(), "1 wide"),
        ("4.3", lambda a, c: (1 + (c >= a).sum()) / (1 + len(c)), ""),
        ("4.3", lambda a, c: (c >= a).mean(), "p = 0"),
        ("4.3", lambda a, c: (c >= a).sum() / (1 + len(c)), "above as well"),
        ("4.3", lambda a, c: (1 + (c >= a).sum()) / len(c), "all as well"),
        ("4.3", lambda a, c: (1 + (c > a).sum()) / (1 + len(c)), "exactly as well"),
        ("4.3", lambda a, c: (c < a).mean(), "worse"),
        ("4.3", lambda a, c: (c >= a).sum(), "a count"),
        ("4.3", lambda a, c: c >= a, "12 numbers"),
        ("4.4", "b", ""),
        ("4.4", "a", "beat chance"),
        ("4.4", "c", "explain anything"),
        ("4.4", "d", "Perhaps"),
        ("4.5", lambda a, b: ((a - b).mean(), error(a - b)), ""),
        ("4.5", lambda a, b: ((a - b).mean(), np.hypot(error(a), error(b))), "separate groups"),
        ("4.5", lambda a, b: ((a - b).mean(), (a - b).std() / np.sqrt(12)), "ddof=1"),
        ("4.5", lambda a, b: ((a - b).mean(), (a - b).std(ddof=1)), "spread of single"),
        ("4.5", lambda a, b: ((b - a).mean(), error(a - b)), "a minus b"),
        ("4.5", lambda a, b: (a - b).mean(), "The shape is ()"),
        ("4.5", lambda a, b: ((a - b).mean(), (a - b).mean() / error(a - b)), "t statistic"),
        ("4.6", lambda d: (np.abs(means(d)) >= abs(d.mean()) - 1e-12).mean(), ""),
        ("4.6", lambda d: (means(d) >= d.mean() - 1e-12).mean(), "one side"),
        ("4.6", lambda d: (np.abs(means(d)) > abs(d.mean()) + 1e-12).mean(), "itself counts"),
        ("4.6", lambda d: (d < 0).mean(), "negative differences"),
        ("4.6", lambda d: (np.abs(means(d)) >= abs(d.mean()) - 1e-12).sum(), "2 ** n"),
        ("4.7", holm, ""),
        ("4.7", lambda p: np.minimum(p * len(p), 1), "Bonferroni"),
        ("4.7", lambda p: p, "Nothing was corrected"),
        ("4.7", lambda p: np.sort(holm(p)), "sorted order"),
        ("4.7", not_monotone, "come out smaller"),
        ("4.7", lambda p: holm(p) > 0.05, "True and False"),
        ("4.7", lambda p: holm(p).min(), "The shape is ()"),
    ]
