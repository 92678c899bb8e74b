"""What a DatasetExplorer tells its browser half of a study: rows, pictures, and how far it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import traitlets as t

from xai_widgets.engine.worker import Worker
from xai_widgets.errors import ExplanationError, a_kind
from xai_widgets.methods import METHODS
from xai_widgets.study import Study
from xai_widgets.widgets.base.channel import message
from xai_widgets.widgets.base.jobs import Jobs, Work, in_one_step
from xai_widgets.widgets.base.options import Appearance
from xai_widgets.widgets.base.widget import EngineWidget
from xai_widgets.widgets.dataset import columns, filters, pictures, stills
from xai_widgets.widgets.dataset.following import Follower, progress_of


class Conversation(Appearance, EngineWidget):
    """A study that is shown: what the browser is told of it, and when."""

    _way_on = "Go on computes what is missing; what is done is kept."
    _way_out = "Go on tries again; what is done is kept."
    _same_in_a_cell = "study.run(wait=True)"

    head = t.Dict(help="The study: names, method, columns.").tag(sync=True)

    def __init__(self, study: Study, **options: Any) -> None:
        if not isinstance(study, Study):
            raise ExplanationError(
                f"study is {a_kind(study)}; expected an xw.Study: "
                'xw.Study(engine, data, folder="photos.study"), or xw.Study.open(folder)'
            )
        self._study: Study | None = study
        self._listening = False
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
        way = self._way_on
        if study.engine is None:
            way = "To go on: xw.Study.open(folder, engine, data)."
        self._say("stopped", f"{self._done_of_all} pictures explained.", way)

    @property
    def _done_of_all(self) -> str:
        return stills.done_of_all(self.study)

    # Rows to the browser.

    @message("ready")
    def _ready(self) -> None:
        super()._ready()
        self._listening = True
        study = self.study
        # What pictures are chosen and sorted by comes first.
        self._sent = study.rows.finished
        for piece in columns.answer_columns(study, sorted(self._sent)):
            self._tell(piece)
        self._tell(columns.verdict_column(study))

    @message("rest")
    def _rest_of_columns(self) -> None:
        """The browser has its first pictures, and wants names, metadata and properties."""
        study, blocks = self.study, sorted(self._sent)
        self._do("viewers", lambda: columns.in_steps(study, blocks), self._tell)

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
        note = f"{self._done_of_all} explained · {study.store.folder.name}"
        self.network = {"name": str(study.store.manifest.get("name", "")), "note": note}

    @message("pictures")
    def _pictures(self, rows: Sequence[int]) -> None:
        """A page of pictures is near what is seen."""
        study, signed = self.study, bool(self.head["signed"])
        wanted = [int(r) for r in rows][: pictures.PAGE]
        wanted = [r for r in wanted if 0 <= r < study.store.count]
        if wanted:
            kept = self._pages
            self._do("pictures", lambda: kept.pages(wanted, signed=signed), self._tell)

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

    def _release(self) -> None:
        super()._release()
        if hasattr(self, "_follower"):
            self._follower.close()
        for jobs in getattr(self, "_beside", {}).values():
            jobs.close()
        self.__dict__.pop("_pages", None)
        self._study = None

    def _guarded(self, act: Callable[[], None]) -> None:
        if not self._closed:
            super()._guarded(act)
