"""Ground floor: what a picture is. Anything a person has -> model input + the pixels it saw."""

from xai_widgets.images.loading import Loaded, load
from xai_widgets.images.preprocessing import Picture, Preprocessor

__all__ = ["Loaded", "Picture", "Preprocessor", "load"]
