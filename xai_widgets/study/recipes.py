"""How another process makes the engine of a study: an import path and settings, never a pickle."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import save

from xai_widgets.engine import Engine
from xai_widgets.engine.recipes import EngineRecipe, made_engine
from xai_widgets.errors import ExplanationError
from xai_widgets.files import check_regular, read_safetensors
from xai_widgets.study.store import WEIGHTS, Store

__all__ = ["Recipe", "engine_of", "signed", "store_weights", "trusted"]


@dataclass(frozen=True)
class Recipe(EngineRecipe):
    """``factory`` is the import path of a function that returns the engine, such as
    ``"my_module:make_engine"``, called with ``settings``. ``data`` is the same for the pictures
    (called with no arguments), or the path of a folder or of Parquet files; left out, the study's
    own. ``weights``: whether the network's weights are stored in the study's folder and loaded
    into what the factory returns.
    """

    data: str | None = None
    weights: bool = False


def engine_of(recipe: Recipe, store: Store) -> Engine:
    """The engine that a recipe makes, with the study's weights where it has them. Raises
    ExplanationError where it makes something else.
    """
    engine = made_engine(recipe)
    if recipe.weights:
        path = store.folder / WEIGHTS
        check_regular(path, "study's file", "the network's weights, as a safetensors file")
        weights, _ = read_safetensors(path)
        try:
            engine.model.load_state_dict(weights)
        except RuntimeError as error:
            raise ExplanationError(
                f"the study's weights do not fit what {recipe.factory} returned: {error}"
            ) from error
    return engine


def store_weights(engine: Engine, store: Store) -> None:
    """Write the network's weights into the study's folder."""
    tensors = {
        name: tensor.detach().cpu().contiguous().clone()  # a copy shares no memory
        for name, tensor in engine.model.state_dict().items()
    }
    store.write(WEIGHTS, save(tensors))


# A study from somebody else names a factory that one has never seen. What this user's own studies
# name is signed with a secret that only this user has.


def signed(recipe: Recipe, key: str) -> str:
    """The signature of a recipe in the study of that key."""
    text = json.dumps([key, recipe.to_json()], sort_keys=True)
    return hmac.new(_secret(), text.encode(), hashlib.sha256).hexdigest()


def trusted(recipe: Recipe, key: str, signature: object) -> bool:
    """Whether this user made the recipe."""
    return isinstance(signature, str) and hmac.compare_digest(signed(recipe, key), signature)


def _secret() -> bytes:
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    file = Path(home, "xai_widgets", "study_secret")
    for _ in range(2):
        try:
            secret = file.read_bytes()
            if len(secret) >= 32:
                return secret
        except OSError:
            pass
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "wb") as out:
                out.write(secrets.token_bytes(32))
        except OSError:
            continue
    return _FOR_THIS_PROCESS


_FOR_THIS_PROCESS = secrets.token_bytes(32)  # where nothing can be kept: nothing is trusted later
