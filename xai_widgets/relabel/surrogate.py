"""The surrogate of a network near one picture: a student fitted to neighbours of the picture, first
to a hundred of them and again as more are drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from torch import Tensor

from xai_widgets.engine import Engine
from xai_widgets.methods.registry import Range
from xai_widgets.progress import Progress
from xai_widgets.relabel.autoencoders.vae import VAE
from xai_widgets.relabel.neighbourhood import Neighbourhood, Noise, ScaleSearch, Shape, Structure
from xai_widgets.relabel.neighbours import LatentFeatures, Neighbours, Readout, Space, features_for
from xai_widgets.relabel.student import Objective, Student, fit, latent_weights
from xai_widgets.relabel.teacher import Detail, Reference, Teacher
from xai_widgets.targets import Target

_BATCH = 8  # neighbours at a time while the scale is searched for
_SEARCHED = 40  # of them at most
_NEAR = 1.0  # octaves: those drawn this near the final scale are kept
_EVERYTHING = 6.0  # from this scale on, all but 2 % of the picture is erased
_EVENLY = 0.35  # of the neighbours, before the rest are drawn out along the student's direction
_FIRST = 100  # neighbours of the first map; each further map has twice as many
_BALANCED = (0.35, 0.65)  # shares of kept labels outside of which the scale is corrected


@dataclass(frozen=True, kw_only=True)
class DistillationOptions:
    """The options of re-label distillation; each is a control in every widget. They cover what the
    paper says and what it leaves open.

    samples: synthetic pictures. space: what the student sees of them (`features_for`). readout: how
    its weights become a map (`read`). structure, noise, cells, scale: where they are drawn
    (`Neighbourhood`); a scale of 0 is searched for, so that about half of them keep the label.
    shape: "drawn_out", from the first third of them on, along the weights of a student of the
    latents fitted by then; or "even" all the time. "auto" draws latent vectors out.
    detail: what happens to the detail that the VAE loses, and reference: whether the label is the
    image's or its reconstruction's (`Teacher`). temperature, alpha, decay: of the student's
    `Objective`; a decay of 0 takes the best of several. seed: of the neighbourhood.
    """

    samples: Annotated[int, Range(20, 10000, 10, "", "synthetic pictures")] = 1000
    space: Space = "auto"
    readout: Readout = "auto"
    structure: Structure = "auto"
    noise: Noise = "auto"
    shape: Shape = "auto"
    detail: Detail = "auto"
    reference: Reference = "image"
    scale: Annotated[float, Range(0, 64, 0.05, "", "of the neighbourhood; 0: searched for")] = 0.0
    cells: Annotated[int, Range(2, 32, 1, "", "patches and grid cells across the picture")] = 7
    temperature: Annotated[float, Range(0.5, 20, 0.5, "", "of the soft labels")] = 1.0
    alpha: Annotated[float, Range(0, 1, 0.05, "", "share of the soft labels in the loss")] = 0.5
    decay: Annotated[float, Range(0, 10, 0.0001, "", "penalty on weights; 0: chosen")] = 0.0
    seed: Annotated[int, Range(0, 9999, 1, "", "of the neighbourhood")] = 0

    @property
    def objective(self) -> Objective:
        """What the student minimises."""
        return Objective(self.alpha, self.temperature)


@dataclass(frozen=True, eq=False)
class Surrogate:
    """A student and its map (C, H, W), with the neighbours it was fitted to and their soft and hard
    labels (n,).
    """

    options: DistillationOptions
    values: Tensor
    student: Student
    neighbours: Neighbours
    scale: float
    soft: Tensor
    hard: Tensor


def fit_surrogates(
    engine: Engine, vae: VAE, options: DistillationOptions, x: Tensor, target: Target
) -> Iterator[Progress[Surrogate | None]]:
    """The surrogates fitted so far, for a model input x (1, C, H, W); None where more neighbours
    have been drawn and no student fitted to them yet.

    The last has fraction 1 and does not depend on whether the earlier ones were looked at. Raises
    ExplanationError for a neighbourhood without two classes, or a VAE that does not fit.
    """
    teacher = teacher_of(engine, vae, options, x, target)
    neighbours, search, scale = _first_neighbours(teacher, options)
    even = options.samples  # neighbours after which they are drawn out; all if they never are
    if options.shape == "drawn_out" or (options.shape == "auto" and teacher.mean.ndim == 2):
        even = min(max(_FIRST, round(_EVENLY * options.samples)), options.samples)
    due = min(_FIRST, even)
    decay = options.decay or None
    done = False
    while not done:
        until = even if len(neighbours) < even else options.samples
        left = min(due, until) - len(neighbours)
        if left > 0:
            batches = -(-left // teacher.at_a_time)  # of one size, nearly
            neighbours.draw(-(-left // batches), scale, search)
        reached = len(neighbours) >= due
        if reached:
            done = len(neighbours) >= options.samples
            due = 2 * due if 3 * due < options.samples else options.samples  # nearly all is all
        surrogate = None
        if reached and neighbours.two_classes():
            # Which penalty is best hardly changes: it is chosen for the first and last map.
            chosen = options.decay or None if done else decay
            soft, hard = neighbours.labels()
            student = fit(neighbours.features(), soft, hard, options.objective, chosen)
            values = neighbours.view.map(student.d, neighbours, options.readout)
            drawn = neighbours.snapshot()
            surrogate = Surrogate(options, values, student, drawn, scale, soft, hard)
            decay = student.decay
        if surrogate is not None or not done:
            yield Progress(len(neighbours) / options.samples, surrogate)
        share = neighbours.kept_share(neighbours.neighbourhood.turn)
        if reached and not options.scale and not _BALANCED[0] < share < _BALANCED[1]:
            scale = search.best()
        if len(neighbours) == even < options.samples and neighbours.two_classes():
            along = _kept_direction(neighbours, options, surrogate)
            neighbours.neighbourhood = neighbours.neighbourhood.drawn_out(along, neighbours.drawn)
            search = ScaleSearch(scale)
            due = min(max(due, even + _FIRST), options.samples)
            scale = options.scale or _searched_scale(neighbours, search, due)
    neighbours.check()


def teacher_of(
    engine: Engine, vae: VAE, options: DistillationOptions, x: Tensor, target: Target
) -> Teacher:
    """The engine's network as the teacher near a model input x (1, C, H, W)."""
    internals = engine.internals
    return Teacher(
        internals.network, vae, internals.unit(x), internals.normalise, target,
        temperature=options.temperature, reference=options.reference, detail=options.detail,
    )  # fmt: skip


