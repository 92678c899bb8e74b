"""A method at work on a recorded pass of one picture or more, and on several layers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor

from xai_widgets.attribution import Attribution
from xai_widgets.engine.cautions import cautions
from xai_widgets.engine.internals import Internals
from xai_widgets.errors import ExplanationError
from xai_widgets.images import Picture
from xai_widgets.interrupts import interruptible
from xai_widgets.methods import Method
from xai_widgets.probe.guard import ordinary_modes
from xai_widgets.probe.recording import StaleError
from xai_widgets.probe.trace import Trace
from xai_widgets.progress import Progress
from xai_widgets.targets import Target, TargetLike

_T = TypeVar("_T")
_ATTEMPTS = 3
# A request that takes longer looks again whether the network is as it was.
_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class MethodCall:
    """A method, the target and the layer it explains, and all of its parameters."""

    method: Method
    target: Target
    layer: str | None
    parameters: Mapping[str, Any]

    @property
    def changes_rectifiers(self) -> bool:
        """Whether the gradient passes rectifiers by another rule than their derivative."""
        return self.method.changes_rectifiers(self.parameters)

    def attribution(
        self, values: Tensor, picture: Picture, target: Target, **details: Any
    ) -> Attribution:
        """Values (C, H, W) or (h, w), with their origin."""
        return Attribution(
            values=np.ascontiguousarray(values.detach().float().cpu().numpy()),
            method=self.method.name,
            title=self.method.title,
            target=target,
            layer=self.layer,
            parameters=self.parameters,
            seed=self.parameters.get("seed"),
            input_size=(picture.input.shape[-2], picture.input.shape[-1]),
            pixels=picture.pixels,
            space=self.method.space,
            signed=self.method.signed,
            picture_name=picture.name,
            picture_digest=picture.digest.hex(),
            **details,
        )


def explain_picture(
    internals: Internals,
    picture: Picture,
    method: Method,
    target: TargetLike,
    layer: str | None,
    parameters: Mapping[str, Any],
) -> Iterator[Progress[Attribution]]:
    """The steps of explaining one picture; a single one where the result is kept from before."""

    def steps() -> Iterator[Progress[Attribution]]:
        started = time.perf_counter()
        needs = internals.needs(method, parameters)
        needs = "everything" if needs == "input" else needs
        trace = internals.fresh_trace(picture, method, parameters, layer)
        fresh = trace is not None
        if trace is None:
            trace = internals.trace(picture, needs, layer)
        call = MethodCall(
            method,
            internals.target(target, trace),
            internals.resolve_layer(trace, layer) if method.takes_layer else None,
            parameters,
        )
        # The function, not its name: a method of the user's own may have been defined anew.
        asked = (method.function, call.target, call.layer, tuple(sorted(parameters.items())))
        key, partly = (trace.key, *asked), not trace.is_whole
        kept = None if fresh else internals.results.get(key)
        if kept is not None:
            yield Progress(1.0, kept)
            return
        for step in run(call, trace, [picture], internals.name):
            (attribution,) = step.result
            attribution = replace(attribution, seconds=time.perf_counter() - started)
            if step.fraction >= 1:
                internals.note_read(method, parameters, trace, partly=partly)
                if not fresh:
                    internals.results.put(key, attribution, attribution.values.nbytes)
            yield Progress(min(step.fraction, 1.0), attribution)

    return of_one_state(internals, steps)


def of_one_state(internals: Internals, steps: Callable[[], Iterator[_T]]) -> Iterator[_T]:
    """The steps, from the beginning again where the network was found to have changed meanwhile.

    Raises ExplanationError for a network that changes all the time.
    """
    for _ in range(_ATTEMPTS):
        with suppress(StaleError):
            yield from steps()
            return
        # It changed in a way that is seen only where it runs: nothing recorded holds.
        internals.forget()
    raise ExplanationError(
        f"{internals.name} changes while it is being explained; stop what changes it (training, "
        "another thread), then ask again"
    )


def explain_layers(
    layers: Sequence[Iterator[Progress[Attribution]]],
) -> Iterator[Progress[Attribution]]:
    """The steps of one layer after another, each with the map of all layers so far."""
    done: list[Attribution] = []
    for steps in layers:
        for step in steps:
            fraction = (len(done) + step.fraction) / len(layers)
            yield Progress(fraction, _fused([*done, step.result]))
        done.append(step.result)


def run(
    call: MethodCall, trace: Trace, pictures: Sequence[Picture], model: str
) -> Iterator[Progress[list[Attribution]]]:
    """The method's steps, with an attribution for each picture of the recorded pass; `model` is the
    network's name.
    """
    started = time.perf_counter()
    work = call.method.run(trace, call.target, call.layer, call.parameters)
    looked = started
    scores = trace.score(call.target).tolist()
    targets = [call.target.of(i) for i in range(len(pictures))]
    probabilities = _probabilities(trace, targets)
    unit = trace.unit
    rule_warnings = trace.rectifier_warnings if call.changes_rectifiers else ()
    while True:
        # Not around the loop: a caller's own modes must be back whenever this generator pauses.
        with ordinary_modes(), trace.held():
            step = interruptible(next, work, None)
            if step is None:
                return
            values, warnings = step.result.tensor, step.result.warnings
            gaps: list[float] | None = None
            if step.fraction >= 1:
                gaps = _gaps(call, trace, values)
                warnings = cautions(
                    trace, call.method, call.target, call.layer, values.detach(), warnings
                )
        if time.perf_counter() - looked > _LOOK_SECONDS:
            # What was computed is of one state of the network: it still has it.
            trace.look(call.target)
            looked = time.perf_counter()
        seconds = (time.perf_counter() - started) / len(pictures)
        attributions = [
            call.attribution(
                values[i],
                picture,
                targets[i],
                score=scores[i],
                probability=probabilities[i],
                seconds=seconds,
                model=model,
                completeness_gap=None if gaps is None else gaps[i],
                warnings=(
                    *picture.warnings,
                    *rule_warnings,
                    *(warnings[i] if warnings else ()),
                ),
                unit=unit,
            )
            for i, picture in enumerate(pictures)
        ]
        yield Progress(step.fraction, attributions)
        looked = -math.inf  # it may have changed while this paused


def _probabilities(trace: Trace, targets: Sequence[Target]) -> list[float | None]:
    """What each picture's score means; None for a function of the output."""
    if all(target.index is None for target in targets):
        return [None] * len(targets)
    rows = trace.probabilities
    return [
        None if target.index is None else float(rows[i, target.index])
        for i, target in enumerate(targets)
    ]


