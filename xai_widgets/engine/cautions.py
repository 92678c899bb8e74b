"""What has to be known of a finished map before it is believed: sentences for its `warnings`."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from xai_widgets.errors import ExplanationError
from xai_widgets.methods import Method
from xai_widgets.probe.trace import Trace
from xai_widgets.targets import Target

RANDOM = (
    "The network draws random numbers when it runs (as dropout in evaluation does): another run "
    "gives other numbers and another map."
)
EMPTY = "The map is zero everywhere"
_OF_DIFFERENCES = frozenset({"Perturbation", "Surrogate"})
_DIGITS = {torch.float16: "float16, of 3 digits", torch.bfloat16: "bfloat16, of 2 digits"}
# So near to 0 or 1 the slope of a softmax or sigmoid is mostly rounding, in single precision.
_SATURATED, _NEARLY = 1e-6, 1e-3


def cautions(
    trace: Trace,
    method: Method,
    target: Target,
    layer: str | None,
    values: Tensor,
    given: Sequence[tuple[str, ...]],
) -> list[tuple[str, ...]]:
    """For each picture of a recorded pass the method's own warnings, those about the network's
    numbers, why the map (N, ...) is empty where it is, and those about what was read of the pass.
    """
    read = trace.warnings(
        target, layer
    )  # before more is read of it, to find out why a map is empty
    readout = trace.network.readout
    targets = [target.of(i) for i in range(len(values))]
    of_classes = any(own.index is not None for own in targets)
    probabilities = trace.probabilities.detach().cpu() if of_classes else None
    finite = values.isfinite().flatten(1).all(1).tolist()
    filled = (values != 0).flatten(1).any(1).tolist()
    said: list[tuple[str, ...]] = []
    for i in range(len(values)):
        own = list(given[i]) if given else []
        if trace.random:
            own.append(RANDOM)
        if not finite[i]:
            lost = int((~values[i].isfinite()).sum())
            own.append(f"{lost:,} of {values[i].numel():,} values are not finite numbers.")
        if method.family in _OF_DIFFERENCES and (coarse := _DIGITS.get(trace.input.dtype)):
            own.append(
                f"The network computes in {coarse}: a map made of small differences between its "
                "scores is partly rounding. Explain a copy of it in single precision: "
                "Engine(copy.deepcopy(model).float())."
            )
        saturated, index = "", targets[i].index
        if probabilities is not None and index is not None:
            own += readout.warnings(probabilities[i])
            saturated = _saturated(trace, float(probabilities[i, index]), not filled[i])
        if not filled[i] and finite[i]:
            reason = saturated or _why_empty(trace, method, target, layer, i)
            own.append(f"{EMPTY}: {reason}")
        elif saturated:
            own.append(f"{saturated[0].upper()}{saturated[1:]}")
        said.append(tuple(dict.fromkeys([*own, *read])))
    return said


def _saturated(trace: Trace, probability: float, empty: bool) -> str:
    """Why a probability of a network that ends in a softmax or sigmoid has no slope."""
    ends = trace.network.readout.ends_in
    limit = _NEARLY if empty else _SATURATED
    if ends is None or min(abs(probability), abs(1 - probability)) > limit:
        return ""
    name = "a softmax" if ends != "sigmoid" else "a sigmoid"
    effect = "so it has no slope" if empty else "so its slope is little more than rounding"
    return (
        f"the network ends in {name}, so its probability is explained and not its logit, and at "
        f"{probability:.7g} that is saturated, {effect}. Leave that last layer out of the network "
        "to explain the logit."
    )


def _why_empty(trace: Trace, method: Method, target: Target, layer: str | None, item: int) -> str:
    x, name = trace.input[item], target.of(item).name
    if layer is not None and (reason := _why_empty_at(trace, method, target, layer, item)):
        return reason
    if bool((x == x.flatten()[0]).all()):
        black = trace.black is not None and bool(
            torch.allclose(x.flatten(1)[:, 0].cpu().float(), trace.black.float(), atol=1e-4)
        )
        return f"the picture is {'black' if black else 'of one value'} all over."
    try:
        slope = trace.gradient(target)[item]
    except ExplanationError:
        return f"{method.title} found nothing that the score of {name} depends on."
    if not bool(slope.any()):
        return (
            f"the score of {name} does not change with small changes of this picture: its "
            "gradient is zero, as it is where rectifiers have cut everything off."
        )
    return f"{method.title} found nothing that the score of {name} depends on."


def _why_empty_at(trace: Trace, method: Method, target: Target, layer: str, item: int) -> str:
    name = target.of(item).name
    try:
        activation = trace.activation(layer)[item]
        slope = trace.layer_gradient(target, layer)[item]
    except ExplanationError:
        return ""
    if not bool(activation.any()):
        return f'nothing but zeros comes out of layer "{layer}" for this picture.'
    if not bool(slope.any()):
        return f'the score of {name} has no slope at layer "{layer}".'
    if method.signed:
        return ""
    return (
        f'what layer "{layer}" holds counts against {name} rather than for it, and '
        f"{method.title} leaves that out; hires_cam shows both."
    )
