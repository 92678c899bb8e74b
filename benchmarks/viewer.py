"""How quickly a HeatmapViewer answers a person, in a default JupyterLab in a real Chromium.

    python benchmarks/viewer.py

Measures, from the click to the painted canvas: a method never asked before on a picture already
traced, with the quick methods fetched ahead (the default) and without; from the stroke of a brush
to the repainted bars and to the repainted map, for dabs one at a time and while one paints on; from
the run of a cell to the painted picture and map, for the first view of a kernel that has its engine
and for those after it; then the repaint after an appearance control at 224 and 1024 pixels and the
messages it sends, the size of the bundle, how much a notebook grows by one viewer, and how many of
50 closed viewers stay alive. Written to benchmarks/results/viewer.json; with --brush or --first,
only that is measured and printed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from keeping import keep
from nbclient import NotebookClient
from playwright.sync_api import BrowserContext, sync_playwright

import xai_widgets
from tests.browser import chromium
from tests.browser.conftest import shown
from tests.browser.jupyter import JupyterLab, serve
from tests.browser.notebook_page import NotebookPage
from tests.browser.viewer import DEMO, VIEWER, Viewer

METHODS = ("saliency", "input_x_gradient", "guided_backprop", "deconvnet", "hires_cam")
# A counter of which nothing can be read but by counting: a number that the hook reads by name would
# be part of the network's state, which every pass then changed.
COUNTED = """
import itertools
forwards = itertools.count()
def count(*_):
    next(forwards)
