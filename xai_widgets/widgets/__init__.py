"""The Python half of each widget. No mathematics of explanations here."""

from xai_widgets.widgets.faithfulness_viewer import FaithfulnessViewer
from xai_widgets.widgets.gradient_comparison import GradientComparison
from xai_widgets.widgets.heatmap_viewer import HeatmapViewer
from xai_widgets.widgets.latent_explorer import LatentExplorer
from xai_widgets.widgets.training_monitor import TrainingMonitor

__all__ = [
    "FaithfulnessViewer",
    "GradientComparison",
    "HeatmapViewer",
    "LatentExplorer",
    "TrainingMonitor",
]
