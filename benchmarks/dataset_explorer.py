"""How quickly a DatasetExplorer answers a person, in a default JupyterLab in a real Chromium.

    python benchmarks/dataset_explorer.py                          all of it
    python benchmarks/dataset_explorer.py --rows 100000 --classes 10
    python benchmarks/dataset_explorer.py --page                   a saved page alone

For studies of drawn columns and thumbnails: from the run of the cell to the first pictures; from a
click on a filter, a slice and a sorting to the painted grid, with the messages that were sent;
frames while scrolling; from a jump to a far place to its pictures; and what the tab's memory grows
by: its scripts' heap and canvases (`tab_mb`), and all that its process holds (`process_mb`). Of a
saved page of 2,600 pictures: its size, and the same of its filters without a kernel. Results of
parts that are not run stay as they are in benchmarks/results/dataset_explorer.json.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from keeping import RESULTS, keep
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

import xai_widgets as xw
from tests.browser import chromium
from tests.browser.conftest import shown
from tests.browser.jupyter import serve
from tests.browser.notebook_page import NotebookPage
from tests.browser.viewer import saved_page
from xai_widgets.study.blocks import KEPT, MANY, halved
from xai_widgets.study.properties import thumbnail_of
from xai_widgets.study.store import Store

REPEATS = 9
PAINTED = """() => {
  const grid = document.querySelector(".xw-gridbox");
  const box = document.querySelector(".xw-pictures")?.getBoundingClientRect();
  const tiles = [...document.querySelectorAll(".xw-tile")].filter((tile) => {
    const {top, bottom} = tile.getBoundingClientRect();
    return box && bottom > box.top && top < box.bottom && tile.offsetParent;
  });
  return tiles.length > 5 && tiles.every((t) => !t.querySelector("[data-xw-waits]")
    && t.querySelector("canvas").width > 0);
}"""
FIRST = """() => new Promise((resolve) => {
  const painted = %s;
  const old = document.querySelector(".xw-dataset");
  const begun = performance.now();
  window.jupyterapp.commands.execute("notebook:run-cell");
  const look = () => {
    const now = document.querySelector(".xw-dataset");
    if (now && now !== old && painted()) resolve(performance.now() - begun);
    else requestAnimationFrame(look);
  };
  look();
})"""
# A press, of what is found by `press`; then until the words, and until all pictures are painted.
PRESSED = """(given) => new Promise((resolve) => {
  const painted = %s, target = (%s)(given);
  const grid = document.querySelector(".xw-gridbox");
  const before = grid.dataset.xwPaintedAt, begun = performance.now();
  target.click();
  let words = null;
  const look = () => {
    if (words === null && grid.dataset.xwPaintedAt !== before) {
      words = Number(grid.dataset.xwPaintedAt) - begun;
    }
    if (words !== null && painted()) resolve([words, performance.now() - begun]);
    else setTimeout(look, 2);
  };
  look();
})"""
FOUND = "(selector) => document.querySelector(selector)"
SORTING = """(sort) => {
  document.querySelector('[data-xw-control="sort"]').click();
  return document.querySelector(`.xw-popup:not([hidden]) [data-xw-value="${sort}"]`);
}"""
JUMP = """(share) => new Promise((resolve) => {
  const painted = %s;
  const box = document.querySelector(".xw-pictures");
  box.scrollTop = share * box.scrollHeight;
  const begun = performance.now();
  const late = () => performance.now() - begun > 20000;
  const look = () => painted() || late() ? resolve(performance.now() - begun) : setTimeout(look, 2);
  setTimeout(look, 2);
})"""
LAST = """() => new Promise((resolve) => {
  const painted = %s;
  const box = document.querySelector(".xw-pictures");
  box.scrollTop = box.scrollHeight;
  const begun = performance.now();
  const late = () => performance.now() - begun > 20000;
  const look = () => painted() || late() ? resolve(performance.now() - begun) : setTimeout(look, 2);
  setTimeout(look, 2);
})"""
SCROLL = """() => new Promise((resolve) => {
  const box = document.querySelector(".xw-pictures");
  const deltas = [];
  let last = performance.now(), n = 0;
  const step = (now) => {
    deltas.push(now - last);
    last = now;
    box.scrollTop += 24;
    if (++n < 180) requestAnimationFrame(step); else resolve(deltas.slice(5));
  };
  requestAnimationFrame(step);
})"""


def drawn_study(folder: Path, count: int, classes: int, side: int = 7) -> None:
    """A study's folder of random columns, and thumbnails from a pool, with maps side x side."""
    chance = np.random.default_rng(0)
    store = Store(folder)
    names = [f"class {i}" for i in range(classes)]
    labels = chance.integers(0, classes, count)
    cameras = [("north", "south", "east")[i % 3] for i in range(count)]
    wrong = chance.random(count) < np.where(np.arange(count) % 3 == 1, 0.24, 0.06)
    answers = np.where(wrong, chance.integers(0, classes, count), labels)
    store.create(
        {
            "name": "Drawn", "count": count, "block": 256, "classes": classes,
            "class_names": names, "method": "grad_cam", "parameters": {}, "target": "prediction",
            "layer": None, "data": "drawn", "given": None, "warnings": [], "fingerprint": {},
            "key": "drawn",
        },
        {
            "key": [f"photos/{i:06}.jpg" for i in range(count)],
            "label": labels,
            "camera": cameras,
        },
    )  # fmt: skip
    pool = photographs() or [_thumbnail(chance) for _ in range(256)]
    for number in range(store.blocks):
        rows = store.range_of(number)
        n = len(rows)
        here = slice(rows.start, rows.stop)
        jpegs = [pool[i] for i in chance.integers(0, len(pool), n)]
        kept = classes if classes <= MANY else KEPT
        probability = chance.beta(5, 1, n).astype(np.float32)
        features = [halved(chance.normal(size=64)) for _ in range(n)]
        maps = [halved(chance.random((side, side)) ** 3) for _ in range(n)]
        tensors: dict[str, Any] = {
            "prediction": answers[here].astype(np.int32),
            "target": answers[here].astype(np.int32),
            "label": labels[here].astype(np.int32),
            "failed": np.zeros(n, np.uint8),
            "probability": probability,
            "loss": -np.log(np.clip(np.where(wrong[here], 1 - probability, probability), 1e-6, 1)),
            "score": probability,
            "properties": chance.random((n, 7)).astype(np.float32),
            "digest": chance.integers(0, 2**63, n).astype(np.uint64),
            "logits": chance.normal(size=(n, kept)).astype(np.float16),
            "logits_scale": np.ones(n, np.float32),
            "features": np.stack([half for half, _ in features]),
            "features_scale": np.array([scale for _, scale in features], np.float32),
            "attributed": np.stack([half for half, _ in features]),
            "attributed_scale": np.array([scale for _, scale in features], np.float32),
            "map_shape": np.full((n, 2), side, np.int32),
            "map_scale": np.array([scale for _, scale in maps], np.float32),
            "map": np.concatenate([half.ravel() for half, _ in maps]),
            "thumbnail": np.frombuffer(b"".join(jpegs), np.uint8),
            "thumbnail_end": np.cumsum([len(j) for j in jpegs], dtype=np.int64),
        }
        tensors["loss"] = tensors["loss"].astype(np.float32)
        store.write_block(number, tensors, {})


