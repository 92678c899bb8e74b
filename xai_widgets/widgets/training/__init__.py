"""TrainingMonitor: a training watched while it runs."""
