"""Requests for every registered method, made cheap."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from tests.networks import (
    picture,
)
from xai_widgets.engine import Engine
from xai_widgets.methods import METHODS, Method

Values = npt.NDArray[np.float32]
X = picture()
OTHER = picture(seed=1)
CLASS = 3  # all methods have something to say of it on both networks

# The methods that have something to say of a network without attention.
EVERYWHERE = {name: m for name, m in METHODS.items() if not m.needs_attention}

# What makes a method that needs many passes cheap; by parameter, so that new methods are met too.
CHEAP: dict[str, Any] = {"window": 8, "stride": 4, "samples": 12, "steps": 12, "count": 6}
# One that would be done at the first step with these.
CHEAP_FOR: dict[str, dict[str, Any]] = {"feature_ablation": {"count": 12}}


def cheap(method: Method) -> dict[str, Any]:
    given = {p.name: CHEAP[p.name] for p in method.parameters if p.name in CHEAP}
    return {**given, **CHEAP_FOR.get(method.name, {})}


def explain(engine: Engine, method: str, x: Tensor = X, target: Any = CLASS) -> Values:
    return engine.explain(x, method, target=target, **cheap(METHODS[method])).values
