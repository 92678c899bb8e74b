"""Does a map predict what the network says of other pictures? Measures of the class probability
when only the pixels that the map marks are left, and of the score itself (for a class: the logit)
under many small changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import torch
from torch import Tensor

from xai_widgets.baselines import Baseline
from xai_widgets.engine import Engine
from xai_widgets.engine.arguments import engine_first
from xai_widgets.errors import ExplanationError, brief, nearest
from xai_widgets.images import Picture
from xai_widgets.metrics.maps import correlation
from xai_widgets.metrics.relevance import (
    Floats,
    MapLike,
    MethodLike,
    baseline_input,
    class_of,
    explained,
    heatmap_of,
    masked_input,
    positive,
    size_of,
    target_of,
    values_of,
    whole_number,
)
from xai_widgets.targets import Target, TargetLike

Perturbation = Literal["square", "noise"]
_AT_ONCE = 64  # inputs made at a time; the engine cuts them into its own batches
# What measures of one picture share, so that each forward is paid once: see `once`.
Memo: TypeAlias = dict[Any, Any]


def once(memo: Memo | None, key: Any, compute: Callable[[], Any]) -> Any:
    """What `compute` gives, from the memo where it is there already."""
    memo = {} if memo is None else memo
    if key not in memo:
        memo[key] = compute()
    return memo[key]


@engine_first
def average_drop(
    engine: Engine,
    image: object,
    attribution: MapLike,
    *,
    target: TargetLike = None,
    memo: Memo | None = None,
) -> float:
    """max(p − o, 0)/p, of one picture; low is better. Source: Chattopadhay et al. 2018
    (Grad-CAM++), section 4.1.

    p is the class probability on the picture, o on the de-normalised picture times the map (see
    `mask_of`): what the map leaves out is black. The average over pictures is what `evaluate`
    gives. target: None is what an Attribution explains; for an array, the most probable class.
    Raises ExplanationError for an Attribution of another target, picture or network, a target that
    is not a class, an engine whose numbers are no probabilities, or an unknown normalisation.
    """
    p, o = _probabilities(engine, image, attribution, target, memo)
    return max(p - o, 0.0) / p if p > 0 else 0.0


@engine_first
def average_gain(
    engine: Engine,
    image: object,
    attribution: MapLike,
    *,
    target: TargetLike = None,
    memo: Memo | None = None,
) -> float:
    """max(o − p, 0)/(1 − p), of one picture; high is better. Source: Zhang, Torres, Sicre,
    Avrithis, Ayache 2024 (Opti-CAM), section 4.1. Otherwise as `average_drop`.
    """
    p, o = _probabilities(engine, image, attribution, target, memo)
    return max(o - p, 0.0) / (1 - p) if p < 1 else 0.0


@engine_first
def average_increase(
    engine: Engine,
    image: object,
    attribution: MapLike,
    *,
    target: TargetLike = None,
    memo: Memo | None = None,
) -> float:
    """[o > p], 1 or 0, of one picture; high is better. Source and the rest as `average_drop`."""
    p, o = _probabilities(engine, image, attribution, target, memo)
    return float(o > p)


def mask_of(attribution: MapLike, size: tuple[int, int]) -> Floats:
    """A map as a mask (H, W): (a − min)/(max − min) of its own grid, then bilinear to the size.

    A map that is the same everywhere masks nothing away: all ones. A map already within [0, 1]
    from end to end stays as it is.
    """
    grid = heatmap_of(attribution) if not hasattr(attribution, "grid") else attribution.grid()
    low, high = float(grid.min()), float(grid.max())
    unit = np.ones_like(grid) if high <= low else (grid - low) / (high - low)
    return heatmap_of(unit, size)


def _probabilities(
    engine: Engine, image: object, attribution: MapLike, target: TargetLike, memo: Memo | None
) -> tuple[float, float]:
    """(p, o) of the class; one forward of two inputs."""
    picture = engine.picture(image)

    def forward() -> tuple[MapLike, float, float]:
        _, index = class_of(engine, picture, target, attribution)
        if engine.predict(picture).unit != "probability":
            raise ExplanationError(
                "this measure compares probabilities, and the engine's activation gives numbers of "
                "another kind; use completeness, sensitivity_n, infidelity, insertion or deletion"
            )
        mask = torch.from_numpy(mask_of(attribution, size_of(picture)))
        inputs = torch.cat([picture.input, masked_input(picture, mask)])
        p, o = engine.internals.probabilities(inputs)[:, index].cpu().double().tolist()
        return attribution, p, o  # the map is kept, so that its id stays its own

    _, p, o = once(memo, ("masked", id(attribution)), forward)
    return p, o


@engine_first
def infidelity(
    engine: Engine,
    image: object,
    attribution: MapLike,
    *,
    target: TargetLike = None,
    perturbation: Perturbation = "square",
    size: float | None = None,
    samples: int = 50,
    normalize: bool = True,
    multiplied: bool = False,
    seed: int = 0,
    memo: Memo | None = None,
) -> float:
    """E_I[(Iᵀφ − (y(x) − y(x − I)))²]; low is better. Source: Yeh, Hsieh, Suggala, Inouye,
    Ravikumar 2019, Definition 2.1.

    perturbation: ``"square"`` takes a square at a random place down to zero (side `size` pixels;
    None: a quarter of the shorter side); ``"noise"`` subtracts Gaussian noise (standard deviation
    `size`; None: 0.2). normalize: φ is first scaled by β = E[Iᵀφ·Δ]/E[(Iᵀφ)²], the best scale, so
    that maps in other units compare. multiplied: φ already holds the factor x, as input x gradient
    does; then I/x counts in place of I (zeros of x left out).

    A map without channels gives each channel an equal part. target: as for `average_drop`. Raises
    ExplanationError for an Attribution of another target, an unknown perturbation, or a size or
    number of samples that is not positive.
    """
    picture = engine.picture(image)
    resolved = target_of(engine, picture, attribution, target)
    kinds = get_args(Perturbation)
    if perturbation not in kinds:
        raise ExplanationError(
            f"perturbation is {brief(perturbation)}; expected one of {', '.join(kinds)}."
            + nearest(str(perturbation), kinds)
        )
    usual = max(min(size_of(picture)) // 4, 1) if perturbation == "square" else 0.2
    length = usual if size is None else positive("size", size)
    samples = whole_number("samples", samples)

    def parts() -> Iterator[Tensor]:
        generator = np.random.default_rng(seed)
        draw = _squares if perturbation == "square" else _noise
        for begin in range(0, samples, _AT_ONCE):
            yield draw(picture.input, length, min(_AT_ONCE, samples - begin), generator)

    key = ("infidelity", resolved, perturbation, length, samples, seed)
    changed = (picture.input - part for part in parts())
    observed: Floats = once(memo, key, lambda: _falls(engine, picture, resolved, changed))
    phi = torch.from_numpy(_spread(attribution, picture))
    if multiplied:
        x = picture.input.double()
        phi = torch.where(x == 0, 0.0, phi / x)
    predicted = np.concatenate([(p.double() * phi).sum((1, 2, 3)).numpy() for p in parts()])
    if normalize:
        power = (predicted**2).mean()
        predicted = predicted * ((predicted * observed).mean() / power if power > 0 else 0.0)
    return float(((predicted - observed) ** 2).mean())


@engine_first
def max_sensitivity(
    engine: Engine,
    image: object,
    method: MethodLike,
    *,
    target: TargetLike = None,
    layer: str | None = None,
    radius: float = 0.02,
    samples: int = 10,
    seed: int = 0,
    **parameters: Any,
) -> float:
    """max_δ ‖φ(x + δ) − φ(x)‖ / ‖φ(x)‖ over δ uniform in [−r, r] per value; low is better. Source:
    Yeh et al. 2019, section 3.

    method: a method's name with its layer and parameters, or a function of engine, picture and
    target. radius: in units of the model input. The target is that of the unchanged picture. Norms
    are of the raw values. nan where the map is zero everywhere. Raises ExplanationError as
    `Engine.explain` does, or for a radius or number of samples that is not positive.
    """
    picture = engine.picture(image)
    radius, samples = positive("radius", radius), whole_number("samples", samples)
    resolved = engine.internals.resolve_target(picture, target)
    first = values_of(explained(engine, picture, method, resolved, layer, parameters))
    norm = np.linalg.norm(first)
    if norm == 0:
        return float("nan")
    generator = np.random.default_rng(seed)
    x, largest = picture.input, 0.0
    for _ in range(samples):
        noise = generator.uniform(-radius, radius, tuple(x.shape)).astype(np.float32)
        nearby = replace(picture, input=x + torch.from_numpy(noise))
        values = values_of(explained(engine, nearby, method, resolved, layer, parameters))
        largest = max(largest, float(np.linalg.norm(values - first) / norm))
    return largest


@engine_first
def sensitivity_n(
    engine: Engine,
    image: object,
    attribution: MapLike,
    *,
    target: TargetLike = None,
    fraction: float = 0.1,
    samples: int = 100,
    baseline: Baseline = "zero",
    seed: int = 0,
    memo: Memo | None = None,
) -> float:
    """corr(Σ_{i∈S} a_i, y(x) − y(x with S replaced)) over random sets S of n pixels, in [−1, 1]; 1
    is best. Source: Ancona, Ceolini, Öztireli, Gross 2018, section 3.2.

    target: as for `average_drop`. fraction: n as a fraction of the pixels. baseline: what replaces
    them, as in `deletion`. nan where either side is the same for every set. Raises ExplanationError
    for an Attribution of another target, a fraction outside 0 to 1 (both excluded), fewer than 2
    samples or an unknown baseline.
    """
    picture = engine.picture(image)
    resolved = target_of(engine, picture, attribution, target)
    if not 0 < fraction < 1:
        raise ExplanationError(
            f"fraction is {brief(fraction)}; expected a number above 0 and below 1"
        )
    samples = whole_number("samples", samples, 2)
    height, width = size_of(picture)
    n = max(round(fraction * height * width), 1)
    base = baseline_input(picture, baseline)
    generator = np.random.default_rng(seed)
    sets = np.stack([generator.permutation(height * width)[:n] for _ in range(samples)])

    def replaced() -> Iterator[Tensor]:
        for begin in range(0, samples, _AT_ONCE):
            chosen = torch.from_numpy(sets[begin : begin + _AT_ONCE])
            gone = torch.zeros(len(chosen), height * width, dtype=torch.bool, device="cpu")
            gone.scatter_(1, chosen, True)
            yield torch.where(gone.view(-1, 1, height, width), base, picture.input)

    key = ("sensitivity_n", resolved, n, samples, baseline, seed)
    fall: Floats = once(memo, key, lambda: _falls(engine, picture, resolved, replaced()))
    relevance = heatmap_of(attribution, (height, width)).ravel()
    total = np.array([relevance[pixels].sum() for pixels in sets])
    return correlation(total, fall)


@dataclass(frozen=True)
class Completeness:
    """What a map's values add up to, and the difference of scores that they should add up to."""

    total: float
    difference: float

    @property
    def gap(self) -> float:
        """|Σa − Δ| / |Δ|; infinite where Δ is 0 and the sum is not."""
        off = abs(self.total - self.difference)
        if off == 0:
            return 0.0
        return off / abs(self.difference) if self.difference else float("inf")

    def holds(self, tolerance: float = 0.01) -> bool:
        """Whether the gap is at most the tolerance."""
        return self.gap <= tolerance


