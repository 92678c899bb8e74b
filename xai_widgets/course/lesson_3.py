"""Judges of lesson 3: where methods fail."""

from __future__ import annotations

import copy
import functools
from typing import Any

import numpy as np
import torch
from scipy.stats import pearsonr, rankdata
from torch import Tensor

from xai_widgets import demo, metrics
from xai_widgets.course.answers import array, call, choice, number
from xai_widgets.course.games import dealt, guess
from xai_widgets.course.registry import Wrong, exercise
from xai_widgets.course.scenes import Floats, drawn, heatmap, twin
from xai_widgets.engine import Engine


@functools.cache
def six() -> list[Any]:
    """One shape of each class."""
    return demo.shapes(6, seed=3)


@exercise("3.1", "How alike are two maps?")
def spearman(answer: Any) -> str:
    chance = np.random.default_rng(0)
    a = chance.normal(size=(6, 9))
    b = np.exp(1.5 * a) + chance.normal(size=a.shape)
    ranks = [rankdata(each.ravel()) for each in (a, b)]
    right = np.corrcoef(*ranks)[0, 1]
    result = call(answer, "spearman(a, b)", a.copy(), b.copy())
    n = a.size
    places = [np.argsort(each.ravel()).astype(float) for each in (a, b)]
    number(
        result,
        right,
        [
            (
                pearsonr(a.ravel(), b.ravel()).statistic,
                "That is Pearson's, of the values. Take the ranks first.",
                "One bright pixel can make Pearson's whatever it likes.",
            ),
            (
                pearsonr(*places).statistic,
                "argsort once gives places, not ranks.",
                "Ranks are argsort of argsort, or scipy.stats.rankdata.",
            ),
            (
                pearsonr(*(rankdata(np.abs(e).ravel()) for e in (a, b))).statistic,
                "There is an abs(): a map that says *against* is no longer told from one that "
                "says *for*.",
            ),
            (
                np.mean(
                    [pearsonr(*map(rankdata, rows)).statistic for rows in zip(a, b, strict=True)]
                ),
                "You have ranked within each row, and taken the mean. Rank all pixels together.",
            ),
            (((ranks[0] - ranks[1]) ** 2).sum(), "That is Σd². Spearman is 1 − 6 Σd² / (n³ − n)."),
            (1 - 6 * ((ranks[0] - ranks[1]) ** 2).sum() / n**3, "n (n² − 1), not n³."),
        ],
        tolerance=1e-4,
    )  # fmt: skip
    return "It asks for the order of the pixels only, as insertion and deletion will."


@functools.cache
def cascade(method: str) -> float:
    """The mean rank correlation with maps of ever more random networks."""
    return float(
        np.mean(
            [
                metrics.model_randomization(drawn(), each.pixels, method, stages=3).spearman
                for each in six()
            ]
        )
    )


@exercise("3.2", "Who does not notice?")
def unmoved(answer: Any) -> str:
    choice(
        answer,
        "guided_backprop",
        {
            "saliency": ("Its number is near 0: it has changed altogether.", "High is bad here."),
            "hires_cam": ("Its number is near 0: it noticed.", "Which one stays most alike?"),
            "deconvnet": ("Close, but there is one that notices even less.",),
        },
    )
    return "On average over the broken networks, nearly half of its order is still there."


@functools.cache
def across_classes(method: str) -> Floats:
    """For each shape, the rank correlation of the maps for its class and for the next."""
    names = drawn().class_names or []
    return np.array(
        [
            metrics.spearman(
                heatmap(drawn(), each.pixels, method, each.name),
                heatmap(drawn(), each.pixels, method, names[(each.label + 1) % 6]),
            )
            for each in six()
        ]
    )


@exercise("3.3", "The same map for everybody")
def insensitive(answer: Any) -> str:
    guided = across_classes("guided_backprop")
    names = drawn().class_names or []
    pearson = np.mean(
        [
            np.corrcoef(
                heatmap(drawn(), s.pixels, "guided_backprop", s.name).ravel(),
                heatmap(drawn(), s.pixels, "guided_backprop", names[(s.label + 1) % 6]).ravel(),
            )[0, 1]
            for s in six()
        ]
    )
    number(
        answer,
        guided.mean(),
        [
            (guided[0], "That is one picture only. Take the mean over all six."),
            (guided[-1], "That is the last picture only. Take the mean over all six."),
            (guided.sum(), "That is the sum over six pictures. Take the mean."),
            (
                across_classes("saliency").mean(),
                "That is saliency's. The question is guided_backprop's.",
            ),
            (
                across_classes("grad_cam").mean(),
                "That is Grad-CAM's. The question is guided_backprop's.",
            ),
            (pearson, "That is the correlation of the values. Take that of the ranks."),
            (1, "Did you ask for the same class twice?", "The other: (shape.label + 1) % 6."),
        ],
        tolerance=5e-3,
    )
    return "The question changed altogether, and the answer hardly."


