"""Record a moving picture of each widget, in use in a real JupyterLab, for the README and the site.

    python tools/record.py                    all of them
    python tools/record.py heatmap dataset    some

A scene is played step by step, a picture is taken after each, and the pictures become
docs/moving/<widget>.webp: at most 2 MB each. It takes a Chromium (`make chromium`).
"""

from __future__ import annotations

import argparse
import io
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator

from tests.browser import chromium
from tests.browser.conftest import shown
from tests.browser.jupyter import serve
from tests.browser.viewer import Viewer

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "moving"
WIDTH, HEIGHT = 1100, 1240
SHOWN = 800  # pixels across
MOST_BYTES = 2 * 2**20
FRAME = 70  # milliseconds
SHAPES = """
import warnings; warnings.simplefilter("ignore")
import tempfile, numpy as np, xai_widgets as xw
honest, cheat = xw.demo.shapes_engine(), xw.demo.shapes_engine(shortcut=True)
"""
DEMO = """
import warnings; warnings.simplefilter("ignore")
import xai_widgets as xw
engine = xw.demo.engine()
"""
# A screenshot has no pointer.
POINTER = """() => {
  const pointer = document.createElement("div");
  pointer.innerHTML = '<svg width="22" height="22" viewBox="0 0 24 24"><path d="M4 2l15 12h-7l4 8'
    + '-4 1.6-3.600-8L4 20z" fill="#111" stroke="#fff" stroke-width="1.6"/></svg>';
  pointer.style.cssText = "position:fixed;left:-40px;top:0;z-index:99999;pointer-events:none";
  document.body.append(pointer);
  document.addEventListener("pointermove", (event) => {
    pointer.style.left = `${event.clientX - 3}px`;
    pointer.style.top = `${event.clientY - 1}px`;
  }, true);
}"""


class Film:
    """The pictures of one widget, and the hand that uses it."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.frames: list[Image.Image] = []
        self.durations: list[int] = []
        self._at = (0.0, 0.0)
        self.page.evaluate(POINTER)
        viewer.root.evaluate("root => root.scrollIntoView({block: 'start'})")

    @property
    def page(self):  # type: ignore[no-untyped-def]  # Playwright's, which Viewer names loosely
        return self.viewer.page

    def take(self, milliseconds: int = FRAME) -> None:
        """Take a picture, which is seen for so long."""
        box = self.viewer.root.bounding_box()
        assert box is not None
        clip = {"x": box["x"], "y": max(box["y"], 0), "width": box["width"]}
        clip["height"] = min(box["height"], HEIGHT - clip["y"])
        raw = self.page.screenshot(clip=clip)
        frame = Image.open(io.BytesIO(raw)).convert("RGB")
        self.frames.append(frame)
        self.durations.append(milliseconds)

    def rest(self, seconds: float) -> None:
        """Nothing happens for so long."""
        self.page.wait_for_timeout(120)
        self.take(int(1000 * seconds))

    def to(self, target: Locator, x: float = 0.5, y: float = 0.5, steps: int = 7) -> None:
        """Move the pointer to a place in an element, in shares of its size."""
        box = target.bounding_box()
        assert box is not None, target
        begin, end = self._at, (box["x"] + x * box["width"], box["y"] + y * box["height"])
        for step in range(1, steps + 1):
            share = step / steps
            share = share * share * (3 - 2 * share)
            self._at = tuple(a + share * (b - a) for a, b in zip(begin, end, strict=True))  # type: ignore[assignment]
            self.page.mouse.move(*self._at)
            self.page.wait_for_timeout(60)
            self.take()

    def click(self, target: Locator, x: float = 0.5, y: float = 0.5) -> None:
        """Go to an element and press it."""
        self.to(target, x, y)
        self.page.mouse.down()
        self.page.mouse.up()

    def drag(self, target: Locator, *places: tuple[float, float], steps: int = 14) -> None:
        """Press at the first of these places in an element, and pass through the others."""
        self.to(target, *places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.to(target, *place, steps=steps)
        self.page.mouse.up()

    def write(self, path: Path) -> None:
        """Write the moving picture, as well as it fits."""
        size = tuple(max(frame.size[axis] for frame in self.frames) for axis in (0, 1))
        frames = [_of_size(frame, size) for frame in self.frames]
        shown = (SHOWN, round(size[1] * SHOWN / size[0]))
        frames = [frame.resize(shown, Image.Resampling.LANCZOS) for frame in frames]
        for quality in (75, 65, 55, 46, 38, 30):
            frames[0].save(
                path, save_all=True, append_images=frames[1:], duration=self.durations,
                loop=0, quality=quality, method=4, minimize_size=True,
            )  # fmt: skip
            if path.stat().st_size < MOST_BYTES / 8:
                break
        size, seconds = path.stat().st_size, sum(self.durations) / 1000
        print(f"{path.name}: {len(self.frames)} pictures, {seconds:.0f} s, {size / 2**10:.0f} KB")
        assert size <= MOST_BYTES


def _of_size(frame: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture on a page of this size; what is lower is cut."""
    if frame.size == size:
        return frame
    page = Image.new("RGB", size, "white")
    page.paste(frame, (0, 0))
    return page


