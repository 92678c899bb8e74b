"""A stranger's widget, both halves: built outside of the package, live and as a saved page."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import OpenNotebook
from tests.browser.viewer import SMALL, Viewer, saved_page
from tests.widgets.conftest import photograph
from tests.widgets.five_maps.viewer import FiveMaps
from tests.widgets.registry import small

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the build makes of js/tests/stranger/five_maps."""
    out = tmp_path_factory.mktemp("built")
    path = f"{ROOT / '.venv' / 'node'}{os.pathsep}{os.environ['PATH']}"
    build = ["node", "js/scripts/build.mjs", "--src", "js/tests/stranger", "--out", str(out)]
    environment = {**os.environ, "PATH": path}
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, env=environment)
    return out / "five_maps"


def test_it_is_live_with_progress_stop_and_go_on(
    open_notebook: OpenNotebook, built: Path, shots: Path
) -> None:
    widget = f"""
import sys, time
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})
from tests.widgets.five_maps.viewer import FiveMaps

class Built(FiveMaps):
    _static = Path({str(built)!r})

def slow(network, x, index):
    time.sleep(2)
    return x

xw.methods.from_callable("slow", slow)
Built(engine, photo, ["saliency", "slow", "grad_cam"])
"""
    notebook = open_notebook([SMALL, widget])
    viewer = Viewer(notebook.page)
    viewer.until("root => root.dataset.xwMaps === '1'")
    viewer.until("root => root.querySelector('[role=progressbar]').ariaValueNow === '33'")
    viewer.control("stop").click()
    viewer.until("root => root.querySelector('.xw-words').textContent.startsWith('Stopped')")
    viewer.control("resume").click()
    viewer.until("root => root.dataset.xwMaps === '3'")
    viewer.until("root => root.dataset.xwBusy === undefined")
    viewer.root.screenshot(path=shots / "five_maps.png")
    assert notebook.errors == []


def test_its_saved_page_works_from_disk(
    browser: Browser, built: Path, tmp_path: Path, shots: Path
) -> None:
    class Built(FiveMaps):
        _static = built

    with Built(small(), photograph()) as widget:
        widget.wait(60)
        page_file = widget.to_html(tmp_path / "five maps.html")
    with saved_page(browser, page_file, 900, 500) as page:
        viewer = Viewer(page)
        viewer.until("root => root.dataset.xwMaps === '5'")
        titles = viewer.root.locator("figure h3").all_text_contents()
        assert titles == ["Saliency", "Guided backpropagation", "Grad-CAM", "LayerCAM", "Occlusion"]
        assert viewer.root.locator(".xw-words").inner_text() == "Saved page"
        page.screenshot(path=shots / "five_maps_saved.png")
