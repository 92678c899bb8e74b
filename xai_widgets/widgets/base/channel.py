"""A widget's end of the channel to its browser half: traits that any thread may write, messages
`{kind, ...}`, and the built files of that half.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import anywidget

from xai_widgets.errors import readable
from xai_widgets.widgets.base import state_lock

Method = TypeVar("Method", bound=Callable[..., None])

_STATIC = Path(__file__).resolve().parents[2] / "static"


def bundle(name: str | Path) -> str | Path:
    """The built file `name` of `xai_widgets/static`, or one elsewhere by its absolute path.

    Its text, because anywidget watches a path for as long as the process lives, and with it every
    widget ever made. A path only with ANYWIDGET_HMR=1, which reloads the browser half of the
    widgets on the screen when the file is built anew.
    """
    path = _STATIC / name
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: the browser half of the widgets was not built into this "
            "installation. In a clone of the repository, `make js` builds it."
        )
    if os.environ.get("ANYWIDGET_HMR") == "1":
        return path
    # anywidget takes a text without a line break for a file name.
    return path.read_text(encoding="utf-8").rstrip("\n") + "\n"


def message(kind: str) -> Callable[[Method], Method]:
    """Marks the method that answers the messages of this kind.

    It is called with the fields of the message that it has parameters for, by keyword, and with
    `buffers` if it has a parameter of that name. It runs while the lock is held, and never after
    `close`; what it raises is shown in the widget. A subclass may override it without the mark.
    """

    def mark(method: Method) -> Method:
        method._answers = kind  # type: ignore[attr-defined]  # read in Channel
        return method

    return mark


def in_buffers(content: Any, buffers: list[bytes]) -> Any:
    """The same content with the bytes of every `data` in it moved to `buffers`, in its order."""
    if isinstance(content, str):
        return readable(content)
    if isinstance(content, Mapping):
        if "data" in content:
            buffers.append(content["data"])
        return {k: in_buffers(v, buffers) for k, v in content.items() if k != "data"}
    return [in_buffers(v, buffers) for v in content] if isinstance(content, list) else content


def _readable_throughout(content: Any) -> Any:
    """The same content with texts that JSON can carry; bytes stay as they are."""
    if isinstance(content, str):
        return readable(content)
    if isinstance(content, dict):
        return {_readable_throughout(k): _readable_throughout(v) for k, v in content.items()}
    if isinstance(content, (list, tuple)):
        return [_readable_throughout(v) for v in content]
    return content


class Channel(anywidget.AnyWidget):
    """Whoever writes holds the lock (see `state_lock`); values the browser may not set are put
    back. Handlers of messages only enqueue: one thread serves all widgets.

    A subclass names the folder of its browser half in `xai_widgets/static` (or elsewhere, by an
    absolute path) as `_static`: `index.js` and `style.css` are taken from there.
    """

    # Kind -> the method that answers it, its parameters, and whether it takes all other fields.
    _handlers: ClassVar[Mapping[str, tuple[str, Sequence[str], bool]]] = {}
    _held = 0  # contexts in which changes are held back
    _closed = True  # until the constructor runs, there is nothing to close

    def __init_subclass__(cls, **options: Any) -> None:
        folder = cls.__dict__.get("_static")
        if folder is not None:
            cls._esm = bundle(Path(folder) / "index.js")
            cls._css = bundle(Path(folder) / "style.css")
        super().__init_subclass__(**options)
        answers = {
            kind: name
            for base in reversed(cls.__mro__)  # mixins too, which are no widgets themselves
            for name, member in vars(base).items()
            if isinstance(kind := getattr(member, "_answers", None), str)
        }
        cls._handlers = {kind: (name, *_fields(cls, name)) for kind, name in answers.items()}

    def _guarded(self, act: Callable[[], None]) -> None:
        """Act; a subclass shows what that raises."""
        act()

    def _changed_together(self) -> None:
        """Several traits have changed as one."""

    def _refused(self, problem: Exception) -> None:
        """The browser has set a trait to a value that it cannot have."""

    def __setattr__(self, name: str, value: Any) -> None:
        with state_lock.held():
            super().__setattr__(name, value)

    @contextmanager
    def hold_trait_notifications(self) -> Iterator[None]:
        """Changes made within this context are one change, and one request."""
        with state_lock.held():
            self._held += 1
            try:
                with super().hold_trait_notifications():
                    yield
            finally:
                self._held -= 1
                if not self._held:
                    self._changed_together()

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take over what the browser changed."""
        with state_lock.held():
            try:
                super().set_state(sync_data)
            except Exception as problem:  # nobody would see what leaves a handler here
                self._refused(problem)
                self.send_state([name for name in sync_data if name in self.keys])

    def get_state(self, *given: Any, **options: Any) -> dict[str, Any]:
        """What the browser half is told of the traits."""
        state: dict[str, Any] = _readable_throughout(super().get_state(*given, **options))
        return state

    def open(self) -> None:
        with state_lock.held():
            super().open()
            self._answer_on_any_thread()

    def _send(self, msg: Any, buffers: Any = None) -> None:
        super()._send(msg, buffers)
        self._answer_on_any_thread()

    def tell(self, kind: str, **content: Any) -> None:
        """Send the browser a message; the bytes of every `data` in it travel as buffers."""
        buffers: list[bytes] = []
        self.send({"kind": kind, **in_buffers(content, buffers)}, buffers=buffers)

    def _handle_custom_msg(self, content: Any, buffers: Any) -> None:
        kind = content.get("kind") if isinstance(content, Mapping) else None
        if kind == "ping":
            # At once, and without the lock: a cell that writes for long is no kernel that is gone.
            self.send({"kind": "pong"})
            return
        if isinstance(kind, str) and kind in self._handlers:
            name, fields, every = self._handlers[kind]
            given = {k: v for k, v in content.items() if k in fields or (every and k != "kind")}
            if "buffers" in fields:
                given["buffers"] = list(buffers or [])
            with state_lock.held():
                if not self._closed:
                    self._guarded(lambda: getattr(self, name)(**given))
        super()._handle_custom_msg(content, buffers)

    def _answer_on_any_thread(self) -> None:
        # ipykernel 7.4 delivers the browser's messages on the thread that sent last: after a cell
        # has written a trait, Stop would wait until the cell that is running now ends. Without this
        # note it delivers them on the thread that serves the browser while cells run.
        if self.comm is not None:
            self.comm.__dict__.pop("_reply_subshell_id", None)


def _fields(widget: type, name: str) -> tuple[Sequence[str], bool]:
    _, *parameters = inspect.signature(getattr(widget, name)).parameters.values()
    return [p.name for p in parameters], any(p.kind is p.VAR_KEYWORD for p in parameters)
