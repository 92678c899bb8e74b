"""The lesson: neighbours are drawn, the network labels them, and the student learns from them, a
first time early and again as more come in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from xai_widgets.engine import Engine
from xai_widgets.relabel.features import features_for
from xai_widgets.relabel.neighbourhood import Neighbourhood
from xai_widgets.relabel.neighbours import Neighbours
from xai_widgets.relabel.recipe import Recipe
from xai_widgets.relabel.scale import ScaleSearch
from xai_widgets.relabel.student import Objective, Student, fit
from xai_widgets.relabel.teacher import Teacher
from xai_widgets.relabel.vae import VAE
from xai_widgets.targets import Target

_PILOTS = 8  # neighbours at a time while the scale is searched for
_SEARCHED = 40  # of them at most
_NEAR = 0.5  # octaves: pilots this near the scale that was found are neighbours like any other
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
) -> Iterator[tuple[float, Lesson]]:
    """The part done and what was learned by then, for a model input x (1, C, H, W).

    The last has fraction 1 and is the same whether or not the earlier ones were looked at. Raises
    ExplanationError for a neighbourhood without two classes, or a VAE that does not fit.
    """
    teacher = Teacher(
        engine.network, vae, engine.unit(x), engine.normalise, target,
        temperature=recipe.temperature, reference=recipe.reference, detail=recipe.detail,
    )  # fmt: skip
    neighbourhood = Neighbourhood.around(
        teacher.mean, teacher.log_variance, recipe.noise, recipe.structure, recipe.cells,
        recipe.seed,
    )  # fmt: skip
    view = features_for(recipe.space, teacher, recipe.samples, recipe.cells)
    neighbours = Neighbours(teacher, neighbourhood, view)
    search = ScaleSearch()
    scale = recipe.scale or _searched(neighbours, search, recipe.samples)
    due = min(_FIRST, recipe.samples)
    while len(neighbours) < recipe.samples:
        count = min(teacher.at_a_time, due - len(neighbours))
        neighbours.draw(count, scale, search)
        if len(neighbours) < due:
            continue
        due = min(2 * due, recipe.samples)
        if neighbours.two_classes():
            yield len(neighbours) / recipe.samples, _learned(neighbours, recipe, scale)
        if not recipe.scale and not _EVEN[0] < neighbours.kept_share < _EVEN[1]:
            scale = search.best()
    neighbours.check()


def _searched(neighbours: Neighbours, search: ScaleSearch, samples: int) -> float:
    """The scale at which half of the neighbours keep the label; those drawn near it stay."""
    while len(search.tried) < _SEARCHED and not search.settled():
        neighbours.draw(_PILOTS, search.best(), search)
    search.check()
    scale = search.best()
    neighbours.keep_near(scale, _NEAR, samples)
    return scale


def _learned(neighbours: Neighbours, recipe: Recipe, scale: float) -> Lesson:
    soft, hard = neighbours.labels()
    rows = neighbours.features()
    student = fit(
        rows, soft, hard, Objective(recipe.alpha, recipe.temperature), recipe.decay or None
    )
    values = neighbours.view.map(student.d, neighbours, recipe.readout)
    return Lesson(recipe, values, student, neighbours.so_far(), scale, soft, hard)
