"""All widgets at five widths, light and dark: nothing leaves its view, lies over something else, is
cut without a word, or is too faint to read. On saved pages, so that it is quick.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Shoot
from tests.browser.contrast import faint_texts
from tests.browser.crowding import WIDTHS, crowded
from tests.browser.viewer import Viewer
from tests.files.test_names import WIDGETS

ENOUGH = 4.5  # WCAG 2.2, 1.4.3
DOG = "Greater Swiss Mountain dog"
NAMES = (DOG, "Rhodesian ridgeback, a very long name for a class", "Staffordshire bullterrier")


@pytest.fixture(scope="module", params=WIDGETS)
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file: Path = tmp_path_factory.mktemp("saved") / f"{request.param}.html"
    with WIDGETS[request.param](NAMES) as made:
        made.open()
        made.wait(60)
        return made.to_html(file)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_and_can_be_read(
    browser: Browser, saved: Path, theme: Literal["light", "dark"], shoot: Shoot
) -> None:
    context = browser.new_context(
        offline=True, viewport={"width": 1500, "height": 900}, color_scheme=theme
    )
    try:
        page = context.new_page()
        page.goto(saved.as_uri())
        viewer = Viewer(page)
        viewer.until("root => (root.dataset.xwPaintedAt ?? root.dataset.xwReady) !== undefined")
        viewer.until("(root, theme) => root.dataset.xwTheme === theme", theme)
        found = {}
        for width in WIDTHS:
            page.set_viewport_size({"width": width + 40, "height": 900})
            wrong = crowded(viewer.root, width)
            over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            wrong += [f"the page is {over} pixels wider than its window"] if over > 0 else []
            wrong += [f"faint: {one}" for one in faint_texts(viewer.root, ENOUGH)]
            shoot(page, f"width_{saved.stem}_{theme}_{width}.png", full_page=True)
            found[width] = wrong
    finally:
        context.close()
    assert found == {width: [] for width in WIDTHS}
