"""Judges of lesson 5, find the shortcut."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from xai_widgets import demo
from xai_widgets.course.answers import choice, number, shaped
from xai_widgets.course.boxes import box_of, check_place
from xai_widgets.course.games import dealt, guess
from xai_widgets.course.registry import Wrong, exercise
from xai_widgets.course.scenes import Floats, drawn, twin
from xai_widgets.course.sorters import (
    accuracy_without_marks,
    experiment,
    flipped,
    place_of_mark,
    studies,
)
from xai_widgets.engine import Engine
from xai_widgets.shares import percent
from xai_widgets.study import Study
from xai_widgets.study.statistics import wilson

_ELSEWHERE = "Is that the control, at random places, or the other network?"
_WRONG = "Are those the pictures that were answered wrong? Take study.right[:120]."
_FIRST = "Take the first 120 that were answered right."
_COUNT = (120, "That is how many pictures took part.", "The experiment has an .effect.")


@exercise("5.1", "The night shift", dealt=True)
def night(answer: Any, deal: int) -> str:
    one, _ = studies(deal)
    correct, is_night = one.rows["correct"], one.rows["shift"] == "night"
    _check_chosen(answer)
    _check_share(
        answer,
        correct[is_night].mean(),
        [
            (
                (~correct[is_night]).mean(),
                "Is that the share of errors, or how far the night lies below the day?",
                "Accuracy is the share of these pictures whose answer is right.",
            ),
            (correct.mean(), "That is the accuracy of all pictures."),
            (
                correct[~is_night].mean(),
                "Is that the day shift, or the share of the errors that are of the night?",
                "Choose the pictures of the night first; then ask how many of them are right.",
            ),
            (correct[is_night].sum(), "That is a count. Divide by how many there are."),
            (
                correct[is_night].sum() / len(correct),
                "Divide by the pictures of the night, not by all.",
            ),
            (is_night.mean(), "That is the night's share of the pictures. How many are right?"),
        ],
        tolerance=2e-3,
    )
    return "Guessing among six shapes gives 0.17."


def _check_chosen(answer: Any) -> None:
    """Raises Wrong for the mean of no picture."""
    if np.isnan(_plain(answer)):
        raise Wrong(
            "That is the mean of nothing: no picture was chosen.",
            'handed.data["shift"] is a list, and a list == "night" is False. study.rows["shift"] '
            "is an array, which is compared row by row.",
        )


def _plain(answer: Any) -> float:
    """The answer, where it is a plain number; else 0."""
    return float(answer) if isinstance(answer, (int, float, np.number)) else 0.0


def _check_share(
    answer: Any, right: float, mistakes: Sequence[tuple[Any, ...]], **options: Any
) -> None:
    """`number`, for a share: a mean fall of random places may be a little below 0, and no more."""
    if -np.inf < _plain(answer) < -0.01:
        raise Wrong("A share is never below 0.", "How many of how many?")
    number(answer, right, mistakes, **options)


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

    def shares(rows: Any, study: Study = one) -> Floats:
        mean = flipped(study.mean_map(rows)[0], deal).astype(np.float64)
        cut: Floats = mean.reshape(2, mean.shape[0] // 2, 2, -1).sum((1, 3))
        cut /= cut.sum()
        return cut

    right = shares(one.right)
    slice_at_8 = "The map is 16 x 16, the picture is 64 x 64. Slice the map at 8."
    mistakes: list[tuple[Any, ...]] = [
        (right.T, "Upper right and lower left are exchanged.", "Rows first: mean[:8, 8:]."),
        (right[::-1], "Upside down: row 0 is at the top."),
        (right[:, ::-1], "Left and right are exchanged."),
        (right[::-1, ::-1], "Everything is exchanged: [0][0] is the upper left."),
        ([[1, 0], [0, 0]], "Is everything in one quarter?", slice_at_8),
        (shares(one.wrong), "Those are the pictures that were answered wrong."),
        (
            shares(range(len(one.rows["correct"]))),
            "Those are all pictures. Take those answered right.",
        ),
        (shares(np.flatnonzero(one.rows["shift"] == "day")), "Those are the pictures of the day."),
        (shares(one.right[:120]), "Those are the first 120. Take all that were answered right."),
        (shares(other.right, other), "That is the other network."),
    ]
    if np.shape(answer) == (4,):
        raise Wrong("Four numbers in a row. Make it [[upper left, upper right], [...]].")
    given = shaped(answer, (2, 2), "[[upper left, upper right], [lower left, lower right]]")
    off = np.abs(given - right).max()
    for wrong, *steps in mistakes:  # some are as near to the right answer as its rounding is
        if np.abs(given - wrong).max() < min(5e-4, off / 4):
            raise Wrong(*steps)
    if off < 1e-2:
        return "Evenly spread, each would have 0.25. A suspicion; not yet evidence."
    if given.min() < 0:
        raise Wrong("A share is never below 0.")
    if abs(given.sum() - 100) < 2:
        raise Wrong("Those are per cent. Shares add up to 1.")
    if abs(given.sum() - 1) > 2e-2:
        raise Wrong(
            f"They add up to {given.sum():.4g}, not to 1.",
            "Add up the cells of each quarter, then divide by the sum of all four. " + slice_at_8,
        )
    raise Wrong("They add up to 1, and are other shares. Of which map, cut where?", slice_at_8)


@exercise("5.4", "The place", dealt=True)
def place(answer: Any, deal: int) -> str:
    mark = place_of_mark(deal, deal)
    check_place(box_of(answer, mark), mark)
    return "Something sits there in every picture of the day, and never a shape. Still a suspicion."


@exercise("5.5", "Cover it", dealt=True)
def cover(answer: Any, deal: int) -> str:
    effect, control = experiment(deal, "paste")
    given = [answer]
    if np.ndim(answer) or isinstance(answer, (list, tuple)):
        given = list(shaped(answer, (2,), "(effect, control)"))
        if abs(given[1] - effect) < 0.02 and abs(given[0] - control) < 0.02:
            raise Wrong("The effect comes first, then the control.")
    _check_share(
        given[0],
        effect,
        [
            (control, f"Nothing falls? {_ELSEWHERE}", "Neither minds. Your place has an .effect."),
            (1 - effect, "That is what is left of the probability. By how much does it fall?"),
            (experiment(deal, "paste", 0, "wrong")[0], _WRONG),
            (experiment(deal, "paste", 0, "all")[0], "Those are all pictures. " + _FIRST),
            (experiment(deal, "blur")[0], 'That is with a blur. The exercise has fill="paste".'),
            (experiment(deal, "swap")[0], "That is swap's. Here the box is covered: study.cover."),
            _COUNT,
        ],
        tolerance=0.012,
    )
    if len(given) == 1:
        raise Wrong("No number without its control: give both, (effect, control).")
    if abs(given[1] - control) > 0.15:  # a random place may touch the mark
        raise Wrong("The effect is right. The control is that of the same experiment: .control.")
    return "The box of 5.4 is at most 3 % of the picture, and most of the certainty is in it."


@exercise("5.6", "Exchange it", dealt=True)
def exchange(answer: Any, deal: int) -> str:
    effect, control = experiment(deal, "swap")
    covered, _ = experiment(deal, "paste")
    given = _plain(answer)
    whole = abs(120 * given - np.round(120 * given)) < 1e-3  # a share of 120 pictures is
    if given == 1 and answer is not True:
        raise Wrong("Every single one? " + _WRONG)
    if abs(given - covered) < 5e-3 and not whole:
        raise Wrong("That is what cover gives: how far a probability fell. Take study.swap.")
    _check_share(
        answer,
        effect,
        [
            (1 - effect, "Those are the answers that stay. How many go along with the box?"),
            (
                control,
                f"No answer moves? {_ELSEWHERE}",
                "Neither minds. Your place has an .effect.",
            ),
            (120 * effect, "That is a count. Make a share of the 120."),
            _COUNT,
        ],
        tolerance=0.08,
        closeness=0.02,
    )
    return "The picture shows a star, the box says ring, and the network says ring."


@exercise("5.7", "What do you promise?", dealt=True)
def promise(answer: Any, deal: int) -> str:
    one, other = studies(deal)
    correct, is_night = one.rows["correct"], one.rows["shift"] == "night"
    right, count = int(correct[is_night].sum()), int(is_night.sum())
    without = accuracy_without_marks(deal)
    promised = (right / count, 1 / 6, without)
    least, most = min(promised) - 0.03, max(promised) + 0.03
    _check_chosen(answer)
    given = _plain(answer)
    if least <= given / 100 <= most and given not in (1, right):
        raise Wrong("That is in per cent. Give the share: 50 % is 0.5.")
    day_or_other = (
        "Is that the day shift, or the other network?",
        "From tomorrow there is no tag.",
    )
    _check_share(
        answer,
        (least + most) / 2,
        [
            (
                correct.mean(),
                "That is today's. From tomorrow nothing tells the network the class.",
                "You have pictures without a tag: whose?",
            ),
            (
                correct.mean() - experiment(deal, "paste")[0],
                "Probabilities fell by that much. How often is the *answer* right?",
                "You have pictures without one: whose?",
            ),
            (0, "Even a guess is right sometimes: one in six."),
            (correct[~is_night].mean(), *day_or_other),
            (other.accuracy, *day_or_other),
            (
                correct.mean() * (~is_night).mean(),
                "From tomorrow no picture has a tag, not the same share as today.",
            ),
            (1 - right / count, "That is how often it will be wrong."),
            (right, "That is a count. Divide by how many there are."),
        ],
        tolerance=(most - least) / 2,
        closeness=6e-3,
    )
    low, high = (percent(share) for share in wilson(right, count))
    return (
        f"It was {percent(without)}, on the same pictures without tags; guessing gives "
        f"{percent(1 / 6)}. Your night has {count} pictures: from them alone, anything from {low} "
        f"to {high} may be (95 %)."
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
    return (
        "Four times nearly 100 %, and one of them had never learned what a star is. "
        "One picture can be enough, if its tag lies."
    )
