"""The Python half of each widget. No mathematics of explanations here."""

from xai_widgets.widgets.comparison.viewer import GradientComparison
from xai_widgets.widgets.dataset.viewer import DatasetExplorer
from xai_widgets.widgets.faithfulness.viewer import FaithfulnessViewer
from xai_widgets.widgets.heatmap.viewer import HeatmapViewer
from xai_widgets.widgets.latent.viewer import LatentExplorer
from xai_widgets.widgets.training.viewer import TrainingMonitor

__all__ = [
    "DatasetExplorer",
    "FaithfulnessViewer",
    "GradientComparison",
    "HeatmapViewer",
    "LatentExplorer",
    "TrainingMonitor",
]
