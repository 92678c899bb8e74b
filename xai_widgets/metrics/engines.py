"""One engine or several, by names, and how other processes make them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, TypeAlias

from xai_widgets.engine import Engine
from xai_widgets.engine.arguments import check_engine, is_engine
from xai_widgets.engine.recipes import EngineRecipe
from xai_widgets.errors import ExplanationError, brief, nearest

__all__ = ["Engines", "named_engines", "recipes_of"]

Engines: TypeAlias = "Mapping[str, Engine]"
_USAGE = "evaluate(engine, images, methods, measures)"


def named_engines(given: Any, *others: Any) -> Engines:
    """Engines by their names: one, several in a list, or several by names of their own. `others`
    are arguments that may have been swapped with it. Raises ExplanationError for anything else.
    """
    if isinstance(given, Mapping):
        for name, engine in given.items():
            if not isinstance(name, str) or not name:
                raise ExplanationError(f"an engine has the name {brief(name)}; expected a text")
            check_engine(engine, _USAGE)
        found = dict(given)
    elif isinstance(given, (list, tuple)):
        if any(map(is_engine, others)):
            check_engine(given, _USAGE, *others)
        for engine in given:
            check_engine(engine, _USAGE)
        names = [engine.internals.name for engine in given]
        count, seen = Counter(names), Counter[str]()
        found = {}
        for name, engine in zip(names, given, strict=True):
            seen[name] += 1
            found[name if count[name] == 1 else f"{name} {seen[name]}"] = engine
    else:
        check_engine(given, _USAGE, *others)
        found = {given.internals.name: given}
    if not found:
        raise ExplanationError(
            f"evaluate was given no engine; expected one at least, as in {_USAGE}"
        )
    return found


def recipes_of(given: Any, engines: Engines) -> dict[str, EngineRecipe]:
    """How workers make each of the engines. Raises ExplanationError where one has no recipe."""
    names = list(engines)
    if given is None:
        raise ExplanationError(
            "the workers of an executor make the engine themselves; put a function that returns it "
            'into a file, my_module.py, and give recipe="my_module:make_engine"'
            + (f", one for each of {', '.join(names)}" if len(names) > 1 else "")
        )
    if len(names) == 1 and not (isinstance(given, Mapping) and set(given) == set(names)):
        return {names[0]: EngineRecipe.of(given[0] if _one_of_a_list(given) else given)}
    if isinstance(given, (list, tuple)) and len(given) == len(names):
        return {name: EngineRecipe.of(one) for name, one in zip(names, given, strict=True)}
    if not isinstance(given, Mapping):
        raise ExplanationError(
            f"recipe is {brief(given)}, for {len(names)} engines; expected one for each: "
            f"{{{', '.join(f'{name!r}: ...' for name in names)}}}"
        )
    for name in given:
        if name not in engines:
            raise ExplanationError(
                f"recipe has {brief(name)}, which is none of the engines ({', '.join(names)})."
                + nearest(name, names)
            )
    if missing := [name for name in names if name not in given]:
        raise ExplanationError(f"recipe says nothing of {', '.join(missing)}")
    return {name: EngineRecipe.of(given[name]) for name in names}


def _one_of_a_list(given: Any) -> bool:
    return isinstance(given, (list, tuple)) and len(given) == 1
