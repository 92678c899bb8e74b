"""The part of a LatentExplorer that moves: sliders, neighbours, the picture where they stand."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import traitlets as t
from torch import Tensor

from xai_widgets.errors import ExplanationError
from xai_widgets.probe.cores import one_core_left
from xai_widgets.relabel.editing import Axis, Edited
from xai_widgets.widgets.base import state_lock
from xai_widgets.widgets.base.channel import message
from xai_widgets.widgets.base.jobs import in_one_step
from xai_widgets.widgets.base.picture import PictureWidget
from xai_widgets.widgets.latent import wire
from xai_widgets.widgets.latent.work import Reconstructed, edited_to_json, neighbour_pictures

_MOST_AT_ONCE = 16  # neighbours' pictures in one message


class LatentSliders(PictureWidget):
    """A widget whose sliders go through latent space.

    Moves come before whatever else the worker does, and only the latest of them counts.
    """

    sliders = t.Dict(help="The sliders: what they are called, how far they go.").tag(sync=True)
    edited = t.Dict(help="What is seen where the sliders are, as the browser receives it.").tag(
        sync=True
    )

    edited_picture = t.Any(
        None, allow_none=True, read_only=True, help="The picture where the sliders are, (H, W, 3)."
    )
    edited_probabilities = t.Any(
        None, allow_none=True, read_only=True, help="Class probabilities where the sliders are."
    )
    explanation = t.Any(
        None, allow_none=True, read_only=True, help="The relabel.RelabelExplanation that is shown."
    )

    _rest: Reconstructed | None = None  # where the sliders begin
    _axes: Sequence[Axis] = ()
    _run = 0  # the distillation that is shown
    _start: tuple[int, int, Tensor] | None = None  # run, number, latent of the neighbour taken
    _answers = 0  # moves that were answered
    _touched = False  # whether a slider was moved since the distillation began

    def move(
        self, values: Sequence[float] = (), neighbour: int = -1, *, place: int | None = None
    ) -> None:
        """Move the sliders to these values, in their order, 0 where none is given; from the picture
        itself, or from a neighbour, by its number in `explanation`.

        `place` is the old name of `neighbour`. Raises ExplanationError before there are sliders,
        for too many values, and for a neighbour that does not exist.
        """
        self._refuse_closed()
        if place is not None:
            warnings.warn(
                "LatentExplorer.move(place=...) is now called neighbour",
                DeprecationWarning,
                stacklevel=2,
            )
            neighbour = place
        with state_lock.held():
            self._move(list(values), neighbour, self._run)

    @message("edit")
    def _edit(
        self, values: Sequence[float] = (), neighbour: int = -1, run: int = 0, full: int = 0
    ) -> None:
        if len(values) <= len(self._axes) and self._rest is not None:
            self._move(values or [], int(neighbour), int(run or self._run), int(full))

    def _move(self, values: Sequence[float], neighbour: int, run: int, full: int = 0) -> None:
        rest, axes, explanation = self._rest, self._axes, self.explanation
        if rest is None:
            raise ExplanationError("The picture is not decoded yet; wait() until it is.")
        if len(values) > len(axes):
            raise ExplanationError(
                f"values has {len(values)} numbers, but there are {len(axes)} sliders."
            )
        taken = self._start if self._start and self._start[:2] == (run, neighbour) else None
        count = 0 if explanation is None or run != self._run else len(explanation.scores)
        if not -1 <= neighbour < count and taken is None:
            raise ExplanationError(
                f"neighbour is {neighbour}; expected -1 for the picture, or less than {count}."
            )
        given = [float(value) for value in values]
        if not all(np.isfinite(given)):
            raise ExplanationError(f"values is {given}; expected finite numbers.")
        padded = given + [0.0] * (len(axes) - len(given))
        self._touched = True
        if neighbour >= 0 and taken is None:
            self._start = taken = run, neighbour, explanation.latents([neighbour])
        start = taken[2] if taken is not None and neighbour >= 0 else None

        def edit() -> tuple[Edited, dict[str, Any]]:
            with one_core_left():
                edited = rest.editor.at(axes, padded, start, explanation)
            shown = edited_to_json(rest, edited, padded, neighbour, full)
            return edited, {**shown, "run": run}

        self.aside(in_one_step(edit), partial(self._show_edited, axes))

    def _show_edited(self, axes: Sequence[Axis], step: tuple[Edited, dict[str, Any]]) -> None:
        if self._axes is not axes:  # the answer to a move of other sliders means nothing now
            return
        edited, shown = step
        self._answers += 1
        # Asked twice for the same, the browser gets two answers: equal traits are not sent again.
        self.edited = {**shown, "answer": self._answers}
        self.set_trait("edited_picture", edited.pictures[0])
        self.set_trait("edited_probabilities", edited.probabilities[0])

    def _set_axes(self, axes: Sequence[Axis]) -> None:
        """New sliders, all at 0."""
        self._axes = axes
        self.edited = {}
        self.set_trait("edited_picture", None)
        self.set_trait("edited_probabilities", None)

    @message("neighbours")
    def _send_neighbours(self, run: int = 0, neighbours: Sequence[int] = ()) -> None:
        explanation = self.explanation
        if explanation is None or run != self.frame.get("seq"):
            return
        count = len(explanation.scores)
        chosen = [int(number) for number in neighbours if 0 <= int(number) < count]
        self.aside(
            in_one_step(lambda: neighbour_pictures(explanation, chosen[:_MOST_AT_ONCE])),
            partial(self._send_pictures, run),
            once=True,
        )

    def _send_pictures(self, run: int, pictures: list[wire.NeighbourPicture]) -> None:
        self.tell("neighbours", run=run, pictures=pictures)

    def _forget(self) -> None:
        super()._forget()
        self._rest = self._start = None
        self._run, self.sliders = 0, {}
        self.set_trait("explanation", None)
        self._set_axes(())
