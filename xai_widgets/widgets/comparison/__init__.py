"""GradientComparison: maps of several networks and methods side by side."""
