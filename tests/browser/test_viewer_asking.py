"""Asking: another method, another class, another layer, by mouse, by keyboard and from Python."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.conftest import OpenNotebook, Shoot, shown
from tests.browser.jupyter import JupyterLab
from tests.browser.notebook_page import NotebookPage
from tests.browser.viewer import DEMO, RING, SMALL, VIEWER, Viewer


@pytest.fixture(scope="module")
def notebook(window: BrowserContext, lab: JupyterLab) -> Iterator[NotebookPage]:
    with shown(window, lab, "asking", [SMALL, VIEWER]) as opened:
        yield opened


@pytest.fixture
def viewer(notebook: NotebookPage) -> Iterator[Viewer]:
    """The viewer as it was made."""
    viewer = Viewer(notebook.page)
    notebook.execute(
        "viewer.method, viewer.target, viewer.layer, viewer.parameters = 'grad_cam', None, None, {}"
    )
    viewer.until_painted("grad_cam")
    yield viewer
    assert notebook.errors == []


def test_a_real_network_on_a_real_photograph(open_notebook: OpenNotebook, shoot: Shoot) -> None:
    notebook = open_notebook([DEMO, VIEWER])
    viewer = Viewer(notebook.page)
    viewer.until_painted("grad_cam", 282)
    assert viewer.bars().first.inner_text().split("\n")[0] == "tiger cat"
    assert "39.5" in viewer.bars().first.inner_text()
    assert viewer.checksum("picture") is not None
    assert viewer.checksum("heat") is not None
    assert "EfficientNet-Lite0" in viewer.find("[data-xw-about]").inner_text()
    viewer.root.hover(position={"x": 5, "y": 5})
    shoot(viewer.root, "light.png")
    assert notebook.errors == []


def test_another_method_by_mouse(notebook: NotebookPage, viewer: Viewer) -> None:
    before = viewer.checksum()
    viewer.choose("method", "saliency")
    viewer.until_painted("saliency")
    assert viewer.until_changed(before)
    assert viewer.data("colormap") != "inferno"  # signed, so another map of colours
    notebook.until_kernel("viewer.method == 'saliency'")
    notebook.until_kernel("viewer.attribution.method == 'saliency'")


def test_another_method_by_keyboard(notebook: NotebookPage, viewer: Viewer) -> None:
    before = viewer.checksum()
    picker = viewer.control("method")
    picker.focus()
    picker.press("Enter")
    notebook.page.keyboard.type("salien")
    notebook.page.keyboard.press("Enter")
    viewer.until("root => root.dataset.xwMethod === 'saliency'")
    viewer.until_changed(before)
    assert picker.evaluate("button => button === document.activeElement")
    notebook.until_kernel("viewer.method != 'grad_cam'")


def test_a_map_seen_before_comes_back_without_the_kernel(
    notebook: NotebookPage, viewer: Viewer
) -> None:
    """The kernel is told, but the picture does not wait for it."""
    first = viewer.checksum()
    viewer.choose("method", "saliency")
    viewer.until_painted("saliency")
    notebook.execute("import threading; hold = threading.Event()")
    notebook.execute("viewer.engine.internals.worker.submit('test', lambda: iter([hold.wait(99)]))")
    try:
        viewer.choose("method", "grad_cam")
        viewer.until("root => root.dataset.xwMethod === 'grad_cam'")
        assert viewer.checksum() == first
    finally:
        notebook.execute("hold.set()")


def test_one_sign_alone(notebook: NotebookPage, viewer: Viewer) -> None:
    """Each half of a signed map hides the other's pixels, and both together show all."""
    viewer.choose("method", "saliency")
    viewer.until_painted("saliency")
    both = viewer.checksum()
    shares = {}
    with notebook.counting() as sent:
        for sign in ("positive", "negative"):
            before = viewer.checksum()
            viewer.find(f'label:has([value="{sign}"])').click()
            viewer.until_changed(before)
            shares[sign] = viewer.visible_share()
        before = viewer.checksum()
        viewer.find('label:has([value="both"])').click()
        assert viewer.until_changed(before) == both
    assert sent == []
    assert sum(shares.values()) == pytest.approx(viewer.visible_share(), abs=0.01)


def test_what_is_seen_is_also_said(viewer: Viewer) -> None:
    """A screen reader hears which map of which class it is, and the range of its values."""
    viewer.choose("method", "hires_cam")
    viewer.until_painted("hires_cam")
    live = viewer.find('[role="status"][aria-live="polite"]')
    viewer.until("root => /HiResCAM/.test(root.querySelector('[role=status]').textContent)")
    said = live.inner_text()
    assert "plane" in said
    assert "Values from" in said
    assert "HiResCAM" in (viewer.find("[data-xw-stage]").get_attribute("aria-label") or "")


def test_every_control_has_a_name(viewer: Viewer) -> None:
    nameless = viewer.root.evaluate(
        """root => [...root.querySelectorAll("button, input, select, [tabindex]")]
          .filter(control => control.checkVisibility())
          .filter(control => !(control.getAttribute("aria-label") || control.innerText.trim()
            || control.title || control.labels?.[0]?.innerText.trim()))
          .map(control => control.outerHTML.slice(0, 120))"""
    )
    assert nameless == []


def test_controls_are_large_enough_to_hit(viewer: Viewer) -> None:
    """24 pixels at least in both directions; links inside a sentence are exempt."""
    small = viewer.root.evaluate(
        """root => [...root.querySelectorAll("button, input, [role=slider]")]
          .filter(control => control.checkVisibility() && !control.closest("p, .xw-card, .xw-live"))
          .map(control => [(control.closest("label") ?? control).getBoundingClientRect(), control])
          .filter(([box]) => box.width < 24 || box.height < 24)
          .map(([box, control]) => [control.outerHTML.slice(0, 100), box.width, box.height])"""
    )
    assert small == []


