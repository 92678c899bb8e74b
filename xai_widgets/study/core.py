"""Study: what a network says about a whole data set, kept in a folder."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.engine import Engine
from xai_widgets.engine.arguments import check_engine, layer_name
from xai_widgets.errors import ExplanationError, brief, check_choice, nearest, strict_keywords
from xai_widgets.methods import find
from xai_widgets.study.blocks import Computed, compute_block
from xai_widgets.study.fingerprints import (
    difference,
    key_of,
    network_digest,
    preprocessing_probe,
)
from xai_widgets.study.labels import Classes, check_classes
from xai_widgets.study.observing import Observer, TargetRule
from xai_widgets.study.recipes import Recipe, engine_of, imported, signed, store_weights, trusted
from xai_widgets.study.rows import Rows
from xai_widgets.study.running import (
    Run,
    block_order,
    block_steps,
    check_executor,
    executor_steps,
)
from xai_widgets.study.sources import Source, source_of
from xai_widgets.study.store import BLOCK, Store

__all__ = ["StudyCore", "compute_task", "open_with_recipe"]

_USAGE = 'Study(engine, data, folder="photos.study")'
_TRIED = 5  # pictures, until one can be read


class StudyCore:
    """What a study has before anything is read off it: engine, pictures, folder, and the run."""

    engine: Engine | None
    source: Source | None

    @strict_keywords
    def __init__(
        self,
        engine: Engine,
        data: Any,
        *,
        folder: str | os.PathLike[str],
        method: str = "grad_cam",
        target: str | int = "prediction",
        layer: Any = None,
        block: int = BLOCK,
        classes: Mapping[Any, Any] | None = None,
        recipe: Any = None,
        **parameters: Any,
    ) -> None:
        check_engine(engine, _USAGE, data)
        self.engine, self.source = engine, source_of(data)
        self.store = Store(_folder(folder))
        layer = layer_name(engine.internals.network.model, layer)
        size = _block_size(block)
        count, names = _classes_of(engine, self.source)
        given = check_classes(classes)
        self.classes = Classes.of(self.source.labels, self.source.label_names, names, count, given)
        rule = _target_rule(target, names, count)
        self._observer = Observer(engine, method, rule, layer, parameters)
        labels = self.classes.indices(self.source.labels, len(self.source))
        settings = self._settings(method, parameters, rule, layer, size, names)
        known = None if recipe is None else Recipe.of(recipe)
        if self.store.exists:
            self._check_same(settings)
        else:
            self._create(settings, labels, count, names, given)
        if known is not None:
            self._keep_recipe(known)
        self._begin()

    @classmethod
    def open(
        cls,
        folder: str | os.PathLike[str],
        engine: Engine | None = None,
        data: Any = None,
    ) -> Any:
        """The study in a folder. Without ``engine`` and ``data`` what has been computed can be
        read; with them the study can go on, and experiments can be made. Nothing in the folder is
        executed, and no picture that it names is opened.

        Raises ExplanationError for a folder that is no study, or is one of another network.
        """
        self = cls.__new__(cls)
        self.engine = self.source = None
        self.store = Store(_folder(folder))
        manifest = self.store.manifest
        names = manifest["class_names"]
        self.classes = Classes(
            None if names is None else tuple(names), int(manifest["classes"]), {}
        )
        self._begin()
        if engine is not None or data is not None:
            self._bind(engine, data)
        return self

    def _bind(self, engine: Engine | None, data: Any) -> None:
        if engine is None or data is None:
            what = "data but no engine" if engine is None else "an engine but no data"
            raise ExplanationError(
                f"Study.open was given {what}; expected both, Study.open(folder, engine, data), or "
                "neither, to read what has been computed"
            )
        check_engine(engine, "Study.open(folder, engine, data)", data)
        manifest = self.store.manifest
        self.engine, self.source = engine, source_of(data)
        names = engine.class_names
        count, names = _classes_of(engine, self.source)
        pairs = manifest.get("given")
        given = None if pairs is None else {pair[0]: pair[1] for pair in pairs}
        self.classes = Classes.of(self.source.labels, self.source.label_names, names, count, given)
        method, parameters = str(manifest["method"]), dict(manifest.get("parameters", {}))
        rule, layer = manifest["target"], manifest.get("layer")
        self._observer = Observer(engine, method, rule, layer, parameters)
        self._check_same(
            self._settings(method, parameters, rule, layer, int(manifest["block"]), names)
        )

    def _begin(self) -> None:
        self.rows = Rows(self.store)
        self._run: Run | None = None
        self._lock = threading.RLock()
        self._kept: dict[Any, Any] = {}

    def _settings(
        self,
        method: str,
        parameters: Mapping[str, Any],
        rule: TargetRule,
        layer: str | None,
        block: int,
        names: Sequence[str] | None,
    ) -> dict[str, Any]:
        """All that must be the same for a study to go on."""
        assert self.engine is not None
        assert self.source is not None
        card = find(method, self.engine.methods)
        resolved = {name: _plain(value) for name, value in card.resolve(dict(parameters)).items()}
        readout = self.engine.internals.readout
        return {
            "network": network_digest(self.engine),
            "preprocessing": preprocessing_probe(self.engine),
            "output": {name: _plain(value) for name, value in readout.options().items()},
            "class_names": None if names is None else list(names),
            "method": method,
            "parameters": resolved,
            "target": rule,
            "layer": layer,
            "data": self.source.digest,
            "block": block,
        }

    def _check_same(self, settings: Mapping[str, Any]) -> None:
        stored = self.store.manifest["fingerprint"]
        if not isinstance(stored, Mapping):
            raise ExplanationError(f'"{self.store.folder}" holds no fingerprint')
        other = difference(stored, settings)
        if other:
            raise ExplanationError(
                f'the study in "{self.store.folder}" is of {other}. Give folder= a new name for a '
                f'new study, or read the old one with xw.Study.open("{self.store.folder}")'
            )

    def _create(
        self,
        settings: Mapping[str, Any],
        labels: npt.NDArray[np.int32],
        count: int,
        names: Sequence[str] | None,
        given: Mapping[Any, Any] | None,
    ) -> None:
        assert self.engine is not None
        assert self.source is not None
        source = self.source
        columns: dict[str, Any] = {"key": list(source.keys)}
        columns["label"] = labels
        said = [*self.classes.warnings, *source.warnings]
        for name, column in source.columns.items():
            own = name
            if name in _RESERVED:
                own = f"{name} (data)"
                said.append(f"The column {name!r} of the data is called {own!r} in the study.")
            columns[own] = column
        exact = {name: v for name, v in settings.items() if name != "preprocessing"}
        self.store.create(
            {
                "name": self.engine.name,
                "count": source.count,
                "block": settings["block"],
                "classes": count,
                "class_names": None if names is None else list(names),
                "method": settings["method"],
                "parameters": settings["parameters"],
                "target": settings["target"],
                "layer": settings["layer"],
                "data": source.kind,
                "given": None if given is None else [[k, v] for k, v in given.items()],
                "warnings": said,
                "fingerprint": dict(settings),
                "key": key_of(exact),
            },
            columns,
        )
        for sentence in said:
            warnings.warn(sentence, UserWarning, stacklevel=5)

    def _keep_recipe(self, recipe: Recipe) -> None:
        assert self.engine is not None
        if recipe.data is None and self.source is not None and self.source.folder is not None:
            data = str(self.source.folder.resolve())
            recipe = Recipe(recipe.factory, recipe.settings, data, recipe.weights)
        if recipe.weights:
            store_weights(self.engine, self.store)
        key = str(self.store.manifest["key"])
        self.store.amend(recipe=recipe.to_json(), signature=signed(recipe, key))

    @property
    def recipe(self) -> Recipe | None:
        """How other processes make the engine; None where that was not said."""
        stored = self.store.manifest.get("recipe")
        return Recipe.of(stored) if isinstance(stored, Mapping) else None

    @property
    def class_names(self) -> list[str]:
        """The names of the classes, or "class 0" and so on."""
        return [self.classes.name(i) for i in range(self.classes.count)]

    def observer_of(self, engine: Engine) -> Observer:
        """The study's method and settings bound to an engine."""
        manifest = self.store.manifest
        layer, parameters = manifest.get("layer"), dict(manifest.get("parameters", {}))
        return Observer(engine, str(manifest["method"]), manifest["target"], layer, parameters)

    def caption(self, row: int) -> str:
        """A row in a few words: its number, its prediction, and its label where that differs."""
        prediction, label = (int(self.rows[n][row]) for n in ("prediction", "label"))
        words = f"{row}: {self.classes.name(prediction)}"
        if label >= 0 and label != prediction:
            words += f", labelled {self.classes.name(label)}"
        return words

    @property
    def warnings(self) -> tuple[str, ...]:
        """What has to be known before numbers of this study are believed, in sentences."""
        said = [str(s) for s in self.store.manifest.get("warnings", ())]
        failed = int((self.rows["error"] != "").sum())
        if failed:
            first = next(e for e in self.rows["error"] if e)
            said.append(
                f"{failed:,} of {self.store.count:,} pictures could not be used, the first because "
                f'{first} (study.rows["error"] has all reasons)'
            )
        for sentence, count in self.rows.warned.items():
            said.append(f"{sentence} ({count:,} pictures)")
        return tuple(said)

    # The run.

    @strict_keywords
    def run(
        self,
        executor: Any = None,
        *,
        wait: bool = False,
        progress: bool = True,
        timeout: float = 600.0,
    ) -> Run:
        """Compute what is missing, in the background; it goes on where it was cut off.

        executor: anything with `submit`, whose workers make the engine by the study's recipe; left
        out, this process computes, and live widgets go first. wait: until it is done. timeout:
        seconds after which the lease of a runner that shows no sign of life is taken over.

        Returns a `Run` with fraction, stop() and wait(). Raises ExplanationError where the network
        is not the study's any more, and for an executor whose workers cannot make the engine.
        """
        self._need_engine("run")
        if self._run is not None and self._run.state == "running":
            if wait:
                self._run.wait()
            return self._run
        assert self.engine is not None
        if network_digest(self.engine) != self.store.manifest["fingerprint"]["network"]:
            raise ExplanationError(
                "the network has other weights now than when the study was made; set them back, "
                "or give the changed network a study of its own, with another folder="
            )
        order = block_order(self.store.blocks)
        if executor is None:
            self._run = Run(
                lambda stopped: self._steps(order, timeout),
                engine=self.engine,
                progress=progress,
                on_step=lambda _: None,
            )
        else:
            task, arguments = self._task(executor)
            self._run = Run(
                partial(executor_steps, self.store, executor, task, arguments, order),
                engine=None,
                progress=progress,
            )
        if wait:
            self._run.wait()
            self.refresh()
        return self._run

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the run is over; return whether it is. Raises what it failed of."""
        over = True if self._run is None else self._run.wait(timeout)
        self.refresh()
        return over

    def refresh(self) -> int:
        """Read the blocks that have been finished since, here or by others; return how many rows
        have been computed.
        """
        before = self.rows.finished
        self.rows.refresh()
        if self.rows.finished != before:
            with self._lock:
                self._kept.clear()
        return int(self.rows["done"].sum())

    def compute(self, rows: range) -> Iterator[Computed]:
        """Compute some rows in this process, in steps."""
        self._need_engine("compute")
        assert self.engine is not None
        assert self.source is not None
        labels = self.rows["label"].astype(np.int32)
        if self.source.labels is not None:
            labels = self.classes.indices(self.source.labels, len(self.source))
        return compute_block(self.engine, self._observer, self.source, self.classes, labels, rows)

    def _steps(self, order: Sequence[int], timeout: float) -> Iterator[Any]:
        assert self.engine is not None
        network = self.engine.internals.network
        digest = self.store.manifest["fingerprint"]["network"]
        state = [network.state()]

        def unchanged() -> bool:
            now = network.state()
            if now == state[0]:
                return True
            # What a network keeps of its own runs is no change of its weights.
            assert self.engine is not None
            state[0] = now
            return network_digest(self.engine) == digest

        yield from block_steps(
            self.store, self.compute, order, timeout=timeout, unchanged=unchanged
        )

    def _task(self, executor: Any) -> tuple[Any, tuple[Any, ...]]:
        """The function that an executor's workers call, and its arguments but for the block."""
        check_executor(executor)
        from concurrent.futures import ThreadPoolExecutor

        if isinstance(executor, ThreadPoolExecutor):
            return self._compute_here, ()
        recipe = self.recipe
        if recipe is None:
            raise ExplanationError(
                "the workers of an executor make the engine themselves, so the study needs a "
                "recipe: put a function that returns the engine into a file, my_module.py, and "
                'give Study(..., recipe="my_module:make_engine"). A network whose weights are in '
                "no file: recipe=dict(factory=..., weights=True) stores them in the study's folder"
            )
        if recipe.data is None:
            assert self.source is not None
            raise ExplanationError(
                f"the workers of an executor open the pictures themselves, and {self.source.kind} "
                'is only in this process; give recipe=dict(factory=..., data="my_module:make_data")'
                ", whose function returns the same pictures, or the path of a folder"
            )
        return compute_task, (str(self.store.folder.resolve()), recipe.to_json())

    def _compute_here(self, number: int) -> int:
        for _ in block_steps(self.store, self.compute, [number]):
            pass
        return number

    def _need_engine(self, what: str) -> None:
        if self.engine is None or self.source is None:
            raise ExplanationError(
                f"{what} needs the network and the pictures: open the study with "
                f'xw.Study.open("{self.store.folder}", engine, data)'
            )


