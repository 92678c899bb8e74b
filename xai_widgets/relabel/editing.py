"""Editing a picture in latent space: decoded latents, with the network's and student's answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

from xai_widgets.engine import Engine
from xai_widgets.images import Picture
from xai_widgets.relabel.autoencoders.vae import VAE
from xai_widgets.relabel.explanation import RelabelExplanation
from xai_widgets.relabel.surrogate import DistillationOptions, teacher_of
from xai_widgets.targets import Target


@dataclass(frozen=True, eq=False)
class Edited:
    """Decoded latents: pictures (k, H, W, 3) uint8, the network's class probabilities for them,
    (k, classes) float32, and the student's log odds of "kept", (k,), where there is a student.
    """

    pictures: npt.NDArray[np.uint8]
    probabilities: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float64] | None = None


@dataclass(frozen=True, eq=False)
class Axis:
    """A direction in latent space that a slider moves along: latent = start + value · vector.

    vector: (1, d) or (1, c, h, w). low and high: the ends of the slider. weight: the student's log
    odds of "kept" per step of 1, or None where there is no student for it. flip: the value at which
    the label turns, where there is one.
    """

    name: str
    vector: Tensor
    low: float
    high: float
    weight: float | None = None
    flip: float | None = None

    @property
    def ends(self) -> tuple[float, float]:
        """The low and the high end."""
        return self.low, self.high


class Editor:
    """Decodes latents near one picture as a distillation with these options does.

    `latent` is that of the picture itself, (1, d) or (1, c, h, w). Raises ExplanationError where
    the VAE cannot take the picture.
    """

    def __init__(
        self,
        engine: Engine,
        vae: VAE,
        picture: Picture,
        target: Target,
        options: DistillationOptions,
    ) -> None:
        self._internals = engine.internals
        self._teacher = teacher_of(engine, vae, options, picture.input, target)
        self.latent = self._teacher.mean

    def at(
        self,
        axes: Sequence[Axis],
        values: Sequence[float],
        start: Tensor | None = None,
        explanation: RelabelExplanation | None = None,
    ) -> Edited:
        """The picture at start + Σ value · vector; start is the picture's own latent if left out.
        The scores are those of the student of `explanation`.
        """
        latent = self.latent if start is None else start
        for axis, value in zip(axes, values, strict=True):
            if value:
                latent = latent + value * axis.vector.to(latent)
        return self.decoded(latent, explanation)

    def decoded(self, latents: Tensor, explanation: RelabelExplanation | None = None) -> Edited:
        """The pictures of latents (k, ...), decoded in one batch, with the network's answers and
        the student's.
        """
        pixels = self._teacher.pictures(latents)
        if explanation is None:
            return self._classified(pixels)
        surrogate = explanation._surrogate
        rows = surrogate.neighbours.view.rows(pixels, latents - surrogate.neighbours.teacher.mean)
        scores = rows.cpu().double() @ surrogate.student.d + surrogate.student.b
        return self._classified(pixels, scores.numpy())

    def _classified(self, pixels: Tensor, scores: npt.NDArray[np.float64] | None = None) -> Edited:
        inputs = self._internals.normalise(pixels)
        probabilities = self._internals.probabilities(inputs).float().cpu().numpy()
        return Edited(self._internals.pixels(inputs), probabilities, scores)

    def reconstruction(self) -> Edited:
        """The VAE's reconstruction of the picture, with none of the detail it loses."""
        return self._classified(self._teacher.reconstruction)

    def along(
        self, axis: Axis, count: int, explanation: RelabelExplanation | None = None
    ) -> Iterator[tuple[float, Edited]]:
        """The pictures at `count` values of an axis from end to end, 0 among them, one by one."""
        values = np.linspace(axis.low, axis.high, count)
        values[np.abs(values).argmin()] = 0.0
        for value in values.tolist():
            yield value, self.at([axis], [value], None, explanation)


def axes_of(explanation: RelabelExplanation, count: int) -> list[Axis]:
    """The sliders' directions, `count` in all: first the one along which the label should turn,
    then those that matter most to the student, each over ±3 deviations of the neighbourhood. The
    first ends at twice the value at which the label turns: far beyond it there are no pictures.
    """
    turning, others = explanation.counterfactual, explanation.directions
    end = float(turning.t[-1])
    if turning.flip is not None:
        end = min(end, max(2 * turning.flip, end / 30))
    axes = [Axis("counterfactual", turning.direction, -end / 3, end, None, turning.flip)]
    for vector, weight in zip(others.vectors[: count - 1], others.weights.tolist(), strict=False):
        axes.append(Axis(f"direction {len(axes)}", vector[None], -3.0, 3.0, weight))
    return axes
