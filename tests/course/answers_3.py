"""Right and typical wrong answers of lesson 3, each with words of the hint that it gets."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy.stats import rankdata, spearmanr

import xai_widgets as xw
from xai_widgets import metrics


def integrated(
    f: Any, x: Any, baseline: Any, steps: int, *, at: Any = None, factor: Any = None
) -> Any:
    total = torch.zeros_like(x)
    for i in range(steps):
        alpha = (i + 0.5) / steps
        point = baseline + alpha * (x - baseline) if at is None else at(alpha, x, baseline)
        point = point.detach().requires_grad_()
        total += torch.autograd.grad(f(point), point)[0]
    return total / steps * (x - baseline if factor is None else factor(x))


def at_once(f: Any, x: Any, baseline: Any, steps: int) -> Any:
    alpha = (torch.arange(steps).view(-1, 1, 1) + 0.5) / steps
    points = (baseline + alpha * (x - baseline)).requires_grad_()
    return (x - baseline) * torch.autograd.grad(f(points), points)[0].mean(0)


def moves_the_baseline(f: Any, x: Any, baseline: Any, steps: int) -> Any:
    shares = integrated(f, x, baseline, steps)
    baseline += x - baseline
    return shares


def by_rows(a: Any, b: Any) -> Any:
    return np.mean([spearmanr(p, q).statistic for p, q in zip(a, b, strict=True)])


def pearson(a: Any, b: Any) -> Any:
    return np.corrcoef(a.ravel(), b.ravel())[0, 1]


def integrating(**options: Any) -> Any:
    return lambda f, x, b, n: integrated(f, x, b, n, **options)


def answers() -> list[tuple[str, Any, str]]:
    engine, shapes = xw.demo.shapes_engine(), xw.demo.shapes(6, seed=3)

    def alike(method: str, measure: Any) -> Any:
        found = []
        for s in shapes:
            other = engine.class_names[(s.label + 1) % 6]
            a, b = (engine.explain(s.pixels, method, target=t).heatmap() for t in (s.name, other))
            found.append(measure(a, b))
        return np.array(found)

    guided = alike("guided_backprop", metrics.spearman)
    return [
        ("3.1", lambda a, b: np.corrcoef(rankdata(a), rankdata(b))[0, 1], ""),
        ("3.1", lambda a, b: spearmanr(a.ravel(), b.ravel()).statistic, ""),
        ("3.1", lambda a, b: np.corrcoef(a.ravel(), b.ravel())[0, 1], "Pearson"),
        ("3.1", lambda a, b: np.corrcoef(a.ravel().argsort(), b.ravel().argsort())[0, 1], "once"),
        ("3.1", lambda a, b: spearmanr(abs(a).ravel(), abs(b).ravel()).statistic, "abs()"),
        ("3.1", lambda a, b: np.corrcoef(rankdata(a), rankdata(b)), "4 numbers"),
        ("3.1", lambda a, b: -spearmanr(a.ravel(), b.ravel()).statistic, "sign"),
        ("3.1", lambda a, b: ((rankdata(a) - rankdata(b)) ** 2).sum(), "Σd²"),
        ("3.1", by_rows, "within each row"),
        ("3.2", "guided_backprop", ""),
        ("3.2", "saliency", "altogether"),
        ("3.2", "hires_cam", "it noticed"),
        ("3.2", "deconvnet", "Close"),
        ("3.2", "guided backprop", "Did you mean"),
        ("3.3", guided.mean(), ""),
        ("3.3", guided[0], "one picture only"),
        ("3.3", guided.sum(), "the sum"),
        ("3.3", guided, "6 numbers"),
        ("3.3", alike("saliency", metrics.spearman).mean(), "saliency's"),
        ("3.3", alike("guided_backprop", pearson).mean(), "of the values"),
        ("3.3", 1.0, "same class twice"),
        ("3.4", (0, 1), ""),
        ("3.4", (1, 0), "other way round"),
        ("3.4", (1, 1), "still rising"),
        ("3.4", (0, 0), "whole way"),
        ("3.4", (0, 0.5), "mean slope"),
        ("3.4", (0, 2), "half of the way"),
        ("3.4", (False, True), "True and False"),
        ("3.4", ("0", "1"), "texts among them"),
        ("3.5", integrated, ""),
        ("3.5", integrating(factor=lambda x: 1), "factor is missing"),
        ("3.5", integrating(factor=lambda x: x), "not x"),
        ("3.5", integrating(at=lambda alpha, x, b: x), "at the end only"),
        ("3.5", integrating(at=lambda alpha, x, b: alpha * x), "begins at 0"),
        ("3.5", lambda f, x, b, n: n * integrated(f, x, b, n), "added the gradients"),
        ("3.5", lambda f, x, b, n: integrated(f, x, b, n).sum(), "Each input"),
        ("3.5", lambda f, x, b, n: integrated(f, b, x, n), "sign"),
        ("3.5", lambda f, x, b, n: integrated(f, x, b, 200), "with steps=7 you ask f 200 times"),
        ("3.5", at_once, ""),
        ("3.5", moves_the_baseline, "changes its own baseline"),
        ("3.6", 16, ""),
        ("3.6", 8, "4 %"),
        ("3.6", 32, "fewer"),
        ("3.6", 4, "5 %"),
        ("3.6", 2, "half"),
        ("3.7", "c", ""),
        ("3.7", "a", "formula"),
        ("3.7", "b", "knows nothing"),
        ("3.7", "d", "negative"),
    ]  # fmt: skip
