"""The small network trained on Fashion-MNIST."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xai_widgets.datasets.fashion_mnist import CLASS_NAMES
from xai_widgets.demo.small_network import SmallNetwork, recipe_of
from xai_widgets.engine import Engine

PREPROCESSING = {"size": 28, "mean": (0.5,), "std": (0.5,)}
WEIGHTS = Path(__file__).parent / "fashion.safetensors"
# The last convolution's map is a quarter of the picture's width: 7 x 7.
STAGES = ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1))


def fashion_network(normalise: bool = False) -> SmallNetwork:
    """Return the network with random weights."""
    return SmallNetwork(1, STAGES, len(CLASS_NAMES), normalise)


def fashion_engine() -> Engine:
    """Return an engine over a small network that tells the ten classes of Fashion-MNIST apart.

    `fashion_recipe` tells how it was made and how right it is.
    """
    network = fashion_network().load(WEIGHTS)
    return Engine(
        network, preprocessing=PREPROCESSING, class_names=CLASS_NAMES, name="Fashion network"
    )


def fashion_recipe() -> dict[str, Any]:
    """Return how the network was trained and what was measured of it then."""
    return recipe_of(WEIGHTS)
