"""Where things are in the viewer: all of it is seen at once, and nothing moves under the hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.conftest import Shoot, shown
from tests.browser.jupyter import JupyterLab
from tests.browser.notebook_page import NotebookPage
from tests.browser.viewer import DEMO, VIEWER, Viewer

Boxes = dict[str, dict[str, float]]


@pytest.fixture(scope="module")
def notebook(lab: JupyterLab, window: BrowserContext, kernel: str) -> Iterator[NotebookPage]:
    with shown(window, lab, "layout", [DEMO, VIEWER], kernel=kernel) as page:
        yield page


@pytest.fixture
def viewer(notebook: NotebookPage) -> Iterator[Viewer]:
    viewer = Viewer(notebook.page)
    viewer.until_painted()
    if viewer.data("method") != "grad_cam":
        viewer.choose("method", "grad_cam")
        viewer.until_painted("grad_cam")
    if viewer.data("brush") is not None:
        viewer.control("brush").click()
    viewer.control("reset").click()
    yield viewer
    assert notebook.errors == []


def sized(viewer: Viewer, width: int, height: int) -> None:
    """Give the page a size, and wait until the view is laid out for it."""
    viewer.page.set_viewport_size({"width": width, "height": height})
    viewer.until(
        """root => {
          const now = JSON.stringify(root.getBoundingClientRect());
          const same = root.lastBox === now;
          root.lastBox = now;
          return same;
        }"""
    )


def boxes(viewer: Viewer) -> Boxes:
    """Where the parts of the view are, from the view's own corner."""
    found: Boxes = viewer.root.evaluate(
        """root => {
          const own = root.getBoundingClientRect();
          const parts = {
            view: root, footer: root.querySelector("footer"), bars: root.querySelector(".xw-bars"),
            stage: root.querySelector("[data-xw-stage]"),
            opacity: root.querySelector("[data-xw-control=opacity]"),
            segments: root.querySelector("[data-xw-control=arrangement]"),
            save: root.querySelector("[data-xw-control=save]"),
          };
          return Object.fromEntries(Object.entries(parts).map(([name, element]) => {
            const {left, top, width, height} = element.getBoundingClientRect();
            return [name, {x: left - own.left, y: top - own.top, width, height}];
          }));
        }"""
    )
    return found


def on(viewer: Viewer) -> None:
    if viewer.data("brush") is None:
        viewer.control("brush").click()
        viewer.until("root => root.dataset.xwBrush !== undefined")


@pytest.mark.parametrize("arrangement", ["Overlay", "Side by side", "Swipe"])
def test_it_fits_a_projector(viewer: Viewer, arrangement: str, shoot: Shoot) -> None:
    sized(viewer, 1280, 720)
    viewer.root.get_by_text(arrangement, exact=True).click()
    sized(viewer, 1280, 720)
    seen = viewer.page.locator(".jp-WindowedPanel-outer").first.evaluate("e => e.clientHeight")
    for _ in range(2):
        now = boxes(viewer)
        assert now["view"]["height"] <= seen
        for name, box in now.items():
            assert box["y"] + box["height"] <= now["view"]["height"], name
        assert now["stage"]["height"] > 300
        on(viewer)
    shoot(viewer.root, f"projector_{arrangement}.png")


@pytest.mark.parametrize("width", [1280, 900])
def test_neither_method_nor_brush_moves_anything(viewer: Viewer, width: int) -> None:
    sized(viewer, width, 1000)
    before = boxes(viewer)
    on(viewer)
    assert boxes(viewer) == before
    heat = viewer.find('[data-xw-canvas="heat"]').bounding_box()
    assert heat is not None
    x, y = heat["x"] + heat["width"] / 2, heat["y"] + heat["height"] / 2
    viewer.page.mouse.move(x, y)
    viewer.page.mouse.down()
    viewer.page.mouse.move(x + 60, y + 60, steps=4)
    viewer.page.mouse.up()
    viewer.until("root => root.dataset.xwPainted === root.dataset.xwStroke")
    assert viewer.control("clear").is_visible()
    assert viewer.find("[data-xw-readout]").is_hidden()  # what is painted over has no value
    assert boxes(viewer) == before
    viewer.control("reset").click()
    viewer.until("root => root.querySelector('[data-xw-control=clear]').hidden")
    viewer.control("brush").click()
    viewer.choose("method", "occlusion")  # with four parameters, and none of a layer
    viewer.until_painted("occlusion")
    now = boxes(viewer)
    assert {**now, "segments": 0, "save": 0} == {**before, "segments": 0, "save": 0}
    assert viewer.control("layer").is_hidden()


def test_the_header_stands_still_and_says_the_layer(viewer: Viewer) -> None:
    sized(viewer, 780, 1000)
    before = boxes(viewer)["segments"]
    for arrangement in ("Side by side", "Swipe", "Overlay"):
        viewer.root.get_by_text(arrangement, exact=True).click()
        viewer.until(
            "(root, text) => root.querySelector('[data-xw-control=arrangement] "
            "label:has(:checked)').textContent === text",
            arrangement,
        )
        assert boxes(viewer)["segments"] == before
    assert viewer.find(".xw-method .xw-note").is_hidden()
    assert viewer.find(".xw-layer .xw-label").evaluate("e => e.clientWidth") > 60


