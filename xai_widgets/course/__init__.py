"""The course: six lessons in notebooks/course/, and the checks of their exercises.

    xw.course.check("2.3", saliency)  # right, or a hint; a further one the next time
    game = xw.course.game("1.6", deal=7)  # things with letters: which of them ...?
    xw.course.check("1.6", "B", deal=7)

Everything happens in this process: nothing is downloaded, recorded or sent. A teacher's own
exercise is one function: see `exercise`. The text of the lessons is under CC BY 4.0.
"""

from xai_widgets.course import lesson_1, lesson_2, lesson_3, lesson_4, lesson_5, lesson_6
from xai_widgets.course.answers import array, call, choice, number
from xai_widgets.course.checking import Verdict, check, verdict
from xai_widgets.course.games import Game, dealt, game, guess
from xai_widgets.course.lesson_6 import clothes
from xai_widgets.course.registry import EXERCISES, Exercise, NotYet, Wrong, exercise, remove
from xai_widgets.course.sorters import handed_over

__all__ = [
    "EXERCISES",
    "Exercise",
    "Game",
    "NotYet",
    "Verdict",
    "Wrong",
    "array",
    "call",
    "check",
    "choice",
    "clothes",
    "dealt",
    "exercise",
    "game",
    "guess",
    "handed_over",
    "number",
    "remove",
    "verdict",
]
_LESSONS = (lesson_1, lesson_2, lesson_3, lesson_4, lesson_5, lesson_6)  # imported to register


def __dir__() -> list[str]:
    return sorted(__all__)
