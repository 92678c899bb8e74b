"""The Python half of each widget. No mathematics of explanations here."""

from xai_widgets.widgets.heatmap_viewer import HeatmapViewer

__all__ = ["HeatmapViewer"]
