"""DatasetExplorer in a real browser: a saved page, then a notebook."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OpenNotebook, Shoot
from tests.browser.viewer import saved_page
from xai_widgets import DatasetExplorer, Study
from xai_widgets.demo import shapes, shapes_engine

CELL = """
import tempfile, warnings
warnings.simplefilter("ignore")
import xai_widgets as xw
from xai_widgets.demo import shapes, shapes_engine
drawn = shapes(48, seed=3)
labels = [(d.label + (i % 12 == 0)) % 6 for i, d in enumerate(drawn)]
folder = tempfile.mkdtemp() + "/shapes.study"
study = xw.Study(shapes_engine(), ([d.pixels for d in drawn], labels), folder=folder, block=16)
explorer = xw.DatasetExplorer(study)
explorer
"""
COUNT, WRONG = 60, 5


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("explorer")
    drawn = shapes(COUNT, seed=11)
    labels = [(d.label + (i < WRONG)) % 6 for i, d in enumerate(drawn)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = Study(
            shapes_engine(), ([d.pixels for d in drawn], labels), folder=folder / "a.study"
        )
        study.run(wait=True, progress=False)
        with DatasetExplorer(study) as explorer:
            return explorer.to_html(folder / "explorer.html")


@pytest.fixture
def page(browser: Browser, saved: Path) -> Iterator[Page]:
    with saved_page(browser, saved, width=1200, height=900) as page:
        page.wait_for_selector("[data-xw-ready]")
        page.wait_for_selector(".xw-tile [data-xw-waits]", state="detached")
        yield page


def rows(page: Page) -> int:
    return int(page.locator(".xw-dataset").get_attribute("data-xw-rows") or -1)


def until(page: Page, count: int) -> None:
    page.wait_for_selector(f'.xw-dataset[data-xw-rows="{count}"]')


def test_a_saved_page_filters_sorts_and_places(page: Page, shoot: Shoot) -> None:
    assert rows(page) == COUNT
    shoot(page, "dataset_saved.png")
    page.get_by_role("button", name="Wrong", exact=False).first.click()
    until(page, WRONG)
    expect(page.locator(".xw-chip")).to_have_text(re.compile("^wrong"))
    expect(page.locator(".xw-tile:visible")).to_have_count(WRONG)
    page.locator(".xw-chip").click()
    until(page, COUNT)
    page.fill('[data-xw-control="search"]', "star")
    page.wait_for_selector(f'.xw-dataset:not([data-xw-rows="{COUNT}"])')
    for answer, truth in zip(
        page.locator(".xw-tile:visible .xw-answer").all_inner_texts(),
        page.locator(".xw-tile:visible .xw-truth").all_inner_texts(),
        strict=True,
    ):
        assert "star" in answer + truth
    page.fill('[data-xw-control="search"]', "")
    until(page, COUNT)
    page.get_by_text("Confusion", exact=True).click()
    expect(page.locator(".xw-matrix .xw-cell").first).to_have_text(re.compile(r"\d"))
    counts = page.locator(".xw-matrix .xw-cell").all_inner_texts()
    assert sum(int(text) for text in counts if text) == COUNT
    shoot(page, "dataset_confusion.png")
    page.get_by_text("mean maps", exact=True).click()
    expect(page.locator(".xw-matrix .xw-meanmap[data-xw-there]").first).to_be_visible()
    expect(page.locator(".xw-confusion")).to_contain_text("lie alike")
    page.get_by_text("Groups", exact=True).click()
    expect(page.locator(".xw-groupcard").first).to_be_visible()
    in_groups = page.locator(".xw-about2 > span:nth-of-type(1)").all_inner_texts()
    assert sum(int(words.split()[0]) for words in in_groups) == COUNT
    page.locator(".xw-groupcard").last.press("Enter")
    until(page, int(in_groups[-1].split()[0]))
    expect(page.get_by_role("grid")).to_be_focused()
    expect(page.locator(".xw-tile").first).to_be_visible()
    page.locator(".xw-chip").click()
    until(page, COUNT)
    opacity = page.locator('[data-xw-control="opacity"]')
    before = page.locator(".xw-tile canvas").first.evaluate("(c) => c.toDataURL()")
    opacity.fill("0")
    page.wait_for_function(
        "before => document.querySelector('.xw-tile canvas').toDataURL() !== before", arg=before
    )
    opacity.fill("0.7")
    page.get_by_text("Similarity", exact=True).click()
    expect(page.locator(".xw-cloudbox")).to_be_visible()
    box = page.locator(".xw-cloudbox").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    page.mouse.down()
    for x, y in ((0.5, 0.01), (0.99, 0.01), (0.99, 0.5), (0.99, 0.99), (0.5, 0.99), (0.01, 0.99)):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
    page.mouse.up()
    expect(page.locator(".xw-chips")).to_contain_text(f"{COUNT} by hand")
    shoot(page, "dataset_similarity.png")


def test_the_keyboard_walks_chooses_and_searches(page: Page) -> None:
    grid = page.get_by_role("grid")
    grid.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    current = page.locator("[data-xw-current]")
    second = page.locator(".xw-tile").nth(1).get_attribute("data-xw-row") or ""
    expect(current).to_have_attribute("data-xw-row", second)
    expect(grid).to_have_attribute("aria-activedescendant", current.get_attribute("id") or "")
    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")  # adds: takes away the third
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator('[aria-selected="true"]')).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.locator('[aria-selected="true"]')).to_have_count(0)
    page.keyboard.press("/")
    expect(page.locator('[data-xw-control="search"]')).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator('[data-xw-control="pictures"]')).to_be_focused()
    expect(grid).to_have_attribute("aria-label", f"{COUNT} pictures")
    label = page.locator(".xw-tile").first.get_attribute("aria-label") or ""
    assert "labelled" in label


@pytest.mark.parametrize(("width", "drawers"), [(1200, 0), (800, 1), (420, 2)])
def test_columns_become_drawers(browser: Browser, saved: Path, width: int, drawers: int) -> None:
    with saved_page(browser, saved, width=width, height=860) as page:
        page.wait_for_selector("[data-xw-ready]")
        shown = [
            page.locator(f'[data-xw-control="{side}"]').is_visible() for side in ("left", "right")
        ]
        assert sum(shown) == drawers
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if drawers:
            expect(page.locator(".xw-right")).to_be_hidden()
            page.click('[data-xw-control="right"]')
            expect(page.locator(".xw-right")).to_be_visible()
            page.keyboard.press("Escape")
            expect(page.locator(".xw-right")).to_be_hidden()


def test_a_notebook_runs_decides_and_opens_a_viewer(
    open_notebook: OpenNotebook, shoot: Shoot
) -> None:
    notebook = open_notebook([CELL], width=1500)
    page = notebook.page
    root = page.locator(".xw-dataset")
    expect(root.locator("footer")).to_contain_text("0 of 48 pictures explained")
    page.click('[data-xw-control="begin"]')
    page.wait_for_function("document.querySelector('.xw-dataset').dataset.xwDone === '48'")
    page.wait_for_selector("[data-xw-ready]")
    with notebook.counting("filter", "slice") as sent:
        page.locator(".xw-set").nth(1).click()  # wrong
        page.wait_for_selector('.xw-dataset:not([data-xw-rows="48"])')
    assert [kind for kind in map(_kind, sent) if kind != "pictures"] == []
    page.locator(".xw-tile").first.click()
    page.wait_for_selector("[data-xw-sharp]")
    page.keyboard.press("1")
    notebook.until_kernel("[v.word for v in study.verdicts()] == ['label wrong']")
    notebook.until_kernel("list(explorer.selected) == [explorer.row]")
    notebook.until_kernel("explorer.filter == {'correct': False}")
    page.keyboard.press("Enter")
    viewer = page.locator(".xw-place .xw-root")
    viewer.locator("canvas").first.wait_for()
    page.wait_for_function(
        "document.querySelector('.xw-place > div').shadowRoot.querySelector('[data-xw-painted-at]')"
    )
    shoot(root, "dataset_viewer.png")
    page.locator('[data-xw-control="back"]').focus()
    page.keyboard.press("Escape")
    expect(viewer).to_have_count(0)
    notebook.execute("explorer.filter = {}; explorer.sort = 'row'")
    page.wait_for_function("document.querySelector('.xw-dataset').dataset.xwRows === '48'")
    assert notebook.errors == []


def _kind(payload: object) -> str:
    text = payload.decode(errors="replace") if isinstance(payload, bytes) else str(payload)
    if '"comm_msg"' not in text:
        return "pictures"  # a heartbeat of the host
    start = text.find('"kind":')
    return "traits" if start < 0 else json.loads(text[start + 7 :].split(",")[0].split("}")[0])
