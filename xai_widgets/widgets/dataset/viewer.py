"""DatasetExplorer: a whole data set in a notebook's cell, down to the one picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import traitlets as t

from xai_widgets.engine.worker import Worker
from xai_widgets.errors import ExplanationError, a_kind, brief, nearest
from xai_widgets.methods import METHODS
from xai_widgets.render.card import Card
from xai_widgets.study import Slice, Study, Suspicion
from xai_widgets.widgets.base.channel import message
from xai_widgets.widgets.base.jobs import Jobs, Work, in_one_step
from xai_widgets.widgets.base.options import Appearance, AppearanceOptions, WidgetOptions
from xai_widgets.widgets.base.traits import Choice, TraitProblem, as_trait_problem
from xai_widgets.widgets.base.widget import EngineWidget
from xai_widgets.widgets.dataset import columns, filters, findings, opening, pictures, stills
from xai_widgets.widgets.dataset.following import Follower, progress_of
from xai_widgets.widgets.dataset.wire import SetsMessage

if TYPE_CHECKING:
    from typing_extensions import Unpack

VERDICTS = ("label wrong", "hard", "shortcut", "fine")
SORTS = ("row", "loss", "probability", "label", "prediction", "brightness", "contrast",
         "saturation", "sharpness", "aspect")  # fmt: skip
READINGS = ("slices", "label", "copies", "shortcut", "tsne", "pca", "order")


class DatasetOptions(AppearanceOptions, WidgetOptions, total=False):
    """Keywords of DatasetExplorer."""

    view: Literal["pictures", "confusion", "similarity"]
    sort: str
    maps: bool
    verdict_words: Sequence[str]
    filter: Mapping[str, Any]
    slice: Any
    row: int | None


class DatasetExplorer(Appearance, EngineWidget):
    """A whole data set: what to ask on the left, the pictures with their maps, and the one that is
    chosen on the right.

        explorer = xw.DatasetExplorer(study)
        explorer.selected                      # row numbers
        explorer.filter = {"correct": False, "probability": [0.5, 1]}
        explorer.slice = study.slices()[0]

    `study` is an `xw.Study`, also one that is still running: its blocks are shown as they are done.
    `filter` keeps rows by column: a value, several, or a range [low, high]; "search" words; "rows".
    `slice` is a slice or suspicion, or its title. `sort` is a column, "-loss" for the highest
    first; `view` is "pictures", "confusion" or "similarity"; `maps` whether maps lie over the
    pictures; `verdict_words` are those of the keys 1 to 9. Appearance is that of HeatmapViewer.

    All of these are traits. `rows` are those that filter and slice keep, in their order; `selected`
    those that a person has chosen, or else kept. Verdicts are in the study's folder at once.

    Raises ExplanationError for what is no study, and TypeError for an unknown keyword.
    """

    _static = "dataset"
    _usage = "(study)"
    _way_on = "Go on computes what is missing; what is done is kept."
    _way_out = "Go on tries again; what is done is kept."
    _same_in_a_cell = "study.run(wait=True)"

    head = t.Dict(help="The study: names, method, columns.").tag(sync=True)
    filter = t.Dict(help="What rows must have, by column.").tag(sync=True, keyword=True)
    slice = t.Any("", help="The slice or suspicion that is shown, or its title.").tag(
        sync=True, keyword=True
    )
    sort = t.Unicode("-loss", help='The column that orders the rows, "-loss": highest first.').tag(
        sync=True, keyword=True
    )
    view = Choice(
        ("pictures", "confusion", "similarity"), "pictures", help="What the middle shows."
    ).tag(sync=True, keyword=True)
    maps = t.Bool(True, help="Whether maps lie over the pictures.").tag(sync=True, keyword=True)
    verdict_words: t.List[str] = t.List(
        t.Unicode(), list(VERDICTS), maxlen=9, help="The verdicts of the keys 1 to 9."
    ).tag(sync=True, keyword=True)
    chosen: t.List[int] = t.List(help="The rows that a person has chosen.").tag(sync=True)
    row = t.Int(None, allow_none=True, help="The row that is looked at.").tag(
        sync=True, keyword=True
    )

    def __init__(self, study: Study, **options: Unpack[DatasetOptions]) -> None:
        if not isinstance(study, Study):
            raise ExplanationError(
                f"study is {a_kind(study)}; expected an xw.Study: "
                'xw.Study(engine, data, folder="photos.study"), or xw.Study.open(folder)'
            )
        self._study: Study | None = study
        self._known: dict[str, findings.Found] = {}  # what was found, by reading
        self._named: list[Any] = []
        self._listening = False
        self._viewer: EngineWidget | None = None
        self._starting = False
        self._pages = pictures.Pictures(study)
        study.refresh()
        self._sent = study.rows.finished
        super().__init__(study.engine, **options)
        self._beside = {
            name: Jobs(Worker(name), self._guarded) for name in ("pictures", "readings", "viewers")
        }
        manifest = study.store.manifest
        method = METHODS.get(str(manifest["method"]))
        self.head = {
            "name": str(manifest.get("name", "")),
            "count": study.store.count,
            "classes": study.class_names,
            "method": str(manifest["method"]),
            "title": method.title if method else str(manifest["method"]),
            "signed": bool(method and method.signed),
            "folder": study.store.folder.name,
            "metadata": study.rows.metadata,
            "able": study.engine is not None,
        }
        self._tell_network()
        self._rest()
        self._follower = Follower(study, self._news)

    # What an engine's widget is, of a study that may have no engine.

    def _check_engine(self, engine: Any, *others: Any) -> None:
        """There need not be one."""

    def _worker(self) -> Worker:
        return Worker("dataset")

    @property
    def study(self) -> Study:
        """The study that is shown."""
        self._refuse_closed()
        assert self._study is not None
        return self._study

    def _work(self) -> tuple[str, Work[Any]]:
        study, starting = self.study, self._starting
        self._starting = False
        return "Explaining", lambda: progress_of(study, starting=starting)

    def _show(self, result: Any) -> None:
        self._news()

    def _finished(self) -> None:
        self._news()
        self._rest()

    def _await_first(self) -> None:
        """There is nothing to wait for: what is done is shown."""

    @message("resume")
    def resume(self) -> None:
        """Run the study: compute what is missing."""
        self._refuse_closed()
        self.study._need_engine("going on")
        self._starting = True
        self._ask()

    @message("stop")
    def stop(self) -> None:
        """Stop the study's run; what is finished is kept."""
        run = None if self._study is None else self._study.last_run
        if run is not None and self.status.get("state") == "running":
            run.stop(0)
        super().stop()

    def wait(self, seconds: float = 600.0) -> None:
        """Wait until the study's run is over."""
        super().wait(seconds)
        self._news()

    def _rest(self) -> None:
        """Say what is missing, where something is."""
        study = self.study
        if len(study.rows.finished) == study.store.blocks:
            if self.status.get("state") != "error":
                self._say("idle")
            return
        run = study.last_run
        if run is not None and run.state == "running":
            self._ask()
            return
        if self.status.get("state") == "error":
            return
        done, count = int(study.rows["done"].sum()), study.store.count
        way = self._way_on
        if study.engine is None:
            way = "To go on: xw.Study.open(folder, engine, data)."
        self._say("stopped", f"{done:,} of {count:,} pictures explained.", way)

    # Rows to the browser.

    @message("ready")
    def _ready(self) -> None:
        super()._ready()
        self._listening = True
        study = self.study
        # What pictures are chosen and sorted by comes first.
        self._sent = study.rows.finished
        for piece in columns.computed_columns(study, sorted(self._sent)):
            self._tell(piece)
        self._tell(columns.verdict_column(study))
        self._do("viewers", lambda: columns.in_steps(study), self._tell)
        for found in self._known.values():
            self._tell(found)
        if self._named:
            self._tell(self._named_sets())

    def _news(self) -> None:
        """Blocks that were finished, and verdicts that were given, since."""
        if self._study is None:
            return
        study = self._study
        study.refresh()
        fresh = study.rows.finished - self._sent
        if fresh:
            self._sent = study.rows.finished
            for piece in columns.computed_columns(study, sorted(fresh)):
                self._tell(piece)
            self._tell_network()
        run = study.last_run
        running = run is not None and run.state == "running"
        if running and self.status.get("state") != "running":
            self._ask()
        elif fresh and self.status.get("state") == "stopped":
            self._rest()
        if self._follower.verdicts_changed():
            self._tell(columns.verdict_column(study))

    def _tell(self, content: Mapping[str, Any]) -> None:
        if self._listening:
            self.tell(**content)

    def _tell_network(self) -> None:
        study = self.study
        done = int(study.rows["done"].sum())
        note = f"{done:,} of {study.store.count:,} explained · {study.store.folder.name}"
        self.network = {"name": str(study.store.manifest.get("name", "")), "note": note}

    @message("pictures")
    def _pictures(self, rows: Sequence[int]) -> None:
        """A page of pictures is near what is seen."""
        study, signed = self.study, bool(self.head["signed"])
        wanted = [int(r) for r in rows][: pictures.PAGE]
        wanted = [r for r in wanted if 0 <= r < study.store.count]
        if wanted:
            kept = self._pages
            work = in_one_step(lambda: kept.page(wanted, signed=signed))
            self._do("pictures", work, self._tell)

    @message("detail")
    def _detail(self, row: int) -> None:
        """A row is looked at."""
        study = self.study
        (row,) = filters.rows_of(study, [row])
        self._do("viewers", in_one_step(lambda: pictures.detail(study, row)), self._tell)

    @message("map")
    def _map(self, row: int) -> None:
        """The map of a row for its label is wanted."""
        study, signed = self.study, bool(self.head["signed"])
        (row,) = filters.rows_of(study, [row])
        failed = partial(self._no_map, row)
        work = in_one_step(lambda: pictures.label_map(study, row, signed=signed))
        self._do("viewers", work, self._tell, failed)

    def _no_map(self, row: int, problem: BaseException) -> None:
        self._tell({"kind": "map", "row": row, "words": str(problem)})

    def _do(
        self,
        worker: str,
        work: Work[Any],
        show: Callable[[Any], None],
        failed: Callable[[BaseException], None] | None = None,
    ) -> None:
        """Do work beside the run, each piece in its turn."""
        self._beside[worker].beside(work, show, failed or self._failed, True, False)

    # What is read off the study.

    @message("read")
    def _read(self, reading: str) -> None:
        """The browser wants slices, suspicions or similarity."""
        study = self.study
        if reading in READINGS:
            failed = partial(self._not_read, reading)
            self._do("readings", lambda: findings.read(study, reading), self._found, failed)

    def _found(self, found: findings.Found) -> None:
        if found["kind"] != "reading":
            key = str(found.get("reading") or found.get("method") or found["kind"])
            self._known[key] = found
        self._tell(found)
        if self._named and found["kind"] == "sets":
            self._tell(self._named_sets())

    def _not_read(self, reading: str, problem: BaseException) -> None:
        words = f"{type(problem).__name__}: {problem}"
        self._tell({"kind": "reading", "reading": reading, "busy": False, "words": words})

    def _named_sets(self) -> SetsMessage:
        return findings.named_sets(self._named, self._known.values())

    @message("views")
    def _views(self) -> None:
        """The browser wants the part that shows confusion, similarity and other viewers."""
        self._tell(stills.views_part())

    @t.validate("slice")
    def _check_slice(self, proposal: Any) -> str:
        """The id of the slice that is meant, "" for none."""
        given = proposal["value"]
        if given is None or (isinstance(given, str) and not given):
            return ""
        if isinstance(given, (Slice, Suspicion)):
            study = self.study
            made: Any = (
                findings.slice_set(study, given)
                if isinstance(given, Slice)
                else findings.suspicion_set(study, given)
            )
            if made["id"] not in self._set_ids():
                self._named.append(made)
                self._tell(self._named_sets())
            return str(made["id"])
        ids = self._set_ids()
        for own in ids:
            if given == own or (isinstance(given, str) and own.partition(": ")[2] == given):
                return own
        titles = [own.partition(": ")[2] for own in ids]
        raise TraitProblem(
            f"slice is {brief(given)}; expected one of study.slices() or study.suspicions(), or "
            f"the title of one that is shown.{nearest(str(given), titles)}"
        )

    def _sets(self) -> Iterator[Mapping[str, Any]]:
        yield from self._named
        for found in self._known.values():
            if found["kind"] == "sets":
                yield from found["sets"]

    def _set_ids(self) -> list[str]:
        return [str(own["id"]) for own in self._sets()]

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

    # Experiments, and viewers of one row.

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
        study, looks = self.study, self._looks()
        (row,) = filters.rows_of(study, [row])
        work = in_one_step(lambda: opening.viewer_of(study, row, viewer, looks))
        failed = partial(self._not_opened, row, viewer)
        self._do("viewers", work, partial(self._opened, row, viewer), failed)

    def _looks(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in Appearance.class_trait_names(keyword=True)}

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

    # What is left without a kernel.

    def _in_words(self) -> str:
        study = self.study
        done = int(study.rows["done"].sum())
        words = f"{done:,} of {study.store.count:,} pictures"
        accuracy = stills.accuracy_of(study)
        if accuracy is not None:
            words += f", {accuracy:.1%} right"
        return f"{words}, {self.head['title']}, {self.head['name']}"

    def _card(self, scale: float) -> Card:
        """The first pictures that filter and slice keep, in their order."""
        return stills.contact_sheet(self.study, self.rows, self._looks(), maps=self.maps,
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

    def _release(self) -> None:
        super()._release()
        if hasattr(self, "_follower"):
            self._follower.close()
        for jobs in getattr(self, "_beside", {}).values():
            jobs.close()
        self._shut()
        self._known, self._named = {}, []
        self.__dict__.pop("_pages", None)
        self._study = None

    def _guarded(self, act: Callable[[], None]) -> None:
        if not self._closed:
            super()._guarded(act)
