"""The built site, and a Chromium without a network to walk through it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser import chromium
from tools.site.paths import HTML, ROOT

NODE_MODULES = [
    ROOT / "js" / "node_modules",
    *map(Path, os.environ.get("NODE_PATH", "").split(":")),
]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium.started() as browser:
        yield browser


@pytest.fixture(scope="package")
def axe() -> str:
    """The text of axe-core."""
    for folder in NODE_MODULES:
        if (file := folder / "axe-core" / "axe.min.js").exists():
            return file.read_text(encoding="utf-8")
    pytest.fail("axe-core is not installed: npm --prefix js install")


def built() -> list[str]:
    """The pages of the site by their places; none where it has not been built."""
    pages = sorted(HTML.rglob("*.html"))
    return [str(path.relative_to(HTML)) for path in pages if "_modules" not in path.parts]
