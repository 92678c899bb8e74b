"""Picture -> model input, and back to the pixels the model saw."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from xai_widgets.errors import ExplanationError, brief
from xai_widgets.images.loading import Loaded, is_tensor, load
from xai_widgets.images.normalisation import (
    Normalisation,
    find_normalisation,
    stated_normalisation,
)
from xai_widgets.images.transform import ResizeCropNormalise

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Picture", "Preprocessor"]

_EXPECTED = (
    "None, torchvision weights (ResNet50_Weights.DEFAULT), their transforms(), a Compose, "
    "a function of a PIL image, or a dict of size, crop, mean, std"
)
_LONGEST = 200  # times the shorter side: resizing by the shorter side would fill the memory


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture, ready to be explained.

    ``input`` (1, C, H, W) float32 on the CPU, what the model is given; ``pixels`` (H, W, 3) uint8,
    the same as a person sees it, de-normalised. ``exact`` is False where the normalisation is
    unknown and ``pixels`` are the input stretched from its minimum to its maximum. ``black`` is a
    black pixel as the input has it, one number per channel, or None where that is unknown.
    """

    input: Tensor
    pixels: npt.NDArray[np.uint8]
    name: str
    exact: bool = True
    black: tuple[float, ...] | None = None

    @cached_property
    def digest(self) -> bytes:
        """A checksum of the input's values."""
        return hashlib.blake2b(self.input.contiguous().numpy().data, digest_size=16).digest()


