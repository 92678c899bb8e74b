"""What every network of the zoo is asked; an answer is right, or refused in words, or wrong."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tests.condition import Condition
from tests.zoo.specimen import Cell, Specimen
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.probe.layers import Layer
from xai_widgets.targets import logits_of

Row = dict[str, str]
_SPOTS = 4  # along each side
_LOCAL = 0.15
_UNPLACED = (
    "given: with random weights, attention to all places drowns what this map keeps of each place, "
    "so that its place over the picture could not be checked"
)
_ATTENTION = ("attention_rollout", "gradient_attention", "legrad")


class Wrong(AssertionError):
    """An answer that is not the network's."""


def examine(specimen: Specimen) -> Row:
    """Every question to one network, on an engine that keeps what it learned from the ones before;
    `left` is whether the network is as it was found.
    """
    network = specimen.build()
    x = specimen.picture(seed=7)
    with torch.no_grad():
        answer = _logits(network, x[None])[0]
    target = int(answer.argmax())
    before, copied = Condition.of(network), _copy_of(network)
    engine = Engine(network)
    row: Row = {"family": specimen.family, "source": specimen.source}
    row["quick"] = "yes" if specimen.quick else ""
    for cell in _QUESTIONS:
        row[cell] = _asked(specimen, cell, engine, x, target)
        if row[cell].startswith("wrong") and cell in _ROUNDED and copied is not None:
            # Rounding may have turned one of a million rectifiers over: not in double precision.
            double = Engine(copy.deepcopy(copied).double())
            row[cell] = _asked(specimen, cell, double, x, target)
    row["left"] = _left(network, before, copied, x, answer)
    return row


def wrong(row: Row) -> Row:
    """The cells of a row that are neither right nor refused in words."""
    return {cell: found for cell, found in row.items() if found.startswith("wrong")}


def _asked(specimen: Specimen, cell: Cell, engine: Engine, x: Tensor, target: int) -> str:
    question = _QUESTIONS[cell]
    if cell == "layer":
        question = partial(_layer, mixed=specimen.mixed) if specimen.local else _layer_mixed
    try:
        question(engine, x, target)
    except ExplanationError as error:
        allowed = {**_MAY_REFUSE, **specimen.refuses}.get(cell)
        refused = f"refused: {error}"
        return refused if allowed is not None and allowed in refused else f"wrong: {refused}"
    except Wrong as error:
        return f"wrong: {error}"
    except Exception as error:
        return f"wrong: raised {type(error).__name__}: {str(error)[:200]}"
    if cell in specimen.refuses:
        return f"wrong: expected a refusal about {specimen.refuses[cell]!r}"
    return _UNPLACED if question is _layer_mixed else "right"


def _logits(network: nn.Module, x: Tensor) -> Tensor:
    return logits_of(network(x), batch=len(x))


def _near(found: Any, expected: Any, tolerance: float, what: str) -> None:
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    if found.shape != expected.shape:
        raise Wrong(f"{what} has shape {found.shape}, expected {expected.shape}")
    largest = float(np.abs(expected).max())
    apart = float(np.abs(found - expected).max()) / max(largest, 1e-30)
    if not apart <= tolerance:
        raise Wrong(f"{what} is off by {apart:.2g} of its largest value")


def _prediction(engine: Engine, x: Tensor, target: int) -> None:
    with torch.no_grad():
        expected = _logits(engine.model, _as_taken(engine, x[None]))[0].softmax(0)
    apart = float(np.abs(engine.predict(x).probabilities - expected.numpy()).max())
    if not apart <= 1e-4:
        raise Wrong(f"a probability is off by {apart:.2g}")


def _saliency(engine: Engine, x: Tensor, target: int) -> None:
    # Two pictures: torch 2.13's batch norm is wrong for a single one whose gradient is transposed.
    pair = _as_taken(engine, torch.stack([x, x.flip(-1)])).requires_grad_(True)
    with torch.enable_grad():
        score = _logits(engine.model, pair)[0, target]
        (expected,) = torch.autograd.grad(score, pair)
    found = engine.explain(x, "saliency", target=target).values
    _near(found, expected[0], 1e-3, "saliency")


def _as_taken(engine: Engine, x: Tensor) -> Tensor:
    return x.to(next(engine.model.parameters()).dtype)


def _layer(engine: Engine, x: Tensor, target: int, mixed: Sequence[str] = ()) -> None:
    """A bright spot that moves in the picture moves in the map of the default layer, and of the
    first layer of every other resolution but those that are `mixed`.
    """
    layers = {engine.internals.trace(engine.picture(x)).map(_layer_mixed(engine, x, target)).name}
    layers |= {one.name for one in _first_of_each_size(engine, x) if one.name not in mixed}
    still = _maps(engine, x, layers)
    spots = list(np.ndindex(_SPOTS, _SPOTS))
    changed = [_maps(engine, _with_spot(x, *spot), layers) for spot in spots]
    for layer, map in still.items():
        changes = torch.stack([(maps[layer] - map).norm(dim=0) for maps in changed])
        agreement = moves_with(np.array(spots), changes.numpy())
        for direction, found in zip(("down", "across"), agreement, strict=True):
            if not found > _LOCAL:
                size = " x ".join(str(side) for side in map.shape[-2:])
                raise Wrong(
                    f"where a spot is {direction} the picture and where {layer} ({size}) changes "
                    f"agree by {found:.2f}, expected more than {_LOCAL}"
                )


def _first_of_each_size(engine: Engine, x: Tensor) -> list[Layer]:
    found = engine.internals.describe_layers(x)
    return list({layer.size: layer for layer in reversed(found)}.values())


