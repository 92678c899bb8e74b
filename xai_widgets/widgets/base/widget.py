"""What every widget of this project is: strict, alive while it computes, and gone when closed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import traitlets as t

from xai_widgets.engine import Engine
from xai_widgets.engine.arguments import check_engine
from xai_widgets.engine.worker import Job, Worker
from xai_widgets.errors import ExplanationError, check_keywords, nearest
from xai_widgets.images import Picture
from xai_widgets.progress import Progress
from xai_widgets.shares import percent
from xai_widgets.widgets.base import notebook_cells as cells
from xai_widgets.widgets.base import state_lock
from xai_widgets.widgets.base.channel import message
from xai_widgets.widgets.base.jobs import Failed, Jobs, Work, in_one_step
from xai_widgets.widgets.base.saving import Saving
from xai_widgets.widgets.base.traits import TraitProblem, as_trait_problem, methods_of
from xai_widgets.widgets.base.wire import State, Status

if TYPE_CHECKING:
    from typing_extensions import Self

T = TypeVar("T")
_log = logging.getLogger(__name__)

_OURS = "xai_widgets."  # a class of somebody else may have whatever attributes it likes
# What is to be set instead of what only shows it.
_SET = {"picture": "image", "prediction": "target", "thumbnails": "image", "cards": "methods"}
# Keywords of ipywidgets that a caller may give to any widget.
_HOST_KEYWORDS = ("layout", "tooltip", "tabbable")
_SECONDS_BETWEEN_STATUSES = 0.08  # hosts take at most a thousand messages a second from all widgets


class EngineWidget(Saving):
    """A live view of what an engine computes. Subclasses say what to compute and how to show it.

    The browser half is `_static`, a folder of `xai_widgets/static`. A trait that a caller may set
    by keyword is tagged `keyword=True`; any other keyword is a TypeError.

    `_ask` requests a computation, as a change of a trait `_asked_by` does: `_work`, which runs on
    the engine's worker; a newer request replaces an older one. Each step's result comes back as
    `_show`; the trait `status` follows from its fraction and words: running, idle, stopped, or
    error in words with the way out. `aside` and `collect` are for work beside that. Messages of the
    browser go to the methods that are marked with `@message`; `ready`, `stop`, `resume` and `ping`
    are answered here. See the README of this folder.
    """

    frame = t.Dict(help="What is shown now, as the browser receives it.").tag(sync=True)
    network = t.Dict(help="The network's name and the size of its input.").tag(sync=True)

    _asked_by: ClassVar[tuple[str, ...]] = ()  # the traits that the work depends on
    _way_on: ClassVar[str] = "Change the method or a parameter to go on."  # after Stop
    _way_out: ClassVar[str] = "Choose another method, class or layer."  # after an error
    _usage: ClassVar[str] = "(engine, image)"  # how it is made
    _same_in_a_cell: ClassVar[str] = "engine.explain(image, method)"
    _why_a_class: ClassVar[str] = "which all methods can explain"  # and not a function
    # A cell waits so long for its first picture, so that the notebook keeps a copy of it.
    _first_seconds: ClassVar[float] = 1.5
    _saving_seconds: ClassVar[float] = 120.0

    def __init__(self, engine: Engine | None, **traits: Any) -> None:
        self._check_engine(engine)
        self._closed = False
        self._engine = engine
        self._jobs = Jobs(self._worker(), self._guarded)
        self._held = 1  # requests wait until `open`
        self._begun = self._due = False
        self._title, self._said_at = "", 0.0  # what is being done, and when that was last said
        self._own_layout = "layout" not in traits
        if self._own_layout:  # beside others in a box each has the same width
            traits["layout"] = {"flex": "1 1 0", "min_width": "0"}
        try:
            check_keywords(type(self).__name__, traits, self._keywords())
            cells.replace_earlier(self)
            for name in self._asked_by:  # before any observer of the user
                self.observe(self._ask, name)
            super().__init__(**traits)
        except BaseException:
            self.close()
            raise

    def __setattr__(self, name: str, value: Any) -> None:
        kind = type(self)
        ours = kind.__module__.startswith(_OURS) and not name.startswith("_")
        if ours and not hasattr(kind, name):
            names = tuple(self.trait_names(keyword=True))
            way_out = nearest(name, names) or (f" It has {', '.join(names)}." if names else "")
            raise AttributeError(f"{kind.__name__} has no {name!r} to be set.{way_out}")
        try:
            super().__setattr__(name, value)
        except t.TraitError as problem:
            if not ours or name not in self.trait_names() or self.trait_metadata(name, "keyword"):
                raise
            way_out = f"; set {_SET[name]!r}" if name in _SET else ""
            raise TraitProblem(
                f"{kind.__name__}.{name} is what is shown, and follows by itself{way_out}."
            ) from problem

    # What a subclass provides.

    def _work(self) -> tuple[str, Work[Any]]:
        """What to compute now: its name for the reader, and the steps, which hold no widget."""
        raise NotImplementedError

    def _show(self, result: Any) -> None:
        """Show the result of a step."""
        raise NotImplementedError

    def _finished(self) -> None:
        """The work is done and shown."""

    def _forget(self) -> None:
        """Drop what was found: the picture is another one, or the widget is closed."""

    def _check_engine(self, engine: Any, *others: Any) -> None:
        """Raise ExplanationError where the engine is none; `others` may have been swapped for it.

        A subclass that uses its engine before this constructor runs calls it first.
        """
        check_engine(engine, f"{type(self).__name__}{self._usage}", *others)

    def _worker(self) -> Worker:
        """Who does the main work."""
        return self.engine.internals.worker

    def _keywords(self) -> Iterable[str]:
        """What the constructor accepts by keyword."""
        return [*self.trait_names(keyword=True), *_HOST_KEYWORDS]

    # The main work.

    @property
    def engine(self) -> Engine:
        """The engine whose network is explained."""
        self._refuse_closed()
        assert self._engine is not None
        return self._engine

    @message("stop")
    def stop(self) -> None:
        """Stop what is being computed; what has been shown so far stays."""
        with state_lock.held():
            if self._closed or self.status.get("state") != "running":
                return
            fraction = self.status.get("fraction")
            self._jobs.cancel()
            at = "" if fraction is None else f" at {percent(fraction)}"
            self._say("stopped", f"Stopped{at}.", self._way_on)

    @message("resume")
    def resume(self) -> None:
        """Go on after a stop, or begin anew after an error."""
        self._refuse_closed()
        self._ask()

    def wait(self, seconds: float = 600.0) -> None:
        """Wait until everything is computed, for instance before the view is saved."""
        self._refuse_closed()
        if not self._begun:
            self.open()
        self._wait_while_running(seconds)

    def _ask(self, _change: Any = None) -> None:
        """Compute anew, once, after the changes that are being made together."""
        self._due = True
        if not self._held:
            self._submit()

    def _submit(self) -> None:
        self._due = False
        if self._closed:
            return
        with state_lock.held():
            self._jobs.begin()
            try:
                self._title, work = self._work()
            except ExplanationError as problem:
                self._failed(problem)
                return
            self._said_at = 0.0
            self._jobs.submit(self._complete(work), self._take_step, self._done, self._failed)
            self._say("running", self._title)  # before any step is shown: the lock is held

    def _complete(self, work: Work[Any]) -> Work[Any]:
        """The work, with what has to come before it."""
        return work

    def _take_step(self, step: Progress[Any]) -> None:
        seq = self._jobs.seq
        if step.result is not None:
            self._show(step.result)
        if self._jobs.seq != seq or self.status.get("state") != "running":
            return
        if step.fraction >= 1:
            self._say("idle")
        elif step.fraction or step.words:
            words, now = step.words or self._title, time.monotonic()
            due = now - self._said_at >= _SECONDS_BETWEEN_STATUSES
            if due or words != self.status.get("message"):
                self._said_at = now
                self._say("running", words, fraction=step.fraction)

    def _fill(self, values: Mapping[str, Any]) -> None:
        """Set those of these traits that this widget has."""
        for name, value in values.items():
            if self.has_trait(name):
                setattr(self, name, value)

    def _done(self, _last: Progress[Any]) -> None:
        if self.status.get("state") == "running":
            self._guarded(lambda: self._say("idle"))
        self._finished()

    def _guarded(self, act: Callable[[], None]) -> None:
        """Act; what that raises, in an observer of the user for one, is shown in the widget.

        Nothing may escape: this can be the worker, or a thread with quite another purpose.
        """
        try:
            with self.hold_sync():
                act()
        except Exception as problem:
            try:
                self._failed(problem)
            except Exception:
                _log.exception("an observer of a widget's status failed")

    def _failed(self, problem: BaseException) -> None:
        if isinstance(problem, ExplanationError):
            better = ", ".join(f"{name}={value}" for name, value in problem.instead.items())
            way_out = f"Use {better}." if better else self._way_out
            self._say("error", str(problem), way_out, problem=problem)
            return
        notes = "".join(f" {note}." for note in getattr(problem, "__notes__", ()))
        self._say(
            "error",
            f"{type(problem).__name__}: {problem}{notes and f'.{notes}'}",
            f"For the whole traceback, run {self._same_in_a_cell} in a cell.",
        )

    def _say(
        self,
        state: State,
        message: str = "",
        hint: str = "",
        fraction: float | None = None,
        problem: ExplanationError | None = None,
    ) -> None:
        seconds = self._jobs.seconds
        left = round(seconds * (1 - fraction) / fraction, 1) if fraction else None
        self.status = {
            **Status(
                seq=self._jobs.seq,
                state=state,
                message=message,
                hint=hint,
                fraction=fraction,
                seconds=round(seconds, 4),
                remaining=left,
            ),
            **_about_a_parameter(problem),
        }

    def _wait_while_running(
        self, seconds: float, until: Callable[[], bool] = lambda: False
    ) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            state_lock.deliver()
            if self.status.get("state") != "running" or until():
                return
            self._jobs.worker.check_elsewhere()
            time.sleep(0.004)

    def _await_first(self) -> None:
        self._wait_while_running(self._first_seconds)

    # Work beside it.

    def aside(
        self,
        work: Work[T | None],
        show: Callable[[T], None],
        *,
        failed: Failed | None = None,
        once: bool = False,
        background: bool = False,
    ) -> Job:
        """Do work beside the main one, and call `show` with its results.

        The main work steps aside for it; with `background` it waits until nothing else is to be
        done, and its errors are dropped unless there is `failed`. A newer one replaces it, unless
        it is to be answered `once` and for all. `show` and `failed`, methods of this widget or
        `functools.partial`s of them, are held weakly; they run while the lock is held, what they
        raise is shown in the widget, and after `close` they are not called.
        """
        self._refuse_closed()
        report = failed or (None if background else self._failed)
        return self._jobs.beside(work, show, report, once, background)

    def collect(self, work: Work[T | None], seconds: float = 120.0) -> list[T]:
        """The results of this work, as many as the worker makes in that time; for still pictures
        and saved pages. What goes wrong ends it.
        """
        results: list[T] = []

        def keep(step: Progress[T | None]) -> None:
            if step.result is not None:
                results.append(step.result)

        job = self.engine.internals.worker.submit(object(), work, on_step=keep)
        try:
            job.wait(seconds)
        finally:
            job.cancel()
        return list(results)

    # Messages.

    @message("ready")
    def _ready(self) -> None:
        """A view in a browser has begun to listen."""

    @message("figure")
    def _send_figure(self) -> None:
        """The browser wants what is seen now as a figure: its PNG is made on the worker."""
        card = self._card(2)
        self.aside(in_one_step(lambda: card.to_png(2)), self._figure_made, once=True)

    def _figure_made(self, png: bytes) -> None:
        self.tell("figure", data=png)

    def _changed_together(self) -> None:
        if self._due:
            self._submit()

    def _refused(self, problem: Exception) -> None:
        if isinstance(problem, (t.TraitError, ExplanationError)):
            self._say("error", str(problem), "The control is back at its last value.")
        else:  # from an observer that the user has added
            self._failed(problem)

    @t.validate("methods")
    def _check_methods(self, proposal: Any) -> list[str]:
        return methods_of(proposal["value"], self.engine.methods)

    def _known_methods(self, methods: Any) -> list[str]:
        with as_trait_problem():
            return methods_of(methods, self.engine.methods)

    def _class_of(self, target: Any, picture: Picture) -> int | None:
        """The index of the class that is meant, None for the most probable one."""
        if target is None:
            return None
        if callable(target):
            raise TraitProblem(f"target is a function; expected a class, {self._why_a_class}.")
        with as_trait_problem():
            return self.engine.internals.resolve_target(picture, target).index

    # From the first view to the last.

    def open(self) -> None:
        """Open the channel to the browser, with the first picture if it came in time."""
        if self._closed:
            return
        if not self._begun:  # marimo has opened the channel by then
            self._begun = True
            with state_lock.held():
                self._held -= 1
                if self._due:
                    self._submit()
            if not self._jobs.worker.is_here:  # it could do nothing meanwhile
                self._await_first()
        super().open()

    def close(self) -> None:
        """Cancel what is being computed, remove the views, and free everything."""
        if self._closed:
            return
        with state_lock.held():
            self._closed = True
            self._jobs.close()
            cells.forget(self)
            self.unobserve_all()
            layout = self._trait_values.get("layout")
            super().close()
            if layout is not None and self._own_layout:
                layout.close()  # it has a channel of its own
            self._release()

    def _release(self) -> None:
        """Let go of what is large: the notebook's `Out` may hold this widget for ever."""
        self._forget()
        self._engine = None
        self.frame = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_problem: object) -> None:
        self.close()


def _about_a_parameter(problem: ExplanationError | None) -> dict[str, Any]:
    """What a status says of the parameter that an error is about."""
    if problem is None or not problem.parameter:
        return {}
    return {"parameter": problem.parameter, "instead": problem.instead}
