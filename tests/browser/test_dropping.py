"""A picture dropped or pasted onto the stage, as a browser does it, in a real JupyterLab."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext

from tests.browser.conftest import Shoot, shown
from tests.browser.jupyter import JupyterLab
from tests.browser.notebook_page import NotebookPage
from tests.browser.viewer import SMALL, VIEWER, Viewer


@pytest.fixture(scope="module")
def notebook(lab: JupyterLab, window: BrowserContext, kernel: str) -> Iterator[NotebookPage]:
    with shown(window, lab, "dropping", [SMALL, VIEWER], kernel=kernel) as page:
        yield page


@pytest.fixture
def viewer(notebook: NotebookPage) -> Iterator[Viewer]:
    viewer = Viewer(notebook.page)
    viewer.until_painted("grad_cam")
    yield viewer
    assert notebook.errors == []


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Upright it is blue above and red below, which its EXIF alone says."""
    pixels = np.zeros((60, 90, 3), np.uint8)
    pixels[:30, :, 0] = pixels[30:, :, 2] = 255
    exif = Image.Exif()
    exif[0x0112] = 3
    file = tmp_path / "red and blue.png"
    Image.fromarray(pixels).save(file, exif=exif)
    return file


def drag(viewer: Viewer, kind: str, file: Path, *, x: float = 0.5) -> None:
    """What Chromium does with a file that is dragged from elsewhere."""
    box = viewer.find("[data-xw-stage]").bounding_box()
    assert box is not None
    session = viewer.page.context.new_cdp_session(viewer.page)
    at = {"x": box["x"] + x * box["width"], "y": box["y"] + 0.5 * box["height"]}
    data = {"items": [], "files": [str(file)], "dragOperationsMask": 1}
    session.send("Input.dispatchDragEvent", {"type": kind, **at, "data": data})
    session.detach()


def mode(viewer: Viewer) -> str | None:
    """How the target looks; None while there is none."""
    seen: str | None = viewer.root.evaluate(
        """root => {
          const veil = root.querySelector(".xw-veil");
          return veil && !veil.hidden ? veil.dataset.xwDrop : null;
        }"""
    )
    return seen


def hover(viewer: Viewer, file: Path) -> None:
    """As a hand does: the browser tells again and again that something is there."""
    for _ in range(200):
        drag(viewer, "dragEnter", file)
        drag(viewer, "dragOver", file)
        if mode(viewer) == "over":
            return
        viewer.page.wait_for_timeout(50)
    raise AssertionError(f"the target looks {mode(viewer)}")


def colours(viewer: Viewer) -> list[Any]:
    """The colour near the upper and the lower edge of the picture."""
    found: list[Any] = viewer.find('[data-xw-canvas="picture"]').evaluate(
        """canvas => [0.1, 0.9].map(down => [...canvas.getContext("2d").getImageData(
          canvas.width / 2, Math.floor(down * canvas.height), 1, 1).data].slice(0, 3))"""
    )
    return found


def until_mode(viewer: Viewer, wanted: str | None) -> None:
    viewer.until(
        """(root, wanted) => {
          const veil = root.querySelector(".xw-veil");
          const shown = veil && !veil.hidden ? veil.dataset.xwDrop : null;
          return shown === wanted;
        }""",
        wanted,
    )


def until_red_and_blue(viewer: Viewer) -> None:
    viewer.until(
        """root => {
          const canvas = root.querySelector('[data-xw-canvas="picture"]');
          const at = canvas.getContext("2d").getImageData(canvas.width / 2, 6, 1, 1).data;
          return at[2] > 200 && at[0] < 60;
        }"""
    )


def test_a_file_is_dropped_explained_and_taken_back(
    notebook: NotebookPage, viewer: Viewer, picture: Path, shoot: Shoot
) -> None:
    before = viewer.checksum("picture")
    hover(viewer, picture)
    for theme in ("light", "dark"):
        notebook.theme(theme)
        viewer.until("(root, theme) => root.dataset.xwTheme === theme", theme)
        hover(viewer, picture)
        shoot(viewer.root, f"drop_over_{theme}.png")
    drag(viewer, "drop", picture)
    until_red_and_blue(viewer)
    until_mode(viewer, None)
    above, below = colours(viewer)
    assert below[0] > 200 > 60 > below[2]
    assert above[2] > 200 > 60 > above[0]
    notebook.until_kernel("viewer.image.name == 'red and blue.png'")
    notebook.until_kernel("viewer.status['state'] == 'idle'")
    notebook.execute(
        "import numpy as np\n"
        "alone = engine.explain(viewer.image, 'grad_cam')\n"
        "assert (alone.values == viewer.attribution.values).all()\n"
        "assert alone.target.index == viewer.prediction['top'][0]['index']"
    )
    back = viewer.control("drop-back")
    assert back.is_visible()
    shoot(viewer.root, "drop_shown.png")
    notebook.theme("light")
    now = viewer.checksum("picture")
    back.click()
    viewer.until_changed(now, "picture")
    viewer.until_painted("grad_cam")
    assert viewer.checksum("picture") == before
    notebook.until_kernel("viewer.image is photo")
    assert back.is_hidden()


