"""The colour bar as a control: its ends are the threshold and the clip of sliders and Python."""

from __future__ import annotations

import pytest

from tests.browser.conftest import OpenNotebook, Shoot
from tests.browser.viewer import SMALL, VIEWER, Viewer


def test_its_ends_are_dragged(open_notebook: OpenNotebook, shoot: Shoot) -> None:
    notebook = open_notebook([SMALL, VIEWER])
    viewer = Viewer(notebook.page)
    viewer.until_painted("grad_cam")
    mouse = notebook.page.mouse
    bar = viewer.find(".xw-rampbox").bounding_box()
    assert bar is not None
    y = bar["y"] + 28

    def left(name: str) -> float:
        box = viewer.control(f"bar-{name}").bounding_box()
        assert box is not None
        assert box["width"] >= 24
        return box["x"] + box["width"] / 2

    before = viewer.checksum()
    mouse.move(left("threshold"), y)
    mouse.down()
    with notebook.counting() as sent:
        mouse.move(bar["x"] + 0.3 * bar["width"], y, steps=8)
        viewer.until_changed(before)
        notebook.page.wait_for_timeout(600)  # longer than a hand that rests is waited for
    assert sent == []
    assert left("threshold") == pytest.approx(bar["x"] + 0.3 * bar["width"], abs=2)
    mouse.up()
    notebook.until_kernel("0.25 < viewer.threshold < 0.4")
    slider = float(viewer.control("threshold").input_value())
    notebook.execute(f"assert viewer.threshold == {slider}")

    end = left("clip")
    mouse.move(end, y)
    mouse.down()
    mouse.move(end - 12, y, steps=4)
    assert left("clip") == pytest.approx(end - 12, abs=6)
    mouse.up()
    notebook.until_kernel("viewer.clip < 99.5")
    shoot(viewer.root, "colour_bar.png")
    viewer.control("bar-clip").dblclick()
    notebook.until_kernel("viewer.clip == 99.5 and viewer.threshold > 0.25")
    viewer.control("bar-threshold").dblclick()
    notebook.until_kernel("viewer.threshold == 0")
    assert notebook.errors == []
