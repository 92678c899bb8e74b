"""Re-label distillation: a linear student of the network, trained on pictures that a VAE makes near
one picture and that are relabelled by whether the network's label shifts.

Source: Hua, Ge, Zhang 2021, "Interpret the Predictions of Deep Networks via Re-Label Distillation",
ICME, arXiv 2409.13137; reconstructed from the public description.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch

from xai_widgets.attribution import Attribution
from xai_widgets.engine import Engine
from xai_widgets.engine.arguments import check_engine
from xai_widgets.errors import ExplanationError, a_kind
from xai_widgets.images import Picture
from xai_widgets.interrupts import interruptible
from xai_widgets.methods.registry import Method, Values, parameters_of
from xai_widgets.probe.generators import global_generators_restored
from xai_widgets.probe.guard import ordinary_modes
from xai_widgets.probe.trace import Trace
from xai_widgets.progress import Progress
from xai_widgets.relabel.autoencoders.vae import VAE
from xai_widgets.relabel.explanation import RelabelExplanation, warnings_of
from xai_widgets.relabel.surrogate import DistillationOptions, Surrogate, fit_surrogates
from xai_widgets.targets import Target, TargetLike


def _unbound(*_: Any, **__: Any) -> None:
    raise ExplanationError("relabel_distillation is not bound to a VAE: use xw.relabel.bind")


CARD = Method(
    name="relabel_distillation",
    title="Re-label distillation",
    family="Surrogate",
    cost="1 decoding and 1 forward per sample",
    formula="d = W[kept] − W[shifted], W = argmin α T² KL(p ‖ student) + (1 − α) CE(h) + λ ‖W‖²",
    citation="Hua, Ge, Zhang 2021",
    url="https://arxiv.org/abs/2409.13137",
    shows="What a linear student needs to see that the label stays, taught on a VAE's pictures.",
    limits="Blind to what the VAE does not redraw; reconstructed from the public description.",
    space="input",
    signed=True,
    anytime=True,
    takes_layer=False,
    class_specific=True,
    needs_rectifiers=False,
    needs_attention=False,
    parameters=parameters_of(DistillationOptions),
    function=_unbound,
)


@dataclass(frozen=True)
class RelabelProgress(Progress[RelabelExplanation]):
    """`Progress[RelabelExplanation]`, which also has the result by its old name."""

    @property
    def explanation(self) -> RelabelExplanation:
        """Deprecated: use `result`."""
        warnings.warn(
            "RelabelProgress.explanation is now .result", DeprecationWarning, stacklevel=2
        )
        return self.result


class RelabelDistillation:
    """Explains how an engine's network labels a picture by a linear student, trained on synthetic
    pictures that the VAE makes near it.

        RelabelDistillation(engine, vae, samples=500).explain("cat.jpg", target="tabby")

    z_i = mean(x) + s a_i, x_i = decode(z_i); h_i = 1 where the network still gives x_i the
    reference label, p_i its probability against that of its strongest rival, at the temperature:
    two classes that agree with h_i. The student minimises α T² KL(p ‖ student_T) + (1 − α) CE(h) +
    λ |W|²; its map is d = W[kept] − W[shifted].

    A target other than the reference label cannot be "kept": then h_i = 1 where its log odds are
    above their median over the neighbourhood, and p_i is counted from that median. The scale is
    still the one at which the reference label turns.

    Options are those of `DistillationOptions`. Raises ExplanationError, in words, for options out
    of range, a VAE that does not fit, or a neighbourhood of one class only.
    """

    def __init__(self, engine: Engine, vae: VAE, **options: Any) -> None:
        check_engine(engine, "RelabelDistillation(engine, vae)", vae)
        if not isinstance(vae, VAE):
            raise ExplanationError(
                f"vae is {a_kind(vae)}; expected an object with encode and decode"
            )
        self.engine = engine
        self.vae = vae
        self.options = DistillationOptions(**CARD.resolve(options))

    @property
    def recipe(self) -> DistillationOptions:
        """Deprecated: use `options`."""
        warnings.warn(
            "RelabelDistillation.recipe is now .options", DeprecationWarning, stacklevel=2
        )
        return self.options

    def explain(self, image: Any, target: TargetLike = None) -> RelabelExplanation:
        """Explain the network's label of an image, or another target."""
        *_, last = self.stream(image, target)
        return last.result

    def stream(self, image: Any, target: TargetLike = None) -> Iterator[RelabelProgress]:
        """Like `explain`, giving a first map after a hundred synthetic pictures; the last has
        fraction 1. Closing it stops the work.

        The picture and the target are checked at once, before the first step.
        """
        picture = self.engine.picture(image)
        return self._results(picture, self.engine.internals.resolve_target(picture, target))

    def _results(self, picture: Picture, target: Target) -> Iterator[RelabelProgress]:
        for step in self.steps(picture, target):
            if step.result is not None:
                yield RelabelProgress(step.fraction, step.result)

    def steps(
        self, picture: Picture, target: Target
    ) -> Iterator[Progress[RelabelExplanation | None]]:
        """Like `stream`, with a step without a result where more synthetic pictures have been drawn
        and no map made of them yet.
        """
        started = time.perf_counter()
        work = fit_surrogates(self.engine, self.vae, self.options, picture.input, target)
        while True:
            # Not around the loop: the caller's own modes must be back at every yield.
            with ordinary_modes(), global_generators_restored():
                step = interruptible(next, work, None)
                if step is None:
                    return
                surrogate = step.result
                explanation = None
                if surrogate is not None:
                    explanation = self._explanation(surrogate, picture, target, started)
            yield Progress(step.fraction, explanation)

    def _explanation(
        self, surrogate: Surrogate, picture: Picture, target: Target, started: float
    ) -> RelabelExplanation:
        trace = self.engine.internals.trace(picture)
        probability: float | None = None
        numbers: tuple[str, ...] = ()
        if target.index is not None:
            probability = float(trace.probabilities[0, target.index])
            numbers = trace.network.readout.warnings(trace.probabilities[0].detach().cpu())
        attribution = Attribution(
            values=surrogate.values.cpu().numpy(),
            method=CARD.name,
            title=CARD.title,
            target=target,
            parameters=asdict(self.options),
            score=float(trace.score(target)[0]),
            probability=probability,
            seconds=time.perf_counter() - started,
            seed=self.options.seed,
            input_size=(picture.input.shape[-2], picture.input.shape[-1]),
            pixels=picture.pixels,
            model=self.engine.name,
            signed=CARD.signed,
            picture_name=picture.name,
            picture_digest=picture.digest.hex(),
            unit=trace.unit,
            warnings=(*warnings_of(surrogate, self.engine), *numbers),
        )
        return RelabelExplanation.of(attribution, surrogate, self.engine)

    def __repr__(self) -> str:
        return f"RelabelDistillation({self.engine!r}, {type(self.vae).__name__}, {self.options})"


