"""Views in the boxes of ipywidgets: each has its share of the width, and a gap to the next."""

from __future__ import annotations

import pytest

from tests.browser.conftest import OpenNotebook
from tests.browser.viewer import SMALL, Viewer

MADE = """
import ipywidgets
one = xw.HeatmapViewer(engine, photo, prefetch=False)
two = xw.GradientComparison(engine, photo, ["saliency"])
ipywidgets.BOX([one, two])
"""


@pytest.mark.parametrize("box", ["HBox", "VBox"])
def test_a_box_is_shared(open_notebook: OpenNotebook, box: str) -> None:
    notebook = open_notebook([SMALL, MADE.replace("BOX", box)])
    views = [Viewer(notebook.page, nth) for nth in range(2)]
    for view in views:
        view.until("root => root.dataset.xwReady !== undefined")
    one, two = (view.root.bounding_box() for view in views)
    assert one is not None
    assert two is not None
    assert one["width"] == pytest.approx(two["width"], abs=2)
    ends, begins = (
        (one["x"] + one["width"], two["x"])
        if box == "HBox"
        else (one["y"] + one["height"], two["y"])
    )
    assert 6 <= begins - ends <= 16
    for view in views:
        assert view.root.evaluate("root => root.scrollWidth <= root.clientWidth + 1")
    assert notebook.errors == []
