"""How quickly a LatentExplorer follows its sliders, in a default JupyterLab in a real Chromium.

    python benchmarks/explorer.py

Measures, from the move of a slider to the frame of the browser after the decoded picture and the
class probabilities were painted: one move after another with pauses, at rest and while the network
is being distilled; then a drag, where only the latest place of the slider counts. For Fashion-MNIST
with the small VAE, and for a photograph with the spatial one and EfficientNet-Lite0. Where the
trained weights are not there, random ones of the same shape are measured, and said to be so.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

from keeping import keep
from playwright.sync_api import sync_playwright

from tests.browser import chromium
from tests.browser.conftest import shown
from tests.browser.jupyter import serve
from tests.browser.notebook_page import NotebookPage
from tests.browser.viewer import Viewer

SMALL = """
import torch, xai_widgets as xw
from torch import nn
torch.manual_seed(0)
try:
    engine, vae, weights = xw.demo.fashion_engine(), xw.demo.vae("fashion"), "trained"
except Exception:
    engine = xw.Engine(nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(),
        nn.Flatten(), nn.Linear(1568, 10),
    ))
    vae, weights = xw.relabel.ConvolutionalVAE(), "random"
photo = (torch.linspace(0, 1, 28)[:, None] * torch.linspace(1, 0.2, 28)).expand(1, 1, 28, 28)
"""
LARGE = """
import xai_widgets as xw
engine, photo = xw.demo.engine(), xw.demo.photo("cat")
try:
    vae, weights = xw.demo.vae(), "trained"
except Exception:
    vae, weights = xw.relabel.SpatialVAE(), "random"
"""
MADE = """
explorer = xw.LatentExplorer(engine, vae, photo, samples={samples}, reference="reconstruction")
explorer
"""
# From the event to the painted canvas, and on to the next frame, which is when it is seen.
MOVE = """([root, values]) => new Promise(async resolve => {
  const taken = [];
  for (const value of values) {
    // Anew each time: a distillation that ends brings other sliders.
    const slider = root.querySelector('[data-xw-control="counterfactual"]');
    const start = performance.now();
    slider.value = String(value);
    slider.dispatchEvent(new Event("input", {bubbles: true}));
    const there = () => Number((root.dataset.xwEdited ?? "").split(" ")[0]) === value;
    while (!there() && performance.now() - start < 3000)
      await new Promise(done => setTimeout(done, 0));
    await new Promise(requestAnimationFrame);
    if (there()) taken.push(performance.now() - start);
    await new Promise(done => setTimeout(done, 60 + 40 * Math.random()));
  }
  resolve(taken);
})"""
DRAG = """([root, moves]) => new Promise(async resolve => {
  const slider = root.querySelector('[data-xw-control="counterfactual"]');
  let painted = 0;
  const observer = new MutationObserver(() => painted++);
  observer.observe(root, {attributeFilter: ["data-xw-painted-at"]});
  const start = performance.now();
  for (let i = 1; i <= moves; i++) {
    slider.value = String((2 * i / moves).toFixed(2));
    slider.dispatchEvent(new Event("input", {bubbles: true}));
    await new Promise(requestAnimationFrame);
  }
  const last = performance.now();
  const there = () => Number((root.dataset.xwEdited ?? "").split(" ")[0]) === 2;
  while (!there() && performance.now() - last < 5000)
    await new Promise(done => setTimeout(done, 0));
  observer.disconnect();
  resolve([last - start, performance.now() - last, painted]);
})"""
READY = "root => root.dataset.xwSliders > 0 && root.dataset.xwBusy === undefined"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moves", type=int, default=30)
    parser.add_argument("--only", choices=("small", "photograph"))
    asked = parser.parse_args()
    moves = asked.moves
    executable = chromium.find()
    assert executable is not None, "no Chromium on this machine: `make chromium` installs one"
    result: dict[str, Any] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder)) as lab,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=executable, args=chromium.FLAGS) as browser,
        browser.new_context() as window,
    ):
        for name, first, samples in (("small", SMALL, 2000), ("photograph", LARGE, 100)):
            if asked.only not in (None, name):
                continue
            with shown(
                window, lab, name, [first, MADE.format(samples=samples), "print(weights)"]
            ) as notebook:
                result[name] = measured(notebook, moves)
    keep("explorer", result)


def measured(notebook: NotebookPage, moves: int) -> dict[str, Any]:
    viewer = Viewer(notebook.page)
    viewer.until(READY, timeout=120_000)
    notebook.page.wait_for_timeout(500)
    root = viewer.root.element_handle()
    weights = notebook.page.locator(".jp-OutputArea-output").last.inner_text().strip()
    evaluate = notebook.page.evaluate
    values = [round(0.05 * (i + 1), 2) for i in range(moves)]
    at_rest = evaluate(MOVE, [root, values])
    lasted, late, painted = evaluate(DRAG, [root, 60])
    # Not awaited: the sliders are moved while the next distillation runs.
    evaluate("root => root.querySelector('[data-xw-control=\"again\"]').click()", root)
    notebook.page.wait_for_timeout(300)
    distilling = evaluate(MOVE, [root, [-value for value in values[: min(moves, 15)]]])
    busy = viewer.data("busy") is not None
    assert notebook.errors == [], notebook.errors
    return {
        "weights": weights,
        "move_ms": summary(at_rest),
        "move_ms_while_distilling": summary(distilling) | {"still_distilling_after": busy},
        "drag": {
            "moves": 60,
            "seconds": round(lasted / 1000, 2),
            "pictures_painted": painted,
            "last_picture_ms_after_the_last_move": round(late, 1),
        },
    }


def summary(taken: list[float]) -> dict[str, float]:
    return {
        "moves": len(taken),
        "median": round(statistics.median(taken), 1),
        "slowest": round(max(taken), 1),
    }


if __name__ == "__main__":
    main()
