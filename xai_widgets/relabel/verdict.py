"""What is to be said of a student and its neighbourhood, in words."""

from __future__ import annotations

import math

from xai_widgets.engine import Engine
from xai_widgets.relabel.lesson import Lesson
from xai_widgets.relabel.scale import LEAST, MOST
from xai_widgets.relabel.student import HELD_OUT
from xai_widgets.targets import class_name

_LUCK = 1.64  # standard deviations: a coin has better luck one time in twenty


def label_name(engine: Engine, label: int) -> str:
    """What a label is called; of a network of one logit, −1 is that its class is denied."""
    classes = 1 if label < 0 else label + 1
    name = class_name(max(label, 0), engine.class_names, classes)
    return name if label >= 0 else f"not {name}"


def sentence(fidelity: float) -> str:
    """How far the student agrees with the network."""
    if math.isnan(fidelity):
        return "The student met no neighbours of both classes to be judged on."
    return (
        f"The student agrees with the network on {100 * fidelity:.0f} % of unseen neighbours "
        "(kept and shifted ones weighing the same)."
    )


def warnings_of(lesson: Lesson, engine: Engine) -> tuple[str, ...]:
    """What speaks against believing the map, each in a sentence; empty where nothing does."""
    teacher, neighbours = lesson.neighbours.teacher, lesson.neighbours
    said = []
    if teacher.image_label != teacher.reconstruction_label:
        names = [
            label_name(engine, label)
            for label in (teacher.image_label, teacher.reconstruction_label)
        ]
        said.append(
            f"The VAE's reconstruction has lost the label: the network takes the picture for "
            f"{names[0]}, its reconstruction for {names[1]}."
        )
    share = neighbours.kept_share
    if not LEAST <= share <= MOST:
        said.append(
            f"The neighbourhood is lopsided: {share:.0%} of the synthetic pictures keep the label; "
            f"{LEAST:.0%} to {MOST:.0%} were wanted."
        )
    fidelity = lesson.student.accuracy
    if math.isnan(fidelity):
        said.append("The student could not be judged: the unseen neighbours are of one class.")
    elif fidelity < (coin := 0.5 + _LUCK * 0.5 / (len(lesson.hard) / HELD_OUT) ** 0.5):
        said.append(
            f"The student is no better than chance: it agrees with the network on "
            f"{fidelity:.0%} of unseen neighbours, and a lucky coin on {coin:.0%}."
        )
    return tuple(said)