def test_the_tools_are_seen_and_their_state_is_readable_under_the_pointer(
    viewer: Viewer, notebook: NotebookPage
) -> None:
    sized(viewer, 1280, 1000)
    viewer.page.mouse.move(0, 0)
    for name in ("brush", "zoom-in", "zoom-reset", "backdrop"):
        assert viewer.control(name).is_visible()
        assert viewer.control(name).evaluate("e => getComputedStyle(e).opacity") == "1"
    off = viewer.style('[data-xw-control="brush"]', "backgroundColor")
    on(viewer)
    viewer.control("brush").hover()
    pressed = viewer.style('[data-xw-control="brush"]', "backgroundColor")
    assert pressed != off
    viewer.page.mouse.move(0, 0)
    assert viewer.style('[data-xw-control="brush"]', "backgroundColor") == pressed


def test_the_map_lies_on_the_part_of_the_photograph_that_the_network_was_given(
    viewer: Viewer, notebook: NotebookPage
) -> None:
    sized(viewer, 1280, 1000)
    notebook.execute(
        "assert photo.size == (451, 300)\n"
        "short, crop = 256, 224\n"
        "wide = int(short * 451 / 300)\n"
        "left, top = round((wide - crop) / 2) / wide, 16 / 256\n"
        "expected = [left, top, crop / wide, crop / short]\n"
        "got = viewer.photograph['window']\n"
        "assert max(abs(a - b) for a, b in zip(got, expected)) < 2e-3, (got, expected)"
    )
    for _ in range(2):
        whole = viewer.find('[data-xw-canvas="photograph"]').bounding_box()
        heat = viewer.find('[data-xw-canvas="heat"]').bounding_box()
        assert whole is not None
        assert heat is not None
        wide = int(256 * 451 / 300)
        left = whole["x"] + whole["width"] * round((wide - 224) / 2) / wide
        assert heat["x"] == pytest.approx(left, abs=1.5)
        assert heat["y"] == pytest.approx(whole["y"] + whole["height"] * 16 / 256, abs=1.5)
        assert heat["width"] == pytest.approx(whole["width"] * 224 / wide, abs=2)
        assert heat["height"] == pytest.approx(whole["height"] * 224 / 256, abs=2)
        viewer.control("zoom-in").click()
    with notebook.counting() as sent:
        viewer.control("backdrop").click()
        viewer.until("root => root.querySelector('.xw-stage').dataset.xwBackdrop === 'input'")
    assert sent == []
    assert viewer.find('[data-xw-canvas="photograph"]').is_hidden()


def test_a_value_that_is_not_possible_is_said_at_its_field_with_a_way_out(
    viewer: Viewer, notebook: NotebookPage, shoot: Shoot
) -> None:
    sized(viewer, 1280, 720)
    viewer.choose("method", "occlusion")
    viewer.until_painted("occlusion")
    viewer.number("parameter-window").fill("8")
    viewer.number("parameter-window").press("Enter")
    problem = viewer.find("[data-xw-problem]")
    problem.wait_for()
    assert viewer.number("parameter-stride").get_attribute("aria-invalid") == "true"
    panel, box = viewer.find(".xw-panel").bounding_box(), problem.bounding_box()
    assert panel is not None
    assert box is not None
    assert box["y"] + box["height"] <= panel["y"] + panel["height"]  # it has come into view
    assert "stride" in viewer.find("[data-xw-plate]").inner_text()
    shoot(viewer.root, "parameter.png")
    assert viewer.control("instead").inner_text().replace("\u00a0", " ") == "Use stride 8 px"
    viewer.control("instead").click()
    viewer.until("root => root.querySelector('[data-xw-plate]').hidden")
    assert problem.is_hidden()
    notebook.until_kernel("viewer.parameters == {'window': 8, 'stride': 8}")
    notebook.execute("viewer.parameters = {}")


def test_it_leaves_other_widgets_on_the_page_alone(viewer: Viewer, notebook: NotebookPage) -> None:
    """Styles of widgets hold for the whole page."""
    sized(viewer, 1280, 1000)
    viewer.find("header").evaluate(
        """header => {
          const other = document.createElement("div");
          other.className = "xw-root xw-other";
          other.dataset.xwLayout = "wide";
          other.innerHTML = '<header></header>'
            + '<div class="xw-body"><div class="xw-side"></div></div>';
          header.closest(".xw-root").parentElement.append(other);
        }"""
    )
    page = viewer.page
    other = page.locator(".xw-other")
    styles = other.evaluate(
        """other => {
          const of = (selector, name) => getComputedStyle(other.querySelector(selector))[name];
          return [of("header", "containerType"), of(".xw-body", "display"),
                  of(".xw-body", "minHeight"), of(".xw-side", "gridArea")];
        }"""
    )
    other.evaluate("other => other.remove()")
    assert styles == ["normal", "block", "0px", "auto"]
