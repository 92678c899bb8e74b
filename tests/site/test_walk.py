"""A walk through the built site, opened from disk with the network off: ``make docs`` goes it.

No page asks for anything from outside or complains, every figure is painted and its main control
moves, nothing serious stands between a page and those who read it otherwise, and every page can be
used 400 pixels wide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser, Frame, Page

from tests.browser.viewer import PATIENCE
from tests.site.conftest import built
from tools.site.notebooks import figures_of
from tools.site.paths import HTML, NOTEBOOKS, SOURCE

pytestmark = pytest.mark.site

# The main control of each widget: what is done, and what has to have changed then.
MOVE = """
async (root) => {
  const seen = () => [...root.querySelectorAll("canvas")].filter((c) => c.width && c.height)
    .map((c) => c.toDataURL()).join() + root.innerText +
    [...root.querySelectorAll("*")].map((e) => e.getAttribute("style") ?? "").join();
  const settle = () => new Promise((done) => setTimeout(done, 250));
  const before = seen();
  const ranges = [...root.querySelectorAll("input[type=range]:not(:disabled)")];
  const range = ranges.find((r) => r.max !== r.min && r.offsetParent);
  if (range) {
    const middle = (Number(range.min) + Number(range.max)) / 2;
    range.value = Math.abs(range.value - middle) < 1e-9 ? range.max : middle;
    range.dispatchEvent(new Event("input", { bubbles: true }));
    range.dispatchEvent(new Event("change", { bubbles: true }));
    await settle();
    if (seen() !== before) return true;
  }
  for (const radio of root.querySelectorAll("input[type=radio]:not(:checked):not(:disabled)")) {
    radio.click();
    await settle();
    if (seen() !== before) return true;
  }
  for (const button of root.querySelectorAll("button:not(:disabled)")) {
    if (!button.offsetParent) continue;
    button.click();
    await settle();
    if (seen() !== before) return true;
  }
  return false;
}
"""
PAINTED = """
(root) => [...root.querySelectorAll("canvas")].some((canvas) => {
  if (!canvas.width || !canvas.height) return false;
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  return pixels.some((value) => value);
}) || [...root.querySelectorAll("img")].some((image) => image.naturalWidth)
"""


@dataclass
class Heard:
    """What a page asked for, and what it complained of."""

    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@pytest.fixture
def page(browser: Browser) -> Iterator[tuple[Page, Heard]]:
    context = browser.new_context(offline=True, viewport={"width": 1400, "height": 900})
    page, heard = context.new_page(), Heard()
    local = ("file:", "data:", "blob:", "about:")
    page.on("request", lambda r: r.url.startswith(local) or heard.outside.append(r.url))
    page.on("requestfailed", lambda r: heard.errors.append(f"{r.url}: {r.failure}"))
    page.on("console", lambda m: m.type == "error" and heard.errors.append(m.text))
    page.on("pageerror", lambda problem: heard.errors.append(str(problem)))
    yield page, heard
    context.close()


def test_the_site_has_been_built() -> None:
    assert "index.html" in built(), "run: make docs"


@pytest.mark.parametrize("place", built())
def test_a_page(page: tuple[Page, Heard], axe: str, place: str) -> None:
    tab, heard = page
    tab.goto((HTML / place).as_uri())
    for number, box in enumerate(tab.query_selector_all(".xw-figure")):
        box.scroll_into_view_if_needed()
        tab.wait_for_function("(box) => box.querySelector('iframe')", arg=box, timeout=PATIENCE)
        element = box.query_selector("iframe")
        frame = element and element.content_frame()
        assert frame is not None
        check_figure(frame, f"figure {number + 1} of {place}")
    assert heard.outside == []
    assert heard.errors == []
    tab.evaluate("scrollTo(0, 0)")
    tab.evaluate(axe)
    assert serious(tab, "light", {}) == []
    colours = {"runOnly": ["color-contrast", "link-in-text-block"]}
    assert serious(tab, "dark", colours) == []
    tab.set_viewport_size({"width": 400, "height": 800})
    wide = tab.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 1, "the page has to be scrolled sideways at 400 pixels"


def serious(tab: Page, theme: str, rules: dict[str, list[str]]) -> list[str]:
    """What axe-core finds serious on the page in that theme, the figures left out."""
    tab.evaluate("(theme) => { document.body.dataset.theme = theme; }", theme)
    options = {"resultTypes": ["violations"], **rules}
    run = "(options) => axe.run({ exclude: [['.xw-figure']] }, options)"
    return [
        f"{theme}, {found['id']}: {found['help']}: {[n['html'][:200] for n in found['nodes'][:3]]}"
        for found in tab.evaluate(run, options)["violations"]
        if found["impact"] in ("serious", "critical")
    ]


def check_figure(frame: Frame, what: str) -> None:
    root = frame.wait_for_selector("[data-xw-state]", timeout=PATIENCE)
    assert root is not None
    frame.wait_for_function(PAINTED, arg=root, timeout=PATIENCE)
    assert frame.evaluate(MOVE, root), f"nothing moves in {what}"


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.names.update(given[key] or "" for key in ("id", "name") if key in given)
        self.links += [given[key] or "" for key in ("href", "src") if key in given]


def test_no_link_is_broken() -> None:
    read: dict[Path, _Links] = {}
    for path in HTML.rglob("*.html"):
        read[path] = _Links()
        read[path].feed(path.read_text(encoding="utf-8"))
    broken = []
    for path, found in read.items():
        for link in found.links:
            if re.match(r"[a-z]+:|//", link) or not link:
                continue
            target, _, part = link.partition("#")
            target = unquote(target.partition("?")[0])
            file = (path.parent / target).resolve() if target else path
            if not file.exists() or (
                part and file in read and unquote(part) not in read[file].names
            ):
                broken.append(f"{path.relative_to(HTML)}: {link}")
    assert broken == []


def test_every_widget_of_a_notebook_is_a_live_figure() -> None:
    for place in NOTEBOOKS.values():
        made = figures_of((SOURCE / place).read_text(encoding="utf-8"))
        text = (HTML / place).with_suffix(".html").read_text(encoding="utf-8")
        assert made
        assert re.findall(r'class="xw-figure" data-figure="(\w+)"', text) == made, place


def test_nothing_on_a_page_is_from_elsewhere() -> None:
    for path in HTML.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        loaded = re.findall(
            r"<(?:script|img|iframe|link rel=\"(?!canonical))[^>]*(?:src|href)=\"(https?://[^\"]*)",
            text,
        )
        assert loaded == [], path
