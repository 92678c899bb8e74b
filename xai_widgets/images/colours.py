"""What a preprocessing does to colours, and how it is undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from xai_widgets.errors import ExplanationError
from xai_widgets.images.forms import OwnTransform
from xai_widgets.images.normalisation import (
    Normalisation,
    find_normalisation,
    stated_normalisation,
)
from xai_widgets.images.recipes import makes_grey
from xai_widgets.images.transform import ResizeCropNormalise

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Colours", "pixels_of"]


class Colours:
    """The rules by which a transform turns colours into numbers: one for each number of channels
    and form in which it is given pictures.
    """

    def __init__(self, transform: ResizeCropNormalise | OwnTransform | None) -> None:
        self._transform = transform
        # The one used last comes last.
        self._rules: dict[tuple[int, object], Normalisation | None] = {}

    @property
    def means(self) -> int | None:
        """How many means the preprocessing states for its input; None where it states none."""
        if isinstance(self._transform, ResizeCropNormalise):
            return None if self._transform.mean is None else len(self._transform.mean)
        if self._transform is None:
            return None
        stated = stated_normalisation(self._transform.transform)
        if stated is None or (len(stated.mean) == 1 and makes_grey(self._transform.transform)):
            return None
        return len(stated.mean)

    def rule(self, given: int, form: Any = None) -> Normalisation | None:
        """What is done to the colours of a picture that is given as so many channels, in a form."""
        transform, key = self._transform, (given, form)
        if key in self._rules:
            rule = self._rules.pop(key)
        elif transform is None:
            rule = _plain(given)
        elif isinstance(transform, ResizeCropNormalise):
            rule = transform.normalisation(given)
        else:
            stated = stated_normalisation(transform.transform)
            rule = find_normalisation(
                lambda flat: transform.with_form(form, flat, given), given, stated
            )
        self._rules[key] = rule
        return rule

    def usual(self, likely: int | None) -> Normalisation | None:
        """The rule that was used last; before any, that of pictures given as they likely are."""
        if self._rules:
            return next(reversed(self._rules.values()))
        given = likely or self.means or 3
        own = self._transform.transform if isinstance(self._transform, OwnTransform) else None
        if own is not None and (makes_grey(own) or given not in (1, self.means)):
            given = 3
        return self.rule(given)

    def rule_for(self, x: Tensor, likely: int | None) -> Normalisation | None:
        """How to undo model input (N, C, H, W); None where that is not known."""
        if self._transform is None:
            plain = bool((x >= 0).all()) and bool((x <= 1).all())
            return _plain(x.shape[1]) if plain else None
        return self._of_depth(x.shape[1], likely)

    def normalise(self, pixels: Tensor, likely: int | None, known: bool) -> Tensor:
        """Pictures (N, 1 or C, H, W) in [0, 1] as model input; differentiable.

        known: whether it is known how many channels the model takes; if not, as many as these have.
        """
        usual = self.usual(likely)
        if usual is None:
            raise ExplanationError(
                "the normalisation of this preprocessing is not known, so pixels cannot be turned "
                "into model input. Give mean and std, as in preprocessing=dict(mean=..., std=...)."
            )
        if self._transform is None and not known:
            return pixels
        depth = len(usual.mean)
        rule = usual if pixels.ndim == 4 and pixels.shape[1] in (1, depth) else None
        if rule is None:
            raise ExplanationError(
                f"pixels have shape {tuple(pixels.shape)}; expected (N, {depth}, height, width)."
            )
        return rule.apply(pixels.expand(-1, depth, -1, -1))

    def _of_depth(self, depth: int, likely: int | None) -> Normalisation | None:
        """The rule that makes an input of so many channels; None where none is known."""
        if isinstance(self._transform, ResizeCropNormalise):
            return self._transform.normalisation(depth)
        rules = [self.usual(likely), *reversed(self._rules.values())]
        return next((r for r in rules if r is not None and len(r.mean) == depth), None)


def pixels_of(x: Tensor, rule: Normalisation | None) -> npt.NDArray[np.uint8]:
    """Model input (N, C, H, W) as pixels (N, H, W, 3) uint8, rounded to the nearest.

    Where there is no rule, each item is stretched from its minimum to its maximum. Of more than
    three bands the first three are shown, of two their mean.
    """
    import torch

    x = x.detach().to("cpu", torch.float64)
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


def _plain(channels: int) -> Normalisation:
    return Normalisation((0.0,) * channels, (1.0,) * channels)