def heatmap(film: Film) -> None:
    viewer = film.viewer
    viewer.until_painted("grad_cam")
    film.rest(1.4)
    bars = viewer.root.locator(".xw-bar:not([data-xw-empty])")
    film.click(bars.nth(1))
    viewer.page.wait_for_timeout(300)
    viewer.until_painted("grad_cam")
    film.rest(1.2)
    film.click(bars.nth(0))
    viewer.page.wait_for_timeout(300)
    viewer.until_painted("grad_cam")
    film.click(viewer.control("method"))
    viewer.page.wait_for_timeout(900)  # previews come
    film.rest(1.6)
    film.click(viewer.root.locator('.xw-methods [data-xw-value="hires_cam"]'))
    viewer.page.wait_for_timeout(300)
    viewer.until_painted("hires_cam")
    film.rest(0.8)
    stage = viewer.find("[data-xw-stage]")
    film.click(viewer.control("brush"))
    viewer.page.wait_for_timeout(500)
    film.rest(0.5)
    film.drag(stage, (0.38, 0.3), (0.62, 0.3), (0.4, 0.42), (0.62, 0.44), steps=8)
    viewer.page.wait_for_timeout(900)
    film.rest(2.2)


def faithfulness(film: Film) -> None:
    viewer = film.viewer
    viewer.until("root => root.dataset.xwReady !== undefined && root.dataset.xwBusy === undefined")
    film.rest(1.2)
    plot = viewer.control("insertion")
    film.drag(plot, (0.12, 0.8), (0.7, 0.8), (0.3, 0.8), steps=18)
    film.rest(1.2)
    film.drag(viewer.control("deletion"), (0.12, 0.8), (0.6, 0.8), steps=14)
    film.rest(1.6)


def latent(film: Film) -> None:
    viewer = film.viewer
    viewer.until(
        "root => Number(root.dataset.xwSliders) > 1 && root.dataset.xwBusy === undefined"
        " && root.dataset.xwReady !== undefined",
        timeout=600_000,
    )
    film.rest(1.2)
    slider = viewer.control("counterfactual")
    film.to(slider, 0.26, 0.5)
    film.page.mouse.down()
    for share in [0.26 + 0.03 * step for step in range(1, 22)]:
        film.to(slider, share, 0.5, steps=1)
        film.page.wait_for_timeout(250)
    film.page.mouse.up()
    film.rest(1.8)


def comparison(film: Film) -> None:
    viewer = film.viewer
    viewer.until(
        "root => root.dataset.xwComplete !== undefined && root.dataset.xwBusy === undefined"
    )
    film.rest(1.2)
    cells = viewer.root.locator("[data-xw-cell] [data-xw-canvas='heat']:visible")
    film.to(cells.nth(0), 0.2, 0.2)
    film.to(cells.nth(0), 0.8, 0.8, steps=14)
    film.to(cells.nth(0), 0.5, 0.4, steps=8)
    film.rest(0.6)
    for name in ("swipe", "difference"):
        choice = viewer.find(f'label:has([value="{name}"])')
        if choice.count():
            film.click(choice)
            film.rest(1.4)
    film.click(viewer.find('label:has([value="grid"])'))
    film.rest(1.4)


def training(film: Film) -> None:
    viewer = film.viewer
    seen = "(root, least) => Number(root.dataset.xwSeen) >= least"
    for epoch in range(1, 11):
        viewer.until(seen, epoch)
        film.take(260)
    film.drag(viewer.control("epoch"), (0.98, 0.5), (0.02, 0.5), (0.98, 0.5), steps=14)
    film.rest(1.6)