@exercise("3.4", "A pixel that has done its work")
def saturation(answer: Any) -> str:
    array(
        answer,
        (0, 1),
        [
            ((1, 0), "The other way round: first the gradient at 2, then integrated gradients."),
            ((1, 1), "At x = 2, is the curve still rising?", "1 − x is negative: the relu is 0."),
            (
                (0, 0),
                "The gradient is right. Integrated gradients look at the whole way from 0 to 2.",
                "On the first half of the way the slope is 1, then 0. Times the length of the way.",
            ),
            ((0, 0.5), "0.5 is the mean slope. Times the way, which is 2 long."),
            ((0, 2), "The slope is 1 on half of the way only."),
            ((-1, 1), "The slope of 1 − relu(1 − x): two minuses, and where is x = 2?"),
        ],
        axes="(gradient, integrated gradients)",
        tell=False,
        tolerance=1e-2,
    )
    return "The score rose by 1, and the gradient says that nobody did it."


@exercise("3.5", "Integrated gradients")
def integrated(answer: Any) -> str:
    generator = torch.Generator().manual_seed(4)
    x = torch.rand(2, 3, generator=generator, device="cpu") + 1
    b = torch.rand(2, 3, generator=generator, device="cpu") - 0.5
    weight = torch.tensor([[1.0, 2.0, -1.0], [0.5, -2.0, 3.0]], device="cpu")
    steps = 200
    asked: list[int] = []

    def f(v: Tensor) -> Tensor:
        asked.append(v.numel() // x.numel())
        return (weight * v**3).sum()

    right = weight * (x**3 - b**3)
    mean = right / (x - b)
    from_zero = weight * x**2 * (x - b)
    usage = "integrated_gradients(f, x, baseline, steps)"
    result = call(answer, usage, f, x.clone(), b, steps)
    array(
        result,
        right,
        [
            (
                mean,
                "That is the mean gradient on the way. A factor is missing.",
                "Slope times way: (x − baseline).",
            ),
            (mean * x, "The factor is (x − baseline), not x.", "It only is x where baseline is 0."),
            (3 * weight * x**2 * (x - b), "You took the gradient at the end only."),
            (3 * weight * b**2 * (x - b), "You took the gradient at the baseline only."),
            (steps * right, "You have added the gradients up. Take their mean.", "/ steps."),
            (
                from_zero,
                "Your way begins at 0: alpha * x.",
                "It begins at the baseline: baseline + alpha * (x − baseline).",
            ),
            (right.sum(), "You have added all up. Each input keeps its share."),
        ],
        tolerance=1e-2,
    )
    asked.clear()
    call(answer, usage, f, x.clone(), b, few := 7)
    if not few - 1 <= sum(asked) <= 2 * few + 3:  # Simpson's rule takes twice as many, and one
        raise Wrong(
            f"Right, but with steps={few} you ask f {sum(asked)} times.",
            "Is the number of steps written down?",
        )
    return "And they add up to f(x) − f(baseline): a promise that can be kept, or broken."


@exercise("3.6", "Do they add up?")
def complete(answer: Any) -> str:
    number(
        answer,
        16,
        [
            (8, "With 8 it is still nearly 4 %.", "0.01 is 1 %."),
            (32, "Right, but fewer will do."),
            (64, "Right, but far fewer will do."),
            (4, "With 4 it is about 5 %."),
            (2, "With 2 half of the score is missing."),
        ],
        tolerance=0.4,
        what="a number of steps",
    )
    return "Now you know how many steps are enough, without a reference to compare with."


@exercise("3.7", "What the baseline cannot see")
def blind(answer: Any) -> str:
    choice(
        answer,
        "c",
        {
            "a": ("Look at the formula: what is x − baseline on the cross?",),
            "b": ("That would be a map that knows nothing. This one knows its formula.",),
            "d": ("For a share to be negative, x and the baseline would have to differ at all.",),
        },
    )  # fmt: skip
    return "Nothing times anything. A black thing is invisible from a black baseline."


@dealt("3.8")
def four_networks() -> dict[str, Engine]:
    whole = drawn()
    made = {"trained": whole.model}
    for name, seed in (("trained, noise 1", 0), ("trained, noise 2", 1)):
        model = copy.deepcopy(whole.model)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for p in model.parameters():
                p.add_(0.08 * p.std() * torch.randn(p.shape, generator=generator, device="cpu"))
        made[name] = model
    model = copy.deepcopy(whole.model)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in list(model.children())[-1].parameters():
            p.copy_(p.mean() + p.std() * torch.randn(p.shape, generator=generator, device="cpu"))
    made["random head"] = model
    return {name: twin(whole, model, "a network") for name, model in made.items()}


@exercise("3.8", "Who knows nothing?", game=True)
def nothing(answer: Any, deal: int) -> str:
    steps = (
        "That one knows its shapes.",
        "Guided backpropagation will not tell you. Which method did notice in 3.2?",
        "HiResCAM's relevance mass on the shapes, mean over all six: one network falls behind.",
    )
    trained = ("trained", "trained, noise 1", "trained, noise 2")
    guess(answer, "3.8", deal, "random head", dict.fromkeys(trained, steps))
    return "Its last layer is dice, and so are its answers. Its guided maps are fine."
