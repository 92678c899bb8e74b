"""The networks of a comparison, one a row: given as engines, or as checkpoints of one."""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xai_widgets.engine import Engine
from xai_widgets.engine.arguments import check_engine
from xai_widgets.errors import ExplanationError, brief, readable
from xai_widgets.files import path_of
from xai_widgets.widgets.comparison.checkpoints import check_state_dict, read_weights


@dataclass(frozen=True, eq=False)
class Row:
    """A network, what it is called here, and how often it is right (0 to 1), if anybody said."""

    name: str
    engine: Engine
    accuracy: float | None = None


def rows_of(
    engines: Engine | Sequence[Engine] | Mapping[str, Engine],
    checkpoints: Mapping[str, Any] | None,
    names: Sequence[str] | None,
    accuracies: Sequence[float | None] | Mapping[str, float] | None,
) -> list[Row]:
    """The rows of a comparison. `checkpoints` are weights (a state dict, or a file of one) that
    copies of the one engine's network are given; the network itself is not a row then.

    Raises ExplanationError for anything that is not an engine, weights that do not fit, and where
    there is not one name or accuracy for each network.
    """
    if checkpoints is not None:
        if not isinstance(engines, Engine):
            raise ExplanationError("checkpoints are of one network; expected a single engine")
        if not isinstance(checkpoints, Mapping):
            raise ExplanationError(
                f"checkpoints is {brief(checkpoints)}; expected a mapping from names to weights, "
                'such as {"epoch 1": "first.pth"}'
            )
        engines = {str(name): with_weights(engines, name, w) for name, w in checkpoints.items()}
    if isinstance(engines, Mapping):
        names = list(engines) if names is None else names
        engines = list(engines.values())
    given: list[Any] = list(engines) if isinstance(engines, (list, tuple)) else [engines]
    for engine in given:
        check_engine(engine, "GradientComparison(engine, image)")
    if not given:
        raise ExplanationError("there is no network to compare; expected one engine or more")
    if names is None:
        names = _distinct([engine.name for engine in given])
    called = [readable(str(name)) for name in names]
    if len(called) != len(given) or len(set(called)) < len(called):
        raise ExplanationError(
            f"names is {called}; expected {len(given)} different names, one for each network"
        )
    if isinstance(accuracies, Mapping):
        unknown = [name for name in accuracies if name not in called]
        if unknown:
            raise ExplanationError(f"accuracies has {unknown[0]!r}; the networks are {called}")
        accuracies = [accuracies.get(name) for name in called]
    shares = [None] * len(given) if accuracies is None else list(accuracies)
    if len(shares) != len(given):
        raise ExplanationError(
            f"accuracies has {len(shares)} numbers; expected {len(given)}, one for each network"
        )
    for share in shares:
        if share is not None and not (math.isfinite(share) and 0 <= share <= 1):
            raise ExplanationError(f"accuracies has {brief(share)}; expected shares from 0 to 1")
    return [Row(*row) for row in zip(called, given, shares, strict=True)]


def with_weights(engine: Engine, name: str, weights: Any) -> Engine:
    """The same engine over a copy of its network with other weights, or those of a file."""
    what = f"checkpoint {name!r}"
    if isinstance(weights, (str, bytes, os.PathLike)):
        path = path_of(weights, what)
        weights = read_weights(path)
        what = f"{what} ({path.name})"
    check_state_dict(what, weights)
    network = copy.deepcopy(engine.model)
    try:
        network.load_state_dict(weights)
    except Exception as problem:  # a network may take its weights in a way of its own
        first = [brief(line, 300)[1:-1] for line in str(problem).strip().splitlines()[:2]]
        raise ExplanationError(f"{what} does not fit the network: {' '.join(first)}") from problem
    return Engine(
        network,
        preprocessing=engine.preprocessing,
        channels=engine.internals.preprocessor.channels,
        class_names=engine.class_names,
        layer=engine.layer,
        name=str(name),
        **engine.internals.readout.options(),
    )


def _distinct(names: Sequence[str]) -> list[str]:
    """The same names, numbered where several are alike."""
    return [
        f"{name} {names[: i + 1].count(name)}" if names.count(name) > 1 else name
        for i, name in enumerate(names)
    ]
