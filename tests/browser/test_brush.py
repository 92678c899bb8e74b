"""The brush: painting over the picture, by hand and from Python, and what the classes answer."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.conftest import Shoot, shown
from tests.browser.jupyter import JupyterLab
from tests.browser.notebook_page import NotebookPage
from tests.browser.viewer import SMALL, VIEWER, Viewer

# As it comes, the small network says much the same of everything.
MOVED = """
with torch.no_grad():
    network[-1].weight *= 60
forwards = []
_ = network.register_forward_hook(lambda *_: forwards.append(1))
"""


@pytest.fixture(scope="module")
def notebook(lab: JupyterLab, window: BrowserContext, kernel: str) -> Iterator[NotebookPage]:
    with shown(window, lab, "brush", [SMALL + MOVED, VIEWER], kernel=kernel) as page:
        yield page


@pytest.fixture
def viewer(notebook: NotebookPage) -> Iterator[Viewer]:
    """The one viewer of this module's page, its brush on and nothing painted."""
    viewer = Viewer(notebook.page)
    viewer.until_painted("grad_cam")
    if viewer.data("brush") is None:
        viewer.control("brush").click()
        viewer.until("root => root.dataset.xwBrush !== undefined")
    viewer.page.set_viewport_size({"width": 1400, "height": 1400})  # all tools side by side
    viewer.control("zoom-reset").click()
    if viewer.control("clear").is_visible():
        viewer.control("clear").click()
    if viewer.find(".xw-stage").get_attribute("data-xw-backdrop") != "input":
        viewer.control("backdrop").click()  # the pane is the picture
        viewer.until("root => root.querySelector('.xw-stage').dataset.xwBackdrop === 'input'")
    pick(viewer, "black")
    yield viewer
    assert notebook.errors == []


def pick(viewer: Viewer, fill: str) -> None:
    viewer.control("fill").locator(f'input[value="{fill}"]').check(force=True)


def drag(viewer: Viewer, *points: tuple[float, float]) -> None:
    """Paint from point to point, each in shares of the stage's pane."""
    box = viewer.find("[data-xw-stage]").bounding_box()
    assert box is not None
    mouse = viewer.page.mouse
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    mouse.move(*at[0])
    mouse.down()
    for point in at[1:]:
        mouse.move(*point, steps=4)
    mouse.up()


def answered(viewer: Viewer) -> str:
    """Wait until the answer to the latest stroke is shown; return its words, with plain spaces."""
    viewer.until("root => root.dataset.xwPainted === root.dataset.xwStroke")
    viewer.until("root => root.dataset.xwMapped === root.dataset.xwStroke")
    return viewer.find("[data-xw-verdict]").inner_text().replace("\u00a0", " ")


def pixel(viewer: Viewer, x: float, y: float, canvas: str = "paint") -> list[int]:
    found: list[int] = viewer.find(f'[data-xw-canvas="{canvas}"]').evaluate(
        """(canvas, [x, y]) => Array.from(canvas.getContext("2d")
          .getImageData(Math.floor(x * canvas.width), Math.floor(y * canvas.height), 1, 1).data)""",
        [x, y],
    )
    return found


def bars(viewer: Viewer) -> list[str]:
    return viewer.root.locator(".xw-bars .xw-chance").all_inner_texts()


def test_painting_by_mouse_changes_the_picture_and_the_bars(
    notebook: NotebookPage, viewer: Viewer
) -> None:
    picture, before = viewer.checksum("paint"), bars(viewer)
    beside = pixel(viewer, 0.9, 0.9)
    drag(viewer, (0.3, 0.3), (0.5, 0.5), (0.5, 0.7))
    words = answered(viewer)
    assert re.fullmatch(
        r"\S+ \d+\.\d % → \d+\.\d %\s(now \S+ \d+\.\d %\s)?\d+ % painted\sClear", words.strip()
    )
    assert viewer.checksum("paint") != picture
    for point in ((0.3, 0.3), (0.4, 0.4), (0.5, 0.7)):
        assert pixel(viewer, *point) == [0, 0, 0, 255]
        assert pixel(viewer, *point, "heat")[3] == 0  # no map of what is no longer there
    assert pixel(viewer, 0.9, 0.9) == beside
    after = bars(viewer)
    assert after != before
    assert viewer.root.locator(".xw-bar .xw-tick:visible").count() == 5
    shown = [float(text.split()[0]) for text in after]
    notebook.execute(
        f"""
top = [score["index"] for score in viewer.prediction["top"]]
said = [100 * float(viewer.painted_probabilities[i]) for i in top]
assert all(abs(a - b) < 0.051 for a, b in zip(said, {shown})), (said, {shown})
"""
    )


def test_zoom_is_respected(viewer: Viewer) -> None:
    for _ in range(3):
        viewer.control("zoom-in").click()
    where = pixel(viewer, 0.5 + 0.2 / 1.5**3, 0.5)
    assert where == [0, 0, 0, 0]
    drag(viewer, (0.7, 0.5))
    answered(viewer)
    assert pixel(viewer, 0.5 + 0.2 / 1.5**3, 0.5) == [0, 0, 0, 255]
    assert pixel(viewer, 0.75, 0.5) != [0, 0, 0, 255]
    # the middle button moves the picture under the brush
    before = viewer.checksum("paint")
    viewer.page.mouse.down(button="middle")
    viewer.page.mouse.move(10, 10, steps=3)
    viewer.page.mouse.up(button="middle")
    assert viewer.checksum("paint") == before