def bind(engine: Engine, vae: VAE) -> Method:
    """Give an engine the method ``relabel_distillation`` with this VAE, in place of any other.

        xw.relabel.bind(engine, vae)
        engine.explain("cat.jpg", "relabel_distillation", samples=500)

    Raises ExplanationError where `vae` has no encode and decode.
    """
    RelabelDistillation(engine, vae)  # refuses anything that is not a VAE

    def relabel_distillation(
        trace: Trace, target: Target, **values: Any
    ) -> Iterator[Progress[Values]]:
        options = RelabelDistillation(engine, vae, **values).options
        streams = [fit_surrogates(engine, vae, options, x[None], target) for x in trace.input.cpu()]
        fractions = [0.0] * len(streams)
        latest: list[Surrogate | None] = [None] * len(streams)
        while min(fractions) < 1:  # one step of each in turn: some search longer for their scale
            changed = False
            for i, stream in enumerate(streams):
                step = next(stream, Progress(1.0, None))
                fractions[i] = step.fraction
                if step.result is not None:
                    latest[i], changed = step.result, True
            surrogates = [surrogate for surrogate in latest if surrogate is not None]
            if len(surrogates) < len(streams):
                continue
            if changed:
                maps = Values(
                    torch.stack([surrogate.values for surrogate in surrogates]),
                    [warnings_of(surrogate, engine) for surrogate in surrogates],
                )
            yield Progress(min(fractions), maps)  # unchanged maps too: it can be stopped here

    card = replace(CARD, function=relabel_distillation)
    engine.add_method(card)
    return card
