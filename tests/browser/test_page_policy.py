"""The policy of saved pages in a real browser: their own scripts and styles are taken, and nothing
else runs, whatever the names in it and whatever is written into the file.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Shoot
from tests.browser.viewer import Viewer, saved_page
from tests.files.test_names import WIDGETS

NAMES = (
    "</script><script>document.title='ran'</script>",
    "<img src=x onerror=\"document.title='ran'\">",
    '" onfocus="document.title=1" autofocus="',
)
INJECTED = """<script>document.title = "ran"</script>
<script type="module">document.title = "ran"</script>
<img src="data:," onerror="document.title = 'ran'">
<svg onload="document.title = 'ran'"></svg>
<style>body { display: none }</style>
<script src="data:text/javascript,document.title='ran'"></script>
"""


def page_of(widget: str, folder: Path) -> Path:
    with WIDGETS[widget](NAMES) as made:
        made.open()
        made.wait(60)
        return made.to_html(folder / "page.html")


@pytest.mark.parametrize("widget", WIDGETS)
def test_a_page_is_alive_under_its_own_policy(
    browser: Browser, tmp_path: Path, shoot: Shoot, widget: str
) -> None:
    with saved_page(browser, page_of(widget, tmp_path)) as page:
        viewer = Viewer(page)
        viewer.until("root => (root.dataset.xwPaintedAt ?? root.dataset.xwReady) !== undefined")
        title = page.title()
        # As they are now: what a press shows and hides would count the others anew.
        for button in viewer.root.locator("button:visible").element_handles():
            if button.is_enabled():
                button.evaluate("button => button.click()")
                page.keyboard.press("Escape")
        assert page.title() == title != "ran"
        assert page.evaluate("getComputedStyle(document.body).paddingLeft") == "16px"
        assert page.locator("h1").inner_text() == title
        assert "Saved page" in viewer.root.locator("footer").inner_text()
        shoot(page, f"policy_{widget}.png")


def test_what_is_written_into_the_file_does_not_run(browser: Browser, tmp_path: Path) -> None:
    path = page_of("heatmap", tmp_path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("<main", f"{INJECTED}<main"), encoding="utf-8")
    context = browser.new_context(offline=True)
    try:
        page = context.new_page()
        refused: list[str] = []
        page.on("console", lambda line: refused.append(line.text))
        page.goto(path.as_uri())
        Viewer(page).until("root => root.dataset.xwPaintedAt !== undefined")
        assert page.title() != "ran"
        assert page.evaluate("getComputedStyle(document.body).display") == "block"
        assert sum("Content Security Policy" in words for words in refused) == 6, refused
    finally:
        context.close()
