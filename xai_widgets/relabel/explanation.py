"""The result of re-label distillation: the map, how well the student agrees with the network, and
the neighbourhood it was trained on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from typing import get_args

import numpy as np
import numpy.typing as npt
from torch import Tensor

from xai_widgets.attribution import Attribution
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError, nearest
from xai_widgets.relabel.directions import (
    Counterfactual,
    Directions,
    counterfactual,
    directions,
)
from xai_widgets.relabel.features import Readout
from xai_widgets.relabel.neighbourhood import LEAST, MOST
from xai_widgets.relabel.student import HELD_OUT
from xai_widgets.relabel.surrogate import Surrogate, fit_surrogates
from xai_widgets.targets import class_name

Pictures = npt.NDArray[np.uint8]
_LUCK = 1.64  # standard deviations: one coin in twenty does better


@dataclass(frozen=True, eq=False)
class Exemplars:
    """The synthetic pictures of which the network is surest, surest first: pictures (k, H, W, 3),
    probability (k,) of the target, and their places among the neighbours.
    """

    pictures: Pictures
    probability: npt.NDArray[np.float64]
    places: list[int]


@dataclass(frozen=True, eq=False, repr=False)
class RelabelExplanation:
    """The student's map, and what is needed to judge it.

    fidelity: the student's balanced accuracy on held-out neighbours; soft_r2: the share of the
    variance of the network's soft labels that it explains there. kept_share: the share of
    neighbours that keep the label. scale: of the neighbourhood, decay: λ of the student.
    reconstruction_error: the mean square difference of picture and reconstruction, in pixels of [0,
    1]; reconstruction_keeps_label: whether the network gives both the same label. warnings: reasons
    not to trust the map, in sentences.

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
    _surrogate: Surrogate = field(repr=False)
    _engine: Engine = field(repr=False)

    @classmethod
    def of(
        cls, attribution: Attribution, surrogate: Surrogate, engine: Engine
    ) -> RelabelExplanation:
        """The result of a surrogate."""
        teacher, student = surrogate.neighbours.teacher, surrogate.student
        return cls(
            attribution=attribution,
            fidelity=student.accuracy,
            soft_r2=student.soft_r2,
            kept_share=float(surrogate.hard.mean()),
            scale=surrogate.scale,
            decay=student.decay,
            reconstruction_error=float((teacher.pixels - teacher.reconstruction).square().mean()),
            reconstruction_keeps_label=teacher.image_label == teacher.reconstruction_label,
            warnings=attribution.warnings,
            scores=student.margins.numpy(),
            coordinate=student.coordinate.numpy(),
            kept=surrogate.hard.numpy() > 0.5,
            probability=surrogate.soft.numpy(),
            _surrogate=surrogate,
            _engine=engine,
        )

    @property
    def sentence(self) -> str:
        """How well the student agrees with the network, in words."""
        if math.isnan(self.fidelity):
            return "The student met no neighbours of both classes to be judged on."
        return (
            f"The student agrees with the network on {100 * self.fidelity:.0f} % of unseen "
            "neighbours (kept and shifted ones weighing the same)."
        )

    @property
    def latent(self) -> Tensor:
        """The picture's own latent, mean(x), (1, d) or (1, c, h, w)."""
        return self._surrogate.neighbours.teacher.mean

    @property
    def reconstruction(self) -> Pictures:
        """The VAE's reconstruction of the picture, (H, W, 3) uint8."""
        (shown,) = self._shown(self._surrogate.neighbours.teacher.reconstruction)
        return np.asarray(shown)

    def latents(self, places: list[int]) -> Tensor:
        """The latents of the neighbours at these places, (k, d) or (k, c, h, w)."""
        return self._surrogate.neighbours.latents(places)

    def pictures(self, places: list[int]) -> Pictures:
        """The neighbours at these places as the network saw them, (k, H, W, 3) uint8."""
        return self._shown(self._surrogate.neighbours.pictures(places))

    def exemplars(self, count: int = 8) -> tuple[Exemplars, Exemplars]:
        """At most `count` neighbours that keep the label, and as many that lose it: those whose
        soft label is surest.
        """
        order = np.argsort(-self.probability, kind="stable")
        kept = [int(i) for i in order if self.kept[i]][:count]
        shifted = [int(i) for i in order[::-1] if not self.kept[i]][:count]
        return self._exemplars(kept), self._exemplars(shifted)

    def _exemplars(self, places: list[int]) -> Exemplars:
        return Exemplars(self.pictures(places), self.probability[places], places)

    def look(self, latents: Tensor) -> tuple[Pictures, npt.NDArray[np.float32]]:
        """The pictures of latents (k, d) or (k, c, h, w), (k, H, W, 3) uint8, and the network's
        class probabilities for them, (k, classes). Costs a decoding and a forward pass.
        """
        internals = self._engine.internals
        x = internals.normalise(self._surrogate.neighbours.teacher.pictures(latents))
        return internals.pixels(x), internals.probabilities(x).cpu().numpy()

    def read(self, readout: Readout) -> Attribution:
        """The student's map by another read-out, without drawing or labelling anything again.

        Raises ExplanationError for an unknown one.
        """
        readouts = get_args(Readout)
        if readout not in readouts:
            raise ExplanationError(
                f"readout is {readout!r}; expected one of {', '.join(readouts)}."
                + nearest(str(readout), readouts)
            )
        neighbours, d = self._surrogate.neighbours, self._surrogate.student.d
        values = neighbours.view.map(d, neighbours, readout).cpu().numpy()
        parameters = {**self.attribution.parameters, "readout": readout}
        return replace(self.attribution, values=values, parameters=parameters)

    @cached_property
    def counterfactual(self) -> Counterfactual:
        """The direction in latent space along which the student expects the label to turn, and
        where it does.
        """
        return counterfactual(self._surrogate)

    @cached_property
    def directions(self) -> Directions:
        """The latent directions that matter most to the student."""
        return directions(self._surrogate)

    def seed_stability(self, seeds: int = 5) -> float:
        """The median rank correlation between the maps of so many seeds, this one included, over
        all pairs. Costs a distillation for each further seed.
        """
        options, teacher = self._surrogate.options, self._surrogate.neighbours.teacher
        x = self._engine.internals.normalise(teacher.pixels)
        maps = [self.attribution.heatmap()]
        for further in range(1, seeds):
            other = replace(options, seed=(options.seed + further) % 10000)
            steps = fit_surrogates(self._engine, teacher.vae, other, x, teacher.target)
            *_, surrogate = (step.result for step in steps if step.result is not None)
            maps.append(surrogate.values.sum(0).cpu().numpy())
        return rank_stability(maps)

    def _shown(self, pixels: Tensor) -> Pictures:
        internals = self._engine.internals
        return internals.pixels(internals.normalise(pixels))

    def __repr__(self) -> str:
        warnings = "".join(f" {warning}" for warning in self.warnings)
        return (
            f"RelabelExplanation({self.attribution.target.name}: student agrees on "
            f"{self.fidelity:.0%} of unseen neighbours, soft R² {self.soft_r2:.2f}, "
            f"{self.kept_share:.0%} kept, scale {self.scale:.3g}.{warnings})"
        )


