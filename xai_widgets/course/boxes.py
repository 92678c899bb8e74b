"""Boxes (top, left, bottom, right) in a picture of lesson 5: an answer as one, or what it is
instead, and how it lies to the right one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from xai_widgets.course.answers import shaped
from xai_widgets.course.registry import Wrong
from xai_widgets.course.sorters import SIDE
from xai_widgets.shares import percent

__all__ = ["Box", "box_of", "check_place"]

Box = tuple[int, int, int, int]
Numbers = Sequence[float]
FORM = f"(top, left, bottom, right), in pixels of the {SIDE} x {SIDE} picture"
_LARGEST = 0.03 * SIDE**2  # pixels of a box that is small enough
_SLACK = 1  # pixels of a side that a box may miss


def box_of(answer: Any, right: Box) -> Box:
    """The answer as a box of whole pixels in the picture, rounded as `study.cover` does. Raises
    Wrong for anything else, and says what it is, if it is the box `right` in another form.
    """
    if _has_booleans(answer):
        raise Wrong(f"True and False are no places. Give {FORM}.")
    given = [float(v) for v in shaped(answer, (4,), "(top, left, bottom, right)")]
    top, left, bottom, right_end = given
    inside = 0 <= top < bottom <= SIDE and 0 <= left < right_end <= SIDE
    if _overlap(given, right) < 0.1:
        for other, *steps in _other_forms(given, inside and _common(given, right) > 0):
            if _overlap(other, right) >= 0.4:
                raise Wrong(*steps)
    if min(given) >= 0 and max(given) <= 1:
        raise Wrong(f"Those are shares of the picture. Give {FORM}.")
    if min(given) < 0:
        raise Wrong("No place is negative: row 0 is at the top, column 0 on the left.", FORM)
    if max(given) > SIDE:
        raise Wrong(f"That is outside: the picture ends at row {SIDE} and column {SIDE}.", FORM)
    a, b, c, d = (round(v) for v in given)
    if c <= a or d <= b:
        raise Wrong("That box is empty: bottom is below top, right is to the right of left.", FORM)
    return a, b, c, d


def _has_booleans(answer: Any) -> bool:
    if isinstance(answer, (list, tuple)):
        return any(isinstance(value, (bool, np.bool_)) for value in answer)
    return "bool" in str(getattr(answer, "dtype", ""))


def _other_forms(given: Numbers, touches: bool) -> Iterator[tuple[Any, ...]]:
    """What else four numbers may be, each as a box, with its hints."""
    a, b, c, d = given
    cells = f"Those are cells of the map, 16 x 16. Give {FORM}."
    yield [4 * v for v in given], cells, "A cell is 4 pixels."
    yield (a, c, b, d), "You gave (top, bottom, left, right).", f"Give {FORM}."
    yield (c, d, a, b), "The upper left corner comes first, then the lower right one.", FORM
    if not touches:
        yield (a, b, a + c, b + d), "Give the lower right corner, not height and width.", FORM
        yield (b, a, d, c), "You have exchanged rows and columns.", f"Give {FORM}."
        yield (b, a, b + d, a + c), "Give the lower right corner, not width and height.", FORM


def check_place(box: Box, right: Box) -> None:
    """Raises Wrong for a box that misses more than a pixel on some side of the right one, or is
    much larger.
    """
    top, left, bottom, right_end = right
    core = (top + _SLACK, left + _SLACK, bottom - _SLACK, right_end - _SLACK)
    common = _common(box, right)
    if _common(box, core) == _area(core):
        if _area(box) <= _LARGEST:
            return
        raise Wrong(
            f"It contains the place, and {percent(_area(box) / SIDE**2)} of the picture. Smaller!",
            "Look at single pictures, enlarged, where the mean map is brightest.",
        )
    if common == _area(box):
        raise Wrong(
            "Your box lies on the right place, and is too small: it misses a part.",
            "Enlarge a few pictures of the day. Where does that which they share begin and end?",
        )
    if common:
        raise Wrong(
            "Nearly: it has a part of the right place, and misses another.",
            "Look at ten pictures of the day shift, enlarged, in this corner. What do all have?",
        )
    a, b, c, d = box
    crop = "Did you read it off a crop? Add to its numbers where the crop starts."
    for mirrored, words in (
        ((SIDE - c, b, SIDE - a, d), "Upside down: row 0 is at the top."),
        ((a, SIDE - d, c, SIDE - b), "The other side: column 0 is on the left."),
        ((SIDE - c, SIDE - d, SIDE - a, SIDE - b), "The opposite corner: row 0 is at the top."),
    ):
        if _overlap(mirrored, right) >= 0.4:
            raise Wrong(words, crop)
    off = (top - a, left - b)
    if max(abs(c - a - (bottom - top)), abs(d - b - (right_end - left))) <= 2 and all(
        move >= 8 or abs(move) <= 2 for move in off
    ):
        raise Wrong("Not there. " + crop, "A crop [40:, 40:] starts at row 40 and column 40.")
    if abs(a + c - SIDE) < 16 and abs(b + d - SIDE) < 16:
        raise Wrong(
            "The shapes themselves lie there: that would be no shortcut.",
            "In which quarter did the maps lie, that no shape prefers?",
        )
    raise Wrong(
        "Not there.",
        "In which quarter do the maps of 5.3 lie? Look at ten pictures of the day shift there.",
    )


def _area(box: Numbers) -> float:
    return max(box[2] - box[0], 0) * max(box[3] - box[1], 0)


def _common(a: Numbers, b: Numbers) -> float:
    high = max(min(a[2], b[2]) - max(a[0], b[0]), 0)
    return high * max(min(a[3], b[3]) - max(a[1], b[1]), 0)


def _overlap(a: Numbers, b: Numbers) -> float:
    """Intersection over union of two boxes."""
    both = _common(a, b)
    either = _area(a) + _area(b) - both
    return both / either if either > 0 else 0.0
