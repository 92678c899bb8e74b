"""What measures are taken of: a class, a map, and a picture, also taken away, masked or noisy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from xai_widgets.attribution import Attribution
from xai_widgets.baselines import Baseline, baseline_like, black_like, noise_like
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError, brief
from xai_widgets.images import Picture
from xai_widgets.render.colours import resize
from xai_widgets.targets import Target, TargetLike

Floats: TypeAlias = npt.NDArray[np.float64]
# A map over a picture: what the engine gave, or an array (h, w) or (C, H, W).
MapLike: TypeAlias = "Attribution | npt.ArrayLike | torch.Tensor"
# A method: its name, or a function that makes a map.
MethodLike: TypeAlias = "str | Callable[[Engine, Picture, Target], MapLike]"


def values_of(attribution: MapLike) -> Floats:
    """The raw values (h, w) or (C, H, W) of a map, float64.

    Raises ExplanationError for another number of dimensions or values that are not finite.
    """
    if isinstance(attribution, Attribution):
        values = attribution.values.astype(np.float64)
    elif isinstance(attribution, torch.Tensor):
        values = attribution.detach().cpu().double().numpy()
    else:
        try:
            values = np.asarray(attribution, dtype=np.float64)
        except (TypeError, ValueError):
            raise ExplanationError(
                f"the map is a {type(attribution).__name__}; expected an Attribution or an array "
                "of numbers (h, w) or (C, H, W)"
            ) from None
    if values.ndim not in (2, 3) or values.size == 0:
        raise ExplanationError(
            f"the map has shape {values.shape}; expected (h, w) or (C, H, W), not empty"
        )
    bad = int((~np.isfinite(values)).sum())
    if bad:
        raise ExplanationError(
            f"the map holds {bad} of {values.size} values that are NaN or infinite; expected "
            "finite numbers"
        )
    return values


def heatmap_of(attribution: MapLike, size: tuple[int, int] | None = None) -> Floats:
    """One signed number per pixel (H, W): channels summed, a smaller map enlarged bilinearly.

    size: of the picture; None leaves the map at its own size, an Attribution at its picture's.
    """
    values = values_of(attribution)
    grid = values.sum(0) if values.ndim == 3 else values
    if size is None and isinstance(attribution, Attribution):
        size = attribution.input_size
    if size is None or grid.shape == tuple(size):
        return grid
    return resize(grid, size).astype(np.float64)


def size_of(picture: Picture) -> tuple[int, int]:
    """Height and width of the model input."""
    return picture.input.shape[-2], picture.input.shape[-1]


def target_of(
    engine: Engine, picture: Picture, attribution: MapLike, target: TargetLike = None
) -> Target:
    """What a map of a picture is measured for: where `target` is None, what an Attribution
    explains, and for an array the most probable class.

    Raises ExplanationError where an Attribution is of another target, picture or network.
    """
    if not isinstance(attribution, Attribution):
        return engine.internals.resolve_target(picture, target)
    way_out = "To measure it all the same, pass its numbers: attribution.heatmap()"
    if attribution.picture_digest not in ("", picture.digest.hex()):
        raise ExplanationError(
            f"the map explains the picture {attribution.picture_name!r}, and it is measured on "
            f"{picture.name!r}, which is not the same. {way_out}"
        )
    own = attribution.target
    if target is None:
        resolved = engine.internals.resolve_target(picture, own)
        if resolved.index is None and resolved.function is None:
            raise ExplanationError(
                f"the map explains {own.name!r}, a function of the output that is not kept when a "
                "map is saved; pass the function again as target="
            )
    else:
        resolved = engine.internals.resolve_target(picture, target)
        if resolved.index != own.index:
            raise ExplanationError(
                f"the map explains {_words(own)}, and it is measured for {_words(resolved)}; leave "
                f"target out, or explain the picture for {resolved.name}. {way_out}"
            )
    _check_score(engine, picture, attribution, resolved, way_out)
    return resolved


def _words(target: Target) -> str:
    return target.name if target.index is None else f"{target.name} ({target.index})"


def _check_score(
    engine: Engine, picture: Picture, attribution: Attribution, target: Target, way_out: str
) -> None:
    """Raise ExplanationError where the score that a map explains is not the network's."""
    trace = engine.internals.trace(picture)
    if not np.isfinite(attribution.score) or trace.random:
        return
    score = float(trace.score(target)[0])
    scale = max(abs(score), abs(attribution.score))
    if target.index is not None:
        logits = trace.logits[0].float()
        scale = max(scale, float(logits.max() - logits.min()))
    if abs(score - attribution.score) <= 0.01 * scale + 1e-6:
        return
    other = f" ({attribution.model})" if attribution.model not in ("", engine.name) else ""
    raise ExplanationError(
        f"the map explains a score of {attribution.score:.4g} for {target.name}, and {engine.name} "
        f"gives {score:.4g} for the same picture: it is of another network{other}, or the network "
        f"has been changed since, or the target is another function. {way_out}"
    )


