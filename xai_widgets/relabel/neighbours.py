"""The synthetic pictures drawn so far: the network's answers, how to make each one again, what the
student sees of them, and how its weights become a map of the picture.
"""

from __future__ import annotations

import copy
import math
from typing import Literal, NamedTuple, TypeAlias

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor

from xai_widgets.errors import ExplanationError
from xai_widgets.methods.segments import segments
from xai_widgets.relabel.neighbourhood import LEAST, MOST, Neighbourhood, ScaleSearch
from xai_widgets.relabel.teacher import Teacher
from xai_widgets.shares import percent

Space = Literal["auto", "pixels", "latents", "segments", "grid"]
Readout = Literal[
    "auto", "weight", "magnitude", "positive", "times_picture", "times_difference", "times_detail"
]

_BYTES = 64 * 2**20  # of the features of all neighbours together
_SHARPNESS = 1.5  # the power of the detail: measured on photographs, see docs/relabel.md
_LEAST_DETAIL = 1e-3  # of pixels in [0, 1]: a quarter of a level of a picture file


class Neighbour(NamedTuple):
    """A synthetic picture, which can be made again from its number in the neighbourhood and its
    scale; the target's log odds there, whether it keeps the reference label, and its features.
    """

    number: int
    scale: float
    margin: float
    kept: bool
    row: Tensor


