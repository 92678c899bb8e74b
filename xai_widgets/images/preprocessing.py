"""Picture -> model input, and back to the pixels the model saw."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from xai_widgets.errors import ExplanationError
from xai_widgets.images.channels import Taker, possible_channels, question_of, refused
from xai_widgets.images.colours import Colours, pixels_of
from xai_widgets.images.forms import OwnTransform
from xai_widgets.images.loaded import Loaded
from xai_widgets.images.loading import is_tensor, load
from xai_widgets.images.normalisation import Normalisation
from xai_widgets.images.picture import Picture
from xai_widgets.images.recipes import transform_of
from xai_widgets.images.transform import ResizeCropNormalise

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Picture", "Preprocessor"]

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
        self._colours = Colours(transform)
        self._given: dict[tuple[int, int], int] = {}  # what pictures were last given as
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
            own = preprocessing.channels if channels is None else channels
            return cls(copy.copy(preprocessing._transform), channels=own, taker=taker)
        transform = None if preprocessing is None else transform_of(preprocessing)
        return cls(transform, channels=channels, taker=taker)

    @property
    def channels(self) -> int | None:
        """Of the model input, as the user says; None where the network is asked."""
        return self._channels

    @property
    def mean(self) -> tuple[float, ...] | None:
        """Per channel of the input, for pictures in [0, 1]; None where it is not known."""
        rule = None if self._transform is None else self._colours.usual(self._likely)
        return None if rule is None else rule.mean

    @property
    def std(self) -> tuple[float, ...] | None:
        """Per channel of the input, for pictures in [0, 1]; None where it is not known."""
        rule = None if self._transform is None else self._colours.usual(self._likely)
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
    def may_run_in_threads(self) -> bool:
        """Whether several threads may prepare pictures at once: nothing of the user's own runs."""
        return not isinstance(self._transform, OwnTransform)

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
        loaded = load(image, self._channels or self._colours.means or self._hint)
        picture = self._prepared(loaded)
        self._scaled_only |= self._transform is None and not made_up
        return picture

    def denormalise(self, x: Tensor) -> npt.NDArray[np.uint8]:
        """Return model input (N, C, H, W) as pixels (N, H, W, 3) uint8, rounded to the nearest.

        Where the normalisation is unknown, each item is stretched from its minimum to its maximum.
        Of more than three bands the first three are shown, of two their mean.
        """
        return pixels_of(x, self._colours.rule_for(x.detach(), self._likely))

    def normalise(self, pixels: Tensor) -> Tensor:
        """Return pictures (N, 1 or C, H, W) in [0, 1] as model input; differentiable."""
        known = self._channels is not None or bool(self._given)
        return self._colours.normalise(pixels, self._likely, known)

    def undo(self, x: Tensor) -> Tensor:
        """Return model input (N, C, H, W) as pictures in [0, 1], float32, not rounded to levels.

        Raises ``ExplanationError`` where the normalisation is not known.
        """
        rule = self._colours.rule_for(x, self._likely)
        if rule is None:
            raise ExplanationError(
                "the normalisation of this model input is not known, so it cannot be turned into "
                "pixels in [0, 1]. Give mean and std, as in preprocessing=dict(mean=..., std=...)."
            )
        return rule.undo(x.detach().float()).clamp(0, 1)

    def window(
        self, height: int, width: int
    ) -> tuple[float, float, float, float] | Literal["unknown"] | None:
        """The part of a picture that is given, in shares: left, top, width, height. "unknown" where
        a transform decides it; None where black is added around it.
        """
        if self._transform is None:
            return 0.0, 0.0, 1.0, 1.0
        if isinstance(self._transform, ResizeCropNormalise):
            return self._transform.window(height, width)
        return "unknown"

    @property
    def _hint(self) -> int | None:
        return None if self._taker is None else self._taker.hint

    @property
    def _likely(self) -> int | None:
        return self._channels or self._colours.means or self._hint

    def _prepared(self, loaded: Loaded) -> Picture:
        """The picture as the first number of channels that the network takes."""
        key = (loaded.channels, 0 if loaded.bands is None else loaded.bands.shape[2])
        problem: ExplanationError | None = None
        refusals: dict[int, Exception] = {}
        likeliest: Picture | None = None
        for channels in self._wishes(loaded, self._given.get(key)):
            try:
                picture = self._given_as(loaded, channels)
            except ExplanationError as error:
                problem = problem or error
                continue
            if picture.input.shape[1] in refusals:
                continue
            refusal = self._refusal(picture, loaded)
            if refusal is None:
                self._given[key] = channels
                return picture
            refusals[picture.input.shape[1]] = refusal
            likeliest = likeliest or picture
        if self._taker is None or likeliest is None:
            raise problem or self._no_way(loaded)
        other = self._taker.another(picture, refusals)
        if other is None and len({str(refusal) for refusal in refusals.values()}) == 1:
            return likeliest  # it is not the channels: the network fails by itself when it is run
        raise refused(picture, list(refusals.items()), self._way_out(other)) from refusal

    def _wishes(self, loaded: Loaded, known: int | None) -> list[int]:
        """The numbers of channels as which a picture may be given, the likeliest first."""
        wishes = possible_channels(
            loaded, stated=self._channels, means=self._colours.means, hint=self._hint
        )
        if self._channels is not None and not isinstance(self._transform, OwnTransform):
            return [channels for channels in wishes if channels == self._channels]
        return sorted(wishes, key=lambda channels: channels != known)

    def _refusal(self, picture: Picture, loaded: Loaded) -> Exception | None:
        if self._taker is None:
            return None
        plain = loaded.channels in (1, 3) and loaded.bands is None
        usual = plain and picture.input.shape[1] == self._taker.hint
        return self._taker.refusal(picture, entering=usual)

    def _given_as(self, loaded: Loaded, channels: int) -> Picture:
        """A picture that is given as so many channels."""
        import torch

        transform, lost, form = self._transform, loaded.warnings, None
        if transform is None:
            pixels = np.ascontiguousarray(loaded.unit(channels).transpose(2, 0, 1))
            x = torch.from_numpy(pixels)[None]
        else:
            height, width = loaded.size
            if max(height, width) > _LONGEST * min(height, width):
                raise ExplanationError(
                    f"{loaded.name} is {width} x {height} pixels: one side is more than "
                    f"{_LONGEST} times the other. Crop it first."
                )
            if isinstance(transform, ResizeCropNormalise):
                x = transform(loaded, channels)[None]
            else:
                x, now = transform(loaded, channels)
                form, lost = transform.form_of(loaded, channels), (*lost, *now)
        self._check(x, "what the preprocessing returned")
        rule = self._colours.rule(channels, form)
        if rule is not None and len(rule.mean) != x.shape[1]:
            rule = None
        return _picture(x, loaded.name, rule, lost)

    def _from_model_input(self, image: Tensor) -> Picture:
        import torch

        shape = tuple(image.shape)
        tensor = image.detach()
        tensor = tensor[None] if tensor.ndim == 3 else tensor
        if tensor.ndim != 4 or tensor.shape[0] != 1 or 0 in tensor.shape:
            raise _no_model_input(shape)
        if not tensor.is_floating_point():
            raise ExplanationError(
                f"the tensor is {str(tensor.dtype).removeprefix('torch.')}, and without a "
                "preprocessing a tensor is model input, which is floating point. Give the engine a "
                "preprocessing, or pass a numpy array to have it scaled to [0, 1]."
            )
        x = tensor.as_subclass(torch.Tensor).to("cpu", torch.float32, copy=True).contiguous()
        question = question_of(shape)
        self._check(x, "the tensor", f" {question}".rstrip())
        bad = int((~x.isfinite()).sum())
        if bad:
            raise ExplanationError(f"the tensor holds {bad} values that are NaN or infinite.")
        asked = (question,) if question and x.shape[1] not in (self._channels, self._hint) else ()
        return _picture(x, "tensor", self._colours.rule_for(x, self._likely), asked)

    def _check(self, x: Tensor, what: str, question: str = "") -> None:
        if self._channels is not None and x.shape[1] != self._channels:
            raise ExplanationError(
                f"{what} has {x.shape[1]} channel(s), and the network takes "
                f"{self._channels}.{question}"
            )

    def _way_out(self, other: int | None) -> str:
        if other is not None:
            return (
                f"It takes {other} of that size: pass an array (height, width, {other}), or model "
                f"input as a tensor ({other}, height, width)."
            )
        size = (
            " Does it have to be resized first? Give preprocessing=dict(size=..., crop=..., "
            "mean=..., std=...)."
        )
        return (
            "If it takes another number of channels, say so: Engine(..., channels=...), or pass "
            f"model input as a tensor (C, H, W).{size * (self._transform is None)}"
        )

    def _no_way(self, loaded: Loaded) -> ExplanationError:
        wanted = self._channels or self._colours.means
        if loaded.channels in (1, 3):
            return ExplanationError(
                f"the network takes {wanted} channels and a picture has 1 or 3; {loaded.name} has "
                f"{loaded.in_words}. Pass an array (height, width, bands) or, without a "
                "preprocessing, model input as a tensor."
            )
        return ExplanationError(
            f"the network takes {wanted} channel(s), and {loaded.name} has {loaded.in_words}."
        )


def _picture(
    x: Tensor, name: str, rule: Normalisation | None, warnings: tuple[str, ...]
) -> Picture:
    black = None
    if rule is not None:
        black = tuple(-m / s for m, s in zip(rule.mean, rule.std, strict=True))
    channels, shows = x.shape[1], []
    if channels not in (1, 3):
        shows.append("the mean of 2 bands" if channels == 2 else f"the first 3 of {channels} bands")
    if rule is None:
        shows.append("stretched from the lowest to the highest value")
    return Picture(x, pixels_of(x, rule)[0], name, not shows, black, ", ".join(shows), warnings)


def _no_model_input(shape: tuple[int, ...]) -> ExplanationError:
    words = f"the tensor has shape {shape}; expected model input (C, H, W) or (1, C, H, W)."
    if len(shape) == 4 and shape[0] > 1:
        words += " Explain pictures one at a time, or together with engine.explain_batch."
    if len(shape) == 2:
        words += " Is it a grey picture? Then pass x[None]."
    if len(shape) > 4:
        words += " Volumes and videos are not pictures; explain one slice or frame at a time."
    return ExplanationError(words)
