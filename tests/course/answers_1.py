"""Right and typical wrong answers of lesson 1, each with words of the hint that it gets."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

import xai_widgets as xw


def answers() -> list[tuple[str, Any, str]]:
    engine, photo = xw.demo.engine(), xw.demo.photo("coffee")
    why = engine.explain(photo, "grad_cam", target="espresso")
    h = why.heatmap()
    g = engine.explain(photo, "grad_cam", target="goldfish").heatmap()
    x, k = engine.input(photo), engine.class_names.index("espresso")
    row, column = np.unravel_index(h.argmax(), h.shape)
    rising = np.sort(h.ravel())
    tenth = len(rising) // 10

    def p(row: int, column: int) -> float:
        y = x.clone()
        y[:, :, row - 32 : row + 32, column - 32 : column + 32] = 0
        with torch.no_grad():
            return torch.softmax(engine.model(y), 1)[0, k].item()

    with torch.no_grad():
        whole = torch.softmax(engine.model(x), 1)[0, k].item()
        score = engine.model(x)[0, k].item()
    fall = whole - p(row, column)
    share = rising[-tenth:].sum() / rising.sum()
    alike = np.corrcoef(h.ravel(), g.ravel())
    return [
        ("1.1", (row, column), ""),
        ("1.1", [int(row), int(column)], ""),
        ("1.1", (column, row), "(column, row)"),
        ("1.1", h.argmax(), "flattened"),
        ("1.1", np.unravel_index(why.values.argmax(), (7, 7)), "7 x 7"),
        ("1.1", np.unravel_index(h.argmin(), h.shape), "darkest"),
        ("1.1", h.max(), "expected (2,)"),
        ("1.2", share, ""),
        ("1.2", 100 * share, "per cent"),
        ("1.2", rising[:tenth].sum() / rising.sum(), "darkest tenth"),
        ("1.2", 0.1, "counts pixels"),
        ("1.2", 1 - share, "one minus"),
        ("1.2", rising[-tenth:], "numbers"),
        ("1.2", rising[-tenth:].mean(), "mean value"),
        ("1.3", alike[0, 1], ""),
        ("1.3", alike, "4 numbers"),
        ("1.3", alike[0, 0], "with itself"),
        ("1.3", np.cov(h.ravel(), g.ravel())[0, 1], "covariance"),
        ("1.3", (h * g).sum() / np.sqrt((h * h).sum() * (g * g).sum()), "cosine"),
        ("1.4", g.max() / h.max(), ""),
        ("1.4", h.max() / g.max(), "other way round"),
        ("1.4", 1.0, "rescaled both"),
        ("1.4", g.mean() / h.mean(), "means"),
        ("1.4", h.max() - g.max(), "difference"),
        ("1.4", 100 * g.max() / h.max(), "per cent"),
        ("1.5", fall, ""),
        ("1.5", -fall, "sign"),
        ("1.5", 100 * fall, "per cent"),
        ("1.5", whole - fall, "is left"),
        ("1.5", whole - p(column, row), "exchanged"),
        ("1.5", score, "softmax"),
        ("1.5", 0.0, "copy"),
        ("1.6", "b", ""),
        ("1.6", "(B)", ""),
        ("1.6", "a", "How many pictures"),
        ("1.6", "c", "covered"),
        ("1.6", "d", "Dark is little"),
        ("1.6", "e", "Expected one of"),
    ]