@engine_first
def completeness(
    engine: Engine,
    image: object,
    attribution: MapLike,
    *,
    target: TargetLike = None,
    baseline: Baseline = "zero",
    blur: float | None = None,
    memo: Memo | None = None,
) -> Completeness:
    """Σ a_i against Δ = y(x) − y(baseline). Source: Sundararajan, Taly, Yan 2017, section 3.

    The raw values are summed, at the method's own size; of methods that give every pixel of a
    segment the segment's share, that is not the sum of the shares. target and errors as for
    `deletion`.
    """
    picture = engine.picture(image)
    resolved = target_of(engine, picture, attribution, target)
    base = baseline_input(picture, baseline, blur)
    key = ("completeness", resolved, baseline, blur)
    fall: Floats = once(memo, key, lambda: _falls(engine, picture, resolved, iter([base])))
    return Completeness(float(values_of(attribution).sum()), float(fall[0]))


def _falls(engine: Engine, picture: Picture, target: Target, inputs: Iterator[Tensor]) -> Floats:
    """y(x) − y(x') for each of the other inputs x'."""
    whole = engine.internals.scores(picture.input, target).cpu().double()
    others = [engine.internals.scores(x.contiguous(), target).cpu().double() for x in inputs]
    return (whole - torch.cat(others)).numpy()


