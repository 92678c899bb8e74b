"""How quickly a GradientComparison of two networks and five methods is on the screen, against the
bare forwards and backwards, in a default JupyterLab in a real Chromium.

    python benchmarks/comparison.py

Measures, from the moment a cell begins to run to the last of the ten painted maps, for the demo's
network twice (each with a trace of its own) and a picture never seen; the bare cost, in the same
kernel and in turn with it, is for each network one forward and the backwards that the columns need,
under torch's own threads. Then the repaint after what stays in the browser (opacity, difference),
a picture that was shown before, and the messages all that sends. Written to
benchmarks/results/comparison.json.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from keeping import keep
from playwright.sync_api import sync_playwright

import xai_widgets
from tests.browser import chromium
from tests.browser.conftest import shown
from tests.browser.jupyter import serve
from tests.browser.notebook_page import NotebookPage
from tests.browser.viewer import DEMO, Viewer

METHODS = ("saliency", "input_x_gradient", "guided_backprop", "deconvnet", "grad_cam")
START = f"""
import time, torch, numpy as np
engines = dict(one=engine, other=xw.demo.engine())
pixels = np.asarray(photo.convert("RGB").resize((256, 256)))
METHODS = {METHODS!r}

def bare(seed):
    started = time.perf_counter()
    for each in engines.values():
        x = each.input(np.roll(pixels, seed, 1)).clone().requires_grad_(True)
        score = each.model.eval()(x)[0, 281]
        for last in range(len(METHODS)):
            torch.autograd.grad(score, x, retain_graph=True)
    return time.perf_counter() - started

def show(seed):
    return xw.GradientComparison(engines, [np.roll(pixels, seed, 1), pixels], METHODS)

for each in engines.values():  # the first pass of all learns the network's structure
    each.predict(pixels)
bare(0)
"""
# What a cell prints is what the kernel's clock says; the page's clock is the same machine's.
ROUND = """
print(time.time())
comparison = show({seed})
comparison
"""
PAINTED = """root => new Promise(resolve => {
  const look = () => root.dataset.xwComplete !== undefined
    && root.querySelectorAll(".xw-cell[data-xw-fresh]").length === 10
    ? resolve(Date.now() / 1000) : setTimeout(look, 2);
  look();
})"""
SLIDE = """([root, control]) => new Promise(async resolve => {
  const taken = [], slider = root.querySelector(`[data-xw-control="${control}"]`);
  for (let i = 0; i < 20; i++) {
    const before = root.dataset.xwPaintedAt, start = performance.now();
    slider.value = String(90 + i / 2);
    slider.dispatchEvent(new Event("input", {bubbles: true}));
    while (root.dataset.xwPaintedAt === before) await new Promise(requestAnimationFrame);
    taken.push(performance.now() - start);
  }
  resolve(taken);
})"""
PICTURE = """([root, place]) => new Promise(async resolve => {
  const start = performance.now();
  root.querySelector(`[data-xw-picture="${place}"] input`).click();
  while (root.dataset.xwPictureIndex !== String(place) || root.dataset.xwComplete === undefined)
    await new Promise(done => setTimeout(done, 1));
  resolve(performance.now() - start);
})"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    executable = chromium.find()
    assert executable is not None, "no Chromium on this machine: `make chromium` installs one"
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder)) as lab,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=executable, args=chromium.FLAGS) as browser,
        browser.new_context() as window,
        shown(window, lab, "comparison", [DEMO, START, ROUND.format(seed=1)]) as notebook,
    ):
        result = measured(notebook, rounds)
    static = Path(xai_widgets.__file__).parent / "static"
    size = sum(path.stat().st_size for path in (static / "comparison").iterdir())
    keep("comparison", {**result, "bundle_bytes": size})


def measured(notebook: NotebookPage, rounds: int) -> dict[str, Any]:
    page = notebook.page
    bare, ours = [], []
    for seed in range(2, rounds + 3):
        bare.append(float(answer(notebook, f"print(bare({seed}))")))
        begun = float(answer(notebook, ROUND.format(seed=seed)).split()[0])
        viewer = Viewer(page)
        viewer.root.wait_for()
        ours.append(page.evaluate(PAINTED, viewer.root.element_handle()) - begun)
        page.wait_for_timeout(4000)  # smoothing is measured in the background
    bare, ours = bare[1:], ours[1:]  # the first warms caches
    root = viewer.root.element_handle()
    with notebook.counting() as sent:
        repaints = page.evaluate(SLIDE, [root, "clip"])
        viewer.find('label:has([value="difference"])').click()
        page.wait_for_timeout(300)
    page.evaluate(PICTURE, [root, 1])
    page.wait_for_timeout(4000)
    seen = [page.evaluate(PICTURE, [root, place]) for place in (0, 1, 0, 1)]
    assert notebook.errors == [], notebook.errors
    return {
        "networks": 2,
        "methods": list(METHODS),
        "milliseconds": {
            "bare": summary([1000 * each for each in bare]),
            "on_screen": summary([1000 * each for each in ours]),
            "repaint_of_all_cells": summary(repaints),
            "picture_seen_before": summary(seen),
        },
        "ratio": round(statistics.median(o / b for o, b in zip(ours, bare, strict=True)), 2),
        "messages_of_appearance": len(sent),
    }


def answer(notebook: NotebookPage, code: str) -> str:
    """Put the code into the last cell, run it, and return what it printed."""
    notebook.page.evaluate(
        """async code => {
          const {content} = window.jupyterapp.shell.currentWidget;
          content.activeCellIndex = content.widgets.length - 1;
          content.activeCell.model.sharedModel.setSource(code);
          await window.jupyterapp.commands.execute("notebook:run-cell");
        }""",
        code,
    )
    notebook.wait_for_kernel()
    said: str = notebook.page.evaluate(
        """() => {
          const {content} = window.jupyterapp.shell.currentWidget;
          const {outputs} = content.activeCell.model.toJSON();
          return JSON.stringify(outputs.filter(o => o.name === "stdout").map(o => o.text).flat());
        }"""
    )
    return "".join(json.loads(said))


def summary(taken: list[float]) -> dict[str, float]:
    return {"median": round(statistics.median(taken), 1), "slowest": round(max(taken), 1)}


if __name__ == "__main__":
    main()
