"""FaithfulnessViewer in a real JupyterLab: curves, the picture at a point, the sanity check."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.conftest import Shoot, shown
from tests.browser.contrast import faint_texts
from tests.browser.jupyter import JupyterLab
from tests.browser.notebook_page import NotebookPage
from tests.browser.viewer import SMALL, Viewer

MADE = """
viewer = xw.FaithfulnessViewer(
    engine, photo, ["grad_cam", "saliency"], steps=10, random_maps=3, stages=2
)
viewer
"""

# Keeps which points were shown, and whether the film was playing then.
POINTS_KEPT = """root => {
  root.film = root.querySelector("[data-xw-control=film]");
  root.seen = [];
  const observer = new MutationObserver(
    () => root.seen.push(`${root.dataset.xwPoint} ${root.film.ariaPressed}`));
  observer.observe(root, {attributeFilter: ["data-xw-point"]});
}"""


@pytest.fixture(scope="module")
def notebook(window: BrowserContext, lab: JupyterLab, kernel: str) -> Iterator[NotebookPage]:
    with shown(window, lab, "faithfulness", [SMALL, MADE], kernel=kernel) as opened:
        yield opened


@pytest.fixture
def viewer(notebook: NotebookPage) -> Iterator[Viewer]:
    """The viewer as it was made."""
    notebook.execute(
        "viewer.methods, viewer.baseline, viewer.steps = ['grad_cam', 'saliency'], 'blur', 10\n"
        "viewer.method, viewer.view, viewer.target = None, 'curves', None\n"
        "viewer.wait()"
    )
    viewer = Viewer(notebook.page)
    until_drawn(viewer, "grad_cam saliency random", "blur", 11)
    yield viewer
    assert notebook.errors == []


def until_drawn(viewer: Viewer, methods: str, baseline: str, points: int) -> None:
    viewer.until(
        """(root, [methods, baseline, points]) => {
          const {xwReady, xwMethods, xwBaseline, xwPoints, xwBusy} = root.dataset;
          return xwReady !== undefined && xwBusy === undefined && xwMethods === methods
            && xwBaseline === baseline && xwPoints === String(points);
        }""",
        [methods, baseline, points],
    )


def drag(viewer: Viewer, kind: str, begin: float, end: float, height: float = 0.95) -> None:
    """Drag along a plot, from and to shares of its width."""
    pane = viewer.control(kind)
    pane.scroll_into_view_if_needed()
    box = pane.bounding_box()
    assert box is not None
    mouse = viewer.page.mouse  # type: ignore[union-attr]  # a page here, never a frame
    y = box["y"] + height * box["height"]
    mouse.move(box["x"] + begin * box["width"], y)
    mouse.down()
    mouse.move(box["x"] + end * box["width"], y, steps=4)
    mouse.up()


def test_every_method_has_its_curves_and_areas(
    notebook: NotebookPage, viewer: Viewer, shoot: Shoot
) -> None:
    for kind in ("insertion", "deletion"):
        lines = viewer.root.locator(f'[data-xw-control="{kind}"] g[data-xw-line] > path.xw-line')
        assert lines.count() == 3
    for method in ("grad_cam", "saliency"):
        areas = viewer.root.locator(f'[data-xw-row="{method}"] .xw-area').all_inner_texts()
        notebook.execute(
            f"c = viewer.curves[{method!r}]\n"
            f"assert ['%.3f' % c.insertion.auc, '%.3f' % c.deletion.auc] == {areas!r}"
        )
    assert "3 maps" in viewer.find('[data-xw-row="random"]').inner_text()
    assert viewer.root.locator(".xw-band").count() == 2
    shoot(viewer.root, "faithfulness.png")


def test_dragging_changes_the_picture_and_asks_nothing(
    notebook: NotebookPage, viewer: Viewer
) -> None:
    drag(viewer, "insertion", 0.3, 0.35)
    before = viewer.checksum("point")
    with notebook.counting() as sent:
        drag(viewer, "insertion", 0.35, 0.55)
        changed = viewer.until_changed(before, "point")
        drag(viewer, "deletion", 0.3, 0.4)
        viewer.until_changed(changed, "point")
        assert viewer.data("kind") == "deletion"
        notebook.page.wait_for_timeout(200)
    assert sent == []
    assert "taken out" in viewer.find(".xw-pointpane").inner_text()


def test_it_plays_to_the_end_of_the_curve_and_says_who_won(
    notebook: NotebookPage, viewer: Viewer
) -> None:
    plot, film = viewer.control("deletion"), viewer.control("film")
    plot.focus()
    plot.press("End")
    viewer.until("root => root.dataset.xwPoint === '10'")
    with notebook.counting() as sent:
        viewer.root.evaluate(POINTS_KEPT)
        film.click()  # from the beginning, since it stood at the end
        viewer.until("root => root.seen.length > 1 && root.seen.at(-1).startsWith('10')")
        seen = viewer.root.evaluate("root => root.seen")
        assert {"1 true", "2 true", "3 true"} & set(seen), seen
        viewer.until("root => root.film.ariaPressed === 'false'")
        notebook.page.wait_for_timeout(150)
    assert sent == []
    assert "all 3 random maps" in viewer.find("[data-xw-sentence]").inner_text()


def test_arrow_keys_walk_along_the_curve(notebook: NotebookPage, viewer: Viewer) -> None:
    plot = viewer.control("insertion")
    plot.focus()
    plot.press("Home")
    viewer.until("root => root.dataset.xwPoint === '0' && root.dataset.xwKind === 'insertion'")
    nothing = viewer.checksum("point")
    with notebook.counting() as sent:
        for _ in range(3):
            plot.press("ArrowRight")
        viewer.until("root => root.dataset.xwPoint === '3'")
        assert viewer.until_changed(nothing, "point")
        plot.press("End")
        viewer.until("root => root.dataset.xwPoint === '10'")
    assert sent == []
    assert plot.get_attribute("aria-valuenow") == "10"
    spoken = plot.get_attribute("aria-valuetext") or ""
    assert spoken.startswith("Grad-CAM, 100 % put in: ".replace(" %", "\u00a0%"))


def test_the_bars_are_what_the_network_says_of_that_picture(
    notebook: NotebookPage, viewer: Viewer
) -> None:
    plot = viewer.control("deletion")
    plot.focus()
    plot.press("Home")
    for _ in range(4):
        plot.press("ArrowRight")
    viewer.until("root => root.dataset.xwPoint === '4'")
    says = [text.split("\n") for text in viewer.bars().all_inner_texts()[:3]]
    notebook.execute(
        "p = engine.internals.probabilities(viewer.curves['grad_cam'].deletion.at(4))[0]\n"
        "top = p.argsort(descending=True)[:3].tolist()\n"
        f"assert [names[i] for i in top] == {[name for name, _ in says]!r}\n"
        "assert ['%.1f' % (100 * p[i]) for i in top] == "
        f"{[chance.split(chr(0xA0))[0] for _, chance in says]!r}"
    )


def test_another_method_is_looked_at_without_waiting_for_the_kernel(
    notebook: NotebookPage, viewer: Viewer
) -> None:
    drag(viewer, "insertion", 0.3, 0.4)
    before = viewer.checksum("point")
    with notebook.counting("method") as sent:
        viewer.find('[data-xw-control="deletion"] .xw-end[data-xw-line="random"] text').click()
        viewer.until("root => root.dataset.xwChosen === 'random'")
        now = viewer.until_changed(before, "point")
    assert sent == []
    notebook.execute("seq = viewer.status['seq']")
    viewer.find('[data-xw-row="saliency"] label').click()
    viewer.until_changed(now, "point")
    notebook.until_kernel("viewer.method == 'saliency'")
    notebook.execute("assert viewer.status['seq'] == seq")


def test_another_baseline_and_steps_are_computed(notebook: NotebookPage, viewer: Viewer) -> None:
    drag(viewer, "insertion", 0.3, 0.35)
    before = viewer.checksum("point")
    viewer.find('label:has([value="black"])').click()
    until_drawn(viewer, "grad_cam saliency random", "black", 11)
    viewer.until_changed(before, "point")
    number = viewer.number("steps")
    number.fill("6")
    number.press("Enter")
    until_drawn(viewer, "grad_cam saliency random", "black", 7)
    notebook.execute("assert (viewer.baseline, viewer.steps) == ('black', 6)")


def test_a_method_is_added_and_removed(notebook: NotebookPage, viewer: Viewer) -> None:
    viewer.choose("add", "hires_cam")
    until_drawn(viewer, "grad_cam saliency hires_cam random", "blur", 11)
    viewer.find('[data-xw-remove="grad_cam"]').click()
    until_drawn(viewer, "saliency hires_cam random", "blur", 11)
    notebook.execute("assert viewer.methods == ['saliency', 'hires_cam'], viewer.methods")


def test_another_class(notebook: NotebookPage, viewer: Viewer) -> None:
    viewer.control("target").click()
    option = viewer.find('.xw-popup:not([hidden]) [aria-selected="false"]')
    index = option.get_attribute("data-xw-value")
    option.click()
    notebook.until(lambda: viewer.data("busy") is None)
    notebook.execute(f"viewer.wait(); assert viewer.frame['target']['index'] == {index}")


def test_the_sanity_check_is_a_slider(notebook: NotebookPage, viewer: Viewer, shoot: Shoot) -> None:
    viewer.find('label:has([value="sanity"])').click()
    viewer.until("root => root.dataset.xwStages === '3' && root.dataset.xwBusy === undefined")
    slider = viewer.control("stages")
    slider.focus()
    slider.press("Home")
    viewer.until(
        "root => /both maps are the same/.test(root.querySelector('[data-xw-stage]').textContent)"
    )
    trained = viewer.checksum("trained")
    assert viewer.checksum("stage") == trained
    with notebook.counting() as sent:
        slider.press("ArrowRight")
        viewer.until_changed(trained, "stage")
        slider.press("End")
        viewer.until("root => /Spearman/.test(root.querySelector('[data-xw-stage]').textContent)")
    assert sent == []
    assert viewer.checksum("trained") == trained
    words = viewer.find("[data-xw-stage]").inner_text()
    notebook.execute(
        "last = viewer.sanity['grad_cam'].stages[-1]\n"
        f"assert ('Spearman %.2f' % last.spearman).replace('-', '−') in {words!r}, {words!r}"
    )
    shoot(viewer.root, "faithfulness_sanity.png")
    viewer.find('[data-xw-row="saliency"] label').click()
    viewer.until("root => root.dataset.xwChosen === 'saliency' && root.dataset.xwStages === '3'")


def test_python_is_followed_and_an_error_is_said(notebook: NotebookPage, viewer: Viewer) -> None:
    notebook.execute("viewer.method = 'saliency'; viewer.baseline = 'mean'")
    until_drawn(viewer, "grad_cam saliency random", "mean", 11)
    assert viewer.find('input[value="saliency"]').is_checked()
    notebook.execute("viewer.methods = ['attention_rollout', 'saliency']; viewer.wait()")
    until_drawn(viewer, "saliency random", "mean", 11)
    assert "attention" in viewer.find('[data-xw-row="attention_rollout"]').inner_text()


def test_running_the_cell_again_replaces_the_widget(notebook: NotebookPage) -> None:
    notebook.execute("first = viewer")
    notebook.run_all()
    until_drawn(Viewer(notebook.page), "grad_cam saliency random", "blur", 11)
    notebook.execute("assert first.comm is None and viewer.comm is not None")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("view", ["curves", "sanity"])
def test_texts_can_be_read(
    notebook: NotebookPage, viewer: Viewer, theme: str, view: str, shoot: Shoot
) -> None:
    notebook.theme(theme)
    viewer.until("(root, theme) => root.dataset.xwTheme === theme", theme)
    viewer.find(f'label:has([value="{view}"])').click()
    viewer.until("(root, view) => root.dataset.xwView === view", view)
    notebook.execute("viewer.wait()")
    notebook.page.wait_for_timeout(500)
    assert faint_texts(viewer.root, 4.5) == []
    shoot(viewer.root, f"faithfulness_{view}_{theme}.png")
    notebook.theme("light")


def test_controls_have_names_and_can_be_hit(viewer: Viewer) -> None:
    controls = """root => [...root.querySelectorAll("button, input, [tabindex]")]
      .filter(control => control.checkVisibility() && !control.closest(".xw-live"))"""
    assert (
        viewer.root.evaluate(
            f"""root => ({controls})(root)
          .filter(control => !(control.getAttribute("aria-label") || control.innerText.trim()
            || control.title || control.labels?.[0]?.innerText.trim()))
          .map(control => control.outerHTML.slice(0, 120))"""
        )
        == []
    )
    assert (
        viewer.root.evaluate(
            f"""root => ({controls})(root)
          .map(control => [(control.closest("label") ?? control).getBoundingClientRect(), control])
          .filter(([box]) => box.width < 24 || box.height < 24)
          .map(([box, control]) => [control.outerHTML.slice(0, 100), box.width, box.height])"""
        )
        == []
    )


@pytest.mark.parametrize("width", [400, 760, 1400])
def test_nothing_is_cut_off(
    notebook: NotebookPage, viewer: Viewer, width: int, shoot: Shoot
) -> None:
    viewer.root.evaluate("(root, width) => { root.style.width = `${width}px`; }", width)
    notebook.page.wait_for_timeout(200)
    outside = viewer.root.evaluate(
        """root => {
          const edge = root.getBoundingClientRect();
          return [...root.querySelectorAll("*")]
            .filter(element => element.checkVisibility() && !element.closest(".xw-live"))
            .filter(element => {
              const {left, right, width} = element.getBoundingClientRect();
              return width && (left < edge.left - 1 || right > edge.right + 1);
            })
            .map(element => [element.getAttribute("class"), element.textContent.slice(0, 30)]);
        }"""
    )
    shoot(viewer.root, f"faithfulness_{width}.png")
    viewer.root.evaluate("root => { root.style.width = ''; }")
    assert outside == []