def photographs() -> list[bytes]:
    """Thumbnails of real photographs, where XAI_WIDGETS_DATA has some."""
    folder = os.environ.get("XAI_WIDGETS_DATA")
    files = sorted(Path(folder, "imagenet_samples").glob("*.jpg")) if folder else []
    return [thumbnail_of(np.asarray(Image.open(file).convert("RGB"))) for file in files]


def _thumbnail(chance: np.random.Generator) -> bytes:
    coarse = Image.fromarray(chance.integers(0, 256, (7, 7, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    noise = chance.integers(-12, 12, (96, 96, 3))
    pixels = np.asarray(coarse.resize((96, 96), Image.Resampling.BICUBIC)).astype(int) + noise
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def renderer_bytes(page: Page) -> int:
    """What the tab's scripts, nodes and canvases hold."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
    buffers = page.evaluate(
        "() => [...document.querySelectorAll('canvas')].reduce("
        "(sum, c) => sum + 4 * c.width * c.height, 0)"
    )
    session.detach()
    return int(metrics["JSHeapUsedSize"]) + int(buffers)


def process_bytes(browser: Browser) -> int:
    """What the browser's tabs hold in all, shared pages by their share (Linux)."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    total = 0
    for process in processes:
        rollup = Path(f"/proc/{process['id']}/smaps_rollup")
        if process["type"] == "renderer" and rollup.exists():
            pss = rollup.read_text(encoding="utf-8").partition("\nPss:")[2]
            total += 1024 * int(pss.split()[0])
    return total


def kinds_sent(notebook: NotebookPage, since: int) -> list[str]:
    """The kinds of messages that went to the kernel."""
    found = []
    for payload in notebook.to_kernel[since:]:
        raw = payload if isinstance(payload, bytes) else payload.encode()
        if b'"comm_msg"' not in raw:
            continue
        kind = raw.partition(b'"kind":"')[2].partition(b'"')[0].decode() or "traits"
        found.append(kind)
    return found


def measured(notebook: NotebookPage, browser: Browser, before: tuple[int, int]) -> dict[str, Any]:
    page = notebook.page
    figures: dict[str, Any] = {}
    # The cell is run again, in a notebook at rest.
    page.wait_for_function(PAINTED)
    page.wait_for_timeout(3000)
    figures["first_pictures_ms"] = round(page.evaluate(FIRST % PAINTED))
    notebook.wait_for_kernel()
    page.wait_for_timeout(1500)
    waits = "document.querySelectorAll('.xw-set .xw-interval:not([hidden])').length > 0"
    try:
        page.wait_for_function(waits, timeout=90_000)
        slices = True
    except Exception:
        slices = False
    page.wait_for_timeout(500)
    sent: list[str] = []
    for name, selector in (
        ("filter", ".xw-sets .xw-set:nth-child({})"),
        ("slice", ".xw-set:has(.xw-interval:not([hidden]))"),
    ):
        if name == "slice" and not slices:
            continue
        words, pictures = [], []
        for turn in range(REPEATS):
            since = len(notebook.to_kernel)
            own = selector.format(2 + turn % 2)
            painted, whole = page.evaluate(PRESSED % (PAINTED, FOUND), own)
            sent += kinds_sent(notebook, since)
            words.append(painted)
            pictures.append(whole)
            page.wait_for_timeout(600)
        figures[f"{name}_ms"] = round(statistics.median(words), 1)
        figures[f"{name}_all_pictures_ms"] = round(statistics.median(pictures), 1)
    words, pictures = [], []
    for turn in range(REPEATS):
        sort = ("-brightness", "probability", "sharpness")[turn % 3]
        since = len(notebook.to_kernel)
        painted, whole = page.evaluate(PRESSED % (PAINTED, SORTING), sort)
        sent += kinds_sent(notebook, since)
        words.append(painted)
        pictures.append(whole)
        page.wait_for_timeout(600)
    figures["sort_ms"] = round(statistics.median(words), 1)
    figures["sort_all_pictures_ms"] = round(statistics.median(pictures), 1)
    figures["messages_until_painted"] = {k: sent.count(k) for k in sorted(set(sent))}
    page.evaluate("document.querySelector('.xw-sets .xw-set').click()")
    page.wait_for_timeout(800)
    jumps = []
    for share in (0.1, 0.9, 0.5, 0.3, 0.7, 0.2, 0.8):
        jumps.append(page.evaluate(JUMP % PAINTED, share))
        page.wait_for_timeout(300)
    figures["jump_to_pictures_ms"] = round(statistics.median(jumps), 1)
    deltas = page.evaluate(SCROLL)
    figures["frame_ms_median"] = round(statistics.median(deltas), 1)
    figures["frame_ms_95"] = round(float(np.quantile(deltas, 0.95)), 1)
    figures["tab_mb"] = round((renderer_bytes(page) - before[0]) / 1e6, 1)
    figures["process_mb"] = round((process_bytes(browser) - before[1]) / 1e6, 1)
    figures["errors"] = notebook.errors
    return figures


def page_measured(browser: Browser, folder: Path, count: int, side: int) -> dict[str, Any]:
    """A saved page: how large it is, and what is alive in it. It asks for nothing: `saved_page`
    fails where it does.
    """
    drawn_study(folder, count, 10, side)
    file = folder.with_suffix(".html")
    with xw.DatasetExplorer(xw.Study.open(folder)) as explorer:
        explorer.to_html(file)
    figures: dict[str, Any] = {"mb": round(file.stat().st_size / 1e6, 2)}
    with saved_page(browser, file, width=1280, height=1000) as page:
        page.wait_for_selector("[data-xw-ready]")
        page.wait_for_function(PAINTED)
        figures["first_pictures_ms"] = round(page.evaluate("performance.now()"))
        root = page.locator(".xw-dataset")
        told = page.evaluate(PRESSED % (PAINTED, FOUND), ".xw-sets .xw-set:nth-child(2)")
        figures["filter_ms"] = round(told[0], 1)
        figures["rows_of_filter"] = int(root.get_attribute("data-xw-rows") or 0)
        told = page.evaluate(PRESSED % (PAINTED, FOUND), ".xw-set:has(.xw-interval:not([hidden]))")
        figures["slice_ms"] = round(told[0], 1)
        figures["rows_of_slice"] = int(root.get_attribute("data-xw-rows") or 0)
        told = page.evaluate(PRESSED % (PAINTED, SORTING), "-brightness")
        figures["sort_ms"] = round(told[0], 1)
        page.locator(".xw-chip").first.click()
        page.wait_for_function(PAINTED)
        before = page.locator(".xw-tile canvas").first.evaluate("(c) => c.toDataURL()")
        page.get_by_text("photo", exact=True).click()
        page.wait_for_function(
            "old => document.querySelector('.xw-tile canvas').toDataURL() !== old", arg=before
        )
        page.get_by_text("Similarity", exact=True).click()
        page.wait_for_selector(".xw-cloudbox")
        figures["alive"] = ["filter", "slice", "sort", "maps", "similarity"]
        page.get_by_text("Pictures", exact=True).click()
        page.wait_for_function(PAINTED)
        figures["last_page_ms"] = round(page.evaluate(LAST % PAINTED), 1)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 10_000])
    parser.add_argument("--classes", type=int, nargs="+", default=[10, 10, 1000])
    parser.add_argument("--page", action="store_true", help="the saved page alone")
    given = parser.parse_args()
    everything = given.rows == parser.get_default("rows")
    kept = RESULTS / "dataset_explorer.json"
    results = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    results = {name: value for name, value in results.items() if name not in ("date", "command")}
    with (
        tempfile.TemporaryDirectory() as name,
        serve(Path(name) / "lab") as lab,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=chromium.FLAGS)
        if given.page or everything:
            for side in (7, 32):
                what = f"saved page, 2600 rows, maps {side} x {side}"
                folder = Path(name, f"page-{side}.study")
                results[what] = page_measured(browser, folder, 2600, side)
                print(what, results[what], flush=True)
        for rows, classes in [] if given.page else zip(given.rows, given.classes, strict=True):
            what = f"{rows} rows, {classes} classes"
            folder = Path(name) / f"{rows}-{classes}.study"
            drawn_study(folder, rows, classes)
            cells = [
                "import torch, xai_widgets as xw\nxw.DatasetExplorer\n"
                f"study = xw.Study.open({str(folder)!r})",
                "explorer = xw.DatasetExplorer(study)\nexplorer",
            ]
            with shown(browser.new_context(), lab, f"e{rows}{classes}", cells[:1]) as notebook:
                before = renderer_bytes(notebook.page), process_bytes(browser)
            with shown(browser.new_context(), lab, f"f{rows}{classes}", cells) as notebook:
                results[what] = measured(notebook, browser, before)
            print(what, results[what], flush=True)
        browser.close()
    keep("dataset_explorer", results)


if __name__ == "__main__":
    main()
