"""One notebook open in JupyterLab, driven as a person would drive it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Error, Locator, Page, WebSocket

from tests.browser.jupyter import JupyterLab

RUN_SECONDS = 90

# Whether JupyterLab is open on a page without a document.
NO_NOTEBOOK = """() => {
  const shell = window.jupyterapp?.shell;
  return shell !== undefined && [...shell.widgets("main")].every(widget => !("context" in widget));
}"""

# FNV-1a over the pixels of a canvas: equal pictures have equal numbers, on every machine.
_CHECKSUM = """canvas => {
  const {width, height} = canvas;
  if (!width || !height) return null;
  const {data} = canvas.getContext("2d").getImageData(0, 0, width, height);
  let hash = 0x811c9dc5, seen = 0;
  for (const byte of data) { hash = Math.imul(hash ^ byte, 0x01000193); seen |= byte; }
  return seen ? hash >>> 0 : null;
}"""


@dataclass
class NotebookPage:
    """A browser page that shows one notebook, and what it heard and said meanwhile."""

    page: Page
    lab: JupyterLab
    file: str
    errors: list[str] = field(default_factory=list)
    to_kernel: list[str | bytes] = field(default_factory=list)

    @classmethod
    def open(cls, page: Page, lab: JupyterLab, file: str, place: str = "doc/tree") -> NotebookPage:
        """Open ``file`` in the single-document view and wait until its kernel is idle."""
        notebook = cls(page, lab, file)
        notebook._listen()
        page.goto(lab.url(f"{place}/{file}"))
        notebook.wait_for_kernel()
        return notebook

    @classmethod
    def open_in(cls, page: Page, lab: JupyterLab, file: str) -> NotebookPage:
        """The same on a page on which JupyterLab is open already, as `close` leaves it."""
        notebook = cls(page, lab, file)
        notebook._listen()
        notebook.command("docmanager:open", path=file, factory="Notebook")
        notebook.wait_for_kernel()
        return notebook

    def close(self) -> None:
        """Close the notebook as it was last saved, without its kernel; JupyterLab stays open."""
        for event, listener in self._listeners.items():
            self.page.remove_listener(event, listener)
        self.page.evaluate(
            """() => {
              const {currentWidget} = window.jupyterapp.shell;
              currentWidget.context.model.dirty = false;
              currentWidget.close();
            }"""
        )
        self.page.wait_for_function(NO_NOTEBOOK)

    @property
    def _listeners(self) -> dict[str, Callable[..., None]]:
        return {
            "console": self._hear,
            "pageerror": self._hear_error,
            "websocket": self._hear_socket,
        }

    def _listen(self) -> None:
        for event, listener in self._listeners.items():
            self.page.on(event, listener)

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.errors.append(said.text)

    def _hear_error(self, error: Error) -> None:
        self.errors.append(error.stack or str(error))

    def _hear_socket(self, socket: WebSocket) -> None:
        if "/channels" in socket.url:
            socket.on("framesent", lambda payload: self.to_kernel.append(payload))

    def wait_for_kernel(self) -> None:
        """Wait until the notebook is shown and its kernel is idle."""
        self.page.wait_for_function(
            """() => {
              const shell = window.jupyterapp?.shell;
              const session = shell?.currentWidget?.sessionContext;
              return session?.isReady && session.session?.kernel?.status === "idle";
            }""",
            timeout=RUN_SECONDS * 1000,
        )

    def command(self, name: str, **arguments: object) -> None:
        """Carry out one of JupyterLab's commands."""
        self.page.evaluate(
            """async ([name, arguments_]) => {
              await window.jupyterapp.commands.execute(name, arguments_);
            }""",
            [name, arguments],
        )

    def run_all(self) -> None:
        """Run every cell and wait until the kernel is idle; an exception in a cell is an error."""
        self.command("notebook:run-all-cells")
        self.wait_for_kernel()
        trace = self.page.locator('[data-mime-type="application/vnd.jupyter.stderr"]')
        said = [text for text in trace.all_inner_texts() if "Traceback" in text]
        assert not said, said[0]

    def execute(self, code: str) -> None:
        """Run ``code`` in the notebook's kernel, outside any cell."""
        self.page.evaluate(
            """async code => {
              const {sessionContext} = window.jupyterapp.shell.currentWidget;
              const future = sessionContext.session.kernel.requestExecute({code});
              const reply = await future.done;
              if (reply.content.status !== "ok") throw new Error(reply.content.evalue);
            }""",
            code,
        )

    def until_kernel(self, condition: str) -> None:
        """Wait until a condition holds in the kernel: where the page needs no answer, what it has
        to tell waits while the kernel is busy.
        """

        def holds() -> bool:
            try:
                self.execute(f"assert {condition}")
            except Error:
                return False
            return True

        self.until(holds)

    def save(self) -> None:
        """Save the notebook and wait until it is on the disk."""
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.save()")

    def restart_kernel(self) -> None:
        """Restart the kernel: what the cells made is gone."""
        self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
        )
        self.wait_for_kernel()

    def forget(self) -> None:
        """Leave the kernel as a new one is, but with all that it has imported."""
        self.execute(
            "import ipywidgets\n"
            "ipywidgets.Widget.close_all()\n"
            "get_ipython().run_line_magic('reset', '-sf')"
        )

    def shut_down(self) -> None:
        """End the kernel, so that many tests do not mean many kernels."""
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")

    def reload(self) -> None:
        """Reload the page; the kernel lives on."""
        self.page.reload()
        self.wait_for_kernel()

    def theme(self, name: str) -> None:
        """Switch JupyterLab to its ``light`` or ``dark`` theme, and wait until its splash is gone:
        two that fade at the same time are an error of its own.
        """
        light = str(name == "light").lower()
        if self.page.evaluate("document.body.dataset.jpThemeLight") == light:
            return
        self.command("apputils:change-theme", theme=f"JupyterLab {name.capitalize()}")
        self.page.wait_for_function(
            """light => document.body.dataset.jpThemeLight === light
              && document.querySelector("#jupyterlab-splash") === null""",
            arg=light,
        )

    def find(self, selector: str, nth: int = 0) -> Locator:
        """Return the ``nth`` element that matches, in the order of the notebook."""
        return self.page.locator(selector).nth(nth)

    def until(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until a condition holds."""
        for _ in range(int(seconds / 0.05)):
            if condition():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError("what was waited for did not come about")

    def screenshot(self, element: Locator, path: Path) -> None:
        """Save a picture of one element, without whatever JupyterLab shows around it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        element.scroll_into_view_if_needed()
        element.screenshot(path=path)

    @contextmanager
    def counting(self, *looks: str) -> Iterator[list[str | bytes]]:
        """Collect what the page's widgets send to the kernel while the block runs, but for how
        things look (these traits and those of every map), which Python is told at rest.

        JupyterLab itself talks to the kernel when it likes (asks for its state, for a completion);
        what widgets say is in messages of a type of their own.
        """
        sent: list[str | bytes] = []
        before = len(self.to_kernel)
        yield sent
        sent.extend(
            frame
            for frame in self.to_kernel[before:]
            if _is_from_widget(frame) and not _told(frame) <= _LOOKS.union(looks)
        )

    def said_at_rest(self, name: str, since: int) -> int:
        """How many messages have told Python of a trait, after so many frames."""
        frames = [frame for frame in self.to_kernel[since:] if _is_from_widget(frame)]
        return sum(name in _told(frame) for frame in frames)


# How a map looks, in every widget that shows one.
_LOOKS = {
    "colormap",
    "opacity",
    "blend",
    "threshold",
    "clip",
    "sign",
    "arrangement",
    "split",
    "backdrop",
    "interpolation",
}
_STATE = re.compile(r'"method":\s*"update",\s*"state":\s*(?=\{)')


def _text(frame: str | bytes) -> str:
    return frame if isinstance(frame, str) else frame.decode("utf-8", errors="replace")


def _is_from_widget(frame: str | bytes) -> bool:
    return '"comm_msg"' in _text(frame)


def _told(frame: str | bytes) -> set[str]:
    """The names of the traits that a message tells of; a message of another kind tells ""."""
    text = _text(frame)
    state = _STATE.search(text)
    if state is None:
        return {""}
    return set(json.JSONDecoder().raw_decode(text, state.end())[0])


def checksum(canvas: Locator) -> int | None:
    """Return a number for what a canvas shows, or None while it is empty."""
    value = canvas.evaluate(_CHECKSUM)
    return None if value is None else int(value)
