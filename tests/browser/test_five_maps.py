"""A stranger's widget, both halves: built outside of the package, live and as a saved page."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

from tests.browser.conftest import OpenNotebook, Shoot
from tests.browser.viewer import SMALL, Viewer, saved_page
from tests.widgets.conftest import photograph
from tests.widgets.five_maps.viewer import FiveMaps
from tests.widgets.registry import small


def test_it_is_live_with_progress_stop_and_go_on(
    open_notebook: OpenNotebook, five_maps_cell: str, shoot: Shoot, tmp_path: Path
) -> None:
    gate = tmp_path / "open"
    widget = f"""
import time

def slow(network, x, index):
    while not Path({str(gate)!r}).exists():
        time.sleep(0.02)
    return x

xw.methods.from_callable("slow", slow)
Built(engine, photo, ["saliency", "slow", "grad_cam"])
"""
    # A kernel of its own: others would have this method too.
    notebook = open_notebook([SMALL, five_maps_cell, widget], own_kernel=True)
    viewer = Viewer(notebook.page)
    viewer.until("root => root.dataset.xwMaps === '1'")
    viewer.until("root => root.querySelector('[role=progressbar]').ariaValueNow === '33'")
    viewer.control("stop").click()
    gate.touch()
    viewer.until("root => root.querySelector('.xw-words').textContent.startsWith('Stopped')")
    viewer.control("resume").click()
    viewer.until("root => root.dataset.xwMaps === '3'")
    viewer.until("root => root.dataset.xwBusy === undefined")
    shoot(viewer.root, "five_maps.png")
    assert notebook.errors == []


def test_its_saved_page_works_from_disk(
    browser: Browser, five_maps: Path, tmp_path: Path, shoot: Shoot
) -> None:
    class Built(FiveMaps):
        _static = five_maps

    with Built(small(), photograph()) as widget:
        widget.wait(60)
        page_file = widget.to_html(tmp_path / "five maps.html")
    with saved_page(browser, page_file, 900, 500) as page:
        viewer = Viewer(page)
        viewer.until("root => root.dataset.xwMaps === '5'")
        titles = viewer.root.locator("figure h3").all_text_contents()
        assert titles == ["Saliency", "Guided backpropagation", "Grad-CAM", "LayerCAM", "Occlusion"]
        assert viewer.root.locator(".xw-words").inner_text() == "Saved page"
        shoot(page, "five_maps_saved.png")
