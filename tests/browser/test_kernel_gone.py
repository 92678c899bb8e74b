"""A kernel that is frozen or killed in the middle of a run: every widget says so, none stays busy,
and what was seen stays.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import pytest
from playwright.sync_api import BrowserContext, TimeoutError

from tests.browser.conftest import shown
from tests.browser.jupyter import JupyterLab
from tests.browser.notebook_page import NotebookPage, checksum
from tests.browser.viewer import QUARTERS, SMALL, Viewer

# While the gate is closed, whatever runs stands still in the middle of a forward pass.
GATED = f"""{QUARTERS}
import copy, os, threading
from xai_widgets.training import Recipe, Trainer

gate = threading.Event()
gate.set()

class Gated(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network
    def forward(self, x):
        gate.wait()
        return self.network(x)

def gated(name):
    return xw.Engine(Gated(network).eval(), preprocessing=engine.preprocessing, name=name)

pixels = torch.randint(0, 255, (256, 16, 16, 3), dtype=torch.uint8).numpy()
labels = torch.arange(256).numpy() % 10
print(os.getpid())
"""


@dataclass(frozen=True)
class Case:
    """A widget: its cell, what has it compute anew, and a canvas that shows what it found."""

    cell: str
    ask: str
    canvas: str


CASES = [
    Case(
        "heat = xw.HeatmapViewer(gated('heat'), photo, 'saliency', prefetch=False)\nheat",
        "heat.method, heat.target = 'occlusion', (heat.target or 0) + 1",
        '[data-xw-canvas="heat"]',
    ),
    Case(
        "curves = xw.FaithfulnessViewer(\n"
        "    gated('curves'), photo, ['saliency'], steps=4, random_maps=1)\ncurves",
        "curves.steps += 1",
        '[data-xw-canvas="point"]',
    ),
    Case(
        "cells = xw.GradientComparison([gated('a'), gated('b')], photo, ['saliency'])\ncells",
        "cells.noise += 0.1",
        '[data-xw-cell="1 saliency"] [data-xw-canvas="heat"]',
    ),
    Case(
        "explorer = xw.LatentExplorer(\n"
        "    xw.Engine(Gated(Brightest()).eval()), Quarters(), drab, samples=100)\nexplorer",
        "explorer.samples += 100",
        '[data-xw-canvas="heat"]',
    ),
    Case(
        "five = Built(gated('five'), photo, ['saliency', 'occlusion'])\nfive",
        "five.target = (five.target or 0) + 1",
        '[data-xw-map="Saliency"]',
    ),
    Case(
        "recipe = Recipe(epochs=960, batch_size=8, crop=0, rotation=0)\n"
        "taught, test = Gated(copy.deepcopy(network)), (pixels[:8], labels[:8])\n"
        "trainer = Trainer(taught, (pixels, labels), test, recipe=recipe, measured=2)\n"
        "monitor = xw.TrainingMonitor(trainer, 2)\nmonitor",
        "",  # it trains already
        '[data-xw-canvas="P0"]',
    ),
]
HEAT, TRAINING = 0, 5


class Kernel:
    """The process that the widgets of a notebook live in."""

    def __init__(self, notebook: NotebookPage) -> None:
        self.notebook = notebook
        printed = notebook.find('[data-mime-type="application/vnd.jupyter.stdout"] pre')
        notebook.until(lambda: (printed.text_content() or "").strip().isdigit())
        self.process = int(printed.text_content() or "")
        self.widgets = [Viewer(notebook.page, i) for i in range(len(CASES))]

    def begin(self) -> None:
        """Have all widgets compute, and stand still in the middle of it."""
        until_state(self.widgets, "rest", "busy")
        self.widgets[TRAINING].until("root => Number(root.dataset.xwSeen) >= 2")
        self.notebook.execute("gate.clear()\n" + "\n".join(case.ask for case in CASES))
        until_state(self.widgets, "busy")

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.process, number)

    def freeze(self) -> list[int | None]:
        """Stop the process; return what the widgets show once nothing more arrives."""
        self.signal(signal.SIGSTOP)
        self.notebook.page.wait_for_timeout(300)
        return self.pictures()

    def pictures(self) -> list[int | None]:
        return [
            checksum(widget.find(case.canvas))
            for widget, case in zip(self.widgets, CASES, strict=True)
        ]


@pytest.fixture(scope="module")
def notebook(
    window: BrowserContext, lab: JupyterLab, five_maps_cell: str
) -> Iterator[NotebookPage]:
    cells = [SMALL, GATED, five_maps_cell, *(case.cell for case in CASES)]
    with shown(window, lab, "kernel_gone", cells) as opened:
        opened.page.set_viewport_size({"width": 1280, "height": 6000})  # all are on the screen
        yield opened


@pytest.fixture
def kernel_process(notebook: NotebookPage) -> Iterator[Kernel]:
    kernel = Kernel(notebook)
    kernel.begin()
    yield kernel
    with suppress(ProcessLookupError):
        kernel.signal(signal.SIGCONT)
    assert notebook.errors == []


def until_state(widgets: Sequence[Viewer], *states: str) -> None:
    for widget in widgets:
        until_one_of(widget, states)


def until_one_of(widget: Viewer, states: Sequence[str]) -> None:
    try:
        widget.until("(root, states) => states.includes(root.dataset.xwState)", states)
    except TimeoutError as problem:
        name, state = widget.root.get_attribute("aria-label"), widget.data("state")
        raise AssertionError(f"{name}: {state}, expected {' or '.join(states)}") from problem


def controls(widget: Viewer) -> set[str]:
    """The names of the controls that can be used."""
    names: list[str] = widget.root.locator("[data-xw-control]").evaluate_all(
        """controls => controls
          .filter(control => control.checkVisibility() && !control.disabled)
          .map(control => control.dataset.xwControl)"""
    )
    return set(names)


def check_given_up(widget: Viewer, before: set[str], words: str, way_out: str) -> None:
    """It says so, nothing goes on, and all controls but Stop are as they were."""
    said = widget.status()
    assert words in said
    assert way_out in said
    assert widget.data("busy") is None
    assert widget.root.locator("[role=progressbar]:visible").count() == 0
    assert "stop" in before
    assert controls(widget) == before - {"stop"}


def check_can_be_looked_at(widgets: Sequence[Viewer]) -> None:
    """What needs no kernel goes on."""
    colormap = widgets[HEAT].data("colormap")
    widgets[HEAT].choose("colormap", "viridis" if colormap != "viridis" else "inferno")
    widgets[HEAT].until("(root, before) => root.dataset.xwColormap !== before", colormap)
    epoch = widgets[TRAINING].control("epoch")
    epoch.focus()
    epoch.press("Home")
    widgets[TRAINING].until("root => root.dataset.xwEpoch === '0'")
    epoch.press("End")
    widgets[TRAINING].until("root => root.dataset.xwEpoch !== '0'")


def advance(notebook: NotebookPage, seconds: float) -> None:
    """Put the page's clock forward."""
    notebook.page.evaluate(
        """seconds => {
          const now = performance.now.bind(performance);
          performance.now = () => now() + 1000 * seconds;
        }""",
        seconds,
    )


def test_a_kernel_that_is_frozen_is_found_out_and_comes_back(
    notebook: NotebookPage, kernel_process: Kernel
) -> None:
    """No host says so: the ping goes unanswered."""
    kernel, widgets = kernel_process, kernel_process.widgets
    before, seen = [controls(widget) for widget in widgets], kernel.freeze()
    assert None not in seen
    started = len(notebook.to_kernel)
    advance(notebook, 16)
    notebook.until(lambda: pings(notebook.to_kernel[started:]) == len(widgets))
    until_state(widgets, "busy")  # it may be quiet for a while
    advance(notebook, 45)
    until_state(widgets, "silent")
    for widget, usable in zip(widgets, before, strict=True):
        check_given_up(widget, usable, "No answer from the kernel.", "run this cell again")
    assert kernel.pictures() == seen
    check_can_be_looked_at(widgets)

    kernel.signal(signal.SIGCONT)
    until_state(widgets, "busy")  # at its first word, before there is a result
    epochs = int(widgets[TRAINING].data("epochs") or 0)
    notebook.execute("gate.set()")
    until_state([widget for i, widget in enumerate(widgets) if i != TRAINING], "rest")
    widgets[HEAT].until_painted("occlusion")
    widgets[TRAINING].until("(root, before) => Number(root.dataset.xwEpochs) > before", epochs)
    notebook.execute("heat.method = 'saliency'")
    widgets[HEAT].until_painted("saliency")


def pings(frames: Sequence[str | bytes]) -> int:
    texts = [
        frame if isinstance(frame, str) else frame.decode(errors="replace") for frame in frames
    ]
    return sum('"kind":"ping"' in text for text in texts)


def test_a_kernel_that_is_killed_is_gone_and_a_new_run_replaces_it(
    notebook: NotebookPage, kernel_process: Kernel
) -> None:
    """JupyterLab notices it, and starts another one."""
    kernel, widgets = kernel_process, kernel_process.widgets
    before, seen = [controls(widget) for widget in widgets], kernel.freeze()
    kernel.signal(signal.SIGKILL)
    until_state(widgets, "gone")
    notebook.page.locator(".jp-Dialog button").click()  # "The kernel appears to have died."
    notebook.wait_for_kernel()
    for widget, usable in zip(widgets, before, strict=True):
        check_given_up(widget, usable, "The kernel is gone.", "Run this cell again")
    assert kernel.pictures() == seen
    check_can_be_looked_at(widgets)
    with notebook.counting() as sent:
        advance(notebook, 61)
        notebook.page.wait_for_timeout(600)
    assert sent == []  # nobody is there to be asked
    until_state(widgets, "gone")

    notebook.run_all()
    until_state(widgets, "rest", "busy")
    assert notebook.page.locator(".xw-root").count() == len(CASES)
