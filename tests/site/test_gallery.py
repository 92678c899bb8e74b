"""The widgets' pages say of every key and of every control what it does: both are read off the
browser's code and off the live figures, so that neither table goes stale.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Frame, Page

import xai_widgets as xw
from tools.site.paths import DOCS, HTML, ROOT

GALLERY = DOCS / "gallery"
WIDGETS = sorted(path.stem for path in GALLERY.glob("*.md") if path.stem != "index")
# What a widget's folder in js/src takes from others that knows keys.
SHARED = {
    "heatmap": ("brush/index.ts", "brush/pointer.ts", "parts/stage.ts", "parts/barhandles.ts"),
    "comparison": ("parts/stage.ts",),
    "faithfulness": ("parts/plot.ts",),
    "training": ("parts/plot.ts",),
}
NAMED = {"PageUp": "Page Up", "PageDown": "Page Down", "Escape": "Esc", " ": "Space"}
_KEY = re.compile(r'\bkey [!=]== "([^"]+)"|\b(Page(?:Up|Down)|Home|End)\b')


def text_of(widget: str) -> str:
    return (GALLERY / f"{widget}.md").read_text(encoding="utf-8")


def keys_of(widget: str) -> set[str]:
    """The keys that a widget's browser code compares with."""
    source = ROOT / "js" / "src"
    files = [*(source / widget).rglob("*.ts"), *(source / name for name in SHARED.get(widget, ()))]
    found = {a or b for path in files for a, b in _KEY.findall(path.read_text(encoding="utf-8"))}
    return {key for key in found if not key.startswith("Arrow") and key != "Tab"}


def test_every_widget_has_a_page() -> None:
    folders = {path.parent.name for path in (ROOT / "js" / "src").glob("*/style.css")}
    assert set(WIDGETS) == folders - {"brush"}
    for widget in WIDGETS:
        name = text_of(widget).partition("\n")[0].removeprefix("# ")
        assert name in xw.__all__
        assert f"<!-- generated: traits {name} -->" in text_of(widget)


@pytest.mark.parametrize("widget", WIDGETS)
def test_its_page_names_every_key(widget: str) -> None:
    keys = keys_of(widget)
    said = set(re.findall(r"<kbd>([^<]+)</kbd>", text_of(widget)))
    common = set(re.findall(r"<kbd>([^<]+)</kbd>", text_of("index")))
    assert {NAMED.get(key, key) for key in keys} - said - common == set()
