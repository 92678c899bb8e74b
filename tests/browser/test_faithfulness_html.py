"""A saved FaithfulnessViewer: one file, opened from disk, alive, and silent on the network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

import xai_widgets as xw
from tests.browser.conftest import Shoot
from tests.browser.test_faithfulness_viewer import drag, until_drawn
from tests.browser.viewer import SMALL, Viewer, saved_page


def test_a_saved_page_is_alive_and_silent(browser: Browser, tmp_path: Path, shoot: Shoot) -> None:
    names: dict[str, Any] = {}
    exec(SMALL, names)
    made = xw.FaithfulnessViewer(names["engine"], names["photo"], steps=8, stages=2)
    path = made.to_html(tmp_path / "faithfulness & <b>.html")
    made.close()
    with saved_page(browser, path) as page:
        viewer = Viewer(page)
        until_drawn(viewer, "grad_cam saliency random", "blur", 9)
        drag(viewer, "insertion", 0.2, 0.3)
        before = viewer.checksum("point")
        drag(viewer, "insertion", 0.3, 0.45)
        now = viewer.until_changed(before, "point")
        viewer.find('[data-xw-row="saliency"] label').click()
        viewer.until_changed(now, "point")
        assert viewer.find('[value="black"]').is_disabled()
        viewer.find('label:has([value="sanity"])').click()
        viewer.until("root => root.dataset.xwStages === '3'")
        trained = viewer.checksum("trained")
        viewer.control("stages").press("End")
        assert viewer.checksum("stage") != trained
        viewer.find('[data-xw-row="grad_cam"] label').click()
        viewer.until_changed(trained, "trained")
        shoot(page, "faithfulness_saved.png")
