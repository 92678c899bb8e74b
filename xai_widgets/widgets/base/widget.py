"""What every widget of this project is: strict, alive while it computes, and gone when closed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import traitlets as t

from xai_widgets.errors import ExplanationError, nearest
from xai_widgets.widgets.base import notebook_cells as cells
from xai_widgets.widgets.base import turns
from xai_widgets.widgets.base.requests import Requests
from xai_widgets.widgets.base.saving import Saving
from xai_widgets.widgets.base.traits import as_trait_problem

if TYPE_CHECKING:
    from xai_widgets.engine import Engine

Self = TypeVar("Self", bound="EngineWidget")

# Keywords of ipywidgets that a caller may give to any widget.
_HOST_KEYWORDS = ("layout", "tooltip", "tabbable")


class EngineWidget(Saving):
    """A live view of what an engine computes. Subclasses say what to compute and how to show it.

    The browser half comes from `xai_widgets/static`, as text: see `bundle`. A trait that a caller
    may set by keyword is tagged `keyword=True`; any other keyword is a TypeError.

    Protocol. `_ask` requests a computation (`_work`), which runs on the engine's worker; a newer
    request replaces an older one. Its steps come back as `_show`, its state as the one trait
    `status`: running, idle, stopped, or error in words with the way out. From the browser come
    trait changes and the messages `{kind: "stop"}` and `{kind: "ready"}`, the latter when a view
    has begun to listen. Handlers only enqueue.
    """

    image = t.Any().tag(keyword=True)
    frame = t.Dict().tag(sync=True)

    _loaded: tuple[Any, Any] = (None, None)  # the image, and the picture that was made of it
    _way_on = "Change the method or a parameter to go on."  # after Stop
    _way_out = "Choose another method, class or layer."  # of what cannot be
    _same_in_a_cell = "engine.explain(image, method)"

    def __init__(self, engine: Engine, **traits: Any) -> None:
        self._closed = False
        self._engine: Engine | None = engine
        self._requests = Requests(self)
        self._held = 1  # requests wait until `open`
        self._begun = False
        self._asked = False
        self._own_layout = "layout" not in traits
        try:
            self._refuse_unknown(traits)
            cells.replace_earlier(self)
            super().__init__(**traits)
        except BaseException:
            self.close()
            raise

    @t.validate("image")
    def _check_image(self, proposal: Any) -> Any:
        image = proposal["value"]
        if self._loaded[0] is not image:
            with as_trait_problem():
                self._loaded = (image, self.engine.picture(image))
        return image

    # What a subclass provides.

    def _work(self) -> tuple[str, Callable[[], Iterator[Any]]]:
        """What to compute now: its name for the reader, and the steps, free of this widget."""
        raise NotImplementedError

    def _show(self, step: Any) -> None:
        """Show a step of the work."""
        raise NotImplementedError

    def _finished(self) -> None:
        """The work is done and shown."""

    def _ready(self) -> None:
        """A view in a browser has begun to listen."""

    def _await_first(self) -> None:
        """Wait, for a bounded time, until there is something to show in a static picture."""

    def _keywords(self) -> Iterable[str]:
        """What the constructor accepts by keyword."""
        return [*self.trait_names(keyword=True), *_HOST_KEYWORDS]

    # Requests.

    @property
    def engine(self) -> Engine:
        """The engine whose network is explained."""
        self._refuse_closed()
        assert self._engine is not None
        return self._engine

    def stop(self) -> None:
        """Stop what is being computed; what has been shown so far stays."""
        with turns.taken():
            if self._engine is None or self.status.get("state") != "running":
                return
            fraction = self.status.get("fraction")
            self._requests.cancel(self._engine.worker)
            at = "" if fraction is None else f" at {fraction:.0%}"
            self._say("stopped", f"Stopped{at}.", self._way_on)

    def wait(self, seconds: float = 600.0) -> None:
        """Wait until everything is computed, for instance before the view is saved."""
        self._refuse_closed()
        if not self._begun:
            self.open()
        self._wait_while_running(seconds, until=lambda: False)

    def _ask(self, _change: Any = None) -> None:
        """Compute anew, once, after the changes that are being made together."""
        self._asked = True
        if not self._held:
            self._submit()

    def _submit(self) -> None:
        self._asked = False
        if self._engine is None:
            return
        self._requests.begin()
        try:
            title, work = self._work()
        except ExplanationError as problem:
            self._failed(problem)
            return
        self._say("running", title)
        self._requests.submit(self._engine.worker, work)

    def _step_arrived(self, step: Any) -> None:
        self._guarded(lambda: self._show(step))

    def _work_done(self) -> None:
        if self.status.get("state") == "running":
            self._guarded(lambda: self._say("idle"))
        self._guarded(self._finished)

    def _guarded(self, act: Callable[[], None]) -> None:
        """Nothing may escape: this can be the worker, or a thread with quite another purpose."""
        try:
            with self.hold_sync():
                act()
        except Exception as problem:  # from an observer that the user has added, for one
            self._failed(problem)

    def _failed(self, problem: BaseException) -> None:
        if isinstance(problem, ExplanationError):
            self._say("error", str(problem), self._way_out)
            return
        self._say(
            "error",
            f"{type(problem).__name__}: {problem}",
            f"For the whole traceback, run {self._same_in_a_cell} in a cell.",
        )

    def _say(
        self, state: str, message: str = "", hint: str = "", fraction: float | None = None
    ) -> None:
        seconds = self._requests.seconds
        self.status = {
            "seq": self._requests.seq,
            "state": state,
            "message": message,
            "hint": hint,
            "fraction": fraction,
            "seconds": round(seconds, 4),
            "remaining": round(seconds * (1 - fraction) / fraction, 1) if fraction else None,
        }

    def _wait_while_running(self, seconds: float, until: Callable[[], bool]) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            turns.deliver()
            if self.status.get("state") != "running" or until():
                return
            time.sleep(0.004)

    # Messages.

    @contextmanager
    def hold_trait_notifications(self) -> Iterator[None]:
        """Changes made within this context are one request."""
        with turns.taken():
            self._held += 1
            try:
                with super().hold_trait_notifications():
                    yield
            finally:
                self._held -= 1

    def _changed_together(self) -> None:
        if self._asked and self._held == 1:
            self._submit()

    def _refused(self, problem: Exception) -> None:
        if isinstance(problem, (t.TraitError, ExplanationError)):
            self._say("error", str(problem), "The control is back at its last value.")
        else:  # from an observer that the user has added
            self._failed(problem)

    def _handle_custom_msg(self, content: Any, buffers: Any) -> None:
        kind = content.get("kind") if isinstance(content, Mapping) else None
        if kind == "stop":
            self.stop()
        elif kind == "ready":
            with turns.taken():
                self._guarded(self._ready)
        super()._handle_custom_msg(content, buffers)

    # Life.

    def open(self) -> None:
        """Open the channel to the browser, with the first picture if it came in time."""
        if self._closed:
            return
        if not self._begun:  # marimo has opened the channel by then
            self._begun = True
            with turns.taken():
                self._held -= 1
                if self._asked:
                    self._submit()
            self._await_first()
        super().open()

    def close(self) -> None:
        """Cancel what is being computed, remove the views, and free everything."""
        if self._closed:
            return
        with turns.taken():
            self._closed = True
            if self._engine is not None:
                self._requests.cancel_all(self._engine.worker)
            cells.forget(self)
            self.unobserve_all()
            layout = self._trait_values.get("layout")
            super().close()
            if layout is not None and self._own_layout:
                layout.close()  # it has a channel of its own
            self._release()

    def _release(self) -> None:
        """Let go of what is large: the notebook's `Out` may hold this widget for ever."""
        self._engine = None
        self.frame = {}

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _refuse_unknown(self, given: Mapping[str, Any]) -> None:
        known = list(self._keywords())
        for name in given:
            if name not in known:
                raise TypeError(
                    f"{type(self).__name__} has no keyword {name!r}.{nearest(name, known)}"
                )
