"""ROAD: remove and debias. The most and the least relevant pixels are filled in from their
neighbours, so that the network sees no holes whose shape gives the class away.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.metrics.curves import relevance_rank_of
from xai_widgets.metrics.relevance import Floats, MapLike, class_of, heatmap_of, size_of
from xai_widgets.targets import Target, TargetLike

PERCENTAGES = (20, 40, 60, 80)


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

    Raises ExplanationError for a percentage outside 0 to 100 (both excluded), a negative noise, or
    a target that is not a class.
    """
    picture = engine.picture(image)
    resolved, index = class_of(engine, picture, target)
    wrong = [p for p in percentages if not 0 < p < 100]
    if wrong or not len(percentages):
        raise ExplanationError(
            f"percentages is {list(percentages)}; expected numbers above 0 and below 100"
        )
    if not noise >= 0:
        raise ExplanationError(f"noise is {noise!r}; expected a number, 0 or more")
    rank = relevance_rank_of(heatmap_of(attribution, size_of(picture)))
    counts = np.rint(np.array(percentages) / 100 * rank.size).astype(np.int64)[:, None, None]
    missing = np.concatenate([rank < counts, rank >= rank.size - counts])
    x = picture.input[0].numpy()
    filled = linear_imputation(x, missing)
    drawn = np.random.default_rng(seed).standard_normal(x.shape)
    filled += noise * drawn * missing[:, None]
    inputs = torch.from_numpy(filled).to(picture.input)
    p = engine.internals.probabilities(inputs)[:, index].double().cpu().numpy()
    half = len(percentages)
    return Road(
        target=resolved,
        percentages=tuple(float(p) for p in percentages),
        most=p[:half],
        least=p[half:],
        inputs_most=inputs[:half],
        inputs_least=inputs[half:],
    )


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
    values = np.asarray(pictures, dtype=np.float64)
    holes = np.asarray(missing, dtype=bool)
    if holes.all(axis=(1, 2)).any():
        raise ExplanationError("every pixel is missing; expected at least one to fill in from")
    weights = _neighbour_weights(*values.shape[1:])
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


def _neighbour_weights(height: int, width: int) -> Any:
    """w_ij of pixels in rows, sparse (H·W, H·W).

    1/6 beside and above and 1/12 across the corner are (1/12)·[1 2 1]ᵀ[1 2 1] without its centre.
    """
    from scipy.sparse import eye, identity, kron

    down, across = (2 * eye(n) + eye(n, k=1) + eye(n, k=-1) for n in (height, width))
    return ((kron(down, across) - 4 * identity(height * width)) / 12).tocsr()