class Neighbours:
    """The synthetic pictures drawn so far. The pictures themselves are not kept: `pictures` makes
    them again.
    """

    def __init__(self, teacher: Teacher, neighbourhood: Neighbourhood, view: Features) -> None:
        self.teacher, self.neighbourhood, self.view = teacher, neighbourhood, view
        self._all: list[Neighbour] = []
        self.drawn = 0
        # By scale: the number of pictures, their sum and that of their squares.
        self._moments: dict[float, tuple[int, Tensor, Tensor]] = {}

    def __len__(self) -> int:
        return len(self._all)

    def draw(self, count: int, scale: float, search: ScaleSearch) -> None:
        """Draw the next neighbours at a scale, label them, and let the search learn from them."""
        numbers = list(range(self.drawn, self.drawn + count))
        scales = [scale] * count
        offsets = self.neighbourhood.offsets(numbers, scales)
        disturbed = self.neighbourhood.disturbed(numbers, scales)
        pictures = self.teacher.pictures(self.teacher.mean + offsets, disturbed)
        margins, labels = self.teacher.classify(pictures)
        kept = (labels == self.teacher.label).tolist()
        search.learn(scale, kept)
        rows = self.view.rows(pictures, offsets).float().cpu()
        self._all += map(Neighbour, numbers, scales, margins.tolist(), kept, rows)
        self.drawn += count
        earlier, total, squares = self._moments.get(scale, (0, 0, 0))
        total, squares = pictures.sum(0) + total, pictures.square().sum(0) + squares
        self._moments[scale] = (earlier + count, total, squares)

    def keep_near(self, scale: float, octaves: float, most: int) -> None:
        """Keep those drawn within so many octaves of a scale, and of them the last `most`."""
        near = [n for n in self._all if abs(math.log2(n.scale / scale)) <= octaves]
        self._all = near[-most:]
        left = {n.scale for n in self._all}
        self._moments = {s: moments for s, moments in self._moments.items() if s in left}

    def kept_share(self, since: int = 0) -> float:
        """The share that keeps the reference label among those from a number on; 1/2 if there are
        none.
        """
        kept = [n.kept for n in self._all if n.number >= since]
        return sum(kept) / len(kept) if kept else 0.5

    @property
    def mean_picture(self) -> Tensor:
        """The mean of the synthetic pictures, (C, H, W)."""
        return self._moment(1)

    @property
    def mean_change(self) -> Tensor:
        """The root mean square difference of the picture and the synthetic ones, (C, H, W)."""
        x = self.teacher.pixels[0]
        square = self._moment(2) - 2 * x * self.mean_picture + x.square()
        return square.clamp_min(0).sqrt()

    @property
    def detail(self) -> Tensor:
        """The detail of the picture that the VAE loses, about 1 on average, (1, H, W)."""
        return detail_of(self.teacher.pixels[0] - self.teacher.reconstruction[0])

    def _moment(self, power: Literal[1, 2]) -> Tensor:
        total = torch.stack([moments[power] for moments in self._moments.values()]).sum(0)
        return total / sum(moments[0] for moments in self._moments.values())

    def features(self) -> Tensor:
        """(n, F) float32."""
        return torch.stack([n.row for n in self._all])

    def labels(self) -> tuple[Tensor, Tensor]:
        """The soft and the hard labels, (n,) float64 both."""
        margin = torch.tensor([n.margin for n in self._all], dtype=torch.float64, device="cpu")
        if self.teacher.target.index == self.teacher.label:
            kept = torch.tensor([n.kept for n in self._all], dtype=torch.float64, device="cpu")
            return margin.sigmoid(), kept
        median = margin.median()
        return (margin - median).sigmoid(), (margin > median).double()

    def two_classes(self) -> bool:
        """Whether there are at least five neighbours of each class."""
        _, hard = self.labels()
        return 5 <= float(hard.sum()) <= len(hard) - 5

    def offsets(self, places: list[int] | None = None) -> Tensor:
        """The scaled offsets s a_i of the neighbours at these places, or of all, (k, ...)."""
        places = list(range(len(self))) if places is None else places
        return self.neighbourhood.offsets(*self._numbers_and_scales(places))

    def latents(self, places: list[int]) -> Tensor:
        """The latents of the neighbours at these places, (k, ...)."""
        return self.teacher.mean + self.offsets(places)

    def pictures(self, places: list[int]) -> Tensor:
        """The neighbours at these places, made again, (k, C, H, W) in [0, 1]."""
        pictures = [self.teacher.pixels[:0]]
        for start in range(0, len(places), self.teacher.at_a_time):
            batch = places[start : start + self.teacher.at_a_time]
            faded = self.neighbourhood.disturbed(*self._numbers_and_scales(batch))
            pictures.append(self.teacher.pictures(self.latents(batch), faded))
        return torch.cat(pictures)

    def _numbers_and_scales(self, places: list[int]) -> tuple[list[int], list[float]]:
        """The numbers and scales of the neighbours at these places."""
        return [self._all[i].number for i in places], [self._all[i].scale for i in places]

    def snapshot(self) -> Neighbours:
        """A copy without features, to which no more neighbours are added."""
        copied = copy.copy(self)
        nothing = torch.empty(0, device="cpu")
        copied._all = [neighbour._replace(row=nothing) for neighbour in self._all]
        copied._moments = dict(self._moments)
        return copied

    def check(self) -> None:
        """Raise ExplanationError where there is only one class."""
        if not self.two_classes():
            share = self.kept_share()
            raise ExplanationError(
                f"relabel_distillation: {percent(share)} of {len(self)} synthetic pictures at "
                f"scale {self._all[-1].scale:.3g} keep the label; the student needs both classes, "
                f"expected {percent(LEAST)} to {percent(MOST)}. scale=0 searches for a scale"
            )


# What a student sees: `rows` gives the features (k, F) of synthetic pictures (k, C, H, W) and their
# scaled offsets; `map` gives the student's weights d (F,) as a map (C, H, W) of the picture.


class PixelFeatures:
    """The pixels, averaged over blocks where there are too many to hold in memory."""

    def __init__(self, teacher: Teacher, samples: int) -> None:
        self._x = teacher.pixels[0]
        self._size = _affordable(self._x.shape, samples)

    def rows(self, pixels: Tensor, offsets: Tensor) -> Tensor:
        return F.adaptive_avg_pool2d(pixels, self._size).flatten(1)

    def map(self, d: Tensor, neighbours: Neighbours, readout: Readout) -> Tensor:
        small = d.float().view(1, len(self._x), *self._size)
        weights = _enlarged(small, self._x)[0]
        return read(weights, self._x, neighbours.mean_picture, neighbours.detail, readout)


