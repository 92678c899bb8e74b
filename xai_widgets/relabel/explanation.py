"""What re-label distillation found: the map, how far the student can be believed, and the
neighbourhood it was taught on.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import get_args

import numpy as np
import numpy.typing as npt
from torch import Tensor

from xai_widgets.attribution import Attribution
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError, nearest
from xai_widgets.relabel.counterfactual import Counterfactual, counterfactual
from xai_widgets.relabel.directions import Directions, directions
from xai_widgets.relabel.lesson import Lesson, lessons
from xai_widgets.relabel.readout import Readout
from xai_widgets.relabel.stability import rank_stability
from xai_widgets.relabel.verdict import sentence

Pictures = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Exemplars:
    """Synthetic pictures the network is surest of: pictures (k, H, W, 3), probability (k,) of the
    target, and their places among the neighbours, surest first.
    """

    pictures: Pictures
    probability: npt.NDArray[np.float64]
    places: list[int]


@dataclass(frozen=True, eq=False, repr=False)
class RelabelExplanation:
    """The student's map, and what it takes to judge it.

    fidelity: the student's balanced accuracy on neighbours it was not taught on; soft_r2: the share
    of the variance of the network's soft labels that it explains there. kept_share: of the
    neighbours that keep the label. scale: of the neighbourhood, decay: λ of the student.
    reconstruction_error: the mean square difference of picture and reconstruction, pixels in
    [0, 1]; reconstruction_keeps_label: whether the network gives both one label. warnings: what
    speaks against believing the map, in sentences.

    The neighbours as points: scores (n,), the student's log odds of "kept"; coordinate (n,), the
    first principal coordinate of what the student sees; kept (n,) and probability (n,), the
    network's hard and soft label. Their pictures are not held: `pictures` makes them again.
    """

    attribution: Attribution
    fidelity: float
    soft_r2: float
    kept_share: float
    scale: float
    decay: float
    reconstruction_error: float
    reconstruction_keeps_label: bool
    warnings: tuple[str, ...]
    scores: npt.NDArray[np.float64]
    coordinate: npt.NDArray[np.float64]
    kept: npt.NDArray[np.bool_]
    probability: npt.NDArray[np.float64]
    _lesson: Lesson = field(repr=False)
    _engine: Engine = field(repr=False)

    @classmethod
    def of(cls, attribution: Attribution, lesson: Lesson, engine: Engine) -> RelabelExplanation:
        """What a lesson taught, as a result."""
        teacher, student = lesson.neighbours.teacher, lesson.student
        return cls(
            attribution=attribution,
            fidelity=student.accuracy,
            soft_r2=student.soft_r2,
            kept_share=float(lesson.hard.mean()),
            scale=lesson.scale,
            decay=student.decay,
            reconstruction_error=float((teacher.pixels - teacher.reconstruction).square().mean()),
            reconstruction_keeps_label=teacher.image_label == teacher.reconstruction_label,
            warnings=attribution.warnings,
            scores=student.margins.numpy(),
            coordinate=student.coordinate.numpy(),
            kept=lesson.hard.numpy() > 0.5,
            probability=lesson.soft.numpy(),
            _lesson=lesson,
            _engine=engine,
        )

    @property
    def sentence(self) -> str:
        """How far the student agrees with the network, in words."""
        return sentence(self.fidelity)

    @property
    def latent(self) -> Tensor:
        """The picture's place in latent space, mean(x), (1, d) or (1, c, h, w)."""
        return self._lesson.neighbours.teacher.mean

    @property
    def reconstruction(self) -> Pictures:
        """The VAE's reconstruction of the picture, (H, W, 3) uint8."""
        (shown,) = self._shown(self._lesson.neighbours.teacher.reconstruction)
        return np.asarray(shown)

    def latents(self, places: list[int]) -> Tensor:
        """The latents of the neighbours at these places, (k, d) or (k, c, h, w)."""
        return self._lesson.neighbours.latents(places)

    def pictures(self, places: list[int]) -> Pictures:
        """The neighbours at these places as the network saw them, (k, H, W, 3) uint8."""
        return self._shown(self._lesson.neighbours.pictures(places))

    def exemplars(self, count: int = 8) -> tuple[Exemplars, Exemplars]:
        """At most `count` neighbours that keep the label, and as many that shifted, each those
        whose soft label is surest.
        """
        order = np.argsort(-self.probability, kind="stable")
        kept = [int(i) for i in order if self.kept[i]][:count]
        shifted = [int(i) for i in order[::-1] if not self.kept[i]][:count]
        return self._exemplars(kept), self._exemplars(shifted)

    def _exemplars(self, places: list[int]) -> Exemplars:
        return Exemplars(self.pictures(places), self.probability[places], places)

    def look(self, latents: Tensor) -> tuple[Pictures, npt.NDArray[np.float32]]:
        """What latents (k, d) or (k, c, h, w) look like, (k, H, W, 3) uint8, and the network's
        class probabilities of them, (k, classes). Costs a decoding and a forward.
        """
        x = self._engine.normalise(self._lesson.neighbours.teacher.pictures(latents))
        return self._engine.pixels(x), self._engine.probabilities(x).cpu().numpy()

    def read(self, readout: Readout) -> Attribution:
        """The student's map by another read-out, without drawing or asking anew.

        Raises ExplanationError for an unknown one.
        """
        if readout not in get_args(Readout):
            known = get_args(Readout)
            raise ExplanationError(
                f"readout is {readout!r}; expected one of {', '.join(known)}."
                + nearest(str(readout), known)
            )
        neighbours, d = self._lesson.neighbours, self._lesson.student.d
        values = neighbours.view.map(d, neighbours, readout).cpu().numpy()
        parameters = {**self.attribution.parameters, "readout": readout}
        return replace(self.attribution, values=values, parameters=parameters)

    @cached_property
    def counterfactual(self) -> Counterfactual:
        """The way through latent space on which the student expects the label to turn, and where it
        does.
        """
        return counterfactual(self._lesson)

    @cached_property
    def directions(self) -> Directions:
        """The latent directions that matter most to the student."""
        return directions(self._lesson)

    def seed_stability(self, seeds: int = 5) -> float:
        """The median rank correlation of the maps of so many seeds, this one's among them, each
        pair once. Costs as many further distillations.
        """
        recipe, teacher = self._lesson.recipe, self._lesson.neighbours.teacher
        x = self._engine.normalise(teacher.pixels)
        maps = [self.attribution.heatmap()]
        for further in range(1, seeds):
            other = replace(recipe, seed=(recipe.seed + further) % 10000)
            steps = lessons(self._engine, teacher.vae, other, x, teacher.target)
            *_, lesson = (learned for _, learned in steps if learned is not None)
            maps.append(lesson.values.sum(0).cpu().numpy())
        return rank_stability(maps)

    def _shown(self, pixels: Tensor) -> Pictures:
        return self._engine.pixels(self._engine.normalise(pixels))

    def __repr__(self) -> str:
        said = "".join(f" {warning}" for warning in self.warnings)
        return (
            f"RelabelExplanation({self.attribution.target.name}: student agrees on "
            f"{self.fidelity:.0%} of unseen neighbours, soft R² {self.soft_r2:.2f}, "
            f"{self.kept_share:.0%} kept, scale {self.scale:.3g}.{said})"
        )
