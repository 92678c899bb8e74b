"""A ring says where the keyboard is: it is there for keys, and not after a press of the mouse."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.viewer import RING, Viewer, saved_page
from tests.widgets.registry import WIDGETS


@pytest.mark.parametrize("name", ["heatmap", "faithfulness", "comparison", "latent", "training"])
def test_a_press_draws_no_ring_and_a_key_does(browser: Browser, tmp_path: Path, name: str) -> None:
    with WIDGETS[name].make() as widget:
        widget.wait(60)
        file = widget.to_html(tmp_path / "widget.html")
    with saved_page(browser, file, width=1100, height=1600) as page:
        viewer = Viewer(page)
        viewer.until("root => root.dataset.xwReady !== undefined")
        surfaces = viewer.root.locator("[tabindex='0']").all()
        assert surfaces
        for surface in (one for one in surfaces if one.is_visible()):
            surface.click(position={"x": 8, "y": 8})
            assert surface.evaluate("element => element === document.activeElement")
            assert not surface.evaluate(RING)
            page.keyboard.press("Shift+Tab")
            page.keyboard.press("Tab")
            assert surface.evaluate("element => element === document.activeElement")
            assert surface.evaluate(RING)
