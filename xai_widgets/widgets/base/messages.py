"""What the browser says to a widget besides changing traits: messages `{kind, ...}`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from xai_widgets.widgets.base import state_lock
from xai_widgets.widgets.base.saving import Saving

Method = TypeVar("Method", bound=Callable[..., None])


def message(kind: str) -> Callable[[Method], Method]:
    """Marks the method that answers the messages of this kind.

    It is called with the fields of the message that it has parameters for, by keyword, and with
    `buffers` if it has a parameter of that name. It runs while the lock is held, and never after
    `close`; what it raises is shown in the widget. A subclass may override it without the mark.
    """

    def mark(method: Method) -> Method:
        method._answers = kind  # type: ignore[attr-defined]  # read in Conversation
        return method

    return mark


@dataclass(frozen=True)
class _Handler:
    method: str
    fields: tuple[str, ...] | None  # None: takes all of them
    buffers: bool

    @classmethod
    def of(cls, widget: type, method: str) -> _Handler:
        parameters = inspect.signature(getattr(widget, method)).parameters
        names = [name for name in parameters if name not in ("self", "buffers")]
        every = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        return cls(method, None if every else tuple(names), "buffers" in parameters)

    def __call__(self, widget: Any, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        given = {
            name: value
            for name, value in content.items()
            if name != "kind" and (self.fields is None or name in self.fields)
        }
        if self.buffers:
            given["buffers"] = buffers
        getattr(widget, self.method)(**given)


class Conversation(Saving):
    """A widget that is spoken to. Handlers only enqueue: one thread serves all widgets."""

    _handlers: Mapping[str, _Handler] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        kinds = {kind: handler.method for kind, handler in cls._handlers.items()}
        for base in reversed(cls.__mro__):  # mixins too, which are no widgets themselves
            for name, member in vars(base).items():
                kind = getattr(member, "_answers", None)
                if isinstance(kind, str):
                    kinds[kind] = name
        cls._handlers = {kind: _Handler.of(cls, name) for kind, name in kinds.items()}

    def _guarded(self, act: Callable[[], None]) -> None:
        """Act; what that raises is shown in the widget."""
        raise NotImplementedError

    def _handle_custom_msg(self, content: Any, buffers: Any) -> None:
        kind = content.get("kind") if isinstance(content, Mapping) else None
        if kind == "ping":
            # At once, without the lock: somebody who writes for long must not look like a kernel
            # that is gone.
            self.send({"kind": "pong"})
        handler = self._handlers.get(kind) if isinstance(kind, str) else None
        if handler is not None:
            with state_lock.held():
                if not self._closed:
                    self._guarded(lambda: handler(self, content, list(buffers or [])))
        super()._handle_custom_msg(content, buffers)