def _layer_mixed(engine: Engine, x: Tensor, target: int) -> str:
    """The default layer, which Grad-CAM explains and which has more than one place."""
    found = engine.explain(x, "grad_cam", target=target)
    if not np.isfinite(found.values).all():
        raise Wrong("Grad-CAM is not finite")
    layer = engine.layers[0]
    if found.layer != layer:
        raise Wrong(f"Grad-CAM explained {found.layer}, and engine.layers begins with {layer}")
    if min(found.values.shape) < 2:
        raise Wrong(f"the map of {layer} has {found.values.shape} places")
    return layer


def moves_with(spots: Any, changes: Any) -> tuple[float, float]:
    """How far a map's changes (S, h, w) follow the spots (S, 2) that made them, down and across: 0
    where they know nothing of each other, below 0 for a mirrored map.

    It is the correlation, over all spots and places, of log(change) with the product of the spot's
    and the place's coordinates, after what is common to a spot (squeeze and excitation changes all
    places) and what is common to a place (some answer to everything) has been taken out of both.
    """
    size = changes.shape[1:]
    changes = changes.reshape(len(changes), -1)
    logs = _centred(np.log(changes + 1e-3 * changes.max() + 1e-30))
    places = np.array(list(np.ndindex(*size)))
    found = []
    for axis in (0, 1):
        near = _centred(np.multiply.outer(spots[:, axis], places[:, axis]).astype(float))
        found.append(float((logs * near).sum() / np.sqrt((logs**2).sum() * (near**2).sum())))
    return found[0], found[1]


def _centred(table: Any) -> Any:
    return table - table.mean(0) - table.mean(1)[:, None] + table.mean()


def _maps(engine: Engine, x: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
    trace = engine.internals.trace(engine.picture(x))
    return {layer: trace.activation(layer)[0].double() for layer in layers}


def _with_spot(x: Tensor, down: int, across: int) -> Tensor:
    """The picture with a bright spot of other noise in one cell of a grid."""
    (top, bottom), (left, right) = (
        (n * k // _SPOTS, n * (k + 1) // _SPOTS)
        for n, k in zip(x.shape[-2:], (down, across), strict=True)
    )
    spotted = x.clone()
    spot = spotted[:, top:bottom, left:right]
    spot += 2 + torch.randn(spot.shape, generator=torch.Generator().manual_seed(11))
    return spotted


def _guided(engine: Engine, x: Tensor, target: int) -> None:
    plain = engine.explain(x, "saliency", target=target).values
    for method in ("guided_backprop", "deconvnet"):
        found = engine.explain(x, method, target=target)
        _is_a_map(found.values, method)
        apart = np.abs(found.values - plain).max() / np.abs(plain).max()
        if apart < 1e-4 and not found.warnings:
            raise Wrong(f"{method} is the plain gradient, and says nothing of it")


def _attention(engine: Engine, x: Tensor, target: int) -> None:
    for method in _ATTENTION:
        _is_a_map(engine.explain(x, method, target=target).values, method)


def _is_a_map(values: Any, method: str) -> None:
    if not np.isfinite(values).all():
        raise Wrong(f"{method} is not finite")
    if float(np.ptp(values)) == 0:
        raise Wrong(f"{method} is the same everywhere")


def _occlusion(engine: Engine, x: Tensor, target: int) -> None:
    """The score's fall where each quarter of the picture is covered."""
    side = -(-max(x.shape[-2:]) // 2)
    found = engine.explain(x, "occlusion", target=target, window=side, stride=side).values
    found = found.reshape(-1, *x.shape[-2:])[0]
    with torch.no_grad():
        whole = _logits(engine.model, _as_taken(engine, x[None]))[0, target]
        for down, across in ((0, 0), (0, side), (side, 0), (side, side)):
            if down >= x.shape[-2] or across >= x.shape[-1]:
                continue
            covered = x.clone()
            covered[:, down : down + side, across : across + side] = 0
            fall = whole - _logits(engine.model, _as_taken(engine, covered[None]))[0, target]
            apart = abs(float(fall) - float(found[down, across]))
            if not apart <= 1e-3 * max(abs(float(whole)), abs(float(fall))):
                said = f"occlusion says {found[down, across]:.4g}"
                raise Wrong(f"{said}, the score falls by {float(fall):.4g}")


def _copy_of(network: nn.Module) -> nn.Module | None:
    try:
        return copy.deepcopy(network)
    except Exception:
        return None


def _left(
    network: nn.Module, before: Condition, copied: nn.Module | None, x: Tensor, answer: Tensor
) -> str:
    changed = before.differences(Condition.of(network))
    if changed:
        return f"wrong: {', '.join(changed[:5])}"
    again = _copy_of(network)
    if (copied is None) != (again is None):
        return "wrong: the network could be copied before and cannot be now"
    with torch.no_grad():
        for one in (network, *([again] if again is not None else [])):
            if not torch.equal(_logits(one, x[None])[0], answer):
                return "wrong: the network answers otherwise than before"
    return "right"


_QUESTIONS: dict[Cell, Callable[[Engine, Tensor, int], object]] = {
    "prediction": _prediction,
    "saliency": _saliency,
    "layer": _layer,
    "guided": _guided,
    "attention": _attention,
    "occlusion": _occlusion,
}
_ROUNDED = ("prediction", "saliency", "occlusion")
# Words that a refusal must have where the specimen says nothing of it.
_MAY_REFUSE: dict[Cell, str] = {"guided": "rectifiers", "attention": "attention"}
