"""A JupyterLab and a Chromium for the tests of this folder, started once.

Both end with the folder, not with the session: Playwright keeps an event loop running in the main
thread, and tests elsewhere start their own.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page

from tests.browser import chromium
from tests.browser.jupyter import JupyterLab, serve
from tests.browser.notebook_page import NO_NOTEBOOK, NotebookPage

HERE = Path(__file__).parent
ROOT = Path(__file__).resolve().parents[2]
OpenNotebook = Callable[..., NotebookPage]
Shoot = Callable[..., None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    with serve(tmp_path_factory.mktemp("jupyter")) as server:
        yield server


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium.started() as browser:
        yield browser


@pytest.fixture(scope="package")
def window(browser: Browser) -> BrowserContext:
    """Whose pages share a cache: JupyterLab is many files."""
    return browser.new_context()


@pytest.fixture(scope="package")
def shoot() -> Shoot:
    """Return a function that takes a screenshot for somebody to look at, into $XAI_WIDGETS_SHOTS;
    where nobody asked for them, it takes none, as each costs a while.
    """
    folder = os.environ.get("XAI_WIDGETS_SHOTS")

    def shot(seen: Page | Locator, name: str, **options: Any) -> None:
        if folder:
            seen.screenshot(path=Path(folder, name), **options)

    return shot


@pytest.fixture(scope="package")
def tried() -> Iterator[Callable[..., None]]:
    """Notes what was seen in a host; $XAI_WIDGETS_HOSTS keeps it, for `tools/hosts_table.py`."""
    found: dict[str, dict[str, str]] = {}

    def note(host: str, version: str, **seen: str) -> None:
        row = found.setdefault(host, {"host": host, "version": version})
        row.update(seen, date=date.today().isoformat())

    yield note
    if record := os.environ.get("XAI_WIDGETS_HOSTS"):
        file = Path(record)
        before = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
        kept = {row["host"]: row for row in before}
        for host, row in found.items():
            kept[host] = {**kept.get(host, {}), **row}
        text = json.dumps(list(kept.values()), indent=1, ensure_ascii=False)
        file.write_text(f"{text}\n", encoding="utf-8")


@pytest.fixture(scope="package")
def five_maps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the build makes of js/tests/stranger/five_maps."""
    out = tmp_path_factory.mktemp("built")
    path = f"{ROOT / '.venv' / 'node'}{os.pathsep}{os.environ['PATH']}"
    build = ["node", "js/scripts/build.mjs", "--src", "js/tests/stranger", "--out", str(out)]
    environment = {**os.environ, "PATH": path}
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, env=environment)
    return out / "five_maps"


@pytest.fixture(scope="package")
def five_maps_cell(five_maps: Path) -> str:
    """A notebook's cell that makes the class `Built` of it: a FiveMaps."""
    return f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})
from tests.widgets.five_maps.viewer import FiveMaps

class Built(FiveMaps):
    _static = Path({str(five_maps)!r})
"""


@pytest.fixture(scope="package")
def kernel(lab: JupyterLab) -> str:
    """A kernel that notebooks use one after the other: importing torch anew takes seconds."""
    return lab.start_kernel()


@pytest.fixture
def open_notebook(
    lab: JupyterLab, window: BrowserContext, kernel: str, request: pytest.FixtureRequest
) -> Iterator[OpenNotebook]:
    """Return a function that opens a notebook with the given code cells and runs them.

    In the shared kernel, or with ``own_kernel=True`` in a new one, for tests that restart it.
    """
    with ExitStack() as pages:

        def opened(
            cells: Sequence[str], *, width: int = 1280, own_kernel: bool = False
        ) -> NotebookPage:
            name = re.sub(r"\W+", "_", request.node.name).strip("_")
            shared = None if own_kernel else kernel
            notebook = shown(window, lab, name, cells, width=width, kernel=shared)
            return pages.enter_context(notebook)

        yield opened


@contextmanager
def shown(
    window: BrowserContext,
    lab: JupyterLab,
    name: str,
    cells: Sequence[str],
    *,
    width: int = 1280,
    kernel: str | None = None,
) -> Iterator[NotebookPage]:
    """A notebook of these code cells, run, on its own page. A kernel of its own ends with the page;
    one that is given forgets it, and so does the page, which the next notebook takes over.
    """
    file = lab.write_notebook(name, cells)
    if kernel is not None:
        lab.bind(file, kernel)
    page = next((page for page in window.pages if page.evaluate(NO_NOTEBOOK)), None)
    opened = NotebookPage.open if page is None else NotebookPage.open_in
    page = page or window.new_page()
    page.set_viewport_size({"width": width, "height": 1400})
    kept = False
    try:
        notebook = opened(page, lab, file)
        notebook.theme("light")  # JupyterLab remembers what the test before chose
        notebook.run_all()
        yield notebook
        if kernel is None:
            notebook.shut_down()
        else:
            notebook.forget()
            notebook.close()
            kept = True
    finally:
        if not kept:
            page.close()
