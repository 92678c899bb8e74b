"""Two maps in one picture: a handle between them, or their difference, without a word too many."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.conftest import Shoot, shown
from tests.browser.jupyter import JupyterLab
from tests.browser.notebook_page import NotebookPage
from tests.browser.test_viewer_layout import sized
from tests.browser.viewer import SMALL, VIEWER, Viewer


@pytest.fixture(scope="module")
def notebook(lab: JupyterLab, window: BrowserContext, kernel: str) -> Iterator[NotebookPage]:
    with shown(window, lab, "two_maps", [SMALL, VIEWER], kernel=kernel) as page:
        yield page


@pytest.fixture
def viewer(notebook: NotebookPage) -> Iterator[Viewer]:
    viewer = Viewer(notebook.page)
    viewer.until_painted()
    sized(viewer, 1280, 900)
    yield viewer
    assert notebook.errors == []


PIXEL = """root => {
  const canvas = root.querySelector('[data-xw-canvas="heat"]');
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const sums = {red: 0, blue: 0};
  for (let i = 0; i < data.length; i += 4)
    if (data[i + 3]) sums[data[i] > data[i + 2] ? "red" : "blue"] += 1;
  return sums;
}"""


def test_why_this_class_and_not_the_next(
    notebook: NotebookPage, viewer: Viewer, shoot: Shoot
) -> None:
    viewer.root.get_by_text("Difference", exact=True).click()
    viewer.until("root => root.dataset.xwSecond !== undefined")
    notebook.until_kernel("viewer.arrangement == 'difference'")
    notebook.until_kernel("viewer.other_attribution is not None")
    second = "engine.predict(photo).top(2)[1].index"
    notebook.execute(f"assert viewer.other_target == {second}")
    seen = viewer.root.evaluate(PIXEL)
    notebook.execute(
        "from xai_widgets.widgets.heatmap.second import difference\n"
        "field = difference(viewer.attribution, viewer.other_attribution,"
        " clip=99.5, interpolation='smooth')\n"
        f"assert bool((field > 0).any()) == {seen['red'] > 0}\n"
        f"assert bool((field < 0).any()) == {seen['blue'] > 0}"
    )
    words = viewer.find(".xw-captions").inner_text()
    assert "red: for" in words
    assert "blue: for" in words
    shoot(viewer.root, "difference.png")


def test_the_handle_says_nothing_while_it_moves(
    notebook: NotebookPage, viewer: Viewer, shoot: Shoot
) -> None:
    viewer.root.get_by_text("Swipe", exact=True).click()
    notebook.until_kernel("viewer.arrangement == 'swipe'")
    viewer.control("second").click()
    viewer.find('.xw-popup:not([hidden]) [data-xw-value="method saliency"]').click()
    viewer.until("root => root.dataset.xwSecond?.startsWith('saliency')")
    notebook.until_kernel("viewer.other_attribution.method == 'saliency'")
    handle, pane = viewer.control("swipe"), viewer.find("[data-xw-stage]").bounding_box()
    box = handle.bounding_box()
    assert box is not None
    assert pane is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse = notebook.page.mouse
    mouse.move(x, y)
    mouse.down()
    with notebook.counting() as sent:
        mouse.move(x - 0.25 * pane["width"], y, steps=12)
        notebook.page.wait_for_timeout(600)  # longer than a hand that rests is waited for
    assert sent == []
    assert viewer.find(".xw-beyond").evaluate("e => e.style.clipPath").endswith("25%)")
    mouse.up()
    notebook.until_kernel("abs(viewer.split - 0.25) < 0.01")
    shoot(viewer.root, "two_maps.png")
    handle.focus()
    notebook.page.keyboard.press("End")
    notebook.until_kernel("viewer.split == 1")
    handle.dblclick()
    notebook.until_kernel("viewer.split == 0.5")
    viewer.control("second").click()
    viewer.find('.xw-popup:not([hidden]) [data-xw-value=""]').click()
    notebook.until_kernel("viewer.other_method is None and viewer.other_attribution is None")
    viewer.until("root => root.dataset.xwSecond === undefined")


def test_a_finger_moves_the_handle(notebook: NotebookPage, viewer: Viewer) -> None:
    viewer.root.get_by_text("Swipe", exact=True).click()
    handle = viewer.control("swipe")
    handle.wait_for()
    assert viewer.style('[data-xw-control="swipe"]', "touchAction") == "none"
    box = handle.bounding_box()
    assert box is not None
    assert box["width"] >= 24
    moved = handle.evaluate(
        """handle => {
          const {x, y, width, height} = handle.getBoundingClientRect();
          const at = {pointerId: 1, pointerType: "touch", isPrimary: true, bubbles: true,
            clientX: x + width / 2, clientY: y + height / 2};
          handle.setPointerCapture = () => {};
          handle.dispatchEvent(new PointerEvent("pointerdown", at));
          handle.dispatchEvent(new PointerEvent("pointermove", {...at, clientX: at.clientX + 50}));
          handle.dispatchEvent(new PointerEvent("pointerup", at));
          return handle.getBoundingClientRect().x - x;
        }"""
    )
    assert moved == pytest.approx(50, abs=1)
