"""Which notebook cell made which widget, so that running a cell again replaces its widgets."""

from __future__ import annotations

import threading
import weakref
from typing import Protocol


class Closable(Protocol):
    def close(self) -> None: ...


_lock = threading.Lock()
# Cell id -> (id of the execution, what it made).
_made: dict[str, tuple[str, weakref.WeakSet[Closable]]] = {}


def running_cell() -> tuple[str, str] | None:
    """(cell id, execution id) of the cell that is running, None outside of a notebook's cell.

    JupyterLab, Notebook 7 and VS Code name the cell in the metadata of the message that runs it.
    """
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is None or not hasattr(kernel, "get_parent"):
        return None
    parent = kernel.get_parent()
    header, metadata = parent.get("header") or {}, parent.get("metadata") or {}
    cell, execution = metadata.get("cellId"), header.get("msg_id")
    if header.get("msg_type") != "execute_request" or not cell or not execution:
        return None
    return str(cell), str(execution)


def replace_earlier(widget: Closable) -> None:
    """Note that the running cell made `widget`; close what its previous execution had made."""
    running = running_cell()
    if running is None:
        return
    cell, execution = running
    with _lock:
        earlier, widgets = _made.get(cell, ("", weakref.WeakSet()))
        outdated = list(widgets) if earlier != execution else []
        if earlier != execution:
            widgets = weakref.WeakSet()
            _made[cell] = (execution, widgets)
        widgets.add(widget)
    for old in outdated:
        old.close()


def forget(widget: Closable) -> None:
    """Drop `widget` from the cell that made it."""
    with _lock:
        for cell, (_, widgets) in list(_made.items()):
            widgets.discard(widget)
            if not widgets:
                del _made[cell]
