"""The result of re-label distillation: the map, how well the student agrees with the network, the
neighbourhood it was trained on, and directions in latent space: those that matter most to the
student, as sliders, and the one along which the label should turn.
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
import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor

from xai_widgets.attribution import Attribution
from xai_widgets.engine import Engine
from xai_widgets.errors import check_choice
from xai_widgets.relabel.neighbourhood import LEAST, MOST
from xai_widgets.relabel.neighbours import Readout
from xai_widgets.relabel.student import HELD_OUT, latent_weights
from xai_widgets.relabel.surrogate import Surrogate, fit_surrogates
from xai_widgets.relabel.teacher import Teacher
from xai_widgets.shares import percent
from xai_widgets.targets import class_name

Pictures = npt.NDArray[np.uint8]
_LUCK = 1.64  # standard deviations: one coin in twenty does better
_DECODED = 128  # neighbours decoded again for the principal directions of their pictures
_SIDE = 14  # pixels of the small pictures compared
_REACH = 3.0  # radii of the neighbourhood: how far the counterfactual is followed
_STEPS = 25
_ROUNDING = 1e-5  # of latents that are decoded and encoded again


@dataclass(frozen=True, eq=False)
class Directions:
    """vectors: (k, d) or (k, c, h, w); each is as long as the neighbours' standard deviation along
    it. weights: (k,), the student's log odds of "kept" per step of 1, largest magnitude first.
    """

    vectors: Tensor
    weights: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Counterfactual:
    """Moving from the picture's latent against the student's weights, z(t) = mean(x) + t · v.

    direction: v, (1, d) or (1, c, h, w), as long as a typical neighbour is far away, so that t is
    in radii of the neighbourhood. t: (K,) from 0 to the slider's end. probability: of the target
    there and label: the top class, (K,). flip: the least t at which the label is another, or None
    where it is not within reach; picture: the picture there, (1, C, H, W) in [0, 1]. cycle_error:
    the root mean square difference of the latents there and their encoding once decoded, divided by
    that of random neighbours as far away: about 1 means as near the VAE's manifold as they are.
    """

    direction: Tensor
    t: npt.NDArray[np.float64]
    probability: npt.NDArray[np.float64]
    label: npt.NDArray[np.int64]
    flip: float | None
    picture: Tensor | None
    cycle_error: float


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
            f"The student agrees with the network on {percent(self.fidelity)} of unseen "
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
        groups = [Exemplars(self.pictures(p), self.probability[p], p) for p in (kept, shifted)]
        return groups[0], groups[1]

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
        check_choice("readout", readout, get_args(Readout))
        neighbours, d = self._surrogate.neighbours, self._surrogate.student.d
        values = neighbours.view.map(d, neighbours, readout).cpu().numpy()
        parameters = {**self.attribution.parameters, "readout": readout}
        return replace(self.attribution, values=values, parameters=parameters)

    @cached_property
    def counterfactual(self) -> Counterfactual:
        """The direction in latent space along which the student expects the label to turn, and
        where it does.
        """
        return _counterfactual(self._surrogate)

    @cached_property
    def directions(self) -> Directions:
        """The latent directions that matter most to the student."""
        return _directions(self._surrogate)

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
            f"{percent(self.fidelity)} of unseen neighbours, soft R² {self.soft_r2:.2f}, "
            f"{percent(self.kept_share)} kept, scale {self.scale:.3g}.{warnings})"
        )


def _directions(surrogate: Surrogate, count: int = 12) -> Directions:
    """The latent directions to which the student gives the largest weights.

    Of a latent vector these are its own axes. A latent grid has thousands, none of which means much
    by itself: there they are the principal directions of the neighbours' pictures. With the small
    pictures X = U S Vᵀ, the latent direction of component k is the regression of the offsets on its
    scores.
    """
    offsets = surrogate.neighbours.offsets()
    if offsets.ndim == 2:
        spread = offsets.std(0)
        weights = (_weights(surrogate, offsets)[0] * spread).cpu().double()
        vectors = torch.diag(spread)
    else:
        offsets = offsets[:_DECODED]
        pictures = surrogate.neighbours.pictures(list(range(len(offsets))))
        small = F.adaptive_avg_pool2d(pictures, _SIDE).flatten(1).cpu().double()
        u, s, _ = torch.linalg.svd(small - small.mean(0), full_matrices=False)
        strong = s > 0.05 * s[0].clamp_min(1e-12)
        scores = (u[:, strong] * len(offsets) ** 0.5).float()  # of variance 1
        vectors = torch.tensordot(scores.T.to(offsets) / len(offsets), offsets, dims=1)
        margin = surrogate.student.margins[: len(offsets)]
        weights = scores.double().T @ (margin - margin.mean()) / len(offsets)
    order = weights.abs().argsort(descending=True)[:count]
    return Directions(vectors[order.to(vectors.device)], weights[order].numpy())


def _weights(surrogate: Surrogate, offsets: Tensor) -> Tensor:
    return latent_weights(offsets, surrogate.soft, surrogate.hard, surrogate.options.objective)


def _counterfactual(surrogate: Surrogate) -> Counterfactual:
    """The student's counterfactual direction, followed to the slider's end.

    A student is fitted to the latents, whatever features the surrogate's own has: its weights d are
    evidence for keeping the label, so v is along −d.
    """
    teacher = surrogate.neighbours.teacher
    offsets = surrogate.neighbours.offsets()
    radius = float(offsets.flatten(1).norm(dim=1).median())
    d = _weights(surrogate, offsets)
    direction = -radius * d / d.norm().clamp_min(1e-12)
    # Denser where most labels turn.
    t = _REACH * torch.linspace(0, 1, _STEPS, device="cpu").square()
    margin, label = _answers(teacher, direction, t)
    flip = picture = None
    cycle = float("nan")
    turned = (label != teacher.label).nonzero().flatten()
    if len(turned):
        first = int(turned[0])
        flip = float(t[first])
        if first:  # between the last step that keeps the label and the first that does not
            fine = torch.linspace(float(t[first - 1]), flip, 9, device="cpu")[1:]
            _, labels = _answers(teacher, direction, fine)
            flip = float(fine[int((labels != teacher.label).nonzero()[0])])
        there = teacher.mean + flip * direction
        picture = teacher.pictures(there)
        length = offsets[:8].flatten(1).norm(dim=1).clamp_min(1e-12)
        random = offsets[:8] * (flip * radius / length).view(-1, *[1] * (offsets.ndim - 1))
        # The errors of an autoencoder that is exact but for rounding say nothing.
        least = max(_ROUNDING * float(there.square().mean().sqrt()), 1e-12)
        own, usual = map(teacher.cycle_error, (there, teacher.mean + random))
        cycle = max(own, least) / max(usual, least)
    return Counterfactual(
        direction, t.double().numpy(), margin.sigmoid().numpy(), label.numpy(), flip, picture, cycle
    )


def _answers(teacher: Teacher, direction: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """The target's log odds and the label at each t."""
    latents = teacher.mean + t.to(direction).view(-1, *[1] * (direction.ndim - 1)) * direction
    batches = (teacher.pictures(batch) for batch in latents.split(teacher.at_a_time))
    margins, labels = zip(*map(teacher.classify, batches), strict=True)
    return torch.cat(margins), torch.cat(labels)


