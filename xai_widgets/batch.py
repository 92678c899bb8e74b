"""Many pictures, or many targets, explained in as few runs of the network as memory allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch

from xai_widgets.errors import ExplanationError
from xai_widgets.methods import find
from xai_widgets.targets import Target, TargetLike

if TYPE_CHECKING:
    from xai_widgets.attribution import Attribution
    from xai_widgets.engine import Engine
    from xai_widgets.images import Picture
    from xai_widgets.probe.trace import Trace


def explain_batch(
    engine: Engine,
    images: Sequence[Any],
    method: str,
    targets: TargetLike | Sequence[TargetLike],
    layer: str | None,
    parameters: Mapping[str, Any],
) -> list[Attribution]:
    """See `Engine.explain_batch`."""
    card = find(method)
    resolved = card.resolve(parameters)
    pictures, goals = _paired(engine, [engine.picture(image) for image in images], targets)
    groups: dict[tuple[Any, ...], list[int]] = {}
    for i, (picture, goal) in enumerate(zip(pictures, goals, strict=True)):
        groups.setdefault((tuple(picture.input.shape), goal), []).append(i)
    found: dict[int, Attribution] = {}
    for members in groups.values():
        size = engine.trace(pictures[members[0]]).batch_size()
        for start in range(0, len(members), size):
            some = members[start : start + size]
            chosen = [pictures[i] for i in some]
            trace = _joint_trace(engine, chosen)
            where = engine.resolve_layer(trace, layer) if card.takes_layer else None
            for _, explained in engine.run(chosen, trace, card, goals[some[0]], where, resolved):
                found.update(zip(some, explained, strict=True))
    return [found[i] for i in range(len(pictures))]


def _paired(
    engine: Engine, pictures: list[Picture], targets: TargetLike | Sequence[TargetLike]
) -> tuple[list[Picture], list[Target]]:
    """As many pictures as targets: a single picture stands for each of its targets."""
    if isinstance(targets, str) or not isinstance(targets, Sequence):
        return pictures, [engine.resolve_target(picture, targets) for picture in pictures]
    if len(pictures) == 1:
        pictures = pictures * len(targets)
    if len(pictures) != len(targets):
        raise ExplanationError(
            f"targets has {len(targets)} entries for {len(pictures)} images; expected one for "
            "all, one for each, or a single image"
        )
    pairs = zip(pictures, targets, strict=True)
    return pictures, [engine.resolve_target(picture, target) for picture, target in pairs]


def _joint_trace(engine: Engine, pictures: list[Picture]) -> Trace:
    if len(pictures) == 1:
        return engine.trace(pictures[0])
    return engine.network.trace(torch.cat([picture.input for picture in pictures]))
