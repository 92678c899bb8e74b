"""A picture painted over by hand, as the network is given it: x (1 - m) + b m."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from xai_widgets.baselines import baseline_like
from xai_widgets.errors import ExplanationError, nearest
from xai_widgets.images import Picture
from xai_widgets.probe.cores import one_core_left

if TYPE_CHECKING:
    from xai_widgets.engine import Engine

Fill = Literal["black", "blur", "mean"]
FILLS: tuple[Fill, ...] = get_args(Fill)

Mask = npt.NDArray[np.bool_]
Pixels = npt.NDArray[np.uint8]


class Painting:
    """The fills of one picture: what painted pixels are replaced with, each computed once.

    They are the baselines of the same names (see `methods.baseline`).
    """

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._fills: dict[Fill, Tensor] = {}

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of a mask: those of the network's input."""
        height, width = self._picture.input.shape[-2:]
        return height, width

    @property
    def fills(self) -> list[Fill]:
        """Those that are known: what black is, the preprocessing has to tell."""
        return [fill for fill in FILLS if fill != "black" or self._picture.black is not None]

    def check(self, mask: object, fill: str) -> Mask:
        """The mask (H, W), True where the picture is painted over.

        Raises ExplanationError for a mask of another size or of anything but yes and no, and for a
        fill that is not known.
        """
        array = np.asarray(mask)
        if array.shape != self.size:
            raise ExplanationError(
                f"the mask has shape {array.shape}; expected {self.size}, the height and width of "
                "the network's input"
            )
        if array.dtype != np.bool_ and not np.isin(array, (0, 1)).all():
            raise ExplanationError(
                f"the mask holds {array.dtype} values other than 0 and 1; expected a bool array, "
                "True where the picture is painted over, such as heatmap > threshold"
            )
        if fill not in self.fills:
            known = ", ".join(f'"{name}"' for name in self.fills)
            why = " (the preprocessing does not tell what black is)" if fill == "black" else ""
            raise ExplanationError(
                f"fill is {fill!r}{why}; expected one of {known}.{nearest(fill, self.fills)}"
            )
        return array.astype(np.bool_)

    def input(self, mask: Mask, fill: Fill) -> Tensor:
        """The painted picture as model input, x (1 - m) + b m, (1, C, H, W)."""
        x = self._picture.input
        if fill not in self._fills:
            black = self._picture.black
            known = None if black is None else torch.tensor(black)
            self._fills[fill] = baseline_like(x, fill, known)
        return torch.where(torch.from_numpy(mask), self._fills[fill], x)

    def probabilities(self, engine: Engine, mask: Mask, fill: Fill) -> npt.NDArray[np.float32]:
        """What the network says of the painted picture: its class probabilities (C,)."""
        with one_core_left():
            found = engine.probabilities(self.input(mask, fill))[0]
        return np.asarray(found.float().cpu().numpy(), dtype=np.float32)

    def pixels(self, fill: Fill) -> Pixels:
        """The fill as a person sees it, (H, W, 3).

        Taken from the pixels: normalising is affine in each channel, and so are these fills.
        """
        seen = self._picture.pixels
        if fill == "black":
            return np.zeros_like(seen)
        x = torch.from_numpy(seen.transpose(2, 0, 1).copy())[None].float()
        filled = baseline_like(x, fill)[0].add(0.5).clamp(0, 255).to(torch.uint8)
        return np.ascontiguousarray(filled.permute(1, 2, 0).numpy())