def warnings_of(surrogate: Surrogate, engine: Engine) -> tuple[str, ...]:
    """Reasons not to trust a surrogate's map, each a sentence; empty where there are none."""
    teacher, neighbours = surrogate.neighbours.teacher, surrogate.neighbours
    warnings = []
    if teacher.image_label != teacher.reconstruction_label:
        labels = teacher.image_label, teacher.reconstruction_label
        image, reconstruction = (_label_name(engine, label) for label in labels)
        warnings.append(
            f"The VAE's reconstruction has lost the label: the network takes the picture for "
            f"{image}, its reconstruction for {reconstruction}."
        )
    share = neighbours.kept_share()
    if not LEAST <= share <= MOST:
        warnings.append(
            f"The neighbourhood is lopsided: {percent(share)} of the synthetic pictures keep the "
            f"label; {percent(LEAST)} to {percent(MOST)} were wanted."
        )
    fidelity = surrogate.student.accuracy
    if math.isnan(fidelity):
        warnings.append("The student could not be judged: the unseen neighbours are of one class.")
    elif fidelity < (coin := 0.5 + _LUCK * 0.5 / (len(surrogate.hard) / HELD_OUT) ** 0.5):
        warnings.append(
            f"The student is no better than chance: it agrees with the network on "
            f"{percent(fidelity)} of unseen neighbours, and a lucky coin on {percent(coin)}."
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
