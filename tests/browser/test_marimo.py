"""The viewer in marimo: another host, a shadow root, and traits that arrive one by one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Shoot
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
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "marimo", "-q", "run", str(file), "--headless", "--no-token"]
    options = ["--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "HOME": str(folder), "MARIMO_SKIP_UPDATE_CHECK": "1"}
    log = folder / "marimo.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*command, *options], env=environment, stdout=output, stderr=output, cwd=folder
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_it_answers(url, server, log)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=15)


def _wait_until_it_answers(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"marimo did not start:\n{log.read_text(encoding='utf-8')}")


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
