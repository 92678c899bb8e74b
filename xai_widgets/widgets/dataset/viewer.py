"""DatasetExplorer: a whole data set in a notebook's cell, down to the one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import traitlets as t

from xai_widgets.errors import brief, nearest
from xai_widgets.render.card import Card
from xai_widgets.shares import percent
from xai_widgets.study import Study
from xai_widgets.study.comparison import Comparison
from xai_widgets.widgets.base.channel import message
from xai_widgets.widgets.base.options import AppearanceOptions, WidgetOptions
from xai_widgets.widgets.base.traits import Choice, TraitProblem, as_trait_problem
from xai_widgets.widgets.dataset import columns, filters, stills
from xai_widgets.widgets.dataset.opened import Opened

if TYPE_CHECKING:
    from typing_extensions import Unpack

VERDICTS = ("label wrong", "hard", "shortcut", "fine")
SORTS = ("row", "loss", "probability", "label", "prediction", "brightness", "contrast",
         "saturation", "sharpness", "aspect")  # fmt: skip


class DatasetOptions(AppearanceOptions, WidgetOptions, total=False):
    """Keywords of DatasetExplorer."""

    view: Literal["pictures", "confusion", "groups", "similarity"]
    sort: str
    maps: bool
    verdict_words: Sequence[str]
    filter: Mapping[str, Any]
    slice: Any
    row: int | None


class DatasetExplorer(Opened):
    """A whole data set: what to ask on the left, the pictures with their maps, and the one that is
    chosen on the right.

        explorer = xw.DatasetExplorer(study)
        explorer.selected                      # row numbers
        explorer.filter = {"correct": False, "probability": [0.5, 1]}
        explorer.slice = study.slices()[0]

    `study` is an `xw.Study`, also one that is still running: its blocks are shown as they are done;
    or what `xw.Study.compare` gives: then the second network's study is shown, with what is newly
    wrong, newly right and otherwise answered, and gradients are compared between both networks.
    `filter` keeps rows by column: a value, several, or a range [low, high]; "search" words; "rows".
    `slice` is a slice or suspicion, or its title. `sort` is a column, "-loss" for the highest
    first; `view` is "pictures", "confusion", "groups" (of maps) or "similarity"; `maps` whether
    maps lie over the pictures; `verdict_words` are those of the keys 1 to 9. Appearance is that of
    HeatmapViewer.

    All of these are traits. `rows` are those that filter and slice keep, in their order; `selected`
    those that a person has chosen, or else kept. Verdicts are in the study's folder at once.

    Raises ExplanationError for what is no study, and TypeError for an unknown keyword.
    """

    _static = "dataset"
    _usage = "(study)"

    filter = t.Dict(help="What rows must have, by column.").tag(sync=True, keyword=True)
    sort = t.Unicode("-loss", help='The column that orders the rows, "-loss": highest first.').tag(
        sync=True, keyword=True
    )
    view = Choice(
        ("pictures", "confusion", "groups", "similarity"),
        "pictures",
        help="What the middle shows.",
    ).tag(sync=True, keyword=True)
    maps = t.Bool(True, help="Whether maps lie over the pictures.").tag(sync=True, keyword=True)
    verdict_words: t.List[str] = t.List(
        t.Unicode(), list(VERDICTS), maxlen=9, help="The verdicts of the keys 1 to 9."
    ).tag(sync=True, keyword=True)
    chosen: t.List[int] = t.List(help="The rows that a person has chosen.").tag(sync=True)
    row = t.Int(None, allow_none=True, help="The row that is looked at.").tag(
        sync=True, keyword=True
    )

    def __init__(self, study: Study | Comparison, **options: Unpack[DatasetOptions]) -> None:
        super().__init__(study, **options)

    # Filter and choice.

    @t.validate("filter")
    def _check_filter(self, proposal: Any) -> dict[str, Any]:
        with as_trait_problem():
            return filters.checked(self.study, proposal["value"])

    @t.validate("sort")
    def _check_sort(self, proposal: Any) -> str:
        given = str(proposal["value"])
        name = given.removeprefix("-")
        numbers = [
            column for column in self.study.rows.metadata
            if self.study.rows[column].dtype.kind in "fiu"
        ]  # fmt: skip
        if name not in (*SORTS, *numbers):
            raise TraitProblem(
                f"sort is {brief(given)}; expected one of {', '.join((*SORTS, *numbers))}, with "
                f'"-" before it for the highest first.{nearest(name, (*SORTS, *numbers))}'
            )
        return given

    @t.validate("chosen")
    def _check_chosen(self, proposal: Any) -> list[int]:
        with as_trait_problem():
            return filters.rows_of(self.study, proposal["value"])

    @t.validate("row")
    def _check_row(self, proposal: Any) -> int | None:
        given: int | None = proposal["value"]
        with as_trait_problem():
            return None if given is None else filters.rows_of(self.study, [given])[0]

    @property
    def rows(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The rows that filter and slice keep, in the order of `sort`."""
        study = self.study
        kept = filters.mask_of(study, self.filter)
        for own in self._sets():
            if own["id"] == self.slice:
                bits = np.frombuffer(own["data"], np.uint8)
                kept &= np.unpackbits(bits, count=study.store.count).astype(bool)
                break
        rows = np.flatnonzero(kept)
        name = self.sort.removeprefix("-")
        if name == "row":
            return rows[::-1] if self.sort.startswith("-") else rows
        listed = filters.in_order(
            study.rows[name], rows.tolist(), descending=self.sort.startswith("-")
        )
        return np.array(listed, np.int64)

    @property
    def selected(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The rows that a person has chosen; where none is, those that filter and slice keep, or
        none where there is neither.
        """
        if self.chosen:
            return np.array(self.chosen, np.int64)
        return self.rows if self.filter or self.slice else np.zeros(0, np.int64)

    @selected.setter
    def selected(self, rows: Any) -> None:
        self.chosen = filters.rows_of(self.study, rows)

    # Verdicts.

    @message("decide")
    def _decide(self, rows: Sequence[int], verdict: str) -> None:
        self.study.decide([int(row) for row in rows], str(verdict))
        self._tell_verdicts()

    @message("undo")
    def undo(self) -> None:
        """Take the last verdict back."""
        self.study.undo()
        self._tell_verdicts()

    def _tell_verdicts(self) -> None:
        self._follower.verdicts_changed()
        self._tell(columns.verdict_column(self.study))

    # What is left without a kernel.

    def _in_words(self) -> str:
        study = self.study
        words = f"{self._done_of_all} pictures"
        accuracy = stills.accuracy_of(study)
        if accuracy is not None:
            words += f", {percent(accuracy, 1)} right"
        return f"{words}, {self.head['title']}, {self.head['name']}"

    def _card(self, scale: float) -> Card:
        """The first pictures that filter and slice keep, in their order."""
        return stills.contact_sheet(self.study, self.rows, self._appearance(), maps=self.maps,
                                    scale=scale)  # fmt: skip

    def _saved_frames(self) -> Sequence[Mapping[str, Any]]:
        """The messages that a browser would be sent, and as many pictures as a page may have."""
        return stills.saved_messages(
            self.study,
            dict(self._known),
            list(self._named),
            self.rows,
            signed=bool(self.head["signed"]),
        )