def warnings_of(surrogate: Surrogate, engine: Engine) -> tuple[str, ...]:
    """Reasons not to trust a surrogate's map, each a sentence; empty where there are none."""
    teacher, neighbours = surrogate.neighbours.teacher, surrogate.neighbours
    warnings = []
    if teacher.image_label != teacher.reconstruction_label:
        image = _label_name(engine, teacher.image_label)
        reconstruction = _label_name(engine, teacher.reconstruction_label)
        warnings.append(
            f"The VAE's reconstruction has lost the label: the network takes the picture for "
            f"{image}, its reconstruction for {reconstruction}."
        )
    share = neighbours.kept_share
    if not LEAST <= share <= MOST:
        warnings.append(
            f"The neighbourhood is lopsided: {share:.0%} of the synthetic pictures keep the label; "
            f"{LEAST:.0%} to {MOST:.0%} were wanted."
        )
    fidelity = surrogate.student.accuracy
    if math.isnan(fidelity):
        warnings.append("The student could not be judged: the unseen neighbours are of one class.")
    elif fidelity < (coin := 0.5 + _LUCK * 0.5 / (len(surrogate.hard) / HELD_OUT) ** 0.5):
        warnings.append(
            f"The student is no better than chance: it agrees with the network on "
            f"{fidelity:.0%} of unseen neighbours, and a lucky coin on {coin:.0%}."
        )
    return tuple(warnings)


def _label_name(engine: Engine, label: int) -> str:
    """The name of a label; of a network of one logit, −1 means "not its class"."""
    classes = 1 if label < 0 else label + 1
    name = class_name(max(label, 0), engine.class_names, classes)
    return name if label >= 0 else f"not {name}"


def rank_stability(maps: Sequence[npt.NDArray[np.float32]]) -> float:
    """The median Spearman rank correlation over pixels of all pairs of maps (H, W)."""
    from scipy.stats import spearmanr

    pairs = combinations([values.ravel() for values in maps], 2)
    return float(np.median([spearmanr(a, b).statistic for a, b in pairs]))
