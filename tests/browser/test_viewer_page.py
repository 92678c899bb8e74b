"""The viewer on a page: beside another, narrow, dark, reloaded, and without its kernel."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import BrowserContext

from tests.browser.conftest import OpenNotebook, Shoot, shown
from tests.browser.contrast import faint_texts
from tests.browser.jupyter import JupyterLab
from tests.browser.notebook_page import NotebookPage
from tests.browser.viewer import DEMO, SMALL, VIEWER, Viewer


def test_two_views_of_one_viewer_agree(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([SMALL, VIEWER, "viewer"])
    first, second = Viewer(notebook.page), Viewer(notebook.page, 1)
    first.until_painted("grad_cam")
    second.until_painted("grad_cam")
    assert first.checksum() == second.checksum()
    first.choose("method", "saliency")
    second.until_painted("saliency")
    first.until_painted("saliency")
    assert first.checksum() == second.checksum()
    assert notebook.errors == []


def test_two_viewers_of_one_engine_do_not_meddle(open_notebook: OpenNotebook) -> None:
    other = "other = xw.HeatmapViewer(engine, xw.demo.photo('coffee'), 'hires_cam')\nother"
    notebook = open_notebook([SMALL, VIEWER, other])
    first, second = Viewer(notebook.page), Viewer(notebook.page, 1)
    first.until_painted("grad_cam")
    second.until_painted("hires_cam")
    assert first.checksum("picture") != second.checksum("picture")
    still = second.checksum()
    first.choose("method", "saliency")
    first.choose("colormap", "viridis")
    first.until_painted("saliency")
    assert second.data("method") == "hires_cam"
    assert second.checksum() == still
    assert notebook.errors == []


def test_it_lives_in_a_box_and_is_linked(open_notebook: OpenNotebook) -> None:
    cell = (
        "import ipywidgets as widgets\n"
        "first = xw.HeatmapViewer(engine, photo)\n"
        "second = xw.HeatmapViewer(engine, photo)\n"
        "widgets.jslink((first, 'opacity'), (second, 'opacity'))\n"
        "widgets.HBox([first, second])"
    )
    notebook = open_notebook([SMALL, cell], width=1400)
    first, second = Viewer(notebook.page), Viewer(notebook.page, 1)
    first.until_painted("grad_cam")
    second.until_painted("grad_cam")
    first.number("opacity").fill("25")
    first.number("opacity").press("Enter")
    second.until("root => getComputedStyle(root.querySelector('.xw-heat')).opacity === '0.25'")
    assert notebook.errors == []


@pytest.fixture(scope="module")
def demo(lab: JupyterLab, window: BrowserContext) -> Iterator[NotebookPage]:
    with shown(window, lab, "demo", [DEMO, VIEWER]) as opened:
        yield opened


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("width", "layout"), [(560, "narrow"), (1560, "wide")])
def test_every_width_and_theme(
    demo: NotebookPage, shoot: Shoot, width: int, layout: str, theme: str
) -> None:
    notebook = demo
    notebook.page.set_viewport_size({"width": width, "height": 1400})
    viewer = Viewer(notebook.page)
    notebook.theme(theme)
    viewer.until_painted("grad_cam")
    viewer.until("(root, theme) => root.dataset.xwTheme === theme", theme)
    box = viewer.root.bounding_box()
    assert box is not None
    stage = viewer.find("[data-xw-stage]").bounding_box()
    side = viewer.bars().first.bounding_box()
    assert stage is not None
    assert side is not None
    beside = side["x"] >= stage["x"] + stage["width"]
    assert beside == (layout != "narrow")
    overflow = viewer.root.evaluate(
        """root => [...root.querySelectorAll("*")].filter(element => {
          const {right, width} = element.getBoundingClientRect();
          return width && right > root.getBoundingClientRect().right + 1
            && !element.closest(".xw-pane, .xw-live, [hidden]");
        }).map(element => element.className)"""
    )
    assert overflow == []
    shoot(viewer.root, f"{layout}_{theme}.png")
    assert notebook.errors == []


def test_dark_has_enough_contrast(open_notebook: OpenNotebook) -> None:
    """WCAG: 4.5 to 1 between every text and what is behind it."""
    notebook = open_notebook([SMALL, VIEWER])
    viewer = Viewer(notebook.page)
    viewer.until_painted("grad_cam")
    for theme in ("light", "dark"):
        notebook.theme(theme)
        viewer.until("(root, theme) => root.dataset.xwTheme === theme", theme)
        notebook.page.mouse.move(0, 0)
        notebook.page.wait_for_timeout(400)
        assert faint_texts(viewer.root, 4.5) == [], theme


def test_a_reload_brings_it_back_alive(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([SMALL, VIEWER])
    viewer = Viewer(notebook.page)
    viewer.until_painted("grad_cam")
    viewer.choose("method", "saliency")
    viewer.until_painted("saliency")
    before = viewer.checksum()
    notebook.save()
    notebook.reload()
    viewer.until_painted("saliency")
    assert viewer.checksum() == before
    viewer.choose("method", "hires_cam")
    viewer.until_painted("hires_cam")
    assert notebook.errors == []


def test_without_its_kernel_the_picture_stays(open_notebook: OpenNotebook, shoot: Shoot) -> None:
    notebook = open_notebook([SMALL, VIEWER], own_kernel=True)
    viewer = Viewer(notebook.page)
    viewer.until_painted("grad_cam")
    notebook.save()
    notebook.restart_kernel()
    viewer.until("root => /kernel/.test(root.querySelector('[data-xw-status]').innerText)")
    assert viewer.checksum() is not None
    shoot(viewer.root, "kernel_gone.png")
    assert notebook.errors == []


def test_a_notebook_stays_small_and_keeps_a_picture(open_notebook: OpenNotebook) -> None:
    """One viewer of a 224 x 224 photograph adds at most 250 kB, its static picture included."""
    notebook = open_notebook([DEMO, VIEWER])
    Viewer(notebook.page).until_painted("grad_cam")
    notebook.save()
    saved = notebook.lab.folder / notebook.file
    assert saved.stat().st_size < 250_000
    outputs = notebook.lab.read_notebook(notebook.file).cells[1].outputs
    shown = [output for output in outputs if "data" in output]
    assert {"image/png", "text/plain"} <= set(shown[0].data)
    page, _ = HTMLExporter(display_data_priority=["image/png"]).from_filename(saved)
    assert f'src="data:image/png;base64,{shown[0].data["image/png"][:40]}' in page
