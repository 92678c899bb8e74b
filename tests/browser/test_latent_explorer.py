"""LatentExplorer in a real JupyterLab: sliders, neighbours, read-outs, play, a saved page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.conftest import Shoot, shown
from tests.browser.contrast import faint_texts
from tests.browser.jupyter import JupyterLab
from tests.browser.notebook_page import NotebookPage
from tests.browser.viewer import QUARTERS, Viewer, saved_page
from xai_widgets.widgets.latent.work import READOUTS

SMALL = f"""{QUARTERS}
names = ["red", "<b>green</b>", "blue"]
engine = xw.Engine(Brightest(), class_names=names, name="Brightest")
photo = drab
"""
MADE = """
explorer = xw.LatentExplorer(engine, Quarters(), photo, samples=120)
explorer
"""


@pytest.fixture(scope="module")
def notebook(lab: JupyterLab, window: BrowserContext, kernel: str) -> Iterator[NotebookPage]:
    with shown(window, lab, "explorer", [SMALL, MADE], kernel=kernel) as opened:
        yield opened


@pytest.fixture
def viewer(notebook: NotebookPage) -> Iterator[Viewer]:
    """The explorer with its sliders at rest."""
    viewer = Viewer(notebook.page)
    viewer.until(
        "root => root.dataset.xwSliders === '8' && root.dataset.xwBusy === undefined"
        " && root.dataset.xwReady !== undefined"
    )
    if viewer.control("reset-all").is_enabled():
        viewer.control("reset-all").click()
        until_at(viewer, 0.0)
    yield viewer
    assert notebook.errors == []


def until_at(viewer: Viewer, value: float) -> None:
    """Wait until the picture is painted for this value of the counterfactual slider."""
    viewer.until(
        "(root, value) => Number((root.dataset.xwEdited ?? '').split(' ')[0]) === value", value
    )


def bars(viewer: Viewer) -> list[str]:
    texts = viewer.root.locator(".xw-column2 .xw-bar:not([data-xw-empty])").all_inner_texts()
    return [text.replace("\u00a0", " ").replace("\n", " ") for text in texts]


def test_dragging_turns_the_label(notebook: NotebookPage, viewer: Viewer, shoot: Shoot) -> None:
    before, said = viewer.checksum("edited"), bars(viewer)
    assert [text.split()[0] for text in said] == ["red", "<b>green</b>", "blue"]
    slider = viewer.control("counterfactual")
    box = slider.bounding_box()
    assert box is not None
    mouse, y = notebook.page.mouse, box["y"] + box["height"] / 2
    mouse.move(box["x"] + 0.26 * box["width"], y)
    with notebook.counting() as sent:
        mouse.down()
        mouse.move(box["x"] + 0.8 * box["width"], y, steps=40)
        mouse.up()
        value = float(slider.input_value())
        until_at(viewer, value)
    most = float(slider.get_attribute("max") or 0)
    assert 0.6 * most < value < most
    assert 0 < len(sent) <= 41  # one at a time: never more than there were moves
    assert viewer.checksum("edited") != before
    assert bars(viewer) != said
    turned = viewer.root.locator(".xw-column2 .xw-bar[data-xw-label] .xw-class").inner_text()
    assert turned != "red"
    assert viewer.find(".xw-slider").get_attribute("data-xw-turned") is not None
    assert viewer.find(".xw-slider .xw-flip").is_visible()
    notebook.execute(f"assert explorer.edited['values'][0] == {value}")
    shoot(viewer.root, "explorer.png")


def test_keys_and_typed_numbers_move_it_too(notebook: NotebookPage, viewer: Viewer) -> None:
    slider = viewer.control("counterfactual")
    slider.focus()
    for _ in range(3):
        slider.press("ArrowRight")
    until_at(viewer, 0.003)  # the label turns soon: steps are small
    number = viewer.number("counterfactual")
    number.fill("−0,05")
    number.press("Enter")
    until_at(viewer, -0.05)
    assert (slider.get_attribute("aria-valuetext") or "").startswith("−0.050. red")
    slider.dblclick()
    until_at(viewer, 0.0)


def test_a_neighbour_is_seen_and_taken(notebook: NotebookPage, viewer: Viewer) -> None:
    pane = viewer.control("neighbours")
    assert pane.get_attribute("data-xw-points") == "120"
    pane.focus()
    pane.press("ArrowRight")
    pane.press("ArrowLeft")
    viewer.until("root => !root.querySelector('.xw-hover canvas').hidden")
    neighbour = int(pane.get_attribute("data-xw-hovered") or -1)
    seen = viewer.find(".xw-hover").inner_text()
    assert "label kept" in seen or "label shifted" in seen
    with notebook.counting() as sent:
        pane.press("ArrowRight")
        pane.press("ArrowLeft")  # its picture is here already
        notebook.page.wait_for_timeout(200)
    assert len(sent) <= 1
    pane.press("Enter")
    viewer.until("(root, neighbour) => root.dataset.xwNeighbour === neighbour", str(neighbour))
    notebook.until(lambda: viewer.find(".xw-current").get_attribute("visibility") == "visible")
    notebook.execute(
        "import time\n"
        f"while explorer.edited.get('neighbour') != {neighbour}: time.sleep(0.01)\n"
        f"assert (explorer.edited_picture == explorer.explanation.pictures([{neighbour}])[0]).all()"
    )


def test_read_outs_switch_without_the_kernel(notebook: NotebookPage, viewer: Viewer) -> None:
    painted = viewer.checksum("heat")
    assert painted is not None
    with notebook.counting("readout") as sent:
        viewer.control("readout").click()
        offered = viewer.root.locator(".xw-popup:not([hidden]) [data-xw-value]")
        values = offered.evaluate_all("all => all.map(each => each.dataset.xwValue)")
        assert values == list(READOUTS)
        viewer.control("readout").press("Escape")
        for readout in ("magnitude", "times_picture", "weight"):
            viewer.choose("readout", readout)
            viewer.until("(root, name) => root.dataset.xwReadout === name", readout)
        assert viewer.until_changed(None) == painted
        notebook.page.wait_for_timeout(150)
    assert sent == []
    assert "The student agrees with the network" in viewer.find("[data-xw-sentence]").inner_text()


def test_it_plays_and_pauses(notebook: NotebookPage, viewer: Viewer) -> None:
    button = viewer.find('[data-xw-play="1"]')
    button.click()
    viewer.until("root => Math.abs(Number((root.dataset.xwEdited ?? '').split(' ')[1])) > 0.8")
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    notebook.page.wait_for_timeout(300)
    still = viewer.data("edited")
    notebook.page.wait_for_timeout(300)
    assert viewer.data("edited") == still


@pytest.mark.parametrize(("theme", "width"), [("dark", 1280), ("light", 520)])
def test_it_is_legible(
    notebook: NotebookPage, viewer: Viewer, shoot: Shoot, theme: str, width: int
) -> None:
    try:
        notebook.page.set_viewport_size({"width": width, "height": 1400})
        notebook.theme(theme)
        viewer.until("(root, theme) => root.dataset.xwTheme === theme", theme)
        layout = "narrow" if width < 600 else "wide"
        viewer.until("(root, layout) => root.dataset.xwLayout === layout", layout)
        assert faint_texts(viewer.root, 4.5) == []
        within = viewer.root.evaluate("root => root.scrollWidth <= root.clientWidth + 1")
        assert within
        shoot(viewer.root, f"explorer_{theme}_{layout}.png")
    finally:
        notebook.page.set_viewport_size({"width": 1280, "height": 1400})
        notebook.theme("light")


def test_a_saved_page_lives_without_a_kernel(
    notebook: NotebookPage, viewer: Viewer, browser: Browser, tmp_path: Path
) -> None:
    file = tmp_path / "explorer.html"
    notebook.execute(f"explorer.to_html({str(file)!r})")
    with saved_page(browser, file, height=1200) as page:
        saved = Viewer(page)
        saved.until("root => root.dataset.xwSliders === '8'")
        before = saved.until_changed(None, "edited")
        slider = saved.control("counterfactual")
        slider.focus()
        slider.press("End")
        saved.until("root => Number(root.dataset.xwEdited?.split(' ')[0]) > 0.1")
        after = saved.until_changed(before, "edited")
        saved.control("direction-1").focus()
        saved.control("direction-1").press("Home")
        until_at(saved, 0.0)  # one at a time
        assert saved.until_changed(after, "edited")
        pane = saved.control("neighbours")
        pane.focus()
        pane.press("ArrowRight")
        pane.press("Enter")
        saved.until("root => Number(root.dataset.xwNeighbour) >= 0")
        assert "Saved page" in saved.status()
