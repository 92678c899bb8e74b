"""`embed()`: a frame that is alive in any page, as high as its content, with no network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Frame, Page

import xai_widgets as xw
from tests.browser.conftest import Shoot
from tests.browser.viewer import Viewer, saved_page

PAGE = """<!doctype html><html><head><meta charset="utf-8"><style>
body {{ margin: 20px; background: #fff }} p {{ height: {gap}px }}
</style></head><body><h1>A page of somebody</h1>{first}<p>Between them</p>{second}</body></html>"""


@pytest.fixture(scope="module")
def embedded() -> str:
    with xw.HeatmapViewer(xw.demo.engine(), xw.demo.photo("cat")) as viewer:
        viewer.open()
        return viewer.embed(methods=["grad_cam", "saliency"])


@pytest.fixture(scope="module")
def another() -> str:
    engine = xw.demo.engine()
    with xw.GradientComparison(engine, xw.demo.photo("coffee"), ["saliency", "grad_cam"]) as made:
        made.open()
        return made.embed()


def written(path: Path, first: str, second: str, *, gap: int = 10) -> Path:
    text = PAGE.format(first=first, second=second, gap=gap)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def page(browser: Browser, embedded: str, another: str, tmp_path: Path) -> Iterator[Page]:
    file = written(tmp_path / "page.html", embedded, another)
    with saved_page(browser, file) as page:
        yield page


def frames(page: Page) -> list[Frame]:
    return [frame for frame in page.frames if frame is not page.main_frame]


def until_whole(page: Page, number: int) -> Frame:
    """The frame, once it is as high as what is in it: nothing in it can be scrolled."""
    element = page.locator("iframe.xw-embed").nth(number)
    element.scroll_into_view_if_needed()
    handle = element.element_handle()
    frame = handle.content_frame()
    assert frame is not None
    frame.wait_for_selector(".xw-root[data-xw-ready], .xw-root[data-xw-painted-at]")
    for _ in range(200):
        box = element.bounding_box()
        assert box is not None
        inside = frame.locator(".xw-root").bounding_box()
        assert inside is not None
        below = box["y"] + box["height"] - inside["y"] - inside["height"]
        if 0 <= below <= 5:  # its margin, in whole pixels
            break
        page.wait_for_timeout(50)
    else:
        raise AssertionError(f"the frame is {box}, its content {inside}")
    scrolls = frame.evaluate(
        "() => [document.documentElement.scrollWidth - innerWidth,"
        " document.documentElement.scrollHeight - innerHeight]"
    )
    assert scrolls == [0, 0]
    return frame


def test_two_on_one_page_are_alive_and_as_high_as_they_need(
    page: Page, shoot: Shoot, tried: Callable[..., None]
) -> None:
    first, second = until_whole(page, 0), until_whole(page, 1)
    viewer = Viewer(first)
    viewer.until_painted("grad_cam", 282)
    before = viewer.checksum()
    viewer.choose("method", "saliency")
    viewer.until_painted("saliency")
    viewer.until_changed(before)
    assert Viewer(second).find('[data-xw-cell="0 saliency"] [data-xw-canvas="heat"]').is_visible()
    shoot(page, "embed.png", full_page=True)
    heights = page.locator("iframe.xw-embed").evaluate_all("all => all.map(f => f.clientHeight)")
    assert len(set(heights)) == 2
    tried("embed()", xw.__version__, live="alive", gone="alive",
          limits="Two on one page, each as high as its content, and dark like it.")  # fmt: skip


def test_they_follow_the_width_of_the_page(page: Page, shoot: Shoot) -> None:
    until_whole(page, 0)
    before = page.locator("iframe.xw-embed").first.bounding_box()
    page.set_viewport_size({"width": 420, "height": 800})
    viewer = Viewer(until_whole(page, 0))
    viewer.until("root => root.dataset.xwLayout === 'narrow'")
    until_whole(page, 0)
    after = page.locator("iframe.xw-embed").first.bounding_box()
    assert before is not None
    assert after is not None
    assert after["height"] > before["height"]
    shoot(page, "embed_narrow.png")


def test_a_list_that_opens_downwards_is_not_cut(page: Page) -> None:
    frame = until_whole(page, 0)
    frame.locator('[data-xw-control="method"]').click()
    popup = frame.locator(".xw-popup:not([hidden])")
    box = popup.bounding_box()
    assert box is not None
    page.wait_for_function(
        """bottom => document.querySelector("iframe.xw-embed")
          .getBoundingClientRect().bottom >= bottom""",
        arg=box["y"] + box["height"],
    )


def test_they_are_dark_where_the_page_is(page: Page, shoot: Shoot) -> None:
    viewers = [Viewer(until_whole(page, number)) for number in range(2)]
    for viewer in viewers:
        viewer.until("root => root.dataset.xwTheme === 'light'")
    page.evaluate("document.body.style.background = '#101418'")
    for viewer in viewers:
        viewer.until("root => root.dataset.xwTheme === 'dark'")
    shoot(page, "embed_dark.png")
    page.evaluate("document.body.style.background = '#fff'")
    for viewer in viewers:
        viewer.until("root => root.dataset.xwTheme === 'light'")


def test_what_is_far_below_does_nothing_until_it_is_near(
    browser: Browser, embedded: str, another: str, tmp_path: Path
) -> None:
    file = written(tmp_path / "long.html", embedded, another, gap=20000)
    with saved_page(browser, file) as page:
        until_whole(page, 0)
        far = page.locator("iframe.xw-embed").nth(1).element_handle().content_frame()
        assert far is None or far.locator(".xw-root").count() == 0
        until_whole(page, 1)


def test_a_frame_is_of_no_origin_and_takes_its_height_from_nobody_else(page: Page) -> None:
    frame = until_whole(page, 0)
    assert frame.evaluate("origin") == "null"
    with pytest.raises(Exception, match=r"SecurityError|cross-origin|Blocked a frame"):
        frame.evaluate("parent.document.title")
    before = page.locator("iframe.xw-embed").first.bounding_box()
    page.evaluate("postMessage({ xwHeight: 17 }, '*')")
    page.evaluate(
        """() => new Promise((done) => {
          const other = document.createElement("iframe");
          other.srcdoc = "<script>parent.postMessage({ xwHeight: 19 }, '*')</" + "script>";
          addEventListener("message", ({ data }) => data.xwHeight === 19 && done());
          document.body.append(other);
        })"""
    )
    assert page.locator("iframe.xw-embed").first.bounding_box() == before


def test_the_same_frame_twice_on_a_page_is_two(
    browser: Browser, embedded: str, tmp_path: Path
) -> None:
    with saved_page(browser, written(tmp_path / "twice.html", embedded, embedded)) as page:
        until_whole(page, 0)
        until_whole(page, 1)
