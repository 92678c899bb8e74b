"""The networks of a comparison, one a row: given as engines, or as checkpoints of one."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from xai_widgets.engine import Engine
from xai_widgets.engine.arguments import check_engine
from xai_widgets.errors import ExplanationError, brief


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
    called = [str(name) for name in names]
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
    """The same engine over a copy of its network with other weights."""
    if isinstance(weights, (str, Path)):
        weights = _read(Path(weights))
    network = copy.deepcopy(engine.model)
    try:
        network.load_state_dict(weights)
    except (RuntimeError, TypeError, AttributeError) as problem:
        first = str(problem).strip().splitlines()
        raise ExplanationError(
            f"checkpoint {name!r} does not fit the network: {' '.join(first[:2])}"
        ) from problem
    return Engine(
        network,
        preprocessing=engine.preprocessing,
        channels=engine.internals.preprocessor.channels,
        class_names=engine.class_names,
        layer=engine.layer,
        name=str(name),
        **engine.internals.readout.options(),
    )


def _read(path: Path) -> Any:
    if not path.is_file():
        raise ExplanationError(f"there is no checkpoint {path}; expected a file of weights")
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as problem:  # whatever the file holds
        raise ExplanationError(f"{path.name} is no file of weights: {problem}") from problem


def _distinct(names: Sequence[str]) -> list[str]:
    """The same names, numbered where several are alike."""
    return [
        f"{name} {names[: i + 1].count(name)}" if names.count(name) > 1 else name
        for i, name in enumerate(names)
    ]
