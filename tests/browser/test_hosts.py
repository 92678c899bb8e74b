"""One viewer in every host that is installed here, and in imitations of some that are not.

What is seen is noted for docs/hosts.md: `XAI_WIDGETS_HOSTS=benchmarks/results/hosts.json pytest
tests/browser/test_hosts.py tests/browser/test_still_pictures.py`, then `tools/hosts_table.py`.
Voila may be in an environment of its own, with anywidget: `XAI_WIDGETS_VOILA` names its program.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

import xai_widgets as xw
from tests.browser.conftest import OpenNotebook, Shoot
from tests.browser.jupyter import serve, serve_page
from tests.browser.notebook_page import NotebookPage
from tests.browser.test_marimo import address  # noqa: F401
from tests.browser.test_still_pictures import seen
from tests.browser.viewer import SMALL, VIEWER, Viewer, saved_page

Tried = Callable[..., None]
VOILA = os.environ.get("XAI_WIDGETS_VOILA") or shutil.which(
    "voila", path=str(Path(sys.executable).parent)
)
COLAB_UPLOAD = 1_000_000  # bytes of a message from the browser, near which Colab breaks


def use(page: Page, viewer: Viewer) -> None:
    """It is painted, answers, and looks as it is told."""
    viewer.until_painted("grad_cam")
    before = viewer.checksum()
    assert before is not None
    viewer.choose("method", "saliency")
    viewer.until_painted("saliency")
    changed = viewer.until_changed(before)
    viewer.choose("colormap", "viridis")
    viewer.until_changed(changed)
    assert seen(page, ".xw-still") == []


def check_notebook(notebook: NotebookPage) -> None:
    """The live view, and after the kernel is gone and the page is reloaded, the still."""
    viewer = Viewer(notebook.page)
    use(notebook.page, viewer)
    notebook.save()
    notebook.restart_kernel()
    notebook.reload()
    notebook.until(lambda: len(seen(notebook.page, ".xw-still")) == 1)
    said = notebook.page.locator("body").inner_text()
    assert "model not found" not in said
    assert "Loading widget" not in said
    assert seen(notebook.page, ".jp-RenderedImage img") == []


def test_jupyterlab(open_notebook: OpenNotebook, tried: Tried, shoot: Shoot) -> None:
    notebook = open_notebook([SMALL, VIEWER], own_kernel=True)
    viewer = Viewer(notebook.page)
    viewer.until_painted("grad_cam")
    before = len(notebook.to_kernel)
    viewer.control("brush").click()
    viewer.until("root => root.dataset.xwBrush !== undefined")
    box = viewer.find("[data-xw-stage]").bounding_box()
    assert box is not None
    mouse = notebook.page.mouse
    mouse.move(box["x"] + 20, box["y"] + 20)
    mouse.down()
    mouse.move(box["x"] + box["width"] - 20, box["y"] + box["height"] - 20, steps=20)
    mouse.up()
    viewer.control("brush").click()
    check_notebook(notebook)
    shoot(notebook.page, "host_jupyterlab.png")
    largest = max(len(frame) for frame in notebook.to_kernel[before:])
    assert largest < COLAB_UPLOAD / 10
    tried("JupyterLab", version("jupyterlab"), live="alive", gone="the still")
    tried("Google Colab", "imitated", limits=f"Messages to the kernel below 1 MB: the largest of a "
          f"brush, a method and a colormap has {largest / 1000:.0f} KB.")  # fmt: skip


@pytest.mark.skipif(find_spec("notebook") is None, reason="Notebook 7 is not installed")
def test_notebook_7(browser: Browser, tried: Tried, tmp_path: Path, shoot: Shoot) -> None:
    with serve(tmp_path, "notebook") as server:
        page = browser.new_page(viewport={"width": 1280, "height": 1400})
        file = server.write_notebook("viewer", [SMALL, VIEWER])
        notebook = NotebookPage.open(page, server, file, "notebooks")
        notebook.run_all()
        check_notebook(notebook)
        shoot(page, "host_notebook.png")
        page.close()
    tried("Notebook", version("notebook"), live="alive", gone="the still")


@pytest.mark.skipif(VOILA is None, reason="Voila is not installed")
def test_voila(browser: Browser, tried: Tried, tmp_path: Path, shoot: Shoot) -> None:
    assert VOILA is not None
    told = subprocess.run([VOILA, "--version"], capture_output=True, text=True, check=True)
    with serve_page(tmp_path, VOILA, [SMALL, VIEWER]) as url:
        page = browser.new_page(viewport={"width": 1280, "height": 1400})
        page.goto(url)
        use(page, Viewer(page))
        shoot(page, "host_voila.png")
        page.close()
    tried("Voila", told.stdout.strip(), live="alive", gone="no page without a kernel")


def test_marimo(browser: Browser, address: str, tried: Tried) -> None:  # noqa: F811
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.goto(address)
    use(page, Viewer(page))
    assert page.locator("img").count() == 0
    page.close()
    tried("marimo", version("marimo"), live="alive", gone="no page without a kernel")


VSCODE = """document.documentElement.style.setProperty("--vscode-editor-background", "#1e1e1e");
document.body.style.background = "#1e1e1e";
const box = document.createElement("div");
box.className = "cell-output-ipywidget-background";
box.style.background = "white";
const widget = document.querySelector("#xw-widget");
widget.replaceWith(box);
box.append(widget);"""


def test_a_saved_page_and_what_is_known_of_vs_code(
    browser: Browser, tried: Tried, tmp_path: Path, shoot: Shoot
) -> None:
    """A white box behind a dark widget: seen through, and the colours are those of the editor."""
    with xw.HeatmapViewer(xw.demo.engine(), xw.demo.photo("cat")) as viewer:
        viewer.open()
        file = viewer.to_html(tmp_path / "page.html")
        esm = str(viewer._esm)
    assert "http://" not in esm.replace("http://www.w3.org/", "")
    assert "https://" not in esm
    with saved_page(browser, file) as page:
        shown = Viewer(page)
        use(page, shown)
        tried("Saved page", xw.__version__, live="alive", gone="alive")
        page.evaluate(VSCODE)
        shown.until("root => root.dataset.xwTheme === 'dark'")
        behind = page.locator(".cell-output-ipywidget-background")
        assert behind.evaluate("e => getComputedStyle(e).backgroundColor") == "rgba(0, 0, 0, 0)"
        assert shown.style(".xw-stage", "color") != "rgb(0, 0, 0)"
        shoot(page, "host_vscode.png")
    tried(
        "VS Code",
        "imitated",
        limits="The white box behind widgets is seen through, and the colours are the editor's. It "
        "does not say when a kernel has gone: a ping that goes unanswered finds it out.",
    )
    tried("Google Colab", "imitated", cdn="The browser half asks no other server for anything.")
