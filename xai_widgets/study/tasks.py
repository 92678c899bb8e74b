"""What the workers of an executor, and the command line, do."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from xai_widgets.engine import Engine
from xai_widgets.engine.executors import mend_threads
from xai_widgets.engine.recipes import imported
from xai_widgets.errors import ExplanationError
from xai_widgets.study.core import StudyCore
from xai_widgets.study.recipes import Recipe, engine_of, trusted
from xai_widgets.study.running import block_steps
from xai_widgets.study.settings import folder_path
from xai_widgets.study.store import Store

__all__ = ["ComputeBlocks", "compute_task", "is_trusted", "open_with_recipe"]

_K = TypeVar("_K")
_V = TypeVar("_V")
_OPENED: dict[tuple[str, ...], StudyCore] = {}
_ENGINES: dict[str, Engine] = {}
_MOST = 4  # studies, and engines, that a worker keeps


def compute_task(folder: str, recipe: Mapping[str, Any], number: int) -> int:
    """Compute one block of the study in ``folder`` in this process, whose engine is made by the
    recipe once; return the block's number.
    """
    mend_threads()
    # By its key too: a folder may have been made anew.
    key = str(Store(folder_path(folder)).manifest["key"])
    place = (os.path.abspath(folder), key, repr(sorted(recipe.items())))
    study = _OPENED.get(place)
    if study is None:
        study = open_with_recipe(folder, Recipe.of(recipe), _ENGINES)
        _keep(_OPENED, place, study)
    for _ in block_steps(study.store, study.compute, [number]):
        pass
    return number


def _keep(kept: dict[_K, _V], key: _K, value: _V) -> None:
    kept[key] = value
    while len(kept) > _MOST:
        del kept[next(iter(kept))]


def open_with_recipe(
    folder: str | os.PathLike[str], recipe: Recipe, engines: dict[str, Engine] | None = None
) -> StudyCore:
    """A study with the engine and the pictures that a recipe makes. An engine that is in
    ``engines`` is taken from there: studies of one recipe have one, but for those whose weights are
    in their folders.
    """
    store = Store(folder_path(folder))
    plain = repr(sorted({**recipe.to_json(), "data": None}.items()))
    engine = None if engines is None or recipe.weights else engines.get(plain)
    if engine is None:
        engine = engine_of(recipe, store)
        if engines is not None and not recipe.weights:
            _keep(engines, plain, engine)
    data = recipe.data
    if data is None:
        raise ExplanationError(
            'the recipe says nothing of the pictures; give data="my_module:make_data" or a path'
        )
    made: Any = data if os.path.exists(os.path.expanduser(data)) else imported(data)()
    opened: StudyCore = StudyCore.open(folder, engine, made)
    return opened


def is_trusted(store: Store, recipe: Recipe) -> bool:
    """Whether this user gave the study its recipe."""
    return trusted(recipe, str(store.manifest["key"]), store.manifest.get("signature"))


class ComputeBlocks:
    """Computes blocks of a study wherever it is called, for Ray Data and Spark:

        blocks = ray.data.from_items([{"block": i} for i in range(study.store.blocks)])
        compute = ComputeBlocks(study.store.folder, study.recipe)
        blocks.map_batches(compute.batch, batch_size=1).materialize()

        spark.sparkContext.parallelize(range(study.store.blocks)).map(compute).collect()

    It pickles as two texts: each process makes its engine once, by the recipe.
    """

    def __init__(self, folder: str | os.PathLike[str], recipe: Any) -> None:
        self.folder = str(folder_path(folder).resolve())
        self.recipe = Recipe.of(recipe).to_json()

    def __call__(self, block: int) -> int:
        """Compute one block, and return its number."""
        return compute_task(self.folder, self.recipe, int(block))

    def batch(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """The same for the blocks of a batch of columns."""
        return {"block": np.array([self(block) for block in batch["block"]], dtype=np.int64)}
