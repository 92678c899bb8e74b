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


# What can be pressed, dragged or written into, as a screen reader is told of it.
_CONTROL = re.compile(
    r"^(?P<deep> *)- '?(?P<role>combobox|radiogroup|slider|button|searchbox|group)"
    r' "(?P<name>(?:[^"\\]|\\.)*)"'
)


def rows_of(widget: str) -> list[tuple[list[str], str]]:
    """The table of controls: what they are called, and what is said of them."""
    table = re.search(r"^## Controls\n(.*?)^## ", text_of(widget), re.MULTILINE | re.DOTALL)
    assert table, widget
    rows = re.findall(r"^\| (?!Control )([^|]+) \| (.*) \|$", table[1], re.MULTILINE)
    return [([word.strip() for word in re.split("[:,]", names)], said) for names, said in rows]


def names_in(snapshot: str) -> Iterator[str]:
    """What the controls of a view are called. What is in a group goes by the group's name; what is
    in a table, and names with numbers in them, are data.
    """
    inside: int | None = None
    for line in snapshot.splitlines():
        deep = len(line) - len(line.lstrip())
        if inside is not None and deep > inside:
            continue
        inside = deep if line.lstrip().startswith("- table") else None
        found = _CONTROL.match(line)
        if not found or not deep:
            continue
        if found["role"] in ("group", "radiogroup"):
            inside = deep
        if not re.search(r"\d", found["name"]) or found["role"] == "slider":
            yield found["name"].partition(":")[0]


@pytest.mark.site
@pytest.mark.parametrize("widget", WIDGETS)
def test_its_page_has_every_control_and_no_other(browser: Browser, widget: str) -> None:
    context = browser.new_context(offline=True, viewport={"width": 1400, "height": 900})
    tab = context.new_page()
    tab.goto((HTML / "gallery" / f"{widget}.html").as_uri())
    frame = figure_of(tab)
    root = frame.locator("[data-xw-state]").first
    shown = [root.aria_snapshot()]
    views = root.get_by_role("radiogroup", name="View", exact=True).get_by_role("radio")
    for number in range(1, views.count()):
        views.nth(number).check(force=True)
        frame.wait_for_timeout(300)
        shown.append(root.aria_snapshot())
    html = root.evaluate("(root) => root.outerHTML").lower()
    context.close()

    rows = rows_of(widget)
    said = [word.lower() for words, _ in rows for word in words if len(word) > 2]
    said += [word.lower() for _, text in rows for word in re.findall(r"\*([^*]+)\*", text)]
    names = {name for snapshot in shown for name in names_in(snapshot)}
    assert {name for name in names if not any(word in name.lower() for word in said)} == set()
    there = [words for words, text in rows if "a kernel" not in text]
    stale = {word for words in there for word in words if word.lower() not in html}
    assert {word for word in stale if not word.startswith("a ")} == set()


def figure_of(tab: Page) -> Frame:
    """The first live figure of a page, once it is there."""
    box = tab.wait_for_selector(".xw-figure")
    assert box is not None
    box.scroll_into_view_if_needed()
    iframe = box.wait_for_selector("iframe", timeout=30_000)
    frame = iframe and iframe.content_frame()
    assert frame is not None
    frame.wait_for_selector("[data-xw-ready]", timeout=30_000)
    return frame
