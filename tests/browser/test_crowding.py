"""At every width nothing leaves a view, lies over something else, or is cut without a word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Shoot
from tests.browser.crowding import WIDTHS, crowded
from tests.browser.viewer import Viewer, saved_page
from tests.widgets.conftest import SmallNetwork, photograph
from tests.widgets.latent.test_viewer import Brightest, Quarters, reddish
from tests.widgets.training.test_viewer import trainer
from xai_widgets import (
    FaithfulnessViewer,
    GradientComparison,
    LatentExplorer,
    TrainingMonitor,
)
from xai_widgets.engine import Engine

DOG = "Greater Swiss Mountain dog"
NAMES = [DOG, "Rhodesian ridgeback, a very long name for a class", "Staffordshire bullterrier"]
CALLED = [
    "ResNet-50 (IMAGENET1K_V2)",
    "ResNet-50 (adversarially trained, L2 eps=3.0)",
    "EfficientNet_V2_L_distilled_from_three_teachers_without_a_space_in_its_name",
]
METHODS = ["saliency", "input_x_gradient", "guided_backprop", "deconvnet", "grad_cam"]


def engine(network: Any = None) -> Engine:
    return Engine(network or SmallNetwork(), class_names=NAMES, name=CALLED[1])


def comparison(networks: int, methods: int, pictures: int = 1) -> GradientComparison:
    some = {name: engine() for name in CALLED[:networks]}
    shown = [photograph(seed=seed) for seed in range(pictures)]
    return GradientComparison(
        some, shown, METHODS[:methods], accuracies=[0.987] * networks, own=networks > 1
    )


CROWDS: dict[str, Callable[[], Any]] = {
    "one network": lambda: comparison(1, 5),
    "two networks": lambda: comparison(2, 5, pictures=3),
    "two networks, two methods": lambda: comparison(2, 2),
    "three networks, one method": lambda: comparison(3, 1),
    "faithfulness": lambda: FaithfulnessViewer(
        engine(), photograph(), METHODS, steps=3, random_maps=2
    ),
    "sanity": lambda: FaithfulnessViewer(
        engine(), photograph(), METHODS, steps=3, random_maps=2, view="sanity"
    ),
    "latent": lambda: LatentExplorer(
        engine(Brightest()), Quarters(), reddish(), samples=60, seed=3
    ),
    "training": lambda: TrainingMonitor(trainer(epochs=2), pictures=2, class_names=NAMES),
}


@pytest.mark.parametrize("name", CROWDS)
def test_nothing_is_crowded(browser: Browser, tmp_path: Path, shoot: Shoot, name: str) -> None:
    with CROWDS[name]() as widget:
        widget.wait(60)
        file = widget.to_html(tmp_path / "widget.html")
    with saved_page(browser, file, width=1500, height=900) as page:
        viewer = Viewer(page)
        viewer.until("root => root.dataset.xwReady !== undefined")
        shoot(viewer.root, f"crowd_{name}.png")
        found = {width: crowded(viewer.root, width) for width in WIDTHS}
    assert found == {width: [] for width in WIDTHS}
