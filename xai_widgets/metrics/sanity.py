"""Sanity checks: a map must change with the network's weights, and with the class explained."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from xai_widgets.attribution import Attribution
from xai_widgets.engine import Engine
from xai_widgets.engine.arguments import engine_first
from xai_widgets.errors import ExplanationError
from xai_widgets.images import Picture
from xai_widgets.metrics.maps import spearman, ssim
from xai_widgets.metrics.relevance import MethodLike, class_of, explained, whole_number
from xai_widgets.probe.guard import ordinary_modes, unwrap
from xai_widgets.progress import Progress
from xai_widgets.targets import TargetLike

_TWO_CLASSES = (
    "random_logit on two classes: a network trained with softmax makes one logit about the "
    "negative of the other, so that maps with a sign are near -1 by construction."
)


@dataclass(frozen=True, eq=False)
class Stage:
    """The map after some layers from the top were randomised, and how alike it is to the first.

    layers: the names of those randomised since the last stage; none at the first. spearman, ssim:
    with the map of the untouched network.
    """

    layers: tuple[str, ...]
    attribution: Attribution
    spearman: float
    ssim: float


@dataclass(frozen=True, eq=False)
class Randomization:
    """A cascade, from the network as it is to one without a learned weight."""

    stages: tuple[Stage, ...]

    @property
    def spearman(self) -> float:
        """The mean rank correlation over the randomised stages, near 0 where the check is passed;
        stages whose map is flat are left out, nan where all are.
        """
        values = np.array([stage.spearman for stage in self.stages[1:]])
        finite = values[np.isfinite(values)]
        return float(finite.mean()) if finite.size else float("nan")

    def __repr__(self) -> str:
        lines = [
            f"  {i:2}  Spearman {s.spearman:6.3f}  SSIM {s.ssim:6.3f}  {', '.join(s.layers[:3])}"
            + " …" * (len(s.layers) > 3)
            for i, s in enumerate(self.stages)
        ]
        return "\n".join(["Randomization, top layer first:", *lines])


@dataclass(frozen=True, eq=False)
class RandomLogit:
    """The maps of the target and of another class, and how alike they are; alike is bad. warnings:
    sentences that say why the numbers mean little.
    """

    attribution: Attribution
    other: Attribution
    spearman: float
    ssim: float
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        between = f"{self.attribution.target.name} and {self.other.target.name}"
        return "\n".join(
            [
                f"RandomLogit({self.attribution.title}, {between}: Spearman {self.spearman:.3f}, "
                f"SSIM {self.ssim:.3f})",
                *self.warnings,
            ]
        )


@engine_first
def model_randomization(
    engine: Engine,
    image: object,
    method: MethodLike,
    *,
    target: TargetLike = None,
    layer: str | None = None,
    stages: int | None = 10,
    absolute: bool = False,
    seed: int = 0,
    **parameters: Any,
) -> Randomization:
    """Randomise a copy of the network layer by layer from the top, each time explaining again.
    Source: Adebayo et al. 2018, section 4.1 (cascading randomisation).

    The engine's own network is not touched. Layers come in the order in which the network enters
    them, last first, gathered into at most `stages` groups of about equal size (None: one layer
    each). A parameter is drawn anew from a normal distribution of its own mean and standard
    deviation, so that what was learned is lost and activations keep about their size. Target and
    CAM layer are those of the untouched network. absolute: |a| is compared rather than a.

    Raises ExplanationError as `Engine.explain` does, for a network without parameters, or a
    number of stages that is not positive.
    """
    *_, last = cascade(
        engine, image, method, target=target, layer=layer, stages=stages, absolute=absolute,
        seed=seed, **parameters,
    )  # fmt: skip
    return last.result


@engine_first
def cascade(
    engine: Engine,
    image: object,
    method: MethodLike,
    *,
    target: TargetLike = None,
    layer: str | None = None,
    stages: int | None = 10,
    absolute: bool = False,
    seed: int = 0,
    **parameters: Any,
) -> Iterator[Progress[Randomization]]:
    """`model_randomization` step by step: the stages so far, the newest last, after each of them.

    Arguments and errors are those of `model_randomization`.
    """
    picture = engine.picture(image)
    resolved = engine.internals.resolve_target(picture, target)
    first = explained(engine, picture, method, resolved, layer, parameters)
    with ordinary_modes():  # weights copied in inference mode would carry no gradient
        network = copy.deepcopy(unwrap(engine.model))
    twin = Engine(
        network,
        preprocessing=engine.preprocessing,
        channels=engine.internals.preprocessor.channels,
        class_names=engine.class_names,
        layer=first.layer or engine.layer,
        name=engine.name,
        memory=0,
        **engine.internals.readout.options(),
    )
    names = _layers_from_the_top(twin, network, picture)
    count = len(names) if stages is None else min(whole_number("stages", stages), len(names))
    generator = torch.Generator().manual_seed(seed)
    modules = dict(network.named_modules())
    done = [Stage((), first, *_alike(first, first, absolute))]
    yield Progress(1 / (count + 1), Randomization(tuple(done)))
    for group in np.array_split(np.array(names, dtype=object), count):
        for name in group:
            _randomise(modules[name], generator)
        again = explained(twin, picture, method, resolved, first.layer, parameters)
        done.append(Stage(tuple(group), again, *_alike(first, again, absolute)))
        so_far = Randomization(tuple(done))
        if len(done) > count and isinstance(method, str) and not parameters:
            engine.internals.randomization[first.method] = so_far.spearman
        yield Progress(len(done) / (count + 1), so_far)


@engine_first
def random_logit(
    engine: Engine,
    image: object,
    method: MethodLike,
    *,
    target: TargetLike = None,
    layer: str | None = None,
    absolute: bool = False,
    seed: int = 0,
    **parameters: Any,
) -> RandomLogit:
    """Compare the map of the target with that of another class, drawn at random. Source: Sixt,
    Granz, Landgraf 2020, section 4.

    With two classes there is little to learn: training makes the two logits near negatives of each
    other, so that signed maps are so as well, near -1, whatever they are worth; `warnings` says so.

    Raises ExplanationError as `Engine.explain` does, for a target that is not a class, or a
    network of one class.
    """
    picture = engine.picture(image)
    resolved, index = class_of(engine, picture, target)
    classes = len(engine.predict(picture).probabilities)
    if classes < 2:
        raise ExplanationError(
            "the network has 1 class; expected at least 2, to ask for another (and 3 to learn "
            "much from it)"
        )
    drawn = int(np.random.default_rng(seed).integers(classes - 1))
    other_target = engine.internals.resolve_target(picture, drawn + (drawn >= index))
    first = explained(engine, picture, method, resolved, layer, parameters)
    other = explained(engine, picture, method, other_target, layer, parameters)
    warnings = (_TWO_CLASSES,) if classes == 2 else ()
    return RandomLogit(first, other, *_alike(first, other, absolute), warnings)


def _alike(a: Attribution, b: Attribution, absolute: bool) -> tuple[float, float]:
    one, two = a.grid(), b.grid()
    if absolute:
        one, two = np.abs(one), np.abs(two)
    return spearman(one, two), ssim(one, two)


def _layers_from_the_top(twin: Engine, network: nn.Module, picture: Picture) -> list[str]:
    """The modules with parameters of their own, the last that the network enters first. One that is
    never entered, because its parent uses its weights itself, goes with its parent.
    """
    entered: dict[str, int] = {}

    def enter(name: str, *_: Any) -> None:
        entered.setdefault(name, len(entered))

    handles = [m.register_forward_pre_hook(partial(enter, n)) for n, m in network.named_modules()]
    try:
        twin.internals.scores(picture.input, twin.internals.resolve_target(picture))
    finally:
        for handle in handles:
            handle.remove()

    def when(name: str) -> int:
        while name and name not in entered:
            name = name.rpartition(".")[0]
        return entered.get(name, -1)

    names = [n for n, module in network.named_modules() if list(module.parameters(recurse=False))]
    if not names:
        raise ExplanationError(f"{twin.name} has no parameters; expected some to randomise")
    return sorted(names, key=when)[::-1]


def _randomise(module: nn.Module, generator: torch.Generator) -> None:
    with ordinary_modes():
        for parameter in module.parameters(recurse=False):
            values = parameter.detach().cpu().double()
            deviation = values.std() if values.numel() > 1 else values.abs().mean()
            drawn = torch.randn(
                values.shape, generator=generator, dtype=torch.float64, device="cpu"
            )
            parameter.copy_((values.mean() + deviation * drawn).to(parameter.dtype))
