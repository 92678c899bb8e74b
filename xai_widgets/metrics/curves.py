"""How the class probability changes as pixels come or go in the order of a map: insertion and
deletion, and ROAD (remove and debias), which fills removed pixels in from their neighbours, so that
the network sees no holes whose shape gives the class away.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from xai_widgets.attribution import Attribution
from xai_widgets.baselines import Baseline
from xai_widgets.engine import Engine
from xai_widgets.engine.arguments import engine_first
from xai_widgets.errors import ExplanationError, brief
from xai_widgets.metrics.relevance import (
    Floats,
    MapLike,
    baseline_input,
    class_of,
    heatmap_of,
    random_map,
    size_of,
    whole_number,
)
from xai_widgets.metrics.table import Interval
from xai_widgets.progress import Progress
from xai_widgets.targets import Target, TargetLike

Kind = Literal["insertion", "deletion"]
PERCENTAGES = (20, 40, 60, 80)  # of pixels that `road` removes
_AT_ONCE = 64  # inputs made at a time; the engine cuts them into its own batches


@dataclass(frozen=True, eq=False)
class Curve:
    """The class probability against the fraction of pixels changed, most relevant first.

    fraction, probability: float64, (K + 1,), from nothing changed to everything. auc: the area
    under it by the trapezoid rule over the fractions actually changed, in [0, 1]. probabilities:
    float32, (K + 1, classes), those of every class at the same points. `rank` (H, W)
    is every pixel's place in the order, 0 the first; `begin` and `end` (1, C, H, W) are the
    pictures at either end, as model input.
    """

    kind: Kind
    target: Target
    fraction: Floats
    probability: Floats
    probabilities: npt.NDArray[np.float32]
    rank: npt.NDArray[np.int64]
    begin: Tensor
    end: Tensor

    @property
    def auc(self) -> float:
        """∫ p dφ by trapezoids."""
        p = self.probability
        return float((np.diff(self.fraction) * (p[1:] + p[:-1]) / 2).sum())

    def changed(self, i: int) -> npt.NDArray[np.bool_]:
        """The pixels (H, W) that have been changed at point i; i may count from the end.

        Raises ExplanationError for a point that the curve does not have.
        """
        points = len(self.fraction)
        if not -points <= i < points:
            raise ExplanationError(f"point {i} of the curve; expected 0 to {points - 1}")
        return np.asarray(self.rank < round(self.fraction[i] * self.rank.size))

    def point_of_change(self) -> npt.NDArray[np.int64]:
        """The first point (H, W), 1 to K, at which each pixel has been changed."""
        counts = np.rint(self.fraction * self.rank.size)
        return np.searchsorted(counts, self.rank, side="right")

    def at(self, i: int) -> Tensor:
        """The model input (1, C, H, W) at point i of the curve."""
        return torch.where(torch.from_numpy(self.changed(i)), self.end, self.begin)

    def __repr__(self) -> str:
        return (
            f"Curve({self.kind} for {self.target.name}: AUC {self.auc:.4f}, "
            f"{len(self.fraction)} points)"
        )


@engine_first
def insertion(
    engine: Engine,
    image: object,
    attribution: MapLike,
    *,
    target: TargetLike = None,
    steps: int = 50,
    baseline: Baseline = "blur",
    blur: float | None = None,
) -> Curve:
    """The class probability as pixels are put into a baseline, the most relevant first; a high area
    speaks for the map. Source: Petsiuk, Das, Saenko 2018 (RISE), section 4.2.

    steps: the number of equal parts in which the pixels are put in (H·W/steps pixels each).
    baseline: what the picture is put into; ``"blur"`` adds no edges of its own. blur: its standard
    deviation in pixels (None: a twentieth of the shorter side).

    target: None is what an Attribution explains; for an array, the most probable class.

    Equally relevant pixels come in the order of rows. Raises ExplanationError for an Attribution of
    another target, picture or network, a target that is not a class, an unknown baseline, steps
    outside 1 to H·W, or a map that is not finite.
    """
    return _curve("insertion", engine, image, attribution, target, steps, baseline, blur)


@engine_first
def deletion(
    engine: Engine,
    image: object,
    attribution: MapLike,
    *,
    target: TargetLike = None,
    steps: int = 50,
    baseline: Baseline = "black",
    blur: float | None = None,
) -> Curve:
    """The class probability as pixels are replaced by a baseline, the most relevant first; a low
    area speaks for the map. Source: Petsiuk, Das, Saenko 2018 (RISE), section 4.2.

    baseline: ``"black"`` is zero in the de-normalised picture. The rest as for `insertion`, the
    errors too; also for black where the normalisation is unknown.
    """
    return _curve("deletion", engine, image, attribution, target, steps, baseline, blur)


def relevance_rank_of(heatmap: Floats) -> npt.NDArray[np.int64]:
    """Every pixel's place (H, W) in the order of falling relevance, 0 the first; ties by rows."""
    order = np.argsort(-heatmap, axis=None, kind="stable")
    return np.argsort(order).reshape(heatmap.shape)


