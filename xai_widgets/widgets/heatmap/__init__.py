"""HeatmapViewer: a picture, what the network says of it, and a live map of why."""
