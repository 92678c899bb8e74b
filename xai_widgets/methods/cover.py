"""What slides over a picture and hides a part of it: a rectangle or an ellipse."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor

from xai_widgets.errors import ExplanationError

Shape = Literal["rectangle", "ellipse"]


@dataclass(frozen=True)
class Cover:
    """A rectangle of height × width pixels, or the ellipse that fills it."""

    height: int
    width: int
    shape: Shape = "rectangle"

    def check(self, stride: int) -> None:
        """Raises ExplanationError where covers that far apart leave gaps between them.

        Discs around the points of a square grid cover the plane if their diameter is at least
        √2 of the grid's distance; an ellipse, if its smaller diameter is.
        """
        largest = min(self.height, self.width)
        if self.shape == "ellipse":
            largest = int(largest / 2**0.5)
        if stride > largest:
            raise ExplanationError(
                f"occlusion: stride={stride} leaves gaps between covers of "
                f"{self.height} x {self.width} px ({self.shape}, window={self.height}); "
                f"expected stride <= {largest}"
            )

    @cached_property
    def mask(self) -> Tensor:
        """Which pixels of the window are hidden, (height, width) bool: those whose centres are
        inside.
        """
        if self.shape == "rectangle":
            return torch.ones(self.height, self.width, dtype=torch.bool)
        down = (torch.arange(self.height) + 0.5) * (2 / self.height) - 1
        across = (torch.arange(self.width) + 0.5) * (2 / self.width) - 1
        return down[:, None] ** 2 + across**2 <= 1

    def put(self, covered: Tensor, picture: Tensor, top: int, left: int) -> None:
        """Write into `picture` (N, C, H, W) what `covered` has under the cover at that place."""
        height, width = picture.shape[-2:]
        bottom, right = min(top + self.height, height), min(left + self.width, width)
        window = (..., slice(top, bottom), slice(left, right))
        if self.shape == "rectangle":
            picture[window] = covered[window]
        else:
            hidden = self.mask[: bottom - top, : right - left].to(picture.device)
            picture[window] = torch.where(hidden, covered[window], picture[window])

    def spread(
        self, fall: Tensor, rows: list[int], columns: list[int], size: tuple[int, int]
    ) -> Tensor:
        """Every pixel's mean of `fall` (N, rows, columns) over the covers that hid it, (N, H, W);
        0 where none did.
        """
        if self.shape == "rectangle":
            # A product of a row span and a column span: the sums are two small matrix products.
            down, across = (
                _spans(starts, length, side).to(fall)
                for starts, length, side in (
                    (rows, size[0], self.height),
                    (columns, size[1], self.width),
                )
            )
            total = down @ fall @ across.T
            return total / (down.sum(1)[:, None] * across.sum(1)[None, :])
        stride = (_stride(rows), _stride(columns))
        mask = self.mask.to(fall)[None, None]
        total, times = (
            F.conv_transpose2d(each[:, None], mask, stride=stride)[:, 0, : size[0], : size[1]]
            for each in (fall, torch.ones_like(fall[:1]))
        )
        return torch.where(times > 0, total / times.clamp(min=1), 0)


def _spans(starts: list[int], length: int, side: int) -> Tensor:
    """Which of `length` places each span of `side` from a start on holds, (length, starts)."""
    spans = torch.zeros(length, len(starts))
    for i, start in enumerate(starts):
        spans[start : start + side, i] = 1
    return spans


def _stride(starts: list[int]) -> int:
    return starts[1] - starts[0] if len(starts) > 1 else 1
