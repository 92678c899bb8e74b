"""The engine: a classifier bound once, explained many times."""

from xai_widgets.engine.engine import Engine as Engine
from xai_widgets.progress import Progress as Progress