def test_nothing_moves_for_those_who_asked_for_it(viewer: Viewer) -> None:
    viewer.page.emulate_media(reduced_motion="reduce")
    moving = viewer.root.evaluate(
        """root => [root, ...root.querySelectorAll("*")].filter(element => {
          const {transitionDuration, animationName, animationDuration} = getComputedStyle(element);
          return parseFloat(transitionDuration) > 0.01
            || (animationName !== "none" && parseFloat(animationDuration) > 0.01);
        }).map(element => element.className)"""
    )
    viewer.page.emulate_media(reduced_motion="no-preference")
    assert moving == []


def test_every_method_is_offered_with_its_card(notebook: NotebookPage, viewer: Viewer) -> None:
    viewer.control("method").click()
    offered = viewer.root.locator(".xw-popup:not([hidden]) [role=option]")
    names = [option.get_attribute("data-xw-value") for option in offered.all()]
    groups = viewer.root.locator(".xw-popup:not([hidden]) .xw-group").all_inner_texts()
    notebook.execute(f"assert {names!r} == list(engine.methods), list(engine.methods)")
    families = "list(dict.fromkeys(method.family for method in engine.methods.values()))"
    notebook.execute(f"assert {groups!r} == {families}, {families}")
    notebook.page.keyboard.press("Escape")


def test_another_class_by_its_bar(notebook: NotebookPage, viewer: Viewer) -> None:
    before = viewer.checksum()
    viewer.bars().nth(1).click()
    viewer.until_changed(before)
    assert viewer.bars().nth(1).get_attribute("aria-pressed") == "true"
    index = viewer.bars().nth(1).get_attribute("data-xw-class")
    notebook.execute(f"assert viewer.target == {index}, viewer.target")
    notebook.execute(f"assert viewer.attribution.target.index == {index}")


def test_another_class_by_its_name(notebook: NotebookPage, viewer: Viewer) -> None:
    search = viewer.control("class-search")
    search.click()
    search.press_sequentially("truc")
    search.press("Enter")
    viewer.until("root => root.dataset.xwTarget === '9'")
    notebook.execute("assert viewer.target == 9, viewer.target")


def test_a_class_name_that_looks_like_html_is_text(viewer: Viewer) -> None:
    search = viewer.control("class-search")
    search.click()
    search.press_sequentially("ship")
    found = viewer.find(".xw-popup:not([hidden]) [role=option]")
    assert "<b>ship</b>" in found.inner_text()
    search.press("Enter")
    viewer.until("root => root.dataset.xwTarget === '8'")
    assert "<b>ship</b>" in viewer.find('.xw-bar[aria-pressed="true"]').inner_text()


def test_another_layer(notebook: NotebookPage, viewer: Viewer) -> None:
    before = viewer.checksum()
    viewer.control("layer").click()
    other = viewer.find('.xw-popup:not([hidden]) [aria-selected="false"]')
    name = other.get_attribute("data-xw-value")
    other.click()
    viewer.until_changed(before)
    notebook.execute(f"assert viewer.layer == {name!r} == viewer.attribution.layer")


def test_a_parameter_of_a_method(notebook: NotebookPage, viewer: Viewer) -> None:
    viewer.choose("method", "occlusion")
    viewer.until_painted("occlusion")
    before = viewer.checksum()
    number = viewer.number("parameter-stride")
    number.fill("8")
    number.press("Enter")
    viewer.until_changed(before)
    notebook.execute("assert viewer.parameters == {'stride': 8}, viewer.parameters")


def test_python_is_followed(notebook: NotebookPage, viewer: Viewer) -> None:
    notebook.execute("viewer.method = 'hires_cam'; viewer.target = 'dog'; viewer.opacity = 0.3")
    viewer.until_painted("hires_cam", 5)
    assert viewer.shown("opacity") == "30 %"
    notebook.execute("viewer.opacity = 0.7")


def test_keys_stay_in_the_viewer(notebook: NotebookPage, viewer: Viewer) -> None:
    """In a notebook, arrows move to another cell, `b` inserts one, and `d d` deletes."""
    cells = "() => window.jupyterapp.shell.currentWidget.content.widgets.length"
    before = notebook.page.evaluate(cells)
    active = "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"
    at = notebook.page.evaluate(active)
    viewer.control("opacity").focus()
    for key in ("ArrowUp", "ArrowDown", "b", "a", "d", "d", "x"):
        notebook.page.keyboard.press(key)
    stage = viewer.find("[data-xw-stage]")
    stage.focus()
    for key in ("ArrowDown", "ArrowRight", "b", "d", "d"):
        notebook.page.keyboard.press(key)
    assert "row" in viewer.find("[data-xw-readout]").inner_text()
    assert notebook.page.evaluate(cells) == before
    assert notebook.page.evaluate(active) == at


def test_the_focus_is_seen(viewer: Viewer, shoot: Shoot) -> None:
    # What is focused while it computes, such as Stop, may be gone a moment later.
    viewer.until("root => root.dataset.xwState === 'rest'")
    viewer.page.bring_to_front()
    viewer.control("method").focus()
    viewer.page.keyboard.press("Tab")
    viewer.until(
        "root => root.contains(document.activeElement)"
        " && document.activeElement.dataset.xwControl !== 'method'"
    )
    focused = viewer.page.evaluate_handle("document.activeElement").as_element()
    assert focused is not None
    assert focused.evaluate(RING), focused.inner_html()
    shoot(viewer.root, "focus.png")
