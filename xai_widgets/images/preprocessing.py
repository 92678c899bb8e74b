"""Picture -> model input, and back to the pixels the model saw."""

from __future__ import annotations

import copy
import enum
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from xai_widgets.errors import ExplanationError, brief
from xai_widgets.images.channels import Taker, possible_channels, refused
from xai_widgets.images.forms import OwnTransform
from xai_widgets.images.loaded import Loaded
from xai_widgets.images.loading import is_tensor, load
from xai_widgets.images.normalisation import (
    Normalisation,
    find_normalisation,
    stated_normalisation,
)
from xai_widgets.images.picture import Picture
from xai_widgets.images.transform import ResizeCropNormalise

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Picture", "Preprocessor"]

_EXPECTED = (
    "None, torchvision weights (ResNet50_Weights.DEFAULT), their transforms(), a Compose, "
    "a function of a PIL image, or a dict of size, crop, mean, std"
)
_LONGEST = 200  # times the shorter side: resizing by the shorter side would fill the memory


class Preprocessor:
    """Turns any picture into model input. Made by ``Preprocessor.of``.

    How many channels a picture is given as is found when the first one is prepared, and kept.
    """

    def __init__(
        self,
        transform: ResizeCropNormalise | OwnTransform | None,
        *,
        channels: int | None,
        taker: Taker | None,
    ) -> None:
        self._transform = transform
        self._channels = channels  # of the model input, as the user says; None: not said
        self._taker = taker
        self._given: dict[tuple[int, int], int] = {}  # what pictures were last given as
        self._rules: dict[int, Normalisation | None] = {}  # by what a picture is given as
        self._scaled_only = False

    @classmethod
    def of(
        cls, preprocessing: object = None, channels: int | None = None, taker: Taker | None = None
    ) -> Preprocessor:
        """Make one from any description of how pictures are prepared.

        preprocessing: None (a tensor is model input, unchanged; anything else is scaled to [0, 1]
        and not resized); torchvision weights, or their ``transforms()``; a v1 or v2 ``Compose`` or
        any function of a PIL image that returns (C, H, W) or (1, C, H, W); a Hugging Face image
        processor; or a mapping with ``size`` (of the shorter side, or height and width), ``crop``,
        ``mean``, ``std`` and ``interpolation``.
        channels: of the model input. None: those that the taker takes, else as many as the means;
        three where nothing is known.
        """
        if channels is not None and (
            isinstance(channels, bool) or not isinstance(channels, int) or channels < 1
        ):
            raise ExplanationError(
                f"channels is {channels!r}; expected the number of channels that the network takes "
                "(3 for colour, 1 for grey), or None to find it."
            )
        if isinstance(preprocessing, Preprocessor):
            if channels is None and taker is None:
                return preprocessing
            same = copy.copy(preprocessing)
            same._channels, same._taker, same._given = channels, taker, {}
            return same
        transform = None if preprocessing is None else _transform_of(preprocessing)
        return cls(transform, channels=channels, taker=taker)

    @property
    def channels(self) -> int | None:
        """Of the model input, as the user says; None where the network is asked."""
        return self._channels

    @property
    def mean(self) -> tuple[float, ...] | None:
        """Per channel of the input, for pictures in [0, 1]; None where it is not known."""
        rule = None if self._transform is None else self._usual_rule()
        return None if rule is None else rule.mean

    @property
    def std(self) -> tuple[float, ...] | None:
        """Per channel of the input, for pictures in [0, 1]; None where it is not known."""
        rule = None if self._transform is None else self._usual_rule()
        return None if rule is None else rule.std

    @property
    def description(self) -> str:
        """What is done to a picture, in a few words."""
        if self._transform is None:
            return "no preprocessing"
        if isinstance(self._transform, ResizeCropNormalise):
            return str(self._transform)
        own = self._transform.transform
        return str(getattr(own, "__name__", type(own).__name__))

    @property
    def note(self) -> str:
        """What somebody who explains pictures with this should know; "" where there is nothing."""
        plain = self._scaled_only
        if isinstance(self._transform, ResizeCropNormalise):
            plain = self._transform.mean is None
        if not plain:
            return ""
        return (
            "No mean and std are given, so the network sees pictures in [0, 1]; if it was trained "
            "on others, give preprocessing=dict(..., mean=..., std=...)."
        )

    def __call__(self, image: object, *, made_up: bool = False) -> Picture:
        """Prepare a picture: a path, PIL image, array or tensor (see ``images.load``).

        made_up: it is nobody's, and does not count as one that was scaled to [0, 1].
        A file, its array and its tensor give the same input. Raises ``ExplanationError`` for
        anything that is not a picture, or that the network does not take.
        """
        if self._transform is None and is_tensor(image):
            return self._from_model_input(image)
        hint = None if self._taker is None else self._taker.hint
        loaded = load(image, self._channels or self._means or hint)
        picture = self._prepared(loaded, hint)
        self._scaled_only |= self._transform is None and not made_up
        return picture

    def _prepared(self, loaded: Loaded, hint: int | None) -> Picture:
        key = (loaded.channels, 0 if loaded.bands is None else loaded.bands.shape[2])
        wishes = list(
            possible_channels(loaded, stated=self._channels, means=self._means, hint=hint)
        )
        if self._channels is not None and not isinstance(self._transform, OwnTransform):
            wishes = [channels for channels in wishes if channels == self._channels]
        known = self._given.get(key)
        if known in wishes:
            wishes = list(dict.fromkeys([known, *wishes]))
        problem: ExplanationError | None = None
        refusals: dict[int, Exception] = {}
        likeliest: Picture | None = None
        for channels in wishes:
            try:
                x, lost = self._input_of(loaded, channels)
                self._check(x)
            except ExplanationError as error:
                problem = problem or error
                continue
            if x.shape[1] in refusals:
                continue
            picture = self._picture(x, loaded.name, channels, (*loaded.warnings, *lost))
            refusal = None
            if self._taker is not None:
                usual = x.shape[1] == hint and loaded.channels in (1, 3) and loaded.bands is None
                refusal = self._taker.refusal(picture, entering=usual)
            if refusal is None:
                self._given[key] = channels
                return picture
            refusals[x.shape[1]] = refusal
            likeliest = likeliest or picture
        if likeliest is None:
            raise problem or self._no_way(loaded)
        if len({str(refusal) for refusal in refusals.values()}) == 1 < len(wishes):
            return likeliest  # it is not the channels: whoever runs the network says what it is
        raise refused(picture, list(refusals.items()), self._way_out()) from refusal

    def _way_out(self) -> str:
        size = "" if self._transform is not None else " Does it have to be resized first? Give "
        size += "preprocessing=dict(size=..., crop=..., mean=..., std=...)." if size else ""
        return (
            "If it takes another number of channels, say so: Engine(..., channels=...), or pass "
            f"model input as a tensor (C, H, W).{size}"
        )

    def _no_way(self, loaded: Loaded) -> ExplanationError:
        if loaded.channels in (1, 3):
            return ExplanationError(
                f"the network takes {self._channels or self._means} channels and a picture has 1 "
                f"or 3; {loaded.name} has {loaded.in_words}. Pass an array (height, width, bands) "
                "or, without a preprocessing, model input as a tensor."
            )
        return ExplanationError(
            f"the network takes {self._channels or self._means} channel(s), and {loaded.name} has "
            f"{loaded.in_words}."
        )

    def _input_of(self, loaded: Loaded, channels: int) -> tuple[Tensor, tuple[str, ...]]:
        """A picture given as so many channels, as (1, C, H, W), and what was lost on the way."""
        import torch

        if self._transform is None:
            pixels = np.ascontiguousarray(loaded.unit(channels).transpose(2, 0, 1))
            return torch.from_numpy(pixels)[None], ()
        height, width = loaded.size
        if max(height, width) > _LONGEST * min(height, width):
            raise ExplanationError(
                f"{loaded.name} is {width} x {height} pixels: one side is more than "
                f"{_LONGEST} times the other. Crop it first."
            )
        if isinstance(self._transform, ResizeCropNormalise):
            return self._transform(loaded, channels)[None], ()
        return self._transform(loaded, channels)

    def denormalise(self, x: Tensor) -> npt.NDArray[np.uint8]:
        """Return model input (N, C, H, W) as pixels (N, H, W, 3) uint8, rounded to the nearest.

        Where the normalisation is unknown, each item is stretched from its minimum to its maximum.
        Of more than three bands the first three are shown, of two their mean.
        """
        import torch

        x = x.detach().cpu().double()
        rule = self._rule_for(x)
        if rule is None:
            low, high = x.amin((1, 2, 3), keepdim=True), x.amax((1, 2, 3), keepdim=True)
            unit = (x - low) / (high - low).clamp(min=1e-12)
        else:
            unit = rule.undo(x)
        unit = unit[:, :3]
        if unit.shape[1] != 3:
            unit = unit.mean(1, keepdim=True).expand(-1, 3, -1, -1)
        levels = (255 * unit.clamp(0, 1) + 0.5).floor().to(torch.uint8)
        return np.ascontiguousarray(levels.permute(0, 2, 3, 1).numpy())

    def normalise(self, pixels: Tensor) -> Tensor:
        """Return pictures (N, 1 or C, H, W) in [0, 1] as model input; differentiable."""
        usual = self._usual_rule()
        if usual is None:
            raise ExplanationError(
                "the normalisation of this preprocessing is not known, so pixels cannot be turned "
                "into model input. Give mean and std, as in preprocessing=dict(mean=..., std=...)."
            )
        known = self._transform is not None or self._channels is not None or self._given
        if not known:
            return pixels  # how many channels the model takes is not known: as many as these have
        depth = len(usual.mean)
        rule = usual if pixels.ndim == 4 and pixels.shape[1] in (1, depth) else None
        if rule is None and pixels.ndim == 4:
            rule = self._rule_of_depth(pixels.shape[1])
        if rule is None:
            raise ExplanationError(
                f"pixels have shape {tuple(pixels.shape)}; expected (N, {depth}, height, width)."
            )
        return rule.apply(pixels.expand(-1, len(rule.mean), -1, -1))

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
            raise _no_model_input(tuple(image.shape))
        if not tensor.is_floating_point():
            raise ExplanationError(
                f"the tensor is {str(tensor.dtype).removeprefix('torch.')}, and without a "
                "preprocessing a tensor is model input, which is floating point. Give the engine a "
                "preprocessing, or pass a numpy array to have it scaled to [0, 1]."
            )
        x = tensor.as_subclass(torch.Tensor).to("cpu", torch.float32, copy=True).contiguous()
        self._check(x, image)
        bad = int((~x.isfinite()).sum())
        if bad:
            raise ExplanationError(f"the tensor holds {bad} values that are NaN or infinite.")
        return self._picture(x, "tensor")

    def _check(self, x: Tensor, tensor: Tensor | None = None) -> None:
        if self._channels is not None and x.shape[1] != self._channels:
            what = "what the preprocessing returned" if tensor is None else "the tensor"
            question = "" if tensor is None else f" {_question(tuple(tensor.shape))}"
            raise ExplanationError(
                f"{what} has {x.shape[1]} channel(s), and the network takes "
                f"{self._channels}.{question}".rstrip()
            )

    def _picture(
        self, x: Tensor, name: str, given: int | None = None, warnings: tuple[str, ...] = ()
    ) -> Picture:
        rule = self._rule_for(x, given)
        black = None
        if rule is not None:
            black = tuple(-m / s for m, s in zip(rule.mean, rule.std, strict=True))
        shows = ""
        if x.shape[1] not in (1, 3):
            part = "the mean of 2" if x.shape[1] == 2 else "the first 3"
            shows = f"{part} of {x.shape[1]} bands" if x.shape[1] > 3 else f"{part} bands"
        if rule is None:
            shows += ", " * bool(shows) + "stretched from the lowest to the highest value"
        return Picture(x, self.denormalise(x)[0], name, not shows, black, shows, warnings)

    @property
    def _means(self) -> int | None:
        """How many means the preprocessing states; None where it states none."""
        if isinstance(self._transform, ResizeCropNormalise):
            return None if self._transform.mean is None else len(self._transform.mean)
        if self._transform is None:
            return None
        stated = stated_normalisation(self._transform.transform)
        if stated is None or (len(stated.mean) == 1 and _makes_grey(self._transform.transform)):
            return None
        return len(stated.mean)

    def _usual_rule(self) -> Normalisation | None:
        """The rule for what pictures are usually given as."""
        given = next(reversed(self._given.values()), None) if self._given else None
        if given is None:
            hint = None if self._taker is None else self._taker.hint
            given = self._channels or self._means or hint or 3
            if isinstance(self._transform, OwnTransform) and given not in (1, self._means):
                given = 3
            if isinstance(self._transform, OwnTransform) and _makes_grey(self._transform.transform):
                given = 3
        return self._rule(given)

    def _rule(self, given: int) -> Normalisation | None:
        """What is done to the colours of a picture that is given as so many channels."""
        if given not in self._rules:
            transform = self._transform
            if transform is None:
                rule: Normalisation | None = _plain(given)
            elif isinstance(transform, ResizeCropNormalise):
                rule = transform.normalisation(given)
            else:
                stated = stated_normalisation(transform.transform)
                rule = find_normalisation(lambda p: transform(p, given)[0], given, stated)
            self._rules[given] = rule
        return self._rules[given]

    def _rule_of_depth(self, depth: int) -> Normalisation | None:
        """The rule that makes an input of so many channels; None where none is known."""
        if not isinstance(self._transform, OwnTransform):
            return self._rule(depth)
        self._usual_rule()
        rules = (rule for rule in self._rules.values() if rule is not None)
        return next((rule for rule in rules if len(rule.mean) == depth), None)

    def _rule_for(self, x: Tensor, given: int | None = None) -> Normalisation | None:
        """Return how to undo ``x``, or None where that is not known."""
        if self._transform is None:
            plain = bool((x >= 0).all()) and bool((x <= 1).all())
            return _plain(x.shape[1]) if plain else None
        rule = None if given is None else self._rule(given)
        if given is None:
            rule = self._rule_of_depth(x.shape[1])
        return rule if rule is not None and len(rule.mean) == x.shape[1] else None