def test_it_paints_by_keyboard(viewer: Viewer) -> None:
    page = viewer.page
    picture, size = viewer.checksum("paint"), viewer.find(".xw-toolbar .xw-number")
    viewer.find("[data-xw-stage]").focus()
    page.mouse.move(0, 0)
    page.keyboard.press("ArrowRight")  # the first key shows where it is
    page.keyboard.press("Shift+ArrowRight")
    assert viewer.find(".xw-circle").is_visible()
    before = size.inner_text()
    page.keyboard.press("]")
    assert int(size.inner_text().split()[0]) > int(before.split()[0])
    page.keyboard.press("[")
    page.keyboard.press("Enter")
    once = answered(viewer)
    assert pixel(viewer, 0.5 + 10 / 64, 0.5) == [0, 0, 0, 255]
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press(" ")
    assert answered(viewer) != once
    page.keyboard.press("Control+z")
    assert answered(viewer) == once
    page.keyboard.press("Control+z")
    assert viewer.checksum("paint") == picture
    page.keyboard.press("b")
    assert viewer.data("brush") is None
    assert viewer.control("brush").get_attribute("aria-pressed") == "false"
    page.keyboard.press("b")
    assert viewer.control("brush").get_attribute("aria-pressed") == "true"
    page.keyboard.press("Escape")
    assert viewer.data("brush") is None


def test_clearing_brings_everything_back_at_once(notebook: NotebookPage, viewer: Viewer) -> None:
    picture, heat, before = viewer.checksum("paint"), viewer.checksum(), bars(viewer)
    drag(viewer, (0.2, 0.6), (0.8, 0.6))
    answered(viewer)
    pick(viewer, "mean")
    answered(viewer)
    notebook.execute("forwards.clear()")
    viewer.control("clear").click()
    assert (viewer.checksum("paint"), viewer.checksum(), bars(viewer)) == (picture, heat, before)
    notebook.execute("assert forwards == [] and viewer.painted_probabilities is None")


def test_python_paints_the_same_picture_and_the_part_is_asked_for_once(
    notebook: NotebookPage, viewer: Viewer
) -> None:
    picture = viewer.checksum("paint")
    notebook.execute(
        "import numpy as np\nmask = np.zeros((64, 64), bool)\nmask[:16] = True\n"
        "viewer.paint(mask, 'mean')"
    )
    viewer.until_changed(picture, "paint")
    viewer.until("root => root.querySelector('[data-xw-verdict]').textContent.includes('25')")
    assert pixel(viewer, 0.1, 0.1) == pixel(viewer, 0.9, 0.2)
    notebook.execute("viewer.clear_paint()")
    viewer.until("root => !root.querySelector('[data-xw-verdict]').textContent.includes('25')")
    assert viewer.checksum("paint") == picture
    viewer.control("brush").click()
    viewer.control("brush").click()
    sent = [f if isinstance(f, str) else f.decode("utf-8", "replace") for f in notebook.to_kernel]
    assert sum(bool(re.search(r'"kind":\s*"brush"', text)) for text in sent) == 1


def test_the_map_follows_the_paint(notebook: NotebookPage, viewer: Viewer, shoot: Shoot) -> None:
    before = viewer.checksum()
    box = viewer.find("[data-xw-stage]").bounding_box()
    assert box is not None
    mouse = notebook.page.mouse
    at = [(box["x"] + x * box["width"], box["y"] + 0.5 * box["height"]) for x in (0.2, 0.5, 0.8)]
    mouse.move(*at[0])
    mouse.down()
    mouse.move(*at[1], steps=4)
    mouse.move(*at[2], steps=4)
    mouse.up()
    answered(viewer)
    viewer.until("root => root.dataset.xwLive !== undefined")
    assert viewer.checksum() != before
    assert viewer.find("[data-xw-whose]").inner_text() == "Map of the painted picture"
    shoot(viewer.root, "painted_map.png")
    notebook.until_kernel("viewer.painted_attribution is not None")
    notebook.execute(
        "a, b = viewer.painted_attribution, viewer.attribution\n"
        "assert (a.method, a.target, a.layer) == (b.method, b.target, b.layer)\n"
        "assert (a.values != b.values).any()"
    )
    viewer.choose("method", "saliency")
    viewer.until_painted("saliency")
    viewer.until("root => root.dataset.xwLive !== undefined")
    notebook.until_kernel("viewer.painted_attribution.method == 'saliency'")
    viewer.choose("method", "grad_cam")
    viewer.until_painted("grad_cam")
    viewer.control("clear").click()
    assert viewer.find("[data-xw-whose]").is_hidden()
    assert viewer.checksum() == before
    notebook.until_kernel("viewer.painted_attribution is None")
