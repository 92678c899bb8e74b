"""Every widget, made so that its work takes no time: what must hold for one must hold for all."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.widgets.conftest import SmallNetwork, photograph
from tests.widgets.five_maps.viewer import FiveMaps
from tests.widgets.latent.test_viewer import Brightest, Quarters, reddish
from tests.widgets.training.test_viewer import trainer
from xai_widgets import (
    DatasetExplorer,
    FaithfulnessViewer,
    GradientComparison,
    HeatmapViewer,
    LatentExplorer,
    TrainingMonitor,
)
from xai_widgets.engine import Engine
from xai_widgets.study import Study
from xai_widgets.widgets.base.widget import EngineWidget


def small() -> Engine:
    return Engine(SmallNetwork(), class_names=["red fox", "green frog", "blue whale"], name="Small")


@dataclass(frozen=True)
class Made:
    """How a widget is made, and a trait that is set whenever its work is done."""

    make: Callable[..., EngineWidget]
    shows: str


def study(engine: Engine, count: int = 6) -> Study:
    """A finished study of a few photographs."""
    pictures = [photograph(seed=seed) for seed in range(count)]
    folder = Path(tempfile.mkdtemp()) / "some.study"
    made = Study(engine, (pictures, [seed % 3 for seed in range(count)]), folder=folder, block=4)
    made.run(wait=True, progress=False)
    return made


WIDGETS: dict[str, Made] = {
    "heatmap": Made(
        lambda **options: HeatmapViewer(small(), photograph(), prefetch=False, **options), "frame"
    ),
    "faithfulness": Made(
        lambda **options: FaithfulnessViewer(
            small(), photograph(), ["saliency"], steps=3, random_maps=1, **options
        ),
        "frame",
    ),
    "comparison": Made(
        lambda **options: GradientComparison(
            [small(), small()], photograph(), ["saliency"], names=["a", "b"], **options
        ),
        "status",
    ),
    "latent": Made(
        lambda **options: LatentExplorer(
            Engine(Brightest(), class_names=["red", "green", "blue"], name="Brightest"),
            Quarters(), reddish(), samples=60, seed=3, **options,
        ),
        "frame",
    ),
    "training": Made(
        lambda **options: TrainingMonitor(trainer(epochs=2), pictures=2, **options), "status"
    ),
    "dataset": Made(lambda **options: DatasetExplorer(study(small()), **options), "status"),
    "a stranger's": Made(
        lambda **options: FiveMaps(small(), photograph(), ["saliency", "grad_cam"], **options),
        "frame",
    ),
}  # fmt: skip