def _plain(channels: int) -> Normalisation:
    return Normalisation((0.0,) * channels, (1.0,) * channels)


def _question(shape: tuple[int, ...]) -> str:
    """What else the shape of a tensor may mean, where its last axis looks like channels."""
    if len(shape) < 3 or shape[-1] not in (1, 3, 4) or shape[-3] in (1, 3, 4):
        return ""
    axes = "2, 0, 1" if len(shape) == 3 else "0, 3, 1, 2"
    return (
        f"Its shape is {shape}: is that height, width, channels? Then pass x.permute({axes}), or a "
        "numpy array. "
    )


def _no_model_input(shape: tuple[int, ...]) -> ExplanationError:
    words = f"the tensor has shape {shape}; expected model input (C, H, W) or (1, C, H, W)."
    if len(shape) == 4 and shape[0] > 1:
        words += " Explain pictures one at a time, or together with engine.explain_batch."
    if len(shape) == 2:
        words += " Is it a grey picture? Then pass x[None]."
    if len(shape) > 4:
        words += " Volumes and videos are not pictures; explain one slice or frame at a time."
    return ExplanationError(words)


def _transform_of(preprocessing: object) -> ResizeCropNormalise | OwnTransform:
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
            f"preprocessing is {brief(preprocessing)} ({type(preprocessing).__name__}); "
            f"expected {_EXPECTED}."
        )
    return OwnTransform(preprocessing)


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
