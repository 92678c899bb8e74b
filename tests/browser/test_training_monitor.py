"""TrainingMonitor in a real JupyterLab: live curves, pause, back through the epochs, a reload."""

from __future__ import annotations

import pytest

from tests.browser.conftest import OpenNotebook, Shoot
from tests.browser.contrast import faint_texts
from tests.browser.notebook_page import NotebookPage, checksum
from tests.browser.viewer import Viewer

DATA = """
import numpy as np, torch, xai_widgets as xw
from torch import nn
from xai_widgets.training import Recipe, Trainer

def data(count, seed):
    chance, labels = np.random.default_rng(seed), np.arange(count) % 2
    pixels = chance.integers(0, 100, (count, 16, 16, 3)) + 120 * labels[:, None, None, None]
    return pixels.astype(np.uint8), labels

torch.manual_seed(0)
network = nn.Sequential(
    nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
    nn.Linear(16, 2),
)
recipe = Recipe(epochs=EPOCHS, batch_size=8, learning_rate=0.02, crop=0, rotation=0)
trainer = Trainer(network, data(64, 0), data(12, 1), recipe=recipe, measured=4)
monitor = xw.TrainingMonitor(trainer, 3, class_names=["<b>dark</b>", "bright"])
monitor
"""


def until_seen(viewer: Viewer, least: int) -> None:
    viewer.until("(root, least) => Number(root.dataset.xwSeen) >= least", least)


def gradient(viewer: Viewer) -> int | None:
    return checksum(viewer.find('[data-xw-canvas="P0"]'))


def test_it_is_live_pauses_and_survives_a_reload(open_notebook: OpenNotebook, shoot: Shoot) -> None:
    notebook = open_notebook([DATA.replace("EPOCHS", "2000")])
    viewer = Viewer(notebook.page)
    until_seen(viewer, 3)  # while it trains
    assert viewer.data("state") == "busy"
    assert "Epoch" in viewer.status()
    viewer.control("stop").click()
    viewer.until("root => root.dataset.xwState === 'stopped'")
    assert "Paused in epoch" in viewer.status()
    shown = gradient(viewer)
    assert shown is not None
    with notebook.counting() as sent:
        viewer.control("epoch").focus()
        viewer.control("epoch").press("Home")
        viewer.until("root => root.dataset.xwEpoch === '0'")
        notebook.until(lambda: gradient(viewer) != shown)
        viewer.control("epoch").press("End")
        notebook.until(lambda: gradient(viewer) == shown)
    assert sent == []
    notebook.save()
    notebook.reload()
    again = Viewer(notebook.page)
    until_seen(again, 3)
    notebook.until(lambda: gradient(again) == shown)
    assert again.control("resume").inner_text() == "Go on"
    before = int(again.data("epochs") or 0)
    again.control("resume").click()
    again.until("(root, before) => Number(root.dataset.xwEpochs) > before", before)
    again.control("stop").click()
    again.until("root => root.dataset.xwState === 'stopped'")
    assert "Paused in epoch" in again.status()
    assert again.find(".xw-watched b").inner_text() == "<b>dark</b>"
    shoot(again.root, "training.png")
    assert notebook.errors == []


@pytest.mark.parametrize(("theme", "width"), [("dark", 1400), ("light", 520)])
def test_it_is_legible(open_notebook: OpenNotebook, shoot: Shoot, theme: str, width: int) -> None:
    notebook: NotebookPage = open_notebook([DATA.replace("EPOCHS", "3")], width=width)
    viewer = Viewer(notebook.page)
    try:
        notebook.theme(theme)
        until_seen(viewer, 4)
        viewer.until("(root, theme) => root.dataset.xwTheme === theme", theme)
        assert faint_texts(viewer.root, 4.5) == []
        assert viewer.root.evaluate("root => root.scrollWidth <= root.clientWidth + 1")
        shoot(viewer.root, f"training_{theme}_{width}.png")
    finally:
        notebook.theme("light")
