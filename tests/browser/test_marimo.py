"""The viewer in marimo: another host, a shadow root, and traits that arrive one by one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from textwrap import indent

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Shoot
from tests.browser.jupyter import free_port, running
from tests.browser.viewer import SMALL, Viewer

APP = f"""
import marimo

app = marimo.App()


@app.cell
def _():
{indent(SMALL.strip(), "    ")}
    viewer = xw.HeatmapViewer(engine, photo)
    viewer
    return


if __name__ == "__main__":
    app.run()
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("marimo")
    file = folder / "app.py"
    file.write_text(APP, encoding="utf-8")
    port = free_port()
    command = [sys.executable, "-m", "marimo", "-q", "run", str(file), "--headless", "--no-token"]
    options = ["--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "HOME": str(folder), "MARIMO_SKIP_UPDATE_CHECK": "1"}
    url, log = f"http://127.0.0.1:{port}", folder / "marimo.log"
    with running([*command, *options], f"{url}/health", log, env=environment, cwd=folder):
        yield url


def test_it_is_painted_and_answers(browser: Browser, address: str, shoot: Shoot) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    viewer = Viewer(page)
    viewer.until_painted("grad_cam")
    before = viewer.checksum()
    assert before is not None
    viewer.choose("method", "saliency")
    viewer.until_painted("saliency")
    changed = viewer.until_changed(before)
    viewer.choose("colormap", "viridis")
    viewer.until_changed(changed)
    shoot(viewer.root, "marimo.png")
    assert errors == []
    page.close()