class LatentFeatures:
    """The latents themselves; a map is the change of the picture along the student's weights,
    (decode(z + ε d) − decode(z − ε d)) / 2ε.
    """

    def __init__(self, teacher: Teacher, samples: int) -> None:
        self._teacher = teacher
        self._shape = teacher.mean.shape[1:]
        self._size = _affordable(self._shape, samples) if len(self._shape) == 3 else (0, 0)

    def rows(self, pixels: Tensor, offsets: Tensor) -> Tensor:
        pooled = F.adaptive_avg_pool2d(offsets, self._size) if offsets.ndim == 4 else offsets
        return pooled.flatten(1)

    def direction(self, d: Tensor) -> Tensor:
        """Weights (F,) as a direction in latent space, (1, ...)."""
        if len(self._shape) == 1:
            return d.float()[None]
        small = d.float().view(1, self._shape[0], *self._size)
        return F.interpolate(small, size=tuple(self._shape[1:]), mode="nearest")

    def map(self, d: Tensor, neighbours: Neighbours, readout: Readout) -> Tensor:
        direction = self.direction(d).to(self._teacher.mean)
        # A number: latents may be on another device than pictures.
        step = float(0.1 / direction.square().mean().sqrt().clamp_min(1e-12))
        mean, x = self._teacher.mean, self._teacher.pixels[0]
        forth, back = self._teacher.pictures(
            torch.cat([mean + step * direction, mean - step * direction])
        )
        weights = (forth - back) / (2 * step)
        readout = "times_difference" if readout == "auto" else readout
        return read(weights, x, neighbours.mean_picture, neighbours.detail, readout)