def test_what_is_no_picture_is_said_at_the_stage(
    notebook: NotebookPage, viewer: Viewer, tmp_path: Path, shoot: Shoot
) -> None:
    notes = tmp_path / "notes.png"
    notes.write_text("no picture at all", encoding="utf-8")
    before = viewer.checksum("picture")
    hover(viewer, notes)
    drag(viewer, "drop", notes)
    until_mode(viewer, "refused")
    assert '"notes.png" is not a picture' in viewer.find(".xw-dropped").inner_text()
    for theme in ("dark", "light"):
        notebook.theme(theme)
        viewer.until("(root, theme) => root.dataset.xwTheme === theme", theme)
        shoot(viewer.root, f"drop_refused_{theme}.png")
    viewer.control("drop-close").press("Escape")
    until_mode(viewer, None)
    assert viewer.checksum("picture") == before
    notebook.execute("assert viewer.image is photo")


PASTE = """([root, png, selector]) => {
  root.querySelector(selector).focus();
  const bytes = Uint8Array.from(atob(png), letter => letter.charCodeAt(0));
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([bytes], "image.png", {type: "image/png"}));
  const event = new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true});
  document.body.dispatchEvent(event);
  return event.defaultPrevented;
}"""


def test_a_picture_is_pasted_where_the_focus_is(notebook: NotebookPage, viewer: Viewer) -> None:
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[..., 2] = 255
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "png")
    png = base64.b64encode(written.getvalue()).decode()
    root = viewer.root.element_handle()

    def paste(selector: str) -> bool:
        return bool(viewer.page.evaluate(PASTE, [root, png, selector]))

    assert not paste('[data-xw-control="class-search"]')
    assert paste("[data-xw-stage]")
    until_red_and_blue(viewer)
    notebook.until_kernel("viewer.image.name == 'image.png'")
    notebook.page.evaluate("document.activeElement.blur()")
    elsewhere = "root => { const event = new ClipboardEvent('paste', {cancelable: true});"
    assert not notebook.page.evaluate(f"{elsewhere} document.body.dispatchEvent(event); "
                                      "return event.defaultPrevented; }")  # fmt: skip
    viewer.control("drop-back").click()
    notebook.until_kernel("viewer.image is photo")
    viewer.until_painted("grad_cam")


def test_two_maps_follow_the_brush(notebook: NotebookPage, viewer: Viewer, shoot: Shoot) -> None:
    viewer.root.get_by_text("Difference", exact=True).click()
    viewer.until("root => root.dataset.xwSecond !== undefined")
    notebook.until_kernel("viewer.other_attribution is not None")
    notebook.until_kernel("viewer.arrangement == 'difference'")
    before = viewer.checksum()
    notebook.execute(
        "import numpy as np\n"
        "mask = np.zeros(viewer.attribution.heatmap().shape, bool); mask[10:50, 10:40] = True\n"
        "viewer.paint(mask, 'black')"
    )
    viewer.until("root => root.dataset.xwLive !== undefined")
    viewer.until("root => /^Maps of the painted picture/.test("
                 "root.querySelector('[data-xw-whose]')?.textContent)")  # fmt: skip
    assert viewer.checksum() != before
    notebook.until_kernel("viewer.painted_other_attribution is not None")
    notebook.execute(
        "a, b = viewer.painted_attribution, viewer.painted_other_attribution\n"
        "assert a.target.index == viewer.attribution.target.index\n"
        "assert b.target.index == viewer.other_target"
    )
    shoot(viewer.root, "two_maps_painted.png")
    notebook.execute("viewer.clear_paint()")
    viewer.until("root => root.dataset.xwLive === undefined")
    notebook.execute("viewer.arrangement, viewer.other_target = 'overlay', None")
