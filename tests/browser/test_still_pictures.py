"""Where no kernel and no network is left, a reader sees the still picture: once, and only then."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, Locator, Page

from tests.browser.conftest import ROOT, OpenNotebook, Shoot
from tests.browser.viewer import PATIENCE, QUARTERS, SMALL, Viewer

Tried = Callable[..., None]
MADE = f"""{SMALL}{QUARTERS}
from xai_widgets.training import Recipe, Trainer
pixels = torch.randint(0, 255, (16, 16, 16, 3), dtype=torch.uint8).numpy()
labels = torch.arange(16).numpy() % 10
"""
CELLS = [
    MADE,
    "xw.HeatmapViewer(engine, photo)",
    "xw.FaithfulnessViewer(engine, photo, ['saliency'], steps=4, random_maps=1)",
    "print('before')\ndisplay(xw.GradientComparison([engine, engine], photo, ['saliency']))\n"
    "print('after')",
    "xw.LatentExplorer(xw.Engine(Brightest().eval()), Quarters(), drab, samples=100)",
    "recipe = Recipe(epochs=1, batch_size=8, crop=0, rotation=0)\n"
    "monitor = xw.TrainingMonitor(\n"
    "    Trainer(network, (pixels, labels), (pixels, labels), recipe=recipe), 2)\n"
    "monitor.wait()\nmonitor",
    "both = xw.HeatmapViewer(engine, photo), xw.HeatmapViewer(engine, photo, 'saliency')\n"
    "for one in both: display(one)",
]
WIDGETS = 7  # on the page
FEW, FEW_WIDGETS = [*CELLS[:2], CELLS[3], CELLS[6]], 4


def seen(page: Page, selector: str) -> list[Locator]:
    return [one for one in page.locator(selector).all() if one.is_visible()]


def assert_stills(page: Page, count: int) -> None:
    """Every widget's still is there, in its own shape."""
    shown = seen(page, ".xw-still")
    assert len(shown) == count
    for still in shown:
        box = still.bounding_box()
        assert box is not None
        assert box["width"] > 300
        width, height = still.evaluate("s => s.style.aspectRatio.split('/').map(Number)")
        assert box["width"] / box["height"] == pytest.approx(width / height, rel=0.02)
        assert "(" in (still.get_attribute("aria-label") or "")
    assert "model not found" not in page.locator("body").inner_text()


@pytest.mark.timeout(400)  # three times the page, twice a new kernel
def test_jupyterlab_shows_the_view_or_the_still_and_never_both(
    open_notebook: OpenNotebook, shoot: Shoot
) -> None:
    notebook = open_notebook(FEW, own_kernel=True)
    page = notebook.page
    page.set_viewport_size({"width": 1280, "height": 4500})
    for number in range(FEW_WIDGETS):
        Viewer(page, number).root.wait_for(timeout=PATIENCE)
    page.wait_for_timeout(1500)  # a still would have appeared by now
    assert page.locator(".xw-still").count() == FEW_WIDGETS
    assert seen(page, ".xw-still") == []
    assert all(area.bounding_box() is None for area in page.locator(":has(> * > .xw-still)").all())
    notebook.save()

    notebook.reload()  # the kernel lives on: the views come back
    for number in range(FEW_WIDGETS):
        Viewer(page, number).root.wait_for(timeout=PATIENCE)
    notebook.until(lambda: seen(page, ".xw-still") == [])

    notebook.restart_kernel()
    notebook.reload()
    notebook.until(lambda: len(seen(page, ".xw-still")) == FEW_WIDGETS)
    shoot(page, "still_jupyterlab.png")
    assert_stills(page, FEW_WIDGETS)
    assert page.locator(".xw-root").count() == 0
    assert seen(page, ".jp-RenderedImage img") == []
    notebook.theme("dark")
    shoot(page, "still_jupyterlab_dark.png")

    notebook.run_all()
    for number in range(FEW_WIDGETS):
        Viewer(page, number).root.wait_for(timeout=PATIENCE)
    notebook.until(lambda: seen(page, ".xw-still") == [])


@pytest.fixture(scope="module")
def with_state(tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    """The notebook as `nbconvert --execute` runs it."""
    notebook = nbformat.v4.new_notebook()
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    folder = tmp_path_factory.mktemp("executed")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=170, resources=resources).execute(env=environment)
    return notebook


@pytest.fixture(scope="module", params=[True, False], ids=["stored state", "no state"])
def executed(
    request: pytest.FixtureRequest, with_state: nbformat.NotebookNode
) -> tuple[nbformat.NotebookNode, bool]:
    """That, and what `store_widget_state=False` leaves of it."""
    notebook = copy.deepcopy(with_state)
    assert "widgets" in notebook.metadata
    if not request.param:
        del notebook.metadata["widgets"]
    return notebook, request.param


@pytest.mark.parametrize("template", ["lab", "classic", "basic"])
def test_nbconvert_shows_one_picture_offline(
    browser: Browser, executed: tuple[nbformat.NotebookNode, bool], template: str,
    tmp_path: Path, shoot: Shoot, tried: Tried,
) -> None:  # fmt: skip
    notebook, stored = executed
    page_text, _ = HTMLExporter(template_name=template).from_notebook_node(notebook)
    file = tmp_path / "notebook.html"
    file.write_text(page_text, encoding="utf-8")
    context = browser.new_context(offline=True, viewport={"width": 1000, "height": 900})
    try:
        page = context.new_page()
        page.goto(file.as_uri(), wait_until="domcontentloaded")
        page.wait_for_timeout(1500)
        shoot(page, f"still_{template}_{stored}.png", full_page=True)
        if stored:
            assert_stills(page, WIDGETS)
            assert seen(page, "img") == []
        else:
            assert seen(page, ".xw-still") == []
            pictures = seen(page, "img")
            assert len(pictures) == WIDGETS
            assert all((one.bounding_box() or {"width": 0})["width"] > 250 for one in pictures)
        state = "with" if stored else "without"
        tried(f"nbconvert, {state} stored widget state", version("nbconvert"),
              gone="the still" if stored else "the PNG")  # fmt: skip
    finally:
        context.close()


def test_without_style_sheets_only_the_png_is_seen(
    browser: Browser, executed: tuple[nbformat.NotebookNode, bool], tried: Tried
) -> None:
    """What GitHub shows: the richest form it knows, its style sheets taken out."""
    notebook, _ = executed
    shown = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "text/html" in data:
                shown.append(data["text/html"].split("<style>")[0].replace("style=", "data-style="))
            elif "image/png" in data:
                shown.append(f'<img src="data:image/png;base64,{data["image/png"]}">')
    page = browser.new_page()
    page.set_content("".join(shown))
    assert len(seen(page, "img")) == WIDGETS
    assert seen(page, ".xw-still") == []
    page.close()
    tried("GitHub", "imitated", gone="the PNG", limits="Without style sheets and scripts there is "
          "one picture for each view.")  # fmt: skip