def _curve(
    kind: Kind,
    engine: Engine,
    image: object,
    attribution: MapLike,
    target: TargetLike,
    steps: int,
    baseline: Baseline,
    blur: float | None,
) -> Curve:
    picture = engine.picture(image)
    begin, end = picture.input, baseline_input(picture, baseline, blur)
    if kind == "insertion":
        begin, end = end, begin
    resolved, index = class_of(engine, picture, target, attribution)
    rank = relevance_rank_of(heatmap_of(attribution, size_of(picture)))
    steps = whole_number("steps", steps)
    if steps > rank.size:
        raise ExplanationError(f"steps is {steps}; expected 1 to {rank.size}, the pixels there are")
    counts = np.rint(np.linspace(0, rank.size, steps + 1)).astype(np.int64)
    places, at = torch.from_numpy(rank)[None, None], torch.from_numpy(counts)[:, None, None, None]
    parts = [
        engine.internals.probabilities(torch.where(places < count, end, begin))
        for count in at.split(_AT_ONCE)
    ]
    probabilities = torch.cat(parts).float().cpu()
    return Curve(
        kind=kind,
        target=resolved,
        fraction=counts / rank.size,
        probability=probabilities[:, index].double().numpy(),
        probabilities=probabilities.numpy(),
        rank=rank,
        begin=begin,
        end=end,
    )


@dataclass(frozen=True, eq=False)
class Faithfulness:
    """A method's map of a picture, and the two curves that its order of pixels gives."""

    method: str
    attribution: Attribution
    insertion: Curve
    deletion: Curve


@dataclass(frozen=True, eq=False)
class Control:
    """The curves of several random maps, which every method must beat, and how far they scatter."""

    maps: tuple[Faithfulness, ...]

    def band(self, kind: Kind) -> tuple[Floats, Floats, Floats]:
        """Mean, least and greatest probability over the maps, each (K + 1,)."""
        drawn = np.stack([getattr(result, kind).probability for result in self.maps])
        return drawn.mean(0), drawn.min(0), drawn.max(0)

    def auc(self, kind: Kind) -> Interval:
        """The mean area over the maps; low and high are the least and the greatest."""
        areas = [getattr(result, kind).auc for result in self.maps]
        mean = float(np.mean(areas))
        return Interval("random", kind, mean, min(areas), max(areas), len(areas), 0)


@engine_first
def faithfulness(
    engine: Engine,
    image: object,
    method: str,
    *,
    target: TargetLike = None,
    steps: int = 50,
    baseline: Baseline | None = None,
    seed: int = 0,
    **parameters: Any,
) -> Iterator[Progress[Faithfulness | None]]:
    """Explain the picture, then take both curves; the last step has the result.

    method: of the engine, or ``"random"``, a map of noise drawn from the seed. baseline: of both
    curves; None: each measure's own, which is blur for `insertion` and black for `deletion`. Raises
    ExplanationError as `Engine.explain`, `insertion` and `deletion` do.
    """
    picture = engine.picture(image)
    resolved, _ = class_of(engine, picture, target)
    if method == "random":
        attribution = random_map(picture, resolved, seed)
    else:
        for progress in engine.stream(picture, method, target=resolved, **parameters):
            attribution = progress.attribution
            yield Progress(progress.fraction / 3, None, "explanation")
    given: dict[str, Any] = {"target": resolved, "steps": steps}
    given |= {} if baseline is None else {"baseline": baseline}
    inserted = insertion(engine, picture, attribution, **given)
    yield Progress(2 / 3, None, "insertion")
    deleted = deletion(engine, picture, attribution, **given)
    yield Progress(1.0, Faithfulness(method, attribution, inserted, deleted), "deletion")


@dataclass(frozen=True, eq=False)
class Road:
    """The class probability with given percentages of the pixels imputed.

    most, least: float64 (K,), with the most (MoRF) and the least relevant (LeRF) removed first.
    inputs_most, inputs_least: the model inputs (K, C, H, W) that gave them.
    """

    target: Target
    percentages: tuple[float, ...]
    most: Floats
    least: Floats
    inputs_most: Tensor
    inputs_least: Tensor

    @property
    def score(self) -> float:
        """(LeRF − MoRF)/2, the mean over the percentages; above 0 where the map is right."""
        return float(((self.least - self.most) / 2).mean())

    def __repr__(self) -> str:
        return f"Road({self.target.name}: {self.score:.4f} over {self.percentages} %)"


