"""The saved page: one file, opened from disk, alive, and silent on the network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

import xai_widgets as xw
from tests.browser.conftest import Shoot
from tests.browser.viewer import Viewer, saved_page


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "why & <b>.html"
    with xw.HeatmapViewer(xw.demo.engine(), xw.demo.photo("cat")) as viewer:
        viewer.open()
        viewer.to_html(path)
    return path


@pytest.fixture
def page(browser: Browser, saved: Path) -> Iterator[Page]:
    with saved_page(browser, saved) as page:
        yield page


def test_it_paints_without_a_kernel(page: Page, shoot: Shoot) -> None:
    viewer = Viewer(page)
    viewer.until_painted("grad_cam", 282)
    assert viewer.checksum() is not None
    assert viewer.bars().first.inner_text().split("\n")[0] == "tiger cat"
    shoot(page, "saved.png")


def test_its_appearance_is_alive(page: Page) -> None:
    viewer = Viewer(page)
    viewer.until_painted("grad_cam")
    before = viewer.checksum()
    viewer.choose("colormap", "viridis")
    viewer.until_changed(before)
    viewer.number("opacity").fill("25")
    viewer.number("opacity").press("Enter")
    viewer.until("root => getComputedStyle(root.querySelector('.xw-heat')).opacity === '0.25'")


def test_it_has_no_brush_which_needs_a_kernel(page: Page) -> None:
    viewer = Viewer(page)
    viewer.until_painted("grad_cam")
    assert viewer.control("zoom-in").count() == 1
    assert viewer.control("brush").count() == 0
    viewer.find("[data-xw-stage]").focus()
    page.keyboard.press("b")
    assert viewer.data("brush") is None


def test_it_switches_between_what_was_saved(page: Page) -> None:
    viewer = Viewer(page)
    viewer.until_painted("grad_cam")
    before = viewer.checksum()
    viewer.choose("method", "saliency")
    viewer.until_painted("saliency")
    changed = viewer.until_changed(before)
    viewer.choose("method", "grad_cam")
    viewer.until_changed(changed)
    viewer.bars().nth(1).click()
    viewer.until("root => root.dataset.xwTarget === '285'")


def test_what_was_not_saved_cannot_be_chosen(page: Page) -> None:
    viewer = Viewer(page)
    viewer.until_painted("grad_cam")
    viewer.control("method").click()
    option = viewer.find('.xw-popup:not([hidden]) [data-xw-value="occlusion"]')
    assert option.get_attribute("aria-disabled") == "true"
    page.keyboard.press("Escape")
