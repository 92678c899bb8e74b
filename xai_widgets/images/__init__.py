"""Ground floor: what a picture is. Anything a person has -> model input and the pixels it shows."""

from xai_widgets.images.loaded import Loaded
from xai_widgets.images.loading import load
from xai_widgets.images.photograph import Photograph, photograph
from xai_widgets.images.preprocessing import Picture, Preprocessor

__all__ = ["Loaded", "Photograph", "Picture", "Preprocessor", "load", "photograph"]