class CellFeatures:
    """How much of each cell or segment is unchanged: 1 − its root mean square change, as a share of
    the largest one among the first neighbours.

    `labels` (H, W): the segment of each pixel; without them these are the cells of a grid twice as
    fine as the patches, which begin anywhere. The change is that of the latents (a grid) or of the
    pixels (segments). `erasing` (c, h, w): where neighbours are erased, what that adds to the
    latents; the feature of a grid's cell is then how far it is from being erased,
    1 − (change · erasing) / |erasing|², which is linear in the latents.

    A map of grid cells is smoothed over the size of a patch, twice, because cells that are always
    disturbed together cannot be told apart.
    """

    def __init__(
        self, teacher: Teacher, labels: Tensor | None, cells: int, erasing: Tensor | None = None
    ) -> None:
        self._x = teacher.pixels[0]
        self._unchanged = teacher.reconstruction if teacher.detail == "none" else teacher.pixels
        self._labels = labels
        shape = teacher.mean.shape[-2:]
        self._size = (min(2 * cells, shape[0]), min(2 * cells, shape[1]))
        # Half a patch, in pixels.
        self._reach = max(min(self._x.shape[-2:]) // (2 * min(cells, *shape)), 1)
        self._largest: Tensor | None = None
        self._erasing = None if erasing is None else erasing.to(teacher.mean)[None]

    def rows(self, pixels: Tensor, offsets: Tensor) -> Tensor:
        if self._labels is None and self._erasing is not None:
            erased = self._pooled(offsets * self._erasing)
            return 1 - erased / self._pooled(self._erasing.square()).clamp_min(1e-12)
        if self._labels is None:
            change = self._pooled(offsets.square())
        else:
            energy = (pixels - self._unchanged).square().mean(1).flatten(1)
            segment = self._labels.flatten().to(energy.device)
            count = torch.bincount(segment).to(energy)
            change = energy.new_zeros(len(energy), len(count))
            change = change.index_add_(1, segment, energy) / count
        change = change.sqrt()
        if self._largest is None:
            self._largest = change.max().clamp_min(1e-12)
        return 1 - change / self._largest

    def _pooled(self, latents: Tensor) -> Tensor:
        """The mean of latents (k, c, h, w) in each cell, (k, F)."""
        return F.adaptive_avg_pool2d(latents.mean(1, keepdim=True), self._size).flatten(1)

    def map(self, d: Tensor, neighbours: Neighbours, readout: Readout) -> Tensor:
        values = d.float()
        if readout == "auto":
            readout = "times_detail" if self._labels is None else "weight"
        if self._labels is None:
            fine = _enlarged(values.view(1, 1, *self._size), self._x)[0]
            fine = mean_around(mean_around(fine, self._reach), self._reach)
        else:
            fine = values[self._labels.flatten()].view(1, *self._x.shape[1:])
        # In units of these features the picture itself is 1, and a neighbour 1 − its change.
        ones = torch.ones_like(self._x[:1])
        mean = ones - neighbours.mean_change.mean(0, keepdim=True)
        return read(fine, ones, mean, neighbours.detail, readout)


Features: TypeAlias = PixelFeatures | LatentFeatures | CellFeatures


def features_for(
    space: Space, teacher: Teacher, samples: int, cells: int, erasing: Tensor | None = None
) -> Features:
    """The student's features in a space; "auto" is latents for a latent vector, else grid. erasing:
    see `CellFeatures`.

    Raises ExplanationError for a grid where the VAE's latent is one vector.
    """
    spatial = teacher.mean.ndim == 4
    if space == "auto":
        space = "grid" if spatial else "latents"
    if space == "grid" and not spatial:
        raise ExplanationError(
            'space="grid" needs a VAE whose latents lie over the picture, (N, c, h, w); this one '
            f'has {teacher.mean.shape[1]} for all of it; expected "pixels", "latents" or "segments"'
        )
    if space == "pixels":
        return PixelFeatures(teacher, samples)
    if space == "latents":
        return LatentFeatures(teacher, samples)
    if space == "segments":
        labels = segments(teacher.pixels, "slic", cells * cells)[0]
        return CellFeatures(teacher, labels, cells)
    return CellFeatures(teacher, None, cells, erasing)


def _affordable(shape: torch.Size, samples: int) -> tuple[int, int]:
    """The largest grid (h, w), of the same proportions, whose features of all neighbours fit."""
    channels, height, width = shape
    affordable = _BYTES / (4 * samples * channels)
    factor = max(1, -(-((height * width / affordable) ** 0.5) // 1))
    return max(1, round(height / factor)), max(1, round(width / factor))


def _enlarged(small: Tensor, like: Tensor) -> Tensor:
    size = (like.shape[-2], like.shape[-1])
    return F.interpolate(small, size=size, mode="bilinear", align_corners=False)


def read(d: Tensor, x: Tensor, mean: Tensor, detail: Tensor, readout: Readout) -> Tensor:
    """The map of weights d for a picture x among synthetic pictures of that mean, all of one shape;
    `detail` is that of `detail_of`.

    weight: d, the evidence for keeping the label (above 0) or against it (below 0). magnitude: |d|.
    positive: max(d, 0). times_picture: d · x. times_difference: d · (x − mean), what each value
    contributes to this picture compared with its neighbours. times_detail: d · detail, which gives
    the weight of a cell to those of its pixels that the VAE cannot draw, so that the map is sharper
    than the VAE.
    "auto" is times_detail for a grid, times_difference for latents, else weight.
    """
    if readout == "times_detail":
        return d * detail
    if readout == "magnitude":
        return d.abs()
    if readout == "positive":
        return d.clamp_min(0)
    if readout == "times_picture":
        return d * x
    if readout == "times_difference":
        return d * (x - mean)
    return d


def detail_of(residual: Tensor) -> Tensor:
    """How much a VAE loses of each pixel compared with the pixels around it, (1, H, W); `residual`
    is x − decode(mean(x)), (C, H, W).

    (|e| / the mean of |e| in 3 × 3 pixels)^1.5, where e is the residual minus its mean in 3 × 3
    pixels. It is about 1 on average everywhere, so that every part keeps its share of the map.
    """
    lost = (residual - mean_around(residual, 1)).abs().sum(0, keepdim=True) + _LEAST_DETAIL
    return (lost / mean_around(lost, 1)) ** _SHARPNESS


def mean_around(values: Tensor, reach: int) -> Tensor:
    """The mean of values (C, H, W) over squares of 2 · reach + 1 pixels."""
    return F.avg_pool2d(values, 2 * reach + 1, 1, reach, count_include_pad=False)
