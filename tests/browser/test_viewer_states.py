"""Slow, stopped, wrong, empty, closed: every state says in words what it is."""

from __future__ import annotations

from tests.browser.conftest import OpenNotebook, Shoot
from tests.browser.contrast import faint_texts
from tests.browser.viewer import SMALL, VIEWER, Viewer

# A network that waits before each forward pass and can be told to fail.
SLOW = """
import time

class Slow(nn.Module):
    pause, problem = 0.0, ""
    def __init__(self, network):
        super().__init__()
        self.network = network
    def forward(self, x):
        time.sleep(self.pause)
        if self.problem:
            raise RuntimeError(self.problem)
        return self.network(x)

slow = Slow(network).eval()
engine = xw.Engine(slow, preprocessing=dict(size=64, crop=64), class_names=names, name="Slow")
"""


def test_a_slow_method_refines_and_stops(open_notebook: OpenNotebook, shoot: Shoot) -> None:
    notebook = open_notebook([SMALL, SLOW, VIEWER])
    viewer = Viewer(notebook.page)
    viewer.until_painted("grad_cam")
    notebook.execute("slow.pause = 0.5; viewer.parameters = dict(window=8, stride=2)")
    first = viewer.checksum()
    viewer.choose("method", "occlusion")
    stop = viewer.control("stop")
    stop.wait_for()
    early = viewer.until_changed(first)
    viewer.until_changed(early)  # it refines
    shoot(viewer.root, "running.png")
    assert "Occlusion" in viewer.status()
    assert "%" in viewer.status()

    stop.click()
    viewer.until("root => root.querySelector('[data-xw-control=stop]').hidden")
    assert "topped" in viewer.status()
    notebook.execute("assert viewer.status['state'] == 'stopped', viewer.status")
    shoot(viewer.root, "stopped.png")
    kept = viewer.checksum()
    notebook.page.wait_for_timeout(700)
    assert viewer.checksum() == kept
    assert notebook.errors == []


def test_an_error_is_shown_in_words_with_a_way_out(
    open_notebook: OpenNotebook, shoot: Shoot
) -> None:
    notebook = open_notebook([SMALL, SLOW, VIEWER])
    viewer = Viewer(notebook.page)
    viewer.until_painted("grad_cam")
    shown = viewer.checksum()
    notebook.execute("slow.problem = 'the <i>network</i> broke'")
    viewer.choose("method", "occlusion")
    viewer.until("root => root.innerText.includes('the <i>network</i> broke')")
    assert "engine.explain" in viewer.status()
    for theme in ("dark", "light"):
        notebook.theme(theme)
        viewer.until("(root, theme) => root.dataset.xwTheme === theme", theme)
        shoot(viewer.root, f"error_{theme}.png")
        assert faint_texts(viewer.root, 4.5) == [], theme

    notebook.execute("slow.problem = ''")
    viewer.choose("method", "grad_cam")
    viewer.until_painted("grad_cam")
    assert viewer.checksum() == shown
    notebook.until(lambda: "broke" not in viewer.status())
    assert notebook.errors == []


def test_a_method_that_this_network_cannot_have_says_why(open_notebook: OpenNotebook) -> None:
    smooth = """
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1), nn.GELU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10)
    ).eval()
    engine = xw.Engine(network, preprocessing=dict(size=64, crop=64), class_names=names)
    """.replace("\n    ", "\n")
    notebook = open_notebook([SMALL, smooth, VIEWER])
    viewer = Viewer(notebook.page)
    viewer.until_painted("grad_cam")
    viewer.control("method").click()
    option = viewer.find('.xw-popup:not([hidden]) [data-xw-value="guided_backprop"]')
    assert option.get_attribute("aria-disabled") == "true"
    assert "rectifiers" in option.inner_text()
    assert notebook.errors == []


def test_an_empty_map_and_one_that_is_not_finite_are_said_so(
    open_notebook: OpenNotebook, shoot: Shoot
) -> None:
    empty = """
    with torch.no_grad():
        network[0].weight.zero_(), network[0].bias.fill_(-1)
    """.replace("\n    ", "\n")
    # The square root's slope at 0 is infinite, and infinity times 0 is not a number.
    rooted = """
    class Rooted(nn.Module):
        def forward(self, scores):
            return scores + (scores.sum() * 0).sqrt()

    engine = xw.Engine(
        nn.Sequential(network, Rooted()), preprocessing=dict(size=64, crop=64), class_names=names
    )
    """.replace("\n    ", "\n")
    saliency = "other = xw.HeatmapViewer(engine, photo, 'saliency')\nother"
    notebook = open_notebook([SMALL, rooted, saliency, SMALL, empty, VIEWER])
    infinite, zero = Viewer(notebook.page), Viewer(notebook.page, 1)
    for viewer, word, name in [(zero, "zero", "zero"), (infinite, "finite", "nonfinite")]:
        plate = viewer.find("[data-xw-plate]")
        plate.wait_for()
        assert word in plate.inner_text()
        assert viewer.checksum() is None  # nothing is painted
        shoot(viewer.root, f"{name}.png")
    assert notebook.errors == []


def test_closing_removes_the_view_and_a_new_run_replaces_it(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([SMALL, VIEWER])
    viewer = Viewer(notebook.page)
    viewer.until_painted("grad_cam")
    notebook.execute("first = viewer")
    notebook.run_all()
    viewer.until_painted("grad_cam")
    notebook.execute(
        "assert first is not viewer and first.comm is None and viewer.comm is not None"
    )
    assert notebook.page.locator(".xw-root").count() == 1
    notebook.execute("viewer.close()")
    notebook.page.wait_for_function("() => document.querySelectorAll('.xw-root').length === 0")
    assert notebook.errors == []
