"""Why did this classifier say that? Live explanations of image classifiers inside a notebook cell.

    import xai_widgets as xw

    engine = xw.Engine.from_torchvision("resnet50")
    xw.HeatmapViewer(engine, "cat.jpg")

Importing this package loads neither torch nor the widgets: each public name is imported when it is
first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xai_widgets import course as course
    from xai_widgets import demo as demo
    from xai_widgets import methods as methods
    from xai_widgets import metrics as metrics
    from xai_widgets import relabel as relabel
    from xai_widgets import study as study
    from xai_widgets import training as training
    from xai_widgets.attribution import Attribution as Attribution
    from xai_widgets.engine import Engine as Engine
    from xai_widgets.errors import ExplanationError as ExplanationError
    from xai_widgets.study import Study as Study
    from xai_widgets.targets import ClassScore as ClassScore
    from xai_widgets.targets import Prediction as Prediction
    from xai_widgets.widgets.comparison.viewer import GradientComparison as GradientComparison
    from xai_widgets.widgets.dataset.viewer import DatasetExplorer as DatasetExplorer
    from xai_widgets.widgets.faithfulness.viewer import FaithfulnessViewer as FaithfulnessViewer
    from xai_widgets.widgets.heatmap.viewer import HeatmapViewer as HeatmapViewer
    from xai_widgets.widgets.latent.viewer import LatentExplorer as LatentExplorer
    from xai_widgets.widgets.training.viewer import TrainingMonitor as TrainingMonitor

__version__ = "0.1.0"

# Public name -> the module that defines it.
_HOMES = {
    "Attribution": "xai_widgets.attribution",
    "ClassScore": "xai_widgets.targets",
    "DatasetExplorer": "xai_widgets.widgets.dataset.viewer",
    "Engine": "xai_widgets.engine",
    "ExplanationError": "xai_widgets.errors",
    "FaithfulnessViewer": "xai_widgets.widgets.faithfulness.viewer",
    "GradientComparison": "xai_widgets.widgets.comparison.viewer",
    "HeatmapViewer": "xai_widgets.widgets.heatmap.viewer",
    "LatentExplorer": "xai_widgets.widgets.latent.viewer",
    "Prediction": "xai_widgets.targets",
    "Study": "xai_widgets.study",
    "TrainingMonitor": "xai_widgets.widgets.training.viewer",
}
# Rooms that are public as they are.
_ROOMS = frozenset({"course", "demo", "methods", "metrics", "relabel", "study", "training"})

__all__ = [
    "Attribution",
    "ClassScore",
    "DatasetExplorer",
    "Engine",
    "ExplanationError",
    "FaithfulnessViewer",
    "GradientComparison",
    "HeatmapViewer",
    "LatentExplorer",
    "Prediction",
    "Study",
    "TrainingMonitor",
    "__version__",
    "course",
    "demo",
    "methods",
    "metrics",
    "relabel",
    "study",
    "training",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"xai_widgets.{name}")  # the import binds the name here
    if name not in _HOMES:
        raise AttributeError(f"module 'xai_widgets' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value  # the next use finds it at once
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
