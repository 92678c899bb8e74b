"""The part of a LatentExplorer that moves: sliders, neighbours, the picture where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

from xai_widgets.errors import ExplanationError
from xai_widgets.probe.cores import one_core_left
from xai_widgets.widgets.base import turns
from xai_widgets.widgets.base.widget import EngineWidget
from xai_widgets.widgets.latent.work import edited_to_json, neighbour_pictures

if TYPE_CHECKING:
    from torch import Tensor

    from xai_widgets.relabel.editing import Axis, Edited, Editor
    from xai_widgets.targets import Target

_MOST_AT_ONCE = 16  # neighbours' pictures in one message


class Moving(EngineWidget):
    """A widget whose sliders go through latent space.

    Protocol. From the browser: `{kind: "edit", values, place, run, full}` moves the sliders, from
    the picture (place −1) or from a neighbour of the distillation `run` on, and asks for an answer
    of so many bytes at least; `{kind: "neighbours", run, places}` asks for pictures. To the
    browser: the trait `edited`, and the message `neighbours` with a buffer for each picture. Moving
    comes before whatever else the worker does, and only the latest move counts.
    """

    sliders = t.Dict().tag(sync=True)
    edited = t.Dict().tag(sync=True)

    edited_picture = t.Any(None, allow_none=True, read_only=True)
    edited_probabilities = t.Any(None, allow_none=True, read_only=True)
    explanation = t.Any(None, allow_none=True, read_only=True)

    _editor: Editor | None = None
    _target: Target | None = None
    _axes: Sequence[Axis] = ()
    _likely: Sequence[int] = ()
    _run = 0  # the distillation that is shown
    _start: tuple[int, int, Tensor] | None = None  # run, place and latent of the neighbour taken
    _answers = 0  # moves that were answered
    _touched = False  # whether a slider was moved since the distillation began

    def move(self, values: Sequence[float] = (), place: int = -1) -> None:
        """Move the sliders to these values, in their order, 0 where none is given; from the picture
        itself, or from the neighbour at `place` of `explanation`.

        Raises ExplanationError before there are sliders, for too many values, and for a place that
        is none.
        """
        self._refuse_closed()
        with turns.taken():
            self._move(list(values), place, self._run)

    def _move(self, values: Sequence[float], place: int, run: int, full: int = 0) -> None:
        editor, axes, explanation = self._editor, self._axes, self.explanation
        if editor is None:
            raise ExplanationError("The picture is not decoded yet; wait() until it is.")
        if len(values) > len(axes):
            raise ExplanationError(
                f"values has {len(values)} numbers, but there are {len(axes)} sliders."
            )
        known = self._start if self._start is not None and self._start[:2] == (run, place) else None
        count = 0 if explanation is None or run != self._run else len(explanation.scores)
        if not -1 <= place < count and known is None:
            raise ExplanationError(
                f"place is {place}; expected -1 for the picture, or less than {count}."
            )
        given = [float(value) for value in values]
        if not all(np.isfinite(given)):
            raise ExplanationError(f"values is {given}; expected finite numbers.")
        padded = given + [0.0] * (len(axes) - len(given))
        engine, likely = self.engine, self._likely
        self._touched = True
        if place >= 0 and known is None:
            self._start = known = run, place, explanation.latents([place])
        start = known[2] if known is not None and place >= 0 else None

        def work() -> Iterator[tuple[Edited, dict[str, Any]]]:
            with one_core_left():
                edited = editor.at(axes, padded, start, explanation)
            shown = edited_to_json(engine, edited, likely, padded, place, full)
            yield edited, {**shown, "run": run}

        def show(widget: Moving, step: tuple[Edited, dict[str, Any]]) -> None:
            # Asked of other sliders, it means nothing now, and their coming was the answer.
            if not widget._closed and widget._axes is axes:
                widget._guarded(lambda: widget._moved(*step))

        self._requests.submit_aside(engine.worker, work, show, Moving._failed)

    def _moved(self, edited: Edited, shown: dict[str, Any]) -> None:
        self._answers += 1
        # Asked twice for the same, the browser gets two answers: equal traits are not sent again.
        self.edited = {**shown, "answer": self._answers}
        self.set_trait("edited_picture", edited.pictures[0])
        self.set_trait("edited_probabilities", edited.probabilities[0])

    def _take_axes(self, axes: Sequence[Axis]) -> None:
        self._axes = axes
        self._at_rest()

    def _at_rest(self) -> None:
        """All sliders at 0."""
        self.edited = {}
        self.set_trait("edited_picture", None)
        self.set_trait("edited_probabilities", None)

    def _asked_to_move(self, content: Mapping[str, Any]) -> None:
        values, place = content.get("values") or [], int(content.get("place", -1))
        run = int(content.get("run") or self._run)
        if len(values) <= len(self._axes) and self._editor is not None:
            self._move(values, place, run, int(content.get("full", 0)))

    def _asked_for_neighbours(self, content: Mapping[str, Any]) -> None:
        explanation, run = self.explanation, content.get("run")
        if explanation is None or run != self.frame.get("seq"):
            return
        count = len(explanation.scores)
        places = [int(place) for place in content.get("places", []) if 0 <= int(place) < count]

        def work() -> Iterator[list[dict[str, Any]]]:
            yield neighbour_pictures(explanation, places[:_MOST_AT_ONCE])

        def send(widget: Moving, made: list[dict[str, Any]]) -> None:
            if not widget._closed:
                widget._guarded(lambda: widget._send_neighbours(run, made))

        self._requests.submit_aside(self.engine.worker, work, send, Moving._failed, once=True)

    def _send_neighbours(self, run: Any, made: list[dict[str, Any]]) -> None:
        buffers = [picture.pop("data") for picture in made]
        self.send({"kind": "neighbours", "run": run, "pictures": made}, buffers=buffers)

    def _forget(self) -> None:
        """The picture is another one."""
        self._editor = self._target = self._start = None
        self._axes = self._likely = ()
        self.sliders = {}
        self._at_rest()