_RESERVED = frozenset(
    {
        *("key", "label", "prediction", "target", "probability", "loss", "score", "correct"),
        *("done", "error", "digest", "brightness", "contrast", "saturation", "sharpness"),
        *("width", "height", "aspect", "verdict"),
    }
)


def _plain(value: Any) -> Any:
    """A setting as JSON holds it, so that it reads back the same."""
    if isinstance(value, (bool, int, float, str)) or value is None:
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if callable(value):
        return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', '')}"
    return brief(value)


def _folder(folder: Any) -> Path:
    if not isinstance(folder, (str, os.PathLike)):
        raise ExplanationError(f'folder is {brief(folder)}; expected a path, "photos.study"')
    return Path(folder).expanduser()


def _block_size(block: Any) -> int:
    if isinstance(block, bool) or not isinstance(block, int) or not 1 <= block <= 2**16:
        raise ExplanationError(f"block is {brief(block)}; expected a number of rows, 1 to 65536")
    return block


def _target_rule(target: Any, names: Sequence[str] | None, count: int) -> TargetRule:
    """ "prediction", "label", or a class."""
    if target in ("prediction", "label") and isinstance(target, str):
        return str(target)
    if isinstance(target, str) and names is not None and target in names:
        return list(names).index(target)
    if isinstance(target, str):
        if names is None or nearest(target, ("prediction", "label")):
            check_choice("target", target, ("prediction", "label"))
        raise ExplanationError(
            f"target is {target!r}; expected 'prediction', 'label', or one of the network's "
            f"classes.{nearest(target, names or ())}"
        )
    try:
        index = int(np.asarray(target).item()) if not isinstance(target, bool) else -1
    except (TypeError, ValueError):
        index = -1
    if not 0 <= index < count:
        raise ExplanationError(
            f"target is {brief(target)}; expected 'prediction', 'label', or a class, 0 to "
            f"{count - 1}"
        )
    return index


