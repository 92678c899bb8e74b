"""What is painted over a picture: the fills, the mask, and the mask as it travels."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from xai_widgets.baselines import baseline_like
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError, brief, nearest
from xai_widgets.images import Picture
from xai_widgets.probe.cores import one_core_left
from xai_widgets.widgets.base.maps import Pixels

Fill = Literal["black", "blur", "mean"]
FILLS: tuple[Fill, ...] = get_args(Fill)

Mask = npt.NDArray[np.bool_]

_LONGEST_RUN = 0xFFFF


class Painting:
    """The fills of one picture: what painted pixels are replaced with, each computed once.

    They are the baselines of the same names (see `methods.baseline`).
    """

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self._fills: dict[Fill, Tensor] = {}
        self._seen: dict[Fill, Pixels] = {}

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of a mask: those of the network's input."""
        height, width = self.picture.input.shape[-2:]
        return height, width

    @property
    def fills(self) -> list[Fill]:
        """Those there are: black only where the preprocessing tells what black is."""
        return [fill for fill in FILLS if fill != "black" or self.picture.black is not None]

    def check(self, mask: object, fill: str) -> Mask:
        """The mask (H, W), True where the picture is painted over.

        Raises ExplanationError for a mask of another size or with other values than 0 and 1, and
        for an unknown fill.
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
            names = ", ".join(f'"{name}"' for name in self.fills)
            why = " (the preprocessing does not tell what black is)" if fill == "black" else ""
            raise ExplanationError(
                f"fill is {brief(fill)}{why}; expected one of {names}.{nearest(fill, self.fills)}"
            )
        return array.astype(np.bool_)

    def input(self, mask: Mask, fill: Fill) -> Tensor:
        """The painted picture as model input, x (1 - m) + b m, (1, C, H, W)."""
        x = self.picture.input
        if fill not in self._fills:
            self._fills[fill] = baseline_like(x, fill, self.picture.black)
        return torch.where(torch.from_numpy(mask), self._fills[fill], x)

    def probabilities(self, engine: Engine, mask: Mask, fill: Fill) -> npt.NDArray[np.float32]:
        """The class probabilities (C,) of the painted picture."""
        with one_core_left():
            probabilities = engine.internals.probabilities(self.input(mask, fill))[0]
        return np.asarray(probabilities.float().cpu().numpy(), dtype=np.float32)

    def pixels(self, fill: Fill) -> Pixels:
        """The fill as a person sees it, (H, W, 3).

        Taken from the pixels: normalising is affine in each channel, and so are these fills.
        """
        if fill not in self._seen:
            self._seen[fill] = self._filled(fill)
        return self._seen[fill]

    def _filled(self, fill: Fill) -> Pixels:
        seen = self.picture.pixels
        if fill == "black":
            return np.zeros_like(seen)
        x = torch.from_numpy(seen.transpose(2, 0, 1).copy())[None].float()
        filled = baseline_like(x, fill)[0].add(0.5).clamp(0, 255).to(torch.uint8)
        return np.ascontiguousarray(filled.permute(1, 2, 0).numpy())


def runs_of(mask: Mask) -> bytes:
    """The lengths, as little-endian 16-bit numbers, of what is unpainted, painted, unpainted ...
    in reading order. A run too long for 16 bits is cut in two by one of length zero.
    """
    flat = mask.ravel()
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    ends = np.concatenate([[0] if flat.size and flat[0] else [], edges, [flat.size]])
    lengths: list[int] = []
    for length in np.diff(ends, prepend=0).astype(int).tolist():
        while length > _LONGEST_RUN:
            lengths += [_LONGEST_RUN, 0]
            length -= _LONGEST_RUN
        lengths.append(length)
    return np.asarray(lengths, dtype="<u2").tobytes()


def mask_of(data: Any, size: tuple[int, int]) -> Mask:
    """The mask (H, W) of these runs. Raises ExplanationError when they do not fill that size."""
    lengths = np.frombuffer(bytes(data), dtype="<u2")
    height, width = size
    if int(lengths.sum(dtype=np.int64)) != height * width:
        raise ExplanationError(
            f"what was painted has {int(lengths.sum(dtype=np.int64)):,} pixels; expected "
            f"{height} x {width}, as the picture has now"
        )
    painted = np.arange(len(lengths)) % 2 == 1
    return np.repeat(painted, lengths).reshape(size)
