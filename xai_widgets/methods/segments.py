"""Segments: a picture cut into pieces, and what the network says when only some are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from xai_widgets.baselines import Baseline, baseline_like
from xai_widgets.methods.registry import Range
from xai_widgets.probe.trace import Trace
from xai_widgets.targets import Target

Regions = Literal["slic", "grid"]
Count = Annotated[int, Range(2, 500, 1, "", "segments, at most")]
_Labels = npt.NDArray[np.int64]

# Of superpixels, for colours in [0, 1]: the first, or where it makes too few, one that makes more.
# Both chosen on `demo.shapes(80, seed=7)`, for superpixels whose union is the shape, and on three
# photographs, for superpixels of little spread in colour.
_COMPACTNESS = (0.2, 0.4, 0.1)
# The smallest superpixel, in parts of an average one: scikit-image's own, 0.5, loses small objects.
_SMALLEST = 0.1
_TRIES = 6


def segments(x: Tensor, regions: Regions, count: int) -> Tensor:
    """The segment every pixel belongs to, from 0 on, for each picture, (N, H, W) int64.

    At most `count` each: about equal rectangles (grid), or pieces that follow the colours (slic).
    """
    height, width = x.shape[-2:]
    if regions == "grid":
        labels = np.broadcast_to(grid(height, width, count), (len(x), height, width))
    else:
        labels = np.stack([slic(one, count) for one in x.cpu().double().numpy()])
    return torch.from_numpy(labels.copy()).to(x.device)


def grid(height: int, width: int, count: int) -> _Labels:
    """Rows and columns of about square cells, at most `count`, (height, width)."""
    rows = min(max(round((count * height / width) ** 0.5), 1), height, count)
    columns = min(count // rows, width)
    down, across = np.arange(height) * rows // height, np.arange(width) * columns // width
    labels: _Labels = down[:, None] * columns + across
    return labels


def slic(picture: npt.NDArray[Any], count: int) -> _Labels:
    """Superpixels of a picture (C, H, W), at most `count`, each connected, (H, W). Source: Achanta
    et al. 2012, "SLIC Superpixels", by scikit-image.

    Colours are stretched to [0, 1] over all channels. scikit-image makes more or fewer superpixels
    than it is given as their number: a few numbers are tried, then again with other compactness if
    that made fewer than three quarters of `count`, and the largest result is taken. A picture that
    stays in one piece is cut into a grid.
    """
    from skimage.segmentation import slic as superpixels

    low, high = picture.min(), picture.max()
    colours = (picture - low) / max(high - low, 1e-12)
    best: _Labels = np.zeros(picture.shape[1:], dtype=np.int64)
    for compactness in _COMPACTNESS:
        lower, upper, wanted = 0, best.size + 1, count
        for _ in range(_TRIES):
            labels = superpixels(
                colours,
                n_segments=wanted,
                compactness=compactness,
                min_size_factor=_SMALLEST,
                convert2lab=False,
                start_label=0,
                channel_axis=0,
            )
            number = int(labels.max()) + 1
            if best.max() + 1 < number <= count:
                best = labels.astype(np.int64)
            if 0.95 * count <= number <= count:
                break
            lower, upper = (wanted, upper) if number < count else (lower, wanted)
            if upper - lower < 2:
                break
            wanted = min(max(round(wanted * count / number), lower + 1), upper - 1)
        if best.max() + 1 >= 0.75 * count:
            break
    return best if best.max() > 0 else grid(picture.shape[1], picture.shape[2], count)


class Game:
    """Segments of the pictures of a trace as players, the target's score as what they win.

    labels: (N, H, W). players: the number of segments of each picture. whole, nothing: the scores
    with all segments and with none, (N,) float64. A coalition is a row of bools, one per player.
    """

    def __init__(
        self, trace: Trace, target: Target, regions: Regions, count: int, baseline: Baseline
    ) -> None:
        self._trace, self._target = trace, target
        self._shown, self._hidden = trace.empty_inputs(2)
        self._shown.copy_(trace.input)
        self._hidden.copy_(baseline_like(trace.input, baseline, trace.black))
        self.labels = segments(trace.input, regions, count)
        self.players = [int(labels.max()) + 1 for labels in self.labels]
        self.whole = trace.score(target).cpu().double()
        self.nothing = trace.scores(self._hidden, target).cpu().double()

    @property
    def at_a_time(self) -> int:
        """How many coalitions of each picture are best run together."""
        return self._trace.variants()

    def scores(self, coalitions: Sequence[Tensor]) -> Tensor:
        """The scores with only the coalitions shown, (k, N) float64; (k, players) a picture."""
        pictures = zip(coalitions, self.labels, strict=True)
        shown = torch.stack([rows.to(labels.device)[:, labels] for rows, labels in pictures], dim=1)
        batch = self._trace.empty_inputs(len(shown))
        torch.where(shown[:, :, None], self._shown, self._hidden, out=batch)
        scores = self._trace.scores(batch.flatten(0, 1), self._target)
        return scores.view(len(shown), -1).cpu().double()

    def paint(self, shares: Sequence[Tensor]) -> Tensor:
        """Every pixel with its segment's share, (N, 1, H, W); `shares`: (players,) a picture.

        Each pixel has the whole share of its segment, so shares add up over segments, not pixels.
        """
        x = self._trace.zeros()
        maps = [s.to(x)[labels] for s, labels in zip(shares, self.labels, strict=True)]
        return torch.stack(maps)[:, None]
