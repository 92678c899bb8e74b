"""The autoencoders that come with the package; tools/train_photo_vae.py and train_fashion.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from xai_widgets.errors import ExplanationError, nearest
from xai_widgets.relabel import VAE, load_vae

_FOLDER = Path(__file__).parent
_NAMES = ("photographs", "fashion")


def vae(name: str = "photographs") -> VAE:
    """Return a trained variational autoencoder, frozen.

    "photographs" takes colour pictures of any size to a grid of latents, one for 8 x 8 pixels;
    "fashion" takes Fashion-MNIST's grey pictures of 28 x 28 pixels to one vector of 16.
    `vae_recipe` tells how they were made and what they keep.

    Raises:
        ExplanationError: there is none of that name.
    """
    found: VAE = load_vae(_path(name, "safetensors"))
    return found


def vae_recipe(name: str = "photographs") -> dict[str, Any]:
    """Return how an autoencoder was trained and what was measured of it then."""
    recipe: dict[str, Any] = json.loads(_path(name, "json").read_text(encoding="utf-8"))
    return recipe


def _path(name: str, ending: str) -> Path:
    if name not in _NAMES:
        raise ExplanationError(
            f'there is no autoencoder {name!r}; expected "photographs" or "fashion".'
            f"{nearest(name, _NAMES)}"
        )
    return _FOLDER / f"vae_{name}.{ending}"