def _gaps(call: MethodCall, trace: Trace, values: Tensor) -> list[float] | None:
    gaps = call.method.completeness_gap(trace, call.target, values, call.parameters)
    return None if gaps is None else gaps.tolist()


def _fused(attributions: Sequence[Attribution]) -> Attribution:
    """The mean of layers' maps, each divided by its largest magnitude and enlarged (bilinear) to
    the size of the largest, (h, w). Dividing keeps zero and sign, and lets no layer drown another.
    """
    if len(attributions) == 1:
        return attributions[0]
    maps = [torch.from_numpy(np.array(attribution.values)) for attribution in attributions]
    size = max((tuple(values.shape) for values in maps), key=lambda shape: shape[-2] * shape[-1])
    total = torch.zeros(size, device="cpu")
    for values in maps:
        largest = values.abs().max().clamp_min(torch.finfo(values.dtype).tiny)
        total += F.interpolate((values / largest)[None, None], size=size, mode="bilinear")[0, 0]
    return replace(
        attributions[-1],
        values=(total / len(maps)).numpy(),
        layer=" + ".join(str(attribution.layer) for attribution in attributions),
        seconds=sum(attribution.seconds for attribution in attributions),
        warnings=tuple(dict.fromkeys(w for a in attributions for w in a.warnings)),
    )
