"""The lesson: neighbours are drawn, the network labels them, and the student learns from them, a
first time early and again as more come in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from xai_widgets.engine import Engine
from xai_widgets.relabel.autoencoders.latent import latent_weights
from xai_widgets.relabel.autoencoders.vae import VAE
from xai_widgets.relabel.features import LatentFeatures, features_for
from xai_widgets.relabel.neighbourhood import Neighbourhood, Structure
from xai_widgets.relabel.neighbours import Neighbours
from xai_widgets.relabel.recipe import Recipe
from xai_widgets.relabel.scale import ScaleSearch
from xai_widgets.relabel.student import Objective, Student, fit
from xai_widgets.relabel.teacher import Teacher
from xai_widgets.targets import Target

_PILOTS = 8  # neighbours at a time while the scale is searched for
_SEARCHED = 40  # of them at most
_NEAR = 1.0  # octaves: pilots this near the scale that was found are neighbours like any other
_EVERYTHING = 6.0  # the scale from which on all of the picture is erased, but for 2 %
_EVENLY = 0.35  # of the neighbours, before those drawn out along what the student has learned
_FIRST = 100  # neighbours of the first map; every further map has twice as many
_EVEN = (0.35, 0.65)  # shares of kept labels outside of which the scale is corrected


@dataclass(frozen=True, eq=False)
class Lesson:
    """What has been learned so far: the map (C, H, W), the student, and the neighbours that taught
    it, with their soft and hard labels (n,).
    """

    recipe: Recipe
    values: Tensor
    student: Student
    neighbours: Neighbours
    scale: float
    soft: Tensor
    hard: Tensor


def lessons(
    engine: Engine, vae: VAE, recipe: Recipe, x: Tensor, target: Target
) -> Iterator[tuple[float, Lesson | None]]:
    """The part done and what was learned by then, for a model input x (1, C, H, W); None where
    there are more neighbours and no new lesson of them yet.

    The last has fraction 1 and is the same whether or not the earlier ones were looked at. Raises
    ExplanationError for a neighbourhood without two classes, or a VAE that does not fit.
    """
    teacher = Teacher(
        engine.network, vae, engine.unit(x), engine.normalise, target,
        temperature=recipe.temperature, reference=recipe.reference, detail=recipe.detail,
    )  # fmt: skip
    neighbours, search, scale = _begun(teacher, recipe)
    neighbourhood = neighbours.neighbourhood
    turn = _turn(recipe, neighbourhood)
    due = min(_FIRST, turn)
    decay = recipe.decay or None
    done = False
    while not done:
        until = turn if len(neighbours) < turn else recipe.samples
        left = min(due, until) - len(neighbours)
        if left > 0:
            batches = -(-left // teacher.at_a_time)  # of one size, nearly
            neighbours.draw(-(-left // batches), scale, search)
        reached = len(neighbours) >= due
        if reached:
            done = len(neighbours) >= recipe.samples
            due = _next_due(due, recipe.samples)
        lesson = None
        if reached and neighbours.two_classes():
            # Which penalty is best hardly changes: it is chosen for the first and last map.
            lesson = _learned(neighbours, recipe, scale, recipe.decay or None if done else decay)
            decay = lesson.student.decay
        if lesson is not None or not done:
            yield len(neighbours) / recipe.samples, lesson
        share = neighbours.share_since(neighbours.neighbourhood.turn)
        if reached and not recipe.scale and not _EVEN[0] < share < _EVEN[1]:
            scale = search.best()
        if len(neighbours) == turn < recipe.samples and neighbours.two_classes():
            neighbours.draw_out(_learned_way(neighbours, recipe, lesson))
            search = ScaleSearch(scale)
            due = min(max(due, turn + _FIRST), recipe.samples)
            scale = recipe.scale or _searched(neighbours, search, due)
    neighbours.check()


def _begun(teacher: Teacher, recipe: Recipe) -> tuple[Neighbours, ScaleSearch, float]:
    """The first neighbours, at a scale at which the label turns.

    Left to itself, a grid of latents is erased in places; where the network keeps its label however
    much is erased, places are disturbed by noise instead, which goes as far as it is told to.
    """
    structures: tuple[Structure, ...] = (recipe.structure,)
    left_to_itself = recipe.structure == "auto" and recipe.noise != "none"
    if left_to_itself and teacher.mean.ndim == 4:
        structures += ("patches",)
    for structure in structures:
        neighbourhood = Neighbourhood.around(
            teacher.mean, teacher.log_variance, recipe.noise, structure, recipe.cells, recipe.seed
        )
        erasing = neighbourhood.erasing if neighbourhood.structure == "erased" else None
        view = features_for(recipe.space, teacher, recipe.samples, recipe.cells, erasing)
        neighbours, search = Neighbours(teacher, neighbourhood, view), ScaleSearch()
        if recipe.scale:
            return neighbours, search, recipe.scale
        scale = _searched(neighbours, search, recipe.samples)
        everything = neighbourhood.structure == "erased" and scale > _EVERYTHING
        if not (everything or search.one_sided()):
            break
    search.check()
    neighbours.keep_near(scale, _NEAR, recipe.samples)
    return neighbours, search, scale


def _turn(recipe: Recipe, neighbourhood: Neighbourhood) -> int:
    """The number of neighbours after which they are drawn out; all of them where they are not."""
    vector = neighbourhood.mean.ndim == 2
    if recipe.shape == "even" or (recipe.shape == "auto" and not vector):
        return recipe.samples
    return min(max(_FIRST, round(_EVENLY * recipe.samples)), recipe.samples)


def _learned_way(neighbours: Neighbours, recipe: Recipe, lesson: Lesson | None) -> Tensor:
    """The way through latent space, (1, ...), on which a student of the latents finds the label
    kept: that of the lesson, if it is one of the latents.
    """
    if lesson is not None and isinstance(neighbours.view, LatentFeatures):
        return neighbours.view.direction(lesson.student.d)
    decay = recipe.decay or (None if lesson is None else lesson.student.decay)
    return latent_weights(neighbours.offsets(), *neighbours.labels(), recipe, decay)


def _next_due(now: int, samples: int) -> int:
    """How many neighbours the next map has: twice as many, or all where that is nearly all."""
    return 2 * now if 3 * now < samples else samples


def _searched(neighbours: Neighbours, search: ScaleSearch, most: int) -> float:
    """The scale at which about half of the neighbours keep the label, found on neighbours of which
    there shall be no more than `most`.
    """
    while len(search.tried) < _SEARCHED and not search.settled():
        count = min(_PILOTS, most - len(neighbours))
        if count <= 0:
            break
        neighbours.draw(count, search.best(), search)
    return search.best()


def _learned(neighbours: Neighbours, recipe: Recipe, scale: float, decay: float | None) -> Lesson:
    soft, hard = neighbours.labels()
    rows = neighbours.features()
    student = fit(rows, soft, hard, Objective(recipe.alpha, recipe.temperature), decay)
    values = neighbours.view.map(student.d, neighbours, recipe.readout)
    return Lesson(recipe, values, student, neighbours.so_far(), scale, soft, hard)
