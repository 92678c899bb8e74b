"""What a DatasetExplorer does with rows: experiments, and a viewer of one of them in place."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from xai_widgets.study import Study
from xai_widgets.study.comparison import Comparison
from xai_widgets.widgets.base.channel import message
from xai_widgets.widgets.base.jobs import in_one_step
from xai_widgets.widgets.base.widget import EngineWidget
from xai_widgets.widgets.dataset import filters, opening
from xai_widgets.widgets.dataset.readings import Readings


class Opened(Readings):
    """A study that is shown, and the viewer that is open in it."""

    def __init__(self, study: Study | Comparison, **options: Any) -> None:
        self._viewer: EngineWidget | None = None
        super().__init__(study, **options)

    @message("cover")
    def _cover(self, rows: Sequence[int], box: Sequence[float]) -> None:
        """Cover a place, as shares of the picture, in these rows."""
        study = self.study
        self._tell({"kind": "experiment", "words": "", "busy": True})
        work = in_one_step(lambda: opening.covered(study, rows, box))
        self._do("readings", work, self._tell, self._not_covered)

    def _not_covered(self, problem: BaseException) -> None:
        self._tell({"kind": "experiment", "words": str(problem), "busy": False})

    @message("open")
    def _open(self, row: int, viewer: str) -> None:
        """Open a viewer of one row, in the place of the pictures."""
        study, looks = self.study, self._appearance()
        (row,) = filters.rows_of(study, [row])
        before = self._before
        work = in_one_step(lambda: opening.viewer_of(study, row, viewer, looks, before))
        failed = partial(self._not_opened, row, viewer)
        self._do("viewers", work, partial(self._opened, row, viewer), failed)

    def _opened(self, row: int, viewer: str, widget: EngineWidget) -> None:
        self._shut()
        self._viewer = widget
        told = {"row": row, "viewer": viewer, "model": widget.model_id, "words": ""}
        self._tell({"kind": "opened", **told})

    def _not_opened(self, row: int, viewer: str, problem: BaseException) -> None:
        told = {"row": row, "viewer": viewer, "model": "", "words": str(problem)}
        self._tell({"kind": "opened", **told})

    @message("shut")
    def _shut(self) -> None:
        """The viewer of one row is not looked at any more."""
        widget, self._viewer = self._viewer, None
        if widget is not None:
            widget.close()

    def _release(self) -> None:
        super()._release()
        self._shut()
