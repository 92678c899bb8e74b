"""The synthetic pictures drawn so far: the network's answers, and how to make each one again."""

from __future__ import annotations

import copy
import math
from typing import Literal

import torch
from torch import Tensor

from xai_widgets.errors import ExplanationError
from xai_widgets.relabel.features import Features, detail_of
from xai_widgets.relabel.neighbourhood import LEAST, MOST, Neighbourhood, ScaleSearch
from xai_widgets.relabel.teacher import Teacher


class Neighbours:
    """Synthetic pictures by number, each with its scale, the network's answer and its features.

    The pictures themselves are not kept: `latents` makes them again. For each picture:
    numbers, its number in the neighbourhood; scales; margins, the target's log odds; kept, whether
    it has the reference label.
    """

    def __init__(self, teacher: Teacher, neighbourhood: Neighbourhood, view: Features) -> None:
        self.teacher, self.neighbourhood, self.view = teacher, neighbourhood, view
        self.numbers: list[int] = []
        self.scales: list[float] = []
        self.margins: list[float] = []
        self.kept: list[bool] = []
        self._rows: list[Tensor] = []
        self.drawn = 0
        # By scale: the number of pictures, their sum and that of their squares.
        self._moments: dict[float, tuple[int, Tensor, Tensor]] = {}

    def __len__(self) -> int:
        return len(self.numbers)

    def draw(self, count: int, scale: float, search: ScaleSearch) -> None:
        """Draw the next neighbours at a scale, label them, and let the search learn from them."""
        numbers = list(range(self.drawn, self.drawn + count))
        scales = [scale] * count
        offsets = self.neighbourhood.offsets(numbers, scales)
        disturbed = self.neighbourhood.disturbed(numbers, scales)
        answers = self.teacher.synthetic(self.teacher.mean + offsets, disturbed)
        kept = (answers.label == self.teacher.label).tolist()
        search.learn(scale, kept)
        self._rows += list(self.view.rows(answers.pixels, offsets).float().cpu())
        self.numbers += numbers
        self.scales += scales
        self.margins += answers.margin.tolist()
        self.kept += kept
        self.drawn += count
        earlier, total, squares = self._moments.get(scale, (0, 0, 0))
        self._moments[scale] = (
            earlier + count,
            answers.pixels.sum(0) + total,
            answers.pixels.square().sum(0) + squares,
        )

    def draw_out(self, along: Tensor) -> None:
        """Draw out the following neighbours along a direction in latent space."""
        self.neighbourhood = self.neighbourhood.drawn_out(along, self.drawn)

    def keep_near(self, scale: float, octaves: float, most: int) -> None:
        """Keep those drawn within so many octaves of a scale, and of them the last `most`."""
        near = [i for i, s in enumerate(self.scales) if abs(math.log2(s / scale)) <= octaves]
        near = near[-most:]
        for name in ("numbers", "scales", "margins", "kept", "_rows"):
            setattr(self, name, [getattr(self, name)[i] for i in near])
        left = set(self.scales)
        self._moments = {s: moments for s, moments in self._moments.items() if s in left}

    @property
    def kept_share(self) -> float:
        """The share that keeps the reference label."""
        return self.share_since(0)

    def share_since(self, number: int) -> float:
        """The share that keeps the reference label among those from a number on; 1/2 if there are
        none.
        """
        kept = [kept for i, kept in zip(self.numbers, self.kept, strict=True) if i >= number]
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
        return torch.stack(self._rows)

    def labels(self) -> tuple[Tensor, Tensor]:
        """The soft and the hard labels, (n,) float64 both."""
        margin = torch.tensor(self.margins, dtype=torch.float64)
        if self.teacher.targets_label:
            return margin.sigmoid(), torch.tensor(self.kept, dtype=torch.float64)
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
        return [self.numbers[i] for i in places], [self.scales[i] for i in places]

    def snapshot(self) -> Neighbours:
        """A copy without features, to which no more neighbours are added."""
        copied = copy.copy(self)
        for name in ("numbers", "scales", "margins", "kept"):
            setattr(copied, name, list(getattr(self, name)))
        copied._rows, copied._moments = [], dict(self._moments)
        return copied

    def check(self) -> None:
        """Raise ExplanationError where there is only one class."""
        if not self.two_classes():
            raise ExplanationError(
                f"relabel_distillation: {self.kept_share:.0%} of {len(self)} synthetic pictures at "
                f"scale {self.scales[-1]:.3g} keep the label; the student needs both classes, "
                f"expected {LEAST:.0%} to {MOST:.0%}. scale=0 searches for a scale"
            )
