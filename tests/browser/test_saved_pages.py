"""Pages that were saved before the widgets' inside was redrawn: they open, and are alive.

`saved_pages/` holds one of each widget, made of the small networks of the tests and drawn pictures.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Shoot
from tests.browser.viewer import Viewer, saved_page

PAGES = Path(__file__).parent / "saved_pages"
WIDGETS = ("heatmap", "faithfulness", "comparison", "latent", "training")


@contextmanager
def opened(browser: Browser, folder: Path, widget: str) -> Iterator[Viewer]:
    path = folder / f"{widget}.html"
    path.write_bytes(gzip.decompress((PAGES / f"{widget}.html.gz").read_bytes()))
    with saved_page(browser, path) as page:
        yield Viewer(page)


@pytest.mark.parametrize("widget", WIDGETS)
def test_a_page_of_before_opens(
    browser: Browser, tmp_path: Path, shoot: Shoot, widget: str
) -> None:
    with opened(browser, tmp_path, widget) as viewer:
        viewer.until("root => (root.dataset.xwPaintedAt ?? root.dataset.xwReady) !== undefined")
        shoot(viewer.root, f"saved_before_{widget}.png")
        painted = viewer.root.evaluate(
            """root => [...root.querySelectorAll("canvas")].filter(canvas => canvas.width &&
              canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data
                .some(value => value)).length"""
        )
        assert painted > 0
        assert "Saved page" in viewer.root.locator("footer").inner_text()


def test_a_viewer_of_before_is_alive(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, tmp_path, "heatmap") as viewer:
        viewer.until_painted("grad_cam")
        before = viewer.checksum()
        viewer.choose("method", "saliency")
        viewer.until_painted("saliency")
        changed = viewer.until_changed(before)
        viewer.choose("colormap", "viridis")
        viewer.until_changed(changed)
