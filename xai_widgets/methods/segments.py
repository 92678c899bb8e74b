"""Segments: a picture cut into pieces, whose shares methods then ask for."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Regions = Literal["slic", "grid"]
_Labels = npt.NDArray[np.int64]
_Floats = npt.NDArray[np.float64]


def segments(x: Tensor, regions: Regions, count: int) -> Tensor:
    """The segment every pixel belongs to, from 0 on, for each picture, (N, H, W) int64.

    At most `count` segments each: about equal rectangles (grid), or pieces that follow the
    picture's colours (slic).
    """
    height, width = x.shape[-2:]
    if regions == "grid":
        labels = np.broadcast_to(grid(height, width, count), (len(x), height, width))
    else:
        labels = np.stack([slic(one, count) for one in x.double().cpu().numpy()])
    return torch.from_numpy(labels.copy()).to(x.device)


def grid(height: int, width: int, count: int) -> _Labels:
    """Rows and columns of about square cells, at most `count`, (height, width)."""
    rows = min(max(round((count * height / width) ** 0.5), 1), height, count)
    columns = min(count // rows, width)
    down, across = np.arange(height) * rows // height, np.arange(width) * columns // width
    labels: _Labels = down[:, None] * columns + across
    return labels


def slic(
    picture: npt.NDArray[Any], count: int, compactness: float = 30.0, rounds: int = 10
) -> _Labels:
    """Superpixels of a picture (C, H, W), at most `count`, each connected, (H, W). Source: Achanta
    et al. 2012, "SLIC Superpixels".

    Clusters of colour and place: they begin as a grid of cells of side S, and a pixel joins the
    centre, among those less than 2 S away, of least d² = colour² + (compactness / S)² place².
    Colours are stretched to [0, 100] over all channels; nothing here is random.
    """
    _, height, width = picture.shape
    low, high = picture.min(), picture.max()
    colours = (picture - low) * (100 / max(high - low, 1e-12))
    labels = grid(height, width, count)
    side = (height * width / (labels.max() + 1)) ** 0.5
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    space = np.stack([down, across]) * (compactness / side)
    # Every pixel as a point: its place, scaled, then its colours.
    points: _Floats = np.concatenate([space, colours]).astype(np.float64)
    centres = _centres(points, labels, np.zeros((labels.max() + 1, len(points))))
    reach = int(np.ceil(2 * side))
    for _ in range(rounds):
        before, nearest = labels, np.full((height, width), np.inf)
        labels = labels.copy()
        for k, centre in enumerate(centres):
            row, column = np.round(centre[:2] * (side / compactness)).astype(int)
            window = (
                slice(max(row - reach, 0), row + reach + 1),
                slice(max(column - reach, 0), column + reach + 1),
            )
            distance = ((points[:, window[0], window[1]] - centre[:, None, None]) ** 2).sum(0)
            closer = distance < nearest[window]
            nearest[window][closer] = distance[closer]
            labels[window][closer] = k
        if np.array_equal(labels, before):
            break
        centres = _centres(points, labels, centres)
    return _connected(labels)


def _centres(points: _Floats, labels: _Labels, before: _Floats) -> _Floats:
    """The mean point of each cluster; an empty one stays where it was."""
    sizes = np.bincount(labels.ravel(), minlength=len(before))
    sums = [np.bincount(labels.ravel(), p.ravel(), minlength=len(before)) for p in points]
    means: _Floats = np.stack(sums, 1) / np.maximum(sizes, 1)[:, None]
    return np.where(sizes[:, None] > 0, means, before)


def _connected(labels: _Labels) -> _Labels:
    """Each segment's largest connected part; other parts are shared out among their neighbours."""
    parts = _parts(labels)
    sizes = np.bincount(parts.ravel(), minlength=parts.size)
    # Of each label's parts the largest comes first; ids of parts are indices of their pixels.
    ids = np.flatnonzero(sizes)
    ids = ids[np.argsort(-sizes[ids], kind="stable")]
    _, first = np.unique(labels.ravel()[ids], return_index=True)
    labels = np.where(np.isin(parts, ids[first]), labels, -1)
    while (labels < 0).any():
        around = np.pad(labels, 1, constant_values=-1)
        for beside in (around[:-2, 1:-1], around[1:-1, :-2], around[1:-1, 2:], around[2:, 1:-1]):
            labels = np.where(labels < 0, beside, labels)
    numbered: _Labels = np.unique(labels, return_inverse=True)[1].reshape(labels.shape)
    return numbered


def _parts(labels: _Labels) -> _Labels:
    """For every pixel the least index of any pixel it is connected to within its segment."""
    parts = np.arange(labels.size).reshape(labels.shape)
    beside, below = labels[:, 1:] == labels[:, :-1], labels[1:] == labels[:-1]
    while True:
        least = parts.copy()
        for one, other, same in (
            (np.s_[:, 1:], np.s_[:, :-1], beside),
            (np.s_[1:], np.s_[:-1], below),
        ):
            low = np.minimum(least[one], least[other])
            for place in (one, other):
                least[place] = np.where(same, np.minimum(least[place], low), least[place])
        least = least.ravel()[least]  # whoever one's least is connected to, one is too
        if np.array_equal(least, parts):
            return parts
        parts = least