@engine_first
def road(
    engine: Engine,
    image: object,
    attribution: MapLike,
    *,
    target: TargetLike = None,
    percentages: Sequence[float] = PERCENTAGES,
    noise: float = 0.01,
    seed: int = 0,
) -> Road:
    """(p_LeRF − p_MoRF)/2, mean over the percentages. Source: Rong, Leemann, Borisov, Kasneci,
    Kasneci 2022, sections 4.2 and 5.

    Removed pixels are weighted means of their neighbours (`linear_imputation`) plus Gaussian noise
    of standard deviation `noise` in units of the model input, both orders with the same noise.

    target: as for `insertion`. Raises ExplanationError for a percentage outside 0 to 100 (both
    excluded), a negative noise, a target that is not a class, or an Attribution of another target,
    picture or network.
    """
    picture = engine.picture(image)
    resolved, index = class_of(engine, picture, target, attribution)
    wrong = [p for p in percentages if not 0 < p < 100]
    if wrong or not len(percentages):
        raise ExplanationError(
            f"percentages is {list(percentages)}; expected numbers above 0 and below 100"
        )
    if not noise >= 0:
        raise ExplanationError(f"noise is {brief(noise)}; expected a number, 0 or more")
    rank = relevance_rank_of(heatmap_of(attribution, size_of(picture)))
    counts = np.rint(np.array(percentages) / 100 * rank.size).astype(np.int64)[:, None, None]
    missing = np.concatenate([rank < counts, rank >= rank.size - counts])
    x = picture.input[0].numpy()
    drawn = np.random.default_rng(seed).standard_normal(x.shape)
    filled = linear_imputation(x, missing) + noise * drawn * missing[:, None]
    inputs = torch.from_numpy(filled).to(picture.input)
    p = engine.internals.probabilities(inputs)[:, index].cpu().double().numpy()
    most, least = np.split(p, 2)
    return Road(resolved, tuple(map(float, percentages)), most, least, *inputs.chunk(2))


def linear_imputation(
    pictures: npt.ArrayLike, missing: npt.ArrayLike, tolerance: float | None = None
) -> Floats:
    """Pictures (C, H, W) whose missing pixels are weighted means of their eight neighbours.

    missing: bool (M, H, W), one set of pixels for each result; returns (M, C, H, W) float64.
    Every missing pixel satisfies x_i = Σ_j w_ij x_j / Σ_j w_ij over its neighbours inside the
    picture, w = 1/6 beside and above, 1/12 across the corner; the others stay. Source: Rong et
    al. 2022 (ROAD), section 4.2. The equations are solved directly, by SciPy's sparse LU; a
    `tolerance` has no effect any more. Raises ExplanationError where a set has no pixel left.
    """
    if tolerance is not None:
        warnings.warn(
            "linear_imputation solves directly and needs no tolerance",
            DeprecationWarning,
            stacklevel=2,
        )
    from scipy.sparse import eye, kron

    values = np.asarray(pictures, dtype=np.float64)
    holes = np.asarray(missing, dtype=bool)
    if holes.all(axis=(1, 2)).any():
        raise ExplanationError("every pixel is missing; expected at least one to fill in from")
    # w is (1/12)·[1 2 1]ᵀ[1 2 1] without its centre, of pixels in rows.
    down, across = (2 * eye(n) + eye(n, k=1) + eye(n, k=-1) for n in values.shape[1:])
    weights = ((kron(down, across) - 4 * eye(values[0].size)) / 12).tocsr()
    return np.stack([_filled(values, hole.ravel(), weights) for hole in holes])


def _filled(values: Floats, hole: npt.NDArray[np.bool_], weights: Any) -> Floats:
    """Pictures (C, H, W) with the hole (H·W) filled in: (Σ_j w_ij) x_i − Σ_{j in the hole} w_ij x_j
    is Σ w_ij x_j over the neighbours outside the hole.
    """
    from scipy.sparse import diags
    from scipy.sparse.linalg import splu

    flat = values.reshape(len(values), -1).T.copy()
    if hole.any():
        rows = weights[hole]
        left = diags(np.asarray(rows.sum(1)).ravel()) - rows[:, hole]
        options = {"SymmetricMode": True}
        solver = splu(left.tocsc(), permc_spec="MMD_AT_PLUS_A", options=options)
        flat[hole] = solver.solve(rows[:, ~hole] @ flat[~hole])
    return np.ascontiguousarray(flat.T).reshape(values.shape)