def _spread(attribution: MapLike, picture: Picture) -> Floats:
    """The map as one value per value of the input, (C, H, W); without channels, equal parts."""
    values = values_of(attribution)
    shape = tuple(picture.input.shape[1:])
    if values.shape == shape:
        return values
    equal = heatmap_of(attribution, size_of(picture)) / shape[0]
    return np.ascontiguousarray(np.broadcast_to(equal, shape))


def _squares(x: Tensor, side: float, count: int, generator: np.random.Generator) -> Tensor:
    """I = x inside a square at a random place, wholly in the picture, else 0; (M, C, H, W)."""
    height, width = x.shape[-2:]
    tall, wide = min(round(side) or 1, height), min(round(side) or 1, width)
    drawn = x.new_zeros(count, *x.shape[1:])
    tops = generator.integers(0, height - tall + 1, count)
    lefts = generator.integers(0, width - wide + 1, count)
    for i, (top, left) in enumerate(zip(tops.tolist(), lefts.tolist(), strict=True)):
        place = (..., slice(top, top + tall), slice(left, left + wide))
        drawn[i][place] = x[0][place]
    return drawn


def _noise(x: Tensor, deviation: float, count: int, generator: np.random.Generator) -> Tensor:
    drawn = generator.standard_normal((count, *x.shape[1:]), dtype=np.float32)
    return torch.from_numpy(deviation * drawn)
