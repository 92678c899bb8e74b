"""Find a Chromium to test in. ``python -m tests.browser.chromium`` prints where it is, or fails."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

# Without a window's parts first: it takes a third less time.
NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)

# Without the network flags a Chromium on a closed network keeps dialling home.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find() -> str | None:
    """Return the path of a Chromium: $XAI_WIDGETS_CHROMIUM, the system's, or Playwright's own."""
    if chosen := os.environ.get("XAI_WIDGETS_CHROMIUM"):
        return chosen
    for name in NAMES:
        if path := shutil.which(name):
            return path
    with sync_playwright() as playwright:
        bundled = playwright.chromium.executable_path
    return bundled if Path(bundled).exists() else None


@contextmanager
def started() -> Iterator[Browser]:
    """A Chromium; the tests that ask for it are skipped where there is none."""
    executable = find()
    if executable is None:
        import pytest

        pytest.skip("no Chromium on this machine: `make chromium` installs one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


if __name__ == "__main__":
    path = find()
    if path is None:
        sys.exit("There is no Chromium. `make chromium` installs one.")
    print(path)
