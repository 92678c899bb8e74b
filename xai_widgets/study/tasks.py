"""What the workers of an executor, and the command line, do."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from xai_widgets.engine.executors import mend_threads
from xai_widgets.engine.recipes import imported
from xai_widgets.errors import ExplanationError
from xai_widgets.study.core import StudyCore
from xai_widgets.study.recipes import Recipe, engine_of, trusted
from xai_widgets.study.running import block_steps
from xai_widgets.study.settings import folder_path
from xai_widgets.study.store import Store

__all__ = ["ComputeBlocks", "compute_task", "is_trusted", "open_with_recipe"]

_OPENED: dict[tuple[str, str], StudyCore] = {}


def compute_task(folder: str, recipe: Mapping[str, Any], number: int) -> int:
    """Compute one block of the study in ``folder`` in this process, whose engine is made by the
    recipe once; return the block's number.
    """
    mend_threads()
    place = (os.path.abspath(folder), repr(sorted(recipe.items())))
    study = _OPENED.get(place)
    if study is None:
        study = _OPENED[place] = open_with_recipe(folder, Recipe.of(recipe))
    for _ in block_steps(study.store, study.compute, [number]):
        pass
    return number


def open_with_recipe(folder: str | os.PathLike[str], recipe: Recipe) -> StudyCore:
    """A study with the engine and the pictures that a recipe makes."""
    store = Store(folder_path(folder))
    engine = engine_of(recipe, store)
    data = recipe.data
    if data is None:
        raise ExplanationError(
            'the recipe says nothing of the pictures; give data="my_module:make_data" or a folder'
        )
    made: Any = data if os.path.isdir(os.path.expanduser(data)) else imported(data)()
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