handle = engine.model.register_forward_hook(count)
"""
LARGE = """
import torch, xai_widgets as xw
from torch import nn
network = nn.Sequential(
    nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5)
)
engine = xw.Engine(network, preprocessing=dict(size=1024, crop=1024))
photo = xw.demo.photo("astronaut")
"""
SWITCH = """([root, method]) => new Promise(resolve => {
  root.querySelector('[data-xw-control="method"]').click();
  const option = root.querySelector(`.xw-popup:not([hidden]) [data-xw-value="${method}"]`);
  const before = root.dataset.xwPaintedAt, start = performance.now();
  option.click();
  const look = () => {
    const {xwPaintedAt, xwMethod} = root.dataset;
    if (xwPaintedAt !== before && xwMethod === method) resolve(Number(xwPaintedAt) - start);
    else setTimeout(look, 1);
  };
  look();
})"""
SLIDE = """root => new Promise(async resolve => {
  const slider = root.querySelector('[data-xw-control="clip"]');
  const taken = [];
  for (let i = 0; i < 60; i++) {
    slider.value = String(Number(slider.max) - (i % 2 ? 0 : 3));
    slider.dispatchEvent(new Event("input", {bubbles: true}));
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    taken.push(Number(root.dataset.xwRepaintMs));
  }
  resolve(taken);
})"""
# From the pointer's event until the bars, and the map, have been painted that answer a mask with
# that stroke.
STROKES = """root => {
  window.taken = {xwPainted: [], xwMapped: []};
  let at = 0, stroke = root.dataset.xwStroke;
  for (const name of ["pointerdown", "pointermove"])
    root.addEventListener(name, event => { at = event.timeStamp; }, true);
  const kinds = Object.entries(window.taken).map(([name, taken]) => {
    return {name, taken, waiting: [], seen: root.dataset[name]};
  });
  new MutationObserver(() => {
    const begun = root.dataset.xwStroke !== stroke && Number(stroke = root.dataset.xwStroke);
    for (const kind of kinds) {
      if (begun !== false) kind.waiting.push([begun, at]);
      if (root.dataset[kind.name] === kind.seen) continue;
      kind.seen = root.dataset[kind.name];
      const done = kind.waiting.filter(([version]) => version <= Number(kind.seen));
      kind.waiting.splice(0, done.length);
      requestAnimationFrame(() => setTimeout(() => {
        for (const [, begun] of done) kind.taken.push(performance.now() - begun);
      }));
    }
  }).observe(root, {attributes: true});
}"""
# From the run of the second cell until its view has painted the photograph and the map.
RUN = """code => new Promise(async resolve => {
  const {content} = window.jupyterapp.shell.currentWidget;
  content.activeCellIndex = 1;
  content.activeCell.model.sharedModel.setSource(code);
  const before = new Set(document.querySelectorAll(".xw-root"));
  await new Promise(done => setTimeout(done, 300));
  const start = performance.now();
  window.jupyterapp.commands.execute("notebook:run-cell");
  const look = () => {
    const there = [...document.querySelectorAll(".xw-root")].find(root => !before.has(root)
      && root.dataset.xwReady !== undefined && root.dataset.xwPaintedAt !== undefined);
    if (there) requestAnimationFrame(() => resolve(performance.now() - start));
    else setTimeout(look, 1);
  };
  look();
})"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=8, help="classes, each with five switches")
    parser.add_argument("--brush", action="store_true", help="only the brush")
    parser.add_argument("--first", action="store_true", help="only the first pictures of cells")
    arguments = parser.parse_args()
    rounds = arguments.rounds
    executable = chromium.find()
    assert executable is not None, "no Chromium on this machine: `make chromium` installs one"
    result: dict[str, Any] = {}
    only = arguments.brush or arguments.first
    if not only:
        result = {"bundle_bytes": bundle_bytes(), "growth_bytes": growth_bytes()}
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder)) as lab,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=executable, args=chromium.FLAGS) as browser,
        browser.new_context() as window,
    ):
        if arguments.brush or not only:
            cells = [DEMO, "xw.HeatmapViewer(engine, photo)"]
            with shown(window, lab, "brush", cells) as notebook:
                taken = strokes(notebook, rounds)
                taken["network_alone"] = network_alone(notebook, Path(folder) / "alone")
                result["brush_ms"] = taken
        if arguments.first or not only:
            result["first_picture_ms"] = first_pictures(window, lab, rounds)
        if only:
            print(json.dumps(result, indent=1))
            return
        for name, prefetch in (("switch_ms_fetched_ahead", True), ("switch_ms_computed", False)):
            cells = [DEMO, f"viewer = xw.HeatmapViewer(engine, photo, prefetch={prefetch})\nviewer"]
            with shown(window, lab, name, [*cells, COUNTED]) as notebook:
                result[name] = switches(notebook, rounds, settle=1500 if prefetch else 100)
        for size, first in ((224, DEMO), (1024, LARGE)):
            with shown(window, lab, f"repaint_{size}", [first, VIEWER]) as notebook:
                result[f"repaint_ms_{size}"] = repaints(notebook)
        with shown(window, lab, "closing", [DEMO, CLOSING]) as notebook:
            said = notebook.find(".jp-OutputArea-output").inner_text()
            result["alive_after_close_of_50"] = int(said.split()[0])
    keep("viewer", result)


ALONE = """
import statistics, time
from pathlib import Path
from xai_widgets.probe.cores import one_core_left
taken, x = [], engine.picture(photo).input
for _ in range(25):
    started = time.perf_counter()
    with one_core_left():
        engine.internals.probabilities(x)
    taken.append(1000 * (time.perf_counter() - started))
Path({file!r}).write_text(str(round(statistics.median(taken), 1)))
"""
CLOSING = """
import gc, weakref
alive = []
for _ in range(50):
    viewer = xw.HeatmapViewer(engine, photo)
    alive.append(weakref.ref(viewer))
    viewer.close()
del viewer
gc.collect()
print(sum(ref() is not None for ref in alive), "alive")
"""


def switches(notebook: NotebookPage, rounds: int, settle: int) -> dict[str, float]:
    """Median and slowest milliseconds of a switch, and the forwards the network ran meanwhile."""
    viewer = Viewer(notebook.page)
    viewer.until_painted("grad_cam")
    taken = []
    for target in range(rounds):
        # Clicks this quick wait in the browser for the kernel: let the last ones reach it first.
        notebook.page.wait_for_timeout(500)
        notebook.execute(f"viewer.method, viewer.target = 'grad_cam', {target}")
        viewer.until_painted("grad_cam", target)
        notebook.page.wait_for_timeout(settle)
        root = viewer.root.element_handle()
        taken += [notebook.page.evaluate(SWITCH, [root, method]) for method in METHODS]
    # The hook is itself a change: the picture is recorded once more, and nothing runs after that.
    notebook.execute("ran = next(forwards)\nassert ran <= 3, ran")
    return {"median": round(statistics.median(taken), 1), "slowest": round(max(taken), 1)}


