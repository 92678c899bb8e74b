"""How another process makes the engine of a study: an import path and settings, never a pickle."""

from __future__ import annotations

import hashlib
import hmac
import importlib
import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save

from xai_widgets.engine import Engine
from xai_widgets.engine.arguments import is_engine
from xai_widgets.errors import ExplanationError, a_kind, brief, nearest
from xai_widgets.study.store import WEIGHTS, Store

__all__ = ["Recipe", "engine_of", "import_path", "signed", "store_weights", "trusted"]


@dataclass(frozen=True)
class Recipe:
    """``factory`` is the import path of a function that returns the engine, such as
    ``"my_module:make_engine"``, called with ``settings``. ``data`` is the same for the pictures
    (called with no arguments), or the path of a folder; left out, the study's own folder of
    pictures. ``weights``: whether the network's weights are stored in the study's folder and loaded
    into what the factory returns.
    """

    factory: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    data: str | None = None
    weights: bool = False

    @classmethod
    def of(cls, given: Any) -> Recipe:
        """A recipe of an import path, a mapping, or a recipe. Raises ExplanationError for others,
        and for what other processes could not import.
        """
        if isinstance(given, Recipe):
            recipe = given
        elif isinstance(given, str):
            recipe = cls(given)
        elif isinstance(given, Mapping):
            try:
                recipe = cls(**given)
            except TypeError as error:
                raise ExplanationError(f"recipe is {brief(dict(given))}: {error}") from error
        elif callable(given):
            recipe = cls(import_path(given))
        else:
            raise ExplanationError(
                f'recipe is {brief(given)}; expected an import path, "my_module:make_engine"'
            )
        try:
            json.dumps(recipe.to_json())
        except (TypeError, ValueError) as error:
            raise ExplanationError(
                f"the recipe's settings are {brief(dict(recipe.settings))}; expected numbers, "
                f"texts, lists and mappings of these ({error})"
            ) from error
        return recipe

    def to_json(self) -> dict[str, Any]:
        """The recipe as JSON holds it."""
        return {
            "factory": self.factory,
            "settings": dict(self.settings),
            "data": self.data,
            "weights": self.weights,
        }


def import_path(function: Any) -> str:
    """The import path of a function. Raises ExplanationError where another process cannot import
    it.
    """
    module, name = getattr(function, "__module__", ""), getattr(function, "__qualname__", "")
    if not module or module == "__main__" or "<" in name or not name:
        raise ExplanationError(
            f"{a_kind(function)} is defined in this notebook or script, which no other process can "
            "import; put it into a file, my_module.py, and give "
            'recipe="my_module:make_engine"'
        )
    return f"{module}:{name}"


def imported(path: str) -> Any:
    """The function that an import path names. Raises ExplanationError where there is none."""
    module_name, _, name = path.partition(":")
    if not name:
        module_name, _, name = path.rpartition(".")
    if not module_name or not name:
        raise ExplanationError(f'the import path is {path!r}; expected "my_module:make_engine"')
    if os.getcwd() not in sys.path and "" not in sys.path:
        sys.path.append(os.getcwd())
    try:
        found: Any = importlib.import_module(module_name)
    except ImportError as error:
        raise ExplanationError(
            f"{path!r} cannot be imported ({error}); the module must be installed, or lie in the "
            f'folder that the command is run in ("{os.getcwd()}")'
        ) from error
    for part in name.split("."):
        if not hasattr(found, part):
            raise ExplanationError(f"{module_name} has no {part!r}.{nearest(part, dir(found))}")
        found = getattr(found, part)
    return found


def engine_of(recipe: Recipe, store: Store) -> Engine:
    """The engine that a recipe makes, with the study's weights where it has them. Raises
    ExplanationError where it makes something else.
    """
    made = imported(recipe.factory)(**recipe.settings)
    if not is_engine(made):
        raise ExplanationError(f"{recipe.factory} returned {brief(made)}; expected an xw.Engine")
    engine: Engine = made
    if recipe.weights:
        try:
            weights = load_file(store.folder / WEIGHTS)
        except (OSError, SafetensorError) as error:
            raise ExplanationError(f'"{store.folder / WEIGHTS}" cannot be read: {error}') from error
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
