"""Two small networks of Fashion-MNIST: one trained plainly, one towards clearer input gradients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from xai_widgets.demo.small_network import recipe_of
from xai_widgets.engine import Engine
from xai_widgets.training import build

_ARMS = {"baseline": "Baseline", "regularised": "Trained for its gradients"}


def gradient_pair() -> tuple[Engine, Engine]:
    """Return engines over two networks of the same beginning, batches and recipe: trained by
    cross-entropy alone, and by `training.interpretable_gradient_loss` too.

    `gradient_recipe` tells how each was made and what was measured of it.
    """
    baseline, regularised = (_engine(arm) for arm in _ARMS)
    return baseline, regularised


def gradient_recipe(arm: str = "regularised") -> dict[str, Any]:
    """Return how a network of the pair ("baseline", "regularised") was trained and what was
    measured of it then.
    """
    return recipe_of(_weights(arm))


def _engine(arm: str) -> Engine:
    recipe = gradient_recipe(arm)
    network = build(recipe["model"], 1, len(recipe["class_names"]))
    stored = load_file(_weights(arm))
    network.load_state_dict(
        {name: t.float() if t.is_floating_point() else t for name, t in stored.items()}
    )
    return Engine(
        network.eval(),
        preprocessing=recipe["preprocessing"],
        class_names=recipe["class_names"],
        name=_ARMS[arm],
    )


def _weights(arm: str) -> Path:
    return Path(__file__).parent / f"gradients_{arm}.safetensors"
