"""How quickly a page of the site with five live figures opens, and how evenly it scrolls.

    make docs && python benchmarks/site.py
    python benchmarks/site.py guide/two_maps.html --rounds 5

The page is opened from disk in a Chromium with no network and no cache. Measured are the first
paint with content, from when the page was asked for; the same for the first figure; and the frames
while it is scrolled from top to bottom, 16 pixels a frame: once while figures are loaded as they
come near, and once when all are there. Written to benchmarks/results/site.json.
"""

from __future__ import annotations

import argparse
import statistics
from typing import Any

from keeping import keep
from playwright.sync_api import Browser, Page

from tests.browser import chromium
from tools.site.paths import HTML

FIGURES = 5
PAINTED = """() => new Promise((done) => {
  const found = performance.getEntriesByName("first-contentful-paint")[0];
  if (found) return done(found.startTime);
  new PerformanceObserver((list) => {
    const [entry] = list.getEntriesByName("first-contentful-paint");
    if (entry) done(entry.startTime);
  }).observe({ type: "paint", buffered: true });
})"""
SCROLLED = """(step) => new Promise((done) => {
  const intervals = [];
  let before;
  scrollTo(0, 0);
  const frame = (now) => {
    if (before !== undefined) intervals.push(now - before);
    before = now;
    const end = document.documentElement.scrollHeight - innerHeight;
    if (scrollY >= end - 1) return done(intervals);
    scrollBy({ top: step, behavior: "instant" });
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})"""
LOADED = "() => document.querySelectorAll('.xw-figure:not([data-loaded])').length === 0"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", nargs="?", help=f"of the site; else one with {FIGURES} figures")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    place = arguments.page or with_figures()
    with chromium.started() as browser:
        rounds = [opened(browser, place) for _ in range(arguments.rounds)]
    keep("site", {"page": place, **rounds[0].pop("about"), **summary(rounds)})


def with_figures() -> str:
    """The page with as many figures as are asked for, or the next one above."""
    pages = {
        path: path.read_text("utf-8").count('class="xw-figure"') for path in HTML.rglob("*.html")
    }
    enough = sorted(
        (count, str(path.relative_to(HTML))) for path, count in pages.items() if count >= FIGURES
    )
    assert enough, f"no page has {FIGURES} live figures: run `make docs`"
    return enough[0][1]


def opened(browser: Browser, place: str) -> dict[str, Any]:
    """One round, in a window of its own."""
    context = browser.new_context(offline=True, viewport={"width": 1400, "height": 900})
    page = context.new_page()
    page.goto((HTML / place).as_uri(), wait_until="commit")
    first = page.evaluate(PAINTED)
    page.locator(".xw-figure").first.scroll_into_view_if_needed()
    page.wait_for_selector(".xw-figure iframe")
    frame = page.query_selector(".xw-figure iframe")
    inside = frame and frame.content_frame()
    assert inside is not None
    inside.wait_for_selector("[data-xw-ready]")
    figure = page.evaluate("performance.now()")
    while_loading = frames(page)
    page.wait_for_function(LOADED)
    page.wait_for_timeout(1500)
    made = {
        "first_paint_ms": first,
        "first_figure_ms": figure,
        "scrolled_while_loading": while_loading,
        "scrolled": frames(page),
        "about": {
            "figures": page.locator(".xw-figure").count(),
            "height": page.evaluate("document.documentElement.scrollHeight"),
        },
    }
    context.close()
    return made


def frames(page: Page) -> list[float]:
    """Milliseconds between the frames of a way from top to bottom."""
    return list(page.evaluate(SCROLLED, 16))


def summary(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians over rounds; of the frames of all rounds together."""
    made: dict[str, Any] = {
        name: round(statistics.median(each[name] for each in rounds), 1)
        for name in ("first_paint_ms", "first_figure_ms")
    }
    for name in ("scrolled_while_loading", "scrolled"):
        all_frames = sorted(value for each in rounds for value in each[name])
        made[name] = {
            "frames": len(all_frames),
            "frames_a_second": round(1000 * len(all_frames) / sum(all_frames), 1),
            "median_ms": round(statistics.median(all_frames), 1),
            "95_of_100_ms": round(all_frames[int(0.95 * len(all_frames))], 1),
            "slowest_ms": round(all_frames[-1], 1),
            "dropped": round(sum(value > 25 for value in all_frames) / len(all_frames), 4),
        }
    return made


if __name__ == "__main__":
    main()
