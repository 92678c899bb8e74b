"""Judges of lesson 4: is it faithful?"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from xai_widgets import demo
from xai_widgets.baselines import gaussian_blur
from xai_widgets.course.answers import array, call, choice, number
from xai_widgets.course.games import dealt, guess
from xai_widgets.course.registry import exercise
from xai_widgets.course.scenes import Floats, drawn, heatmap
from xai_widgets.render.colours import resize


def _curve(
    f: Callable[[Tensor], float], x: Tensor, values: Floats, end: Tensor, steps: int, up: int = -1
) -> Floats:
    """f along the way from x to `end`, pixels exchanged in falling (up = -1) or rising order."""
    order = np.argsort(up * values.ravel(), kind="stable")
    found = []
    for k in range(steps + 1):
        gone = np.zeros(values.size, dtype=bool)
        gone[order[: round(k / steps * values.size)]] = True
        found.append(f(torch.where(torch.from_numpy(gone.reshape(values.shape)), end, x)))
    return np.array(found)


@exercise("4.1", "The deletion curve")
def deletion(answer: Any) -> str:
    generator = torch.Generator().manual_seed(6)
    weight = torch.rand(1, 3, 4, 10, generator=generator, device="cpu")
    x = torch.rand(1, 3, 4, 10, generator=generator, device="cpu") + 1
    end = torch.full_like(x, 0.5)
    values = np.random.default_rng(6).normal(size=(4, 10))
    steps = 8

    def f(v: Tensor) -> float:
        return float((weight * v).sum())

    right = _curve(f, x, values, end, steps)
    parts = np.array_split(np.argsort(-values.ravel(), kind="stable"), steps)
    apart = [f(x)]
    for part in parts:
        gone = np.zeros(values.size, dtype=bool)
        gone[part] = True
        apart.append(f(torch.where(torch.from_numpy(gone.reshape(values.shape)), end, x)))
    usage = "deletion_curve(f, x, heatmap, baseline, steps)"
    given = call(answer, usage, f, x.clone(), values.copy(), end.clone(), steps)
    array(
        given,
        right,
        [
            (
                _curve(f, x, values, end, steps, 1),
                "You remove the least important pixels first.",
                "argsort goes upwards: argsort(-heatmap).",
            ),
            (_curve(f, end, values, x, steps), "That is insertion: it begins with the baseline."),
            (right[::-1], "That is the curve backwards. It begins with the whole picture."),
            (
                right[1:],
                "The first point is missing: nothing deleted.",
                "steps + 1 points, from 0 to everything.",
            ),
            (right[:-1], "The last point is missing: everything deleted."),
            (
                apart,
                "Every step removes its own pixels only, and puts the earlier ones back.",
                "At step k, all pixels up to k / steps are gone.",
            ),
            (
                _curve(f, x, values, torch.zeros_like(x), steps),
                "You have put 0 where the baseline belongs.",
            ),
            (
                _curve(f, x, np.abs(values), end, steps),
                "You order by magnitude. What speaks against the class is not important for it.",
            ),
        ],
        axes="(steps + 1,)",
    )
    return "Checked on a function that is linear, where the curve is known exactly."


@exercise("4.2", "The area under it")
def area(answer: Any) -> str:
    x = np.array([0, 0.1, 0.15, 0.4, 0.55, 1])
    y = np.array([0.9, 0.95, 0.6, 0.5, 0.1, 0.05])
    steps = np.diff(x)
    number(
        call(answer, "area(fraction, probability)", x.copy(), y.copy()),
        float((steps * (y[1:] + y[:-1]) / 2).sum()),
        [
            (
                y.mean(),
                "That is the mean of the points. They are not equally far apart.",
                "Weigh each piece by its width.",
            ),
            ((steps * y[:-1]).sum(), "You take each piece's left end. Take the mean of both ends."),
            ((steps * y[1:]).sum(), "You take each piece's right end. Take the mean of both ends."),
            (y.sum(), "That is the sum of the heights. Area is width times height."),
            (
                ((y[1:] + y[:-1]) / 2).sum(),
                "Every piece is 1 wide there. Use the fractions: np.diff(fraction).",
            ),
            ((np.diff(y) * (x[1:] + x[:-1]) / 2).sum(), "Fraction and probability are exchanged."),
            ((steps * (y[1:] + y[:-1])).sum(), "Twice too large: the mean of both ends, / 2."),
        ],
        tolerance=1e-4,
    )
    return "Low is good for deletion, high for insertion. Always say which."


@exercise("4.3", "Better than dice?")
def against_chance(answer: Any) -> str:
    controls = np.array([0.3, 0.55, 0.2, 0.5, 0.61, 0.33, 0.27, 0.44, 0.5, 0.52, 0.41, 0.36])
    mine = 0.5
    above, n = int((controls >= mine).sum()), len(controls)
    better = int((controls > mine).sum())
    number(
        call(answer, "p_value(area, controls)", mine, controls.copy()),
        (above + 1) / (n + 1),
        [
            (
                above / n,
                "Nearly: with no control above, that would be p = 0, from twelve tries.",
                "Your own map is one of the draws, too: add 1 above and below.",
            ),
            (above / (n + 1), "Add 1 to the count of those above as well."),
            ((above + 1) / n, "Add 1 to the number of all as well."),
            (
                (n - above) / n,
                "You have counted the controls that are worse.",
                "How many dice do as well as you, or better?",
            ),
            ((n - above + 1) / (n + 1), "You have counted the controls that are worse."),
            (
                (better + 1) / (n + 1),
                "Two controls did exactly as well. They count, too.",
            ),
            (above, "That is a count. Make a share of it."),
        ],
        tolerance=1e-4,
    )
    return "Five dice in twelve did as well or better: nothing to write home about."


@exercise("4.4", "What black does")
def black(answer: Any) -> str:
    choice(
        answer,
        "b",
        {
            "a": (
                "With a blur, the same map beat chance clearly. The map has not changed.",
                "What has?",
            ),
            "c": ("Does a random map explain anything, because it scores as well?",),
            "d": (
                "Perhaps. But look at the difference's interval: from −0.24 to +0.20.",
                "First ask what black pixels, anywhere, do to this network.",
            ),
        },
    )
    return "A ruler that reads the same for everything measures nothing."


@exercise("4.5", "Paired")
def paired(answer: Any) -> str:
    chance = np.random.default_rng(8)
    base = chance.uniform(0.2, 0.9, 12)
    a, b = base + 0.05 + chance.normal(0, 0.02, 12), base + chance.normal(0, 0.02, 12)
    d, n = a - b, 12
    error = d.std(ddof=1) / np.sqrt(n)
    unpaired = np.sqrt(a.var(ddof=1) / n + b.var(ddof=1) / n)
    array(
        call(answer, "paired(a, b)", a.copy(), b.copy()),
        (d.mean(), error),
        [
            (
                (d.mean(), unpaired),
                "The error is that of two separate groups: the pictures' spread is in it.",
                "Take the difference on each picture first; then the deviation of those.",
            ),
            ((d.mean(), d.std() / np.sqrt(n)), "std divides by n. For a sample: ddof=1."),
            (
                (d.mean(), d.std(ddof=1)),
                "That is the spread of single differences. Their mean varies less.",
                "/ sqrt(n).",
            ),
            ((d.mean(), d.std()), "That is the spread of single differences: / sqrt(n), ddof=1."),
            ((d.mean(), d.std(ddof=1) / n), "Divide by sqrt(n), not by n."),
            ((-d.mean(), error), "a minus b, not b minus a."),
            ((d.mean(), d.var(ddof=1) / n), "That is the error's square."),
            ((d.mean(), d.mean() / error), "That is the t statistic. Return the error itself."),
        ],
        axes="(mean difference, its standard error)",
    )
    return "Ten times smaller than the error of two groups, and from the same numbers."


@exercise("4.6", "Flip the signs")
def sign_flip(answer: Any) -> str:
    d = np.array([0.12, 0.05, -0.02, 0.09, 0.03, 0.07, -0.01, 0.08])
    flips = np.array(list(itertools.product((1, -1), repeat=len(d))))
    means = (flips * d).mean(1)
    seen = d.mean()
    both = (np.abs(means) >= np.abs(seen) - 1e-12).mean()
    number(
        call(answer, "sign_flip(differences)", d.copy()),
        both,
        [
            (
                (means >= seen - 1e-12).mean(),
                "You look at one side only. Before looking, you did not know which is better.",
                "Compare magnitudes of the means.",
            ),
            (
                (np.abs(means) > np.abs(seen) + 1e-12).mean(),
                "The observed one itself counts, too: at least as large.",
                "≥, with a little tolerance for rounding.",
            ),
            ((d < 0).mean(), "That counts negative differences. Flip, and take means."),
            (
                (np.abs(means) >= np.abs(seen) - 1e-12).sum(),
                "That is a count. Divide by how many ways there are: 2 ** n.",
            ),
            (1 - both, "That is one minus the answer."),
        ],
        tolerance=2e-3,
    )  # fmt: skip
    return "No normal distribution was assumed, only: if they were equal, a sign is a coin."


@exercise("4.7", "Many comparisons")
def holm(answer: Any) -> str:
    p = np.array([0.04, 0.001, 0.021, 0.3, 0.02])
    n = len(p)
    order = np.argsort(p)
    steps = p[order] * (n - np.arange(n))
    right, loose, step_up = np.empty(n), np.empty(n), np.empty(n)
    right[order] = np.minimum(np.maximum.accumulate(steps), 1)
    loose[order] = np.minimum(steps, 1)
    ranked = p[order] * n / (np.arange(n) + 1)
    step_up[order] = np.minimum(np.minimum.accumulate(ranked[::-1])[::-1], 1)
    q = p.copy()
    array(
        call(answer, "holm(p_values)", q),
        right,
        [
            (
                np.minimum(p * n, 1),
                "That is Bonferroni: right, and stricter than needed.",
                "Holm: the smallest times n, the next times n − 1, ...",
            ),
            (p, "Nothing was corrected."),
            (
                loose,
                "A larger p has come out smaller than a smaller one.",
                "np.maximum.accumulate, in sorted order.",
            ),
            (
                right[order],
                "Right, but in sorted order. Put them back where they came from.",
                "corrected[order] = sorted values.",
            ),
            (step_up, "That is Benjamini and Hochberg's, which promises another thing."),
            (np.minimum(1 - (1 - p) ** n, 1), "That is Šidák's, for independent comparisons."),
        ],
        axes="one for each",
    )  # fmt: skip
    return "The more you ask, the more it takes to be believed."


@functools.cache
def pictures() -> list[Any]:
    """The six shapes of the game."""
    return demo.shapes(6, seed=11)


def _smooth(values: Floats, sigma: float) -> Floats:
    blurred = gaussian_blur(torch.from_numpy(np.abs(values))[None, None], sigma)
    return blurred[0, 0].double().numpy()


def _cloud(chance: np.random.Generator) -> Floats:
    """A soft lump somewhere in the picture, as a map might be."""
    y, x = np.mgrid[:64, :64] - chance.uniform(14, 50, 2)[:, None, None]
    lumps = resize(_smooth(chance.random((16, 16)), 1), (64, 64)).astype(np.float64)
    lumps = (lumps - lumps.min()) / np.ptp(lumps)
    return np.asarray(np.exp(-(x * x + y * y) / 200) * lumps, np.float64)


@dealt("4.8")
@functools.cache
def four_methods() -> dict[str, Floats]:
    engine = drawn()
    made: dict[str, list[Floats]] = {"hires": [], "path": [], "guided": [], "noise": []}
    for number_, s in enumerate(pictures()):
        made["hires"].append(heatmap(engine, s.pixels, "hires_cam", s.name).clip(0))
        path = heatmap(engine, s.pixels, "integrated_gradients", s.name, steps=16)
        made["path"].append(_smooth(path, 3))
        made["guided"].append(_smooth(heatmap(engine, s.pixels, "guided_backprop", s.name), 3))
        made["noise"].append(_cloud(np.random.default_rng(number_ + 5)))
    return {name: np.stack([v / v.max() for v in maps]) for name, maps in made.items()}


@exercise("4.8", "Which one is dice?", game=True)
def dice(answer: Any, deal: int) -> str:
    real = (
        "That one beats chance.",
        "Take the insertion area for all six pictures, and beside it that of random maps.",
    )
    guess(answer, "4.8", deal, "noise", {"hires": real, "path": real, "guided": real})
    return (
        "The others were HiResCAM, smoothed integrated gradients, and smoothed guided "
        "backpropagation: yes, that one. Passing one test is passing one test."
    )