def network_alone(notebook: NotebookPage, file: Path) -> float:
    """Median milliseconds of one pass of one picture in the same kernel while nobody paints."""
    notebook.execute(ALONE.format(file=str(file)))
    return float(file.read_text())


def strokes(notebook: NotebookPage, rounds: int) -> dict[str, Any]:
    """Milliseconds from a stroke to the new bars and the new map: of dabs, and while one paints."""
    viewer = Viewer(notebook.page)
    viewer.until_painted()
    notebook.page.wait_for_timeout(2000)
    viewer.control("brush").click()
    viewer.until("root => root.dataset.xwBrush !== undefined")
    box = viewer.find("[data-xw-stage]").bounding_box()
    assert box is not None
    viewer.root.evaluate(STROKES)
    mouse = notebook.page.mouse
    found = {}
    for name, moves in (("dabs", 0), ("painting_on", 60)):
        for i in range(4 * rounds if not moves else 2):
            across, down = (0.1 + 0.37 * i) % 0.8 + 0.1, (0.2 + 0.23 * i) % 0.7 + 0.1
            x, y = box["x"] + across * box["width"], box["y"] + down * box["height"]
            mouse.move(x, y)
            mouse.down()
            for step in range(moves):
                mouse.move(x + 3 * step * (-1) ** i, y + step % 7)
                notebook.page.wait_for_timeout(16)
            mouse.up()
            viewer.until("root => root.dataset.xwMapped === root.dataset.xwStroke")
            notebook.page.wait_for_timeout(300)
        for attribute, of in (("xwPainted", name), ("xwMapped", f"{name}_map")):
            taken = notebook.page.evaluate("name => window.taken[name].splice(0)", attribute)
            found[of] = {
                "strokes": len(taken),
                "median": round(statistics.median(taken), 1),
                "slowest": round(max(taken), 1),
            }
    return found


def first_pictures(window: BrowserContext, lab: JupyterLab, rounds: int) -> dict[str, Any]:
    """Milliseconds from the run of a cell to its painted view: the first one of a kernel, of three
    kernels, and those after it.
    """
    first, later = [], []
    for number in range(3):
        with shown(window, lab, f"first_{number}", [DEMO, "None"]) as notebook:
            notebook.page.wait_for_timeout(2000)
            taken = [notebook.page.evaluate(RUN, VIEWER) for _ in range(1 + rounds)]
            first.append(taken[0])
            later += taken[1:]
    return {
        "first": [round(one) for one in first],
        "later_median": round(statistics.median(later)),
        "later_slowest": round(max(later)),
    }


def repaints(notebook: NotebookPage) -> dict[str, float]:
    """Median milliseconds of a repaint, and the messages that moving a slider sent."""
    viewer = Viewer(notebook.page)
    viewer.until_painted()
    viewer.choose("method", "saliency")
    viewer.until_painted("saliency")
    notebook.page.wait_for_timeout(1500)
    with notebook.counting() as sent:
        taken = notebook.page.evaluate(SLIDE, viewer.root.element_handle())
    return {"median": round(statistics.median(taken), 2), "messages": len(sent)}


def bundle_bytes() -> int:
    static = Path(xai_widgets.__file__).parent / "static"
    return sum(path.stat().st_size for path in (static / "heatmap").iterdir())


def growth_bytes() -> int:
    """How much larger an executed notebook and its widget state are with one viewer."""
    sizes = []
    for last in ("None", "viewer = xw.HeatmapViewer(engine, photo)\nviewer"):
        notebook = nbformat.v4.new_notebook()
        notebook.cells = [nbformat.v4.new_code_cell(code) for code in (DEMO, last)]
        NotebookClient(notebook, store_widget_state=True).execute()
        sizes.append(len(nbformat.writes(notebook).encode()))
    return sizes[1] - sizes[0]


if __name__ == "__main__":
    main()