def class_of(
    engine: Engine, picture: Picture, target: TargetLike, attribution: MapLike | None = None
) -> tuple[Target, int]:
    """The target, and its class index; errors as `target_of`.

    Raises ExplanationError for a target that is not a class and so has no probability.
    """
    if attribution is None:
        resolved = engine.internals.resolve_target(picture, target)
    else:
        resolved = target_of(engine, picture, attribution, target)
    if resolved.index is None:
        raise ExplanationError(
            f"target is the function {resolved.name!r}; expected a class index, a class name or "
            "None: this measure reads a probability, which only a class has"
        )
    return resolved, resolved.index


def explained(
    engine: Engine,
    picture: Picture,
    method: MethodLike,
    target: Target,
    layer: str | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> Attribution:
    """The picture explained by a method of the engine or by a function of your own.

    A function is called with engine, picture and target; an array that it returns is taken as
    the map of a method of the function's name.
    """
    if not callable(method):
        return engine.explain(picture, method, target=target, layer=layer, **dict(parameters or {}))
    given = method(engine, picture, target)
    if isinstance(given, Attribution):
        return given
    name = getattr(method, "__name__", type(method).__name__)
    return attribution_of(picture, target, given, name)


def attribution_of(picture: Picture, target: Target, values: MapLike, name: str) -> Attribution:
    """An array as the attribution that a method called `name` made of this picture."""
    return Attribution(
        values=values_of(values).astype(np.float32),
        method=name,
        title=name,
        target=target,
        input_size=size_of(picture),
        pixels=picture.pixels,
        picture_name=picture.name,
        picture_digest=picture.digest.hex(),
    )


def random_map(picture: Picture, target: Target, seed: int = 0) -> Attribution:
    """Uniform noise in [0, 1) per pixel, (H, W): the control that every method must beat.

    It is drawn anew for every picture, from the seed and the picture's digest.
    """
    words = np.frombuffer(picture.digest, dtype=np.uint32).tolist()
    noise = np.random.default_rng([seed, *words]).random(size_of(picture))
    return attribution_of(picture, target, noise, "random")


def whole_number(name: str, value: Any, minimum: int = 1) -> int:
    """The value, if it is a whole number of at least `minimum`; else ExplanationError."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < minimum:
        raise ExplanationError(
            f"{name} is {brief(value)}; expected a whole number, at least {minimum}"
        )
    return int(value)


def positive(name: str, value: Any) -> float:
    """The value, if it is a finite number above 0; else ExplanationError."""
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not number or not np.isfinite(value) or value <= 0:
        raise ExplanationError(f"{name} is {brief(value)}; expected a number above 0")
    return float(value)


def baseline_input(picture: Picture, kind: Baseline, blur: float | None = None) -> torch.Tensor:
    """The picture with every pixel taken away, as model input (1, C, H, W).

    kind: ``"black"``, zero in the de-normalised picture; ``"zero"``, the network's own zero;
    ``"mean"``, the picture's mean colour; ``"blur"``, the picture under a Gaussian of standard
    deviation `blur` pixels (None: a twentieth of the shorter side).

    Raises ExplanationError for an unknown kind, or black where the normalisation is unknown.
    """
    sigma = positive("blur", blur) if kind == "blur" and blur is not None else None
    return baseline_like(picture.input, kind, picture.black, sigma)


def masked_input(picture: Picture, mask: torch.Tensor) -> torch.Tensor:
    """The de-normalised picture times a mask (..., H, W) in [0, 1], as model input (M, C, H, W).

    With x = (p − mean)/std and black b = −mean/std that is m ⊙ x + (1 − m) ⊙ b. Raises
    ExplanationError where the normalisation is unknown.
    """
    x, b = picture.input, black_like(picture.input, picture.black)
    m = mask.to(x).reshape(-1, 1, *x.shape[-2:])
    return b + m * (x - b)


def noisy(engine: Engine, picture: Picture, sigma: float, seed: int = 0) -> Picture:
    """The picture with n ~ N(0, σ² (max x − min x)²) added to what the network is given, as
    SmoothGrad adds it, and as it then looks. The same seed gives the same noise.

    Raises ExplanationError for a sigma below zero or not finite.
    """
    if not 0 <= sigma < float("inf"):
        raise ExplanationError(f"sigma is {brief(sigma)}; expected a finite number, 0 or more")
    if sigma == 0:
        return picture
    x = picture.input
    spread = sigma * (x.amax() - x.amin())
    x = torch.addcmul(x, spread, noise_like(x, torch.Generator().manual_seed(seed)))
    return replace(picture, input=x, pixels=engine.internals.pixels(x)[0])