def _first_neighbours(
    teacher: Teacher, options: DistillationOptions
) -> tuple[Neighbours, ScaleSearch, float]:
    """The first neighbours, at a scale at which the label turns.

    With structure="auto", patches of a latent grid are erased. Where the network keeps its label
    however much is erased, patches are disturbed by noise instead, which has no limit.
    """
    structures: tuple[Structure, ...] = (options.structure,)
    automatic = options.structure == "auto" and options.noise != "none"
    if automatic and teacher.mean.ndim == 4:
        structures += ("patches",)
    for structure in structures:
        where = teacher.mean, teacher.log_variance, options.noise, structure
        neighbourhood = Neighbourhood.around(*where, options.cells, options.seed)
        erasing = neighbourhood.erasing if neighbourhood.structure == "erased" else None
        view = features_for(options.space, teacher, options.samples, options.cells, erasing)
        neighbours, search = Neighbours(teacher, neighbourhood, view), ScaleSearch()
        if options.scale:
            return neighbours, search, options.scale
        scale = _searched_scale(neighbours, search, options.samples)
        everything = neighbourhood.structure == "erased" and scale > _EVERYTHING
        if not (everything or search.one_sided()):
            break
    search.check()
    neighbours.keep_near(scale, _NEAR, options.samples)
    return neighbours, search, scale


def _kept_direction(
    neighbours: Neighbours, options: DistillationOptions, surrogate: Surrogate | None
) -> Tensor:
    """The direction in latent space, (1, ...), along which a student of the latents finds the label
    kept: the surrogate's own, if its student is one of the latents.
    """
    if surrogate is not None and isinstance(neighbours.view, LatentFeatures):
        return neighbours.view.direction(surrogate.student.d)
    decay = options.decay or (None if surrogate is None else surrogate.student.decay)
    return latent_weights(neighbours.offsets(), *neighbours.labels(), options.objective, decay)


def _searched_scale(neighbours: Neighbours, search: ScaleSearch, most: int) -> float:
    """The scale at which about half of the neighbours keep the label, searched for with at most
    `most` neighbours in all.
    """
    while len(search.tried) < _SEARCHED and not search.settled():
        count = min(_BATCH, most - len(neighbours))
        if count <= 0:
            break
        neighbours.draw(count, search.best(), search)
    return search.best()
