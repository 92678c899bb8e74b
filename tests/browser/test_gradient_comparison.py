"""GradientComparison in a real JupyterLab: cells, one cursor, zoom, swipe, difference, noise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.conftest import Shoot, shown
from tests.browser.contrast import faint_texts
from tests.browser.jupyter import JupyterLab
from tests.browser.notebook_page import NotebookPage, checksum
from tests.browser.viewer import SMALL, Viewer, saved_page

MADE = """
import copy
other = copy.deepcopy(network)
with torch.no_grad():
    for parameter in other.parameters():
        parameter.mul_(1.3)
bent = xw.Engine(other, preprocessing=engine.preprocessing, class_names=names, name="Bent")
comparison = xw.GradientComparison(
    {"small": engine, "<b>bent</b>": bent}, [photo, xw.demo.photo("astronaut")],
    ["saliency", "guided_backprop", "attention_rollout", "grad_cam"],
    accuracies=[0.93, None],
)
comparison
"""


@pytest.fixture(scope="module")
def notebook(lab: JupyterLab, window: BrowserContext, kernel: str) -> Iterator[NotebookPage]:
    with shown(window, lab, "comparison", [SMALL, MADE], kernel=kernel) as opened:
        yield opened


@pytest.fixture
def viewer(notebook: NotebookPage) -> Iterator[Viewer]:
    viewer = Viewer(notebook.page)
    until_there(viewer)
    yield viewer
    assert notebook.errors == []


def until_there(viewer: Viewer, picture: int = 0, noise: float = 0) -> None:
    viewer.until(
        """(root, [picture, noise]) => {
          const {xwComplete, xwBusy, xwReady, xwPictureIndex, xwNoise} = root.dataset;
          return xwComplete !== undefined && xwBusy === undefined && xwReady !== undefined
            && +xwPictureIndex === picture && +xwNoise === noise;
        }""",
        [picture, noise],
    )


def heat(viewer: Viewer, cell: str) -> int | None:
    return checksum(viewer.find(f'[data-xw-cell="{cell}"] [data-xw-canvas="heat"]'))


def view(viewer: Viewer, name: str) -> None:
    viewer.find(f'label:has([value="{name}"])').click()
    viewer.until("(root, name) => root.dataset.xwView === name", name)


def test_every_cell_is_there_and_one_says_why_not(
    notebook: NotebookPage, viewer: Viewer, shoot: Shoot
) -> None:
    maps = [
        heat(viewer, f"{row} {method}")
        for row in (0, 1)
        for method in ("saliency", "guided_backprop", "grad_cam")
    ]
    assert None not in maps
    assert maps[0] != maps[1]
    refused = viewer.find('[data-xw-cell="0 attention_rollout"]')
    assert "attention" in refused.locator(".xw-plate").inner_text()
    heads = viewer.root.locator(".xw-rowhead")
    assert "93.0\u00a0% accurate" in heads.nth(0).inner_text()
    assert heads.nth(1).locator("b").inner_text() == "<b>bent</b>"
    assert "accurate" not in heads.nth(1).inner_text()
    shoot(viewer.root, "comparison.png")


def test_one_cursor_and_one_zoom_for_all_cells(notebook: NotebookPage, viewer: Viewer) -> None:
    with notebook.counting() as sent:
        viewer.find('[data-xw-cell="0 saliency"] .xw-pane').hover(position={"x": 20, "y": 20})
        rings = viewer.root.locator(".xw-cell .xw-ring:not([hidden])")
        notebook.until(lambda: rings.count() == 10)  # eight maps, and the picture of both networks
        values = viewer.root.locator(".xw-cell .xw-readout b").all_inner_texts()
        assert len({value for value in values if value}) == 6
        assert viewer.data("picked") == "0 saliency"
        pane = viewer.find('[data-xw-cell="1 grad_cam"] .xw-pane')
        pane.focus()
        pane.press("+")
        stages = viewer.root.locator(".xw-cell .xw-stage")
        notebook.until(lambda: {s.get_attribute("data-xw-zoom") for s in stages.all()} == {"1.5"})
        viewer.control("reset").click()
        notebook.until(lambda: {s.get_attribute("data-xw-zoom") for s in stages.all()} == {"1"})
        notebook.page.wait_for_timeout(150)
    assert sent == []


def test_swipe_difference_and_look_stay_in_the_browser(
    notebook: NotebookPage, viewer: Viewer, shoot: Shoot
) -> None:
    before = heat(viewer, "0 saliency")
    with notebook.counting("view", "scale", "alone", "pair") as sent:
        view(viewer, "swipe")
        pairing = viewer.find(".xw-pairing")
        assert pairing.get_attribute("data-xw-pair") == "0 saliency | 1 saliency"
        first, second = (
            checksum(pairing.locator(f'[data-xw-canvas="{name}"]')) for name in ("heat", "picture")
        )
        assert first is not None
        assert first != second
        viewer.find('[data-xw-cell="1 guided_backprop"] .xw-pane').click()
        viewer.until(
            "root => root.querySelector('.xw-pairing').dataset.xwPair"
            " === '1 guided_backprop | 1 saliency'"
        )
        shoot(viewer.root, "comparison_swipe.png")
        view(viewer, "difference")
        canvas = pairing.locator('[data-xw-canvas="heat"]')
        notebook.until(lambda: checksum(canvas) not in (None, first))
        view(viewer, "grid")
        viewer.find('label:has([value="all"])').click()
        notebook.until(lambda: heat(viewer, "0 saliency") != before)
        viewer.find('label:has([value="cell"])').click()
        notebook.until(lambda: heat(viewer, "0 saliency") == before)
        viewer.find('label:has([value="over"])').click()
        viewer.until_style('[data-xw-cell="0 saliency"] .xw-heat', "opacity", "0.7")
        viewer.find('label:has([value="alone"])').click()
        viewer.find('label:has([value="guided"])').click()
        number = viewer.find('[data-xw-cell="1 guided_backprop"] .xw-measure')
        notebook.until(lambda: number.inner_text() == "1.00")
        notebook.page.wait_for_timeout(150)
    assert sent == []


def test_noise_and_pictures_are_asked_for_and_kept(notebook: NotebookPage, viewer: Viewer) -> None:
    before = heat(viewer, "0 saliency")
    viewer.control("noise").fill("0.2")
    until_there(viewer, 0, 0.2)
    noisy = heat(viewer, "0 saliency")
    assert noisy != before
    survives = viewer.find('label:has([value="survival"]) .xw-number')
    notebook.until(lambda: "0." in survives.inner_text() or "1." in survives.inner_text())
    viewer.control("noise").fill("0")
    notebook.until(lambda: heat(viewer, "0 saliency") == before)
    viewer.find('[data-xw-picture="1"]').click()
    until_there(viewer, 1)
    assert heat(viewer, "0 saliency") not in (before, noisy)
    viewer.find('[data-xw-picture="0"]').click()
    notebook.until(lambda: heat(viewer, "0 saliency") == before)  # at once: it was here before
    until_there(viewer)


def test_columns_change_and_a_reload_shows_them_again(
    notebook: NotebookPage, viewer: Viewer
) -> None:
    before = heat(viewer, "1 grad_cam")
    viewer.choose("column-attention_rollout", "smooth_grad")
    viewer.until("root => root.dataset.xwMethods.includes('smooth_grad')")
    until_there(viewer)
    assert heat(viewer, "0 smooth_grad") is not None
    notebook.save()
    notebook.reload()
    again = Viewer(notebook.page)
    until_there(again)
    assert heat(again, "1 grad_cam") == before
    notebook.execute("comparison.methods = comparison.methods[:2]")
    again.until("root => root.dataset.xwMethods === 'saliency guided_backprop'")
    notebook.execute(
        "comparison.methods = ['saliency', 'guided_backprop', 'attention_rollout', 'grad_cam']"
    )
    until_there(again)


@pytest.mark.parametrize(("theme", "width"), [("dark", 1400), ("light", 520)])
def test_it_is_legible(
    notebook: NotebookPage, viewer: Viewer, shoot: Shoot, theme: str, width: int
) -> None:
    try:
        notebook.page.set_viewport_size({"width": width, "height": 1400})
        notebook.theme(theme)
        viewer.until("(root, theme) => root.dataset.xwTheme === theme", theme)
        layout = "narrow" if width < 600 else "medium"
        viewer.until("(root, layout) => root.dataset.xwLayout === layout", layout)
        assert faint_texts(viewer.root, 4.5) == []
        assert viewer.root.evaluate("root => root.scrollWidth <= root.clientWidth + 1")
        shoot(viewer.root, f"comparison_{theme}_{layout}.png")
    finally:
        notebook.page.set_viewport_size({"width": 1280, "height": 1400})
        notebook.theme("light")


def test_a_saved_page_lives_without_a_kernel(
    notebook: NotebookPage, viewer: Viewer, browser: Browser, tmp_path: Path
) -> None:
    file = tmp_path / "comparison.html"
    notebook.execute(f"comparison.to_html({str(file)!r})")
    with saved_page(browser, file, height=1200) as page:
        saved = Viewer(page)
        saved.until("root => root.dataset.xwComplete !== undefined")
        before = heat(saved, "0 saliency")
        assert before == heat(viewer, "0 saliency")
        saved.control("noise").fill("0.2")
        notebook.until(lambda: heat(saved, "0 saliency") not in (None, before))
        saved.find('[data-xw-picture="1"]').click()
        saved.until("root => root.dataset.xwPictureIndex === '1'")
        view(saved, "swipe")
        saved.until("root => root.querySelector('.xw-pairing').dataset.xwDrawn !== undefined")
        assert saved.control("column-saliency").is_disabled()
