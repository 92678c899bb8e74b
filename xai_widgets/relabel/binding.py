"""Re-label distillation as a method of an engine, like any other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch

from xai_widgets.engine import Engine
from xai_widgets.methods.registry import Method, Values
from xai_widgets.probe.trace import Trace
from xai_widgets.progress import Progress
from xai_widgets.relabel.autoencoders.vae import VAE
from xai_widgets.relabel.distillation import CARD, RelabelDistillation
from xai_widgets.relabel.lesson import Lesson, lessons
from xai_widgets.relabel.verdict import warnings_of
from xai_widgets.targets import Target


def bind(engine: Engine, vae: VAE) -> Method:
    """Give an engine the method ``relabel_distillation`` with this VAE; again, with another.

        xw.relabel.bind(engine, vae)
        engine.explain("cat.jpg", "relabel_distillation", samples=500)

    Raises ExplanationError where `vae` has no encode and decode.
    """
    RelabelDistillation(engine, vae)  # refuses what is no VAE

    def relabel_distillation(
        trace: Trace, target: Target, **options: Any
    ) -> Iterator[Progress[Values]]:
        recipe = RelabelDistillation(engine, vae, **options).recipe
        streams = [lessons(engine, vae, recipe, x[None], target) for x in trace.input.cpu()]
        done = [0.0] * len(streams)
        found: list[Lesson | None] = [None] * len(streams)
        values, doubts = torch.empty(0), []
        while min(done) < 1:  # in turns: where one searches longer, it has its maps later
            news = False
            for i, stream in enumerate(streams):
                done[i], lesson = next(stream, (1.0, None))
                found[i], news = lesson or found[i], news or lesson is not None
            known = [lesson for lesson in found if lesson is not None]
            if len(known) < len(streams):
                continue
            if news:
                values = torch.stack([lesson.values for lesson in known])
                doubts = [warnings_of(lesson, engine) for lesson in known]
            yield Progress(
                min(done), Values(values, doubts)
            )  # old ones too: between two steps it can be stopped

    card = replace(CARD, function=relabel_distillation)
    engine.add_method(card)
    return card
