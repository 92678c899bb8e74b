"""The notebook that a newcomer opens first, run in a browser as they would run it."""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import BrowserContext

from tests.browser.conftest import Shoot
from tests.browser.jupyter import JupyterLab
from tests.browser.notebook_page import NotebookPage
from tests.browser.viewer import Viewer

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "01_quickstart.ipynb"


def test_it_shows_a_cat_what_the_network_says_and_why(
    window: BrowserContext, lab: JupyterLab, shoot: Shoot
) -> None:
    shutil.copy(NOTEBOOK, lab.folder)
    page = window.new_page()
    page.set_viewport_size({"width": 1280, "height": 1400})
    notebook = NotebookPage.open(page, lab, NOTEBOOK.name)
    notebook.theme("light")
    notebook.run_all()
    viewer = Viewer(page)
    viewer.until_painted("grad_cam", 282)
    assert viewer.checksum() is not None
    outputs = page.locator(".jp-OutputArea-output")
    assert outputs.nth(0).locator("img").evaluate("image => image.naturalWidth") == 451
    assert "tiger cat" in outputs.nth(1).inner_text()
    assert (lab.folder / "explanation.html").stat().st_size < 1_000_000
    shoot(page, "quickstart.png")
    shoot(viewer.root, "viewer.png")
    assert notebook.errors == []
    notebook.shut_down()
    page.close()
