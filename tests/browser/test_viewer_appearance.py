"""Everything about how a map looks happens in the browser, at once and without the kernel."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext

from tests.browser.conftest import Shoot, shown
from tests.browser.jupyter import JupyterLab
from tests.browser.notebook_page import NotebookPage
from tests.browser.viewer import DEMO, VIEWER, Viewer


@pytest.fixture(scope="module")
def notebook(window: BrowserContext, lab: JupyterLab, kernel: str) -> Iterator[NotebookPage]:
    """One notebook for all tests here: each puts the look back to where it was."""
    with shown(window, lab, "appearance", [DEMO, VIEWER], kernel=kernel) as opened:
        yield opened


@pytest.fixture
def viewer(notebook: NotebookPage) -> Iterator[Viewer]:
    viewer = Viewer(notebook.page)
    viewer.until_painted("grad_cam")
    yield viewer
    viewer.control("reset").click()
    assert notebook.errors == []


def slide(name: str, key: str, times: int = 1) -> Callable[[Viewer], None]:
    def act(viewer: Viewer) -> None:
        for _ in range(times):
            viewer.control(name).press(key)

    return act


def type_number(name: str, number: str) -> Callable[[Viewer], None]:
    def act(viewer: Viewer) -> None:
        viewer.number(name).fill(number)
        viewer.number(name).press("Enter")
        viewer.number(name).blur()  # at rest it says what the number does

    return act


def choose(name: str, value: str) -> Callable[[Viewer], None]:
    return lambda viewer: viewer.choose(name, value)


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(choose("colormap", "viridis"), id="colormap"),
        pytest.param(slide("threshold", "PageUp", 3), id="threshold by keyboard"),
        pytest.param(type_number("threshold", "50"), id="threshold by number"),
        pytest.param(type_number("clip", "90"), id="clip"),
    ],
)
def test_the_map_is_repainted_without_a_message(
    notebook: NotebookPage, viewer: Viewer, act: Callable[[Viewer], None]
) -> None:
    before, picture = viewer.checksum(), viewer.checksum("picture")
    with notebook.counting() as sent:
        act(viewer)
        changed = viewer.until_changed(before)
        viewer.control("reset").click()
        assert viewer.until_changed(changed) == before
        notebook.page.wait_for_timeout(200)
    assert sent == []
    assert viewer.checksum("picture") == picture


@pytest.mark.parametrize(
    ("act", "name", "before", "after"),
    [
        pytest.param(type_number("opacity", "40"), "opacity", "0.7", "0.4", id="opacity"),
        pytest.param(choose("blend", "multiply"), "mixBlendMode", "normal", "multiply", id="blend"),
    ],
)
def test_the_map_is_laid_over_the_picture_differently(
    notebook: NotebookPage,
    viewer: Viewer,
    act: Callable[[Viewer], None],
    name: str,
    before: str,
    after: str,
) -> None:
    painted = viewer.checksum()
    assert viewer.style(".xw-heat", name) == before
    with notebook.counting() as sent:
        act(viewer)
        viewer.until_style(".xw-heat", name, after)
    assert sent == []
    assert viewer.checksum() == painted


def test_python_knows_what_was_set_by_hand_once_the_hand_rests(
    notebook: NotebookPage, viewer: Viewer, tmp_path: Path
) -> None:
    notebook.execute(
        "seen = []; viewer.observe(lambda change: seen.append(change.new), 'threshold')"
    )
    slider = viewer.control("threshold")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    mouse, y = notebook.page.mouse, box["y"] + box["height"] / 2
    since = len(notebook.to_kernel)
    mouse.move(box["x"] + 0.1 * box["width"], y)
    mouse.down()
    for share in (0.2, 0.3, 0.4, 0.5):
        mouse.move(box["x"] + share * box["width"], y, steps=5)
        notebook.page.wait_for_timeout(300)  # the hand stops, but does not let go
    assert notebook.said_at_rest("threshold", since) == 0
    mouse.up()
    notebook.until(lambda: notebook.said_at_rest("threshold", since) == 1)
    value = float(slider.input_value()) / float(slider.get_attribute("max") or 1)
    assert 0.4 < value < 0.6
    notebook.until_kernel(f"abs(viewer.threshold - {value}) < 0.011")
    page = tmp_path / "page.html"
    notebook.execute(
        "assert seen == [viewer.threshold], seen\n"
        "viewer.unobserve_all('threshold')\n"
        f"viewer.to_html({str(page)!r})"
    )
    saved = re.search(r'"threshold":\s*([0-9.]+)', page.read_text(encoding="utf-8"))
    assert saved is not None
    assert float(saved[1]) == pytest.approx(value, abs=0.011)


def test_the_threshold_hides_what_is_weaker(viewer: Viewer) -> None:
    """At half the maximum, the share that is kept is the share of pixels that are visible."""
    type_number("threshold", "50")(viewer)
    viewer.until("root => Number(root.dataset.xwKept) < 0.99")
    kept = float(viewer.data("kept") or "nan")
    assert viewer.visible_share() == pytest.approx(kept, abs=0.01)
    assert viewer.shown("threshold") == f"keeps {kept * 100:.0f} %"


def test_side_by_side_and_swipe(notebook: NotebookPage, viewer: Viewer, shoot: Shoot) -> None:
    with notebook.counting() as sent:
        viewer.root.get_by_text("Side by side", exact=True).click()
        viewer.until("root => root.dataset.xwLayout === 'across'")
        picture = viewer.find('[data-xw-canvas="picture"]').bounding_box()
        heat = viewer.find('[data-xw-canvas="heat"]').bounding_box()
        assert picture is not None
        assert heat is not None
        assert heat["x"] == pytest.approx(picture["x"] + picture["width"], abs=1)
        assert heat["width"] == pytest.approx(picture["width"], abs=1)
        shoot(viewer.root, "side_by_side.png")

        viewer.root.get_by_text("Swipe", exact=True).click()
        handle = viewer.control("swipe")
        handle.wait_for()
        assert handle.get_attribute("aria-valuenow") == "50"
        handle.press("PageUp")
        assert handle.get_attribute("aria-valuenow") == "70"
        shoot(viewer.root, "swipe.png")
    assert sent == []


def test_zoom_and_the_value_under_the_cursor(viewer: Viewer, shoot: Shoot) -> None:
    at = viewer.find('[data-xw-canvas="heat"]').bounding_box()
    assert at is not None
    viewer.page.mouse.move(at["x"] + 100, at["y"] + 100)
    readout = viewer.find("[data-xw-readout]")
    assert "row" in readout.inner_text()
    assert "col" in readout.inner_text()
    viewer.control("zoom-in").click()
    viewer.control("zoom-in").click()
    zoomed = viewer.find(".xw-stage").get_attribute("data-xw-zoom")
    assert float(zoomed or 0) == pytest.approx(2.25)
    shoot(viewer.root, "zoomed.png")


def test_a_double_click_resets_one_control(viewer: Viewer) -> None:
    type_number("opacity", "20")(viewer)
    type_number("clip", "95")(viewer)
    viewer.control("opacity").dblclick()
    assert viewer.shown("opacity") == "70 %"
    assert viewer.shown("clip") == "95.0 %"


def test_the_picture_is_saved_as_it_looks(viewer: Viewer, tmp_path: Path) -> None:
    with viewer.page.expect_download() as download:
        viewer.choose("save", "save picture")
    assert download.value.suggested_filename.endswith(".png")
    file = tmp_path / "saved.png"
    download.value.save_as(file)
    assert file.read_bytes().startswith(b"\x89PNG")
    with Image.open(file) as saved:  # the whole photograph, at its own size
        assert saved.size == (451, 300)