def dataset(film: Film) -> None:
    viewer = film.viewer
    viewer.until("root => root.querySelectorAll('.xw-tile').length > 5")
    film.page.wait_for_selector(".xw-tile [data-xw-waits]", state="detached")
    film.page.wait_for_timeout(1000)
    film.rest(1.4)
    film.click(film.page.get_by_role("button", name="Wrong", exact=False).first)
    film.page.wait_for_timeout(600)
    film.rest(1.2)
    film.click(viewer.root.locator(".xw-tile:visible").nth(2))
    film.page.wait_for_timeout(1200)
    film.rest(1.6)
    film.click(viewer.control("shortcuts"))
    found = viewer.root.locator(".xw-ask section").nth(1).locator("button.xw-set").first
    found.wait_for(timeout=240_000)
    film.page.wait_for_timeout(1500)
    film.rest(1.6)
    film.click(found)
    # What was found is low in its column.
    found.evaluate("(line) => { line.closest('aside').scrollTop = line.offsetTop - 120 }")
    film.page.wait_for_timeout(1500)
    film.rest(2.4)


SCENES: dict[str, tuple[Callable[[Film], None], list[str]]] = {
    "heatmap": (heatmap, [DEMO, "xw.HeatmapViewer(engine, xw.demo.photo('cat'), 'grad_cam')"]),
    "faithfulness": (faithfulness, [
        DEMO,
        "viewer = xw.FaithfulnessViewer(engine, xw.demo.photo('cat'), ['grad_cam', 'saliency'],"
        " steps=20)\nviewer.wait()\nviewer",
    ]),
    "latent": (latent, [
        DEMO, "xw.LatentExplorer(engine, xw.demo.vae(), xw.demo.photo('cat'))",
    ]),
    "comparison": (comparison, [
        SHAPES,
        "drawn = [shape.pixels for shape in xw.demo.shapes(6, seed=3, shortcut=True)]\n"
        "xw.GradientComparison({'honest': honest, 'cheat': cheat}, drawn,"
        " ['saliency', 'guided_backprop', 'grad_cam'])",
    ]),
    "training": (training, [
        SHAPES,
        "def labelled(shapes):\n"
        "    pixels = np.stack([shape.pixels for shape in shapes])\n"
        "    return pixels, np.array([shape.label for shape in shapes])\n"
        "recipe = xw.training.Recipe.one_cycle(10, batch_size=30, weight=0.2, statistics='fixed',"
        " crop=0, flip=False, rotation=0)\n"
        "trainer = xw.training.Trainer(xw.training.build('small_resnet', 3, 6),"
        " labelled(xw.demo.shapes(800, seed=101, shortcut=True)),"
        " labelled(xw.demo.shapes(120, seed=102, shortcut=True)), recipe=recipe, measured=16)\n"
        "from xai_widgets.demo.shapes import CLASS_NAMES\n"
        "xw.TrainingMonitor(trainer, pictures=3, class_names=CLASS_NAMES)",
    ]),
    "dataset": (dataset, [
        SHAPES,
        "drawn = xw.demo.shapes(300, seed=5, shortcut=True, share=0.7)\n"
        "study = xw.Study(cheat, ([s.pixels for s in drawn], [s.label for s in drawn]),"
        " folder=tempfile.mkdtemp() + '/shapes.study')\n"
        "study.run(wait=True, progress=False)\n"
        "xw.DatasetExplorer(study)",
    ]),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scenes", nargs="*", help=f"of {', '.join(SCENES)}; all when none is named")
    wanted = parser.parse_args().scenes or list(SCENES)
    if unknown := set(wanted) - set(SCENES):
        parser.error(f"no scene {', '.join(sorted(unknown))}; there are {', '.join(SCENES)}")
    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder)) as lab,
        chromium.started() as browser,
    ):
        for name in wanted:
            play, cells = SCENES[name]
            window = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
            with shown(window, lab, name, cells, width=WIDTH) as notebook:
                notebook.page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
                film = Film(Viewer(notebook.page))
                play(film)
                film.write(FOLDER / f"{name}.webp")
            window.close()


if __name__ == "__main__":
    main()
