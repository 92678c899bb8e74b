"""What a person gives as a preprocessing: weights, a Compose, a function, numbers."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Any

from PIL import Image

from xai_widgets.errors import ExplanationError
from xai_widgets.images.forms import OwnTransform
from xai_widgets.images.transform import ResizeCropNormalise

__all__ = ["makes_grey", "transform_of"]

_EXPECTED = (
    "None, torchvision weights (ResNet50_Weights.DEFAULT), their transforms(), a Compose, "
    "a function of a PIL image, or a dict of size, crop, mean, std"
)


def transform_of(preprocessing: object) -> ResizeCropNormalise | OwnTransform:
    """What a preprocessing is, however it is given.

    Raises ``ExplanationError`` for what is none.
    """
    if isinstance(preprocessing, Mapping):
        return ResizeCropNormalise.of(preprocessing)
    if isinstance(preprocessing, type):
        default = (
            f" Did you mean {preprocessing.__name__}.DEFAULT?" * hasattr(preprocessing, "DEFAULT")
            or f" Did you mean {preprocessing.__name__}(...)?"
        )
        raise ExplanationError(
            f"preprocessing is the class {preprocessing.__name__}; expected {_EXPECTED}.{default}"
        )
    if isinstance(preprocessing, enum.Enum) and hasattr(preprocessing, "transforms"):
        transform: Callable[[Any], Any] = preprocessing.transforms()
        return OwnTransform(transform)
    if hasattr(preprocessing, "image_mean") and callable(preprocessing):
        return OwnTransform(_Processor(preprocessing))
    if not callable(preprocessing):
        raise ExplanationError(
            f"preprocessing is {preprocessing!r} ({type(preprocessing).__name__}); "
            f"expected {_EXPECTED}."
        )
    return OwnTransform(preprocessing)


class _Processor:
    """A Hugging Face image processor, as a function of one image."""

    def __init__(self, processor: Any) -> None:
        self._processor = processor

    def __call__(self, image: Image.Image) -> Any:
        return self._processor(images=image, return_tensors="pt")["pixel_values"]


def makes_grey(transform: object) -> bool:
    """Whether a transform turns colour into grey itself, and so is given colour."""
    name = type(transform).__name__
    inner = getattr(transform, "transforms", None)
    if inner is None and hasattr(transform, "children"):
        inner = list(transform.children())
    steps = inner if isinstance(inner, (list, tuple)) else ()
    return name in ("Grayscale", "RandomGrayscale") or any(makes_grey(step) for step in steps)
