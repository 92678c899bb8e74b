"""Judges of lesson 5, find the shortcut."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch

from xai_widgets import demo
from xai_widgets.course.answers import array, choice, number, shaped
from xai_widgets.course.games import dealt, guess
from xai_widgets.course.registry import Wrong, exercise
from xai_widgets.course.scenes import Floats, drawn, twin
from xai_widgets.course.sorters import (
    SIDE,
    accuracy_without_marks,
    experiment,
    flipped,
    place_of_mark,
    studies,
)
from xai_widgets.engine import Engine
from xai_widgets.study import Study


@exercise("5.1", "The night shift", dealt=True)
def night(answer: Any, deal: int) -> str:
    one, _ = studies(deal)
    correct, is_night = one.rows["correct"], one.rows["shift"] == "night"
    number(
        answer,
        correct[is_night].mean(),
        [
            ((~correct[is_night]).mean(), "That is the share of errors. Accuracy is the others."),
            (correct.mean(), "That is the accuracy of all pictures."),
            (correct[~is_night].mean(), "That is the day shift's."),
            (correct[is_night].sum(), "That is a count. Divide by how many there are."),
            (
                correct[is_night].sum() / len(correct),
                "Divide by the pictures of the night, not by all.",
            ),
            (
                is_night[~correct].mean(),
                "That is how many of the errors are from the night: the question turned round.",
            ),
        ],
        tolerance=2e-3,
    )
    return "Guessing among six shapes gives 0.17."


@exercise("5.2", "What do you write home?")
def write_home(answer: Any) -> str:
    choice(
        answer,
        "c",
        {
            "a": (
                "Somebody else has looked at these pictures. Did they find them bad?",
                "The other network is right on them.",
            ),
            "b": (
                "If the labels were wrong, whose answers would differ from them?",
                "The other network agrees with these labels.",
            ),
            "d": (
                "An accuracy of 90 % and more does not come from nothing.",
                "It knows something. Only what?",
            ),
        },
    )
    return "Where is answered. Why is open."


@exercise("5.3", "Where do the maps lie?", dealt=True)
def quarters(answer: Any, deal: int) -> str:
    one, other = studies(deal)

    def shares(study: Study, rows: Any) -> Floats:
        mean = flipped(study.mean_map(rows)[0], deal)
        h, w = (n // 2 for n in mean.shape)
        cut = np.array([[mean[:h, :w], mean[:h, w:]], [mean[h:, :w], mean[h:, w:]]], np.float64)
        return np.asarray(cut.sum((2, 3)), np.float64)

    sums = shares(one, one.right)
    right = sums / sums.sum()
    wrong = shares(one, one.wrong)
    theirs = shares(other, other.right)
    array(
        answer,
        right,
        [
            (right / 64, "Those are means of each quarter. Add up its cells."),
            (right * 100, "Those are per cent. Shares add up to 1."),
            (right.T, "Upper right and lower left are exchanged.", "Rows first: mean[:h, w:]."),
            (wrong / wrong.sum(), "Those are the pictures that were answered wrong."),
            (theirs / theirs.sum(), "That is the other network."),
            (right[::-1], "Upside down: row 0 is at the top."),
            (right[:, ::-1], "Left and right are exchanged."),
            (right.ravel(), "Four numbers in a row. Make it [[upper left, upper right], [...]]."),
        ],
        axes="[[upper left, upper right], [lower left, lower right]]",
        tolerance=1e-2,
    )
    return "Evenly spread, each would have 0.25. A suspicion; not yet evidence."


@exercise("5.4", "The place", dealt=True)
def place(answer: Any, deal: int) -> str:
    true = place_of_mark(deal, deal)
    form = "(top, left, bottom, right), in pixels of the 64 x 64 picture"
    given = shaped(answer, (4,), "(top, left, bottom, right)")
    top, left, bottom, right = (float(v) for v in given)
    box = (top, left, bottom, right)
    if _overlap(box, true) >= 0.4:
        return "A place of no shape, the same in every picture. Remember: still a suspicion."
    if max(box) <= 1:
        raise Wrong(f"Those are shares of the picture. Give {form}.")
    if _overlap((4 * top, 4 * left, 4 * bottom, 4 * right), true) >= 0.4:
        raise Wrong(f"Those are cells of the map, 16 x 16. Give {form}.", "A cell is 4 pixels.")
    if bottom <= top or right <= left:
        if _overlap((top, left, top + bottom, left + right), true) >= 0.4:
            raise Wrong("Give the lower right corner, not height and width.", form)
        raise Wrong("That box is empty.", f"Give {form}.")
    if _overlap((left, top, right, bottom), true) >= 0.4:
        raise Wrong("You have exchanged rows and columns.", f"Give {form}.")
    if _overlap((top, left, top + bottom, left + right), true) >= 0.4:
        raise Wrong("Give the lower right corner, not height and width.", form)
    area = (bottom - top) * (right - left)
    inside = _common(box, true) / ((true[2] - true[0]) * (true[3] - true[1]))
    if inside > 0.9 and area > 0.08 * SIDE**2:
        raise Wrong(
            f"It is in there, but so is {area / SIDE**2:.0%} of the picture. Smaller!",
            "Look at single pictures, enlarged, where the mean map is brightest.",
        )
    if inside > 0.2:
        raise Wrong(
            "Nearly: it touches the right place.",
            "Look at ten pictures of the day shift, enlarged, in this corner. What do all have?",
        )
    if _overlap((SIDE - bottom, SIDE - right, SIDE - top, SIDE - left), true) >= 0.4:
        raise Wrong("The opposite corner.", "Row 0 is at the top, column 0 on the left.")
    if abs(top + bottom - SIDE) < 16 and abs(left + right - SIDE) < 16:
        raise Wrong(
            "The shapes themselves lie there: that would be no shortcut.",
            "In which quarter did the maps lie, that no shape prefers?",
        )
    raise Wrong(
        "Not there.",
        "In which quarter do the maps of 5.3 lie? Look at ten pictures of the day shift there.",
    )


def _common(a: Any, b: Any) -> float:
    high = max(min(a[2], b[2]) - max(a[0], b[0]), 0)
    return float(high * max(min(a[3], b[3]) - max(a[1], b[1]), 0))


def _overlap(a: Any, b: Any) -> float:
    """Intersection over union of two boxes."""
    both = _common(a, b)
    areas = sum(max(c[2] - c[0], 0) * max(c[3] - c[1], 0) for c in (a, b))
    return float(both / (areas - both)) if areas > both else 0.0


@exercise("5.5", "Cover it", dealt=True)
def cover(answer: Any, deal: int) -> str:
    effect, control = experiment(deal, "paste", 0)
    theirs, _ = experiment(deal, "paste", 1)
    number(
        answer,
        effect - control,
        [
            (
                control,
                "Nothing falls? Is that the control, random places, or the other network?",
                "Both do not mind. .effect is what your place does to our network.",
            ),
            (theirs, "That is the other network, which does not mind."),
            (1 - effect, "That is what is left of the probability. By how much does it fall?"),
            (
                experiment(deal, "blur", 0)[0],
                'That is with a blur in its place. The exercise has fill="paste".',
                "A blurred tag is no tag; a pasted one names another class.",
            ),
            (120, "That is how many pictures took part. The experiment has an .effect."),
        ],
        tolerance=0.1,
        closeness=0.02,
    )
    return "Less than two pixels in a hundred, and most of the certainty is in them."


@exercise("5.6", "Exchange it", dealt=True)
def exchange(answer: Any, deal: int) -> str:
    effect, control = experiment(deal, "swap", 0)
    theirs, _ = experiment(deal, "swap", 1)
    number(
        answer,
        effect,
        [
            (1 - effect, "Those are the answers that stay. How many go along with the square?"),
            (
                control,
                "No answer moves? Is that the control, random places, or the other network?",
                ".effect is what your place does to our network.",
            ),
            (theirs, "That is the other network, which does not mind."),
            (120 * effect, "That is a count. Make a share of the 120."),
            (120, "That is how many pictures took part."),
        ],
        tolerance=0.08,
        closeness=0.02,
    )
    return "The picture shows a star, the square says ring, and the network says ring."


@exercise("5.7", "What do you promise?", dealt=True)
def promise(answer: Any, deal: int) -> str:
    one, other = studies(deal)
    correct, is_night = one.rows["correct"], one.rows["shift"] == "night"
    promised = {float(correct[is_night].mean()), 1 / 6, accuracy_without_marks(deal)}
    try:
        given = number(answer, 0.5, tolerance=0.5)
    except Wrong:
        given = -1.0
    if not min(promised) - 0.03 <= given <= max(promised) + 0.03:
        number(
            answer,
            accuracy_without_marks(deal),
            [
                (
                    correct.mean(),
                    "That is today's. From tomorrow nothing tells the network the class.",
                    "You have pictures without a tag: whose?",
                ),
                (
                    correct.mean() - experiment(deal, "paste", 0)[0],
                    "Probabilities fell by that much. How often is the *answer* right?",
                    "You have pictures without one: whose?",
                ),
                (0, "Even a guess is right sometimes: one in six."),
                (other.accuracy, "That is the other network: the one you will recommend."),
                (
                    correct.mean() * (~is_night).mean(),
                    "From tomorrow no picture has a tag, not the same share as today.",
                ),
            ],
            tolerance=0.02,
        )
    return (
        f"It was {accuracy_without_marks(deal):.0%}, on the same pictures without tags. "
        "Guessing gives 17 %. It was a good day to ask."
    )


@dealt("5.8")
def four_sorters() -> dict[str, Engine]:
    made = {}
    for name, seed in (("honest 1", 0), ("honest 2", 1), ("honest 3", 2)):
        model = copy.deepcopy(drawn().model)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for p in model.parameters():
                p.add_(0.05 * p.std() * torch.randn(p.shape, generator=generator, device="cpu"))
        made[name] = twin(drawn(), model, "a sorter")
    cheat = demo.shapes_engine(shortcut=True)
    return {**made, "cheat": twin(cheat, cheat.model, "a sorter")}


@exercise("5.8", "Which one cheats?", game=True)
def cheats(answer: Any, deal: int) -> str:
    steps = (
        "That one looks at the shapes.",
        "Change the corner, or let the mark name another class, and see whose answers change.",
    )
    honest = ("honest 1", "honest 2", "honest 3")
    guess(answer, "5.8", deal, "cheat", dict.fromkeys(honest, steps))
    return "Four times nearly 100 %, and one of them had never learned what a star is."