def _classes_of(engine: Engine, source: Source) -> tuple[int, list[str] | None]:
    """How many classes the network has, found with the first picture that can be read, and their
    names.
    """
    problem: Exception | None = None
    for row in range(min(_TRIED, source.count)):
        try:
            image, _ = source.read(row)
            prediction = engine.predict(image)
        except Exception as error:  # a user's data set may raise anything
            problem = problem or error
            continue
        if prediction.unit != "probability":
            raise ExplanationError(
                'the network gives numbers, not classes (activation="identity"); a study is of '
                "classifiers"
            )
        names = engine.class_names
        if len(prediction) > 1:
            return len(prediction), names
        if names is not None and len(names) == 2:
            return 2, names
        return 2, None if names is None else [f"not {names[0]}", names[0]]
    raise ExplanationError(
        f"none of the first {min(_TRIED, source.count)} pictures of {source.kind} can be used: "
        f"{problem}"
    ) from problem


# What the workers of an executor, and the command line, do.

_OPENED: dict[tuple[str, str], StudyCore] = {}
_IMPORTED_BY = os.getpid()


def compute_task(folder: str, recipe: Mapping[str, Any], number: int) -> int:
    """Compute one block of the study in ``folder`` in this process, whose engine is made by the
    recipe once; return the block's number.
    """
    if os.getpid() != _IMPORTED_BY:
        import torch

        torch.set_num_threads(1)  # the threads of the process that this was forked from are gone
    place = (os.path.abspath(folder), repr(sorted(recipe.items())))
    study = _OPENED.get(place)
    if study is None:
        study = _OPENED[place] = open_with_recipe(folder, Recipe.of(recipe))
    for _ in block_steps(study.store, study.compute, [number]):
        pass
    return number


def open_with_recipe(folder: str | os.PathLike[str], recipe: Recipe) -> StudyCore:
    """A study with the engine and the pictures that a recipe makes."""
    store = Store(_folder(folder))
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
