"""The methods as a contact sheet: seen, filtered, walked by keyboard, and in nobody's way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.conftest import OpenNotebook, Shoot, shown
from tests.browser.contrast import faint_texts
from tests.browser.jupyter import JupyterLab
from tests.browser.notebook_page import NotebookPage
from tests.browser.test_viewer_layout import boxes, sized
from tests.browser.viewer import DEMO, SMALL, VIEWER, Viewer

ENOUGH = 4.5  # WCAG 2.2, 1.4.3


@pytest.fixture(scope="module")
def notebook(lab: JupyterLab, window: BrowserContext, kernel: str) -> Iterator[NotebookPage]:
    with shown(window, lab, "sheet", [DEMO, VIEWER], kernel=kernel) as page:
        yield page


@pytest.fixture
def viewer(notebook: NotebookPage) -> Iterator[Viewer]:
    viewer = Viewer(notebook.page)
    viewer.until_painted()
    yield viewer
    notebook.page.keyboard.press("Escape")
    assert notebook.errors == []


PREVIEWED = """root => {
  const quick = [...root.querySelectorAll("[data-xw-value]")]
    .filter((offer) => offer.closest(".xw-sheet") && !offer.ariaDisabled);
  const drawn = quick.filter((offer) => offer.querySelector("canvas").width > 1);
  return drawn.length === quick.length && quick.length > 20;
}"""


@pytest.mark.parametrize(("width", "height"), [(480, 900), (780, 800), (1280, 720), (1480, 900)])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_and_moves_nothing(
    notebook: NotebookPage, viewer: Viewer, shoot: Shoot, width: int, height: int, theme: str
) -> None:
    notebook.theme(theme)
    viewer.until("(root, theme) => root.dataset.xwTheme === theme", theme)
    sized(viewer, width, height)
    before = boxes(viewer)
    viewer.control("method").click()
    viewer.until(PREVIEWED)
    assert boxes(viewer) == before
    sheet, card = viewer.find(".xw-sheet").bounding_box(), viewer.root.bounding_box()
    assert sheet is not None
    assert card is not None
    assert sheet["x"] >= card["x"]
    assert sheet["x"] + sheet["width"] <= card["x"] + card["width"]
    assert sheet["y"] + sheet["height"] <= card["y"] + card["height"]
    assert sheet["height"] >= 340
    over = viewer.find(".xw-methods").evaluate("list => list.scrollWidth - list.clientWidth")
    assert over <= 0
    assert faint_texts(viewer.find(".xw-sheet"), ENOUGH) == []
    shoot(viewer.root, f"sheet_{theme}_{width}.png")


def test_seconds_are_measured_or_said_to_be_estimated(
    notebook: NotebookPage, viewer: Viewer
) -> None:
    sized(viewer, 1280, 900)
    with notebook.counting() as sent:
        viewer.control("method").click()
        viewer.until("root => /ms|s$/.test(root.querySelector("
                     "'[data-xw-value=guided_backprop] .xw-note').textContent)")  # fmt: skip
        notes = {
            name: viewer.find(f'.xw-sheet [data-xw-value="{name}"] .xw-note').inner_text()
            for name in ("grad_cam", "rise", "ablation_cam", "attention_rollout")
        }
    assert sent == []  # nobody has asked for anything
    assert "≈" not in notes["grad_cam"]
    assert notes["grad_cam"].split()[-1] in ("ms", "s")
    assert notes["rise"].startswith("≈")
    assert "≈" not in notes["ablation_cam"]  # its sentence does not tell: it stands there
    assert notes["ablation_cam"].startswith("1 forward")
    assert "attention" in notes["attention_rollout"].lower()
    said = viewer.find('.xw-sheet [data-xw-value="rise"]').get_attribute("aria-label") or ""
    assert "estimated" in said


def test_it_is_used_by_keyboard_alone(notebook: NotebookPage, viewer: Viewer) -> None:
    sized(viewer, 1280, 900)
    keys = notebook.page.keyboard
    at = "root => root.querySelector('.xw-sheet [data-xw-active]')?.dataset.xwValue"
    focused = "root => document.activeElement.dataset.xwControl"
    viewer.control("method").focus()
    keys.press("Enter")
    assert viewer.root.evaluate(focused) == "method-filter"
    assert viewer.root.evaluate(at) == "grad_cam"
    keys.press("ArrowRight")
    assert viewer.root.evaluate(at) == "hires_cam"
    keys.press("ArrowDown")
    place = """root => {
      const active = root.querySelector('.xw-sheet [data-xw-active]');
      const above = root.querySelector('.xw-sheet [data-xw-value=hires_cam]');
      return [active.offsetLeft - above.offsetLeft, active.offsetTop > above.offsetTop];
    }"""
    assert viewer.root.evaluate(place) == [0, True]
    keys.press("ArrowUp")
    assert viewer.root.evaluate(at) == "hires_cam"
    keys.press("End")
    keys.press("Home")
    assert viewer.root.evaluate(at) == "grad_cam"
    keys.type("path blur")
    assert viewer.root.evaluate(at) == "blur_ig"
    keys.press("Escape")
    assert viewer.root.evaluate(focused) == "method"
    assert viewer.data("method") == "grad_cam"
    keys.type("sali")
    keys.press("Enter")
    viewer.until_painted("saliency")
    assert viewer.root.evaluate(focused) == "method"
    keys.type("grad-cam")
    keys.press("Enter")
    viewer.until_painted("grad_cam")


def test_sanity_checks_come_when_they_are_asked_for(
    open_notebook: OpenNotebook, shoot: Shoot
) -> None:
    notebook = open_notebook([SMALL, VIEWER])
    viewer = Viewer(notebook.page)
    viewer.until_painted("grad_cam")
    viewer.control("method").click()
    assert viewer.root.locator(".xw-chip").count() == 0
    viewer.control("check-methods").click()
    viewer.until("root => root.querySelector('[data-xw-value=guided_backprop] .xw-chip')")
    viewer.until("root => root.querySelector('[data-xw-control=check-methods]').hidden")
    shoot(viewer.root, "sheet_checks.png")
    notebook.execute("assert viewer.randomization['guided_backprop'] is not None")
    assert notebook.errors == []
