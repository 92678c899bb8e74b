"""How another process makes an engine: an import path and settings, never a pickle."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from typing_extensions import Self

from xai_widgets.engine.arguments import is_engine
from xai_widgets.engine.engine import Engine
from xai_widgets.errors import ExplanationError, a_kind, brief, nearest

__all__ = ["EngineRecipe", "import_path", "imported", "made_engine"]


@dataclass(frozen=True)
class EngineRecipe:
    """``factory`` is the import path of a function that returns the engine, such as
    ``"my_module:make_engine"``, called with ``settings``.
    """

    factory: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Any) -> Self:
        """A recipe of an import path, a mapping, a function, or a recipe. Raises ExplanationError
        for others, and for what other processes could not import.
        """
        if isinstance(given, cls):
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
        return {**asdict(self), "settings": dict(self.settings)}


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


def made_engine(recipe: EngineRecipe) -> Engine:
    """The engine that a recipe makes. Raises ExplanationError where it makes something else."""
    made = imported(recipe.factory)(**recipe.settings)
    if not is_engine(made):
        raise ExplanationError(f"{recipe.factory} returned {brief(made)}; expected an xw.Engine")
    engine: Engine = made
    return engine
