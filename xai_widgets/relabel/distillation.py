"""Re-label distillation: a linear student of the network, taught on pictures that a VAE makes near
one picture and that are labelled anew by whether the network's label shifts.

Source: Hua, Ge, Zhang 2021, "Interpret the Predictions of Deep Networks via Re-Label Distillation",
ICME, arXiv 2409.13137; reconstructed from the public description.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from xai_widgets.attribution import Attribution
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.images import Picture
from xai_widgets.methods.registry import Method, parameters_of
from xai_widgets.probe.guard import global_generators_restored, ordinary_modes
from xai_widgets.relabel.autoencoders.vae import VAE
from xai_widgets.relabel.explanation import RelabelExplanation
from xai_widgets.relabel.lesson import lessons
from xai_widgets.relabel.recipe import Recipe
from xai_widgets.relabel.verdict import warnings_of
from xai_widgets.targets import Target, TargetLike, probabilities_of


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
    parameters=parameters_of(Recipe),
    function=_unbound,
)


@dataclass(frozen=True)
class RelabelProgress:
    """How far a distillation has come, as a fraction of 1, and what it says so far."""

    fraction: float
    explanation: RelabelExplanation


class RelabelDistillation:
    """Explains what an engine's network says of a picture by a linear student, taught on synthetic
    pictures that the VAE makes near it.

        RelabelDistillation(engine, vae, samples=500).explain("cat.jpg", target="tabby")

    z_i = mean(x) + s a_i, x_i = decode(z_i); h_i = 1 where the network still gives x_i the
    reference label, p_i its probability against its strongest rival at the temperature: two
    classes, which agree with h_i. The student minimises α T² KL(p ‖ student_T) + (1 − α) CE(h) +
    λ |W|²; its map is d = W[kept] − W[shifted].

    A target other than the reference label cannot be "kept": then h_i = 1 where its log odds are
    above their median over the neighbourhood, and p_i is counted from that median. The scale is
    still the one at which the reference label turns.

    Options are those of `Recipe`. Raises ExplanationError, in words, for options out of range, a
    VAE that does not fit, or a neighbourhood of one class only.
    """

    def __init__(self, engine: Engine, vae: VAE, **options: Any) -> None:
        if not isinstance(vae, VAE):
            raise ExplanationError(
                f"vae is a {type(vae).__name__}; expected an object with encode and decode"
            )
        self.engine = engine
        self.vae = vae
        self.recipe = Recipe(**CARD.resolve(options))

    def explain(self, image: Any, target: TargetLike = None) -> RelabelExplanation:
        """Explain the network's label of an image, or another target."""
        for progress in self.stream(image, target):
            explanation = progress.explanation
        return explanation

    def stream(self, image: Any, target: TargetLike = None) -> Iterator[RelabelProgress]:
        """Like `explain`, giving a first map after a hundred synthetic pictures; the last has
        fraction 1. Closing it stops the work.

        The picture and the target are checked at once, before the first step.
        """
        picture = self.engine.picture(image)
        return self._steps(picture, self.engine.resolve_target(picture, target))

    def _steps(self, picture: Picture, target: Target) -> Iterator[RelabelProgress]:
        started = time.perf_counter()
        work = lessons(self.engine, self.vae, self.recipe, picture.input, target)
        while True:
            # Not around the loop: a caller's own modes must be back whenever this pauses.
            with ordinary_modes(), global_generators_restored():
                step = next(work, None)
                if step is None:
                    return
                fraction, lesson = step
                if lesson is None:
                    continue
                trace = self.engine.trace(picture)
                probability = None
                if target.index is not None:
                    probability = float(probabilities_of(trace.logits)[0, target.index])
                attribution = Attribution(
                    values=lesson.values.cpu().numpy(),
                    method=CARD.name,
                    title=CARD.title,
                    target=target,
                    parameters=asdict(self.recipe),
                    score=float(trace.score(target)[0]),
                    probability=probability,
                    seconds=time.perf_counter() - started,
                    seed=self.recipe.seed,
                    input_size=(picture.input.shape[-2], picture.input.shape[-1]),
                    pixels=picture.pixels,
                    model=self.engine.name,
                    warnings=warnings_of(lesson, self.engine),
                )
                explanation = RelabelExplanation.of(attribution, lesson, self.engine)
            yield RelabelProgress(fraction, explanation)

    def __repr__(self) -> str:
        return f"RelabelDistillation({self.engine!r}, {type(self.vae).__name__}, {self.recipe})"
