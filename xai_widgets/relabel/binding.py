"""Re-label distillation as a method of an engine, like any other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from xai_widgets.engine import Engine
from xai_widgets.methods.registry import Method
from xai_widgets.probe.trace import Trace
from xai_widgets.relabel.distillation import CARD, RelabelDistillation
from xai_widgets.relabel.lesson import lessons
from xai_widgets.relabel.vae import VAE
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
    ) -> Iterator[tuple[float, Tensor, list[tuple[str, ...]]]]:
        recipe = RelabelDistillation(engine, vae, **options).recipe
        streams = [lessons(engine, vae, recipe, x[None], target) for x in trace.input.cpu()]
        for steps in zip(*streams, strict=True):
            found = [lesson for _, lesson in steps]
            values = torch.stack([lesson.values for lesson in found])
            yield steps[0][0], values, [warnings_of(lesson, engine) for lesson in found]

    card = replace(CARD, function=relabel_distillation)
    engine.add_method(card)
    return card