class Preprocessor:
    """Turns any picture into model input. Made by ``Preprocessor.of``; immutable."""

    def __init__(
        self,
        transform: Callable[[Any], Any] | None,
        *,
        channels: int | None,
        source_channels: int,
        normalisation: Normalisation | None,
    ) -> None:
        self._transform = transform
        self._channels = channels  # of the model input; None: not known
        self._source_channels = source_channels  # of the PIL image the transform is given
        self._normalisation = normalisation

    @classmethod
    def of(cls, preprocessing: object = None, channels: int | None = None) -> Preprocessor:
        """Make one from any description of how pictures are prepared.

        preprocessing: None (a tensor is model input, unchanged; anything else is scaled to [0, 1]
        and not resized); torchvision weights, or their ``transforms()``; a v1 or v2 ``Compose`` or
        any function of a PIL image that returns (C, H, W) or (1, C, H, W); a Hugging Face image
        processor; or a mapping with ``size`` (of the shorter side, or height and width), ``crop``,
        ``mean``, ``std`` and ``interpolation``.
        channels: of the model input. None: as many as the means; three where that is not known.
        """
        if isinstance(preprocessing, Preprocessor):
            return preprocessing
        if channels is not None and (isinstance(channels, bool) or channels < 1):
            raise ExplanationError(f"channels is {channels!r}; expected 1, 3 or None.")
        if preprocessing is None:
            plain = _plain(channels or 3)
            source = len(plain.mean)
            return cls(None, channels=channels, source_channels=source, normalisation=plain)
        transform = _transform_of(preprocessing)
        stated = stated_normalisation(transform)
        depth = len(stated.mean) if channels is None and stated is not None else channels
        source = 1 if depth == 1 and not _makes_grey(transform) else 3
        rule = find_normalisation(transform, source, stated)
        return cls(transform, channels=channels, source_channels=source, normalisation=rule)

    @property
    def mean(self) -> tuple[float, ...] | None:
        """Per channel of the input, for pictures in [0, 1]; None where it is not known."""
        return self._normalisation.mean if self._normalisation and self._transform else None

    @property
    def std(self) -> tuple[float, ...] | None:
        """Per channel of the input, for pictures in [0, 1]; None where it is not known."""
        return self._normalisation.std if self._normalisation and self._transform else None

    def __call__(self, image: object) -> Picture:
        """Prepare a picture: a path, PIL image, array or tensor (see ``images.load``).

        With a preprocessing, every kind of picture becomes an 8-bit PIL image first, so a file, its
        array and its tensor give the same input. Raises ``ExplanationError`` for anything that is
        not a picture, or that the network does not take.
        """
        if self._transform is None and is_tensor(image):
            return self._from_model_input(image)
        loaded = load(image)
        if self._transform is None:
            x = self._unscaled(loaded)
        else:
            x = self._transformed(loaded, self._transform)
        return self._picture(x, loaded.name)

    def denormalise(self, x: Tensor) -> npt.NDArray[np.uint8]:
        """Return model input (N, C, H, W) as pixels (N, H, W, 3) uint8, rounded to the nearest.

        Where the normalisation is unknown, each item is stretched from its minimum to its maximum.
        """
        import torch

        x = x.detach().to("cpu", torch.float64)
        rule = self._rule_for(x)
        if rule is None:
            low, high = x.amin((1, 2, 3), keepdim=True), x.amax((1, 2, 3), keepdim=True)
            unit = (x - low) / (high - low).clamp(min=1e-12)
        else:
            unit = rule.undo(x)
        if unit.shape[1] != 3:
            unit = unit.mean(1, keepdim=True).expand(-1, 3, -1, -1)
        levels = (255 * unit.clamp(0, 1) + 0.5).floor().to(torch.uint8)
        return np.ascontiguousarray(levels.permute(0, 2, 3, 1).numpy())

    def normalise(self, pixels: Tensor) -> Tensor:
        """Return pictures (N, 1 or 3, H, W) in [0, 1] as model input; differentiable."""
        if self._normalisation is None:
            raise ExplanationError(
                "the normalisation of this preprocessing is not known, so pixels cannot be turned "
                "into model input. Give mean and std, as in preprocessing=dict(mean=..., std=...)."
            )
        if self._transform is None and self._channels is None:
            return pixels  # how many channels the model takes is not known: as many as these have
        depth = len(self._normalisation.mean)
        if pixels.ndim != 4 or pixels.shape[1] not in (1, depth):
            raise ExplanationError(
                f"pixels have shape {tuple(pixels.shape)}; expected (N, {depth}, height, width)."
            )
        return self._normalisation.apply(pixels.expand(-1, depth, -1, -1))

    def undo(self, x: Tensor) -> Tensor:
        """Return model input (N, C, H, W) as pictures in [0, 1], float32, not rounded to levels.

        Raises ``ExplanationError`` where the normalisation is not known.
        """
        rule = self._rule_for(x)
        if rule is None:
            raise ExplanationError(
                "the normalisation of this model input is not known, so it cannot be turned into "
                "pixels in [0, 1]. Give mean and std, as in preprocessing=dict(mean=..., std=...)."
            )
        return rule.undo(x.detach().float()).clamp(0, 1)

    def _from_model_input(self, image: Tensor) -> Picture:
        import torch

        tensor = image.detach()
        tensor = tensor[None] if tensor.ndim == 3 else tensor
        if tensor.ndim != 4 or tensor.shape[0] != 1 or 0 in tensor.shape:
            raise ExplanationError(
                f"the tensor has shape {tuple(image.shape)}; expected model input (C, H, W) or "
                "(1, C, H, W). Explain pictures one at a time."
            )
        if not tensor.is_floating_point():
            raise ExplanationError(
                f"the tensor is {str(tensor.dtype).removeprefix('torch.')}, and without a "
                "preprocessing a tensor is model input, which is floating point. Give the engine a "
                "preprocessing, or pass a numpy array to have it scaled to [0, 1]."
            )
        x = tensor.as_subclass(torch.Tensor).to("cpu", torch.float32, copy=True).contiguous()
        self._check(x, "the tensor")
        return self._picture(x, "tensor")

    def _unscaled(self, loaded: Loaded) -> Tensor:
        import torch

        if self._source_channels not in (1, 3):
            raise ExplanationError(
                f"the network takes {self._source_channels} channels and a picture has 1 or 3; "
                "pass model input as a tensor, or give the engine a preprocessing."
            )
        pixels = loaded.unit(self._source_channels)
        return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[None]

    def _transformed(self, loaded: Loaded, transform: Callable[[Any], Any]) -> Tensor:
        import torch

        image = loaded.image(self._source_channels)
        if max(image.size) > _LONGEST * min(image.size):
            raise ExplanationError(
                f"{loaded.name} is {image.width} x {image.height} pixels: one side is more than "
                f"{_LONGEST} times the other. Crop it first."
            )
        try:
            x = transform(image)
        except Exception as error:
            raise ExplanationError(
                f"the preprocessing failed on {loaded.name} ({image.mode}, {image.width} x "
                f"{image.height}): {type(error).__name__}: {error}"
            ) from error
        if not isinstance(x, torch.Tensor):
            raise ExplanationError(
                f"the preprocessing returned {type(x).__name__}; expected a tensor (C, H, W). "
                "End it with ToTensor(), or with v2.ToImage() and v2.ToDtype(torch.float32, "
                "scale=True)."
            )
        x = x.detach().as_subclass(torch.Tensor)
        x = x[None] if x.ndim == 3 else x
        if x.ndim != 4 or x.shape[0] != 1 or 0 in x.shape:
            raise ExplanationError(
                f"the preprocessing returned shape {tuple(x.shape)}; expected (C, H, W)."
            )
        if not x.is_floating_point():
            raise ExplanationError(
                f"the preprocessing returned {str(x.dtype).removeprefix('torch.')}; expected "
                "floating point: add v2.ToDtype(torch.float32, scale=True)."
            )
        x = x.to("cpu", torch.float32).contiguous()
        self._check(x, "what the preprocessing returned")
        return x

    def _check(self, x: Tensor, what: str) -> None:
        if self._channels is not None and x.shape[1] != self._channels:
            raise ExplanationError(
                f"{what} has {x.shape[1]} channel(s), and the network takes {self._channels}."
            )
        bad = int((~x.isfinite()).sum())
        if bad:
            raise ExplanationError(f"{what} holds {bad} values that are NaN or infinite.")

    def _picture(self, x: Tensor, name: str) -> Picture:
        rule = self._rule_for(x)
        black = None
        if rule is not None:
            black = tuple(-m / s for m, s in zip(rule.mean, rule.std, strict=True))
        return Picture(x, self.denormalise(x)[0], name, rule is not None, black)

    def _rule_for(self, x: Tensor) -> Normalisation | None:
        """Return how to undo ``x``, or None where that is not known."""
        if self._transform is not None:
            rule = self._normalisation
            return rule if rule is not None and len(rule.mean) == x.shape[1] else None
        plain = x.shape[1] in (1, 3) and bool((x >= 0).all()) and bool((x <= 1).all())
        return _plain(x.shape[1]) if plain else None


def _plain(channels: int) -> Normalisation:
    return Normalisation((0.0,) * channels, (1.0,) * channels)


def _transform_of(preprocessing: object) -> Callable[[Any], Any]:
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
        return transform
    if hasattr(preprocessing, "image_mean") and callable(preprocessing):
        return _Processor(preprocessing)
    if not callable(preprocessing):
        raise ExplanationError(
            f"preprocessing is {brief(preprocessing)} ({type(preprocessing).__name__}); "
            f"expected {_EXPECTED}."
        )
    return preprocessing


class _Processor:
    """A Hugging Face image processor, as a function of one image."""

    def __init__(self, processor: Any) -> None:
        self._processor = processor

    def __call__(self, image: Image.Image) -> Any:
        return self._processor(images=image, return_tensors="pt")["pixel_values"]


def _makes_grey(transform: object) -> bool:
    """Whether a transform turns colour into grey itself, and so is given colour."""
    name = type(transform).__name__
    inner = getattr(transform, "transforms", None)
    if inner is None and hasattr(transform, "children"):
        inner = list(transform.children())
    steps = inner if isinstance(inner, (list, tuple)) else ()
    return name in ("Grayscale", "RandomGrayscale") or any(_makes_grey(step) for step in steps)
