"""Judges of lesson 1: look."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from xai_widgets import demo
from xai_widgets.course.answers import array, choice, number
from xai_widgets.course.games import dealt, guess
from xai_widgets.course.registry import exercise
from xai_widgets.course.scenes import (
    ESPRESSO,
    GOLDFISH,
    Floats,
    heatmap,
    photographs,
    probability,
)
from xai_widgets.render.colours import resize


@functools.cache
def coffee(target: str = ESPRESSO) -> Floats:
    """The Grad-CAM map (224, 224) of the cup of coffee."""
    return heatmap(photographs(), demo.photo("coffee"), "grad_cam", target)


@functools.cache
def brightest() -> tuple[int, int]:
    row, column = np.unravel_index(coffee().argmax(), coffee().shape)
    return int(row), int(column)


@exercise("1.1", "Where is the map brightest?")
def where(answer: Any) -> str:
    row, column = brightest()
    small = photographs().explain(demo.photo("coffee"), "grad_cam", target=ESPRESSO).values
    cell = np.unravel_index(small.argmax(), small.shape)
    darkest = np.unravel_index(coffee().argmin(), coffee().shape)
    array(
        answer,
        (row, column),
        [
            ((column, row), "You gave (column, row).", "The first axis of an array is the height."),
            (
                coffee().argmax(),
                "That is the place in the flattened map.",
                "np.unravel_index(place, heatmap.shape) turns it into (row, column).",
            ),
            (cell, "That is a cell of the layer's own 7 x 7 map.", "Take heatmap(), not values."),
            (darkest, "That is the darkest pixel.", "argmax, not argmin."),
        ],
        axes="(row, column)",
        tell=False,
        tolerance=1e-6,
    )
    return "In the coffee, not on the rim. Remember the place: you will cover it."


@exercise("1.2", "How concentrated is it?")
def concentrated(answer: Any) -> str:
    values = np.sort(coffee().ravel())[::-1]
    tenth = len(values) // 10
    number(
        answer,
        values[:tenth].sum() / values.sum(),
        [
            (
                values[-tenth:].sum() / values.sum(),
                "That is the share of the darkest tenth.",
                "np.sort goes upwards: the brightest are at the end.",
            ),
            (0.1, "That counts pixels. Add up their values.", "Sum of the tenth over sum of all."),
            (
                values[0] / values.sum() * tenth,
                "You have multiplied the maximum. Add up the values of the tenth.",
            ),
            (
                (coffee() >= 0.9 * values[0]).mean(),
                "That is how many pixels come near the maximum: another question.",
                "A tenth of the pixels, by rank: sort them.",
            ),
            (values[:tenth].mean(), "That is their mean value.", "Divide their sum by all's."),
        ],
        tolerance=2e-3,
    )
    return "A quarter of the evidence in a tenth of the pixels: a hill, hardly an outline."


@exercise("1.3", "Another class, another map?")
def another_class(answer: Any) -> str:
    one, other = coffee().ravel(), coffee(GOLDFISH).ravel()
    number(
        answer,
        np.corrcoef(one, other)[0, 1],
        [
            (1, "That is a map's correlation with itself.", "np.corrcoef(a, b)[0, 1], not [0, 0]."),
            (
                np.cov(one, other)[0, 1],
                "That is the covariance. Divide by both deviations: np.corrcoef.",
            ),
            (
                np.corrcoef(coffee().mean(0), coffee(GOLDFISH).mean(0))[0, 1],
                "You have averaged over the rows first. Use every pixel: .ravel().",
            ),
            (
                (one @ other) / np.linalg.norm(one) / np.linalg.norm(other),
                "That is the cosine.",
                "A correlation takes the means away first: np.corrcoef does.",
            ),
        ],
        tolerance=2e-3,
    )
    return "Not the same map, and yet: where there is something to see, both classes look."


@exercise("1.4", "How strong is it?")
def strength(answer: Any) -> str:
    one, other = coffee().max(), coffee(GOLDFISH).max()
    rescaled = (coffee(GOLDFISH) - coffee(GOLDFISH).min()) / np.ptp(coffee(GOLDFISH))
    number(
        answer,
        other / one,
        [
            (one / other, "The other way round: the goldfish's by the espresso's."),
            (
                rescaled.max(),
                "You have rescaled both maps to 0 to 1, and with that thrown the answer away.",
                "Take .heatmap().max() as it is.",
            ),
            (
                coffee(GOLDFISH).mean() / coffee().mean(),
                "Those are the means. Take the largest values.",
            ),
            (one - other, "That is the difference. Divide."),
        ],
        tolerance=2e-3,
    )
    return "A tenth. A picture that stretches both maps to full colour hides just that."


@exercise("1.5", "Cover it")
def cover(answer: Any) -> str:
    engine = photographs()
    x, target = engine.input(demo.photo("coffee")), engine.class_names.index(ESPRESSO)  # type: ignore[union-attr]
    row, column = brightest()

    def covered(row: int, column: int) -> float:
        y = x.clone()
        y[:, :, max(row - 32, 0) : row + 32, max(column - 32, 0) : column + 32] = 0
        return probability(engine.model, y, target)

    whole, left = probability(engine.model, x, target), covered(row, column)
    logits = engine.model(x)[0, target].item()
    number(
        answer,
        whole - left,
        [
            (left, "That is the probability that is left.", "By how much did it fall?"),
            (left / whole, "That is a ratio. Take the difference."),
            (
                whole - covered(column, row),
                "You have covered another place: rows and columns are exchanged.",
                "x is (batch, channel, row, column).",
            ),
            (logits, "That is a score. Probabilities come out of the softmax."),
            (
                0,
                "Nothing fell. Did you change a copy, and ask about the original?",
                "y = x.clone(); y[...] = 0; then model(y).",
            ),
        ],
        tolerance=5e-3,
    )
    return "The brightest square, and three quarters are left. Bright is not indispensable."


@exercise("1.6", "What may you say?")
def claim(answer: Any) -> str:
    choice(
        answer,
        "b",
        {
            "a": (
                "How many pictures have you seen?",
                "One picture bears out nothing about espressos in general.",
            ),
            "c": (
                "You covered the brightest square yourself. What was left?",
                "A map is no promise about what happens without a part. That has to be tried.",
            ),
            "d": (
                "Dark is little, not nothing; and one cell of the layer is 32 pixels wide.",
                "Grad-CAM also cuts off all that speaks against the class.",
            ),
        },
    )
    return "This picture, this layer, this class, on average. It is less than one would like."


@dealt("1.7")
def four_maps() -> dict[str, Floats]:
    noise = np.maximum(np.random.default_rng(4).normal(size=(7, 7)), 0)
    made = {
        "espresso": coffee(),
        "upside down": coffee()[::-1].copy(),
        "noise": resize(noise, (224, 224)).astype(np.float64),
        "goldfish": coffee(GOLDFISH),
    }
    return {name: values / values.max() for name, values in made.items()}


@exercise("1.7", "Which one is it?", game=True)
def which(answer: Any, deal: int) -> str:
    test = "Keep the brightest fifth of the picture, grey out the rest, and ask the network."
    guess(
        answer,
        "1.7",
        deal,
        "espresso",
        {
            "upside down": (test, "That one has the right form, and looks at the saucer."),
            "noise": (test, "That one was drawn by dice. Blown up 32 times, dice look like art."),
            "goldfish": (test, "That one is a Grad-CAM of this picture: of its goldfish."),
        },
    )
    return "The others were upside down, dice, and a goldfish."
