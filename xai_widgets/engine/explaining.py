"""A method at work on a recorded pass: its steps, as attributions."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from xai_widgets.attribution import Attribution
from xai_widgets.images import Picture
from xai_widgets.methods import Method
from xai_widgets.probe.guard import ordinary_modes
from xai_widgets.probe.trace import Trace
from xai_widgets.targets import Target, probabilities_of


@dataclass(frozen=True)
class Progress:
    """How far an explanation has come, as a fraction of 1, and what it says so far."""

    fraction: float
    attribution: Attribution


@dataclass(frozen=True)
class Asked:
    """A method, the target and the layer it explains, and all of its parameters."""

    method: Method
    target: Target
    layer: str | None
    parameters: Mapping[str, Any]

    def attribution(self, values: Tensor, picture: Picture, **known: Any) -> Attribution:
        """Values (C, H, W) or (h, w) with where they came from."""
        return Attribution(
            values=np.ascontiguousarray(values.detach().float().cpu().numpy()),
            method=self.method.name,
            title=self.method.title,
            target=self.target,
            layer=self.layer,
            parameters=self.parameters,
            seed=self.parameters.get("seed"),
            input_size=(picture.input.shape[-2], picture.input.shape[-1]),
            pixels=picture.pixels,
            space=self.method.space,
            **known,
        )


def steps(
    asked: Asked, trace: Trace, pictures: Sequence[Picture], model: str
) -> Iterator[tuple[float, list[Attribution]]]:
    """The part done, and what is known by then of each picture of a recorded pass; `model` is the
    network's name.
    """
    started = time.perf_counter()
    work = asked.method.run(trace, asked.target, asked.layer, asked.parameters)
    scores = trace.score(asked.target).tolist()
    probabilities: list[float | None] = [None] * len(pictures)
    if asked.target.index is not None:
        probabilities = probabilities_of(trace.logits)[:, asked.target.index].tolist()
    while True:
        # Not around the loop: a caller's own modes must be back whenever this generator pauses.
        with ordinary_modes():
            step = next(work, None)
            if step is None:
                return
            fraction, values = step.fraction, step.result.tensor
            gaps = _gaps(asked, trace, values) if fraction >= 1 else None
        seconds = time.perf_counter() - started
        yield (
            fraction,
            [
                asked.attribution(
                    values[i],
                    picture,
                    score=scores[i],
                    probability=probabilities[i],
                    seconds=seconds,
                    model=model,
                    completeness_gap=None if gaps is None else gaps[i],
                    warnings=step.result.warnings[i] if step.result.warnings else (),
                )
                for i, picture in enumerate(pictures)
            ],
        )


def _gaps(asked: Asked, trace: Trace, values: Tensor) -> list[float] | None:
    gaps = asked.method.completeness_gap(trace, asked.target, values, asked.parameters)
    return None if gaps is None else gaps.tolist()
